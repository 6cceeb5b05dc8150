//! The shared record of one policy.

use crate::decision::{Decision, FaultKind};
use crate::shared::breaker::{Breaker, Tally};
use crate::shared::slot::add;
use crate::sync::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Number of counters that a policy has for itself.
pub const POLICY_COUNTERS: usize = 16;

/// One policy of one configuration, in all children. All zero is a valid start.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct PolicySlot {
    /// Decisions left to the built-in rules.
    pub builtin: AtomicU64,
    /// Decisions for a member.
    pub workers: AtomicU64,
    /// Decisions against the request.
    pub rejects: AtomicU64,
    /// Requests that did not ask because the policy was switched off.
    pub skipped: AtomicU64,
    /// How often it was switched off after too many faults.
    pub switched_off: AtomicU64,
    /// Shadow decisions that the built-in rules would have made too.
    pub shadow_same: AtomicU64,
    /// Other shadow decisions.
    pub shadow_other: AtomicU64,
    /// Log lines that were dropped because there were too many.
    pub lines_dropped: AtomicU64,
    /// Responses that its observer heard of.
    pub observed: AtomicU64,
    /// Faults of its observer, of all kinds; those of decisions are not among them.
    pub observer_faults: AtomicU64,
    /// How often its observer was switched off after too many faults.
    pub observer_switched_off: AtomicU64,
    /// Responses that its observer did not hear of because it was switched off.
    pub observer_skipped: AtomicU64,
    /// Whether it may be asked.
    pub breaker: Breaker,
    /// Whether its observer may be told; what that does says nothing about decisions.
    pub observer_breaker: Breaker,
    faults: [AtomicU64; FaultKind::ALL.len()],
    counters: [AtomicU64; POLICY_COUNTERS],
}

impl PolicySlot {
    /// A record on the heap of this process, never freed: for tests and for tools.
    pub fn leaked() -> &'static PolicySlot {
        Box::leak(Box::default())
    }

    /// Counts a decision that may be carried out.
    pub fn count(&self, decision: Decision) {
        let counter = match decision {
            Decision::Builtin => &self.builtin,
            Decision::Worker(_) => &self.workers,
            Decision::Reject(_) => &self.rejects,
        };
        add(counter, 1);
    }

    /// Counts a fault of a decision.
    pub fn count_fault(&self, kind: FaultKind) {
        if let Some(counter) = self.faults.get(kind as usize) {
            add(counter, 1);
        }
    }

    /// Faults of decisions of one kind so far.
    pub fn faults(&self, kind: FaultKind) -> u64 {
        self.faults
            .get(kind as usize)
            .map_or(0, |counter| counter.load(Relaxed))
    }

    /// Decisions so far, without faults.
    pub fn decisions(&self) -> u64 {
        [&self.builtin, &self.workers, &self.rejects]
            .iter()
            .map(|counter| counter.load(Relaxed))
            .fold(0, u64::wrapping_add)
    }

    /// Decisions and faults so far, for [`PolicySlot::breaker`].
    pub fn decision_tally(&self) -> Tally {
        let faults = self.faults.iter().map(|counter| counter.load(Relaxed));
        Tally::of(self.decisions(), faults.fold(0, u64::wrapping_add))
    }

    /// What its observer heard and its faults so far, for [`PolicySlot::observer_breaker`].
    pub fn observer_tally(&self) -> Tally {
        let (heard, faults) = (&self.observed, &self.observer_faults);
        Tally::of(heard.load(Relaxed), faults.load(Relaxed))
    }

    /// Adds to a counter of the policy's own and gives its new value; `None` for an unknown key.
    pub fn add_to_counter(&self, key: u32, amount: u64) -> Option<u64> {
        let counter = self.counters.get(usize::try_from(key).ok()?)?;
        Some(counter.fetch_add(amount, Relaxed).wrapping_add(amount))
    }

    /// The policy's own counters.
    pub fn counters(&self) -> [u64; POLICY_COUNTERS] {
        std::array::from_fn(|key| self.counters.get(key).map_or(0, |c| c.load(Relaxed)))
    }
}
