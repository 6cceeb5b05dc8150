//! A configuration record: what an operator changed while the server runs (contract H-06, H-08).
//!
//! A record holds two images of its words. A writer fills the one that nobody reads and then turns the
//! record over, so readers never wait, and a writer that dies at work leaves the record as it was.
//! Only the holder of the [`EditLock`](crate::shared::control::EditLock) writes.

use crate::sync::AtomicU64;
use crate::sync::fence;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A record of `N` words; all zero says "as configured".
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Record<const N: usize> {
    /// How often it was turned over; the last bit says which image is read.
    turns: AtomicU64,
    images: [[AtomicU64; N]; 2],
}

/// The record of an ajp13 worker.
pub type AjpRecord = Record<63>;
/// The record of a member of a balancer.
pub type MemberRecord = Record<31>;
/// The record of a balancer.
pub type BalancerRecord = Record<15>;

impl<const N: usize> Default for Record<N> {
    fn default() -> Record<N> {
        Record {
            turns: AtomicU64::new(0),
            images: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
        }
    }
}

impl<const N: usize> Record<N> {
    /// The words as one writer left them; never a mix of two.
    pub(crate) fn read(&self) -> [u64; N] {
        loop {
            let turn = self.turns.load(Acquire);
            let words = std::array::from_fn(|at| self.image(turn)[at].load(Relaxed));
            // Whoever saw a word of a later writer sees its turn behind this fence.
            fence(Acquire);
            if self.turns.load(Relaxed) == turn {
                return words;
            }
        }
    }

    /// Replaces the words. The caller holds the edit lock.
    pub(crate) fn write(&self, words: &[u64; N]) {
        let next = self.turns.load(Relaxed).wrapping_add(1);
        // The turn that freed this image comes before the first word that is put into it.
        fence(Release);
        self.fill(next, words);
        self.turns.store(next, Release);
    }

    fn fill(&self, turn: u64, words: &[u64; N]) {
        for (place, word) in std::iter::zip(self.image(turn), words) {
            place.store(*word, Relaxed);
        }
    }

    fn image(&self, turn: u64) -> &[AtomicU64; N] {
        let [even, odd] = &self.images;
        if turn & 1 == 0 { even } else { odd }
    }
}

#[cfg(test)]
impl<const N: usize> Record<N> {
    /// As a writer leaves it that dies at work.
    pub(crate) fn half_write(&self, word: u64) {
        self.fill(self.turns.load(Relaxed) + 1, &[word; N]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn h08_a_reader_never_sees_a_mix() {
        const WRITES: u64 = if cfg!(miri) { 100 } else { 200_000 };
        let record = Record::<63>::default();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let (mut reads, mut last) = (0_u64, 0);
                        while !done.load(Relaxed) {
                            let words = record.read();
                            assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
                            assert!(words[0] >= last, "went back from {last} to {}", words[0]);
                            last = words[0];
                            reads += 1;
                        }
                        reads
                    })
                })
                .collect();
            for number in 1..=WRITES {
                record.write(&[number; 63]);
            }
            done.store(true, Relaxed);
            for reader in readers {
                assert!(reader.join().unwrap() > 0);
            }
        });
        assert_eq!(record.read(), [WRITES; 63]);
    }

    #[test]
    fn h08_a_writer_that_dies_at_work_changed_nothing() {
        let record = Record::<15>::default();
        record.write(&[1; 15]);
        record.half_write(7);
        assert_eq!(record.read(), [1; 15]);
        record.write(&[2; 15]);
        assert_eq!(record.read(), [2; 15]);
    }
}
