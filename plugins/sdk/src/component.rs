//! The host's side of a component. Only functions that a policy really calls become imports of its
//! component, so nothing here may hold them in a table.

use crate::bindings::policy::rjk::policy::{members, notes, request, sources, store, system};
use crate::{Ended, Level, Tried};

pub(crate) struct Backend;

impl Backend {
    pub(crate) fn method(&self) -> String {
        request::method()
    }

    pub(crate) fn path(&self) -> String {
        request::path()
    }

    pub(crate) fn query(&self) -> Option<String> {
        request::query()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        request::header(name)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        request::cookie(name)
    }

    pub(crate) fn client_address(&self) -> String {
        request::client_address()
    }

    pub(crate) fn tls(&self) -> bool {
        request::tls()
    }

    pub(crate) fn server_name(&self) -> String {
        request::server_name()
    }

    pub(crate) fn source(&self, kind: u32, name: &str) -> u32 {
        sources::source(kind, name)
    }

    pub(crate) fn text(&self, source: u32) -> Option<String> {
        sources::text(source)
    }

    pub(crate) fn hash(&self, source: u32, seed: u64) -> Option<u64> {
        sources::hash(source, seed)
    }

    pub(crate) fn table(&self, source: u32, matching: u32, texts: &[String]) -> u32 {
        sources::table(source, matching, texts)
    }

    pub(crate) fn look_up(&self, table: u32) -> Option<u32> {
        sources::look_up(table)
    }

    pub(crate) fn candidates(&self, metrics: &[u32]) -> Vec<u64> {
        members::candidates(metrics)
    }

    pub(crate) fn is_candidate(&self, member: u32) -> bool {
        members::is_candidate(member)
    }

    pub(crate) fn value(&self, member: u32, metric: u32) -> u64 {
        members::value(member, metric)
    }

    pub(crate) fn knows(&self, metric: u32) -> bool {
        members::knows(metric)
    }

    pub(crate) fn builtin_choice(&self) -> Option<u32> {
        members::builtin_choice()
    }

    pub(crate) fn attempt(&self) -> u32 {
        members::attempt()
    }

    pub(crate) fn tried(&self) -> Vec<Tried> {
        let tried = members::tried().into_iter();
        let typed = tried.map(|tried| Tried {
            member: tried.member,
            ended: Ended(tried.ended),
        });
        typed.collect()
    }

    pub(crate) fn token(&self, token: u64) {
        notes::token(token);
    }

    pub(crate) fn label(&self, label: &str) {
        notes::label(label);
    }

    pub(crate) fn retry_after(&self, seconds: u32) {
        notes::retry_after(seconds);
    }

    pub(crate) fn reserve(&self, cells: u32, member_cells: u32) {
        store::reserve(cells, member_cells);
    }

    pub(crate) fn load(&self, member: Option<u32>, cell: u32) -> u64 {
        store::load(member, cell)
    }

    pub(crate) fn add(&self, member: Option<u32>, cell: u32, amount: u64) -> u64 {
        store::add(member, cell, amount)
    }

    pub(crate) fn compare_exchange(
        &self,
        member: Option<u32>,
        cell: u32,
        old: u64,
        new: u64,
    ) -> u64 {
        store::compare_exchange(member, cell, old, new)
    }

    pub(crate) fn counter_add(&self, key: u32, amount: u64) -> u64 {
        store::counter_add(key, amount)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        system::now_ms()
    }

    pub(crate) fn monotonic_us(&self) -> u64 {
        system::monotonic_us()
    }

    pub(crate) fn random(&self) -> u64 {
        system::random()
    }

    pub(crate) fn log(&self, level: Level, text: &str) {
        system::log(level, text);
    }
}
