//! What the contract promises a policy inside a real httpd: notes, the store of all children, tables by
//! prefix, hashes, and the text of a panic.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Context, Farm, Plan, Result, Subject, bail, ensure, wait};
use std::thread;

const CHILDREN: u32 = 4;
const CLIENTS: usize = 16;
const REQUESTS: usize = 150;

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

/// The values of the line that `X-Tell` asks for.
fn cells(site: &mut Farm) -> Result<String> {
    let request = Request::get("/tell").header("X-Tell", "1");
    ensure!(site.send(&request)?.status == 200);
    let log = site.httpd.jk_log();
    let line = log.lines().rfind(|line| line.contains("added="));
    let (_, values) = line
        .and_then(|line| line.split_once("added="))
        .context(log.clone())?;
    Ok(format!("added={values}"))
}

/// Requests of many clients at a time through all children: nothing is lost, nothing counts twice.
fn storm(port: u16) -> Result {
    let client = || -> Result {
        for _ in 0..REQUESTS / 10 {
            let mut client = Client::connect(port)?;
            for _ in 0..10 {
                let response = client.send(&Request::get("/storm"))?;
                ensure!(response.status == 200, "{response:?}");
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        for client in clients {
            let Ok(done) = client.join() else {
                bail!("a client panicked");
            };
            done?;
        }
        Ok(())
    })
}

#[test]
fn the_store_is_that_of_all_children_and_outlives_a_restart() -> Result {
    let mut site = with("shared-store")?
        .httpd(|builder| {
            builder
                .mpm(Mpm::Event)
                .start_servers(CHILDREN)
                .server_limit(CHILDREN)
                .threads_per_child(32)
        })
        .start()?;
    let clients = site.one_per_child(CHILDREN as usize)?;
    let before = u64::try_from(site.counts().iter().sum::<usize>())?;
    drop(clients);
    storm(site.httpd.port())?;
    let all = before + u64::try_from(CLIENTS * REQUESTS)?;
    let expected = format!("added={all} exchanged={all} members=[0, 0]");
    let mut last = String::new();
    wait::until("the last outcome", wait::SOON, || {
        last = cells(&mut site).unwrap_or_else(|error| format!("{error:?}"));
        last == expected
    })
    .map_err(|error| error.context(format!("{last}, not {expected}")))?;
    site.graceful()?;
    assert_eq!(cells(&mut site)?, expected, "after a restart");
    site.httpd.assert_clean();
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

/// The token of a decision comes back with the attempt that followed, and with no other.
#[test]
fn a_token_comes_back_with_its_own_attempt() -> Result {
    let mut site = with("notes")?.start()?;
    site.stop("m1")?;
    for _ in 0..4 {
        assert_eq!(site.send(&Request::get("/x"))?.status, 200);
    }
    let mut counters = Default::default();
    wait::until("the last outcome", wait::SOON, || {
        counters = site
            .page()
            .map(|page| page.own_counters())
            .unwrap_or_default();
        counters.get("0").is_some_and(|count| *count > 4)
    })
    .map_err(|error| error.context(format!("{counters:?}")))?;
    assert!(
        !counters.contains_key("1"),
        "tokens were lost: {counters:?}"
    );
    let (outcomes, attempts) = (counters["0"], counters["2"]);
    assert_eq!(
        attempts - 4,
        (outcomes - 4) * 2,
        "second attempts are number 2"
    );
    Ok(())
}

#[test]
fn a_rejection_may_say_when_to_come_again() -> Result {
    let mut site = with("notes")?.start()?;
    let ask = |seconds| Request::get("/x").header("X-Reject", seconds);
    let response = site.send(&ask("30"))?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (503, Some("30"))
    );
    let response = site.send(&ask("no number"))?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (503, None)
    );
    let response = site.send(&Request::get("/x"))?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (200, None)
    );
    Ok(())
}

/// The label is in the line of debug that says who decided.
#[test]
fn a_label_is_in_the_log() -> Result {
    let mut site = with("notes")?
        .httpd(|builder| builder.log_level("debug"))
        .start()?;
    let label = Request::get("/x").header("X-Label", "blue tenants");
    assert_eq!(site.send(&label)?.status, 200);
    let log = site.httpd.jk_log();
    let line = log.lines().find(|line| line.contains("blue tenants"));
    ensure!(line.is_some_and(|line| line.contains("[debug]")), "{log}");
    Ok(())
}
