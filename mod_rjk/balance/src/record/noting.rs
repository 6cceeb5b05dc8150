//! A request that notes what a policy asks of it.

use super::Frozen;
use crate::policy::{CandidateView, RequestView, Tape};
use crate::source::Source;
use std::borrow::Cow;
use std::cell::RefCell;

/// What a policy asked, and what it got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Texts of the request, each once. What every policy may know without naming it (method, path,
    /// server name) is not among them.
    pub asked: Vec<(Source, Option<Vec<u8>>)>,
    /// Hashes of them, with their seeds.
    pub hashes: Vec<(Source, u64, Option<u64>)>,
    /// Random numbers.
    pub randoms: Vec<u64>,
    /// Readings of the wall clock in milliseconds since 1970.
    pub wall_clock_ms: Vec<u64>,
    /// Readings of the monotonic clock in microseconds.
    pub monotonic_us: Vec<u64>,
}

/// A question, as long as it is asked.
pub(crate) struct Noting<'a> {
    request: &'a dyn RequestView,
    pub(crate) members: Frozen,
    notes: RefCell<Notes>,
}

impl<'a> Noting<'a> {
    pub(crate) fn new(request: &'a dyn RequestView, members: &dyn CandidateView) -> Noting<'a> {
        Noting {
            request,
            members: Frozen::of(members),
            notes: RefCell::default(),
        }
    }

    /// What was asked.
    pub(crate) fn notes(&self) -> Notes {
        self.notes.borrow().clone()
    }

    fn heard<'r>(&self, source: Source, value: Option<Cow<'r, [u8]>>) -> Option<Cow<'r, [u8]>> {
        let asked = &mut self.notes.borrow_mut().asked;
        if asked.iter().all(|(known, _)| *known != source) {
            asked.push((source, value.as_deref().map(<[u8]>::to_vec)));
        }
        value
    }
}

fn name(name: &[u8]) -> Box<str> {
    String::from_utf8_lossy(name).into()
}

impl RequestView for Noting<'_> {
    fn method(&self) -> &[u8] {
        self.request.method()
    }

    fn path(&self) -> &[u8] {
        self.request.path()
    }

    fn query(&self) -> Option<&[u8]> {
        let query = self.request.query();
        self.heard(Source::Query, query.map(Cow::Borrowed));
        query
    }

    fn parameter(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.heard(Source::Parameter(name.into()), self.request.parameter(name))
    }

    fn header(&self, header: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.heard(Source::Header(name(header)), self.request.header(header))
    }

    fn cookie(&self, cookie: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.heard(Source::Cookie(name(cookie)), self.request.cookie(cookie))
    }

    fn client_address(&self) -> Cow<'_, [u8]> {
        let address = self.request.client_address();
        self.heard(Source::ClientAddress, Some(address.clone()));
        address
    }

    fn tls(&self) -> bool {
        self.request.tls()
    }

    fn server_name(&self) -> Cow<'_, [u8]> {
        self.request.server_name()
    }

    fn tape(&self) -> Option<&dyn Tape> {
        Some(self)
    }
}

impl Tape for Noting<'_> {
    fn random(&self, own: u64) -> u64 {
        self.notes.borrow_mut().randoms.push(own);
        own
    }

    fn wall_clock_ms(&self, own: u64) -> u64 {
        self.notes.borrow_mut().wall_clock_ms.push(own);
        own
    }

    fn monotonic_us(&self, own: u64) -> u64 {
        self.notes.borrow_mut().monotonic_us.push(own);
        own
    }

    fn hash(&self, source: &Source, seed: u64, own: Option<u64>) -> Option<u64> {
        let hashes = &mut self.notes.borrow_mut().hashes;
        hashes.push((source.clone(), seed, own));
        own
    }
}
