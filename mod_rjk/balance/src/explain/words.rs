//! A decision as words of shared memory.

use super::{Chosen, End, Explanation, MOST_CANDIDATES, Seen, Session, ShortRoute};
use crate::choose::pick::Missing;
use crate::decision::{DecidedBy, Decision, FaultKind, Label};
use crate::outcome::Ended;
use crate::state::State;
use crate::time::Moment;
use rjk_config::model::Activation;
use std::time::Duration;

/// Words before those of the candidates.
const HEAD: usize = 16;
/// Words of each candidate.
const EACH: usize = 3;
/// Words of a decision at most.
pub(super) const MOST: usize = HEAD + EACH * MOST_CANDIDATES;

/// The words of a decision, as many as it needs.
pub(super) struct Words {
    pub(super) words: [u64; MOST],
    pub(super) count: usize,
}

/// How many words a decision has whose second word is this one.
pub(super) fn count(second: u64) -> usize {
    let (_, kept) = halves(second);
    HEAD + EACH * index(kept).min(MOST_CANDIDATES)
}

impl Words {
    pub(super) fn of(one: &Explanation<'_>) -> Words {
        let mut words = [0; MOST];
        let kept = one.candidates.len().min(MOST_CANDIDATES);
        let (session, session_index, state, activation) = session_code(one.session);
        let (by, fault) = by_code(one.by);
        let (answer, answer_value) = answer_code(one.answer);
        let (found, found_value) = found_code(one.found);
        let (label, route) = (one.label.as_str(), one.route.as_bstr());
        let head = [
            one.at.as_millis(),
            joined(one.attempt, kept as u32),
            u64::from_le_bytes([by, fault, answer, found, session, state, activation, 0]),
            joined(answer_value, found_value),
            joined(session_index, one.candidate_count),
            joined(label.len() as u32, route.len() as u32),
        ];
        words[..head.len()].copy_from_slice(&head);
        put(&mut words[6..10], label.as_bytes());
        put(&mut words[10..HEAD], route);
        for (place, seen) in words[HEAD..].chunks_exact_mut(EACH).zip(&one.candidates) {
            let flags = [seen.state.code() as u8, seen.activation as u8, 0, 0];
            place[0] = joined(seen.index as u32, u32::from_le_bytes(flags));
            place[1] = joined(seen.busy, seen.latency_us);
            place[2] = seen.load;
        }
        Words {
            words,
            count: HEAD + EACH * kept,
        }
    }

    /// `policy` is the name of the balancer's policy. `None` for words that nobody wrote.
    pub(super) fn read<'a>(words: &[u64], policy: &'a str) -> Option<Explanation<'a>> {
        let (head, candidates) = words.split_at_checked(HEAD)?;
        let (attempt, _) = halves(head[1]);
        let [by, fault, answer, found, session, state, activation, _] = head[2].to_le_bytes();
        let (answer_value, found_value) = halves(head[3]);
        let (session_index, candidate_count) = halves(head[4]);
        let (label, route) = halves(head[5]);
        let label = taken(&head[6..10], label);
        Some(Explanation {
            at: Moment::from_millis(head[0]),
            attempt,
            session: session_of(session, session_index, state, activation)?,
            route: ShortRoute::new(&taken(&head[10..], route)),
            candidates: candidates.chunks_exact(EACH).map(seen).collect(),
            candidate_count,
            by: by_of(by, fault, policy)?,
            answer: answer_of(answer, answer_value),
            label: Label::new(&String::from_utf8_lossy(&label)),
            found: found_of(found, found_value)?,
            end: None,
        })
    }
}

/// Where the tag of a word begins.
const TAG_AT: u32 = 48;
const LOW: u64 = (1 << TAG_AT) - 1;
/// There is an end.
const ENDED: u64 = 1 << 40;

/// An end in two words, each with the lowest bits of the decision's ticket: a word of another decision is
/// none.
pub(super) fn end_words(tag: u16, end: &End) -> [u64; 2] {
    let micros = u64::try_from(end.total.as_micros()).unwrap_or(u64::MAX);
    let how = u64::from(end.ended as u32) | u64::from(end.status) << 8 | ENDED;
    [how, micros.min(LOW)].map(|low| u64::from(tag) << TAG_AT | low)
}

/// The reverse; `None` while the attempt goes on.
pub(super) fn end_of(tag: u16, words: [u64; 2]) -> Option<End> {
    if words.iter().any(|word| word >> TAG_AT != u64::from(tag)) {
        return None;
    }
    let [how, micros] = words.map(|word| word & LOW);
    (how & ENDED != 0).then_some(())?;
    Some(End {
        ended: Ended::of((how & 0xff) as u32)?,
        status: (how >> 8 & 0xffff) as u16,
        total: Duration::from_micros(micros),
    })
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn put(words: &mut [u64], bytes: &[u8]) {
    for (word, part) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut whole = [0; 8];
        whole[..part.len()].copy_from_slice(part);
        *word = u64::from_le_bytes(whole);
    }
}

fn taken(words: &[u64], length: u32) -> Vec<u8> {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.take(index(length)).collect()
}

fn seen(words: &[u64]) -> Seen {
    let (index_, flags) = halves(words[0]);
    let (busy, latency_us) = halves(words[1]);
    let [state, activation, ..] = flags.to_le_bytes();
    Seen {
        index: index(index_),
        state: State::from_code(state.into()),
        activation: activation_of(activation),
        busy,
        load: words[2],
        latency_us,
    }
}

fn activation_of(code: u8) -> Activation {
    match code {
        0 => Activation::Active,
        1 => Activation::Disabled,
        _ => Activation::Stopped,
    }
}

fn by_code(by: DecidedBy<'_>) -> (u8, u8) {
    match by {
        DecidedBy::Builtin => (1, 0),
        DecidedBy::Sticky => (2, 0),
        DecidedBy::Policy(_) => (3, 0),
        DecidedBy::Fault(kind) => (4, kind as u8),
        DecidedBy::Off => (5, 0),
    }
}

fn by_of(code: u8, fault: u8, policy: &str) -> Option<DecidedBy<'_>> {
    Some(match code {
        1 => DecidedBy::Builtin,
        2 => DecidedBy::Sticky,
        3 => DecidedBy::Policy(policy),
        4 => DecidedBy::Fault(*FaultKind::ALL.get(usize::from(fault))?),
        5 => DecidedBy::Off,
        _ => return None,
    })
}

fn answer_code(answer: Option<Decision>) -> (u8, u32) {
    match answer {
        None => (0, 0),
        Some(Decision::Builtin) => (1, 0),
        Some(Decision::Worker(index)) => (2, index as u32),
        Some(Decision::Reject(status)) => (3, status.into()),
    }
}

fn answer_of(code: u8, value: u32) -> Option<Decision> {
    match code {
        1 => Some(Decision::Builtin),
        2 => Some(Decision::Worker(index(value))),
        3 => Some(Decision::Reject(value as u16)),
        _ => None,
    }
}

fn found_code(found: Chosen) -> (u8, u32) {
    match found {
        Chosen::Member(index) => (1, index as u32),
        Chosen::Reject(status) => (2, status.into()),
        Chosen::Nobody(Missing::Unusable) => (3, 0),
        Chosen::Nobody(Missing::StickyForce) => (4, 0),
    }
}

fn found_of(code: u8, value: u32) -> Option<Chosen> {
    Some(match code {
        1 => Chosen::Member(index(value)),
        2 => Chosen::Reject(value as u16),
        3 => Chosen::Nobody(Missing::Unusable),
        4 => Chosen::Nobody(Missing::StickyForce),
        _ => return None,
    })
}

/// Kind, index, state and activation.
fn session_code(session: Session) -> (u8, u32, u8, u8) {
    match session {
        Session::Off => (1, 0, 0, 0),
        Session::None => (2, 0, 0, 0),
        Session::NoRoute => (3, 0, 0, 0),
        Session::Member(index) => (4, index as u32, 0, 0),
        Session::StandIn(index) => (5, index as u32, 0, 0),
        Session::Domain(index) => (6, index as u32, 0, 0),
        Session::Unknown => (7, 0, 0, 0),
        Session::EmptyDomain => (8, 0, 0, 0),
        Session::Unusable {
            index,
            state,
            activation,
        } => (9, index as u32, state.code() as u8, activation as u8),
    }
}

fn session_of(code: u8, member: u32, state: u8, activation: u8) -> Option<Session> {
    Some(match code {
        1 => Session::Off,
        2 => Session::None,
        3 => Session::NoRoute,
        4 => Session::Member(index(member)),
        5 => Session::StandIn(index(member)),
        6 => Session::Domain(index(member)),
        7 => Session::Unknown,
        8 => Session::EmptyDomain,
        9 => Session::Unusable {
            index: index(member),
            state: State::from_code(state.into()),
            activation: activation_of(activation),
        },
        _ => return None,
    })
}
