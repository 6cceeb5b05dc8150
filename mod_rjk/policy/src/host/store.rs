//! Interface `store`.

use super::HostState;
use super::call::Call;
use crate::fault::Excess;
use crate::limits::MAX_CELLS;
use crate::world::store;
use rjk_balance::{PolicyState, StoreSize};
use wasmtime::{Error, Result};

impl HostState {
    /// A cell of the store, which `body` works on.
    fn cell<R: std::fmt::Debug>(
        &mut self,
        name: &'static str,
        arguments: &dyn std::fmt::Debug,
        place: (Option<u32>, u32),
        body: impl FnOnce(&PolicyState, usize) -> Option<R>,
    ) -> Result<R> {
        self.call(name, arguments, |state, call| {
            let shared = shared(call)?;
            let (member, cell) = place;
            let place = state.store().place(member, cell);
            let done = place.and_then(|place| body(shared, place));
            done.ok_or_else(|| Error::new(Excess::NoCell))
        })
    }
}

fn shared<'c>(call: &'c Call<'_>) -> Result<&'c PolicyState> {
    let state = call.shared.state;
    state.ok_or_else(|| Error::new(Excess::EarlyStore))
}

impl store::Host for HostState {
    fn reserve(&mut self, cells: u32, member_cells: u32) -> Result<()> {
        let size = StoreSize {
            cells,
            member_cells,
        };
        self.make("store.reserve", &(cells, member_cells), |state| {
            // How many members there are counts when the policy is bound to its balancer.
            let is_large = size.total(1).is_none_or(|cells| cells > MAX_CELLS);
            if is_large || state.reserved.is_some() {
                return Err(Error::new(Excess::Store));
            }
            state.reserved = Some(size);
            Ok(())
        })
    }

    fn load(&mut self, member: Option<u32>, cell: u32) -> Result<u64> {
        let arguments = (member, cell);
        self.cell("store.load", &arguments, arguments, PolicyState::load)
    }

    fn add(&mut self, member: Option<u32>, cell: u32, amount: u64) -> Result<u64> {
        let arguments = (member, cell, amount);
        self.cell("store.add", &arguments, (member, cell), |state, place| {
            state.add(place, amount)
        })
    }

    fn compare_exchange(
        &mut self,
        member: Option<u32>,
        cell: u32,
        old: u64,
        new: u64,
    ) -> Result<u64> {
        let (name, arguments) = ("store.compare-exchange", (member, cell, old, new));
        self.cell(name, &arguments, (member, cell), |state, place| {
            state.compare_exchange(place, old, new)
        })
    }

    fn counter_add(&mut self, key: u32, amount: u64) -> Result<u64> {
        self.call("store.counter-add", &(key, amount), |_, call| {
            let counted = shared(call)?.slot.add_to_counter(key, amount);
            counted.ok_or_else(|| Error::new(Excess::CounterKey))
        })
    }
}
