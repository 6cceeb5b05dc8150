//! What a hook answers: httpd's own words, or the HTTP status of a refusal.

use crate::ffi::sys;
use std::ffi::c_int;

/// The hook did its part.
pub(crate) const OK: c_int = sys::OK as c_int;
/// Not for this module.
pub(crate) const DECLINED: c_int = sys::DECLINED;
/// 400.
pub(crate) const BAD_REQUEST: c_int = 400;
/// 403.
pub(crate) const FORBIDDEN: c_int = 403;
/// 404.
pub(crate) const NOT_FOUND: c_int = 404;
/// 500; from a hook of the configuration it ends the start.
pub(crate) const SERVER_ERROR: c_int = 500;
/// 503.
pub(crate) const UNAVAILABLE: c_int = 503;
