use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::testing::{FakeRequest, Harness, Value, json, members};

const NAMES: [&str; 3] = ["was1", "was2", "was3"];

fn harness(config: Value) -> Harness<HeaderRoute> {
    Harness::new(members(&NAMES), config).unwrap()
}

#[test]
fn the_value_names_the_worker() {
    let by_header = harness(json!({
        "header": "X-Tenant",
        "workers": { "acme": "was2", "zeta": "was3", "": "was1" },
    }));
    let by_cookie = harness(json!({ "cookie": "tenant", "workers": { "acme": "was2" } }));
    let plain = || FakeRequest::get("/");
    let header = |value| plain().with_header("x-tenant", value);
    let cookie = |value| plain().with_cookie("tenant", value);
    let table = [
        ("header", &by_header, header("acme"), Decision::Worker(1)),
        ("another", &by_header, header("zeta"), Decision::Worker(2)),
        ("empty value", &by_header, header(""), Decision::Worker(0)),
        ("case counts", &by_header, header("Acme"), Decision::Builtin),
        ("unknown value", &by_header, header("x"), Decision::Builtin),
        ("no header", &by_header, plain(), Decision::Builtin),
        (
            "only a cookie",
            &by_header,
            cookie("acme"),
            Decision::Builtin,
        ),
        ("cookie", &by_cookie, cookie("acme"), Decision::Worker(1)),
        (
            "only a header",
            &by_cookie,
            header("acme"),
            Decision::Builtin,
        ),
        (
            "the first header counts",
            &by_header,
            header("zeta").with_header("X-Tenant", "acme"),
            Decision::Worker(2),
        ),
    ];
    for (case, harness, request, expected) in table {
        let decision = harness.choose(&request, None, &harness.all());
        assert_eq!(decision, Ok(expected), "{case}");
    }
}

#[test]
fn the_value_goes_before_the_session() {
    let harness = harness(json!({ "header": "X-Tenant", "workers": { "acme": "was2" } }));
    let request = FakeRequest::get("/").with_header("X-Tenant", "acme");
    let decision = harness.choose(&request, Some(0), &harness.all());
    assert_eq!(decision, Ok(Decision::Worker(1)));
}

#[test]
fn a_worker_that_cannot_be_chosen_now_leaves_it_to_the_builtin_method() {
    let harness = harness(json!({ "header": "X-Tenant", "workers": { "acme": "was2" } }));
    let request = FakeRequest::get("/").with_header("X-Tenant", "acme");
    let decision = harness.choose(&request, None, &harness.all().only(&[0, 2]));
    assert_eq!(decision, Ok(Decision::Builtin));
}

#[test]
fn nothing_is_asked_in_vain() {
    let harness = harness(json!({ "header": "X-Tenant", "workers": { "acme": "was2" } }));
    let plain = FakeRequest::get("/");
    let with = |value| plain.clone().with_header("X-Tenant", value);
    for (request, calls) in [(plain.clone(), 1), (with("x"), 1), (with("acme"), 2)] {
        let decision = harness.choose(&request, None, &harness.all());
        assert!(decision.is_ok());
        assert_eq!(harness.calls(), calls);
    }
}

#[test]
fn configuration_errors_say_what_to_write() {
    let workers = json!({ "acme": "was2" });
    let table = [
        (
            json!({ "workers": workers }),
            "write header = \"NAME\" or cookie = \"NAME\"",
        ),
        (
            json!({ "header": "a", "cookie": "b", "workers": workers }),
            "\"header\" and \"cookie\" are both given; keep one",
        ),
        (
            json!({ "header": "", "workers": workers }),
            "the name of the header or cookie is empty",
        ),
        (json!({ "header": "a" }), "missing field `workers`"),
        (
            json!({ "header": "a", "workers": {} }),
            "the table \"workers\" is empty; write lines of value = \"worker name\"",
        ),
        (
            json!({ "header": "a", "workers": { "acme": "was9" } }),
            "workers.\"acme\": the balancer has no member \"was9\"; \
             its members are \"was1\", \"was2\", \"was3\"",
        ),
        (
            json!({ "heder": "a", "workers": workers }),
            "unknown field `heder`, expected one of `header`, `cookie`, `workers`",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<HeaderRoute>::new(members(&NAMES), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

proptest! {
    /// Whatever the table holds, a value finds its own worker and no other.
    #[test]
    fn each_value_finds_its_own_worker(
        table in prop::collection::btree_map("[a-z]{0,6}", 0_u32..3, 1..20),
        other in "[a-z]{0,6}",
    ) {
        let workers: BTreeMap<&str, &str> = table
            .iter()
            .map(|(value, index)| (value.as_str(), NAMES[*index as usize]))
            .collect();
        let harness = harness(json!({ "cookie": "t", "workers": workers }));
        for value in table.keys().chain([&other]) {
            let request = FakeRequest::get("/").with_cookie("t", value);
            let decision = harness.choose(&request, None, &harness.all());
            let expected = table.get(value).map_or(Decision::Builtin, |i| Decision::Worker(*i));
            prop_assert_eq!(decision, Ok(expected));
        }
    }
}
