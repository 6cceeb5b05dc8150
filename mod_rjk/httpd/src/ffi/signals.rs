//! Signals that are kept waiting.

use libc::{SIG_BLOCK, SIG_SETMASK, c_int, sigset_t};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// What a thread does to itself: kept waiting, it ends the process without a word of httpd's.
const OF_THE_THREAD: [c_int; 8] = [
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGPIPE,
    libc::SIGSEGV,
    libc::SIGSYS,
    libc::SIGTRAP,
];

/// While this lives, a signal to this thread waits, and one to the process is for another thread;
/// threads that it starts keep it so. httpd's own choice, of all that come from outside: which of them
/// ends a child, or closes its listeners, depends on the multi-processing module.
pub(crate) struct Held {
    before: sigset_t,
    /// The mask is that of a thread.
    _thread: PhantomData<*const ()>,
}

impl Held {
    /// Has them wait from now on.
    pub(crate) fn back() -> Held {
        let mut before = MaybeUninit::<sigset_t>::zeroed();
        // SAFETY: the sets are plain data, of which zeros are a valid value, and the calls fill them.
        unsafe {
            let mut outside = MaybeUninit::<sigset_t>::zeroed().assume_init();
            libc::sigfillset(&mut outside);
            for signal in OF_THE_THREAD {
                libc::sigdelset(&mut outside, signal);
            }
            libc::pthread_sigmask(SIG_BLOCK, &outside, before.as_mut_ptr());
            Held {
                before: before.assume_init(),
                _thread: PhantomData,
            }
        }
    }
}

impl Drop for Held {
    /// What waited comes in here.
    fn drop(&mut self) {
        // SAFETY: the set is what the system filled, on this thread.
        unsafe { libc::pthread_sigmask(SIG_SETMASK, &self.before, null_mut()) };
    }
}
