//! The states of the members of a balancer, sixteen in a word: a request reads those of a thousand
//! members from eight cache lines, which nobody writes as long as no state changes (contract LB-03).

use crate::state::State;
use crate::sync::AtomicU64;
use smallvec::SmallVec;
use std::cell::Cell;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Members whose states stand in one word.
pub(crate) const PER_WORD: usize = 16;
const BITS: usize = 4;
const STATE: u64 = 0xF;

/// Of each state in a word the bit that says that it lets no request in. The codes of the states are such
/// that it is one bit: see [`State::is_usable`] and the test below.
pub(crate) const CLOSED: u64 = 0x4444_4444_4444_4444;
/// Of each state in a word the bit that no state has.
const FOREIGN: u64 = CLOSED << 1;

/// The states of sixteen members.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct StateWord(AtomicU64);

/// Words for so many members.
pub(crate) fn words_for(members: usize) -> usize {
    members.div_ceil(PER_WORD)
}

/// Word and bit of a member, counted from the balancer's first.
pub(crate) fn place(index: usize) -> (usize, u32) {
    let shift = index % PER_WORD * BITS;
    (index / PER_WORD, shift as u32)
}

/// The state of one member in its word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateCell {
    word: &'static StateWord,
    shift: u32,
}

impl StateCell {
    /// The cell of a member, counted from the balancer's first, whose words these are.
    pub(crate) fn new(words: &'static [StateWord], index: usize) -> Option<StateCell> {
        let (word, shift) = place(index);
        let word = words.get(word)?;
        Some(StateCell { word, shift })
    }

    /// Acquire: who sees a state sees what was written before it was set.
    pub(crate) fn load(self) -> State {
        self.of(self.word.0.load(Acquire))
    }

    /// Sets it; the state before.
    pub(crate) fn swap(self, new: State) -> State {
        let mut seen = self.word.0.load(Relaxed);
        while let Err(other) = self.exchange(seen, new) {
            seen = other;
        }
        self.of(seen)
    }

    /// Sets it if it is `old`. What neighbours become meanwhile does not matter.
    pub(crate) fn replace(self, old: State, new: State) -> bool {
        let mut seen = self.word.0.load(Acquire);
        while self.of(seen) == old {
            match self.exchange(seen, new) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
        false
    }

    /// One step: AcqRel when it succeeds, as the state hands on what was written before it; Acquire when
    /// not, as the caller then goes by what it saw.
    fn exchange(self, seen: u64, new: State) -> Result<u64, u64> {
        let others = seen & !(STATE << self.shift);
        let next = others | u64::from(new.code()) << self.shift;
        self.word
            .0
            .compare_exchange_weak(seen, next, AcqRel, Acquire)
    }

    fn of(self, word: u64) -> State {
        state_in(word, self.shift)
    }
}

fn state_in(word: u64, shift: u32) -> State {
    State::from_code((word >> shift & STATE) as u32)
}

thread_local! {
    static SPARE: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

/// A copy of the states of a balancer's members, of one request (LB-07).
#[derive(Clone, Debug, Default)]
pub(crate) struct States {
    /// Four words in place: so many members cost no allocation.
    words: SmallVec<[u64; 4]>,
    count: usize,
    /// A state was a closed one when they were copied.
    has_closed: bool,
}

impl States {
    /// The states of the first `count` members as they are now.
    pub(crate) fn copy(&mut self, words: &[StateWord], count: usize) {
        self.count = count;
        self.make_room(words.len());
        let mut seen = 0;
        for (copy, word) in std::iter::zip(&mut self.words, words) {
            // Acquire, as each state that is looked at hands on what was written before it.
            *copy = word.0.load(Acquire);
            seen |= *copy;
        }
        if seen & FOREIGN != 0 {
            // A code that no state has reads as a closed one.
            for word in &mut self.words {
                *word |= (*word & FOREIGN) >> 1;
                seen |= *word;
            }
        }
        self.has_closed = seen & CLOSED != 0;
    }

    /// Room for so many words: more than there is place for come from where the thread's last request left
    /// them.
    fn make_room(&mut self, words: usize) {
        if self.words.len() == words {
            return;
        }
        if words <= self.words.inline_size() {
            self.words = SmallVec::from_elem(0, words);
            return;
        }
        let mut spare = SPARE.try_with(Cell::take).unwrap_or_default();
        spare.resize(words, 0);
        self.words = SmallVec::from_vec(spare);
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The state of a member.
    pub(crate) fn get(&self, index: usize) -> Option<State> {
        let (word, shift) = place(index);
        let word = self.words.get(word).filter(|_| index < self.count)?;
        Some(state_in(*word, shift))
    }

    /// Notes what a request knows better than others.
    pub(crate) fn set(&mut self, index: usize, state: State) {
        let (word, shift) = place(index);
        if let Some(word) = self.words.get_mut(word).filter(|_| index < self.count) {
            *word = *word & !(STATE << shift) | u64::from(state.code()) << shift;
        }
    }

    /// The words, each with sixteen states.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The members that were in this state, which is a closed one, when the states were copied, and are
    /// so still. Mostly nobody's is one.
    pub(crate) fn closed_in(&self, state: State) -> Vec<usize> {
        if !self.has_closed {
            return Vec::new();
        }
        let words = self.words.iter().enumerate();
        let odd = words.filter(|(_, word)| **word & CLOSED != 0);
        let members = odd.flat_map(|(at, _)| at * PER_WORD..(at + 1) * PER_WORD);
        let found = members.filter(|index| self.get(*index) == Some(state));
        found.collect()
    }
}

impl Drop for States {
    fn drop(&mut self) {
        if self.words.spilled() {
            let words = std::mem::take(&mut self.words).into_vec();
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(words));
        }
    }
}

/// Members of whom something is true: of each the bit of [`CLOSED`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members(SmallVec<[u64; 4]>);

impl Members {
    /// Those of `count` of whom it is true.
    pub(crate) fn of(count: usize, is_one: impl Fn(usize) -> bool) -> Members {
        let mut members = Members(SmallVec::from_elem(0, words_for(count)));
        for index in (0..count).filter(|index| is_one(*index)) {
            members.put(index, true);
        }
        members
    }

    /// Whether a member is one.
    pub(crate) fn put(&mut self, index: usize, is_one: bool) {
        let (word, shift) = place(index);
        if let Some(word) = self.0.get_mut(word) {
            let bit = CLOSED & STATE << shift;
            *word = if is_one { *word | bit } else { *word & !bit };
        }
    }

    /// The words.
    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [State; 7] = [
        State::Idle,
        State::Ok,
        State::Recover,
        State::Force,
        State::Busy,
        State::Error,
        State::Probe,
    ];

    fn leaked(count: usize) -> &'static [StateWord] {
        let words = (0..words_for(count)).map(|_| StateWord::default());
        Box::leak(words.collect())
    }

    fn cells(words: &'static [StateWord], count: usize) -> Vec<StateCell> {
        let cell = |index| StateCell::new(words, index).unwrap();
        (0..count).map(cell).collect()
    }

    #[test]
    fn one_bit_tells_who_lets_nobody_in() {
        for state in ALL {
            let is_closed = u64::from(state.code()) & CLOSED != 0;
            assert_eq!(is_closed, !state.is_usable(), "{state:?}");
        }
    }

    #[test]
    fn codes_that_no_state_has_are_closed() {
        for code in 7..16 {
            let words = [StateWord(AtomicU64::new(code))];
            let mut states = States::default();
            states.copy(&words, 1);
            assert_eq!(states.get(0), Some(State::Error), "{code}");
            assert_ne!(states.words()[0] & CLOSED, 0, "{code}");
        }
    }

    #[test]
    fn many_words_are_used_again_and_two_copies_share_none() {
        let (few, many) = (leaked(64), leaked(1000));
        let copied = |words: &[StateWord]| {
            let mut states = States::default();
            states.copy(words, words.len() * PER_WORD);
            states
        };
        assert!(!copied(few).words.spilled());
        let (mut first, second) = (copied(many), copied(many));
        first.set(999, State::Error);
        assert_eq!(
            (first.get(999), second.get(999)),
            (Some(State::Error), Some(State::Idle))
        );
        let place = first.words.as_ptr();
        drop(second);
        drop(first);
        let third = copied(many);
        assert_eq!(
            (third.words.as_ptr(), third.get(999)),
            (place, Some(State::Idle))
        );
    }

    fn some() -> impl Strategy<Value = State> {
        proptest::sample::select(ALL.to_vec())
    }

    proptest! {
        #[test]
        fn lb07_the_copy_says_what_the_members_say(
            set in proptest::collection::vec((0..40_usize, some(), some()), 0..60),
            count in 1..40_usize,
        ) {
            let words = leaked(count);
            let cells = cells(words, count);
            let mut model = vec![State::Idle; count];
            for (index, old, new) in set.into_iter().filter(|(index, ..)| *index < count) {
                prop_assert_eq!(cells[index].replace(old, new), model[index] == old);
                if model[index] == old {
                    model[index] = new;
                }
                let before = std::mem::replace(&mut model[index], old);
                prop_assert_eq!(cells[index].swap(old), before);
            }
            let mut states = States::default();
            states.copy(words, count);
            for (index, state) in model.iter().enumerate() {
                prop_assert_eq!(cells[index].load(), *state);
                prop_assert_eq!(states.get(index), Some(*state));
            }
            prop_assert_eq!((states.get(count), states.len()), (None, count));
            for state in [State::Busy, State::Error] {
                let expected = (0..count).filter(|index| model[*index] == state);
                prop_assert!(states.closed_in(state).into_iter().eq(expected));
            }
            let mut changed = states.clone();
            changed.set(count - 1, State::Probe);
            changed.set(count, State::Probe);
            let expected = |index| if index + 1 == count { State::Probe } else { model[index] };
            prop_assert!((0..count).all(|index| changed.get(index) == Some(expected(index))));
        }
    }

    /// Neighbours in a word lose no change to each other.
    #[test]
    fn changes_of_neighbours_do_not_meet() {
        const TURNS: usize = if cfg!(miri) { 50 } else { 5_000 };
        let words = leaked(PER_WORD);
        let cells = cells(words, PER_WORD);
        std::thread::scope(|scope| {
            for cell in &cells[..4] {
                scope.spawn(|| {
                    for _ in 0..TURNS {
                        assert!(cell.replace(State::Idle, State::Error));
                        assert_eq!(cell.swap(State::Ok), State::Error);
                        assert!(!cell.replace(State::Busy, State::Force));
                        assert!(cell.replace(State::Ok, State::Idle));
                    }
                });
            }
        });
        assert!(cells.iter().all(|cell| cell.load() == State::Idle));
    }

    /// Of many that want to probe a member one does (TR-01).
    #[test]
    fn tr01_a_state_is_taken_once() {
        const TURNS: usize = if cfg!(miri) { 20 } else { 500 };
        let words = leaked(PER_WORD);
        let cells = cells(words, PER_WORD);
        for _ in 0..TURNS {
            cells[3].swap(State::Recover);
            let won: usize = std::thread::scope(|scope| {
                let take = || usize::from(cells[3].replace(State::Recover, State::Probe));
                let threads: Vec<_> = (0..3).map(|_| scope.spawn(take)).collect();
                threads.into_iter().map(|one| one.join().unwrap()).sum()
            });
            assert_eq!(won, 1);
        }
    }
}
