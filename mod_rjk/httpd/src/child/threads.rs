//! The threads that serve requests.

use crate::ffi::sys;
use std::ffi::c_int;

/// Most threads of this child that may have a request at the same time: httpd's own and mod_http2's.
///
/// mod_http2 takes its number from the main server's configuration, for all virtual hosts; it does not
/// matter whose `child_init` runs first. It serves nothing in a httpd without threads.
pub(super) fn that_call(main: *mut sys::server_rec) -> usize {
    let threads = ask_mpm(sys::AP_MPMQ_MAX_THREADS).max(1);
    if ask_mpm(sys::AP_MPMQ_IS_THREADED) == 0 {
        return threads;
    }
    // SAFETY: the main server is alive; mod_http2, when it is loaded, stays so in a child.
    let streams = unsafe { sys::rjk_http2_workers(main) };
    threads + usize::try_from(streams).unwrap_or(0)
}

/// What the multi-processing module says; 0 for what it does not know.
fn ask_mpm(what: u32) -> usize {
    let mut answer: c_int = 0;
    // SAFETY: httpd fills the number.
    unsafe { sys::ap_mpm_query(what as c_int, &mut answer) };
    usize::try_from(answer).unwrap_or(0)
}
