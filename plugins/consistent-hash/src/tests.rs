use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::Activation;
use rjk_policy_sdk::testing::{FakeMembers, FakeRequest, Harness, Value, json, members};

const NAMES: [&str; 5] = ["was1", "was2", "was3", "was4", "was5"];

fn harness_of(names: &[&str], config: Value) -> Harness<ConsistentHash> {
    Harness::new(members(names), config).unwrap()
}

fn by_header(names: &[&str]) -> Harness<ConsistentHash> {
    harness_of(names, json!({ "header": "X-Key" }))
}

fn key(value: impl ToString) -> FakeRequest {
    FakeRequest::get("/").with_header("x-key", &value.to_string())
}

/// The name of the member that takes this key.
fn owner<'a>(
    names: &[&'a str],
    harness: &Harness<ConsistentHash>,
    key: u64,
    members: &FakeMembers,
) -> &'a str {
    match harness.choose(&self::key(key), None, members) {
        Ok(Decision::Worker(member)) => names[member as usize],
        other => panic!("{other:?}"),
    }
}

/// Owners of the keys 0 to 2999 when all members can be chosen and nothing is in flight.
fn owners<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let harness = by_header(names);
    let all = harness.all();
    (0..3000)
        .map(|key| owner(names, &harness, key, &all))
        .collect()
}

#[test]
fn a_new_member_takes_its_share_and_nothing_else_moves() {
    let (before, after) = (owners(&NAMES[..4]), owners(&NAMES));
    let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
    assert!(moved.iter().all(|(_, after)| **after == "was5"));
    // A fifth of 3000 is 600; five standard deviations are 110.
    assert!((490..=710).contains(&moved.len()), "{}", moved.len());
}

#[test]
fn names_count_and_not_positions() {
    assert_eq!(
        owners(&NAMES),
        owners(&["was4", "was1", "was5", "was3", "was2"])
    );
}

#[test]
fn a_member_that_is_gone_moves_its_own_keys_evenly() {
    let harness = by_header(&NAMES);
    let left = harness.all().only(&[0, 1, 3, 4]);
    let mut heirs = [0; 5];
    for (key, before) in (0..).zip(owners(&NAMES)) {
        let after = owner(&NAMES, &harness, key, &left);
        if before == "was3" {
            heirs[NAMES.iter().position(|name| *name == after).unwrap()] += 1;
        } else {
            assert_eq!(before, after, "{key}");
        }
    }
    // About 600 keys over four heirs: 150, five standard deviations are 54.
    assert!(
        [0, 1, 3, 4]
            .iter()
            .all(|heir| (90..=210).contains(&heirs[*heir])),
        "{heirs:?}"
    );
}

#[test]
fn weights_are_shares() {
    let harness = by_header(&NAMES[..3]);
    let mut members = harness.all();
    members[2].weight = 4;
    let before = owners(&NAMES[..3]);
    let mut kept = 0;
    for (key, before) in (0..).zip(before) {
        let after = owner(&NAMES, &harness, key, &members);
        assert!(after == before || after == "was3", "{before} to {after}");
        kept += u32::from(after == "was3");
    }
    // Four of six of 3000; five standard deviations are 129.
    assert!((1871..=2129).contains(&kept), "{kept}");
}

#[test]
fn every_kind_of_key_is_a_key() {
    let plain = || FakeRequest::get("/shop/1/x");
    let table = [
        (
            json!({ "header": "X-Key" }),
            plain().with_header("x-key", "1"),
            plain().with_header("other", "1"),
        ),
        (
            json!({ "cookie": "k" }),
            plain().with_cookie("k", "1"),
            plain().with_cookie("K", "1"),
        ),
        (
            json!({ "query": "k" }),
            FakeRequest::get("/?k=1"),
            FakeRequest::get("/?k="),
        ),
        (json!({ "path_segments": 2 }), plain(), FakeRequest::get("")),
        (
            json!({ "client_address": true }),
            plain(),
            plain().with_client_address(""),
        ),
    ];
    for (config, with, without) in table {
        let harness = harness_of(&NAMES, config.clone());
        let decision = harness.choose(&with, None, &harness.all());
        assert!(matches!(decision, Ok(Decision::Worker(_))), "{config}");
        assert_eq!(harness.calls(), 2, "a hash and the list: {config}");
        let decision = harness.choose(&without, None, &harness.all());
        assert_eq!(decision, Ok(Decision::Builtin), "{config}");
    }
    let harness = harness_of(&NAMES, json!({ "path_segments": 2 }));
    let one = harness.choose(&plain(), None, &harness.all());
    for path in ["/shop/1", "/shop/1/y?z"] {
        assert_eq!(
            harness.choose(&FakeRequest::get(path), None, &harness.all()),
            one
        );
    }
}

#[test]
fn a_session_goes_first_unless_the_file_says_otherwise() {
    let first = by_header(&NAMES);
    assert_eq!(
        first.choose(&key(1), Some(2), &first.all()),
        Ok(Decision::Builtin)
    );
    assert_eq!(first.calls(), 0);
    let never = harness_of(&NAMES, json!({ "header": "X-Key", "sticky": false }));
    let mut members = never.all();
    let free = never.choose(&key(1), None, &members).unwrap();
    assert_eq!(never.choose(&key(1), Some(2), &members), Ok(free));
    // A disabled member is a candidate for its sessions only, and the key is none.
    let Decision::Worker(owner) = free else {
        panic!("{free:?}")
    };
    members[owner as usize].activation = Activation::DISABLED;
    let other = never.choose(&key(1), Some(owner), &members);
    assert!(
        matches!(other, Ok(Decision::Worker(member)) if member != owner),
        "{other:?}"
    );
}

#[test]
fn near_members_go_before_far_ones() {
    let harness = by_header(&NAMES);
    let mut members = harness.all();
    for far in [0, 1, 2] {
        members[far].distance = 1;
    }
    members[3].distance = -1;
    assert_eq!(owner(&NAMES, &harness, 7, &members), "was4");
    members[3].candidate = false;
    assert_eq!(owner(&NAMES, &harness, 7, &members), "was5");
}

#[test]
fn configuration_errors_say_what_to_write() {
    let table = [
        (
            json!({}),
            "write what the key of a request is: header, cookie or query = \"NAME\", path_segments = 1, or client_address = true",
        ),
        (
            json!({ "client_address": false }),
            "write what the key of a request is: header, cookie or query = \"NAME\", path_segments = 1, or client_address = true",
        ),
        (
            json!({ "header": "X", "cookie": "Y" }),
            "a request has one key: keep one of header, cookie, query, path_segments and client_address",
        ),
        (
            json!({ "query": "" }),
            "the name of the header, cookie or query parameter is empty",
        ),
        (
            json!({ "path_segments": 0 }),
            "path_segments is 1 to 99, not 0",
        ),
        (
            json!({ "header": "X", "bound": 1 }),
            "bound is 1.01 to 10, or 0 for none, not 1",
        ),
        (
            json!({ "header": "X", "bound": 10.5 }),
            "bound is 1.01 to 10, or 0 for none, not 10.5",
        ),
        (
            json!({ "heder": "X" }),
            "unknown field `heder`, expected one of `header`, `cookie`, `query`, `path_segments`, `client_address`, `bound`, `sticky`",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<ConsistentHash>::new(members(&NAMES), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// There is always a member below the bound, the one that is chosen is, and it is the first of those in the
    /// order in which members would be taken if nothing was in flight.
    #[test]
    fn the_bound_is_kept_and_no_more_moves_than_it_says(
        busy in prop::collection::vec((0_u64..40, 1_u64..5), 5),
        bound in prop::sample::select(vec![1.01, 1.25, 2.0, 10.0]),
        wanted in 0_u64..1000,
    ) {
        let harness = harness_of(&NAMES, json!({ "header": "X-Key", "bound": bound }));
        let mut members = harness.all();
        let mut idle = harness.all();
        for (member, (busy, weight)) in busy.iter().enumerate() {
            (members[member].busy, members[member].weight) = (*busy, *weight);
            idle[member].weight = *weight;
        }
        let sum = |of: fn(&(u64, u64)) -> u64| busy.iter().map(of).sum::<u64>() as f64;
        let (all, weights) = (sum(|row| row.0), sum(|row| row.1));
        // As the definition has it: ⌈c·m·w/W⌉ requests with this one.
        let may = |(busy, weight): (u64, u64)| {
            (busy + 1) as f64 <= (bound * (all + 1.0) * weight as f64 / weights).ceil()
        };
        let mut expected = None;
        while expected.is_none() {
            let first = owner(&NAMES, &harness, wanted, &idle);
            let place = NAMES.iter().position(|name| *name == first).unwrap();
            if may(busy[place]) { expected = Some(first); }
            idle[place].candidate = false;
        }
        prop_assert_eq!(Some(owner(&NAMES, &harness, wanted, &members)), expected);
    }

    /// Any subset of the members: whoever is left keeps its keys.
    #[test]
    fn only_keys_of_those_who_are_gone_move(left in prop::collection::vec(any::<bool>(), 5), wanted: u64) {
        let harness = by_header(&NAMES);
        let left: Vec<u32> = (0..).zip(left).filter(|(_, left)| *left).map(|(member, _)| member).collect();
        let before = harness.choose(&key(wanted), None, &harness.all()).unwrap();
        let after = harness.choose(&key(wanted), None, &harness.all().only(&left)).unwrap();
        match before {
            Decision::Worker(member) if left.contains(&member) => prop_assert_eq!(after, before),
            _ => prop_assert_eq!(left.is_empty(), after == Decision::Builtin),
        }
    }
}
