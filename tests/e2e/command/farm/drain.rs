//! `rjk drain --wait`: how requests and sessions leave.

use super::site::Site;
use crate::said::run;
use rjk_testbed::client::{Pending, Request};
use rjk_testbed::gate::gated;
use rjk_testbed::rjk::rjk;
use rjk_testbed::terminal::Terminal;
use rjk_testbed::{Gate, Result};
use std::time::Duration;

fn session(path: &str) -> Request {
    Request::get(path).header("Cookie", "JSESSIONID=1.m1")
}

/// A request that `m1` holds, through the first host.
fn held(site: &Site) -> Result<(Gate, Pending)> {
    let (gate, script) = gated();
    site.peers[0].set(script);
    let pending = Pending::start(site.hosts[0].port(), session("/hold"));
    site.peers[0].wait_requests(1)?;
    Ok((gate, pending))
}

#[test]
fn the_busy_count_falls_on_the_terminal() -> Result {
    let site = Site::start()?;
    let (gate, pending) = held(&site)?;
    let urls = site.urls("/st");
    let arguments = ["drain", "--wait", &urls[0], &urls[1], "lb", "m1"];
    let mut terminal = Terminal::run(&rjk()?, &arguments, 100, 24)?;
    let busy = format!("({} m1 1)", site.label(0));
    let screen = terminal.wait_for(&busy)?;
    assert!(screen.contains("busy 1, "), "{screen}");
    // Its sessions are served, through both hosts; others get none of it.
    for index in [0, 1] {
        let served = site.send(index, session("/app/x"))?;
        assert_eq!(served.field("peer").as_deref(), Some("m1"), "{served:?}");
        let other = site.send(index, Request::get("/app/x"))?;
        assert_eq!(other.field("peer").as_deref(), Some("m2"), "{other:?}");
    }
    std::thread::sleep(Duration::from_secs(2));
    gate.open();
    assert_eq!(pending.response()?.status, 200);
    assert_eq!(terminal.end()?, Some(0), "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(
        screen.contains("busy 0 on all web hosts, after "),
        "{screen}"
    );
    assert!(
        !screen.contains("busy 1"),
        "the line is taken away: {screen}"
    );
    Ok(())
}

#[test]
fn who_is_still_busy_in_the_end_is_said() -> Result {
    let site = Site::start()?;
    let (_gate, _pending) = held(&site)?;
    let urls = site.urls("/st");
    let arguments = [
        "drain",
        "--wait",
        "--timeout",
        "700ms",
        &urls[0],
        &urls[1],
        "lb",
        "m1",
    ];
    let said = run(&arguments)?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("not drained after "), "{said:?}");
    assert!(
        said.err.contains(&format!("{}: m1: busy 1", site.label(0))),
        "{said:?}"
    );
    assert!(!said.err.contains(&site.label(1)), "{said:?}");
    // No line that is written again and again where there is no terminal.
    assert!(!said.err.contains('\r'), "{said:?}");
    let said = run(&[&arguments[..], &["--json"]].concat())?;
    let json = said.json()?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(json["changes"][0]["result"], "already");
    assert_eq!(json["wait"]["end"], "timeout");
    assert_eq!(json["wait"]["left"][0]["busy"], 1);
    Ok(())
}

#[test]
fn idle_waits_for_the_last_request() -> Result {
    let site = Site::start()?;
    let urls = site.urls("/st");
    let arguments = [
        "drain", "--wait", "--json", "--idle", "2s", &urls[0], &urls[1], "lb", "m1",
    ];
    let drained = std::thread::spawn({
        let arguments = arguments.map(str::to_owned);
        move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    // A session that goes on for a while, through either host.
    for index in [0, 1, 0, 1] {
        std::thread::sleep(Duration::from_millis(700));
        site.send(index, session("/app/x"))?;
    }
    let said = drained
        .join()
        .map_err(|_| rjk_testbed::Error::msg("it panicked"))??;
    let json = said.json()?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(json["wait"]["end"], "drained");
    let seconds = json["wait"]["seconds"].as_f64().unwrap_or_default();
    assert!(seconds > 4.5, "{seconds}");
    Ok(())
}

#[test]
fn who_is_active_again_is_not_waited_for() -> Result {
    let site = Site::start()?;
    let (_gate, _pending) = held(&site)?;
    let urls = site.urls("/st");
    let arguments = ["drain", "--wait", &urls[0], &urls[1], "lb", "m1"].map(str::to_owned);
    let drained =
        std::thread::spawn(move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    rjk_testbed::wait::until("m1 is DIS", rjk_testbed::wait::SOON, || {
        let page = site.send(1, Request::get("/st?mime=prop"));
        page.is_ok_and(|page| page.field("worker.m1.activation").as_deref() == Some("DIS"))
    })?;
    std::thread::sleep(Duration::from_millis(700));
    run(&["activate", &urls[1], "lb", "m1"])?;
    let said = drained
        .join()
        .map_err(|_| rjk_testbed::Error::msg("it panicked"))??;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains(&format!(
            "{}: m1: somebody made it ACT again",
            site.label(1)
        )),
        "{said:?}"
    );
    Ok(())
}

/// A host that goes away while it is waited for may still have requests in flight.
#[test]
fn a_host_that_goes_away_is_named() -> Result {
    let mut site = Site::start()?;
    let urls = site.urls("/st");
    let label = site.label(1);
    let (_gate, pending) = held(&site)?;
    let arguments = [
        "drain",
        "--wait",
        "--timeout",
        "4s",
        &urls[0],
        &urls[1],
        "lb",
        "m1",
    ];
    let mut terminal = Terminal::run(&rjk()?, &arguments, 100, 24)?;
    terminal.wait_for("busy 1, ")?;
    drop(site.hosts.remove(1));
    terminal.wait_for(&format!("{label} does not answer"))?;
    assert_eq!(terminal.end()?, Some(1), "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(screen.contains("rjk: not drained after "), "{screen}");
    assert!(
        screen.contains(&format!("{label}: m1: nobody listens there")),
        "{screen}"
    );
    assert!(screen.contains(": m1: busy 1"), "{screen}");
    drop(pending);
    Ok(())
}
