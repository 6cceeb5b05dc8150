//! The atomics of what processes share. tests/race takes the files that use them from here, and puts those of a
//! model in their place, which tries every order of steps and every value that an ordering lets a thread see.

pub(crate) use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, fence};
