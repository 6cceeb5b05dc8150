//! The shared memory: its file, and what a restart makes of it (§7).

use rjk_testbed::{Httpd, Plan, Result, Subject, both};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

both! {
    h01_h02_h11_the_file d14_the_last_name_counts h10_a_restart_begins_anew
    d15_h04_a_size_that_is_too_small
}

/// The files in a folder whose name starts with `prefix`, lock files not counted (H-03).
fn files(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(prefix) && !name.ends_with(".lock") {
            found.push(path);
        }
    }
    Ok(found)
}

/// H-01, H-02, H-11, H-12: one file, named after the parent, for its owner only whatever the umask;
/// gone when the server is.
fn h01_h02_h11_the_file(subject: Subject) -> Result {
    for umask in [0o000, 0o022, 0o777] {
        let mut farm = Plan::new(subject, &["m1"])
            .httpd(|builder| builder.umask(umask))
            .start()?;
        let run = farm.httpd.root().join("run");
        let expected = run.join(format!("jk.shm.{}", farm.httpd.pid()));
        assert_eq!(files(&run, "jk.shm")?, *std::slice::from_ref(&expected));
        let about = fs::symlink_metadata(&expected)?;
        assert!(about.is_file());
        if subject == Subject::Rjk {
            assert_eq!(about.mode() & 0o7777, 0o600, "umask {umask:o}");
        } else if umask != 0o777 {
            assert_eq!(about.mode() & 0o077, 0, "umask {umask:o}");
        }
        assert_eq!(about.uid(), fs::metadata(&run)?.uid());
        assert_eq!(farm.get("/x")?, "m1");
        farm.httpd.assert_clean();
        farm.httpd.stop()?;
        assert!(files(&run, "jk.shm")?.is_empty(), "left behind");
    }
    Ok(())
}

/// H-10: the same name, another file, all counters and states new; children of before keep theirs.
fn h10_a_restart_begins_anew(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"]).start()?;
    let run = farm.httpd.root().join("run");
    // Kept open, so that its inode is not given to another file.
    let before = fs::File::open(&files(&run, "jk.shm")?[0])?;
    farm.stop("m1")?;
    assert_eq!(farm.sequence("/x", 3)?, "222");
    assert_eq!(farm.status("m1")?.state, "ERR");
    let pid = farm.httpd.pid();
    farm.graceful()?;
    assert_eq!(farm.httpd.pid(), pid);
    let found = files(&run, "jk.shm")?;
    assert_eq!(found, [run.join(format!("jk.shm.{pid}"))]);
    assert_ne!(fs::metadata(&found[0])?.ino(), before.metadata()?.ino());
    assert_eq!(before.metadata()?.nlink(), 0, "the old file is gone");
    let status = farm.status("m1")?;
    assert_eq!((status.state.as_str(), status.errors), ("OK/IDLE", 0));
    let status = farm.status("m2")?;
    assert_eq!(
        (status.state.as_str(), status.accessed, status.value),
        ("OK/IDLE", 0, 0)
    );
    farm.httpd.assert_clean();
    Ok(())
}

/// D-14: below the server root; the last of several counts. The default lies in httpd's own log
/// folder, where a test has no business: what is said about it is shown with the start-up tests.
fn d14_the_last_name_counts(subject: Subject) -> Result {
    let farm = Plan::new(subject, &["m1"])
        .directives("JkShmFile run/other\nJkShmFile run/last")
        .start()?;
    let run = farm.httpd.root().join("run");
    let expected = run.join(format!("last.{}", farm.httpd.pid()));
    assert_eq!(files(&run, "last")?, [expected]);
    assert!(files(&run, "other")?.is_empty() && files(&run, "jk.shm")?.is_empty());
    Ok(())
}

/// D-15, H-04: 1 means the least, room for 193 records. mod_jk then does not start when there are more; here
/// the size is computed.
fn d15_h04_a_size_that_is_too_small(subject: Subject) -> Result {
    let names: Vec<String> = (0..200).map(|number| format!("w{number}")).collect();
    let site = Httpd::builder(subject)
        .workers(format!("worker.list={}\n", names.join(",")))
        .directives("JkShmSize 1");
    if subject == Subject::ModJk {
        let failed = site.start_expect_failure()?;
        assert_ne!(failed.code, Some(0), "{failed:?}");
        return Ok(());
    }
    let httpd = site.start()?;
    assert!(httpd.error_log().contains("JkShmSize is obsolete"));
    let file = httpd.path(&format!("run/jk.shm.{}", httpd.pid()));
    assert!(fs::metadata(file)?.len() > 200 * 64);
    Ok(())
}

/// H-03, H-04: no lock file stands beside it, and its place on the disk is reserved.
#[test]
fn rjk_h03_h04_no_lock_file_and_a_place_on_the_disk() -> Result {
    let farm = Plan::new(Subject::Rjk, &["m1", "m2"]).start()?;
    let run = farm.httpd.root().join("run");
    let file = run.join(format!("jk.shm.{}", farm.httpd.pid()));
    assert!(
        !run.join(format!("jk.shm.{}.lock", farm.httpd.pid()))
            .exists()
    );
    let about = fs::metadata(&file)?;
    assert!(about.len() > 0);
    assert!(about.blocks() * 512 >= about.len(), "{about:?}");
    Ok(())
}

/// H-02, H-12: a check of the configuration makes no shared memory.
#[test]
fn rjk_h12_a_config_test_makes_none() -> Result {
    let farm = Plan::new(Subject::Rjk, &["m1"]).start()?;
    let run = farm.httpd.root().join("run");
    let before = files(&run, "jk.shm")?;
    let (accepted, output) = farm.httpd.configtest()?;
    assert!(accepted, "{output}");
    assert_eq!(files(&run, "jk.shm")?, before);
    Ok(())
}

/// H-13: where the file cannot be made httpd does not start, and says why.
#[test]
fn rjk_h13_no_place_for_the_file() -> Result {
    let failed = Httpd::builder(Subject::Rjk)
        .file("run/occupied", "a file, not a folder")
        .directives("JkShmFile run/occupied/jk.shm\nJkLogFile logs/jk.log")
        .without_jk_defaults()
        .start_expect_failure()?;
    assert!(failed.text().contains("JkShmFile"), "{failed:?}");
    Ok(())
}
