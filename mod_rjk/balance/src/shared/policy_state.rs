//! What all children share of one policy in one balancer.

use crate::shared::policy_slot::PolicySlot;
use crate::sync::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

/// The shared memory of one policy in one balancer.
#[derive(Clone, Copy, Debug)]
pub struct PolicyState {
    /// Its record.
    pub slot: &'static PolicySlot,
    /// Its store; as many as [`StoreSize::total`] says.
    pub cells: &'static [AtomicU64],
}

/// How large the store of a policy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StoreSize {
    /// Cells of the balancer.
    pub cells: u32,
    /// Cells of each member.
    pub member_cells: u32,
}

impl StoreSize {
    /// Cells in all, for that many members; `None` when no machine has so many.
    pub fn total(self, members: usize) -> Option<usize> {
        let member_cells = usize::try_from(self.member_cells).ok()?;
        let cells = usize::try_from(self.cells).ok()?;
        member_cells.checked_mul(members)?.checked_add(cells)
    }

    /// Where a cell of a member, or of the balancer, lies; `None` when it was not asked for.
    pub fn place(self, member: Option<u32>, cell: u32) -> Option<usize> {
        let size = match member {
            None => self.cells,
            Some(_) => self.member_cells,
        };
        let cell = usize::try_from(cell).ok().filter(|_| cell < size)?;
        let Some(member) = member else {
            return Some(cell);
        };
        let before = StoreSize::total(self, usize::try_from(member).ok()?)?;
        before.checked_add(cell)
    }
}

impl PolicyState {
    /// Shared memory on the heap of this process, never freed: for tests and for tools.
    pub fn leaked(size: StoreSize, members: usize) -> PolicyState {
        let count = size.total(members).unwrap_or(0);
        PolicyState {
            slot: PolicySlot::leaked(),
            cells: Box::leak((0..count).map(|_| AtomicU64::new(0)).collect()),
        }
    }

    /// A cell's value; here and below `None` for a place outside of the store. All see the changes of all
    /// cells in one order, so that a policy may publish one cell by another.
    pub fn load(&self, place: usize) -> Option<u64> {
        Some(self.cells.get(place)?.load(SeqCst))
    }

    /// Adds, wrapping around; the new value.
    pub fn add(&self, place: usize, amount: u64) -> Option<u64> {
        let before = self.cells.get(place)?.fetch_add(amount, SeqCst);
        Some(before.wrapping_add(amount))
    }

    /// Sets a cell to `new` if it is `old`; what it was.
    pub fn compare_exchange(&self, place: usize, old: u64, new: u64) -> Option<u64> {
        let swapped = self
            .cells
            .get(place)?
            .compare_exchange(old, new, SeqCst, SeqCst);
        Some(swapped.unwrap_or_else(|found| found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_balancer_come_first_and_none_lies_on_another() {
        let size = StoreSize {
            cells: 3,
            member_cells: 2,
        };
        let mut places: Vec<usize> = (0..3).filter_map(|cell| size.place(None, cell)).collect();
        for member in 0..4 {
            places.extend((0..2).filter_map(|cell| size.place(Some(member), cell)));
        }
        assert_eq!(places, (0..11).collect::<Vec<_>>());
        assert_eq!(size.total(4), Some(11));
        assert_eq!(size.place(None, 3), None);
        assert_eq!(size.place(Some(0), 2), None);
        let state = PolicyState::leaked(size, 4);
        let fifth = size.place(Some(4), 0).unwrap();
        assert_eq!(state.load(fifth), None, "no such member");
    }

    #[test]
    fn cells_count_and_swap() {
        let size = StoreSize {
            cells: 1,
            member_cells: 0,
        };
        let state = PolicyState::leaked(size, 2);
        assert_eq!(state.add(0, 5), Some(5));
        assert_eq!(state.add(0, u64::MAX), Some(4), "one less");
        assert_eq!(state.compare_exchange(0, 5, 9), Some(4));
        assert_eq!(state.compare_exchange(0, 4, 9), Some(4));
        assert_eq!(state.load(0), Some(9));
        assert_eq!(state.add(1, 1), None);
    }
}
