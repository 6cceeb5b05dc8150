use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::testing::{FakeRequest, Harness, Value, json, members};

const NAMES: [&str; 4] = ["was1", "was2", "was3", "was4"];

fn harness(config: Value) -> Harness<Canary> {
    Harness::new(members(&NAMES), config).unwrap()
}

fn plain() -> FakeRequest {
    FakeRequest::get("/")
}

fn with(value: &str) -> FakeRequest {
    plain().with_header("x-canary", value)
}

/// was2 and was4 are canaries.
fn two_canaries(percent: f64) -> Harness<Canary> {
    harness(json!({ "header": "X-Canary", "percent": percent, "workers": ["was4", "was2"] }))
}

#[test]
fn the_header_goes_before_the_percentage() {
    let (nobody, everybody) = (two_canaries(0.0), two_canaries(100.0));
    let (stable, canary) = (Decision::Worker(0), Decision::Worker(1));
    let table = [
        ("nobody", &nobody, plain(), stable),
        ("everybody", &everybody, plain(), canary),
        ("1", &nobody, with("1"), canary),
        ("true", &nobody, with("true"), canary),
        ("always", &nobody, with("always"), canary),
        ("0", &everybody, with("0"), stable),
        ("false", &everybody, with("false"), stable),
        ("never", &everybody, with("never"), stable),
        (
            "another value asks for nothing",
            &nobody,
            with("yes"),
            stable,
        ),
        (
            "an empty value asks for nothing",
            &everybody,
            with(""),
            canary,
        ),
    ];
    for (case, harness, request, expected) in table {
        let decision = harness.choose(&request, None, &harness.all());
        assert_eq!(decision, Ok(expected), "{case}");
    }
}

#[test]
fn without_a_header_key_no_header_asks_for_anything() {
    let harness = harness(json!({ "percent": 0, "worker": "was2" }));
    let decision = harness.choose(&with("1"), None, &harness.all());
    assert_eq!(decision, Ok(Decision::Worker(0)));
}

#[test]
fn sessions_stay_where_they_began() {
    for percent in [0.0, 50.0, 100.0] {
        let harness = two_canaries(percent);
        for sticky in 0..4 {
            for request in [plain(), with("1"), with("0")] {
                let decision = harness.choose(&request, Some(sticky), &harness.all());
                assert_eq!(decision, Ok(Decision::Builtin));
                assert_eq!(harness.calls(), 0, "the session is all that counts");
            }
        }
    }
}

#[test]
fn nothing_is_asked_in_vain() {
    let no_header = harness(json!({ "percent": 50, "worker": "was2" }));
    let no_chance = harness(json!({ "percent": 0, "worker": "was2" }));
    let all = two_canaries(50.0);
    let table = [
        ("header, chance, list", &all, plain(), 3),
        ("header, list", &all, with("1"), 2),
        ("chance, list", &no_header, with("1"), 2),
        ("list", &no_chance, plain(), 1),
    ];
    for (case, harness, request, calls) in table {
        let decision = harness.choose(&request, None, &harness.all());
        assert!(matches!(decision, Ok(Decision::Worker(_))), "{case}");
        assert_eq!(harness.calls(), calls, "{case}");
    }
}

#[test]
fn the_least_loaded_of_the_group_is_chosen() {
    let harness = harness(json!({ "percent": 0, "worker": "was4" }));
    let near = [0; 4];
    let table = [
        ("least load", near, [5, 3, 4, 0], Some(1)),
        ("the first of equals", near, [7, 7, 7, 0], Some(0)),
        ("distance first", [1, 0, 0, 0], [0, 9, 8, 0], Some(2)),
        ("below zero is nearer", [0, -1, 0, 0], [0, 9, 8, 0], Some(1)),
    ];
    for (case, distances, loads, expected) in table {
        let mut candidates = harness.all();
        for (candidate, (distance, load)) in
            candidates.iter_mut().zip(distances.into_iter().zip(loads))
        {
            candidate.distance = distance;
            candidate.load = load;
        }
        let decision = harness.choose(&plain(), None, &candidates);
        assert_eq!(
            decision,
            Ok(expected.map_or(Decision::Builtin, Decision::Worker)),
            "{case}"
        );
    }
}

#[test]
fn a_group_with_nobody_left_leaves_it_to_the_builtin_method() {
    let harness = two_canaries(50.0);
    let no_canary = harness.all().only(&[0, 2]);
    let no_stable = harness.all().only(&[1, 3]);
    let mut all_disabled = harness.all();
    for candidate in &mut *all_disabled {
        candidate.activation = Activation::DISABLED;
    }
    let nobody = harness.all().only(&[]);
    let table = [
        ("canary wanted", with("1"), &no_canary),
        ("stable wanted", with("0"), &no_stable),
        ("none active", with("1"), &all_disabled),
        ("none at all", plain(), &nobody),
    ];
    for (case, request, candidates) in table {
        let decision = harness.choose(&request, None, candidates);
        assert_eq!(decision, Ok(Decision::Builtin), "{case}");
    }
}

#[test]
fn configuration_errors_say_what_to_write() {
    let table = [
        (json!({ "worker": "was1" }), "missing field `percent`"),
        (
            json!({ "percent": "5", "worker": "was1" }),
            "invalid type: string \"5\", expected f64",
        ),
        (
            json!({ "percent": 5 }),
            "write worker = \"NAME\" or workers = [\"NAME\", ...]",
        ),
        (
            json!({ "percent": 5, "workers": [] }),
            "write worker = \"NAME\" or workers = [\"NAME\", ...]",
        ),
        (
            json!({ "percent": 5, "worker": "was1", "workers": ["was2"] }),
            "\"worker\" and \"workers\" are both given; keep one",
        ),
        (
            json!({ "percent": 5, "worker": "was9" }),
            "the balancer has no member \"was9\"; \
             its members are \"was1\", \"was2\", \"was3\", \"was4\"",
        ),
        (
            json!({ "percent": 5, "workers": NAMES }),
            "every member of the balancer is a canary; leave out one at least",
        ),
        (
            json!({ "percent": 101, "worker": "was1" }),
            "percent is 0 to 100, not 101",
        ),
        (
            json!({ "percent": -0.5, "worker": "was1" }),
            "percent is 0 to 100, not -0.5",
        ),
        (
            json!({ "percent": 5, "worker": "was1", "header": "" }),
            "the name of the header is empty; leave the key out for none",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<Canary>::new(members(&NAMES), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Over many new sessions the canary gets its share: within five standard deviations.
    #[test]
    fn the_share_is_kept(seed: u64, percent in 0.0..=100.0) {
        let harness = two_canaries(percent);
        harness.seed(seed);
        let candidates = harness.all();
        let sessions = 2000_u32;
        let to_canary = (0..sessions)
            .filter(|_| harness.choose(&plain(), None, &candidates) == Ok(Decision::Worker(1)))
            .count() as f64;
        let share = percent / 100.0;
        let expected = share * f64::from(sessions);
        let deviation = (expected * (1.0 - share)).sqrt();
        prop_assert!((to_canary - expected).abs() <= 5.0 * deviation + 1.0, "{to_canary}");
    }

    /// Never a member that is not an active candidate, never one of the wrong group; with one left
    /// in the group there is always a choice, and it has the least load of them.
    #[test]
    fn the_choice_agrees_with_brute_force(
        state in prop::collection::vec((any::<bool>(), any::<bool>(), 0_u64..4), 4),
        canary: bool,
    ) {
        let harness = two_canaries(if canary { 100.0 } else { 0.0 });
        let mut members = harness.all();
        for (member, (candidate, active, load)) in members.iter_mut().zip(&state) {
            member.candidate = *candidate;
            member.load = *load;
            if !active {
                member.activation = Activation::DISABLED;
            }
        }
        let group: Vec<(u32, u64)> = (0..)
            .zip(&state)
            .filter(|(place, (candidate, active, _))| {
                *candidate && *active && (place % 2 == 1) == canary
            })
            .map(|(place, (_, _, load))| (place, *load))
            .collect();
        match harness.choose(&plain(), None, &members) {
            Ok(Decision::Worker(member)) => {
                let chosen = group.iter().find(|(place, _)| *place == member);
                let least = group.iter().map(|(_, load)| *load).min();
                prop_assert_eq!(chosen.map(|(_, load)| *load), least);
                prop_assert!(chosen.is_some());
            }
            other => {
                prop_assert_eq!(other, Ok(Decision::Builtin));
                prop_assert!(group.is_empty());
            }
        }
    }
}
