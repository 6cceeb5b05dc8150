//! The failures of a member against what happened, told once more.

use super::support::*;
use crate::*;
use proptest::prelude::*;
use std::time::Duration;

const ENDINGS: [Outcome; 11] = [
    Outcome::Success,
    Outcome::ClientError,
    Outcome::Internal,
    Outcome::Protocol,
    Outcome::StatusSoft,
    Outcome::StatusHard,
    Outcome::BusyLimit,
    Outcome::ReplyTimeout { count: 0 },
    Outcome::ReplyTimeout { count: 2 },
    Outcome::LocalError,
    Outcome::Aborted,
];

/// Whether the member is to blame; `None` when the attempt says nothing about it.
fn blames(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Success => Some(false),
        Outcome::Protocol
        | Outcome::StatusSoft
        | Outcome::StatusHard
        | Outcome::ReplyTimeout { .. }
        | Outcome::LocalError => Some(true),
        _ => None,
    }
}

/// What the history says: failures since the last success, and how long ago the latest was.
fn told(history: &[(Outcome, u64)], now: u64) -> (u64, Option<Duration>) {
    let said = || {
        history
            .iter()
            .rev()
            .filter_map(|(o, at)| Some((blames(*o)?, at)))
    };
    let row = said().take_while(|(blamed, _)| *blamed).count();
    let latest = said().find(|(blamed, _)| *blamed).map(|(_, at)| now - at);
    (row as u64, latest.map(Duration::from_millis))
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn failures_are_those_of_the_history(
        steps in proptest::collection::vec((prop::sample::select(ENDINGS.to_vec()), 1..20_000_u64), 0..60),
        reset in proptest::option::of(0..60_usize),
    ) {
        let balancer = plain(1, |_| {});
        let slot = balancer.member_slot(0).unwrap();
        let (mut history, mut now) = (Vec::new(), 0);
        for (number, (outcome, wait)) in steps.into_iter().enumerate() {
            now += wait;
            // Whatever the failures before made of it, this attempt is on it.
            set(&balancer, 0, State::Ok);
            serve(&balancer, &Ask::default(), outcome, later(now));
            history.push((outcome, now));
            if reset == Some(number) {
                reset_member(&balancer, 0, later(now));
                history.clear();
            }
            let seen = (slot.failures.in_a_row(), slot.failures.age(later(now + 7)));
            prop_assert_eq!(seen, told(&history, now + 7));
        }
    }
}

/// A given up attempt and a full pool are no failures.
#[test]
fn what_says_nothing_about_a_member_is_no_failure() {
    let balancer = plain(1, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    serve(&balancer, &Ask::default(), Outcome::Protocol, T0);
    set(&balancer, 0, State::Ok);
    with(&balancer, &Ask::default(), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!("no member")
        };
        drop(Lease::begin(selection, &choice));
        selection.no_endpoint(0, later(5));
    });
    assert_eq!(slot.failures.in_a_row(), 1);
    assert_eq!(slot.failures.age(later(9)), Some(Duration::from_millis(9)));
}

#[test]
fn the_latency_has_an_age_that_a_reset_does_not_touch() {
    let balancer = plain(1, |_| {});
    let slot = balancer.member_slot(0).unwrap();
    assert_eq!(slot.latency_age(T0), None);
    serve(&balancer, &Ask::default(), Outcome::Success, T0);
    serve(&balancer, &Ask::default(), Outcome::LocalError, later(50));
    reset_member(&balancer, 0, later(60));
    assert_eq!(slot.latency_age(later(70)), Some(Duration::from_millis(70)));
}
