//! A record whose files are in trouble: full disks, killed children, links, folders that are not there.

use super::record::{lines, plan, recorded};
use super::replay::Replay;
use rjk_testbed::client::{self, Request};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Farm, Plan, Result, Subject, ensure, wait};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

const FILE: &str = "conf/lb.record";

/// A balancer of this name, of which decisions are written.
fn balancer(name: &str, file: &str) -> String {
    format!("[balancer.{name}]\nrecord = {file:?}\n")
}

/// A request that makes a decision of some KiB.
fn long() -> Request {
    Request::get("/x").header("X-Tenant", &"v".repeat(4_000))
}

fn send_long(site: &mut Farm, count: usize) -> Result {
    for _ in 0..count {
        ensure!(site.send(&long())?.status == 200, "not served");
    }
    Ok(())
}

/// The numbers of the whole decisions in a file.
fn decisions(file: &Path) -> Result<Vec<u64>> {
    let text = fs::read_to_string(file)?;
    let whole = text.lines().filter_map(|line| {
        let begin = line.rfind("{\"rjk\":")?;
        let line: Value = serde_json::from_str(line.get(begin..)?).ok()?;
        (line["rjk"] == "decision").then(|| line["id"].as_u64())?
    });
    Ok(whole.collect())
}

/// What was recorded before stays there, requests are served, and it is written on when there is room.
#[test]
fn a_full_disk_costs_the_lines_that_it_has_no_room_for() -> Result {
    const MIB: usize = 1 << 20;
    let plan = plan("record_values = \"plain\"\nrecord_size = \"1MiB\"")?;
    let plan = plan.toml_of(|text| text.replace("lb.record", "../small/lb.record"));
    let mut site = plan
        .httpd(|builder| builder.small_disk("small", 2048))
        .start()?;
    let file = site.httpd.seen("small/lb.record");
    send_long(&mut site, 20)?;
    let fill = site.httpd.seen("small/fill");
    ensure!(
        fs::write(&fill, vec![1_u8; 4 * MIB]).is_err(),
        "the disk is large"
    );
    // More than both files would hold.
    send_long(&mut site, 600)?;
    fs::remove_file(&fill)?;
    send_long(&mut site, 20)?;
    wait::until("the last outcome", wait::SOON, || {
        fs::read_to_string(&file).is_ok_and(|text| text.trim_end().ends_with('}'))
    })?;

    let kept = decisions(&file)?;
    ensure!(kept.starts_with(&(0..20).collect::<Vec<_>>()), "{kept:?}");
    ensure!(kept.ends_with(&(620..640).collect::<Vec<_>>()), "{kept:?}");
    let log = site.httpd.jk_log();
    for said in ["cannot be written: ", " is written again"] {
        assert_eq!(log.matches(said).count(), 1, "{said}: {log}");
    }
    fs::copy(&file, site.httpd.path(FILE))?;
    let said = Replay::of_files(&site, &[FILE])?.json()?;
    assert_eq!(said["replayed"], kept.len(), "{said:#}");
    // The line in which the disk was full, unless it ended with the last page.
    ensure!(said["left_out_lines"].as_u64() <= Some(1), "{said:#}");
    Ok(())
}

/// Children are killed while they write.
#[test]
fn killed_children_leave_a_record_that_can_be_replayed() -> Result {
    const KILLS: usize = 6;
    let site = plan("record_values = \"plain\"")?.mpm(Mpm::Event).start()?;
    let (port, is_over) = (site.httpd.port(), AtomicBool::new(false));
    std::thread::scope(|scope| -> Result {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    // Its child may just have been killed.
                    let _ = client::send(port, long());
                }
            });
        }
        let kill = || -> Result {
            for round in 0..KILLS {
                let file = site.httpd.path(FILE);
                let before = fs::metadata(&file)?.len();
                let grows = || fs::metadata(&file).is_ok_and(|now| now.len() > before + 50_000);
                wait::until("it is written", wait::SOON, grows)?;
                let children = site.httpd.children();
                site.httpd.kill_child(children[round % children.len()])?;
            }
            Ok(())
        };
        let killed = kill();
        is_over.store(true, Relaxed);
        killed
    })?;

    let whole = decisions(&site.httpd.path(FILE))?.len();
    let said = Replay::of_files(&site, &[FILE])?.json()?;
    assert_eq!(said["replayed"], whole, "{said:#}");
    assert_eq!(said["differ"], 0, "{said:#}");
    ensure!(
        said["left_out_lines"].as_u64() <= Some(KILLS as u64),
        "{said:#}"
    );
    ensure!(whole > KILLS * 10, "{whole} decisions");
    Ok(())
}

/// What a killed child leaves, at the least convenient place: the line behind it has no beginning of its own.
#[test]
fn a_line_that_was_cut_is_left_out_and_the_next_one_is_not() -> Result {
    let mut site = plan("")?.start()?;
    site.sequence("/x", 3)?;
    let text = recorded(&site, 3)?;
    let second = lines(&text, "decision")?[2]["id"].to_string();
    let begin = text.rfind("{\"rjk\":\"decision\"").unwrap_or(0);
    ensure!(text[begin..].contains(&second), "{text}");
    let path = site.httpd.path(FILE);
    let file = fs::OpenOptions::new().write(true).open(&path)?;
    file.set_len(begin as u64 + 40)?;
    site.sequence("/x", 2)?;
    wait::until("two more outcomes", wait::SOON, || {
        let text = fs::read_to_string(&path).unwrap_or_default();
        text.matches("\"rjk\":\"outcome\"").count() == 4
    })?;
    let said = Replay::of_files(&site, &[FILE])?.json()?;
    assert_eq!(
        (&said["replayed"], &said["left_out_lines"]),
        (&4.into(), &1.into())
    );
    assert_eq!(said["differ"], 0, "{said:#}");
    Ok(())
}

/// A check says it with the line, a start is refused, and what the link leads to stays as it is.
#[test]
fn a_link_is_not_followed() -> Result {
    for name in [FILE, "conf/lb.record.1"] {
        let mut site = plan("")?
            .httpd(|site| site.file("victim", "as it was"))
            .start()?;
        assert_eq!(site.get("/x")?, "m1");
        let (file, victim) = (site.httpd.path(name), site.httpd.path("victim"));
        fs::remove_file(&file)?;
        symlink(&victim, &file)?;
        let said = format!(
            "{} is a symbolic link, which is not followed",
            file.display()
        );
        for (accepted, output) in [site.httpd.configtest()?, site.httpd.try_graceful()?] {
            ensure!(!accepted && output.contains(&said), "{output}");
            ensure!(
                output.contains("conf/rjk.toml:10: record of balancer lb: "),
                "{output}"
            );
        }
        // A signal asks no check: the site goes on without a record, and says so.
        site.httpd
            .expect_log("this restart goes on without that record");
        site.httpd.restart_by(Signal::USR1)?;
        let port = site.httpd.port();
        assert_eq!(client::send(port, Request::get("/x"))?.status, 200);
        ensure!(
            site.httpd.jk_log().contains(&said),
            "{}",
            site.httpd.jk_log()
        );
        assert_eq!(fs::read_to_string(&victim)?, "as it was");
        // And with one, as soon as there can be.
        fs::remove_file(&file)?;
        site.httpd.restart_by(Signal::USR1)?;
        assert_eq!(client::send(port, Request::get("/x"))?.status, 200);
        wait::until("it is recorded again", wait::SOON, || {
            fs::read_to_string(site.httpd.path(FILE)).is_ok_and(|text| text.contains("outcome"))
        })?;
    }
    Ok(())
}

#[test]
fn a_folder_in_its_place_is_refused() -> Result {
    let site = plan("")?.httpd(|site| site.file("conf/lb.record.1/in-it", ""));
    let (_peers, site) = site.members()?;
    let (accepted, output) = site.configtest()?;
    ensure!(!accepted, "{output}");
    let said = "lb.record.1 is no regular file; name another one";
    ensure!(
        output.contains("conf/rjk.toml:10: record of balancer lb: "),
        "{output}"
    );
    ensure!(output.contains(said), "{output}");
    Ok(())
}

/// As for the Jk log: `-t` may run before the folder comes, and warns; a start needs it.
#[test]
fn a_folder_that_is_not_there_is_told_by_the_check() -> Result {
    let plan = plan("")?.toml_of(|text| text.replace("lb.record", "later/lb.record"));
    let (_peers, site) = plan.members()?;
    let (accepted, output) = site.configtest()?;
    ensure!(accepted, "{output}");
    let said = "conf/later does not exist; make it, or name another file";
    let warned = |line: &&str| line.contains("warn]") && line.contains(said);
    let line = output.lines().find(warned);
    ensure!(
        line.is_some_and(|line| line.contains("conf/rjk.toml:10: ")),
        "{output}"
    );
    let failed = site.start_expect_failure()?.text();
    ensure!(
        failed.contains("conf/rjk.toml:10: ") && failed.contains(said),
        "{failed}"
    );
    Ok(())
}

#[test]
fn two_balancers_have_two_files() -> Result {
    let plan = |second: &str| {
        let toml = balancer("lb", "r") + &balancer("two", second);
        Plan::balancers(Subject::Rjk, &["lb", "two"]).toml(&toml)
    };
    for second in ["r", "./r", "r.1"] {
        let (_peers, site) = plan(second).members()?;
        let (accepted, output) = site.configtest()?;
        ensure!(!accepted, "{second}: {output}");
        ensure!(
            output.contains("conf/rjk.toml:4: record of balancer two is "),
            "{output}"
        );
        ensure!(output.contains("name a file for each"), "{output}");
        // Nothing was made by looking.
        ensure!(
            !site.start_expect_failure()?.text().is_empty(),
            "it started"
        );
    }
    // By a way that no text shows: the start sees which files they are.
    let (_peers, site) = plan("../conf/r").members()?;
    let failed = site.start_expect_failure()?.text();
    ensure!(
        failed.contains("conf/rjk.toml:4: record of balancer two: "),
        "{failed}"
    );
    ensure!(
        failed.contains("is that of balancer lb by another name"),
        "{failed}"
    );
    Ok(())
}
