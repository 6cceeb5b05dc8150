//! The numbers that a policy asks for, against what happened, told once more.

use super::support::*;
use crate::*;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const MEMBERS: usize = 3;

/// Leaves it to the built-in rules, and keeps all numbers of all members.
#[derive(Default)]
struct Numbers(Mutex<Vec<Vec<u64>>>);

impl RoutingPolicy for Numbers {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let value = |index| Metric::ALL.map(|metric| question.candidates.value(index, metric));
        assert_eq!(value(MEMBERS), [None; Metric::ALL.len()]);
        let rows = (0..MEMBERS).map(|index| value(index).into_iter().flatten().collect());
        *self.0.lock().unwrap() = rows.collect();
        Answer::Decided(Decision::Builtin.into())
    }
    fn name(&self) -> &str {
        "numbers"
    }
}

/// What happened on a member.
#[derive(Clone, Debug, Default)]
struct History {
    /// How its attempts ended, and when.
    ended: Vec<(Outcome, u64)>,
    held: u64,
}

impl History {
    fn count(&self, wanted: &[Outcome]) -> u64 {
        let ended = self
            .ended
            .iter()
            .filter(|(outcome, _)| wanted.contains(outcome));
        ended.count() as u64
    }

    /// Milliseconds since the latest of these.
    fn age(&self, wanted: &[Outcome], now: u64) -> u64 {
        let mut latest = self.ended.iter().rev();
        let found = latest.find(|(outcome, _)| wanted.contains(outcome));
        found.map_or(u64::MAX, |(_, at)| now - at)
    }

    fn row(&self) -> u64 {
        let said = self
            .ended
            .iter()
            .rev()
            .filter(|(o, _)| *o != Outcome::ClientError);
        said.take_while(|(o, _)| *o != Outcome::Success).count() as u64
    }
}

const FAILURES: [Outcome; 3] = [Outcome::Protocol, Outcome::StatusSoft, Outcome::StatusHard];

#[derive(Clone, Debug)]
enum Step {
    /// An attempt on a member, by its session, that ends like this.
    Serve(usize, Outcome),
    /// One that goes on.
    Hold(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop::sample::select(vec![
        Outcome::Success,
        Outcome::Success,
        Outcome::ClientError,
        Outcome::Protocol,
        Outcome::StatusSoft,
        Outcome::StatusHard,
    ]);
    prop_oneof![
        6 => (0..MEMBERS, outcome).prop_map(|(member, outcome)| Step::Serve(member, outcome)),
        1 => (0..MEMBERS).prop_map(Step::Hold),
        2 => (1..20_000_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn the_numbers_are_those_of_what_happened(
        steps in proptest::collection::vec(step(), 0..40),
        factors in proptest::array::uniform3(1..9_u32),
        distances in proptest::array::uniform3(-3..4_i32),
        limit in proptest::option::of(1..9_u32),
    ) {
        let policy = Arc::new(Numbers::default());
        let mut spec = lb((1..=MEMBERS).map(|n| member(&format!("m{n}"))).collect());
        for (index, member) in spec.members.iter_mut().enumerate() {
            (member.lbfactor, member.distance) = (factors[index], distances[index]);
            member.ajp.busy_limit = limit;
        }
        let balancer = bind(spec, Some(policy.clone()));
        let (mut history, mut now) = (vec![History::default(); MEMBERS], 0);
        let mut held = Vec::new();
        for step in steps {
            match step {
                Step::Serve(index, outcome) => {
                    // Whatever the attempts before made of it, this one is on it.
                    set(&balancer, index, State::Ok);
                    let text = format!("JSESSIONID=x.m{}", index + 1);
                    let served = serve(&balancer, &cookie(&text), outcome, later(now));
                    prop_assert_eq!(served, index);
                    history[index].ended.push((outcome, now));
                }
                Step::Hold(index) => {
                    held.push(balancer.slots.enter_ajp(balancer.worker(index).unwrap().column()));
                    history[index].held += 1;
                }
                Step::Wait(time) => now += time,
            }
        }
        (0..MEMBERS).for_each(|index| set(&balancer, index, State::Ok));
        with(&balancer, &Ask::default(), later(now), |selection| selection.pick(later(now)));
        for (index, (row, history)) in std::iter::zip(&*policy.0.lock().unwrap(), &history).enumerate() {
            let expected = [
                (Metric::Position, index as u64),
                (Metric::State, 1),
                (Metric::Activation, 0),
                (Metric::Busy, history.held),
                (Metric::Errors, history.count(&[Outcome::StatusHard])),
                (Metric::LatencyAgeMs, history.age(&[Outcome::Success], now)),
                (Metric::Requests, history.held + history.ended.len() as u64),
                (Metric::FailedBeforeMs, history.age(&FAILURES, now)),
                (Metric::FailuresInARow, history.row()),
                (Metric::Weight, factors[index].into()),
                (Metric::Distance, i64::from(distances[index]).cast_unsigned()),
                (Metric::BusyLimit, limit.unwrap_or(0).into()),
                (Metric::Connected, 0),
                (Metric::Sessions, 0),
            ];
            for (metric, number) in expected {
                prop_assert_eq!(row[metric as usize], number, "{:?} of {}", metric, index);
            }
        }
    }
}
