//! What is told of decisions.

use super::support::*;
use crate::explain::{Chosen, Explanation, Ring, Session, Telling};
use crate::*;
use bstr::BStr;
use rjk_config::model::{Activation, LbSpec};
use std::sync::Arc;
use std::time::Duration;

struct Saying(Answer);

impl RoutingPolicy for Saying {
    fn decide(&self, _: &Question<'_>) -> Answer {
        self.0
    }
    fn name(&self) -> &str {
        "p"
    }
}

fn watched(answer: Option<Answer>, change: impl FnOnce(&mut LbSpec)) -> Balancer {
    let mut spec = lb(vec![member("m1"), member("m2"), member("m3")]);
    change(&mut spec);
    let policy = answer.map(|answer| Arc::new(Saying(answer)) as Arc<dyn RoutingPolicy>);
    bind(spec, policy).watched(Watch {
        ring: Some(Ring::leaked(10)),
        ..Watch::default()
    })
}

/// The line of one request with one attempt that ends well, if there is one.
fn told(balancer: &Balancer, ask: &Ask<'_>) -> String {
    with(balancer, ask, T0, |selection| {
        if let Pick::Member(choice) = selection.pick(T0) {
            let end = Observation {
                status: 200,
                total: Duration::from_micros(1500),
                ..selection.observation(choice.index, Ended::Ok)
            };
            selection.take_watched().unwrap().end(&end, T0);
        }
    });
    let latest = balancer.explanations().unwrap();
    let names = ["m1", "m2", "m3"].map(BStr::new);
    let telling = Telling {
        of: &latest[0],
        names: &names,
    };
    telling.to_string()
}

const ALL: &str = "m1 OK/IDLE ACT busy 0 load 0 latency 0 us, \
                   m2 OK/IDLE ACT busy 0 load 0 latency 0 us, \
                   m3 OK/IDLE ACT busy 0 load 0 latency 0 us";

#[test]
fn the_rules_are_told_of() {
    let balancer = watched(None, |_| {});
    for (cookie_, expected) in [
        ("", "attempt 1, builtin: m1; session: no session".to_owned()),
        (
            "JSESSIONID=secret",
            "attempt 1, builtin: m2; session: session without a route".to_owned(),
        ),
        (
            "JSESSIONID=secret.m2",
            "attempt 1, sticky: m2; session: on m2 (route m2)".to_owned(),
        ),
        (
            "JSESSIONID=secret.m9",
            "attempt 1, builtin: m3; session: unknown route (route m9)".to_owned(),
        ),
    ] {
        let expected = format!("{expected}; candidates: {ALL}; ok 200 after 1500 us");
        assert_eq!(told(&balancer, &cookie(cookie_)), expected);
    }
}

#[test]
fn why_a_session_is_not_on_its_member_is_told() {
    let begins = |balancer: &Balancer, ask: &Ask<'_>, expected: &str| {
        let told = told(balancer, ask);
        assert!(told.contains(expected), "{told}\nnot: {expected}");
    };
    let balancer = watched(None, |spec| {
        spec.members[1].domain = Some("d".into());
        spec.members[2].redirect = Some("m1".into());
    });
    set(&balancer, 0, State::Error);
    begins(
        &balancer,
        &cookie("JSESSIONID=x.m1"),
        "session: on m1, which cannot take it: ERR ACT (route m1); candidates: m2",
    );
    begins(
        &balancer,
        &cookie("JSESSIONID=x.d"),
        "sticky: m2; session: its domain, by m2 (route d)",
    );
    set(&balancer, 1, State::Error);
    begins(
        &balancer,
        &cookie("JSESSIONID=x.d"),
        "session: no member of its domain can take it (route d)",
    );
    set(&balancer, 0, State::Ok);
    set(&balancer, 2, State::Error);
    begins(
        &balancer,
        &cookie("JSESSIONID=x.m3"),
        "sticky: m1; session: its redirect m1 (route m3)",
    );

    let balancer = watched(None, |spec| spec.sticky_session = false);
    begins(
        &balancer,
        &cookie("JSESSIONID=x.m2"),
        "session: sessions do not stick here; candidates: m1",
    );
    let balancer = watched(None, |spec| {
        spec.sticky_session_force = true;
        spec.members[1].activation = Activation::Stopped;
    });
    begins(
        &balancer,
        &cookie("JSESSIONID=x.m2"),
        "attempt 1, builtin: nobody: sticky_session_force allows no other member; \
         session: on m2, which cannot take it: OK/IDLE STP (route m2)",
    );
}

#[test]
fn policies_are_told_of() {
    let verdict = |decision| Verdict {
        label: Label::new("why"),
        ..Verdict::from(decision)
    };
    let fault = |reject| Answer::Fault {
        kind: FaultKind::OutOfFuel,
        reject,
    };
    let worker = verdict(Decision::Worker(2));
    for (answer, expected) in [
        (
            Answer::Decided(worker),
            "attempt 1, policy p: m3 \"why\"; session: on m2",
        ),
        (
            Answer::Decided(verdict(Decision::Builtin)),
            "attempt 1, sticky: m2 \"why\"; the policy said built-in; session",
        ),
        (
            Answer::Shadow(Some(worker)),
            "attempt 1, sticky: m2 \"why\"; the policy said m3; session",
        ),
        (Answer::Shadow(None), "attempt 1, sticky: m2; session"),
        (
            Answer::Decided(verdict(Decision::Reject(429))),
            "attempt 1, policy p: reject 429 \"why\"; session",
        ),
        (fault(false), "attempt 1, fault out-of-fuel: m2; session"),
        (
            fault(true),
            "attempt 1, fault out-of-fuel: reject 503; session",
        ),
        (
            Answer::Off { reject: None },
            "attempt 1, fault switched-off: m2; session",
        ),
    ] {
        let balancer = watched(Some(answer), |_| {});
        let told = told(&balancer, &cookie("JSESSIONID=x.m2"));
        assert!(told.starts_with(expected), "{told}\nnot: {expected}");
    }
}

#[test]
fn an_attempt_is_in_progress_until_it_ends() {
    let balancer = watched(None, |_| {});
    with(&balancer, &cookie(""), T0, |selection| {
        let first = selection.pick(T0);
        let Pick::Member(choice) = first else {
            panic!("{first:?}")
        };
        let latest = |balancer: &Balancer| balancer.explanations().unwrap()[0].clone().end;
        assert_eq!(latest(&balancer), None);
        let observation = selection.observation(choice.index, Ended::Busy);
        selection.take_watched().unwrap().end(&observation, T0);
        assert!(selection.take_watched().is_none());
        assert_eq!(latest(&balancer).unwrap().ended, Ended::Busy);
        selection.pick(T0);
    });
    let all: Vec<Explanation<'_>> = balancer.explanations().unwrap();
    assert_eq!(
        all.iter().map(|one| one.attempt).collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(all[1].session, Session::None);
    assert_eq!(all[1].found, Chosen::Member(0));
}

#[test]
fn nothing_is_kept_unless_somebody_wants_it() {
    let balancer = plain(2, |_| {});
    with(&balancer, &cookie(""), T0, |selection| {
        selection.pick(T0);
        assert!(selection.take_watched().is_none());
    });
    assert!(balancer.explanations().is_none());
}
