//! The functions that httpd calls, each behind the panic guard.

use crate::ffi::answer::{DECLINED, OK, SERVER_ERROR};
use crate::ffi::apr::Pool;
use crate::ffi::guard::catch;
use crate::ffi::request::RequestRec;
use crate::ffi::signals::Held;
use crate::ffi::sys;
use crate::request::{after, end, handler, index_file, mapping, state};
use crate::{child, startup};
use std::ffi::{c_char, c_int};
use std::ptr::null;

const MIDDLE: c_int = sys::APR_HOOK_MIDDLE as c_int;
const LAST: c_int = sys::APR_HOOK_LAST as c_int;

/// Names of modules as httpd wants them, with a null at the end.
struct Modules([*const c_char; 2]);

// SAFETY: the pointers lead to constants.
unsafe impl Sync for Modules {}

static MOD_DIR: Modules = Modules([c"mod_dir.c".as_ptr(), null()]);

/// httpd's `register_hooks`: at middle order (G-02), but for those around mod_dir's and the
/// last look at a request; and one output filter.
pub(crate) unsafe extern "C" fn register(_pool: *mut sys::apr_pool_t) {
    crate::ffi::guard::keep_quiet();
    // SAFETY: the functions have the signatures of their hooks, and the module is never unloaded.
    unsafe {
        sys::ap_hook_check_config(Some(check_config), null(), null(), MIDDLE);
        sys::ap_hook_post_config(Some(post_config), null(), null(), MIDDLE);
        sys::ap_hook_child_init(Some(child_init), null(), null(), MIDDLE);
        sys::ap_hook_child_status(Some(child_status), null(), null(), MIDDLE);
        sys::ap_hook_create_request(Some(create_request), null(), null(), MIDDLE);
        sys::ap_hook_translate_name(Some(translate_name), null(), null(), MIDDLE);
        sys::ap_hook_map_to_storage(Some(map_to_storage), null(), null(), MIDDLE);
        sys::ap_hook_fixups(Some(before_mod_dir), null(), MOD_DIR.0.as_ptr(), LAST);
        sys::ap_hook_fixups(Some(after_mod_dir), MOD_DIR.0.as_ptr(), null(), LAST);
        sys::ap_hook_handler(Some(handle), null(), null(), MIDDLE);
        sys::ap_hook_log_transaction(Some(log_transaction), null(), null(), LAST);
        end::register();
    }
}

unsafe extern "C" fn check_config(
    pconf: *mut sys::apr_pool_t,
    _plog: *mut sys::apr_pool_t,
    _ptemp: *mut sys::apr_pool_t,
    main: *mut sys::server_rec,
) -> c_int {
    catch("check_config", SERVER_ERROR, || {
        // SAFETY: httpd passes its configuration pool and the main server.
        unsafe {
            Pool::from_raw(pconf).map_or(SERVER_ERROR, |pool| {
                startup::check::check(pool, main).map_or(SERVER_ERROR, |()| OK)
            })
        }
    })
}

unsafe extern "C" fn post_config(
    pconf: *mut sys::apr_pool_t,
    _plog: *mut sys::apr_pool_t,
    _ptemp: *mut sys::apr_pool_t,
    main: *mut sys::server_rec,
) -> c_int {
    catch("post_config", SERVER_ERROR, || {
        // SAFETY: httpd passes its configuration pool and the main server.
        unsafe {
            Pool::from_raw(pconf).map_or(SERVER_ERROR, |pool| {
                startup::open::open(pool, main).map_or(SERVER_ERROR, |()| OK)
            })
        }
    })
}

unsafe extern "C" fn child_init(pchild: *mut sys::apr_pool_t, main: *mut sys::server_rec) {
    // Worker and event before 2.4.33 and prefork before 2.4.49 end a child from a signal handler here: all
    // clean-ups and exit(), in the middle of an allocation or with half of what is ours made.
    let _held = Held::back();
    catch("child_init", (), || {
        // SAFETY: httpd passes the child's pool and the main server, before any request.
        unsafe {
            if let Some(pool) = Pool::from_raw(pchild) {
                child::init::init(pool, main);
            }
        }
    });
}

unsafe extern "C" fn child_status(
    main: *mut sys::server_rec,
    pid: sys::pid_t,
    _generation: sys::ap_generation_t,
    _slot: c_int,
    state: sys::mpm_child_status,
) {
    catch("child_status", (), || {
        if state == sys::mpm_child_status_MPM_CHILD_EXITED
            && let Ok(pid) = u32::try_from(pid)
        {
            // SAFETY: httpd passes the main server, in the parent.
            unsafe { child::init::ended(main, pid) };
        }
    });
}

unsafe extern "C" fn create_request(raw: *mut sys::request_rec) -> c_int {
    catch("create_request", OK, || {
        // SAFETY: httpd passes a live request, whose main request is set; the view ends with the call.
        unsafe { RequestRec::from_raw(raw) }.map_or(OK, state::note_part)
    })
}

/// Runs a request hook with a safe view of the request.
unsafe fn with_request(
    name: &str,
    raw: *mut sys::request_rec,
    hook: fn(RequestRec<'_>) -> c_int,
) -> c_int {
    catch(name, SERVER_ERROR, || {
        // SAFETY: httpd passes a live request, and the view ends with the call.
        unsafe { RequestRec::from_raw(raw) }.map_or(DECLINED, hook)
    })
}

unsafe extern "C" fn translate_name(raw: *mut sys::request_rec) -> c_int {
    // SAFETY: `raw` is what httpd passed.
    unsafe { with_request("translate_name", raw, mapping::translate) }
}

unsafe extern "C" fn map_to_storage(raw: *mut sys::request_rec) -> c_int {
    // SAFETY: `raw` is what httpd passed.
    unsafe { with_request("map_to_storage", raw, mapping::map_to_storage) }
}

unsafe extern "C" fn before_mod_dir(raw: *mut sys::request_rec) -> c_int {
    // SAFETY: `raw` is what httpd passed.
    unsafe { with_request("fixups before mod_dir", raw, index_file::before_mod_dir) }
}

unsafe extern "C" fn after_mod_dir(raw: *mut sys::request_rec) -> c_int {
    // SAFETY: `raw` is what httpd passed.
    unsafe { with_request("fixups after mod_dir", raw, index_file::after_mod_dir) }
}

unsafe extern "C" fn handle(raw: *mut sys::request_rec) -> c_int {
    // SAFETY: `raw` is what httpd passed.
    unsafe { with_request("handler", raw, handler::handle) }
}

/// Runs when the response has gone out and stands in the logs: what is done here keeps neither
/// waiting.
unsafe extern "C" fn log_transaction(raw: *mut sys::request_rec) -> c_int {
    // A defect here must not cost other modules their line.
    catch("log_transaction", DECLINED, || {
        // SAFETY: httpd passes a live request, and the view ends with the call.
        unsafe { RequestRec::from_raw(raw) }.map_or(DECLINED, after::log)
    })
}
