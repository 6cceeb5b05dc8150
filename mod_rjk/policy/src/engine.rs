//! wasmtime, set up to live inside of a server that is not ours.

use crate::limits::MAX_STACK;
use wasmtime::{Config, Engine, Result};

/// An engine for one policy, whose memory has at most this many bytes.
///
/// No signal handler and no thread; each memory reserves just its largest size as address space.
pub(crate) fn engine(memory: usize) -> Result<Engine> {
    let mut config = Config::new();
    config
        .signals_based_traps(false)
        .consume_fuel(true)
        .max_wasm_stack(MAX_STACK)
        .memory_reservation(page_up(memory))
        .memory_reservation_for_growth(0)
        .memory_guard_size(0)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(None);
    Engine::new(&config)
}

/// Whole WebAssembly pages.
fn page_up(bytes: usize) -> u64 {
    const PAGE: u64 = 64 << 10;
    u64::try_from(bytes).map_or(u64::MAX, |bytes| bytes.next_multiple_of(PAGE))
}
