//! The panic boundary: every entry that httpd calls goes through [`catch`].
//!
//! An unguarded panic would abort the child and cut off every request in it.

use crate::ffi::error_log::to_error_log;
use crate::ffi::sys;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps Rust's own lines about a panic off the error log: [`catch`] writes the one that counts. The
/// hook belongs to this library's own copy of Rust's runtime, no other module sees it.
pub(crate) fn keep_quiet() {
    panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place = info.location().map(ToString::to_string);
        let _ = PLACE.try_with(|last| last.replace(place.unwrap_or_default()));
    }));
}

/// Runs `body`; a panic becomes `fallback` and one line on the error log of the process.
pub(crate) fn catch<T>(entry: &str, fallback: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        point(entry);
        body()
    };
    // The body's state is not looked at after a panic: leases and checkouts are released by drop.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(panic) => {
            let place = PLACE.try_with(RefCell::take).unwrap_or_default();
            let text = format!(
                "mod_rjk: a defect was caught in {entry}: {} at {place}; the server goes on, please report it",
                reason(&*panic)
            );
            to_error_log(sys::APLOG_CRIT, None, &text);
            fallback
        }
    }
}

fn reason(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown reason")
}

/// Where a test may have a panic: here, when the file that `RJK_INJECT_PANICS` names has `name` as
/// one of its lines.
#[cfg(feature = "inject-panics")]
pub(crate) fn point(name: &str) {
    let file = std::env::var_os("RJK_INJECT_PANICS").unwrap_or_default();
    let names = std::fs::read_to_string(file).unwrap_or_default();
    if names.lines().any(|line| line == name) {
        panic::panic_any("injected");
    }
}

/// Where a test may have a panic; nothing without the feature `inject-panics`.
#[cfg(not(feature = "inject-panics"))]
#[inline(always)]
pub(crate) fn point(_name: &str) {}
