use super::support::*;
use crate::snapshot::{BalancerSnapshot, Window};
use crate::*;
use rjk_log::NoLog;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn maintain(balancer: &Balancer, seconds: u64) -> bool {
    crate::maintain(balancer, MINUTE, later(seconds * 1000), &NoLog)
}

fn started(members: usize, change: impl FnOnce(&mut rjk_config::model::LbSpec)) -> Balancer {
    let balancer = plain(members, change);
    assert!(!maintain(&balancer, 0), "the first call starts the clock");
    balancer
}

#[test]
fn mt03_once_per_interval() {
    let balancer = started(2, |_| {});
    let runs: Vec<_> = [1, 30, 57, 59, 60, 118, 119, 300]
        .map(|s| maintain(&balancer, s))
        .into();
    assert_eq!(runs, [false, false, false, true, false, true, false, true]);
}

#[test]
fn mt03_one_of_many_callers() {
    let balancer = started(2, |_| {});
    let runs: usize = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| usize::from(maintain(&balancer, 60))))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).sum()
    });
    assert_eq!(runs, 1);
}

#[test]
fn lb15_mt04_decay() {
    let balancer = started(2, |_| {});
    balancer.member_slot(0).unwrap().set_value(1000);
    balancer
        .ajp_slot(0)
        .unwrap()
        .reply_timeouts
        .store(9, Relaxed);
    maintain(&balancer, 60);
    assert_eq!(balancer.note(0).unwrap().value, 500, "k = 1");
    assert_eq!(
        balancer.ajp_slot(0).unwrap().reply_timeouts.load(Relaxed),
        4,
        "MT-04"
    );
    maintain(&balancer, 60 + 185);
    assert_eq!(balancer.note(0).unwrap().value, 62, "k = 3");
    maintain(&balancer, 1_000_000);
    assert_eq!(balancer.note(0).unwrap().value, 0, "k beyond 64");
}

#[test]
fn tr16_mt06_recovers_after_recover_time() {
    let balancer = started(2, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    balancer.member_slot(1).unwrap().set_value(80);
    serve(
        &balancer,
        &cookie("JSESSIONID=x.m1"),
        Outcome::StatusHard,
        T0,
    );
    balancer
        .ajp_slot(0)
        .unwrap()
        .reply_timeouts
        .store(64, Relaxed);
    maintain(&balancer, 60);
    assert_eq!(slot.state(), State::Error, "not more than recover_time");
    maintain(&balancer, 120);
    assert_eq!(slot.state(), State::Recover);
    assert_eq!(slot.value(), 20, "highest V after decay");
    assert_eq!(
        balancer.ajp_slot(0).unwrap().reply_timeouts.load(Relaxed),
        0
    );
    assert_eq!(slot.usable_since.load(), later(120_000));
    maintain(&balancer, 180);
    assert_eq!(slot.state(), State::Recover, "TR-17: not while RECOVER");
}

#[test]
fn tr17_escalates() {
    let balancer = started(2, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    for (age, state, after) in [
        (29_999, State::Ok, State::Idle),
        (30_000, State::Ok, State::Error),
        (30_000, State::Busy, State::Error),
        // A probe whose child was killed must not stay one.
        (90_000, State::Probe, State::Error),
    ] {
        slot.set_state(state, T0);
        let now = balancer.slot().last_maintenance.load() + MINUTE;
        slot.first_error
            .store(Moment::from_millis(now.as_millis() - age));
        assert!(crate::maintain(&balancer, MINUTE, now, &NoLog));
        assert_eq!(slot.state(), after, "{state:?} after {age} ms");
    }
}

#[test]
fn tr18_idle() {
    let balancer = started(2, |_| {});
    serve(&balancer, &cookie("JSESSIONID=x.m1"), Outcome::Success, T0);
    maintain(&balancer, 60);
    assert_eq!(state(&balancer, 0), State::Ok, "used since");
    maintain(&balancer, 120);
    assert_eq!(state(&balancer, 0), State::Idle);
    let ajp = balancer.ajp_slot(0).unwrap();
    ajp.mark_idle();
    assert_eq!(ajp.state(), State::Ok);
    ajp.mark_idle();
    assert_eq!(ajp.state(), State::Idle, "ST-11");
}

#[test]
fn tr19_all_in_error_are_forced() {
    let balancer = started(2, |_| {});
    for (seconds, second, after) in [
        (60, State::Ok, State::Error),
        (120, State::Error, State::Force),
    ] {
        for (index, state) in [(0, State::Error), (1, second)] {
            set(&balancer, index, state);
            let slot = balancer.member_slot(index).unwrap();
            slot.last_error.store(later(seconds * 1000 - 10));
        }
        maintain(&balancer, seconds);
        assert_eq!(state(&balancer, 0), after);
    }
    assert_eq!(state(&balancer, 1), State::Force);
}

#[test]
fn tr21_tr22_recover_and_reset() {
    let balancer = plain(2, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    balancer.member_slot(1).unwrap().set_value(33);
    assert!(!crate::recover_member(&balancer, 0, T0));
    assert_eq!(
        (slot.state(), slot.value()),
        (State::Idle, 0),
        "only from ERROR"
    );
    serve(
        &balancer,
        &cookie("JSESSIONID=x.m1"),
        Outcome::LocalError,
        T0,
    );
    assert!(crate::recover_member(&balancer, 0, T0));
    assert_eq!((slot.state(), slot.value()), (State::Recover, 33));
    crate::reset_member(&balancer, 0, T0);
    let got = balancer.note(0).unwrap();
    assert_eq!(
        (got.state, got.value, got.errors, got.accessed, got.read),
        (State::Idle, 0, 0, 0, 0)
    );
    assert_eq!(slot.first_error.load(), Moment::NEVER);
    assert!(!crate::recover_member(&balancer, 9, T0));
    assert!(!crate::reset_member(&balancer, 9, T0));
}

/// All that CM-05 names of a balancer with two members.
fn dirty(balancer: &Balancer) {
    for request in ["x.m1", "x.m2"] {
        let cookie_text = format!("JSESSIONID={request}");
        serve(balancer, &cookie(&cookie_text), Outcome::ClientError, T0);
        serve(balancer, &cookie(&cookie_text), Outcome::StatusHard, T0);
    }
    for index in [0, 1] {
        let ajp = balancer.ajp_slot(index).unwrap();
        ajp.reply_timeouts.store(4, Relaxed);
        ajp.max_connected.store(3, Relaxed);
    }
    serve(balancer, &Ask::default(), Outcome::Success, T0);
}

fn clock(now: Moment) -> Clock {
    let unix = Duration::from_secs(2_000_000_000);
    Clock { now, unix }
}

#[test]
fn cm05_reset_of_a_balancer() {
    let balancer = plain(2, |_| {});
    balancer.slots.segment.header.start(T0);
    dirty(&balancer);
    let before = BalancerSnapshot::of(&balancer, &clock(later(5000)), MINUTE);
    assert_eq!(before.max_busy, 1);
    assert_eq!(
        before.last_reset.ago,
        Duration::from_secs(5),
        "since the start"
    );
    assert!(before.members.iter().any(|member| member.value > 0));
    let held = balancer
        .slots
        .enter_ajp(balancer.worker(0).unwrap().column());
    crate::reset_balancer(&balancer, later(6000));
    let after = BalancerSnapshot::of(&balancer, &clock(later(8000)), MINUTE);
    assert_eq!(after.max_busy, 0);
    assert_eq!(after.last_reset.ago, Duration::from_secs(2));
    assert_eq!(after.last_reset.unix_seconds, 1_999_999_998);
    for (member, busy) in std::iter::zip(&after.members, [1, 0]) {
        assert_eq!(member.state, State::Idle);
        assert_eq!((member.value, member.sessions, member.errors), (0, 0, 0));
        assert_eq!(member.error, None);
        let worker = &member.endpoint;
        let counts = [
            worker.used,
            worker.errors,
            worker.client_errors,
            worker.reply_timeouts,
        ];
        assert_eq!(counts, [0; 4]);
        let bytes = [worker.transferred, worker.read];
        assert_eq!(bytes, [0; 2]);
        assert_eq!((worker.max_busy, worker.max_connected), (0, 0));
        assert_eq!(worker.last_reset, after.last_reset);
        assert_eq!(worker.busy, busy, "what is in flight stays");
    }
    drop(held);
}

#[test]
fn cm05_reset_of_one_member_leaves_the_others() {
    let balancer = plain(2, |_| {});
    dirty(&balancer);
    let before = BalancerSnapshot::of(&balancer, &clock(T0), MINUTE);
    assert!(crate::reset_member(&balancer, 0, T0));
    let after = BalancerSnapshot::of(&balancer, &clock(T0), MINUTE);
    assert_eq!(after.members[1], before.members[1]);
    assert_eq!(after.max_busy, before.max_busy);
    assert_eq!(after.members[0].endpoint.used, 0);
}

#[test]
fn cm05_reset_of_a_worker_by_itself() {
    let balancer = plain(1, |_| {});
    serve(&balancer, &Ask::default(), Outcome::StatusHard, T0);
    crate::reset_worker(balancer.ajp_slot(0).unwrap(), later(1));
    let after = BalancerSnapshot::of(&balancer, &clock(later(1)), MINUTE);
    let member = &after.members[0];
    assert_eq!(member.endpoint.errors, 0);
    assert_eq!(
        (member.errors, member.state),
        (1, State::Error),
        "counters of the worker only"
    );
    assert_eq!(member.endpoint.state, State::Error, "its state stays");
}

#[test]
fn out06_a_snapshot_of_a_member_in_error() {
    let balancer = plain(2, |spec| spec.members[0].ajp.secret = Some("s".into()));
    serve(
        &balancer,
        &cookie("JSESSIONID=x.m1"),
        Outcome::StatusHard,
        T0,
    );
    let at = clock(later(10_000));
    let shown = BalancerSnapshot::of(&balancer, &at, MINUTE);
    let error = shown.members[0].error.unwrap();
    assert_eq!(
        (error.ago, error.unix_seconds),
        (Duration::from_secs(10), 1_999_999_990)
    );
    assert_eq!(shown.members[0].endpoint.error, Some(error));
    assert_eq!(
        shown.members[0].time_to_recover.max,
        Duration::from_secs(110)
    );
    assert_eq!(shown.members[1].time_to_recover, Window::default());
    assert_eq!(shown.members[1].error, None);
    assert_eq!(shown.members[0].endpoint.address, "unresolved");
    assert_eq!(shown.spec.members[0].ajp.secret, None, "secrets never show");
    assert_eq!(shown.members[0].spec.ajp.secret, None);
    assert_eq!(shown.members[0].endpoint.spec.secret, None);
}
