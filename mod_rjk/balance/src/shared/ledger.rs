//! What each child adds to the shared totals, so that a killed child's share can be taken off
//! again (contract H-09, BG-24).
//!
//! Rows are children, columns are totals: requests in flight and open connections of each ajp
//! worker, requests in flight of each balancer, attempts in flight on each member. A child raises
//! its cell and then the total, and lowers the total and then its cell. So a cell never says less than the child's part of the
//! total. A child killed between two steps leaves a total that is one too low once its row is
//! taken off, never one too high: no worker looks busy for ever. Totals below zero read as 0, and
//! [`Ledger::reconcile`] sets them right.

use crate::shared::cell::{COUNTS, Cell, RowOwner, cells_per_row};
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberLoad};
use crate::sync::AtomicI64;
use crate::time::Moment;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// What [`Ledger::reap`] took off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Rows set free.
    pub rows: usize,
    /// Requests that the dead child had in flight on ajp workers.
    pub requests: i64,
    /// Connections that it had open.
    pub connections: i64,
}

/// What the last [`Ledger::reconcile`] of this process saw; starts empty.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    columns: Vec<i64>,
    /// When that was, where processes take turns.
    seen: Moment,
}

impl Drift {
    /// A pass at `now` follows the one at `last`. What this process saw before another one's pass is no
    /// longer the pass before.
    pub(crate) fn continue_from(&mut self, last: Moment, now: Moment) {
        if self.seen != last {
            self.columns.clear();
        }
        self.seen = now;
    }
}

/// The rows and totals of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    pub(crate) ajp: &'static [AjpSlot],
    pub(crate) balancers: &'static [BalancerSlot],
    pub(crate) loads: &'static [MemberLoad],
    pub(crate) owners: &'static [RowOwner],
    pub(crate) cells: &'static [Cell],
}

impl Ledger {
    /// Takes a row for the child `pid`, once in its life. When all rows are taken, rows of
    /// children for which `is_alive` says no are set free first. `None`: go on without a row;
    /// then counts are kept in a row shared with others of that kind and do not survive a kill.
    pub fn claim_row(&self, pid: u32, is_alive: &dyn Fn(u32) -> bool) -> Option<usize> {
        // A row under this very pid belonged to a dead namesake.
        self.reap(pid);
        self.take_free_row(pid).or_else(|| {
            self.reap_dead(is_alive);
            self.take_free_row(pid)
        })
    }

    /// Takes the counts of a dead child off the totals and sets its row free. Safe to call for a
    /// pid without a row, and from several processes at once.
    pub fn reap(&self, pid: u32) -> Reaped {
        self.reap_where(&|owner| match split(owner) {
            (0, child) => child == pid,
            // The reaper itself died at work: finish it.
            (reaper, _) => reaper == pid,
        })
    }

    /// [`Ledger::reap`] for every child for which `is_alive` says no.
    pub fn reap_dead(&self, is_alive: &dyn Fn(u32) -> bool) -> Reaped {
        self.reap_where(&|owner| match split(owner) {
            (0, 0) => false,
            (0, child) => !is_alive(child),
            (reaper, _) => !is_alive(reaper),
        })
    }

    /// Compares every total with the sum of its cells and repairs a total whose drift is not zero
    /// and is the same as in the pass before. Returns how many were repaired. Any number of
    /// processes may do this at once, each at its own maintenance.
    pub fn reconcile(&self, previous: &mut Drift) -> usize {
        previous.columns.resize(self.columns(), 0);
        let mut repaired = 0;
        for (column, before) in previous.columns.iter_mut().enumerate() {
            let drift = self.steady_drift(column);
            let repairs = drift != 0 && drift == *before && self.repair(column, drift);
            repaired += usize::from(repairs);
            *before = if repairs { 0 } else { drift };
        }
        repaired
    }

    fn take_free_row(&self, pid: u32) -> Option<usize> {
        self.owners.iter().position(|row| {
            row.owner
                .compare_exchange(0, u64::from(pid), AcqRel, Relaxed)
                .is_ok()
        })
    }

    fn reap_where(&self, is_dead: &dyn Fn(u64) -> bool) -> Reaped {
        let mut reaped = Reaped::default();
        for (row, owner) in self.owners.iter().enumerate() {
            let seen = owner.owner.load(Acquire);
            if seen != 0 && is_dead(seen) {
                self.reap_row(row, seen, &mut reaped);
            }
        }
        reaped
    }

    fn reap_row(&self, row: usize, seen: u64, reaped: &mut Reaped) {
        let (_, child) = split(seen);
        let mine = u64::from(std::process::id()) << 32 | u64::from(child);
        let owner = &self.owners[row].owner;
        if owner.compare_exchange(seen, mine, AcqRel, Relaxed).is_err() {
            return;
        }
        for column in 0..self.columns() {
            let count = self
                .cell(row, column)
                .map_or(0, |cell| cell.swap(0, AcqRel));
            if count == 0 {
                continue;
            }
            if let Some(total) = self.total(column) {
                total.fetch_sub(count, AcqRel);
            }
            match column / self.ajp.len().max(1) {
                0 => reaped.requests += count,
                1 => reaped.connections += count,
                _ => {}
            }
        }
        if owner.compare_exchange(mine, 0, AcqRel, Relaxed).is_ok() {
            reaped.rows += 1;
        }
    }

    /// Takes a drift off a total; not when another process did so, or a request came or went, since
    /// the drift was seen.
    fn repair(&self, column: usize, drift: i64) -> bool {
        let Some(total) = self.total(column) else {
            return false;
        };
        let seen = total.load(Acquire);
        self.drift(column) == drift
            && total
                .compare_exchange(seen, seen - drift, AcqRel, Relaxed)
                .is_ok()
    }

    /// Total minus sum of the rows; 0 when it changes while being looked at.
    fn steady_drift(&self, column: usize) -> i64 {
        let first = self.drift(column);
        if first != 0 && (0..2).all(|_| self.drift(column) == first) {
            first
        } else {
            0
        }
    }

    fn drift(&self, column: usize) -> i64 {
        let sum: i64 = (0..=self.owners.len())
            .filter_map(|row| self.cell(row, column))
            .map(|cell| cell.load(Acquire))
            .sum();
        self.total(column).map_or(0, |total| total.load(Acquire)) - sum
    }

    fn columns(&self) -> usize {
        2 * self.ajp.len() + self.balancers.len() + self.loads.len()
    }

    /// A column, for the child with this row.
    pub(crate) fn column(&self, row: Option<usize>, column: usize) -> Column {
        Column {
            total: self.total(column),
            cell: self.cell(row.unwrap_or(self.owners.len()), column),
        }
    }

    pub(crate) fn total(&self, column: usize) -> Option<&'static AtomicI64> {
        let (ajp, balancers) = (self.ajp.len(), self.balancers.len());
        if column < ajp {
            return Some(&self.ajp[column].busy);
        }
        if column < 2 * ajp {
            return Some(&self.ajp[column - ajp].connected);
        }
        let rest = column - 2 * ajp;
        match self.balancers.get(rest) {
            Some(slot) => Some(&slot.busy.0),
            None => self.loads.get(rest - balancers).map(|load| &load.busy),
        }
    }

    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&'static AtomicI64> {
        let stride = cells_per_row(self.ajp.len(), self.balancers.len(), self.loads.len());
        self.cells
            .get(row * stride + column / COUNTS)
            .map(|cell| &cell.counts[column % COUNTS])
    }
}

/// A total, and the part of it of one child: found once, and not for each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    total: Option<&'static AtomicI64>,
    cell: Option<&'static AtomicI64>,
}

impl Column {
    /// Counts one more.
    pub(crate) fn enter(self) -> InFlight {
        let Column { total, cell } = self;
        if let Some(cell) = cell {
            cell.fetch_add(1, AcqRel);
        }
        let count = total.map_or(0, |total| total.fetch_add(1, AcqRel) + 1);
        InFlight { total, cell, count }
    }
}

/// One request or connection counted in a total; dropping it takes it off.
#[derive(Debug)]
#[must_use = "the count is taken off when this is dropped"]
pub struct InFlight {
    total: Option<&'static AtomicI64>,
    cell: Option<&'static AtomicI64>,
    pub(crate) count: i64,
}

impl InFlight {
    /// The total right after this one was added, this one included: what `busy_limit` is compared
    /// with (A-23, SV-02).
    pub fn count(&self) -> u64 {
        u64::try_from(self.count).unwrap_or(0)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(total) = self.total {
            total.fetch_sub(1, AcqRel);
        }
        if let Some(cell) = self.cell {
            cell.fetch_sub(1, AcqRel);
        }
    }
}

/// (reaper, child) of a row.
fn split(owner: u64) -> (u32, u32) {
    ((owner >> 32) as u32, owner as u32)
}
