use super::support::*;
use crate::*;
use rjk_config::model::{Activation, LbSpec};
use std::sync::{Arc, Mutex};

/// Answers with `answer` and remembers what it was asked and told.
struct Scripted {
    answer: Answer,
    asked: Mutex<Vec<(Option<usize>, Vec<usize>)>>,
    /// All metrics of the first member, each time.
    numbers: Mutex<Vec<[u64; Metric::ALL.len()]>>,
    compared: Mutex<Vec<(Decision, Option<usize>)>>,
}

impl RoutingPolicy for Scripted {
    fn decide(&self, question: &Question<'_>) -> Answer {
        assert_eq!(question.request.method(), b"GET");
        let candidates = question.candidates.indexes();
        for index in 0..9 {
            let listed = candidates.contains(&index);
            assert_eq!(question.candidates.contains(index), listed, "{index}");
        }
        let first = Metric::ALL.map(|metric| question.candidates.value(0, metric).unwrap());
        self.numbers.lock().unwrap().push(first);
        assert_eq!(question.candidates.value(9, Metric::Busy), None);
        let asked = (question.sticky, candidates);
        self.asked.lock().unwrap().push(asked);
        self.answer
    }
    fn name(&self) -> &str {
        "scripted"
    }
    fn compare(&self, shadow: Decision, builtin: Option<usize>) {
        self.compared.lock().unwrap().push((shadow, builtin));
    }
}

fn answering(answer: Answer, change: impl FnOnce(&mut LbSpec)) -> (Balancer, Arc<Scripted>) {
    let policy = Arc::new(Scripted {
        answer,
        asked: Mutex::default(),
        numbers: Mutex::default(),
        compared: Mutex::default(),
    });
    let mut spec = lb(vec![member("m1"), member("m2"), member("m3")]);
    change(&mut spec);
    (bind(spec, Some(policy.clone())), policy)
}

fn scripted(decision: Decision, change: impl FnOnce(&mut LbSpec)) -> (Balancer, Arc<Scripted>) {
    answering(Answer::Decided(decision.into()), change)
}

/// What a choice gives, and who decided.
fn decided(balancer: &Balancer, ask: &Ask<'_>) -> String {
    with(balancer, ask, T0, |selection| {
        let got = match selection.pick(T0) {
            Pick::Member(choice) => format!("{}", choice.index),
            Pick::NoMember(_) => "none".to_owned(),
            Pick::Reject(refusal) => format!("reject {}", refusal.status),
        };
        format!("{got} {}", selection.decided_by())
    })
}

fn asked(policy: &Scripted) -> Vec<(Option<usize>, Vec<usize>)> {
    policy.asked.lock().unwrap().clone()
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

fn refused(status: u16, retry_after: Option<u32>) -> Pick {
    Pick::Reject(Refusal {
        status,
        retry_after,
    })
}

#[test]
fn notes_go_along_with_a_decision() {
    let verdict = |decision| Verdict {
        decision,
        token: 7,
        label: Label::new("gold"),
        retry_after: Some(30),
    };
    let left = |selection: &Selection<'_>| {
        let verdict = selection.verdict();
        verdict.map(|verdict| (verdict.token, verdict.label.as_str().to_owned()))
    };
    let (balancer, _) = answering(Answer::Decided(verdict(Decision::Reject(429))), |_| {});
    let got = with(&balancer, &Ask::default(), T0, |s| (s.pick(T0), left(s)));
    assert_eq!(got, (refused(429, Some(30)), Some((7, "gold".to_owned()))));
    let (balancer, _) = answering(Answer::Decided(verdict(Decision::Builtin)), |_| {});
    let got = with(&balancer, &Ask::default(), T0, |s| {
        s.pick(T0);
        (left(s), s.attempt())
    });
    assert_eq!(got, (Some((7, "gold".to_owned())), 1));
}

#[test]
fn a_policy_rejects() {
    let (balancer, _) = scripted(Decision::Reject(429), |_| {});
    let got = with(&balancer, &Ask::default(), T0, |s| s.pick(T0));
    assert_eq!(got, refused(429, None));
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
    with(&balancer, &Ask::default(), later(70), |s| s.pick(later(70)));
    let never = Metric::NEVER;
    let expected = [0, 1, 0, 1, 1, 0, 8000, 70, 2, 70, never, 0, 1, 0, 0, 0, 1];
    assert_eq!(policy.numbers.lock().unwrap()[1], expected);
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

/// Answers; what comes of them and who decided, without a session and with one on m2.
#[rustfmt::skip]
fn notes() -> [(Answer, &'static str, &'static str); 10] {
    [
        (Answer::Decided(Decision::Builtin.into()), "0 builtin", "1 sticky"),
        (Answer::Decided(Decision::Worker(2).into()), "2 policy scripted", "2 policy scripted"),
        (Answer::Decided(Decision::Reject(403).into()), "reject 403 policy scripted", "reject 403 policy scripted"),
        (Answer::Shadow(Some(Decision::Worker(2).into())), "0 builtin", "1 sticky"),
        (Answer::Shadow(None), "0 builtin", "1 sticky"),
        (out_of_fuel(false), "0 fault out-of-fuel", "1 fault out-of-fuel"),
        (out_of_fuel(true), "reject 503 fault out-of-fuel", "reject 503 fault out-of-fuel"),
        (Answer::Decided(Decision::Worker(9).into()), "0 fault bad-index", "1 fault bad-index"),
        (Answer::Off { reject: None }, "0 fault switched-off", "1 fault switched-off"),
        (Answer::Off { reject: Some(7) }, "reject 503 fault switched-off", "reject 503 fault switched-off"),
    ]
}

const fn out_of_fuel(reject: bool) -> Answer {
    Answer::Fault {
        kind: FaultKind::OutOfFuel,
        reject,
    }
}

#[test]
fn a_note_can_say_who_decided() {
    let sticky = cookie("JSESSIONID=x.m2");
    for (answer, without, with) in notes() {
        let (balancer, _) = answering(answer, |_| {});
        assert_eq!(decided(&balancer, &Ask::default()), without, "{answer:?}");
        assert_eq!(decided(&balancer, &sticky), with, "{answer:?}");
    }
    assert_eq!(decided(&plain(2, |_| {}), &sticky), "1 sticky");
}

#[test]
fn a_shadow_hears_what_the_builtin_rules_chose() {
    let shadow = Decision::Worker(2);
    let (balancer, policy) = answering(Answer::Shadow(Some(shadow.into())), |_| {});
    pick(&balancer, &Ask::default()).unwrap();
    pick(&balancer, &cookie("JSESSIONID=x.m2")).unwrap();
    let (quiet, unheard) = answering(Answer::Shadow(None), |_| {});
    pick(&quiet, &Ask::default()).unwrap();
    assert_eq!(
        *policy.compared.lock().unwrap(),
        [(shadow, Some(0)), (shadow, Some(1))]
    );
    assert!(unheard.compared.lock().unwrap().is_empty());
}

#[test]
fn every_fault_has_its_own_counter() {
    let slot = PolicySlot::leaked();
    for (times, kind) in FaultKind::ALL.into_iter().enumerate() {
        (0..=times).for_each(|_| slot.count_fault(kind));
    }
    let counted: Vec<u64> = FaultKind::ALL.map(|kind| slot.faults(kind)).into();
    assert_eq!(counted, (1..=10).collect::<Vec<u64>>());
    assert_eq!(slot.decisions(), 0);
}

#[test]
fn counters_of_a_policy_wrap_and_end_at_15() {
    let slot = PolicySlot::leaked();
    assert_eq!(slot.add_to_counter(15, u64::MAX), Some(u64::MAX));
    assert_eq!(slot.add_to_counter(15, 3), Some(2));
    assert_eq!(slot.add_to_counter(16, 1), None);
    assert_eq!((slot.counters()[0], slot.counters()[15]), (0, 2));
}
