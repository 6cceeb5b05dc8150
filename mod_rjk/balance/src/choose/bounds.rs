//! What this process knows of loads without looking at them: of each sixteen members a number that none of
//! their loads is below.
//!
//! Loads that are counted rise with each request and fall only when somebody lowers them: maintenance, a
//! reset, an edit. Whoever does so raises a number behind it
//! ([`BalancerSlot::lowerings`](crate::BalancerSlot)), and what was known before is then worth nothing.

use crate::shared::states::words_for;
use crate::sync::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// Bits of a load that are kept; above them stands when it was looked at. A load that is larger counts as
/// the largest of these, which it is not below either.
const LOAD: u32 = 40;
const LARGEST: u64 = (1 << LOAD) - 1;

/// The numbers of a balancer's members.
#[derive(Debug)]
pub(crate) struct Bounds(Box<[AtomicU64]>);

/// Those that hold at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'b> {
    bounds: &'b [AtomicU64],
    /// The moment, in the bits above the load.
    epoch: u64,
}

impl Bounds {
    /// Nothing is known: no load is below zero.
    pub(crate) fn new(members: usize) -> Bounds {
        let words = 0..words_for(members);
        Bounds(words.map(|_| AtomicU64::new(0)).collect())
    }

    /// What is known now, to be asked for before any load is read. Acquire: see
    /// `SharedMember::was_lowered`.
    pub(crate) fn now(&self, lowerings: &AtomicU64) -> Known<'_> {
        self.at(lowerings.load(Acquire))
    }

    /// What is known when loads were lowered so often.
    fn at(&self, lowerings: u64) -> Known<'_> {
        Known {
            bounds: &self.0,
            // What is kept from 2^24 lowerings ago and was not looked at since would count as new: the
            // choice is then not the best one, once.
            epoch: lowerings << LOAD,
        }
    }
}

impl Known<'_> {
    /// Whether none of these sixteen is below `load`.
    pub(crate) fn has_none_below(self, load: u64, word: usize) -> bool {
        let kept = self.bounds.get(word).map_or(0, |kept| kept.load(Relaxed));
        let bound = kept.wrapping_sub(self.epoch);
        bound <= LARGEST && bound >= load
    }

    /// Keeps what was found. Relaxed, one number alone: who reads an older one looks again.
    pub(crate) fn keep(self, word: usize, least: u64) {
        if let Some(kept) = self.bounds.get(word) {
            kept.store(self.epoch | least.min(LARGEST), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_holds_until_a_load_is_lowered() {
        let bounds = Bounds::new(17);
        let known = bounds.at(3);
        assert!(!known.has_none_below(1, 1), "nothing is known");
        known.keep(1, 7);
        for (load, none_below) in [(0, true), (7, true), (8, false), (u64::MAX, false)] {
            assert_eq!(known.has_none_below(load, 1), none_below, "{load}");
            assert!(!bounds.at(4).has_none_below(load, 1), "lowered");
            assert!(!bounds.at(2).has_none_below(load, 1), "kept by a later one");
        }
        assert!(!known.has_none_below(1, 0) && !known.has_none_below(1, 2));
    }

    #[test]
    fn a_load_beyond_what_is_kept_counts_as_the_largest() {
        let bounds = Bounds::new(1);
        let known = bounds.at(u64::MAX);
        known.keep(0, u64::MAX);
        assert!(known.has_none_below(LARGEST, 0));
        assert!(!known.has_none_below(LARGEST + 1, 0));
        assert!(!bounds.at(0).has_none_below(0, 0));
    }
}
