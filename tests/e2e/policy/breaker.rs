//! A policy that is switched off: for all children of the host, until it is tried again or httpd restarts.

use rjk_testbed::client::Request;
use rjk_testbed::farm::Notes;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Farm, Plan, Result, Subject};

/// What every fault of the fixture says.
const FAULT: &str = "panicked at fixtures/examples/attempts.rs";

fn plan(settings: &str) -> Result<Plan> {
    Plan::new(Subject::Rjk, &["m1", "m2"]).policy("attempts", settings, "")
}

/// Faults and switchings so far.
fn counted(site: &mut Farm) -> Result<[u64; 2]> {
    site.counters("attempts", ["Fault trap", "Switched off"])
}

/// Every other request of either child is a fault: none has two in a row.
#[test]
fn what_fails_every_other_time_is_off_in_all_children() -> Result {
    let mut site = plan("max_faults = 5")?
        .mpm(Mpm::Prefork)
        .httpd(|builder| builder.start_servers(2).server_limit(2))
        .start()?;
    site.httpd.expect_log(FAULT);
    let mut children = site.one_per_child(2)?;
    for number in 0..100 {
        for client in children.values_mut() {
            let what = if number % 2 == 0 { "trap" } else { "builtin" };
            let request = Request::get(&format!("/{number}")).header("X-Do", what);
            assert_eq!(client.send(&request)?.status, 200);
        }
    }
    let [faults, switched_off] = counted(&mut site)?;
    assert!((10..=12).contains(&faults), "{faults} of 100");
    assert_eq!(switched_off, 1);
    for (child, client) in &mut children {
        let target = format!("/child{child}");
        client.send(&Request::get(&target))?;
        let notes = Notes::of(&site.httpd, &target, 1)?;
        assert_eq!(notes[0].decided_by, "fault switched-off", "{child}");
    }
    Ok(())
}

/// It is tried again after 30 s at most: sooner nobody has to come again.
#[test]
fn a_client_that_is_turned_away_hears_when_to_come_again() -> Result {
    let mut site = plan("max_faults = 2\non_fault = \"reject\"")?.start()?;
    site.httpd.expect_log(FAULT);
    let request = Request::get("/x").header("X-Do", "trap");
    for _ in 0..2 {
        let response = site.send(&request)?;
        assert_eq!(
            (response.status, response.header("Retry-After")),
            (503, None)
        );
    }
    let response = site.send(&Request::get("/third").header("X-Do", "trap"))?;
    let notes = Notes::of(&site.httpd, "/third", 1)?;
    assert_eq!(notes[0].decided_by, "fault switched-off");
    let seconds = response
        .header("Retry-After")
        .and_then(|value| value.parse().ok());
    assert_eq!(response.status, 503);
    assert!(
        seconds.is_some_and(|seconds| (1..=30).contains(&seconds)),
        "{response:?}"
    );
    Ok(())
}

/// Whoever restarts may have mended it.
#[test]
fn a_restart_switches_on() -> Result {
    let mut site = plan("max_faults = 2")?.start()?;
    site.httpd.expect_log(FAULT);
    let trap = [("X-Do", "trap")];
    for why in ["fault trap", "fault trap", "fault switched-off"] {
        assert_eq!(site.who_and_why(&trap)?.1, why);
    }
    site.graceful()?;
    assert_eq!(site.who_and_why(&[])?.1, "builtin");
    assert_eq!(site.who_and_why(&trap)?.1, "fault trap", "a new row");
    assert_eq!(counted(&mut site)?, [3, 1], "the counters go on");
    Ok(())
}
