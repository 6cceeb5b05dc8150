//! The panic boundary: every entry that httpd calls goes through [`catch`].
//!
//! An unguarded panic would abort the child and cut off every request in it.

use crate::ffi::error_log::to_error_log;
use crate::ffi::sys;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; a panic becomes `fallback` and one line on the error log of the process.
pub(crate) fn catch<T>(entry: &str, fallback: T, body: impl FnOnce() -> T) -> T {
    // The body's state is not looked at after a panic: leases and checkouts are released by drop.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(panic) => {
            let reason = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("unknown reason");
            to_error_log(
                sys::APLOG_CRIT,
                None,
                &format!(
                    "mod_rjk: a defect was caught in {entry}: {reason}; the request got 500, please report it"
                ),
            );
            fallback
        }
    }
}
