//! The shared memory of all children, as slices of atomics.

use crate::shared::cell::{Cell, RowOwner};
use crate::shared::control::Control;
use crate::shared::layout::{Header, Layout};
use crate::shared::ledger::{Column, Drift, InFlight, Ledger};
use crate::shared::record::{AjpRecord, BalancerRecord, MemberRecord};
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberLoad, MemberSlot, raise};
use crate::shared::states::StateWord;
use crate::time::Moment;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A mapped segment. The slices must have the lengths of one [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// What the segment is.
    pub header: &'static Header,
    /// Who may write the records, and whether one was written.
    pub control: &'static Control,
    /// ajp workers.
    pub ajp: &'static [AjpSlot],
    /// Members of balancers.
    pub members: &'static [MemberSlot],
    /// What is compared of them, in the same order.
    pub loads: &'static [MemberLoad],
    /// Their states; those of each balancer begin a word.
    pub states: &'static [StateWord],
    /// Balancers.
    pub balancers: &'static [BalancerSlot],
    /// What was changed of each ajp worker.
    pub ajp_records: &'static [AjpRecord],
    /// What was changed of each member.
    pub member_records: &'static [MemberRecord],
    /// What was changed of each balancer.
    pub balancer_records: &'static [BalancerRecord],
    /// Who has which row of the ledger.
    pub owners: &'static [RowOwner],
    /// The ledger: what each child adds to the totals in the slots.
    pub cells: &'static [Cell],
}

impl Segment {
    /// A segment on the heap of this process, never freed: for tests and for tools that route
    /// without a server.
    pub fn leaked(layout: &Layout) -> Segment {
        let header: &'static Header = Box::leak(Box::default());
        header.publish(layout);
        Segment {
            header,
            control: Box::leak(Box::default()),
            ajp: leaked(layout.ajp),
            members: leaked(layout.members),
            loads: leaked(layout.members),
            states: leaked(layout.state_words()),
            balancers: leaked(layout.balancers),
            ajp_records: leaked(layout.ajp),
            member_records: leaked(layout.members),
            balancer_records: leaked(layout.balancers),
            owners: leaked(layout.rows),
            cells: leaked(layout.cells()),
        }
    }

    /// [`Ledger::reconcile`], by one child for all: the one that moves the time stamp. Nearly always that
    /// is the same one, since its next time comes first; a child that is gone or idle is not waited for.
    pub fn reconcile(&self, drift: &mut Drift, interval: Duration, now: Moment) -> usize {
        let last = self.header.reconciled.load();
        if self.header.reconciled.turn(interval, now).is_none() {
            return 0;
        }
        drift.continue_from(last, now);
        self.ledger().reconcile(drift)
    }

    /// What each child adds to the totals in the slots.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            ajp: self.ajp,
            balancers: self.balancers,
            loads: self.loads,
            owners: self.owners,
            cells: self.cells,
        }
    }
}

/// This process's way to the shared slots.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// The segment.
    pub segment: Segment,
    /// The row that [`Ledger::claim_row`] gave to this process.
    pub row: Option<usize>,
}

impl Slots {
    /// A request enters an ajp worker: one more in flight, one more use. `column` comes from
    /// [`crate::Topology::ajp_column`].
    pub fn enter_ajp(&self, column: usize) -> InFlight {
        let entered = self.requests_on(column).enter();
        if let Some(slot) = self.segment.ajp.get(column) {
            slot.used.fetch_add(1, Relaxed);
        }
        entered
    }

    /// A connection to an ajp worker was opened.
    pub fn enter_connection(&self, column: usize) -> InFlight {
        let entered = self.column(self.segment.ajp.len() + column).enter();
        if let Some(slot) = self.segment.ajp.get(column) {
            raise(&slot.max_connected, entered.count);
        }
        entered
    }

    /// Requests in flight on an ajp worker.
    pub(crate) fn requests_on(&self, column: usize) -> Column {
        self.column(column)
    }

    /// Requests in flight of a balancer.
    pub(crate) fn requests_for(&self, balancer: usize) -> Column {
        self.column(2 * self.segment.ajp.len() + balancer)
    }

    /// Attempts in flight on a member of a balancer. `index` is its place among all
    /// [`Segment::members`].
    pub(crate) fn attempts_on(&self, index: usize) -> Column {
        self.column(2 * self.segment.ajp.len() + self.segment.balancers.len() + index)
    }

    fn column(&self, column: usize) -> Column {
        self.segment.ledger().column(self.row, column)
    }
}

fn leaked<T: Default>(count: usize) -> &'static [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}
