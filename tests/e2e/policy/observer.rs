//! What `observe` is told, when, and what its faults mean; and the latency of the candidates.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::peer::{Head, Script, Step};
use rjk_testbed::{Farm, Plan, Result, Subject, wait};
use std::time::Duration;

/// The policy's own counters 0 to 3; the page has those that are not 0.
fn own_counters(site: &mut Farm) -> Result<[u64; 4]> {
    let counters = site.page()?.own_counters();
    Ok(["0", "1", "2", "3"].map(|key| counters.get(key).copied().unwrap_or(0)))
}

/// Waits for these counters; what is told comes after the response.
fn await_counters(site: &mut Farm, expected: [u64; 4]) -> Result {
    let mut last = [0; 4];
    wait::until("counters", wait::SOON, || {
        last = own_counters(site).unwrap_or_default();
        last == expected
    })
    .map_err(|error| error.context(format!("{last:?}, not {expected:?}")))
}

fn observing(members: &[&str]) -> Result<Plan> {
    Plan::new(Subject::Rjk, members).policy("observing", "", "")
}

#[test]
fn an_observer_that_keeps_failing_is_switched_off_alone() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .policy("observer-trap", "max_faults = 2", "")?
        .start()?;
    for _ in 0..5 {
        let (who, why) = site.who_and_why(&[])?;
        assert_eq!((who.as_str(), why.as_str()), ("m1", "policy observer-trap"));
    }
    let headings = [
        "Observer faults",
        "Observer switched off",
        "Observer skipped",
    ];
    wait::until("the last response", wait::SOON, || {
        site.counters("observer-trap", headings)
            .is_ok_and(|counters| counters == [2, 1, 3])
    })?;
    let decisions = site.counters("observer-trap", ["Member", "Fault trap", "Switched off"])?;
    assert_eq!(decisions, [5, 0, 0]);
    site.httpd
        .expect_log("its observer is off for 30 s, decisions go on");
    Ok(())
}

/// Once for each attempt, whoever chose it; body bytes only.
#[test]
fn an_observer_hears_of_each_attempt_and_of_its_body() -> Result {
    let mut site = observing(&["m1", "m2"])?.start()?;
    let body = vec![b'x'; 5000];
    let script = [Step::Head(Head::ok()), Step::Chunk(body), Step::End(true)];
    site.peer("m2")?.set(script);
    site.stop("m1")?;
    for _ in 0..3 {
        assert_eq!(site.send(&Request::get("/x"))?.status, 200);
    }
    let attempts = own_counters(&mut site)?[0];
    assert!(attempts > 3, "m1 was tried too: {attempts}");
    await_counters(&mut site, [attempts, attempts, 15_000, 0])
}

/// Nobody answered: that is told, too, without a status.
#[test]
fn an_observer_hears_of_what_nobody_answered() -> Result {
    let mut site = observing(&["m1"])?.start()?;
    site.stop("m1")?;
    assert_eq!(site.send(&Request::get("/x"))?.status, 503);
    site.revive("m1")?;
    site.peer("m1")?
        .set([Step::Head(Head::new(500)), Step::End(true)]);
    wait::until("m1", Duration::from_secs(15), || {
        site.send(&Request::get("/x"))
            .is_ok_and(|response| response.status == 500)
    })?;
    let attempts = own_counters(&mut site)?[0];
    await_counters(&mut site, [attempts, attempts, 0, 1])
}

/// A client that reads slowly does not make a member slow.
#[test]
fn latency_is_the_time_to_the_head() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .policy("fastest", "", "")?
        .start()?;
    let mut long = vec![Step::Head(Head::ok())];
    long.extend(std::iter::repeat_n(Step::Chunk(vec![b'x'; 8000]), 3000));
    site.peer("m1")?
        .set(Script::new([long, vec![Step::End(true)]].concat()));
    let late = [Step::Sleep(Duration::from_millis(200)), Step::Echo];
    site.peer("m2")?.set(late);
    let mut slow = Client::connect(site.httpd.port())?;
    let pause = || std::thread::sleep(Duration::from_secs(1));
    slow.send_and_then(&Request::get("/long"), pause)?;
    assert_eq!(site.who(&Request::get("/x"))?, "m2", "no estimate yet");
    site.send(&Request::get("/x"))?;
    assert_eq!(site.counts(), [2, 1]);
    Ok(())
}
