//! The end of a response that is not whole: the client, the caches and the pages around it must
//! know.

use crate::ffi::guard::catch;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use std::ffi::{CStr, c_int};

/// The name of the output filter of [`watch`].
const WATCH: &CStr = c"RJK_END";
/// Before all others: it sees what httpd's input filters send, and nothing else changes it first.
const FIRST: sys::ap_filter_type = sys::ap_filter_type_AP_FTYPE_RESOURCE - 1;
/// httpd's filters end a response without its regular end after an error of this status only.
const BROKEN: c_int = 502;

/// Makes the filter known; at `register_hooks`.
///
/// # Safety
/// httpd is registering this module's hooks.
pub(crate) unsafe fn register() {
    // SAFETY: name and function live as long as the process.
    unsafe { sys::ap_register_output_filter(WATCH.as_ptr(), Some(watched), None, FIRST) };
}

/// Ends a response that has begun, so that it is seen to be broken.
///
/// The end goes past the filters of the content: a coding would close its stream in order, a cache
/// would store what it has. When they still hold the head back, the client gets a page of `status`
/// instead. A page that this response is a part of is broken by this too.
pub(crate) fn break_off(request: RequestRec<'_>, status: c_int) {
    request.close_after();
    request.forbid_caching();
    let page = request.outermost();
    let is_part = page.as_ptr() != request.as_ptr();
    let Some(brigade) = request.new_brigade() else {
        return request.abort();
    };
    let (brigade, pool) = (brigade.as_ptr(), page.pool().as_ptr());
    // SAFETY: requests, filters and brigade are alive; the error buckets live as long as the page.
    unsafe {
        sys::rjk_brigade_append_error(brigade, status, pool);
        sys::rjk_brigade_append_error(brigade, BROKEN, pool);
        if !is_part {
            sys::rjk_brigade_append_eos(brigade);
        }
        sys::ap_pass_brigade((*page.as_ptr()).proto_output_filters, brigade);
        sys::apr_brigade_cleanup(brigade.cast());
        if is_part {
            // The page would go on: what it has so far is the last that the client gets.
            sys::rjk_brigade_append_flush(brigade);
            sys::ap_pass_brigade((*(*page.as_ptr()).connection).output_filters, brigade);
            sys::apr_brigade_cleanup(brigade.cast());
            request.abort();
        }
    }
}

/// From now on a response that httpd ends because of the request body is broken, not whole.
pub(crate) fn watch(request: RequestRec<'_>) {
    // SAFETY: the request is alive, and the filter was registered.
    unsafe {
        let raw = request.as_ptr();
        sys::ap_add_output_filter(WATCH.as_ptr(), std::ptr::null_mut(), raw, (*raw).connection);
    }
}

/// httpd's input filter sends an error and an end when a body is too large or badly framed. Behind
/// a head the end would be a regular one.
unsafe extern "C" fn watched(
    filter: *mut sys::ap_filter_t,
    brigade: *mut sys::apr_bucket_brigade,
) -> sys::apr_status_t {
    catch("the output filter", sys::AP_FILTER_ERROR, || {
        // SAFETY: httpd passes a live filter of a live request, and a brigade.
        unsafe {
            let status = sys::rjk_brigade_error(brigade);
            let request = RequestRec::from_raw((*filter).r).filter(|_| status != 0);
            let Some(request) = request else {
                return sys::ap_pass_brigade((*filter).next, brigade);
            };
            sys::apr_brigade_cleanup(brigade.cast());
            break_off(request, status);
            sys::AP_FILTER_ERROR
        }
    })
}
