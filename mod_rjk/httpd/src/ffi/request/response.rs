//! What httpd knows of a request and its response, as logs have it.

use super::RequestRec;
use crate::ffi::apr::bytes;
use crate::ffi::sys;
use std::borrow::Cow;
use std::ffi::c_int;

impl<'r> RequestRec<'r> {
    /// The status that the response has, or will have.
    pub(crate) fn status(self) -> c_int {
        self.rec().status
    }

    /// How many bytes of the body went out; `None` for a response without one, as to HEAD.
    pub(crate) fn body_bytes_sent(self) -> Option<i64> {
        (self.rec().sent_bodyct != 0).then(|| self.rec().bytes_sent)
    }

    /// The request line, with the password of a URI masked.
    pub(crate) fn request_line(self) -> Cow<'r, [u8]> {
        let rec = self.rec();
        // SAFETY: the request is alive; the strings live in its pool, as does what is made of them.
        unsafe {
            if rec.parsed_uri.password.is_null() {
                return bytes(rec.the_request).unwrap_or(b"").into();
            }
            let uri = bytes(sys::apr_uri_unparse(rec.pool, &raw const rec.parsed_uri, 0));
            let words = [self.method(), uri.unwrap_or(b""), self.protocol()];
            words[..if rec.assbackwards == 0 { 3 } else { 2 }]
                .join(&b' ')
                .into()
        }
    }

    /// The name of the server's configuration.
    pub(crate) fn canonical_name(self) -> &'r [u8] {
        // SAFETY: the server and its name outlive the request.
        unsafe { bytes((*self.rec().server).server_hostname) }.unwrap_or(b"")
    }

    /// The port of the server's configuration, else that of the scheme.
    pub(crate) fn canonical_port(self) -> u16 {
        // SAFETY: the server outlives the request, which is alive.
        unsafe {
            match (*self.rec().server).port {
                0 => sys::ap_run_default_port(self.as_ptr()),
                port => port,
            }
        }
    }
}
