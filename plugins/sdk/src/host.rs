//! Clock, randomness, log, and what all children share.

use crate::{Backend, Level};

/// A cell of the store, 64 bits that all instances share: number `n` of the balancer, or of a member.
/// [`Setup::reserve`](crate::Setup::reserve) says how many there are; another one is a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreCell {
    pub(crate) member: Option<u32>,
    pub(crate) cell: u32,
}

impl StoreCell {
    /// A cell of the balancer.
    pub fn of_balancer(cell: u32) -> StoreCell {
        StoreCell { member: None, cell }
    }

    /// A cell of the member at this position.
    pub fn of_member(member: u32, cell: u32) -> StoreCell {
        let member = Some(member);
        StoreCell { member, cell }
    }
}

/// Clock, randomness, log, store and counters: for `choose` and `observe`. Each call counts towards the 64 of
/// a decision.
pub struct Host {
    pub(crate) backend: Backend,
}

impl Host {
    pub(crate) fn new(backend: Backend) -> Host {
        Host { backend }
    }

    /// Wall clock in milliseconds since the Unix epoch. Rust's own clocks end a policy with a fault:
    /// wasm32-unknown-unknown has none.
    pub fn now_ms(&self) -> u64 {
        self.backend.now_ms()
    }

    /// A clock in microseconds that never goes back, the same for all children of the host.
    pub fn monotonic_us(&self) -> u64 {
        self.backend.monotonic_us()
    }

    /// A random number, good enough to share out load, not for secrets.
    pub fn random(&self) -> u64 {
        self.backend.random()
    }

    /// One line to the module's log. Cut at 1 KiB; lines that come too often are dropped.
    pub fn log(&self, level: Level, text: &str) {
        self.backend.log(level, text);
    }

    /// A cell's value.
    pub fn load(&self, cell: StoreCell) -> u64 {
        self.backend.load(cell.member, cell.cell)
    }

    /// Adds to a cell, wrapping around, and returns the new value. No other instance comes between.
    pub fn add(&self, cell: StoreCell, amount: u64) -> u64 {
        self.backend.add(cell.member, cell.cell, amount)
    }

    /// Takes off a cell, wrapping around, and returns the new value. No other instance comes between.
    pub fn sub(&self, cell: StoreCell, amount: u64) -> u64 {
        self.add(cell, amount.wrapping_neg())
    }

    /// Sets the cell to `new` if it is `old`.
    ///
    /// # Errors
    /// What it is instead.
    pub fn compare_exchange(&self, cell: StoreCell, old: u64, new: u64) -> Result<u64, u64> {
        let StoreCell { member, cell } = cell;
        let was = self.backend.compare_exchange(member, cell, old, new);
        if was == old { Ok(was) } else { Err(was) }
    }

    /// Changes a cell by a function of its value, again until no other instance came between; what
    /// it was before. Two calls of the host when nobody does.
    ///
    /// # Errors
    /// The cell's value, when the function wants no change.
    pub fn fetch_update(
        &self,
        cell: StoreCell,
        mut change: impl FnMut(u64) -> Option<u64>,
    ) -> Result<u64, u64> {
        let mut old = self.load(cell);
        loop {
            let new = change(old).ok_or(old)?;
            match self.compare_exchange(cell, old, new) {
                Ok(was) => return Ok(was),
                Err(other) => old = other,
            }
        }
    }

    /// Adds to one of 16 counters that the status page shows, and returns the new value. They are of
    /// this policy in this balancer, live as long as the store, and wrap around; a key above 15 is a fault.
    pub fn counter_add(&self, key: u32, amount: u64) -> u64 {
        self.backend.counter_add(key, amount)
    }
}
