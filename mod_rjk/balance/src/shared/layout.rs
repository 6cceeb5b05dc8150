//! Where the slots lie in the segment (contract H-04).

use crate::shared::cell::{Cell, RowOwner, cells_per_row};
use crate::shared::control::Control;
use crate::shared::record::{AjpRecord, BalancerRecord, MemberRecord};
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberLoad, MemberSlot};
use crate::shared::states::{StateWord, words_for};
use crate::shared::topology::Topology;
use crate::sync::AtomicU64;
use crate::time::{AtomicMoment, Moment};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// How many slots of each kind a segment holds, with room for workers added while running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Number of [`AjpSlot`]s.
    pub ajp: usize,
    /// Number of [`MemberSlot`]s.
    pub members: usize,
    /// Number of [`BalancerSlot`]s.
    pub balancers: usize,
    /// Ledger rows that children can claim: the most children alive at once, old ones included.
    pub rows: usize,
}

/// Byte offsets of the parts of a segment; each is a multiple of 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// One [`Header`].
    pub header: usize,
    /// One [`Control`].
    pub control: usize,
    /// [`Layout::ajp`] times [`AjpSlot`].
    pub ajp: usize,
    /// [`Layout::members`] times [`MemberSlot`].
    pub members: usize,
    /// [`Layout::members`] times [`MemberLoad`].
    pub loads: usize,
    /// [`Layout::state_words`] times [`StateWord`].
    pub states: usize,
    /// [`Layout::balancers`] times [`BalancerSlot`].
    pub balancers: usize,
    /// [`Layout::ajp`] times [`AjpRecord`].
    pub ajp_records: usize,
    /// [`Layout::members`] times [`MemberRecord`].
    pub member_records: usize,
    /// [`Layout::balancers`] times [`BalancerRecord`].
    pub balancer_records: usize,
    /// [`Layout::rows`] times [`RowOwner`].
    pub owners: usize,
    /// [`Layout::cells`] times [`Cell`].
    pub cells: usize,
    /// Size of the whole segment.
    pub total_bytes: usize,
}

impl Layout {
    /// Room for a configuration and a quarter more, at least 16 more of each kind.
    pub fn new(topology: &Topology, rows: usize) -> Layout {
        Layout {
            ajp: with_spare(topology.ajp.len()),
            members: with_spare(topology.members),
            balancers: with_spare(topology.balancers.len()),
            rows,
        }
    }

    /// Number of [`Cell`]s: a row for each child, and one for children that found no free row.
    pub fn cells(&self) -> usize {
        (self.rows + 1) * cells_per_row(self.ajp, self.balancers, self.members)
    }

    /// Number of [`StateWord`]s: each balancer begins a new one.
    pub fn state_words(&self) -> usize {
        words_for(self.members) + self.balancers
    }

    /// Where the parts lie.
    pub fn offsets(&self) -> Offsets {
        let mut end = 0;
        let mut place = |size: usize, count: usize| {
            let start = end;
            end += (size * count).next_multiple_of(LINE);
            start
        };
        let header = place(size_of::<Header>(), 1);
        let control = place(size_of::<Control>(), 1);
        let ajp = place(size_of::<AjpSlot>(), self.ajp);
        let members = place(size_of::<MemberSlot>(), self.members);
        let loads = place(size_of::<MemberLoad>(), self.members);
        let states = place(size_of::<StateWord>(), self.state_words());
        let balancers = place(size_of::<BalancerSlot>(), self.balancers);
        let ajp_records = place(size_of::<AjpRecord>(), self.ajp);
        let member_records = place(size_of::<MemberRecord>(), self.members);
        let balancer_records = place(size_of::<BalancerRecord>(), self.balancers);
        let owners = place(size_of::<RowOwner>(), self.rows);
        let cells = place(size_of::<Cell>(), self.cells());
        Offsets {
            header,
            control,
            ajp,
            members,
            loads,
            states,
            balancers,
            ajp_records,
            member_records,
            balancer_records,
            owners,
            cells,
            total_bytes: end,
        }
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// `!RJKSHM9`; the last byte rises with the layout.
const MAGIC: u64 = u64::from_be_bytes(*b"!RJKSHM9");

/// Says what the file is and how it is cut, for tools that open it from outside.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Header {
    magic: AtomicU64,
    ajp: AtomicU64,
    members: AtomicU64,
    balancers: AtomicU64,
    rows: AtomicU64,
    started: AtomicMoment,
    /// When the ledger was last reconciled.
    pub(crate) reconciled: AtomicMoment,
}

impl Header {
    /// Marks a fresh segment; the parent does it once, before it forks.
    pub fn publish(&self, layout: &Layout) {
        self.ajp.store(layout.ajp as u64, Relaxed);
        self.members.store(layout.members as u64, Relaxed);
        self.balancers.store(layout.balancers as u64, Relaxed);
        self.rows.store(layout.rows as u64, Relaxed);
        self.magic.store(MAGIC, Release);
    }

    /// Says when the segment was made.
    pub fn start(&self, now: Moment) {
        self.started.store(now);
    }

    /// When the segment was made: since then its counters count, unless they were reset.
    pub fn started(&self) -> Moment {
        self.started.load()
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
            rows: read(&self.rows)?,
        })
    }
}

fn with_spare(count: usize) -> usize {
    count + count.div_ceil(4).max(16)
}
