//! The states of members after each kind of result (§4.5, TR-01…TR-14).

use rjk_testbed::client::Request;
use rjk_testbed::gate::gated;
use rjk_testbed::peer::{Behaviour, Head, Script};
use rjk_testbed::{Farm, Plan, Result, Subject, both};
use std::time::Duration;

both! { tr14_tr15_a_local_error_of_an_idle_member tr14_a_local_error_beside_others tr08_a_protocol_error_leaves_the_state tr09_tr10_fail_on_status tr12_tr13_l11_reply_timeouts tr02_tr11_busy_limit tr02_tr03_no_endpoint tr20_forced_recovery }

/// Two members that fail fast.
fn pair(subject: Subject) -> Plan {
    Plan::new(subject, &["m1", "m2"])
        .lb("retry_interval=1")
        .member("m1", "retry_interval=1")
        .member("m1", "connection_acquire_timeout=200")
}

/// State, errors of a member.
fn state(farm: &mut Farm, member: &str) -> Result<(String, u64)> {
    let status = farm.status(member)?;
    Ok((status.state, status.errors))
}

fn is(state: &str, errors: u64) -> (String, u64) {
    (state.to_owned(), errors)
}

/// TR-05, TR-14, TR-15: one failure on an idle member is a global error, and nobody asks it again.
fn tr14_tr15_a_local_error_of_an_idle_member(subject: Subject) -> Result {
    let mut farm = pair(subject).start()?;
    assert_eq!(state(&mut farm, "m1")?, is("OK/IDLE", 0));
    assert_eq!(farm.sequence("/x", 2)?, "12");
    assert_eq!(state(&mut farm, "m1")?, is("OK", 0));
    farm.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(farm.get("/x")?, "m2");
    assert_eq!(state(&mut farm, "m1")?, is("ERR", 1));
    // SV-03: both attempts of the member (the dead pooled connection is not one, see DEVIATIONS).
    let asked = farm.peer("m1")?.requests().len();
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.peer("m1")?.requests().len(), asked);
    Ok(())
}

/// TR-14: beside another request in flight a failure stays local; L-10: unless the time is 0.
fn tr14_a_local_error_beside_others(subject: Subject) -> Result {
    for (escalation, expected) in [("30", "OK"), ("0", "ERR")] {
        let mut farm = pair(subject)
            .lb(&format!("error_escalation_time={escalation}"))
            .member("m1", "redirect=m2")
            .start()?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        let held = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m1"));
        farm.peer("m1")?.wait_requests(1)?;
        let failing = Request::get("/fail").header("Cookie", "JSESSIONID=a.m1");
        assert_eq!(farm.who(&failing)?, "m2");
        assert_eq!(state(&mut farm, "m1")?, is(expected, 1), "{escalation}");
        assert_eq!(farm.status("m1")?.busy, 1);
        gate.open();
        assert_eq!(held.response()?.status, 200);
        // TR-05: a success forgets it.
        let after = farm.wait_status("m1", Duration::from_secs(5), |status| status.busy == 0)?;
        assert_eq!(after.state, "OK");
    }
    Ok(())
}

/// TR-08: bytes that are no AJP fail the request there, and the member is asked again next time.
fn tr08_a_protocol_error_leaves_the_state(subject: Subject) -> Result {
    let mut farm = pair(subject).start()?;
    farm.peer("m1")?.set(Behaviour::WrongMagic);
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(state(&mut farm, "m1")?, is("OK", 0));
    let asked = farm.peer("m1")?.requests().len();
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert!(farm.peer("m1")?.requests().len() > asked);
    Ok(())
}

/// TR-09, TR-10, RO-08: a status that the file calls a failure, softly or not.
fn tr09_tr10_fail_on_status(subject: Subject) -> Result {
    for (list, expected) in [
        ("-503", is("OK", 0)),
        ("500,503", is("ERR", 1)),
        ("500", is("OK", 0)),
    ] {
        let mut farm = pair(subject)
            .member("m1", &format!("fail_on_status={list}"))
            .start()?;
        let busy = Script::answer(Head::new(503), "Tomcat's own page");
        farm.peer("m1")?.set(busy);
        let response = farm.send(&Request::get("/x").header("Cookie", "JSESSIONID=a.m1"))?;
        if list == "500" {
            assert_eq!(
                (response.status, response.text().as_str()),
                (503, "Tomcat's own page")
            );
        } else {
            assert_eq!(response.field("peer").as_deref(), Some("m2"), "{list}");
            assert_eq!(farm.peer("m1")?.requests().len(), 2, "RO-08 {list}");
        }
        assert_eq!(state(&mut farm, "m1")?, expected, "{list}");
    }
    Ok(())
}

/// TR-12, TR-13, L-11: the counter rises with each attempt; above the limit the member is in error.
fn tr12_tr13_l11_reply_timeouts(subject: Subject) -> Result {
    let mut farm = pair(subject)
        .lb("max_reply_timeouts=3")
        .member("m1", "reply_timeout=60")
        .start()?;
    farm.peer("m1")?.set(Behaviour::Stalls);
    // Two attempts each: 2, then 4.
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(state(&mut farm, "m1")?, is("OK", 0));
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(state(&mut farm, "m1")?, is("ERR", 1));
    assert_eq!(farm.peer("m1")?.requests().len(), 4);
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.peer("m1")?.requests().len(), 4);
    Ok(())
}

/// TR-02, TR-11, A-23, SV-02: above busy_limit the member is busy until one of its requests ended.
fn tr02_tr11_busy_limit(subject: Subject) -> Result {
    let mut farm = pair(subject).member("m1", "busy_limit=1").start()?;
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let held = farm.pending(Request::get("/hold"));
    farm.peer("m1")?.wait_requests(1)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.status("m1")?.state, "OK/BUSY");
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.peer("m1")?.requests().len(), 1);
    gate.open();
    assert_eq!(held.response()?.status, 200);
    farm.wait_status("m1", Duration::from_secs(5), |status| status.busy == 0)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    assert_eq!(farm.status("m1")?.state, "OK");
    Ok(())
}

/// TR-02, TR-03, A-14, A-17: no place in the pool within the time.
fn tr02_tr03_no_endpoint(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .member("m1", "connection_pool_size=1")
        .member("m1", "connection_acquire_timeout=100")
        .start()?;
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let held = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m1"));
    farm.peer("m1")?.wait_requests(1)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.status("m1")?.state, "OK/BUSY");
    gate.open();
    assert_eq!(held.response()?.status, 200);
    farm.wait_status("m1", Duration::from_secs(5), |status| status.busy == 0)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    assert_eq!(farm.status("m1")?.state, "OK");
    Ok(())
}

/// TR-20: when nobody is left, all that are in error may be tried at once; one that came back serves.
fn tr20_forced_recovery(subject: Subject) -> Result {
    let mut farm = pair(subject).start()?;
    farm.stop("m1")?;
    farm.stop("m2")?;
    assert_eq!(farm.get("/x")?, "503");
    assert_eq!(farm.status("m1")?.state, "ERR");
    assert_eq!(farm.status("m2")?.state, "ERR");
    farm.revive("m2")?;
    assert_eq!(farm.get("/x")?, "m2");
    assert_eq!(farm.status("m2")?.state, "OK");
    // m1 was tried in vain, or is free to be tried.
    let state = farm.status("m1")?.state;
    assert!(["ERR", "ERR/FRC"].contains(&state.as_str()), "{state}");
    Ok(())
}
