//! The harness against a policy that touches everything.

use super::*;
use crate::{Members, Policy, Source, Table};
use serde::Deserialize;
use std::cell::Cell;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    worker: String,
    limit: u8,
}

/// Answers what the header `X-Do` asks for, and counts what it observes.
struct Scripted {
    worker: u32,
    observed: Cell<u64>,
}

impl Policy for Scripted {
    type Config = Config;

    fn configure(members: &Members, config: Config) -> Result<Scripted, String> {
        if config.limit > 3 {
            return Err("limit is 0 to 3".to_string());
        }
        let worker = members.index_of(&config.worker)?;
        Ok(Scripted {
            worker,
            observed: Cell::new(0),
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        match request.header("x-do").as_deref() {
            Some("worker") => Decision::Worker(self.worker),
            Some("if-candidate") => Decision::worker_if_candidate(self.worker, request),
            Some("reject") => Decision::Reject(429),
            Some("bad-status") => Decision::Reject(200),
            Some("bad-counter") => Decision::Reject(500 + request.counter_add(16, 1) as u16),
            Some("least-busy") => least_busy(request),
            Some("flood") => flood(|| request.now_ms()),
            Some("flood-list") => flood(|| request.candidates()),
            Some("flood-question") => flood(|| request.is_candidate(0)),
            Some("sticky") => sticky.map_or(Decision::Builtin, Decision::Worker),
            Some("tell") => tell(request),
            _ => Decision::Builtin,
        }
    }
}

/// Answers with the position in a table of the server name.
struct ByName(Table);

impl Policy for ByName {
    type Config = crate::NoConfig;

    fn configure(_: &Members, _: crate::NoConfig) -> Result<ByName, String> {
        Ok(ByName(Table::new(
            Source::ServerName,
            ["b.example", "a.example", "b.example"],
        )))
    }

    fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
        let position = request.look_up(&self.0);
        position.map_or(Decision::Builtin, |position| {
            Decision::Worker(position as u32)
        })
    }
}

#[test]
fn a_table_gives_the_first_position() {
    let harness = Harness::<ByName>::new(members(&["a", "b", "c"]), json!({})).unwrap();
    for (name, expected) in [
        ("a.example", Decision::Worker(1)),
        ("b.example", Decision::Worker(0)),
        ("B.example", Decision::Builtin),
    ] {
        let request = FakeRequest::get("/").with_server_name(name);
        assert_eq!(
            harness.choose(&request, None, &harness.candidates()),
            Ok(expected)
        );
        assert_eq!(harness.calls(), 1);
    }
}

fn least_busy(request: &Request) -> Decision {
    let all = request.candidates();
    let least = all.iter().min_by_key(|c| c.busy);
    least.map_or(Decision::Builtin, |c| Decision::Worker(c.index))
}

/// One call more than allowed, with the header that asked for it.
fn flood<T>(call: impl Fn() -> T) -> Decision {
    (0..64).for_each(|_| drop(call()));
    Decision::Builtin
}

fn tell(request: &Request) -> Decision {
    let line = format!(
        "{} {} {:?} {:?} {} {} {} {}",
        request.method(),
        request.path(),
        request.query(),
        request.cookie("c"),
        request.client_address(),
        request.tls(),
        request.server_name(),
        request.now_ms(),
    );
    request.log(Level::Info, &line);
    request.counter_add(3, 2);
    Decision::Builtin
}

impl Observer for Scripted {
    fn observe(&self, host: &Host, outcome: &Outcome) {
        self.observed
            .set(self.observed.get() + u64::from(outcome.status));
        host.counter_add(0, outcome.bytes);
    }
}

crate::export!(Scripted, observer);

fn harness() -> Harness<Scripted> {
    Harness::new(
        members(&["a", "b", "c"]),
        json!({ "worker": "c", "limit": 1 }),
    )
    .unwrap()
}

fn asks(what: &str) -> FakeRequest {
    FakeRequest::get("/").with_header("X-Do", what)
}

#[test]
fn decisions_are_checked_as_the_host_checks_them() {
    let harness = harness();
    let all = harness.candidates();
    let table = [
        ("nothing", None, &all[..], Ok(Decision::Builtin)),
        ("worker", None, &all[..], Ok(Decision::Worker(2))),
        ("worker", None, &all[..2], Err(Fault::BadIndex(2))),
        ("if-candidate", None, &all[..], Ok(Decision::Worker(2))),
        ("if-candidate", None, &all[..2], Ok(Decision::Builtin)),
        ("sticky", Some(1), &all[..], Ok(Decision::Worker(1))),
        ("reject", None, &all[..], Ok(Decision::Reject(429))),
        ("bad-status", None, &all[..], Err(Fault::BadStatus(200))),
        ("bad-counter", None, &all[..], Err(Fault::BadCounter(16))),
        ("flood", None, &all[..], Err(Fault::TooManyCalls)),
        ("flood-list", None, &all[..], Err(Fault::TooManyCalls)),
        ("flood-question", None, &all[..], Err(Fault::TooManyCalls)),
    ];
    for (what, sticky, candidates, expected) in table {
        let decision = harness.choose(&asks(what), sticky, candidates);
        assert_eq!(decision, expected, "{what}");
    }
    let after = harness.choose(&asks("nothing"), None, &all);
    assert_eq!(after, Ok(Decision::Builtin), "a fault is reported once");
}

#[test]
fn the_request_tells_what_was_put_into_it() {
    let harness = harness();
    harness.set_now_ms(17);
    let request = FakeRequest::get("/p?q=1")
        .with_method("PUT")
        .with_header("X-Do", "tell")
        .with_header("x-do", "worker")
        .with_cookie("C", "no")
        .with_cookie("c", "yes")
        .with_client_address("::1")
        .with_tls()
        .with_server_name("s");
    let decision = harness.choose(&request, None, &harness.candidates());
    assert_eq!(decision, Ok(Decision::Builtin));
    let line = "PUT /p Some(\"q=1\") Some(\"yes\") ::1 true s 17".to_string();
    assert_eq!(harness.log_lines(), [(Level::Info, line)]);
    assert_eq!((harness.counter(3), harness.counter(99)), (2, 0));
}

#[test]
fn the_candidates_are_those_that_the_test_gives() {
    let harness = harness();
    let mut candidates = harness.candidates();
    candidates[0].busy = 2;
    candidates[2].busy = 1;
    for (range, expected) in [
        (0..3, Decision::Worker(1)),
        (2..3, Decision::Worker(2)),
        (0..0, Decision::Builtin),
    ] {
        let decision = harness.choose(&asks("least-busy"), None, &candidates[range]);
        assert_eq!(decision, Ok(expected));
    }
}

#[test]
fn the_calls_of_the_last_decision_are_counted() {
    let harness = harness();
    let all = harness.candidates();
    for (what, calls) in [("if-candidate", 2), ("nothing", 1), ("flood", 65)] {
        harness.choose(&asks(what), None, &all).ok();
        assert_eq!(harness.calls(), calls, "{what}");
    }
}

#[test]
fn an_observer_is_told() {
    let harness = harness();
    let outcome = Outcome {
        index: 1,
        status: 200,
        duration_us: 5,
        bytes: 7,
    };
    assert_eq!(harness.observe(&outcome), Ok(()));
    assert_eq!(harness.policy().observed.get(), 200);
    assert_eq!(harness.counter(0), 7);
}

#[test]
fn configuration_errors_speak_to_the_administrator() {
    let table = [
        (json!({ "worker": "a" }), "missing field `limit`"),
        (
            json!({ "worker": "a", "limit": 1, "x": 0 }),
            "unknown field `x`, expected `worker` or `limit`",
        ),
        (
            json!({ "worker": "a", "limit": "1" }),
            "invalid type: string \"1\", expected u8",
        ),
        (json!({ "worker": "a", "limit": 9 }), "limit is 0 to 3"),
        (
            json!({ "worker": "d", "limit": 1 }),
            "the balancer has no member \"d\"; its members are \"a\", \"b\", \"c\"",
        ),
    ];
    for (config, expected) in table {
        let error = Harness::<Scripted>::new(members(&["a", "b", "c"]), config).err();
        assert_eq!(error.as_deref(), Some(expected));
    }
}

#[test]
fn a_seed_repeats_its_numbers_and_they_spread() {
    let backend = |seed| {
        let host = FakeHost::default();
        host.random_state.set(seed);
        Backend::new(Rc::new(host), FakeRequest::get("/"), Vec::new())
    };
    let (one, two) = (backend(5), backend(5));
    let numbers: Vec<u64> = (0..4000).map(|_| one.random()).collect();
    let again: Vec<u64> = (0..4000).map(|_| two.random()).collect();
    assert_eq!(numbers, again);
    let high = numbers.iter().filter(|n| **n > u64::MAX / 2).count();
    assert!((1850..2150).contains(&high), "{high} of 4000");
}
