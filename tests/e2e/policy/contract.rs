//! What the contract promises a policy inside a real httpd: tables by prefix, hashes, and the text of a
//! panic.

use rjk_testbed::client::Request;
use rjk_testbed::{Context, Plan, Result, Subject, ensure};

fn with(fixture: &str) -> Result<Plan> {
    Plan::new(Subject::Rjk, &["m1", "m2"]).policy(fixture, "", "")
}

/// Each policy, and what the log says of its panic.
#[test]
fn a_panic_says_what_and_where() -> Result {
    for (name, says) in [
        ("panic", ["panic.rs:7:", "no rule for /x"]),
        (
            "panic-index",
            ["panic-index.rs:8:", "the len is 2 but the index is 5"],
        ),
    ] {
        let mut site = with(name)?.start()?;
        for _ in 0..3 {
            let (_, why) = site.who_and_why(&[])?;
            assert_eq!(why, "fault trap", "{name}");
        }
        let log = site.httpd.jk_log();
        let line = log.lines().find(|line| line.contains("panicked at"));
        let line = line.with_context(|| log.clone())?;
        ensure!(says.iter().all(|part| line.contains(part)), "{line}");
        site.httpd.expect_log("panicked at");
    }
    Ok(())
}

#[test]
fn the_longest_prefix_of_a_table_decides() -> Result {
    let mut site = with("prefix-hash")?.start()?;
    for (path, expected) in [
        ("/reports", "m1"),
        ("/reports/may", "m1"),
        ("/reports/daily", "m2"),
        ("/reports/daily/7?x=1", "m2"),
        // By the hash of the path: XXH64 with seed 0, modulo 2.
        ("/a/b", "m1"),
        ("/shop", "m2"),
        ("/index.html?q", "m2"),
        ("/y", "m1"),
    ] {
        for _ in 0..2 {
            assert_eq!(site.who(&Request::get(path))?, expected, "{path}");
            assert_eq!(site.notes()?.decided_by, "policy prefix-hash", "{path}");
        }
    }
    Ok(())
}

/// A key belongs where it belonged before the restart, and where another host puts it.
#[test]
fn hashes_are_the_same_everywhere() -> Result {
    let mut site = with("prefix-hash")?.start()?;
    let request = Request::get("/y").header("X-Hash", "tenant-7");
    site.who(&request)?;
    site.graceful()?;
    site.who(&request)?;
    let log = site.httpd.jk_log();
    let hashes: Vec<&str> = log
        .lines()
        .filter_map(|line| Some(line.split_once("hash=")?.1))
        .collect();
    // XXH64 of "tenant-7" with seed 7.
    assert_eq!(hashes, ["4682172623832028575"; 2], "{log}");
    Ok(())
}
