//! The last decisions of a balancer, in memory that all children share.
//!
//! A decision takes the next place; nobody waits for anybody. A place has a number, which is odd while it
//! is written, and a check over its words: a reader that sees another number afterwards, or another check,
//! leaves the place out. So what a child leaves half written when it is killed, or what two children
//! write over each other when the ring went around in between, costs these decisions and no other.

use super::words::{MOST, Words, count, end_of, end_words};
use super::{End, Explanation};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::fence;

/// Words of a place before those of its decision: number, check, and two for the end.
const FRAME: usize = 4;
const PLACE: usize = FRAME + MOST;
/// Words before the first place: the next ticket, alone in its cache line.
const FRONT: usize = 8;
/// Places more than are shown, so that those that are written at the moment hide none of them.
const SPARE: usize = 32;

/// The last decisions of a balancer.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    words: &'static [AtomicU64],
    shown: usize,
}

/// Which decision it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Ticket {
    fn tag(self) -> u16 {
        self.0 as u16
    }

    /// The number of a place that has this decision.
    fn written(self) -> u64 {
        self.0.wrapping_mul(2).wrapping_add(2)
    }
}

impl Ring {
    /// Words that a ring of that many decisions has.
    pub fn size(shown: usize) -> usize {
        FRONT + (shown + SPARE) * PLACE
    }

    /// A ring in shared memory of [`Ring::size`] words, where all zero is a valid start.
    pub fn new(words: &'static [AtomicU64], shown: usize) -> Option<Ring> {
        (words.len() == Ring::size(shown)).then_some(Ring { words, shown })
    }

    /// A ring on the heap of this process, never freed: for tests and for tools.
    pub fn leaked(shown: usize) -> Ring {
        let words = (0..Ring::size(shown)).map(|_| AtomicU64::new(0));
        Ring {
            words: Box::leak(words.collect()),
            shown,
        }
    }

    /// Keeps a decision.
    pub fn keep(&self, one: &Explanation<'_>) -> Ticket {
        let ticket = Ticket(self.words[0].fetch_add(1, Relaxed));
        let (words, place) = (Words::of(one), self.place(ticket));
        place[0].store(ticket.written().wrapping_sub(1), Relaxed);
        fence(Release);
        for end in &place[2..FRAME] {
            end.store(0, Relaxed);
        }
        let used = &words.words[..words.count];
        for (to, from) in place[FRAME..].iter().zip(used) {
            to.store(*from, Relaxed);
        }
        place[1].store(check(ticket, used), Relaxed);
        place[0].store(ticket.written(), Release);
        ticket
    }

    /// Adds to a decision how its attempt ended; nothing when others took its place.
    pub fn end(&self, ticket: Ticket, end: &End) {
        let place = self.place(ticket);
        if place[0].load(Relaxed) == ticket.written() {
            for (to, from) in place[2..FRAME].iter().zip(end_words(ticket.tag(), end)) {
                to.store(from, Relaxed);
            }
        }
    }

    /// The last decisions, the latest first. `policy` is the name of the balancer's policy.
    pub(crate) fn last<'a>(&self, policy: &'a str) -> Vec<Explanation<'a>> {
        let places = self.words[FRONT..].chunks_exact(PLACE);
        let mut all: Vec<_> = places.filter_map(|place| read(place, policy)).collect();
        all.sort_by_key(|(ticket, _)| std::cmp::Reverse(*ticket));
        let all = all.into_iter().take(self.shown);
        all.map(|(_, explanation)| explanation).collect()
    }

    fn place(&self, ticket: Ticket) -> &'static [AtomicU64] {
        let places = (self.shown + SPARE) as u64;
        let at = FRONT + (ticket.0 % places) as usize * PLACE;
        &self.words[at..at + PLACE]
    }
}

/// The decision of a place, if it is a whole one.
fn read<'a>(place: &[AtomicU64], policy: &'a str) -> Option<(Ticket, Explanation<'a>)> {
    let number = place[0].load(Acquire);
    if number == 0 || number % 2 == 1 {
        return None;
    }
    let words: Vec<u64> = place.iter().map(|word| word.load(Relaxed)).collect();
    fence(Acquire);
    let ticket = Ticket((number - 2) / 2);
    let used = words.get(FRAME..FRAME + count(words[FRAME + 1]))?;
    if place[0].load(Relaxed) != number || words[1] != check(ticket, used) {
        return None;
    }
    let mut explanation = Words::read(used, policy)?;
    explanation.end = end_of(ticket.tag(), [words[2], words[3]]);
    Some((ticket, explanation))
}

/// Differs, but for chance, between words that do.
fn check(ticket: Ticket, words: &[u64]) -> u64 {
    words.iter().fold(ticket.0, |sum, word| {
        (sum ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    })
}

#[cfg(test)]
impl Ring {
    /// As a writer that was killed leaves it.
    pub(super) fn break_off(&self, number: u64) {
        let place = self.place(Ticket(number));
        place[0].fetch_sub(1, Relaxed);
        place[FRAME + 3].store(77, Relaxed);
    }

    /// As a second writer leaves it.
    pub(super) fn overwrite(&self, number: u64) {
        self.place(Ticket(number))[FRAME + 3].store(77, Relaxed);
    }
}
