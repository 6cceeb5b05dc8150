//! What time does to members (§4.9, TR-01, TR-16…TR-19).

use rjk_testbed::client::Request;
use rjk_testbed::gate::gated;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::wall_clock::WallClock;
use rjk_testbed::{Plan, Result, Subject, both, wait};
use std::time::{Duration, Instant};

both! { tr16_tr01_recovery_and_probe tr18_lb10_idle_and_decay tr17_escalation tr19_all_in_error d16_watchdog w02_no_maintenance }

/// Longest wait for something that takes two or three seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// The line that says that a member may be tried again.
const MARKED: &str = "marked for recovery";

/// Two members, maintained each second.
fn pair(subject: Subject) -> Plan {
    Plan::new(subject, &["m1", "m2"])
        .line("worker.maintain=1")
        .lb("recover_time=1")
        .lb("retry_interval=1")
}

/// TR-16, MT-06: after recover_time the member may be tried again, with the highest load. TR-01: one
/// request tries it, the others go elsewhere until that ended.
fn tr16_tr01_recovery_and_probe(subject: Subject) -> Result {
    let mut farm = pair(subject).start()?;
    farm.stop("m1")?;
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    assert_eq!(farm.status("m1")?.state, "ERR");
    farm.revive("m1")?;
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let status = farm.wait_status("m1", PATIENCE, |status| status.state == "ERR/REC")?;
    let other = farm.status("m2")?;
    assert!(status.value >= other.value, "TR-16: {status:?} {other:?}");
    let probe = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m1"));
    farm.peer("m1")?.wait_requests(1)?;
    assert_eq!(farm.status("m1")?.state, "ERR/PRB");
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.sequence("/x", 2)?, "22");
    gate.open();
    assert_eq!(probe.response()?.status, 200);
    farm.wait_status("m1", PATIENCE, |status| status.busy == 0)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    assert_eq!(farm.status("m1")?.state, "OK");
    // A probe in vain is an error again.
    farm.stop("m1")?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    farm.wait_status("m1", PATIENCE, |status| status.state == "ERR/REC")?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    assert_eq!(farm.status("m1")?.state, "ERR");
    Ok(())
}

/// MT-05: the request that has the maintenance done gets its answer first, however many workers do
/// not answer CPING, and its thread goes on to others soon.
#[test]
fn mt05_no_request_waits_for_cpong() -> Result {
    let names = ["m1", "m2", "m3", "m4"];
    let mut plan = Plan::new(Subject::Rjk, &names).line("worker.maintain=1");
    for name in names {
        plan = plan.member(name, "connection_ping_interval=1");
        plan = plan.member(name, "ping_timeout=10000");
    }
    let mut farm = plan.start()?;
    assert_eq!(farm.sequence("/x", 4)?, "1234");
    for name in names {
        farm.peer(name)?.set(Behaviour::NoCpong);
    }
    let mut longest = Duration::ZERO;
    wait::until("a CPING", PATIENCE, || {
        let begin = Instant::now();
        let served = farm.with_cookie("JSESSIONID=a.m1");
        longest = longest.max(begin.elapsed());
        served.is_ok_and(|member| member == "m1")
            && names[1..]
                .iter()
                .any(|name| farm.peer(name).is_ok_and(|peer| peer.pings() > 0))
    })?;
    // On the same connection: what the thread does behind the answer is bounded, too.
    let begin = Instant::now();
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    longest = longest.max(begin.elapsed());
    assert!(longest < Duration::from_secs(4), "{longest:?}");
    Ok(())
}

/// TR-16 in the middle of a clock that is set: recovery is due by the monotonic clock.
#[test]
fn tr16_recovery_does_not_wait_for_a_clock_that_was_set_back() -> Result {
    let clock = WallClock::new()?;
    let mut farm = pair(Subject::Rjk).httpd(|site| clock.of(site)).start()?;
    farm.stop("m1")?;
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    assert_eq!(farm.status("m1")?.state, "ERR");
    clock.set(-3600)?;
    farm.revive("m1")?;
    farm.wait_status("m1", PATIENCE, |status| status.state == "ERR/REC")?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    Ok(())
}

/// TR-16: a clock that is set ahead makes no old error of a new one.
#[test]
fn tr16_recovery_does_not_come_early_by_a_clock_that_was_set_ahead() -> Result {
    let clock = WallClock::new()?;
    let plan = pair(Subject::Rjk).lb("recover_time=3600");
    let mut farm = plan.httpd(|site| clock.of(site)).start()?;
    farm.stop("m1")?;
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    clock.set(7200)?;
    // Rounds of maintenance that see the error: each halves the load.
    farm.wait_status("m2", PATIENCE, |status| status.value == 0)?;
    assert_eq!(farm.status("m1")?.state, "ERR");
    Ok(())
}

/// TR-18: unused since the last maintenance. LB-10, LB-15: old load loses weight.
fn tr18_lb10_idle_and_decay(subject: Subject) -> Result {
    let mut farm = pair(subject).start()?;
    farm.sequence("/x", 40)?;
    let before = farm.status("m1")?;
    assert!(before.value > 5 && before.state == "OK", "{before:?}");
    let after = farm.wait_status("m1", PATIENCE, |status| status.value <= before.value / 4)?;
    assert_eq!(after.state, "OK/IDLE");
    assert_eq!(after.accessed, before.accessed);
    Ok(())
}

/// TR-17: a local error that nobody made good becomes a global one.
fn tr17_escalation(subject: Subject) -> Result {
    let mut farm = pair(subject)
        .lb("recover_time=60")
        .lb("error_escalation_time=1")
        .start()?;
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let held = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m1"));
    farm.peer("m1")?.wait_requests(1)?;
    let failing = Request::get("/fail").header("Cookie", "JSESSIONID=a.m1");
    assert_eq!(farm.who(&failing)?, "m2");
    assert_eq!(farm.status("m1")?.state, "OK");
    farm.wait_status("m1", PATIENCE, |status| status.state == "ERR")?;
    gate.open();
    assert_eq!(held.response()?.status, 200);
    // TR-05: the one that was in flight all the time shows that it works.
    farm.wait_status("m1", PATIENCE, |status| status.state.starts_with("OK"))?;
    Ok(())
}

/// TR-19: when all are in error each may be tried again at the next maintenance.
fn tr19_all_in_error(subject: Subject) -> Result {
    let mut farm = pair(subject).lb("recover_time=60").start()?;
    farm.stop("m1")?;
    farm.stop("m2")?;
    assert_eq!(farm.get("/x")?, "503");
    for member in ["m1", "m2"] {
        farm.wait_status(member, PATIENCE, |status| status.state == "ERR/FRC")?;
    }
    farm.revive("m2")?;
    assert_eq!(farm.get("/x")?, "m2");
    assert_eq!(farm.status("m2")?.state, "OK");
    Ok(())
}

/// D-16, MT-01: with a watchdog maintenance needs no traffic; without it does.
fn d16_watchdog(subject: Subject) -> Result {
    for watchdog in [true, false] {
        let mut plan = pair(subject).httpd(|builder| builder.log_level("debug"));
        if watchdog {
            plan = plan.directives("JkWatchdogInterval 1");
        }
        let mut farm = plan.start()?;
        farm.stop("m1")?;
        assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
        assert_eq!(farm.notes()?.first.state, "ERR");
        let marked = || farm.httpd.jk_log().contains(MARKED);
        if watchdog {
            wait::until("the watchdog's line", PATIENCE, marked)?;
        } else {
            // Longer than recover_time and worker.maintain together.
            assert!(!wait::became(Duration::from_millis(2500), marked));
            farm.get("/x")?;
            assert!(farm.httpd.jk_log().contains(MARKED));
        }
    }
    Ok(())
}

/// W-02: worker.maintain=0 leaves a member in error until nobody else is there.
fn w02_no_maintenance(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .line("worker.maintain=0")
        .lb("recover_time=1")
        .start()?;
    farm.stop("m1")?;
    assert_eq!(farm.sequence("/x", 2)?, "22");
    farm.revive("m1")?;
    // Longer than recover_time, with requests for the status page all the time.
    let limit = Duration::from_millis(2500);
    let changed = farm.wait_status("m1", limit, |status| status.state != "ERR");
    assert!(changed.is_err(), "{changed:?}");
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    farm.stop("m2")?;
    assert_eq!(farm.get("/x")?, "m1");
    Ok(())
}
