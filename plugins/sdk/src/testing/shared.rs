//! What all instances of a harness share, as all children of httpd do.

use super::{COUNTERS, Fault};
use crate::Level;
use std::cell::{Cell, RefCell};

/// Clocks, randomness, log, store and counters.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) now_ms: Cell<u64>,
    pub(super) monotonic_us: Cell<u64>,
    pub(super) random_state: Cell<u64>,
    pub(super) log: RefCell<Vec<(Level, String)>>,
    pub(super) counters: RefCell<[u64; COUNTERS]>,
    store: RefCell<Store>,
}

#[derive(Default)]
struct Store {
    /// Cells of the balancer, and of each member.
    size: (u32, u32),
    cells: Vec<u64>,
}

impl Store {
    fn cell(&mut self, member: Option<u32>, cell: u32) -> Option<&mut u64> {
        let (cells, member_cells) = self.size;
        let limit = if member.is_some() {
            member_cells
        } else {
            cells
        };
        let before = member.map_or(0, |m| cells as usize + m as usize * member_cells as usize);
        let place = before + cell as usize;
        (cell < limit).then(|| self.cells.get_mut(place)).flatten()
    }
}

impl Shared {
    /// SplitMix64: small, and good enough for tests of a distribution.
    pub(super) fn random(&self) -> u64 {
        let state = self.random_state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random_state.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Forgets store and counters.
    pub(super) fn clear(&self) {
        self.counters.take();
        self.store.take();
    }

    /// Keeps the cells when their numbers are the same as before, else makes new ones.
    pub(super) fn size(&self, size: (u32, u32), members: usize) {
        let mut store = self.store.borrow_mut();
        let count = size.0 as usize + size.1 as usize * members;
        if store.size != size || store.cells.len() != count {
            *store = Store {
                size,
                cells: vec![0; count],
            };
        }
    }

    /// What is there before `change` made something else of it. All instances run in one thread, so
    /// nothing can come between.
    pub(super) fn cell(
        &self,
        member: Option<u32>,
        cell: u32,
        change: impl FnOnce(u64) -> u64,
    ) -> Option<u64> {
        let mut store = self.store.borrow_mut();
        let cell = store.cell(member, cell)?;
        let before = *cell;
        *cell = change(before);
        Some(before)
    }

    pub(super) fn counter_add(&self, key: u32, amount: u64) -> u64 {
        let mut counters = self.counters.borrow_mut();
        let Some(counter) = counters.get_mut(key as usize) else {
            drop(counters);
            Fault::BadCounter(key).raise();
        };
        *counter = counter.wrapping_add(amount);
        *counter
    }

    pub(super) fn log(&self, level: Level, text: &str) {
        let text = cut(text, super::MAX_LINE);
        self.log.borrow_mut().push((level, text.to_string()));
    }
}

/// The longest beginning of so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
