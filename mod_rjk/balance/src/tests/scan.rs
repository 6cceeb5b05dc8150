//! Sequences of requests over many members: who is chosen is who a look at all of them finds, whatever a
//! process remembers of loads (§4.2).

use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::BalanceMethod;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum Step {
    /// So many requests without a session, each of which ends at once.
    Serve(u8),
    /// Another process counts a load.
    Raise(usize, u64),
    SetState(usize, State),
    /// Of the operator: its load is zero then.
    Reset(usize),
    /// Loads weigh half.
    Maintain,
    /// All loads are zero.
    Zero,
}

fn step(count: usize) -> impl Strategy<Value = Step> {
    let states = vec![State::Ok, State::Idle, State::Error, State::Probe];
    prop_oneof![
        6 => (1..40_u8).prop_map(Step::Serve),
        2 => (0..count, 0..50_u64).prop_map(|(index, by)| Step::Raise(index, by)),
        2 => (0..count, proptest::sample::select(states)).prop_map(|(i, s)| Step::SetState(i, s)),
        1 => (0..count).prop_map(Step::Reset),
        1 => Just(Step::Maintain),
        1 => Just(Step::Zero),
    ]
}

/// The member that a look at all of them finds.
fn expected(balancer: &Balancer, count: usize) -> Option<usize> {
    let start = balancer.scans.next_offset.load(Relaxed);
    let usable = (0..count).filter(|index| state(balancer, *index).is_usable());
    usable.min_by_key(|&index| {
        let value = balancer.note(index).unwrap().value;
        (value, (index + count - start % count) % count)
    })
}

fn run(count: usize, method: BalanceMethod, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let balancer = plain(count, |spec| spec.method = method);
    let mut now = T0;
    maintain(&balancer, MINUTE, now, &rjk_log::NoLog);
    for step in steps {
        match step {
            Step::Serve(requests) => {
                for _ in 0..requests {
                    let Some(index) = expected(&balancer, count) else {
                        break;
                    };
                    let got = serve(&balancer, &Ask::default(), Outcome::Success, now);
                    prop_assert_eq!(got, index);
                }
            }
            Step::Raise(index, by) => balancer.member_slot(index).unwrap().raise(by),
            Step::SetState(index, state) => set(&balancer, index, state),
            Step::Reset(index) => prop_assert!(reset_member(&balancer, index, now)),
            Step::Maintain => {
                now = now + MINUTE;
                maintain(&balancer, MINUTE, now, &rjk_log::NoLog);
            }
            Step::Zero => balancer.binding.zero_values(),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn what_a_process_remembers_of_loads_chooses_nobody_else(
        (count, steps) in (1..90_usize).prop_flat_map(|count| {
            (Just(count), proptest::collection::vec(step(count), 1..25))
        }),
        method in proptest::sample::select(vec![
            BalanceMethod::Request,
            BalanceMethod::Session,
            BalanceMethod::Next,
            BalanceMethod::Traffic,
            BalanceMethod::Busyness,
        ]),
    ) {
        run(count, method, steps)?;
    }
}

/// The balancers of a segment share no word of states, however many members they have.
#[test]
fn lb03_each_balancer_has_words_of_states_of_its_own() {
    let counts = [1_usize, 16, 17, 3, 33, 0, 15, 1];
    let mut specs = Vec::new();
    for (number, count) in counts.into_iter().enumerate() {
        let members = (0..count).map(|index| member(&format!("m{number}-{index}")));
        let mut spec = lb(members.collect());
        spec.name = format!("lb{number}").into();
        specs.push(rjk_config::model::WorkerSpec::Lb(spec));
    }
    let topology = Topology::new(&specs);
    let segment = Segment::leaked(&Layout::new(&topology, 1));
    let mut end = 0;
    for (number, count) in counts.into_iter().enumerate() {
        let name = format!("lb{number}");
        let first = topology.first_state_word(name.as_bytes()).unwrap();
        assert!(first >= end, "{name} begins at {first}, before {end}");
        end = first + count.div_ceil(16);
    }
    assert!(end <= segment.states.len());
}
