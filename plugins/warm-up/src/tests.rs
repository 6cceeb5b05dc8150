use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::Activation;
use rjk_policy_sdk::testing::{FakeMembers, FakeRequest, Harness, Value, balancer, json, members};
use rjk_policy_sdk::{Balancer, Member};

const NAMES: [&str; 3] = ["was1", "was2", "was3"];

fn harness(config: Value) -> Harness<WarmUp> {
    Harness::new(members(&NAMES), config).unwrap()
}

/// Was in error, and is back for so long.
fn back(members: &mut FakeMembers, member: usize, ms: u64) {
    members[member].usable_for_ms = ms;
    members[member].failed_before_ms = ms + 60_000;
}

/// How often each is taken by so many requests that see the same; none when the built-in method decides.
fn shares(harness: &Harness<WarmUp>, members: &FakeMembers, requests: u32) -> Option<[f64; 3]> {
    let mut shares = [0.0; 3];
    for _ in 0..requests {
        match harness
            .choose(&FakeRequest::get("/"), None, members)
            .unwrap()
        {
            Decision::Worker(member) => shares[member as usize] += 1.0,
            Decision::Builtin => return None,
            other => panic!("{other:?}"),
        }
    }
    Some(shares.map(|share| share / f64::from(requests)))
}

#[test]
fn nothing_is_done_for_members_that_never_failed_or_are_warm() {
    let harness = harness(json!({ "seconds": 60 }));
    let mut members = harness.all();
    assert_eq!(shares(&harness, &members, 10), None, "a new httpd");
    back(&mut members, 2, 60_000);
    assert_eq!(shares(&harness, &members, 10), None);
    assert_eq!(harness.calls(), 1, "the list");
    back(&mut members, 2, 59_999);
    assert!(shares(&harness, &members, 10).is_some());
    assert_eq!(harness.calls(), 2, "the list and a random number");
    assert_eq!(
        harness.choose(&FakeRequest::get("/"), Some(2), &members),
        Ok(Decision::Builtin)
    );
    assert_eq!(harness.calls(), 0, "a session");
}

/// The share of a member of weight 2 among two of weight 1, all its time: within five standard deviations.
#[test]
fn the_share_grows_as_the_definition_says() {
    let table = [
        (json!({ "seconds": 60 }), 1.0, 0.05),
        (json!({ "seconds": 60, "exponent": 2 }), 2.0, 0.05),
        (
            json!({ "seconds": 60, "exponent": 0.5, "least_percent": 20 }),
            0.5,
            0.2,
        ),
    ];
    for (config, exponent, least) in table {
        let harness = harness(config);
        let mut members = harness.all();
        members[1].weight = 2;
        for second in [0, 1, 6, 15, 30, 45, 59] {
            back(&mut members, 1, second * 1000);
            let warmth = (second as f64 / 60.0).powf(exponent).max(least);
            let expected = 2.0 * warmth / (2.0 + 2.0 * warmth);
            let shares = shares(&harness, &members, 4000).unwrap();
            let deviation = (expected * (1.0 - expected) / 4000.0).sqrt();
            let off = (shares[1] - expected).abs();
            assert!(
                off <= 5.0 * deviation,
                "{second} s, {exponent}: {shares:?}, not {expected}"
            );
            assert!((shares[0] - shares[2]).abs() < 0.08, "{shares:?}");
        }
    }
}

#[test]
fn nobody_starves_when_all_are_warming() {
    let harness = harness(json!({ "seconds": 60 }));
    let mut members = harness.all();
    for (member, ms) in [(0, 0), (1, 0), (2, 0)] {
        back(&mut members, member, ms);
    }
    let all = shares(&harness, &members, 3000).unwrap();
    assert!(all.iter().all(|share| *share > 0.28), "{all:?}");
    back(&mut members, 0, 30_000);
    let first = shares(&harness, &members, 3000).unwrap();
    assert!(
        first[0] > 0.7 && first[1] > 0.04 && first[2] > 0.04,
        "{first:?}"
    );
    let only = members.only(&[1]);
    assert_eq!(shares(&harness, &only, 10), Some([0.0, 1.0, 0.0]));
}

#[test]
fn disabled_and_far_members_are_left_alone() {
    let harness = harness(json!({ "seconds": 60 }));
    let mut members = harness.all();
    back(&mut members, 0, 1000);
    members[1].activation = Activation::DISABLED;
    members[2].distance = 1;
    assert_eq!(shares(&harness, &members, 10), Some([1.0, 0.0, 0.0]));
    members[0].candidate = false;
    assert_eq!(shares(&harness, &members, 10), None, "the far one is warm");
    let nobody = members.only(&[]);
    assert_eq!(shares(&harness, &nobody, 10), None);
}

/// The method Request as the host has it, with its decay each minute: the share of the member that came back
/// at 0, in each 10 s, at 30 requests a second.
fn shares_over_time(policy: &Harness<WarmUp>, seconds: u64) -> Vec<f64> {
    let mut members = policy.all();
    for member in &mut *members {
        // It returns with the highest load.
        member.load = 1000;
    }
    let mut shares = Vec::new();
    for ten in 0..seconds / 10 {
        let mut taken = 0;
        for request in 0..300 {
            back(&mut members, 2, (ten * 300 + request) * 1000 / 30);
            let decision = policy
                .choose(&FakeRequest::get("/"), None, &members)
                .unwrap();
            let member = match decision {
                Decision::Worker(member) => member as usize,
                _ => (0..3).min_by_key(|member| members[*member].load).unwrap(),
            };
            members[member].load += 1;
            taken += u32::from(member == 2);
        }
        if ten % 6 == 5 {
            members.iter_mut().for_each(|member| member.load /= 2);
        }
        shares.push(f64::from(taken) / 300.0);
    }
    shares
}

/// What it did not get while it warmed up is not made up for in a rush.
#[test]
fn no_rush_comes_after_the_warm_up() {
    let shares = shares_over_time(&harness(json!({ "seconds": 60 })), 900);
    assert!(shares.iter().all(|share| *share < 0.5), "{shares:?}");
    assert!(shares[0] < 0.12 && shares[89] > 0.3, "{shares:?}");
    // Busyness has no memory, and nothing to be made up for.
    let busyness = Balancer {
        method: "Busyness".to_string(),
        ..balancer()
    };
    let all: Vec<Member> = members(&NAMES);
    let busyness =
        Harness::<WarmUp>::for_balancer(1, busyness, all, json!({ "seconds": 60 })).unwrap();
    assert!(
        shares_over_time(&busyness, 120)[6] > 0.6,
        "with a memory there is a rush"
    );
}

#[test]
fn configuration_errors_say_what_to_write() {
    let table = [
        (json!({}), "missing field `seconds`"),
        (json!({ "seconds": 0 }), "seconds is 1 to 3600, not 0"),
        (json!({ "seconds": 3601 }), "seconds is 1 to 3600, not 3601"),
        (
            json!({ "seconds": 9, "exponent": 0 }),
            "exponent is 0.1 to 10, not 0",
        ),
        (
            json!({ "seconds": 9, "least_percent": 101 }),
            "least_percent is 0.1 to 100, not 101",
        ),
        (
            json!({ "seconds": 9, "slow": 1 }),
            "unknown field `slow`, expected one of `seconds`, `exponent`, `least_percent`",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<WarmUp>::new(members(&NAMES), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

proptest! {
    /// Whatever the members are like: a candidate is taken, or the built-in method decides.
    #[test]
    fn only_candidates_are_taken(
        rows in prop::collection::vec((any::<bool>(), any::<bool>(), any::<u64>(), any::<u64>(), any::<u64>()), 3),
    ) {
        let harness = harness(json!({ "seconds": 3600, "exponent": 10 }));
        let mut members = harness.all();
        for (member, (candidate, failed, usable, load, weight)) in members.iter_mut().zip(rows) {
            member.candidate = candidate;
            (member.load, member.usable_for_ms, member.weight) = (load, usable % 8_000_000, weight);
            member.failed_before_ms = if failed { 1 } else { NEVER };
        }
        let decision = harness.choose(&FakeRequest::get("/"), None, &members);
        prop_assert!(matches!(decision, Ok(Decision::Worker(_) | Decision::Builtin)), "{:?}", decision);
    }
}
