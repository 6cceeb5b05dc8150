//! Which of the members that may be taken has the least load: one pass over words of states and a dense
//! array of loads (§4.2). Of equal ones the first from where the scan starts is taken, so that they rotate.

use crate::choose::bounds::Known;
use crate::shared::slot::MemberLoad;
use crate::shared::states::{CLOSED, Members, PER_WORD, States};
use std::ops::Range;

/// Members that may be taken as far as the configuration goes, and what they do.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'v> {
    pub(crate) members: &'v Members,
    pub(crate) states: &'v States,
    pub(crate) loads: &'v [MemberLoad],
    /// Where it starts, among all members.
    pub(crate) start: usize,
}

/// The best that was found so far.
#[derive(Clone, Copy)]
struct Best {
    index: usize,
    load: u64,
}

impl Best {
    fn offer(&mut self, index: usize, load: u64) {
        if load < self.load {
            (self.index, self.load) = (index, load);
        }
    }
}

impl Scan<'_> {
    /// The first member that may be taken, whatever its load.
    pub(crate) fn first(&self) -> Option<usize> {
        let start = self.start;
        let rest = self.words_of(start..self.states.len());
        rest.chain(self.words_of(0..start))
            .find(|(_, open)| *open != 0)
            .map(|(word, open)| lowest(word, open))
    }

    /// The one with the least load. `known` is for loads that only rise.
    pub(crate) fn least(
        &self,
        load: impl Fn(usize, &MemberLoad) -> u64 + Copy,
        known: Option<Known<'_>>,
    ) -> Option<usize> {
        let index = self.first()?;
        let first = load(index, self.loads.get(index)?);
        let mut best = Best { index, load: first };
        for part in [self.start..self.states.len(), 0..self.start] {
            for word in part.start / PER_WORD..part.end.div_ceil(PER_WORD) {
                if known.is_none_or(|known| !known.has_none_below(best.load, word)) {
                    self.look_at(word, &part, load, known, &mut best);
                }
            }
        }
        Some(best.index)
    }

    /// Looks at the sixteen members of a word, as far as they are in this part.
    fn look_at(
        &self,
        word: usize,
        part: &Range<usize>,
        load: impl Fn(usize, &MemberLoad) -> u64 + Copy,
        known: Option<Known<'_>>,
        best: &mut Best,
    ) {
        let base = word * PER_WORD;
        let loads = self.loads.get(base..).unwrap_or_default();
        let loads = loads.get(..PER_WORD).unwrap_or(loads);
        let of = |at: usize, one: &MemberLoad| load(base + at, one);
        let mut open = self.open(word) & within(base, part);
        // Nearly always all sixteen may be taken, and none of them is better.
        let least = (0..).zip(loads).map(|(at, one)| of(at, one)).min();
        if let (Some(known), Some(least)) = (known, least) {
            known.keep(word, least);
        }
        if least.is_none_or(|least| least >= best.load) {
            return;
        }
        while open != 0 {
            let at = lowest(0, open);
            if let Some(one) = loads.get(at) {
                best.offer(base + at, of(at, one));
            }
            open &= open - 1;
        }
    }

    /// The words of a part with those who may be taken.
    fn words_of(&self, part: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
        let words = part.start / PER_WORD..part.end.div_ceil(PER_WORD);
        words.map(move |word| (word, self.open(word) & within(word * PER_WORD, &part)))
    }

    /// Of the sixteen members of a word those that may be taken.
    fn open(&self, word: usize) -> u64 {
        let (members, states) = (self.members.words(), self.states.words());
        let of = |words: &[u64]| words.get(word).copied();
        of(members).unwrap_or(0) & !of(states).unwrap_or(CLOSED)
    }
}

/// Of sixteen members from `base` on those that are in a part.
fn within(base: usize, part: &Range<usize>) -> u64 {
    let from = part.start.saturating_sub(base).min(PER_WORD);
    let to = part.end.saturating_sub(base).min(PER_WORD);
    below(to) & !below(from)
}

/// The first so many of sixteen.
fn below(count: usize) -> u64 {
    match count {
        PER_WORD.. => CLOSED,
        count => CLOSED & ((1 << (4 * count)) - 1),
    }
}

/// The first member of a word of whom the bit is set.
fn lowest(word: usize, bits: u64) -> usize {
    word * PER_WORD + bits.trailing_zeros() as usize / 4
}
