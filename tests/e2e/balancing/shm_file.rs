//! The shared memory's file where somebody else was first, or where the disk has no room (H-01, H-02,
//! H-13).

use rjk_testbed::client::Request;
use rjk_testbed::gate::gated;
use rjk_testbed::{Farm, Httpd, Plan, Result, Subject, process, wait};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

fn file(farm: &Farm) -> PathBuf {
    let name = format!("run/jk.shm.{}", farm.httpd.pid());
    farm.httpd.path(&name)
}

/// What an attacker puts where the next generation's file will be, given the path of the file and of
/// one that must not be touched.
type Plant = fn(&PathBuf, &PathBuf) -> std::io::Result<()>;

/// A file, a link to another one, symbolic or not, and a link to nowhere: a restart makes a file of its
/// own, and what they lead to stays as it was.
#[test]
fn a_planted_file_or_link_is_not_followed() -> Result {
    let plants: [(&str, Plant); 4] = [
        ("a file", |path, _| fs::write(path, "planted")),
        ("a symbolic link", |path, victim| symlink(victim, path)),
        ("a hard link", |path, victim| fs::hard_link(victim, path)),
        ("a link to nowhere", |path, victim| {
            symlink(victim.with_extension("no"), path)
        }),
    ];
    let mut farm = Plan::new(Subject::Rjk, &["m1"]).start()?;
    let victim = farm.httpd.write("conf/victim", "precious")?;
    let path = file(&farm);
    for (what, plant) in plants {
        fs::remove_file(&path)?;
        plant(&path, &victim)?;
        farm.graceful()?;
        assert_eq!(farm.get("/x")?, "m1", "{what}");
        let about = fs::symlink_metadata(&path)?;
        assert!(about.is_file() && about.nlink() == 1, "{what}");
        assert_eq!(
            (about.mode() & 0o7777, about.uid()),
            (0o600, fs::metadata(&victim)?.uid())
        );
        assert_eq!(fs::read_to_string(&victim)?, "precious", "{what}");
        assert!(!victim.with_extension("no").exists(), "{what}");
    }
    farm.httpd.stop()?;
    assert!(!path.exists() && victim.exists());
    Ok(())
}

/// A folder cannot be replaced: the site goes on with memory that has no file.
#[test]
fn a_planted_folder_does_not_end_the_site() -> Result {
    let mut farm = Plan::new(Subject::Rjk, &["m1"]).start()?;
    let path = file(&farm);
    fs::remove_file(&path)?;
    fs::create_dir(&path)?;
    farm.httpd.expect_log("JkShmFile");
    farm.graceful()?;
    assert_eq!(farm.get("/x")?, "m1");
    assert_eq!(farm.status("m1")?.accessed, 1);
    assert!(farm.httpd.is_running());
    fs::remove_dir(&path)?;
    farm.graceful()?;
    assert_eq!(farm.get("/x")?, "m1");
    assert!(fs::symlink_metadata(&path)?.is_file(), "and back in a file");
    Ok(())
}

/// A start on a full disk says so; no child dies of a page that has no room.
#[test]
fn a_full_disk_is_said_at_the_start() -> Result {
    let failed = Httpd::builder(Subject::Rjk)
        .small_disk("small", 8)
        .directives("JkShmFile small/jk.shm")
        .start_expect_failure()?;
    let text = failed.text();
    assert!(
        text.contains("JkShmFile") && text.contains("No space left"),
        "{text}"
    );
    Ok(())
}

/// A disk that is full at a restart does not end the site. A request that is under way keeps the old child,
/// whose end would make room.
#[test]
fn a_disk_that_fills_up_does_not_end_the_site() -> Result {
    let (gate, script) = gated();
    let mut farm = Plan::new(Subject::Rjk, &["m1"])
        .script("m1", script)
        .httpd(|builder| builder.small_disk("small", 4096).server_limit(2))
        .directives("JkShmFile small/jk.shm")
        .start()?;
    let held = farm.pending(Request::get("/hold"));
    farm.peer("m1")?.wait_requests(1)?;
    let fill = farm.httpd.seen("small/fill");
    // As much as there is room for.
    assert!(
        fs::write(&fill, vec![1_u8; 8 << 20]).is_err(),
        "the disk is small"
    );
    farm.httpd.expect_log("JkShmFile");
    farm.graceful()?;
    assert_eq!(farm.get("/x")?, "m1");
    gate.open();
    assert_eq!(held.response()?.status, 200);
    assert!(farm.httpd.is_running());
    wait::until("the old child is gone", wait::SOON, || {
        farm.httpd.only_child().is_ok_and(process::is_alive)
    })
}
