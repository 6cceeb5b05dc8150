//! `[balancer.NAME] record`: decisions and outcomes of all children as lines in two files.

use rjk_testbed::client::{self, Request};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Farm, Plan, Result, Subject, ensure, wait};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const TENANTS: &str = "header = \"X-Tenant\"\n[policy.header-route.config.workers]\nacme = \"m2\"";
/// Clients of the load.
const CLIENTS: usize = 6;
/// Bytes of a file at the least size.
const MIB: u64 = 1 << 20;

/// A record in the folder of httpd's configuration; `settings` are more keys of the balancer.
pub(super) fn plan(settings: &str) -> Result<Plan> {
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]).policy("header-route", "", TENANTS)?;
    // Behind the table of the balancer.
    Ok(plan.toml(&format!("record = \"lb.record\"\n{settings}\n")))
}

fn text(site: &Farm) -> Result<String> {
    Ok(fs::read_to_string(site.httpd.path("conf/lb.record"))?)
}

/// The lines of a kind; an error when any line is not whole.
pub(super) fn lines(text: &str, kind: &str) -> Result<Vec<Value>> {
    let all: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|line| line["rjk"] == kind).collect())
}

/// The text once each of `count` decisions has its outcome: that is written after the answer.
pub(super) fn recorded(site: &Farm, count: usize) -> Result<String> {
    let has = |kind: &str, text: &str| lines(text, kind).is_ok_and(|lines| lines.len() == count);
    let mut last = String::new();
    let all = wait::until("decisions with outcomes", wait::SOON, || {
        last = text(site).unwrap_or_default();
        has("decision", &last) && has("outcome", &last)
    });
    ensure!(all.is_ok(), "no {count} decisions and outcomes: {last}");
    let mut ids: Vec<_> = lines(&last, "decision")?
        .iter()
        .map(|line| line["id"].as_u64())
        .collect();
    let mut ended: Vec<_> = lines(&last, "outcome")?
        .iter()
        .map(|line| line["id"].as_u64())
        .collect();
    ids.sort_unstable();
    ended.sort_unstable();
    assert_eq!(ids, ended);
    ids.dedup();
    assert_eq!(ids.len(), count, "an id was given twice");
    Ok(last)
}

/// Sends that many requests from each client at once, each on a connection of its own.
fn load(port: u16, each: usize) -> Result {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(move || -> Result {
                    for _ in 0..each {
                        let request = Request::get("/x").header("X-Tenant", "acme");
                        ensure!(client::send(port, request)?.status == 200, "not served");
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| {
            let ended = client.join();
            ensure!(ended.is_ok(), "a client panicked");
            ended.unwrap_or(Ok(()))
        })
    })
}

fn secret() -> Request {
    let request = Request::get("/x;jsessionid=INPATH.m1/y").header("X-Tenant", "TENANT");
    request.header("Cookie", "JSESSIONID=INCOOKIE.m1")
}

#[test]
fn texts_of_requests_are_hashed() -> Result {
    let mut site = plan("")?.start()?;
    site.send(&secret())?;
    site.send(&Request::get("/x").header("X-Tenant", "acme"))?;
    let text = recorded(&site, 2)?;
    for secret in ["INPATH", "TENANT", "INCOOKIE"] {
        ensure!(!text.contains(secret), "{secret} is in the file");
    }
    let decisions = lines(&text, "decision")?;
    assert_eq!(decisions[0]["path"], "/x/y");
    assert_eq!(decisions[1]["by"], "policy header-route");
    assert_eq!(decisions[1]["decision"], "member 1");
    let outcome = &lines(&text, "outcome")?[1];
    assert_eq!(outcome["ended"], "ok", "{outcome}");
    let mode = fs::metadata(site.httpd.path("conf/lb.record"))?.permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    Ok(())
}

#[test]
fn plain_texts_stand_there_and_what_nobody_asked_for_does_not() -> Result {
    let mut site = plan("record_values = \"plain\"")?.start()?;
    site.send(&secret())?;
    let text = recorded(&site, 1)?;
    ensure!(text.contains("=TENANT"), "{text}");
    ensure!(text.contains("INPATH"), "{text}");
    ensure!(!text.contains("INCOOKIE"), "{text}");
    Ok(())
}

/// Children, a restart and a killed child: each line is whole, and each decision has its outcome.
fn all_children_write(mpm: Mpm) -> Result {
    let mut site = plan("")?.mpm(mpm).start()?;
    site.one_per_child(2)?;
    let first = lines(&text(&site)?, "decision")?.len();
    let heads = lines(&recorded(&site, first)?, "head")?.len();
    ensure!(heads >= 2, "{heads} heads of two children");
    load(site.httpd.port(), 20)?;
    recorded(&site, first + CLIENTS * 20)?;
    site.graceful()?;
    load(site.httpd.port(), 20)?;
    recorded(&site, first + CLIENTS * 40)?;
    for child in site.httpd.children() {
        site.httpd.kill_child(child)?;
    }
    load(site.httpd.port(), 5)?;
    recorded(&site, first + CLIENTS * 45)?;
    Ok(())
}

#[test]
fn event_children_write_whole_lines() -> Result {
    all_children_write(Mpm::Event)
}

#[test]
fn prefork_children_write_whole_lines() -> Result {
    all_children_write(Mpm::Prefork)
}

#[test]
fn a_sample_is_a_share() -> Result {
    let site = plan("record_sample = 0.5")?.start()?;
    load(site.httpd.port(), 50)?;
    // Within five standard deviations of 150 of 300.
    let count = lines(&text(&site)?, "decision")?.len();
    ensure!((107..=193).contains(&count), "{count} of 300");
    recorded(&site, count)?;
    Ok(())
}

#[test]
fn two_files_take_turns() -> Result {
    // Long texts, so that few requests fill a file.
    let site = plan("record_values = \"plain\"\nrecord_size = \"1MiB\"")?
        .mpm(Mpm::Event)
        .start()?;
    let port = site.httpd.port();
    let long = "v".repeat(4_000);
    for _ in 0..800 {
        client::send(port, Request::get("/x").header("X-Tenant", &long))?;
    }
    for name in ["conf/lb.record", "conf/lb.record.1"] {
        let text = fs::read_to_string(site.httpd.path(name))?;
        // The size is looked at before a line, which may come with a head.
        ensure!(
            text.len() as u64 <= MIB + (16 << 10),
            "{name}: {}",
            text.len()
        );
        ensure!(!lines(&text, "head")?.is_empty(), "{name} has no head");
        ensure!(!lines(&text, "decision")?.is_empty(), "{name} is empty");
    }
    ensure!(
        !site.httpd.path("conf/lb.record.2").exists(),
        "a third file"
    );
    Ok(())
}
