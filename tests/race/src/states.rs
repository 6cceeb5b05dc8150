//! States of sixteen members in a word (LB-03).

use crate::shared::states::{StateCell, StateWord, States};
use crate::state::State;
use crate::time::{AtomicMoment, Moment};
use crate::{Model, explore, joined, shared};
use loom::thread::spawn;

pub(crate) const MODELS: &[Model] = &[
    ("states: neighbours lose no change", no_change_is_lost),
    ("states: a probe is one request's", a_probe_is_taken_once),
    (
        "states: who sees a state sees what led to it",
        what_led_to_it,
    ),
    (
        "states: also over a neighbour's change",
        what_led_to_it_over_a_neighbour,
    ),
];

fn cells<const N: usize>() -> (&'static [StateWord], [StateCell; N]) {
    let words = shared(1);
    let cell = |index| StateCell::new(words, index).expect("one of the first sixteen");
    (words, std::array::from_fn(cell))
}

fn no_change_is_lost() {
    explore(|| {
        let (_, [first, second, third]) = cells();
        let threads = [
            spawn(move || assert_eq!(first.swap(State::Error), State::Idle)),
            spawn(move || assert!(second.replace(State::Idle, State::Busy))),
        ];
        assert_eq!(third.swap(State::Ok), State::Idle);
        joined(threads);
        let now = [first, second, third].map(StateCell::load);
        assert_eq!(now, [State::Error, State::Busy, State::Ok]);
    });
}

fn a_probe_is_taken_once() {
    explore(|| {
        let (_, [member, neighbour]) = cells();
        member.swap(State::Recover);
        let taken = move || usize::from(member.replace(State::Recover, State::Probe));
        let threads = [spawn(taken), spawn(taken)];
        neighbour.swap(State::Ok);
        let taken = joined(threads);
        assert_eq!(taken[0] + taken[1], 1);
        assert_eq!((member.load(), neighbour.load()), (State::Probe, State::Ok));
    });
}

/// Ways to see that a member is in error.
const SIGHTS: [fn(&[StateWord], StateCell) -> bool; 4] = [
    |_, cell| cell.load() == State::Error,
    |_, cell| cell.replace(State::Error, State::Recover),
    |_, cell| cell.swap(State::Ok) == State::Error,
    |words, _| {
        let mut states = States::default();
        states.copy(words, 1);
        states.get(0) == Some(State::Error)
    },
];

const AT: Moment = Moment::from_millis(7);

fn what_led_to_it() {
    for sees in SIGHTS {
        explore(move || {
            let (words, [cell]) = cells();
            let written: &[AtomicMoment] = shared(1);
            let writer = spawn(move || {
                written[0].store(AT);
                cell.swap(State::Error);
            });
            let is_seen = sees(words, cell);
            // Read in any case, not only behind what was seen: else loom leaves out the plays that fail.
            let at = written[0].load();
            assert!(!is_seen || at == AT);
            writer.join().unwrap();
        });
    }
}

fn what_led_to_it_over_a_neighbour() {
    for sees in SIGHTS {
        explore(move || {
            let (words, [cell, neighbour]) = cells();
            let written: &[AtomicMoment] = shared(1);
            let threads = [
                spawn(move || {
                    written[0].store(AT);
                    assert!(cell.replace(State::Idle, State::Error) || cell.load() == State::Ok);
                }),
                spawn(move || {
                    neighbour.swap(State::Busy);
                }),
            ];
            let is_seen = sees(words, cell);
            // Read in any case, not only behind what was seen: else loom leaves out the plays that fail.
            let at = written[0].load();
            assert!(!is_seen || at == AT);
            joined(threads);
        });
    }
}
