//! httpd's error log.

use crate::ffi::sys;
use std::ffi::{CString, c_int};

/// One line to httpd's error log.
pub(crate) fn to_error_log(level: u32, server: Option<*const sys::server_rec>, text: &str) {
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the text is a C string, the server is null or alive (callers pass httpd's own).
    unsafe {
        sys::rjk_log_server(
            level as c_int,
            server.unwrap_or(std::ptr::null()),
            text.as_ptr(),
        );
    }
}

/// One warning of this module to httpd's error log.
pub(crate) fn warn(main: *const sys::server_rec, text: &str) {
    to_error_log(sys::APLOG_WARNING, Some(main), &format!("mod_rjk: {text}"));
}
