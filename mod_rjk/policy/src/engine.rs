//! wasmtime, set up to live inside of a server that is not ours.

use crate::limits::{MAX_INTERPRETER_STACK, MAX_STACK};
use wasmtime::{Config, Engine, Result};

/// What carries out a policy's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// The processor; some memory becomes executable.
    Processor,
    /// wasmtime's interpreter, Pulley.
    Interpreter,
}

/// An engine for one policy, whose memory has at most this many bytes.
///
/// No signal handler and no thread; each memory reserves just its largest size as address space.
pub(crate) fn engine(memory: usize, runner: Runner) -> Result<Engine> {
    let mut config = Config::new();
    config
        .signals_based_traps(false)
        .consume_fuel(true)
        .memory_reservation(page_up(memory))
        .memory_reservation_for_growth(0)
        .memory_guard_size(0)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(None);
    match runner {
        Runner::Processor => config.max_wasm_stack(MAX_STACK),
        Runner::Interpreter => config.target(PULLEY)?.max_wasm_stack(MAX_INTERPRETER_STACK),
    };
    Engine::new(&config)
}

const PULLEY: &str = match (
    cfg!(target_pointer_width = "64"),
    cfg!(target_endian = "big"),
) {
    (true, false) => "pulley64",
    (true, true) => "pulley64be",
    (false, false) => "pulley32",
    (false, true) => "pulley32be",
};

/// Whole WebAssembly pages.
fn page_up(bytes: usize) -> u64 {
    const PAGE: u64 = 64 << 10;
    u64::try_from(bytes).map_or(u64::MAX, |bytes| bytes.next_multiple_of(PAGE))
}
