use super::support::*;
use crate::*;
use rjk_log::NoLog;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const NONE: Traffic = Traffic { read: 0, sent: 0 };

/// What one attempt on m1 leaves: shared state, local state, member errors, error times.
#[derive(Debug, PartialEq)]
struct After(State, State, u64, Moment, Moment);

/// Runs one attempt on m1, which starts in `before` with a first and last error at `error`, while
/// `others` more requests are in flight on it.
fn attempt(before: State, error: Moment, others: usize, outcome: Outcome) -> After {
    let balancer = plain(2, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    let column = balancer.worker(0).unwrap().column();
    let held: Vec<_> = (0..others)
        .map(|_| balancer.slots.enter_ajp(column))
        .collect();
    let after = with(&balancer, &Ask::default(), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        assert_eq!(choice.index, 0);
        let lease = Lease::begin(selection, &choice);
        slot.set_state(before, T0);
        slot.first_error.store(error);
        slot.last_error.store(error);
        end(lease, outcome, NONE, selection);
        let local = selection.state(0).unwrap();
        let (first, last) = (slot.first_error.load(), slot.last_error.load());
        After(slot.state(), local, slot.errors.load(Relaxed), first, last)
    });
    assert_eq!(balancer.ajp_slot(0).unwrap().busy(), others as u64);
    drop(held);
    after
}

const YOUNG: Moment = Moment::from_millis(T0.as_millis() - 29_999);
const OLD: Moment = Moment::from_millis(T0.as_millis() - 30_000);
const NEVER: Moment = Moment::NEVER;
const TIMEOUT: Outcome = Outcome::ReplyTimeout { count: 1 };
const IN_LIMIT: Outcome = Outcome::ReplyTimeout { count: 0 };
const LOCAL: Outcome = Outcome::LocalError;
const OK: State = State::Ok;
const ERR: State = State::Error;
const BUSY: State = State::Busy;
const PROBE: State = State::Probe;

/// Row, state before, error times before, others in flight, outcome, what it leaves.
type Row = (&'static str, State, Moment, usize, Outcome, After);

#[rustfmt::skip]
const ATTEMPTS: &[Row] = &[
    ("TR-05", OK, NEVER, 0, Outcome::Success, After(OK, OK, 0, NEVER, NEVER)),
    ("TR-05 from PROBE", PROBE, OLD, 0, Outcome::Success, After(OK, OK, 0, NEVER, NEVER)),
    ("TR-05 from ERROR", ERR, OLD, 0, Outcome::Success, After(OK, OK, 0, NEVER, NEVER)),
    ("TR-06", PROBE, OLD, 0, Outcome::ClientError, After(OK, ERR, 0, NEVER, NEVER)),
    ("TR-07", OK, YOUNG, 0, Outcome::Internal, After(OK, ERR, 0, YOUNG, YOUNG)),
    ("TR-08", PROBE, YOUNG, 0, Outcome::Protocol, After(OK, ERR, 0, YOUNG, YOUNG)),
    ("TR-04 except ERROR", ERR, YOUNG, 0, Outcome::Protocol, After(ERR, ERR, 0, YOUNG, YOUNG)),
    ("TR-09", ERR, YOUNG, 0, Outcome::StatusSoft, After(OK, ERR, 0, NEVER, NEVER)),
    ("TR-10", OK, YOUNG, 9, Outcome::StatusHard, After(ERR, ERR, 1, T0, T0)),
    ("TR-11", OK, NEVER, 9, Outcome::BusyLimit, After(BUSY, BUSY, 0, NEVER, NEVER)),
    ("TR-12", OK, NEVER, 9, TIMEOUT, After(ERR, ERR, 1, T0, T0)),
    ("TR-13", BUSY, NEVER, 0, IN_LIMIT, After(OK, ERR, 0, NEVER, NEVER)),
    ("TR-14 idle, TR-15", OK, NEVER, 0, LOCAL, After(ERR, ERR, 1, T0, T0)),
    ("TR-14 others in flight", OK, NEVER, 1, LOCAL, After(OK, ERR, 1, T0, T0)),
    ("TR-14 keeps the first time", BUSY, YOUNG, 1, LOCAL, After(OK, ERR, 1, YOUNG, T0)),
    ("TR-14 escalates", OK, OLD, 1, LOCAL, After(ERR, ERR, 1, OLD, T0)),
    ("TR-14 in error by others", ERR, YOUNG, 1, LOCAL, After(ERR, ERR, 1, YOUNG, T0)),
    ("aborted", OK, YOUNG, 0, Outcome::Aborted, After(OK, ERR, 0, YOUNG, YOUNG)),
];

#[test]
fn tr04_to_tr14_table() {
    for (row, before, error, others, outcome, after) in ATTEMPTS {
        assert_eq!(attempt(*before, *error, *others, *outcome), *after, "{row}");
    }
}

#[test]
fn tr07_exhaustion_of_this_host_says_nothing_about_a_member() {
    let states = [
        OK,
        ERR,
        BUSY,
        PROBE,
        State::Idle,
        State::Recover,
        State::Force,
    ];
    for before in states {
        for (others, error) in [(0, NEVER), (0, OLD), (9, YOUNG)] {
            let after = attempt(before, error, others, Outcome::Internal);
            assert_eq!(after, After(before, ERR, 0, error, error), "{before:?}");
        }
    }
}

#[test]
fn tr07_a_probe_that_this_host_could_not_make_is_free_for_the_next() {
    let balancer = plain(2, |_| {});
    let ask = cookie("JSESSIONID=x.m1");
    set(&balancer, 0, State::Recover);
    assert_eq!(serve(&balancer, &ask, Outcome::Internal, T0), 0);
    assert_eq!(state(&balancer, 0), State::Recover);
    assert_eq!(balancer.ajp_slot(0).unwrap().state(), State::Idle);
    assert_eq!(balancer.ajp_slot(0).unwrap().errors.load(Relaxed), 0);
}

#[test]
fn tr14_without_escalation_time() {
    let balancer = plain(2, |spec| spec.error_escalation_time = Duration::ZERO);
    let _other = balancer
        .slots
        .enter_ajp(balancer.worker(0).unwrap().column());
    assert_eq!(
        serve(&balancer, &Ask::default(), Outcome::LocalError, T0),
        0
    );
    assert_eq!(state(&balancer, 0), State::Error);
}

#[test]
fn l11_reply_timeouts_are_compared_with_the_limit() {
    let balancer = plain(2, |spec| spec.max_reply_timeouts = 3);
    let timeout = Outcome::ReplyTimeout { count: 2 };
    let ask = cookie("JSESSIONID=x.m1");
    serve(&balancer, &ask, timeout, T0);
    assert_eq!(state(&balancer, 0), State::Ok, "TR-13: 2 of 3");
    serve(&balancer, &ask, timeout, T0);
    assert_eq!(state(&balancer, 0), State::Error, "TR-12: 4 of 3");
    assert_eq!(
        balancer.ajp_slot(0).unwrap().reply_timeouts.load(Relaxed),
        4
    );
}

#[test]
fn tr01_one_request_probes() {
    let balancer = plain(2, |_| {});
    set(&balancer, 0, State::Recover);
    let ask = cookie("JSESSIONID=x.m1");
    with(&balancer, &ask, T0, |late| {
        with(&balancer, &ask, T0, |first| {
            let Pick::Member(choice) = first.pick(T0) else {
                panic!()
            };
            assert_eq!((choice.index, state(&balancer, 0)), (0, State::Probe));
            assert_eq!(first.state(0), Some(State::Probe));
            let Pick::Member(other) = late.pick(T0) else {
                panic!()
            };
            assert_eq!((other.index, late.state(0)), (1, Some(State::Probe)));
            let lease = Lease::begin(first, &choice);
            end(lease, Outcome::Success, NONE, first);
        });
    });
    assert_eq!(state(&balancer, 0), State::Ok);
}

#[test]
fn a_probe_that_is_given_up_is_free_for_the_next() {
    let balancer = plain(2, |_| {});
    let ask = cookie("JSESSIONID=x.m1");
    set(&balancer, 0, State::Recover);
    assert_eq!(pick(&balancer, &ask).unwrap().0, 0);
    assert_eq!(state(&balancer, 0), State::Recover, "picked, not started");
    with(&balancer, &ask, T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        drop(Lease::begin(selection, &choice));
        assert_eq!(state(&balancer, 0), State::Recover, "started, not finished");
    });
    with(&balancer, &ask, T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        selection.no_endpoint(choice.index, T0);
    });
    assert_eq!(state(&balancer, 0), State::Busy, "TR-03 ends the probe");
}

#[test]
fn tr03_no_endpoint() {
    let balancer = plain(2, |_| {});
    with(&balancer, &Ask::default(), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        selection.no_endpoint(choice.index, T0);
        assert_eq!(
            (state(&balancer, 0), selection.state(0)),
            (State::Busy, Some(State::Busy))
        );
        let Pick::Member(next) = selection.pick(T0) else {
            panic!()
        };
        assert_eq!(next.index, 1);
        set(&balancer, 1, State::Error);
        selection.no_endpoint(1, T0);
        assert_eq!(
            (state(&balancer, 1), selection.state(1)),
            (State::Error, Some(State::Busy))
        );
    });
}

#[test]
fn tr02_busy_no_more() {
    let balancer = plain(2, |spec| spec.members[0].ajp.busy_limit = Some(1));
    set(&balancer, 0, State::Busy);
    let overrides = ActivationOverrides::default();
    let input = RoutingInput {
        routes: SessionRoutes::default(),
        jk_route: None,
        stateless: false,
        overrides: &overrides,
        request: SampleRequest::plain(),
    };
    let begin = |room: bool| {
        drop(Selection::begin(
            &balancer,
            balancer.roster(),
            &input,
            &|_| room,
            T0,
            &NoLog,
        ))
    };
    begin(false);
    assert_eq!(
        state(&balancer, 0),
        State::Busy,
        "TR-02: no room in the pool"
    );
    let at_limit = balancer
        .slots
        .enter_ajp(balancer.worker(0).unwrap().column());
    begin(true);
    assert_eq!(state(&balancer, 0), State::Busy, "TR-02: at the busy limit");
    drop(at_limit);
    begin(true);
    assert_eq!(state(&balancer, 0), State::Ok, "TR-02");
}

#[test]
fn tr20_forces_recovery_once_per_request() {
    let balancer = plain(2, |_| {});
    set(&balancer, 0, State::Error);
    set(&balancer, 1, State::Busy);
    balancer
        .ajp_slot(0)
        .unwrap()
        .reply_timeouts
        .store(7, Relaxed);
    let overrides = ActivationOverrides::default();
    let input = RoutingInput {
        routes: SessionRoutes::default(),
        jk_route: None,
        stateless: false,
        overrides: &overrides,
        request: SampleRequest::plain(),
    };
    let mut selection =
        Selection::begin(&balancer, balancer.roster(), &input, &|_| false, T0, &NoLog);
    let Pick::Member(choice) = selection.pick(T0) else {
        panic!()
    };
    assert_eq!((choice.index, state(&balancer, 0)), (0, State::Force));
    assert_eq!(
        balancer.ajp_slot(0).unwrap().reply_timeouts.load(Relaxed),
        0
    );
    assert_eq!(state(&balancer, 1), State::Busy, "only those in ERROR");
    let lease = Lease::begin(&mut selection, &choice);
    end(lease, Outcome::LocalError, NONE, &mut selection);
    assert_eq!(
        selection.pick(T0),
        Pick::NoMember(Missing::Unusable),
        "once"
    );
}

#[test]
fn ss18_force_recovery_applies_under_sticky_force() {
    let balancer = plain(2, |spec| spec.sticky_session_force = true);
    set(&balancer, 0, State::Error);
    assert_eq!(
        pick(&balancer, &cookie("JSESSIONID=x.m1")),
        Ok((0, true, "m1".into()))
    );
    set(&balancer, 0, State::Probe);
    let missing = pick(&balancer, &cookie("JSESSIONID=x.m1"));
    assert_eq!(missing, Err(Missing::StickyForce), "F-13");
}

#[test]
fn lb10_failed_attempts_count_and_statistics_are_kept() {
    let balancer = plain(2, |spec| spec.members[1].lbfactor = 2);
    let ask = cookie("JSESSIONID=x.m1");
    for outcome in [Outcome::Success, Outcome::ClientError, Outcome::LocalError] {
        serve(&balancer, &ask, outcome, T0);
    }
    let got = balancer.note(0).unwrap();
    assert_eq!(
        (got.value, got.accessed, got.errors, got.busy),
        (6, 3, 1, 0)
    );
    assert_eq!((got.read, got.transferred, got.sessions), (30, 15, 0));
    assert_eq!((got.name, got.state), ("m1".into(), State::Error));
    let ajp = balancer.ajp_slot(0).unwrap();
    assert_eq!(ajp.client_errors.load(Relaxed), 1, "BG-19");
    assert_eq!(
        (ajp.errors.load(Relaxed), ajp.state()),
        (1, State::Error),
        "SV-05, ST-11"
    );
    assert_eq!(ajp.max_busy.load(Relaxed), 1);
    ajp.record(Outcome::BusyLimit, NONE, T0);
    assert_eq!(ajp.errors.load(Relaxed), 2, "SV-02");
    assert!(balancer.note(2).is_none());
}

#[test]
fn sv02_a_lease_knows_how_busy_the_worker_was() {
    let balancer = plain(1, |_| {});
    let _others: Vec<_> = (0..3).map(|_| balancer.slots.enter_ajp(0)).collect();
    with(&balancer, &Ask::default(), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        let lease = Lease::begin(selection, &choice);
        assert_eq!(lease.busy(), 4);
        let highest = || balancer.ajp_slot(0).unwrap().max_busy.load(Relaxed);
        assert_eq!(highest(), 0, "whoever is turned away is not counted");
        lease.admitted();
        assert_eq!(highest(), 4);
    });
}

#[test]
fn st_texts() {
    let texts = [
        "OK/IDLE", "OK", "ERR/REC", "ERR/FRC", "OK/BUSY", "ERR", "ERR/PRB",
    ];
    for (code, text) in (0..).zip(texts) {
        let state = State::from_code(code);
        assert_eq!((state.as_str(), state.code()), (text, code), "ST-{code}");
        assert_eq!(state.is_usable(), code <= 3, "ST-{code}");
    }
    assert_eq!(State::from_code(99), State::Error);
}

#[test]
fn estimates_latency_and_usable_since() {
    let balancer = plain(1, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    serve(&balancer, &Ask::default(), Outcome::Success, T0);
    assert_eq!(slot.latency_us(T0), 8000);
    assert_eq!(slot.usable_since.load(), T0, "first seen");
    slot.add_latency(Duration::from_millis(16), T0);
    assert_eq!(slot.latency_us(T0), 9000);
    serve(&balancer, &Ask::default(), Outcome::LocalError, later(5));
    assert_eq!(slot.latency_us(later(5)), 9000, "failures do not count");
    serve(&balancer, &Ask::default(), Outcome::Success, later(9));
    assert_eq!(slot.usable_since.load(), later(9), "back by force recovery");
}

#[test]
fn a_member_that_was_slow_once_is_tried_again() {
    let balancer = plain(1, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    assert_eq!(slot.latency_us(T0), 0, "no sample");
    slot.add_latency(Duration::from_secs(4), T0);
    let after = |seconds: u64| slot.latency_us(later(seconds * 1000));
    assert_eq!(
        [after(9), after(10), after(20)],
        [4_000_000, 2_000_000, 1_000_000]
    );
    assert_eq!(after(120), 4_000_000 >> 12, "below what fast members have");
    assert_eq!(after(100_000), 1, "there was one");
    slot.add_latency(Duration::from_millis(8), later(60_000));
    assert_eq!(after(60), 8000, "what is that old weighs nothing");
}

#[test]
fn busy_does_not_leak_by_drop_or_panic() {
    let balancer = plain(2, |_| {});
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        with(&balancer, &Ask::default(), T0, |selection| {
            let Pick::Member(choice) = selection.pick(T0) else {
                return;
            };
            let _lease = Lease::begin(selection, &choice);
            assert_eq!(balancer.ajp_slot(0).unwrap().busy(), 1);
            assert_eq!(balancer.slot().busy(), 1);
            std::panic::resume_unwind(Box::new("in the middle of a request"));
        })
    }));
    assert!(caught.is_err());
    assert_eq!(balancer.ajp_slot(0).unwrap().busy(), 0);
    assert_eq!(balancer.slot().busy(), 0);
    assert_eq!(
        state(&balancer, 0),
        State::Idle,
        "an abort says nothing about the member"
    );
}
