//! The shared memory of all children, as slices of atomics.

use crate::shared::layout::Layout;
use crate::shared::ledger::{Cell, RowOwner};
use crate::shared::policy_slot::PolicySlot;
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberSlot};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// `!RJKSHM2`; the last byte rises with the layout.
const MAGIC: u64 = u64::from_be_bytes(*b"!RJKSHM2");

/// Says what the file is and how it is cut, for tools that open it from outside.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Header {
    magic: AtomicU64,
    ajp: AtomicU64,
    members: AtomicU64,
    balancers: AtomicU64,
    policies: AtomicU64,
    rows: AtomicU64,
}

impl Header {
    /// Marks a fresh segment; the parent does it once, before it forks.
    pub fn publish(&self, layout: &Layout) {
        self.ajp.store(layout.ajp as u64, Relaxed);
        self.members.store(layout.members as u64, Relaxed);
        self.balancers.store(layout.balancers as u64, Relaxed);
        self.policies.store(layout.policies as u64, Relaxed);
        self.rows.store(layout.rows as u64, Relaxed);
        self.magic.store(MAGIC, Release);
    }

    /// The layout of a published segment; `None` when the file is something else.
    pub fn layout(&self) -> Option<Layout> {
        let read = |count: &AtomicU64| usize::try_from(count.load(Relaxed)).ok();
        if self.magic.load(Acquire) != MAGIC {
            return None;
        }
        Some(Layout {
            ajp: read(&self.ajp)?,
            members: read(&self.members)?,
            balancers: read(&self.balancers)?,
            policies: read(&self.policies)?,
            rows: read(&self.rows)?,
        })
    }
}

/// A mapped segment. The slices must have the lengths of one [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// What the segment is.
    pub header: &'static Header,
    /// ajp workers.
    pub ajp: &'static [AjpSlot],
    /// Members of balancers.
    pub members: &'static [MemberSlot],
    /// Balancers.
    pub balancers: &'static [BalancerSlot],
    /// Routing policies.
    pub policies: &'static [PolicySlot],
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
            ajp: leaked(layout.ajp),
            members: leaked(layout.members),
            balancers: leaked(layout.balancers),
            policies: leaked(layout.policies),
            owners: leaked(layout.rows),
            cells: leaked(layout.cells()),
        }
    }
}

fn leaked<T: Default>(count: usize) -> &'static [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}
