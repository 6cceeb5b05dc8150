//! The host's side of a native test.

use super::{COUNTERS, FakeRequest, Fault, MAX_CALLS};
use crate::{Candidate, Level, Source, Table};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What lasts over the requests of one [`Harness`](super::Harness).
#[derive(Default)]
pub(super) struct FakeHost {
    pub(super) now_ms: Cell<u64>,
    pub(super) random_state: Cell<u64>,
    pub(super) log: RefCell<Vec<(Level, String)>>,
    counters: RefCell<[u64; COUNTERS]>,
    pub(super) calls: Cell<u32>,
    fault: Cell<Option<Fault>>,
}

impl FakeHost {
    pub(super) fn counter(&self, key: u32) -> u64 {
        let counters = self.counters.borrow();
        counters.get(key as usize).copied().unwrap_or(0)
    }

    pub(super) fn take_fault(&self) -> Result<(), Fault> {
        self.fault.take().map_or(Ok(()), Err)
    }

    /// The first fault counts. The real host stops the policy there; here it runs on, and the
    /// harness reports the fault afterwards.
    fn raise(&self, fault: Fault) {
        self.fault.set(self.fault.get().or(Some(fault)));
    }

    /// SplitMix64: small, and good enough for tests of a distribution.
    fn random(&self) -> u64 {
        let state = self.random_state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random_state.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn counter_add(&self, key: u32, amount: u64) -> u64 {
        match self.counters.borrow_mut().get_mut(key as usize) {
            Some(counter) => {
                *counter = counter.wrapping_add(amount);
                *counter
            }
            None => {
                self.raise(Fault::BadCounter(key));
                0
            }
        }
    }
}

/// Answers the calls of one decision, and counts them.
pub(crate) struct Backend {
    host: Rc<FakeHost>,
    request: FakeRequest,
    candidates: Vec<Candidate>,
}

impl Backend {
    pub(super) fn new(
        host: Rc<FakeHost>,
        request: FakeRequest,
        candidates: Vec<Candidate>,
    ) -> Backend {
        host.calls.set(0);
        Backend {
            host,
            request,
            candidates,
        }
    }

    pub(crate) fn method(&self) -> String {
        self.request().method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.request().path.clone()
    }

    pub(crate) fn query(&self) -> Option<String> {
        self.request().query.clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.request().headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut cookies = self.request().cookies.iter();
        let found = cookies.find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    }

    pub(crate) fn client_address(&self) -> String {
        self.request().client_address.clone()
    }

    pub(crate) fn tls(&self) -> bool {
        self.request().tls
    }

    pub(crate) fn server_name(&self) -> String {
        self.request().server_name.clone()
    }

    pub(crate) fn look_up(&self, table: &Table) -> Option<u32> {
        let value = match &table.source {
            Source::Header(name) => self.header(name)?,
            Source::Cookie(name) => self.cookie(name)?,
            Source::ServerName => self.server_name(),
        };
        let position = table.texts.iter().position(|text| *text == value)?;
        u32::try_from(position).ok()
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        self.count();
        self.candidates.clone()
    }

    pub(crate) fn is_candidate(&self, index: u32) -> bool {
        self.count();
        self.candidates.iter().any(|c| c.index == index)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.host().now_ms.get()
    }

    pub(crate) fn random(&self) -> u64 {
        self.host().random()
    }

    pub(crate) fn log(&self, level: Level, text: &str) {
        self.host().log.borrow_mut().push((level, text.to_string()));
    }

    pub(crate) fn counter_add(&self, key: u32, amount: u64) -> u64 {
        self.host().counter_add(key, amount)
    }

    fn request(&self) -> &FakeRequest {
        self.count();
        &self.request
    }

    fn host(&self) -> &FakeHost {
        self.count();
        &self.host
    }

    fn count(&self) {
        let calls = self.host.calls.get() + 1;
        self.host.calls.set(calls);
        if calls > MAX_CALLS {
            self.host.raise(Fault::TooManyCalls);
        }
    }
}
