//! The harness against a policy that touches everything.

use super::*;
use crate::{
    Decision, Ended, Host, Level, Matching, Metric, Observer, Outcome, Policy, Request, Setup,
    Source, StoreCell, Table, Text, Tried,
};
use serde::Deserialize;
use std::cell::Cell;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    worker: String,
    limit: u8,
}

/// Answers what the header `X-Do` asks for, and counts what it observes.
struct Scripted {
    worker: u32,
    segments: Text,
    seen: Cell<u64>,
}

impl Policy for Scripted {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<Scripted, String> {
        if config.limit > 3 {
            return Err("limit is 0 to 3".to_string());
        }
        setup.reserve(2, 1);
        setup.log(Level::Debug, &setup.balancer().name);
        Ok(Scripted {
            worker: setup.members().position_of(&config.worker)?,
            segments: setup.text(Source::PathSegments(1)),
            seen: Cell::new(0),
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        self.seen.set(self.seen.get() + 1);
        match request.header("x-do").as_deref() {
            Some("worker") => Decision::Worker(self.worker),
            Some("if-candidate") => Decision::worker_if_candidate(self.worker, request),
            Some("reject") => Decision::Reject(429),
            Some("bad-status") => Decision::Reject(200),
            Some("bad-counter") => Decision::Reject(500 + request.counter_add(16, 1) as u16),
            Some("bad-cell") => Decision::Worker(request.load(StoreCell::of_balancer(2)) as u32),
            Some("bad-member-cell") => {
                Decision::Worker(request.load(StoreCell::of_member(3, 0)) as u32)
            }
            Some("bad-position") => Decision::Worker(request.value(3, Metric::BUSY) as u32),
            Some("panic") => {
                Decision::Worker([0, 1][request.header("x-do").map_or(0, |t| t.len())])
            }
            Some("least-busy") => least_busy(request),
            Some("flood") => flood(|| request.now_ms()),
            Some("flood-list") => flood(|| request.candidates([])),
            Some("flood-question") => flood(|| request.is_candidate(0)),
            Some("copy") => flood_of(60, || request.path()),
            Some("sticky") => sticky.map_or(Decision::Builtin, Decision::Worker),
            Some("tell") => tell(request),
            Some("members") => tell_members(request),
            Some("notes") => notes(request),
            Some("segment") => {
                request.log(Level::Info, &format!("{:?}", request.text(self.segments)));
                Decision::Builtin
            }
            Some("take") => take(request, sticky),
            _ => Decision::Builtin,
        }
    }
}

impl Observer for Scripted {
    fn observe(&self, host: &Host, outcome: &Outcome) {
        host.counter_add(0, outcome.bytes);
        if outcome.token == 1 {
            host.sub(StoreCell::of_member(outcome.member, 0), 1);
        }
    }
}

fn least_busy(request: &Request) -> Decision {
    let all = request.candidates([Metric::LOAD, Metric::BUSY]);
    let least = all.iter().min_by_key(|(_, [_, busy])| *busy);
    least.map_or(Decision::Builtin, |(member, _)| Decision::Worker(member))
}

/// One call more than allowed, with the header that asked for it.
fn flood<T>(call: impl Fn() -> T) -> Decision {
    flood_of(64, call)
}

fn flood_of<T>(times: u32, call: impl Fn() -> T) -> Decision {
    (0..times).for_each(|_| drop(call()));
    Decision::Builtin
}

fn tell(request: &Request) -> Decision {
    let line = format!(
        "{} {} {:?} {:?} {} {} {} {} {}",
        request.method(),
        request.path(),
        request.query(),
        request.cookie("c"),
        request.client_address(),
        request.tls(),
        request.server_name(),
        request.now_ms(),
        request.monotonic_us(),
    );
    request.log(Level::Info, &line);
    request.counter_add(3, 2);
    Decision::Builtin
}

fn tell_members(request: &Request) -> Decision {
    let line = format!(
        "{:?} {} {:?} {} {} {}",
        request.builtin_choice(),
        request.attempt(),
        request.tried(),
        request.value(2, Metric::DISTANCE).cast_signed(),
        request.knows(Metric::SESSIONS),
        request.knows(Metric(17)),
    );
    request.log(Level::Info, &line);
    Decision::Builtin
}

fn notes(request: &Request) -> Decision {
    request.set_token(6);
    request.set_token(7);
    request.set_label("a\nlabel of more than thirty-two bytes");
    request.set_retry_after(30);
    Decision::Reject(503)
}

/// At most one request at a time of all instances for each member, counted in the store.
fn take(request: &Request, sticky: Option<u32>) -> Decision {
    let member = sticky.unwrap_or(0);
    let cell = StoreCell::of_member(member, 0);
    let taken = request.fetch_update(cell, |taken| (taken < 1).then_some(taken + 1));
    if taken.is_err() {
        return Decision::Reject(429);
    }
    request.set_token(1);
    Decision::Worker(member)
}

fn config() -> Value {
    json!({ "worker": "b", "limit": 1 })
}

fn harness() -> Harness<Scripted> {
    Harness::new(members(&["a", "b", "c"]), config()).unwrap()
}

fn asks(what: &str) -> FakeRequest {
    FakeRequest::get("/").with_header("X-Do", what)
}

#[test]
fn decisions_and_faults_are_those_of_the_host() {
    let harness = harness();
    let all = harness.all();
    let without = harness.all().only(&[0, 2]);
    let table = [
        ("worker", None, &all, Ok(Decision::Worker(1))),
        ("worker", None, &without, Err(Fault::BadMember(1))),
        ("if-candidate", None, &all, Ok(Decision::Worker(1))),
        ("if-candidate", None, &without, Ok(Decision::Builtin)),
        ("reject", None, &all, Ok(Decision::Reject(429))),
        ("bad-status", None, &all, Err(Fault::BadStatus(200))),
        ("bad-counter", None, &all, Err(Fault::BadCounter(16))),
        ("bad-cell", None, &all, Err(Fault::BadCell)),
        ("bad-member-cell", None, &all, Err(Fault::BadCell)),
        ("bad-position", None, &all, Err(Fault::BadPosition(3))),
        ("sticky", Some(2), &all, Ok(Decision::Worker(2))),
        ("sticky", None, &all, Ok(Decision::Builtin)),
        ("flood", None, &all, Err(Fault::TooManyCalls)),
        ("flood-list", None, &all, Err(Fault::TooManyCalls)),
        ("flood-question", None, &all, Err(Fault::TooManyCalls)),
    ];
    for (what, sticky, members, expected) in table {
        let decision = harness.choose(&asks(what), sticky, members);
        assert_eq!(decision, expected, "{what}");
    }
    let after = harness.choose(&asks("nothing"), None, &all);
    assert_eq!(after, Ok(Decision::Builtin), "a fault is reported once");
}

#[test]
fn a_fault_ends_the_call_and_the_instance() {
    let harness = harness();
    for _ in 0..2 {
        harness
            .choose(&asks("nothing"), None, &harness.all())
            .unwrap();
    }
    assert_eq!(harness.policy().seen.get(), 2);
    harness
        .choose(&asks("bad-cell"), None, &harness.all())
        .unwrap_err();
    assert_eq!(harness.policy().seen.get(), 0, "a new instance");
    let fault = harness
        .choose(&asks("panic"), None, &harness.all())
        .unwrap_err();
    assert!(
        matches!(&fault, Fault::Panic(text) if text.starts_with("index out of bounds")),
        "{fault}"
    );
}

#[test]
fn what_is_copied_has_a_limit() {
    let harness = harness();
    let path = |bytes: usize| asks("copy").with_path(&"x".repeat(bytes));
    let small = harness.choose(&path(4096), None, &harness.all());
    assert_eq!(small, Ok(Decision::Builtin));
    let large = harness.choose(&path(4500), None, &harness.all());
    assert_eq!(large, Err(Fault::TooMuchData));
}

#[test]
fn the_request_tells_what_was_put_into_it() {
    let harness = harness();
    harness.set_now_ms(17);
    harness.advance(Duration::from_micros(1500));
    let request = FakeRequest::get("/p?q=1")
        .with_method("PUT")
        .with_header("X-Do", "tell")
        .with_header("x-do", "worker")
        .with_cookie("C", "no")
        .with_cookie("c", "yes")
        .with_client_address("::1")
        .with_tls()
        .with_server_name("s");
    let decision = harness.choose(&request, None, &harness.all());
    assert_eq!(decision, Ok(Decision::Builtin));
    let line = "PUT /p Some(\"q=1\") Some(\"yes\") ::1 true s 18 1500".to_string();
    let balancer = (Level::Debug, "lb".to_string());
    assert_eq!(harness.log_lines(), [balancer, (Level::Info, line)]);
    assert_eq!((harness.counter(3), harness.counter(99)), (2, 0));
}

#[test]
fn the_members_are_as_the_test_says() {
    let harness = harness();
    let mut now = harness.all();
    now[0].busy = 2;
    now[2].busy = 1;
    let choose = |candidates: &[u32], what: &str| {
        let now = now.clone().only(candidates);
        harness.choose(&asks(what), None, &now)
    };
    assert_eq!(choose(&[0, 1, 2], "least-busy"), Ok(Decision::Worker(1)));
    assert_eq!(choose(&[0, 2], "least-busy"), Ok(Decision::Worker(2)));
    assert_eq!(choose(&[], "least-busy"), Ok(Decision::Builtin));
    now[2].distance = -3;
    now.tried = vec![Tried {
        member: 1,
        ended: Ended::CONNECT,
    }];
    harness.choose(&asks("members"), None, &now).unwrap();
    let (_, line) = harness.log_lines().pop().unwrap();
    let expected = "Some(2) 2 [Tried { member: 1, ended: Ended(1) }] -3 true false";
    assert_eq!(line, expected);
}

#[test]
fn notes_go_along() {
    let harness = harness();
    let decision = harness.choose(&asks("notes"), None, &harness.all());
    assert_eq!(decision, Ok(Decision::Reject(503)));
    let expected = Notes {
        token: 7,
        label: "a label of more than thirty-two ".to_string(),
        retry_after: Some(30),
    };
    assert_eq!(harness.notes(), expected);
    harness
        .choose(&asks("nothing"), None, &harness.all())
        .unwrap();
    assert_eq!(
        harness.notes(),
        Notes::default(),
        "of the last decision only"
    );
}

#[test]
fn instances_share_the_store_and_nothing_else() {
    let members = members(&["a", "b", "c"]);
    let harness = Harness::<Scripted>::with_instances(3, members, config()).unwrap();
    let all = harness.all();
    let take = |instance: usize, member| {
        harness
            .on(instance)
            .choose(&asks("take"), Some(member), &all)
    };
    assert_eq!(take(0, 1), Ok(Decision::Worker(1)));
    let token = harness.notes().token;
    assert_eq!(take(2, 1), Ok(Decision::Reject(429)), "in flight elsewhere");
    assert_eq!(take(2, 2), Ok(Decision::Worker(2)), "another cell");
    assert_eq!(harness.cell(StoreCell::of_member(1, 0)), Some(1));
    let outcome = Outcome {
        token,
        bytes: 7,
        ..Outcome::ok(1)
    };
    harness.on(1).observe(&outcome).unwrap();
    assert_eq!(take(2, 1), Ok(Decision::Worker(1)));
    assert_eq!(harness.counter(0), 7);
    let seen = |instance: usize| harness.on(instance).policy().seen.get();
    assert_eq!([seen(0), seen(1), seen(2)], [1, 0, 3]);
}

#[test]
fn a_restart_keeps_the_store_and_other_members_do_not() {
    let mut harness = harness();
    let take = |harness: &Harness<Scripted>| harness.choose(&asks("take"), None, &harness.all());
    assert_eq!(take(&harness), Ok(Decision::Worker(0)));
    harness
        .observe(&Outcome {
            bytes: 5,
            ..Outcome::ok(0)
        })
        .unwrap();
    harness.restart().unwrap();
    assert_eq!(take(&harness), Ok(Decision::Reject(429)));
    assert_eq!((harness.policy().seen.get(), harness.counter(0)), (1, 5));
    harness.change_members(members(&["a", "b"])).unwrap();
    assert_eq!(harness.counter(0), 0);
    assert_eq!(take(&harness), Ok(Decision::Worker(0)));
    let gone = harness.change_members(members(&["a", "c"]));
    assert!(gone.is_err_and(|error| error.contains("no member \"b\"")));
}

#[test]
fn the_calls_of_the_last_decision_are_counted() {
    let harness = harness();
    for (what, calls) in [
        ("if-candidate", 2),
        ("nothing", 1),
        ("take", 4),
        ("flood", 65),
    ] {
        harness.choose(&asks(what), None, &harness.all()).ok();
        assert_eq!(harness.calls(), calls, "{what}");
    }
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

/// What `configure` may ask for, and how often.
#[derive(Deserialize)]
struct Greed {
    sources: u32,
    tables: u32,
    text: usize,
    cells: u32,
    member_cells: u32,
    reserves: u32,
    segments: u32,
}

struct Greedy;

impl Policy for Greedy {
    type Config = Greed;

    fn configure(setup: &Setup, greed: Greed) -> Result<Greedy, String> {
        let path = setup.text(Source::PathSegments(greed.segments));
        for _ in 1..greed.sources {
            setup.text(Source::Method);
        }
        for _ in 0..greed.tables {
            setup.table(path, Matching::Exact, ["x".repeat(greed.text)]);
        }
        for _ in 0..greed.reserves {
            setup.reserve(greed.cells, greed.member_cells);
        }
        Ok(Greedy)
    }

    fn choose(&self, _: &Request, _: Option<u32>) -> Decision {
        Decision::Builtin
    }
}

#[test]
fn what_is_named_in_configure_has_limits() {
    let most = |key: &str, value: u64| {
        let mut config = json!({
            "sources": 16, "tables": 16, "text": 16384 - 24,
            "cells": 8192 - 3 * 100, "member_cells": 100, "reserves": 1, "segments": 99,
        });
        config[key] = value.into();
        Harness::<Greedy>::new(members(&["a", "b", "c"]), config).err()
    };
    assert_eq!(most("reserves", 1), None);
    for (key, value, expected) in [
        ("sources", 17, "more than 16 sources"),
        ("tables", 17, "more than 16 tables"),
        ("text", 16384 - 23, "more than 16 tables, or 262144 bytes"),
        ("cells", 8192 - 299, "more than 8192 cells"),
        ("member_cells", 101, "more than 8192 cells"),
        ("reserves", 2, "reserved twice"),
        ("segments", 0, "0 segments of the path"),
    ] {
        let error = most(key, value).unwrap_or_default();
        assert!(error.contains(expected), "{key} {value}: {error}");
    }
}

/// Says what it finds: hash and text of each source, and where two tables have it.
struct Reader(Vec<(Text, Table, Table)>);

const TEXTS: [&str; 5] = ["b", "a.example", "a", "b", ""];

impl Policy for Reader {
    type Config = crate::NoConfig;

    fn configure(setup: &Setup, _: crate::NoConfig) -> Result<Reader, String> {
        let sources = [
            Source::Header("X-Text".to_string()),
            Source::Cookie("text".to_string()),
            Source::Query("text".to_string()),
            Source::Path,
            Source::PathSegments(2),
            Source::Method,
            Source::ClientAddress,
            Source::ServerName,
        ];
        let named = sources.map(|source| {
            let text = setup.text(source);
            let exact = setup.table(text, Matching::Exact, TEXTS);
            let prefix = setup.table(text, Matching::LongestPrefix, TEXTS);
            (text, exact, prefix)
        });
        Ok(Reader(named.into()))
    }

    fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
        for (text, exact, prefix) in &self.0 {
            let line = format!(
                "{:?} {:?} {:?}",
                request.text(*text),
                request.look_up(*exact),
                request.look_up(*prefix),
            );
            assert_eq!(
                request.hash(*text, 5),
                request
                    .text(*text)
                    .map(|text| crate::hash(text.as_bytes(), 5))
            );
            request.log(Level::Info, &line);
        }
        Decision::Builtin
    }
}

fn read(request: &FakeRequest) -> Vec<String> {
    let harness = Harness::<Reader>::new(members(&["a"]), json!({})).unwrap();
    harness.choose(request, None, &harness.all()).unwrap();
    let lines = harness.log_lines().into_iter().map(|(_, line)| line);
    lines.collect()
}

#[test]
fn sources_and_tables_find_what_the_request_has() {
    let request = FakeRequest::get("/shop/cart/2?x=1&text=a%62+c&text=z")
        .with_header("x-text", "a.example.org")
        .with_cookie("text", "b")
        .with_server_name("c");
    let expected = [
        "Some(\"a.example.org\") None Some(1)",
        "Some(\"b\") Some(0) Some(0)",
        "Some(\"ab c\") None Some(2)",
        "Some(\"/shop/cart/2\") None Some(4)",
        "Some(\"/shop/cart\") None Some(4)",
        "Some(\"GET\") None Some(4)",
        "Some(\"192.0.2.1\") None Some(4)",
        "Some(\"c\") None Some(4)",
    ];
    assert_eq!(read(&request), expected);
    let plain = read(&FakeRequest::get("/shop/"));
    assert!(
        plain[..3].iter().all(|line| line == "None None None"),
        "{plain:?}"
    );
    assert_eq!(plain[4], "Some(\"/shop/\") None Some(4)");
    let built = FakeRequest::get("/").with_parameter("text", "a b&c");
    assert_eq!(read(&built)[2], "Some(\"a b&c\") None Some(2)");
}

#[test]
fn hashes_are_those_of_xxh64() {
    // The reference implementation's own values.
    assert_eq!(crate::hash(b"", 0), 0xEF46_DB37_51D8_E999);
    assert_eq!(crate::hash(b"abc", 0), 0x44BC_2CF5_AD77_0999);
}

#[test]
fn a_seed_repeats_its_numbers_and_they_spread() {
    let draw = |seed| {
        let shared = shared::Shared::default();
        shared.random_state.set(seed);
        (0..4000).map(|_| shared.random()).collect::<Vec<u64>>()
    };
    let numbers = draw(5);
    assert_eq!(numbers, draw(5));
    let high = numbers.iter().filter(|n| **n > u64::MAX / 2).count();
    assert!((1850..2150).contains(&high), "{high} of 4000");
}
