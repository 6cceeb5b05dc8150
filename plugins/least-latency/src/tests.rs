use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::Activation;
use rjk_policy_sdk::testing::{FakeMembers, FakeRequest, Harness, Value, json, members};
use std::time::Duration;

const NAMES: [&str; 3] = ["was1", "was2", "was3"];
const MS: u64 = 1000;

fn harness(instances: usize) -> Harness<LeastLatency> {
    let harness = Harness::with_instances(instances, members(&NAMES), json!({})).unwrap();
    harness.advance(Duration::from_secs(100));
    harness
}

fn took(member: u32, micros: u64) -> Outcome {
    Outcome {
        head_us: micros,
        total_us: 10 * micros,
        ..Outcome::ok(member)
    }
}

/// How often each member is taken by so many requests that see the same.
fn shares(harness: &Harness<LeastLatency>, members: &FakeMembers) -> [u32; 3] {
    let mut shares = [0; 3];
    for _ in 0..900 {
        match harness.choose(&FakeRequest::get("/"), None, members) {
            Ok(Decision::Worker(member)) => shares[member as usize] += 1,
            other => panic!("{other:?}"),
        }
    }
    shares
}

/// Those in flight that let no member look idle.
fn busy(harness: &Harness<LeastLatency>, busy: [u64; 3]) -> FakeMembers {
    let mut members = harness.all();
    for (member, busy) in members.iter_mut().zip(busy) {
        member.busy = busy;
    }
    members
}

#[test]
fn the_faster_of_two_takes_the_request() {
    let harness = harness(1);
    for (member, micros) in [(0, 10 * MS), (1, 100 * MS), (2, 9 * MS)] {
        harness.observe(&took(member, micros)).unwrap();
    }
    let shares = shares(&harness, &harness.all());
    assert_eq!(shares[1], 0, "whoever the other is, it is faster");
    // was3 of two pairs out of three; five standard deviations are 71.
    assert!((529..=671).contains(&shares[2]), "{shares:?}");
    assert_eq!(harness.calls(), 5, "list, chance, clock, two cells");
}

#[test]
fn those_who_wait_there_count() {
    let harness = harness(1);
    for (member, micros) in [(0, 10 * MS), (1, 25 * MS), (2, 1000 * MS)] {
        harness.observe(&took(member, micros)).unwrap();
    }
    let taken = shares(&harness, &busy(&harness, [1, 1, 0]));
    assert!(
        taken[0] > taken[1] && taken[2] == 0,
        "20 before 50: {taken:?}"
    );
    let taken = shares(&harness, &busy(&harness, [9, 1, 0]));
    assert!(
        taken[1] > taken[0] && taken[2] == 0,
        "50 before 100: {taken:?}"
    );
    // And so does the weight: twice as many may wait on a member of weight 2.
    let mut heavy = busy(&harness, [9, 1, 0]);
    heavy[0].weight = 4;
    let taken = shares(&harness, &heavy);
    assert!(taken[0] > taken[1], "100 / 4 before 50: {taken:?}");
}

#[test]
fn a_peak_counts_at_once_and_is_forgotten_slowly() {
    let half = 5000;
    let first = Estimate::with(None, 10 * MS, 0, half).unwrap();
    let peak = Estimate::with(Some(first), 200 * MS, 1, half).unwrap();
    assert_eq!(peak.micros(), 200 * MS);
    let after = Estimate::with(Some(peak), 10 * MS, 5001, half).unwrap();
    assert_eq!(after.micros(), 105 * MS, "half of what is above");
    assert_eq!(after.aged(5001 + 5000, half), 52_500);
    assert_eq!(after.aged(5001 + 7500, half), 37_123, "one and a half");
    assert_eq!(after.aged(5001 - 1, half), 0, "49 days");
}

/// As many small steps as one likes come to the same as one large one.
#[test]
fn samples_in_the_same_millisecond_are_not_lost() {
    let half = 5000;
    let mut known = Estimate::with(None, 200 * MS, 0, half).unwrap();
    for sample in 0..50_000 {
        if let Some(new) = Estimate::with(Some(known), 10 * MS, sample / 10, half) {
            known = new;
        }
    }
    let expected = 105 * MS;
    assert!(
        known.micros().abs_diff(expected) < 12 * MS,
        "{}",
        known.micros()
    );
}

#[test]
fn a_failure_does_not_make_fast() {
    let failed = |ended| Outcome {
        ended,
        status: 0,
        head_us: 0,
        total_us: 50,
        ..Outcome::ok(1)
    };
    let answered = |status| Outcome {
        status,
        head_us: 50,
        ..Outcome::ok(1)
    };
    let table = [
        (failed(Ended::CONNECT), Some(1000 * MS)),
        (failed(Ended::BROKEN), Some(1000 * MS)),
        (failed(Ended::PROTOCOL), Some(1000 * MS)),
        (answered(503), Some(1000 * MS)),
        (
            Outcome {
                ended: Ended::STATUS,
                ..answered(404)
            },
            Some(1000 * MS),
        ),
        (
            Outcome {
                total_us: 30_000 * MS,
                ..failed(Ended::TIMEOUT)
            },
            Some(30_000 * MS),
        ),
        (answered(404), Some(50)),
        (failed(Ended::BUSY), None),
        (failed(Ended::CLIENT), None),
        (failed(Ended::HOST), None),
        (failed(Ended(99)), None),
        (
            Outcome {
                ended: Ended::CLIENT,
                ..answered(200)
            },
            Some(50),
        ),
    ];
    for (outcome, expected) in table {
        let harness = harness(1);
        harness.observe(&outcome).unwrap();
        let known = Estimate::of_cell(harness.cell(StoreCell::of_member(1, 0)).unwrap());
        assert_eq!(known.map(Estimate::micros), expected, "{outcome:?}");
    }
}

#[test]
fn a_member_that_nobody_knows_is_tried_by_one_request_at_a_time() {
    let harness = harness(1);
    for member in [0, 1] {
        harness.observe(&took(member, 10 * MS)).unwrap();
    }
    let tried = shares(&harness, &busy(&harness, [1, 1, 0]));
    assert!(
        (529..=671).contains(&tried[2]),
        "of two pairs out of three: {tried:?}"
    );
    let waited_for = shares(&harness, &busy(&harness, [1, 1, 1]));
    assert_eq!(waited_for[2], 0);
    let nobody = Harness::<LeastLatency>::new(members(&NAMES), json!({})).unwrap();
    let all = shares(&nobody, &busy(&nobody, [1, 1, 1]));
    assert!(all.iter().all(|share| *share > 200), "{all:?}");
}

#[test]
fn a_member_that_was_slow_is_tried_again() {
    let harness = harness(1);
    for (member, micros) in [(0, 20 * MS), (1, 20 * MS), (2, 200 * MS)] {
        harness.observe(&took(member, micros)).unwrap();
    }
    let keep_known = || {
        for member in [0, 1] {
            harness.observe(&took(member, 20 * MS)).unwrap();
        }
    };
    let idle_slow = busy(&harness, [1, 1, 0]);
    assert_eq!(shares(&harness, &idle_slow)[2], 0);
    harness.advance(Duration::from_secs(20));
    keep_known();
    assert_eq!(shares(&harness, &idle_slow)[2], 0, "50 ms");
    harness.advance(Duration::from_secs(20));
    keep_known();
    assert!(shares(&harness, &idle_slow)[2] > 0, "12 ms");
    assert_eq!(
        shares(&harness, &busy(&harness, [1, 1, 1]))[2],
        0,
        "until that one is back"
    );
}

#[test]
fn what_one_instance_learns_all_know() {
    let harness = harness(4);
    for (instance, member) in [(3, 0), (2, 1), (1, 2)] {
        let micros = if member == 0 { 500 * MS } else { 10 * MS };
        harness.on(instance).observe(&took(member, micros)).unwrap();
    }
    for instance in 0..4 {
        for _ in 0..50 {
            let decision =
                harness
                    .on(instance)
                    .choose(&FakeRequest::get("/"), None, &harness.all());
            assert!(
                matches!(decision, Ok(Decision::Worker(1 | 2))),
                "{decision:?}"
            );
        }
    }
}

#[test]
fn sessions_disabled_and_far_members_are_left_alone() {
    let harness = harness(1);
    let mut members = harness.all();
    assert_eq!(
        harness.choose(&FakeRequest::get("/"), Some(1), &members),
        Ok(Decision::Builtin)
    );
    assert_eq!(harness.calls(), 0);
    members[0].activation = Activation::DISABLED;
    members[1].distance = 1;
    assert_eq!(shares(&harness, &members), [0, 0, 900]);
    members[2].candidate = false;
    assert_eq!(shares(&harness, &members), [0, 900, 0]);
    let nobody = members.only(&[0]);
    assert_eq!(
        harness.choose(&FakeRequest::get("/"), None, &nobody),
        Ok(Decision::Builtin)
    );
}

#[test]
fn configuration_errors_say_what_to_write() {
    let table: [(Value, &str); 3] = [
        (
            json!({ "half_life_ms": 5 }),
            "half_life_ms is 10 to 600000, in milliseconds, not 5",
        ),
        (
            json!({ "penalty_ms": 600_001 }),
            "penalty_ms is 10 to 600000, in milliseconds, not 600001",
        ),
        (
            json!({ "half_life": 5 }),
            "unknown field `half_life`, expected `half_life_ms` or `penalty_ms`",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<LeastLatency>::new(members(&NAMES), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

proptest! {
    /// An estimate lies between the sample and what was known, and never above the highest sample.
    #[test]
    fn an_estimate_lies_between(old in 1_u64..u32::MAX.into(), sample in 0_u64..u32::MAX.into(), age: u32, then: u32) {
        let known = Estimate::with(None, old, then, 5000).unwrap();
        let new = Estimate::with(Some(known), sample, then.wrapping_add(age), 5000).unwrap_or(known);
        prop_assert!(new.micros() >= sample && new.micros() <= old.max(sample.max(1)));
        prop_assert!(known.aged(then.wrapping_add(age), 5000) <= old);
    }

    #[test]
    fn two_of_several_are_never_the_same(count in 2_usize..70, random: u64) {
        let near = |member| Near { member, busy: 0, weight: 1 };
        let several: Vec<Near> = (0..count as u32).map(near).collect();
        let (one, other) = two_of(&several, random);
        prop_assert_ne!(one.member, other.member);
    }
}
