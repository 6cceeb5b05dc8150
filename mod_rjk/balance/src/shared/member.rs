//! One member in the segment: its record, its load and its state, which lie apart.

use crate::shared::slot::{
    BalancerSlot, MemberLoad, MemberSlot, add, add_saturating, decay, lower,
};
use crate::shared::states::{StateCell, StateWord};
use crate::state::State;
use crate::sync::AtomicU64;
use crate::time::Moment;
use std::ops::Deref;
use std::sync::atomic::Ordering::{Relaxed, Release};

/// One member of one balancer in shared memory (LB-02, LB-03).
#[derive(Clone, Copy, Debug)]
pub struct SharedMember {
    slot: &'static MemberSlot,
    load: &'static MemberLoad,
    state: StateCell,
    lowerings: &'static AtomicU64,
}

impl Deref for SharedMember {
    type Target = MemberSlot;

    fn deref(&self) -> &MemberSlot {
        self.slot
    }
}

impl SharedMember {
    /// A member, counted from the balancer's first, whose slots these are.
    pub(crate) fn new(
        slot: &'static MemberSlot,
        load: &'static MemberLoad,
        balancer: &'static BalancerSlot,
        words: &'static [StateWord],
        index: usize,
    ) -> Option<SharedMember> {
        Some(SharedMember {
            slot,
            load,
            state: StateCell::new(words, index)?,
            lowerings: &balancer.lowerings,
        })
    }

    /// Attempts in flight, see [`MemberLoad::busy`].
    pub fn busy(&self) -> u64 {
        self.load.busy()
    }

    /// What the balancing method counted, see [`MemberLoad::value`].
    pub fn value(&self) -> u64 {
        self.load.value()
    }

    /// Counts a load.
    pub(crate) fn raise(&self, amount: u64) {
        add(&self.load.value, amount);
    }

    /// Counts a load that may not begin again at zero.
    pub(crate) fn raise_saturating(&self, amount: u64) {
        add_saturating(&self.load.value, amount);
    }

    /// Sets the load.
    pub fn set_value(&self, value: u64) {
        self.load.value.store(value, Relaxed);
        self.was_lowered();
    }

    /// Old load weighs 2^`exponent` times less.
    pub(crate) fn decay(&self, exponent: u32) {
        decay(&self.load.value, exponent);
        self.was_lowered();
    }

    /// Takes off a load, down to zero.
    pub(crate) fn lower(&self, amount: u64) {
        lower(&self.load.value, amount);
        self.was_lowered();
    }

    /// Behind each change that is no rise: what processes know of loads ends here. Release, and Acquire
    /// where it is read: who sees this number sees the lower load. A process that is killed in between
    /// leaves the others with a bound that is too high until the next lowering, which maintenance brings.
    fn was_lowered(&self) {
        self.lowerings.fetch_add(1, Release);
    }

    /// Shared state.
    pub fn state(&self) -> State {
        self.state.load()
    }

    /// Sets the shared state.
    pub fn set_state(&self, new: State, now: Moment) {
        let old = self.state.swap(new);
        self.stamp(old, new, now);
    }

    /// Sets the shared state if it is still `old`; `false` when another request was first.
    pub fn replace_state(&self, old: State, new: State, now: Moment) -> bool {
        let done = self.state.replace(old, new);
        if done {
            self.stamp(old, new, now);
        }
        done
    }

    /// Sets the shared state unless it is [`State::Error`] (TR-03, TR-04).
    pub fn set_state_unless_error(&self, new: State, now: Moment) {
        let mut old = self.state();
        while old != State::Error && !self.replace_state(old, new, now) {
            old = self.state();
        }
    }

    fn stamp(&self, old: State, new: State, now: Moment) {
        if old.is_down() && !new.is_down() {
            self.slot.usable_since.store(now);
        }
    }
}
