//! What a policy is told of the attempts of a request, and what it can ask the built-in rules.

use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::{Activation, BalanceMethod, LbSpec};
use rjk_log::Log;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Takes the first candidate with a token that counts, and remembers.
#[derive(Default)]
struct First {
    asked: Mutex<Vec<(u32, Vec<Tried>)>>,
    told: Mutex<Vec<Observation>>,
}

impl RoutingPolicy for First {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let mut asked = self.asked.lock().unwrap();
        asked.push((question.attempt, question.tried.to_vec()));
        Answer::Decided(Verdict {
            token: asked.len() as u64,
            ..Decision::Worker(question.candidates.indexes()[0]).into()
        })
    }
    fn name(&self) -> &str {
        "first"
    }
    fn observes(&self) -> bool {
        true
    }
    fn observe(&self, observation: &Observation, _: Moment, _: &dyn Log) {
        self.told.lock().unwrap().push(*observation);
    }
}

fn first(members: usize) -> (Balancer, Arc<First>) {
    let policy = Arc::new(First::default());
    let members = (1..=members).map(|n| member(&format!("m{n}"))).collect();
    (bind(lb(members), Some(policy.clone())), policy)
}

/// The policy may wait for the end of what it chose: a member whose probe another request has is not
/// asked, and that is told like any other end.
#[test]
fn a_choice_that_lost_the_probe_is_told_and_the_policy_asked_again() {
    let (balancer, policy) = first(2);
    set(&balancer, 0, State::Recover);
    let index = with(&balancer, &Ask::default(), T0, |selection| {
        set(&balancer, 0, State::Probe);
        match selection.pick(T0) {
            Pick::Member(choice) => choice.index,
            _ => panic!("no member"),
        }
    });
    assert_eq!(index, 1);
    let lost = Observation {
        index: 0,
        ended: Ended::Busy,
        status: 0,
        attempt: 1,
        decided: true,
        token: 1,
        head: Duration::ZERO,
        total: Duration::ZERO,
        body: 0,
    };
    assert_eq!(*policy.told.lock().unwrap(), [lost]);
    assert_eq!(*policy.asked.lock().unwrap(), [(1, vec![]), (1, vec![])]);
}

#[test]
fn the_latest_64_attempts_are_told() {
    let (balancer, policy) = first(1);
    let ends = [Ended::Connect, Ended::Busy, Ended::Status];
    let all: Vec<Tried> = (0..70)
        .map(|number| Tried {
            index: number,
            ended: ends[number % 3],
        })
        .collect();
    with(&balancer, &Ask::default(), T0, |selection| {
        for tried in &all {
            selection.pick(T0);
            selection.failed(tried.index, tried.ended);
        }
        selection.pick(T0);
        assert_eq!(selection.observation(0, Ended::Ok).attempt, 71);
    });
    for (number, (attempt, tried)) in policy.asked.lock().unwrap().iter().enumerate() {
        assert_eq!(*attempt, number as u32 + 1);
        let expected = &all[number.saturating_sub(64)..number];
        assert_eq!(*tried, expected, "oldest first");
    }
}

/// Leaves it to the built-in rules, and remembers what they say they would take.
#[derive(Default)]
struct Asking(Mutex<Vec<Option<usize>>>);

impl RoutingPolicy for Asking {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let choice = question.candidates.builtin_choice();
        assert_eq!(question.candidates.builtin_choice(), choice, "asked twice");
        self.0.lock().unwrap().push(choice);
        Answer::Decided(Decision::Builtin.into())
    }
    fn name(&self) -> &str {
        "asking"
    }
}

#[derive(Clone, Debug)]
struct Member {
    state: State,
    activation: Activation,
    distance: i32,
    domain: Option<u8>,
    redirect: Option<usize>,
}

fn any_member() -> impl Strategy<Value = Member> {
    let state = prop_oneof![
        6 => Just(State::Ok),
        1 => Just(State::Idle),
        1 => Just(State::Error),
        1 => Just(State::Busy),
        1 => Just(State::Recover),
    ];
    let activation = prop_oneof![
        6 => Just(Activation::Active),
        1 => Just(Activation::Disabled),
        1 => Just(Activation::Stopped),
    ];
    let domain = prop::option::weighted(0.3, 0..2_u8);
    let redirect = prop::option::weighted(0.2, 0..5_usize);
    (state, activation, 0..2_i32, domain, redirect).prop_map(
        |(state, activation, distance, domain, redirect)| Member {
            state,
            activation,
            distance,
            domain,
            redirect,
        },
    )
}

fn spec(members: &[Member], method: BalanceMethod) -> LbSpec {
    let name = |index: usize| format!("m{}", index + 1);
    let mut spec = lb((0..members.len())
        .map(|index| member(&name(index)))
        .collect());
    spec.method = method;
    for (member, known) in std::iter::zip(&mut spec.members, members) {
        member.activation = known.activation;
        member.distance = known.distance;
        member.domain = known.domain.map(|number| format!("d{number}").into());
        let to = known.redirect.map(|index| name(index % members.len()));
        member.redirect = to.map(Into::into);
    }
    spec
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// It is what they take, and asking does not turn the ties: the same members serve as on a
    /// balancer without a policy.
    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn what_the_builtin_rules_would_take_is_what_they_take(
        members in proptest::collection::vec(any_member(), 1..5),
        method in prop::sample::select(BalanceMethod::ALL.to_vec()),
        sessions in proptest::collection::vec(prop::option::weighted(0.4, 0..5_usize), 1..30),
    ) {
        let policy = Arc::new(Asking::default());
        let asked = bind(spec(&members, method), Some(policy.clone()));
        let plain = bind(spec(&members, method), None);
        for balancer in [&asked, &plain] {
            for (index, member) in members.iter().enumerate() {
                set(balancer, index, member.state);
            }
        }
        for session in sessions {
            let text = session.map_or_else(String::new, |index| format!("JSESSIONID=x.m{}", index + 1));
            let seen = [&asked, &plain].map(|balancer| {
                with(balancer, &cookie(&text), T0, |selection| {
                    let Pick::Member(choice) = selection.pick(T0) else { return None };
                    end(Lease::begin(selection, &choice), Outcome::Success, Traffic::default(), selection);
                    Some(choice)
                })
            });
            prop_assert_eq!(seen[0], seen[1]);
            let told = std::mem::take(&mut *policy.0.lock().unwrap());
            // With no candidate it is not asked.
            if let Some(choice) = told.last() {
                prop_assert_eq!(*choice, seen[0].map(|choice| choice.index));
            }
        }
    }
}
