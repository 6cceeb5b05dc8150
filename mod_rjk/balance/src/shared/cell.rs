//! The cells of the ledger and who has which row of them.

use crate::sync::{AtomicI64, AtomicU64};

/// Counts in one [`Cell`]: a cache line, so that children do not share one.
pub(crate) const COUNTS: usize = 8;

/// Neighbouring counts of one row.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Cell {
    pub(crate) counts: [AtomicI64; COUNTS],
}

/// Who has a row. Low 32 bits: pid of the child, 0 when free; high 32 bits: pid of the process
/// that is taking the row of a dead child off the totals.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct RowOwner {
    pub(crate) owner: AtomicU64,
}

/// [`Cell`]s in one row of a segment with that many slots.
pub(crate) fn cells_per_row(ajp: usize, balancers: usize, members: usize) -> usize {
    (2 * ajp + balancers + members).div_ceil(COUNTS)
}
