//! The budgets of a policy that the configuration does not set.

use crate::fault::Excess;
use wasmtime::{Error, ResourceLimiter, Result};

/// Largest component file in bytes.
pub const MAX_COMPONENT: usize = 8 << 20;
/// Calls from the policy into the host for each decision.
pub const MAX_CALLS: u32 = 64;
/// Bytes of text that the policy may hand over in one call into the host.
pub const MAX_HOSTCALL_BYTES: usize = 16 << 10;
/// As [`MAX_HOSTCALL_BYTES`], in `configure`: a table is handed over in one call.
pub const MAX_CONFIGURE_BYTES: usize = 512 << 10;
/// Bytes of texts and rows of numbers that the host copies to the policy for each decision; the first list of
/// candidates is free, however many they are.
pub const MAX_COPIED_BYTES: usize = 256 << 10;
/// Handles of resources that an instance may hold; the contract has no resources.
pub const MAX_HANDLES: usize = 1000;
/// Sources of texts for each instance.
pub const MAX_SOURCES: usize = 16;
/// Cells in the store of a policy in one balancer, those of all members included.
pub const MAX_CELLS: usize = 8192;
/// Tables of texts for each instance.
pub const MAX_TABLES: usize = 16;
/// Bytes of all tables of an instance, with 24 for each text.
pub const MAX_TABLE_BYTES: usize = 256 << 10;
/// Bytes of the policy's stack.
pub const MAX_STACK: usize = 256 << 10;
/// Bytes of the interpreter's own stack for each instance, taken from the system when they are touched: more
/// than a recursion within the usual fuel needs. headroom.rs says what keeps its last 2 KiB for the host.
pub const MAX_INTERPRETER_STACK: usize = 2 << 20;
/// Bytes of stack that a call of a policy needs: its own, and what the host takes before the call and
/// in the functions that the policy calls: 29 KiB were measured, unoptimised, and httpd's signal handlers
/// may come on top.
pub const DECISION_STACK: usize = MAX_STACK + (128 << 10);
/// Bytes of stack that [`Code::load`](crate::Code::load) and [`configure`](crate::configure()) need: a
/// compiler is at work. As much as a process usually has; 450 KiB were measured, unoptimised, for small
/// components.
pub const CHECK_STACK: usize = 8 << 20;
/// Bytes of a log line of the policy; the rest is cut off.
pub const MAX_LOG_LINE: usize = 1 << 10;
/// Log lines of one policy for each second and process.
pub const LOG_LINES_PER_SECOND: u16 = 10;

/// Core modules of a component: that of the policy, and the glue around it.
pub const MAX_MODULES: u64 = 32;
/// Work of the compiler for a component, in steps: 10 µs for the worst shapes that were found, 1 to 3 µs for what
/// compilers write. A whole JavaScript interpreter, QuickJS, has some 550,000. The worst components that are let through
/// took `httpd -t` 2 to 7 s on two cores, and 3 to 12 s when others used these too, within 1 GiB of address space:
/// `cargo test -p rjk-testbed --test measure compile -- --nocapture` (with RJK_MODULE, a release build).
pub const MAX_STEPS: u64 = 700_000;
/// Work of the compiler for a function, in steps of at most some 3 KiB of memory. The largest function of QuickJS
/// has some 40,000.
pub const MAX_FUNCTION_STEPS: u64 = 80_000;
/// Loops around each other in a function.
pub const MAX_LOOPS: u64 = 50;
/// Elements of all tables of an instance.
pub const MAX_TABLE_ELEMENTS: usize = 10_000;
const MAX_INSTANCES: usize = 64;
const MAX_WASM_TABLES: usize = 64;

/// Watches what one instance of a policy takes.
pub(crate) struct Limiter {
    memory_left: usize,
    elements_left: usize,
}

impl Limiter {
    /// `memory`: bytes that all memories together may have.
    pub(crate) fn new(memory: usize) -> Limiter {
        Limiter {
            memory_left: memory,
            elements_left: MAX_TABLE_ELEMENTS,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        take(&mut self.memory_left, desired.saturating_sub(current))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        take(&mut self.elements_left, desired.saturating_sub(current))
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        Err(Error::new(Excess::Memory))
    }

    /// A component is several core instances: its own module and the glue around it.
    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_WASM_TABLES
    }

    /// Each memory has address space of its own, so more than one would escape the budget for that.
    fn memories(&self) -> usize {
        1
    }
}

fn take(left: &mut usize, amount: usize) -> Result<bool> {
    match left.checked_sub(amount) {
        Some(rest) => {
            *left = rest;
            Ok(true)
        }
        None => Err(Error::new(Excess::Memory)),
    }
}
