use super::support::*;
use crate::*;
use rjk_config::model::{Activation, LbSpec};
use std::sync::{Arc, Mutex};

/// Answers with `decision` and remembers what it was asked.
struct Scripted {
    decision: Decision,
    asked: Mutex<Vec<(Option<usize>, Vec<Candidate>)>>,
}

impl RoutingPolicy for Scripted {
    fn decide(
        &self,
        request: &dyn RequestView,
        sticky: Option<usize>,
        c: &[Candidate],
    ) -> Decision {
        assert_eq!(request.method(), b"GET");
        self.asked.lock().unwrap().push((sticky, c.to_vec()));
        self.decision
    }
    fn name(&self) -> &str {
        "scripted"
    }
}

fn scripted(decision: Decision, change: impl FnOnce(&mut LbSpec)) -> (Balancer, Arc<Scripted>) {
    let policy = Arc::new(Scripted {
        decision,
        asked: Mutex::default(),
    });
    let mut spec = lb(vec![member("m1"), member("m2"), member("m3")]);
    change(&mut spec);
    (bind(spec, Some(policy.clone())), policy)
}

fn asked(policy: &Scripted) -> Vec<(Option<usize>, Vec<usize>)> {
    let asked = policy.asked.lock().unwrap();
    asked
        .iter()
        .map(|(s, c)| (*s, c.iter().map(|c| c.index).collect()))
        .collect()
}

#[test]
fn a_policy_chooses_among_the_candidates_and_beats_the_session() {
    let (balancer, policy) = scripted(Decision::Worker(2), |_| {});
    assert_eq!(
        pick(&balancer, &Ask::default()),
        Ok((2, false, "m3".into()))
    );
    assert_eq!(
        pick(&balancer, &cookie("JSESSIONID=x.m1")),
        Ok((2, false, "m3".into()))
    );
    assert_eq!(
        pick(&balancer, &cookie("JSESSIONID=x.m3")),
        Ok((2, true, "m3".into()))
    );
    let all = vec![0, 1, 2];
    let expected = [(None, all.clone()), (Some(0), all.clone()), (Some(2), all)];
    assert_eq!(asked(&policy), expected);
}

#[test]
fn the_sticky_member_is_a_candidate_even_when_disabled() {
    let (balancer, policy) = scripted(Decision::Builtin, |spec| {
        spec.members[0].activation = Activation::Disabled
    });
    set(&balancer, 2, State::Error);
    assert_eq!(
        pick(&balancer, &cookie("JSESSIONID=x.m1")),
        Ok((0, true, "m1".into()))
    );
    assert_eq!(pick(&balancer, &Ask::default()).unwrap().0, 1);
    assert_eq!(asked(&policy), [(Some(0), vec![0, 1]), (None, vec![1])]);
}

#[test]
fn what_a_policy_may_not_decide_is_builtin() {
    for decision in [
        Decision::Worker(7),
        Decision::Worker(1),
        Decision::Reject(200),
    ] {
        let (balancer, _) = scripted(decision, |spec| {
            spec.members[1].activation = Activation::Stopped;
        });
        assert_eq!(
            pick(&balancer, &Ask::default()).unwrap().0,
            0,
            "{decision:?}"
        );
    }
}

#[test]
fn a_policy_rejects() {
    let (balancer, _) = scripted(Decision::Reject(429), |_| {});
    let got = with(&balancer, &Ask::default(), T0, |s| {
        s.pick(T0) == Pick::Reject(429)
    });
    assert!(got);
}

#[test]
fn with_force_and_no_sticky_member_a_policy_is_not_asked() {
    let (balancer, policy) = scripted(Decision::Worker(1), |spec| spec.sticky_session_force = true);
    let missing = pick(&balancer, &cookie("JSESSIONID=x.zz"));
    assert_eq!(missing, Err(Missing::StickyForce));
    assert!(asked(&policy).is_empty());
}

#[test]
fn candidates_carry_the_numbers() {
    let (balancer, policy) = scripted(Decision::Builtin, |_| {});
    serve(&balancer, &Ask::default(), Outcome::Success, T0);
    let _held = balancer.slots.enter_ajp(0);
    with(&balancer, &Ask::default(), T0 + 70, |s| {
        s.pick(T0 + 70) == Pick::Reject(0)
    });
    let expected = Candidate {
        index: 0,
        busy: 1,
        value: 1,
        errors: 0,
        latency_us: 8000,
        requests: 2,
        usable_for_ms: 70,
        state: State::Ok,
        activation: Activation::Active,
    };
    assert_eq!(policy.asked.lock().unwrap()[1].1[0], expected);
}

#[test]
fn the_builtin_policy_changes_nothing() {
    let spec = lb(vec![member("m1"), member("m2")]);
    let balancer = bind(spec, Some(Arc::new(Builtin)));
    let order: Vec<_> = (0..4)
        .map(|_| serve(&balancer, &Ask::default(), Outcome::Success, T0))
        .collect();
    assert_eq!(order, [0, 1, 0, 1]);
}
