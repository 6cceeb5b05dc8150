//! The host's side of a native test.

use super::names::Names;
use super::shared::{Shared, cut};
use super::{FakeMembers, FakeRequest, Fault, MAX_CALLS, MAX_DATA, MAX_LABEL, Notes};
use crate::{Level, Metric, Tried};
use std::cell::Cell;
use std::rc::Rc;

/// What one call of the policy is about.
pub(super) struct Call {
    pub(super) request: FakeRequest,
    pub(super) members: FakeMembers,
    pub(super) sticky: Option<u32>,
    /// In `configure` as many calls as one likes.
    pub(super) counts: bool,
    pub(super) calls: Cell<u32>,
    pub(super) data: Cell<usize>,
    pub(super) listed: Cell<bool>,
    pub(super) notes: Cell<Notes>,
}

impl Call {
    pub(super) fn new(request: FakeRequest, members: FakeMembers, sticky: Option<u32>) -> Call {
        Call {
            request,
            members,
            sticky,
            counts: true,
            calls: Cell::new(0),
            data: Cell::new(0),
            listed: Cell::new(false),
            notes: Cell::new(Notes::default()),
        }
    }

    /// `configure`, which has neither request nor members.
    pub(super) fn configure() -> Call {
        Call {
            counts: false,
            ..Call::new(FakeRequest::get("/"), FakeMembers::default(), None)
        }
    }
}

/// Answers the calls of one call of the policy, and counts them.
pub(crate) struct Backend {
    pub(super) shared: Rc<Shared>,
    pub(super) names: Rc<Names>,
    pub(super) call: Rc<Call>,
}

impl Backend {
    pub(crate) fn method(&self) -> String {
        self.copied(self.request().method.clone())
    }

    pub(crate) fn path(&self) -> String {
        self.copied(self.request().path.clone())
    }

    pub(crate) fn query(&self) -> Option<String> {
        let query = self.request().query.clone();
        query.map(|query| self.copied(query))
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.request().header(name)?.to_string();
        Some(self.copied(value))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let value = self.request().cookie(name)?.to_string();
        Some(self.copied(value))
    }

    pub(crate) fn client_address(&self) -> String {
        self.copied(self.request().client_address.clone())
    }

    pub(crate) fn tls(&self) -> bool {
        self.request().tls
    }

    pub(crate) fn server_name(&self) -> String {
        self.copied(self.request().server_name.clone())
    }

    pub(crate) fn source(&self, kind: u32, name: &str) -> u32 {
        self.names.source(kind, name)
    }

    pub(crate) fn text(&self, source: u32) -> Option<String> {
        let text = self.names.read(source, self.request())?.into_owned();
        Some(self.copied(text))
    }

    pub(crate) fn hash(&self, source: u32, seed: u64) -> Option<u64> {
        let text = self.names.read(source, self.request())?;
        Some(crate::hash(text.as_bytes(), seed))
    }

    pub(crate) fn table(&self, source: u32, matching: u32, texts: &[String]) -> u32 {
        self.names.table(source, matching, texts)
    }

    pub(crate) fn look_up(&self, table: u32) -> Option<u32> {
        self.names.look_up(table, self.request())
    }

    pub(crate) fn candidates(&self, metrics: &[u32]) -> Vec<u64> {
        let members = self.members();
        let rows = members.candidates().flat_map(|(position, member)| {
            let value = move |metric: &u32| member.value(position, Metric(*metric));
            metrics.iter().map(value)
        });
        let numbers: Vec<u64> = rows.collect();
        if self.call.listed.replace(true) {
            self.copy(numbers.len() * 8);
        }
        numbers
    }

    pub(crate) fn is_candidate(&self, member: u32) -> bool {
        self.members().is_candidate(member)
    }

    pub(crate) fn value(&self, member: u32, metric: u32) -> u64 {
        let members = self.members();
        let Some(found) = members.get(member as usize) else {
            Fault::BadPosition(member).raise();
        };
        found.value(member, Metric(metric))
    }

    pub(crate) fn knows(&self, metric: u32) -> bool {
        self.count();
        metric <= Metric::SESSIONS.0
    }

    pub(crate) fn builtin_choice(&self) -> Option<u32> {
        self.members().what_builtin_takes(self.call.sticky)
    }

    pub(crate) fn attempt(&self) -> u32 {
        u32::try_from(self.members().tried.len() + 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn tried(&self) -> Vec<Tried> {
        let tried = &self.members().tried;
        let last = tried
            .get(tried.len().saturating_sub(64)..)
            .unwrap_or_default();
        self.copy(last.len() * 8);
        last.to_vec()
    }

    pub(crate) fn token(&self, token: u64) {
        self.note(|notes| notes.token = token);
    }

    pub(crate) fn label(&self, label: &str) {
        let plain: String = label
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        self.note(|notes| notes.label = cut(&plain, MAX_LABEL).to_string());
    }

    pub(crate) fn retry_after(&self, seconds: u32) {
        self.note(|notes| notes.retry_after = Some(seconds));
    }

    pub(crate) fn reserve(&self, cells: u32, member_cells: u32) {
        self.names.reserve(cells, member_cells);
    }

    pub(crate) fn load(&self, member: Option<u32>, cell: u32) -> u64 {
        self.cell(member, cell, |value| value)
    }

    pub(crate) fn add(&self, member: Option<u32>, cell: u32, amount: u64) -> u64 {
        let before = self.cell(member, cell, |value| value.wrapping_add(amount));
        before.wrapping_add(amount)
    }

    pub(crate) fn compare_exchange(
        &self,
        member: Option<u32>,
        cell: u32,
        old: u64,
        new: u64,
    ) -> u64 {
        self.cell(member, cell, |value| if value == old { new } else { value })
    }

    pub(crate) fn counter_add(&self, key: u32, amount: u64) -> u64 {
        self.shared().counter_add(key, amount)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.shared().now_ms.get()
    }

    pub(crate) fn monotonic_us(&self) -> u64 {
        self.shared().monotonic_us.get()
    }

    pub(crate) fn random(&self) -> u64 {
        self.shared().random()
    }

    pub(crate) fn log(&self, level: Level, text: &str) {
        self.shared().log(level, text);
    }

    fn cell(&self, member: Option<u32>, cell: u32, change: impl FnOnce(u64) -> u64) -> u64 {
        let before = self.shared().cell(member, cell, change);
        before.unwrap_or_else(|| Fault::BadCell.raise())
    }

    fn note(&self, change: impl FnOnce(&mut Notes)) {
        self.count();
        let mut notes = self.call.notes.take();
        change(&mut notes);
        self.call.notes.set(notes);
    }

    fn request(&self) -> &FakeRequest {
        self.count();
        &self.call.request
    }

    fn members(&self) -> &FakeMembers {
        self.count();
        &self.call.members
    }

    fn shared(&self) -> &Shared {
        self.count();
        &self.shared
    }

    fn count(&self) {
        let calls = self.call.calls.get() + 1;
        self.call.calls.set(calls);
        if self.call.counts && calls > MAX_CALLS {
            Fault::TooManyCalls.raise();
        }
    }

    fn copied(&self, text: String) -> String {
        self.copy(text.len());
        text
    }

    fn copy(&self, bytes: usize) {
        let data = self.call.data.get() + bytes;
        self.call.data.set(data);
        if self.call.counts && data > MAX_DATA {
            Fault::TooMuchData.raise();
        }
    }
}
