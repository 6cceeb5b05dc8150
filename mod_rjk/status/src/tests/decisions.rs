//! The last decisions of a balancer, on the page and as JSON.

use super::*;
use rjk_balance::explain::{Chosen, End, Explanation, Ring, Seen, Session, ShortRoute};
use rjk_balance::{DecidedBy, Decision, Ended, Label, State, Watch};
use rjk_config::model::Activation;
use serde_json::{Value, json};

fn one(found: Chosen) -> Explanation<'static> {
    Explanation {
        at: START + Duration::from_secs(15),
        attempt: 2,
        session: Session::Unusable {
            index: 1,
            state: State::Error,
            activation: Activation::Active,
        },
        route: ShortRoute::new(b"<m2>"),
        candidates: vec![Seen {
            index: 2,
            state: State::Ok,
            activation: Activation::Active,
            busy: 3,
            load: 40,
            latency_us: 500,
        }],
        candidate_count: 4,
        by: DecidedBy::Builtin,
        answer: Some(Decision::Worker(0)),
        label: Label::new("<why>"),
        found,
        end: None,
    }
}

fn server() -> Server {
    let ring = Ring::leaked(5);
    let ticket = ring.keep(&one(Chosen::Member(2)));
    let end = End {
        ended: Ended::Ok,
        status: 200,
        total: Duration::from_micros(12_345),
    };
    ring.end(ticket, &end);
    ring.keep(&one(Chosen::Reject(429)));
    let server = Server::new();
    let balancer = server.balancer.watched(Watch {
        ring: Some(ring),
        ..Watch::default()
    });
    Server { balancer, ..server }
}

#[test]
fn json_has_all_of_a_decision() {
    let answer: Value = serde_json::from_str(&server().ask("mime=json")).unwrap();
    let decisions = &answer["balancers"][0]["decisions"];
    let expected = json!({
        "at": 999_995,
        "ago": 5,
        "attempt": 2,
        "decided_by": "builtin",
        "decision": "m3",
        "member": "m3",
        "label": "<why>",
        "policy_said": "m1",
        "session": "on m2, which cannot take it: ERR ACT",
        "route": "<m2>",
        "candidates": [{"name": "m3", "state": "OK", "activation": "ACT",
            "busy": 3, "lbvalue": 40, "latency_us": 500}],
        "more_candidates": 3,
        "ended": "ok",
        "status": 200,
        "duration_us": 12_345,
    });
    assert_eq!(decisions[1], expected);
    assert_eq!(decisions[0]["decision"], "reject 429");
    assert_eq!(decisions[0]["member"], Value::Null);
    assert_eq!(decisions[0]["ended"], Value::Null);
    let answer: Value = serde_json::from_str(&Server::new().ask("mime=json")).unwrap();
    assert_eq!(answer["balancers"][0].get("decisions"), None);
}

#[test]
fn the_page_shows_and_escapes_them() {
    let page = server().ask("");
    for part in [
        "Last decisions (2)",
        "on m2, which cannot take it: ERR ACT, route &lt;m2&gt;",
        "&lt;why&gt;",
        "m3 OK ACT, 3 in flight, load 40, 500 µs",
        "and 3 more",
        "ok 200",
        "12.3 ms",
        "reject 429",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(!Server::new().ask("").contains("Last decisions"));
}
