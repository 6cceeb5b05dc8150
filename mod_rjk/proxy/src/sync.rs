//! What the threads of a child wait with for each other. tests/race takes the files that use it from here, and puts
//! what a model has in its place, which tries every order of steps.

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::ThreadId;

/// Asked once of each thread: the system's answer is counted for all who ask.
pub(crate) fn this_thread() -> ThreadId {
    thread_local! {
        static THIS: ThreadId = std::thread::current().id();
    }
    THIS.try_with(|this| *this)
        .unwrap_or_else(|_| std::thread::current().id())
}
