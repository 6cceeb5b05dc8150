//! Stacks of this module's own, for work that needs more than a thread of httpd may have: its size is
//! `ThreadStackSize`, the process's limit, or the C library's idea of enough.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;

/// Bytes below a stack that nobody may touch: larger than what a frame may skip.
const GUARD: usize = 64 << 10;

/// [`LOWEST`] of a thread that was not asked yet.
const NOT_ASKED: usize = 0;

thread_local! {
    /// Lowest address of this thread's stack.
    static LOWEST: Cell<usize> = const { Cell::new(NOT_ASKED) };
    /// The stack that this thread keeps, while it is not in use.
    static SPARE: Cell<Option<Stack>> = const { Cell::new(None) };
}

/// Runs `body` where that many bytes of stack are left: on this thread's, or on one that the thread
/// then keeps for the next time.
///
/// # Errors
/// There is too little of either, see [`short_of`].
pub(crate) fn kept(bytes: usize, body: &mut dyn FnMut()) -> Result<(), String> {
    if left() >= bytes {
        body();
        return Ok(());
    }
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let stack = match spare.filter(|stack| stack.usable >= bytes) {
        Some(stack) => stack,
        None => Stack::new(bytes).map_err(|error| short_of(bytes, &error))?,
    };
    stack.run(body);
    // A thread that is about to end keeps nothing.
    let _ = SPARE.try_with(|spare| spare.set(Some(stack)));
    Ok(())
}

/// As [`kept`], for what is done once: the stack goes away afterwards.
///
/// # Errors
/// As [`kept`].
pub(crate) fn once<R>(bytes: usize, body: impl FnOnce() -> R) -> Result<R, String> {
    if left() >= bytes {
        return Ok(body());
    }
    let stack = Stack::new(bytes).map_err(|error| short_of(bytes, &error))?;
    Ok(stack.run(body))
}

/// What is said when there is no stack.
fn short_of(bytes: usize, error: &io::Error) -> String {
    format!(
        "it needs {} KiB of stack, this thread has {} KiB left, and another one cannot be made: {error}; \
         give httpd more memory, or its threads a larger stack (ThreadStackSize; `ulimit -s` for -t, the start and prefork)",
        bytes >> 10,
        left() >> 10
    )
}

/// Bytes of this thread's stack that are left here; 0 where nobody knows.
pub(crate) fn left() -> usize {
    let here = psm::stack_pointer() as usize;
    let lowest = LOWEST.get();
    if lowest == NOT_ASKED {
        let asked = lowest_address().unwrap_or(usize::MAX);
        LOWEST.set(asked);
        return here.saturating_sub(asked);
    }
    here.saturating_sub(lowest)
}

/// Lowest address of this thread's stack; `None` where the system does not tell, as in a changed root
/// without /proc. The first thread asks in the parent: a child that it becomes knows the answer.
fn lowest_address() -> Option<usize> {
    // SAFETY: the attributes are plain data that the first call fills, and are destroyed once.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return None;
        }
        let (mut lowest, mut size) = (null_mut(), 0);
        let failed = libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        (failed == 0).then_some(lowest as usize)
    }
}

/// Memory for a stack, which grows downwards to a guard.
struct Stack {
    lowest: *mut u8,
    usable: usize,
}

impl Stack {
    fn new(bytes: usize) -> io::Result<Stack> {
        let usable = bytes.next_multiple_of(GUARD);
        // Taken when it is touched, as with any thread.
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
        // SAFETY: a new mapping at an address that the system chooses.
        let lowest =
            unsafe { libc::mmap(null_mut(), GUARD + usable, libc::PROT_NONE, flags, -1, 0) };
        if lowest == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Stack {
            lowest: lowest.cast(),
            usable,
        };
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the part of the mapping above the guard, which nobody uses yet.
        match unsafe { libc::mprotect(stack.base().cast(), usable, access) } {
            0 => Ok(stack),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Lowest address that may be used.
    fn base(&self) -> *mut u8 {
        // SAFETY: the mapping is larger than its guard.
        unsafe { self.lowest.add(GUARD) }
    }

    /// Runs `body` on this stack; a panic goes on where this was called.
    fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        // SAFETY: the memory is ours, aligned to pages, and in use once: whoever runs on it holds the
        // stack. No panic leaves the closure.
        let result = unsafe {
            psm::on_stack(self.base(), self.usable, || {
                let before = LOWEST.replace(self.base() as usize);
                let result = catch_unwind(AssertUnwindSafe(body));
                LOWEST.set(before);
                result
            })
        };
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nobody runs on it any more.
        unsafe { libc::munmap(self.lowest.cast(), GUARD + self.usable) };
    }
}
