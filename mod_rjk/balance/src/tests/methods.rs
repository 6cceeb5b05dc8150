//! Each balancing method by hand (contract §4.2); `model.rs` has the brute force.

use super::support::*;
use crate::*;
use rjk_config::model::{Activation, BalanceMethod, LbSpec, RuleExtensions};
use rjk_log::NoLog;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn by(method: BalanceMethod, factors: &[u32], change: impl FnOnce(&mut LbSpec)) -> Balancer {
    plain(factors.len(), |spec| {
        spec.method = method;
        for (member, &factor) in std::iter::zip(&mut spec.members, factors) {
            member.lbfactor = factor;
        }
        change(spec);
    })
}

fn values(balancer: &Balancer) -> Vec<u64> {
    let members = 0..balancer.spec().members.len();
    members
        .map(|index| balancer.note(index).unwrap().value)
        .collect()
}

fn set_values(balancer: &Balancer, values: &[u64]) {
    for (index, &value) in values.iter().enumerate() {
        balancer.member_slot(index).unwrap().set_value(value);
    }
}

/// Attempts of requests without a session that are still under way.
fn hold<'a>(balancer: &'a Balancer, input: &'a RoutingInput<'a>) -> Lease<'a> {
    let mut selection = Selection::begin(balancer, balancer.roster(), input, &|_| true, T0, &NoLog);
    let Pick::Member(choice) = selection.pick(T0) else {
        panic!("no member")
    };
    Lease::begin(&mut selection, &choice)
}

fn input(overrides: &ActivationOverrides) -> RoutingInput<'_> {
    RoutingInput {
        routes: SessionRoutes::default(),
        jk_route: None,
        stateless: false,
        overrides,
        request: SampleRequest::plain(),
    }
}

/// One minute after another.
fn minutes(balancer: &Balancer, count: u64) {
    for minute in 0..=count {
        maintain(balancer, MINUTE, later(minute * 60_000), &NoLog);
    }
}

/// Who serves, and V of both, after a request without a session, one with a session on m1, one that
/// is stateless and one that fails; each moves 15 bytes.
#[test]
fn lb10_to_lb14_what_counts() {
    let table = [
        (BalanceMethod::Request, vec![2, 4]),
        (BalanceMethod::Traffic, vec![30, 60]),
        (BalanceMethod::Busyness, vec![0, 0]),
        (BalanceMethod::Session, vec![0, 4]),
        (BalanceMethod::Next, vec![0, 4]),
    ];
    for (method, expected) in table {
        let balancer = by(method, &[2, 1], |_| {});
        let m2 = |rule: RuleExtensions| Ask {
            rule: RuleExtensions {
                activation: vec![("m1".into(), Activation::Disabled)],
                ..rule
            },
            ..Ask::default()
        };
        let stateless = RuleExtensions {
            stateless: true,
            ..RuleExtensions::default()
        };
        for (ask, outcome) in [
            (cookie("JSESSIONID=a.m1"), Outcome::Success),
            (m2(RuleExtensions::default()), Outcome::Success),
            (m2(RuleExtensions::default()), Outcome::Protocol),
            (cookie("JSESSIONID=a.m1"), Outcome::ClientError),
        ] {
            serve(&balancer, &ask, outcome, T0);
        }
        assert_eq!(values(&balancer), expected, "{method:?}");
        let before = values(&balancer);
        serve(&balancer, &m2(stateless), Outcome::Success, T0);
        let counts = matches!(method, BalanceMethod::Request | BalanceMethod::Traffic);
        let after = values(&balancer);
        assert_eq!(after != before, counts, "{method:?}: {before:?} {after:?}");
        let sessions = [0, 1].map(|index| balancer.note(index).unwrap().sessions);
        assert_eq!(sessions, [0, 2], "LB-16: the same for all, {method:?}");
    }
}

#[test]
fn lb12_busyness_is_what_is_in_flight_times_m() {
    let balancer = by(BalanceMethod::Busyness, &[3, 1], |_| {});
    let overrides = ActivationOverrides::default();
    let input = input(&overrides);
    let mut held: Vec<Lease<'_>> = (0..6).map(|_| hold(&balancer, &input)).collect();
    let order: Vec<usize> = held.iter().map(Lease::index).collect();
    assert_eq!(order, [0, 1, 0, 0, 1, 0], "3 to 1, ties rotate");
    assert_eq!(values(&balancer), [4, 6]);
    assert_eq!(
        balancer.note(0).unwrap().value,
        4,
        "what the status worker says"
    );
    let first = held.swap_remove(1);
    let local = first.finish(Outcome::LocalError, Traffic::default(), MINUTE, T0);
    assert_eq!((local, values(&balancer)), (State::Error, vec![4, 3]));
    drop(held);
    assert_eq!(values(&balancer), [0, 0], "given up without a result");
}

#[test]
fn lb12_only_busyness_counts_what_is_in_flight() {
    for method in BalanceMethod::ALL {
        let balancer = by(method, &[1, 1], |_| {});
        let overrides = ActivationOverrides::default();
        let input = input(&overrides);
        let held = hold(&balancer, &input);
        let busy = balancer.member_slot(held.index()).unwrap().busy();
        assert_eq!(busy > 0, method == BalanceMethod::Busyness, "{method:?}");
        assert_eq!(balancer.note(0).unwrap().busy, 1, "{method:?}");
    }
}

#[test]
fn lb12_h09_a_killed_child_leaves_no_load() {
    let balancer = by(BalanceMethod::Busyness, &[1, 1], |_| {});
    let overrides = ActivationOverrides::default();
    let input = input(&overrides);
    let held = hold(&balancer, &input);
    std::mem::forget(hold(&balancer, &input));
    assert_eq!(values(&balancer), [1, 1]);
    std::mem::forget(held);
    assert_eq!(balancer.slots.segment.ledger().reap(100).rows, 1);
    assert_eq!(values(&balancer), [0, 0]);
}

#[test]
fn lb12_a_second_balancer_over_the_same_worker_does_not_count() {
    let mut second = lb(vec![member("m1"), member("m2")]);
    second.name = "lb2".into();
    second.method = BalanceMethod::Busyness;
    let mut first = second.clone();
    first.name = "lb".into();
    let workers = [first.clone(), second.clone()].map(rjk_config::model::WorkerSpec::Lb);
    let topology = Topology::new(&workers);
    let segment = Segment::leaked(&Layout::new(&topology, 4));
    let slots = Slots { segment, row: None };
    let [first, second] = [first, second].map(|spec| {
        Balancer::new(spec.into(), &topology, slots, &Default::default(), None).unwrap()
    });
    let overrides = ActivationOverrides::default();
    let input = input(&overrides);
    let _held = [hold(&first, &input), hold(&first, &input)];
    assert_eq!((values(&first), values(&second)), (vec![1, 1], vec![0, 0]));
    assert_eq!(second.note(0).unwrap().busy, 1, "LB-05");
}

#[test]
fn lb10_to_lb15_decay() {
    let table = [
        (BalanceMethod::Request, vec![25, 100, 0]),
        (BalanceMethod::Traffic, vec![25, 100, 0]),
        (BalanceMethod::Busyness, vec![0, 0, 0]),
        (BalanceMethod::Session, vec![25, 100, 0]),
        (BalanceMethod::Next, vec![0, 300, 0]),
    ];
    for (method, expected) in table {
        let balancer = by(method, &[1, 1, 1], |spec| {
            spec.members[2].activation = Activation::Disabled;
        });
        maintain(&balancer, MINUTE, T0, &NoLog);
        set_values(&balancer, &[100, 400, 3]);
        maintain(&balancer, MINUTE, later(120_000), &NoLog);
        let found = values(&balancer);
        assert_eq!(found, expected, "{method:?}: two intervals");
    }
}

#[test]
fn lb14_next_takes_off_the_minimum_of_the_usable() {
    type Change = fn(&mut LbSpec);
    let all: Change = |_| {};
    let disabled: Change = |spec| spec.members[0].activation = Activation::Disabled;
    let stopped: Change = |spec| spec.members[0].activation = Activation::Stopped;
    let table: [(&str, Change, State, [u64; 3]); 7] = [
        ("all", all, State::Ok, [0, 5, 27]),
        ("idle", all, State::Idle, [0, 5, 27]),
        ("forced", all, State::Force, [0, 5, 27]),
        ("in error", all, State::Error, [0, 0, 22]),
        ("probed", all, State::Probe, [0, 0, 22]),
        ("disabled", disabled, State::Ok, [0, 0, 22]),
        ("stopped", stopped, State::Ok, [0, 0, 22]),
    ];
    for (what, change, state, expected) in table {
        let balancer = by(BalanceMethod::Next, &[1, 1, 1], change);
        minutes(&balancer, 0);
        set_values(&balancer, &[3, 8, 30]);
        set(&balancer, 0, state);
        balancer
            .member_slot(0)
            .unwrap()
            .last_error
            .store(later(59_000));
        maintain(&balancer, MINUTE, later(60_000), &NoLog);
        assert_eq!(values(&balancer), expected, "{what}");
    }
}

#[test]
fn tr16_tr21_a_recovering_member_starts_with_the_highest_load() {
    for method in BalanceMethod::ALL {
        let balancer = by(method, &[1, 1], |_| {});
        let overrides = ActivationOverrides::default();
        let input = input(&overrides);
        let _held = hold(&balancer, &input);
        maintain(&balancer, MINUTE, T0, &NoLog);
        set_values(&balancer, &[80, 6]);
        serve(
            &balancer,
            &cookie("JSESSIONID=x.m2"),
            Outcome::StatusHard,
            T0,
        );
        let worked_out = method == BalanceMethod::Busyness;
        for by_hand in [true, false] {
            set(&balancer, 1, State::Error);
            if by_hand {
                recover_member(&balancer, 1, later(1));
            } else {
                maintain(&balancer, MINUTE, later(61_000), &NoLog);
            }
            assert_eq!(state(&balancer, 1), State::Recover, "{method:?}");
            let values = values(&balancer);
            match worked_out {
                true => assert_eq!(values, [1, 0], "nobody is given what is not there"),
                false => assert_eq!(values[0], values[1], "{method:?}"),
            }
        }
    }
}

#[test]
fn lb11_traffic_that_is_full_stays_full() {
    let factors = [4_294_967_291, 4_294_967_279, 65_537, 1];
    let balancer = by(BalanceMethod::Traffic, &factors, |_| {});
    let ask = cookie("JSESSIONID=x.m4");
    for _ in 0..3 {
        with(&balancer, &ask, T0, |selection| {
            let Pick::Member(choice) = selection.pick(T0) else {
                panic!()
            };
            let traffic = Traffic {
                read: 1 << 40,
                sent: u64::MAX,
            };
            end(
                Lease::begin(selection, &choice),
                Outcome::Success,
                traffic,
                selection,
            );
        });
        assert_eq!(values(&balancer)[3], u64::MAX);
    }
}

/// H-09: children and their threads at once lose no count, whatever the method.
#[test]
fn h09_counts_are_exact_under_threads() {
    const THREADS: u64 = 6;
    const REQUESTS: u64 = if cfg!(miri) { 10 } else { 400 };
    for method in BalanceMethod::ALL {
        let balancer = by(method, &[3, 2, 1], |_| {});
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let balancer = &balancer;
                scope.spawn(move || {
                    for request in 0..REQUESTS {
                        let ask = match (thread + request) % 2 {
                            0 => cookie("JSESSIONID=a.m2"),
                            _ => Ask::default(),
                        };
                        serve(balancer, &ask, Outcome::Success, T0);
                    }
                });
            }
        });
        let notes = (0..3).map(|index| balancer.note(index).unwrap());
        let notes: Vec<_> = notes.collect();
        let served: u64 = notes.iter().map(|note| note.accessed).sum();
        let sessions: u64 = notes.iter().map(|note| note.sessions).sum();
        assert_eq!(
            (served, sessions),
            (THREADS * REQUESTS, THREADS * REQUESTS / 2)
        );
        for (note, m) in std::iter::zip(&notes, [2, 3, 6]) {
            let expected = match method {
                BalanceMethod::Request => note.accessed * m,
                BalanceMethod::Traffic => (note.read + note.transferred) * m,
                BalanceMethod::Busyness => 0,
                BalanceMethod::Session | BalanceMethod::Next => note.sessions * m,
            };
            assert_eq!(note.value, expected, "{method:?}");
        }
    }
}
