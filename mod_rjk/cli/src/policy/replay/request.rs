//! A request as far as a record tells of it.

use rjk_balance::{RequestView, Source, Tape};
use rjk_record::{DecisionLine, Key, Text};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// Texts that hashed ones may be, by their hashes.
pub(super) type Guesses = HashMap<String, String>;

/// The request of a line. What was recorded as a hash is compared by it; a policy that reads the text itself
/// gets `#` and the hash: equal texts are equal ones still, and that it asked is noted.
pub(super) struct RecordedRequest<'a> {
    line: &'a DecisionLine,
    key: Key,
    texts: Vec<Known<'a>>,
    missed: RefCell<Vec<String>>,
    /// How many random numbers, and readings of each clock, were given.
    given: [Cell<usize>; 3],
}

struct Known<'a> {
    source: &'a Source,
    value: Option<Cow<'a, str>>,
    /// Stands for a text that is not known.
    hash: Option<&'a str>,
}

impl<'a> RecordedRequest<'a> {
    pub(super) fn new(line: &'a DecisionLine, key: Key, guesses: &'a Guesses) -> Self {
        let texts = line.asked.iter().map(|(source, text)| {
            let (value, hash) = match text {
                None => (None, None),
                Some(Text::Plain(text)) => (Some(Cow::Borrowed(text.as_str())), None),
                Some(Text::Hashed(hash)) => match guesses.get(hash) {
                    Some(text) => (Some(Cow::Borrowed(text.as_str())), None),
                    None => (Some(Cow::Owned(format!("#{hash}"))), Some(hash.as_str())),
                },
            };
            Known {
                source,
                value,
                hash,
            }
        });
        RecordedRequest {
            line,
            key,
            texts: texts.collect(),
            missed: RefCell::default(),
            given: Default::default(),
        }
    }

    /// What was asked and is not known, once for each time.
    pub(super) fn into_missed(self) -> Vec<String> {
        self.missed.into_inner()
    }

    fn find_known(&self, source: &Source) -> Option<&Known<'a>> {
        self.texts
            .iter()
            .find(|known| is_same(known.source, source))
    }

    fn text(&self, source: &Source) -> Option<Cow<'_, [u8]>> {
        let Some(known) = self.find_known(source) else {
            self.miss(source.to_string());
            return None;
        };
        if known.hash.is_some() {
            self.miss(hidden(source));
        }
        Some(Cow::Borrowed(known.value.as_ref()?.as_bytes()))
    }

    fn miss(&self, what: String) {
        self.missed.borrow_mut().push(what);
    }

    /// The text that was just read was not needed itself.
    fn was_compared(&self, source: &Source) {
        let mut missed = self.missed.borrow_mut();
        if missed.last() == Some(&hidden(source)) {
            missed.pop();
        }
    }

    fn next(&self, kind: usize, recorded: &[u64], word: &str, or: impl Fn(u64) -> u64) -> u64 {
        let place = self.given[kind].get();
        self.given[kind].set(place + 1);
        if let Some(number) = recorded.get(place) {
            return *number;
        }
        self.miss(word.to_owned());
        or(place as u64)
    }
}

fn hidden(source: &Source) -> String {
    format!("text of {source} (recorded as a hash)")
}

/// Names of headers are compared without case.
fn is_same(one: &Source, other: &Source) -> bool {
    match (one, other) {
        (Source::Header(one), Source::Header(other)) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

fn name(name: &[u8]) -> Box<str> {
    String::from_utf8_lossy(name).into()
}

impl RequestView for RecordedRequest<'_> {
    fn method(&self) -> &[u8] {
        self.line.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.line.path.as_bytes()
    }

    fn query(&self) -> Option<&[u8]> {
        match self.text(&Source::Query)? {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    fn parameter(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.text(&Source::Parameter(name.into()))
    }

    fn header(&self, header: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.text(&Source::Header(name(header)))
    }

    fn cookie(&self, cookie: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.text(&Source::Cookie(name(cookie)))
    }

    fn client_address(&self) -> Cow<'_, [u8]> {
        self.text(&Source::ClientAddress).unwrap_or_default()
    }

    fn tls(&self) -> bool {
        self.line.tls
    }

    fn server_name(&self) -> Cow<'_, [u8]> {
        self.line.server_name.as_bytes().into()
    }

    fn tape(&self) -> Option<&dyn Tape> {
        Some(self)
    }
}

impl Tape for RecordedRequest<'_> {
    /// Those that were not drawn are the same in each replay.
    fn random(&self, _: u64) -> u64 {
        self.next(0, &self.line.notes.randoms, "random number", |place| {
            mixed(self.line.id.rotate_left(32) ^ place)
        })
    }

    fn wall_clock_ms(&self, own: u64) -> u64 {
        let recorded = &self.line.notes.wall_clock_ms;
        self.next(1, recorded, "wall clock", |_| {
            *recorded.last().unwrap_or(&own)
        })
    }

    fn monotonic_us(&self, _: u64) -> u64 {
        let recorded = &self.line.notes.monotonic_us;
        let at = self.line.at.saturating_mul(1000);
        self.next(2, recorded, "monotonic clock", |_| {
            *recorded.last().unwrap_or(&at)
        })
    }

    fn hash(&self, source: &Source, seed: u64, own: Option<u64>) -> Option<u64> {
        let mut hashes = self.line.notes.hashes.iter();
        let found = hashes.find(|(known, with, _)| is_same(known, source) && *with == seed);
        match found {
            Some((_, _, hash)) => {
                self.was_compared(source);
                *hash
            }
            None => own,
        }
    }

    fn find(
        &self,
        source: &Source,
        texts: &mut dyn Iterator<Item = &str>,
        exact: bool,
    ) -> Option<usize> {
        let hash = self.find_known(source)?.hash?;
        let mut numbered = texts.enumerate();
        let found = numbered.find(|(_, text)| self.key.hash(text.as_bytes()) == hash);
        let found = found.map(|(place, _)| place);
        if exact || found.is_some() {
            self.was_compared(source);
        }
        found
    }
}

/// `SplitMix64`'s mixing, Steele, Lea and Flood 2014.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
