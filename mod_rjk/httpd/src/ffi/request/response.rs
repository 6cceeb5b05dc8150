//! What httpd knows of a request and its response, as logs have it.

use super::RequestRec;
use crate::ffi::apr::{Table, bytes};
use crate::ffi::sys;
use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr::NonNull;

impl<'r> RequestRec<'r> {
    /// The status that the response has, or will have.
    pub(crate) fn status(self) -> c_int {
        self.rec().status
    }

    /// Sends a response of status 1xx in front of the real one. httpd sends none to a client of HTTP/1.0.
    pub(crate) fn send_interim<'h>(
        self,
        status: u16,
        headers: impl Iterator<Item = (&'h [u8], &'h [u8])>,
    ) {
        let raw = self.as_ptr();
        // SAFETY: the request is alive and this thread's. httpd clears the table of headers that it sent,
        // so it gets one of its own, and the real one is back before anybody looks.
        unsafe {
            let before = ((*raw).status, (*raw).status_line, (*raw).headers_out);
            // Some versions take any interim response for the 100 that the client waits for.
            let expecting = (*raw).expecting_100;
            (*raw).status = c_int::from(status);
            (*raw).status_line = std::ptr::null();
            (*raw).headers_out = sys::apr_table_make((*raw).pool, 8);
            for (name, value) in headers {
                self.headers_out().add_bytes(self.pool(), name, value);
            }
            sys::ap_send_interim_response(raw, 1);
            ((*raw).status, (*raw).status_line, (*raw).headers_out) = before;
            (*raw).expecting_100 = expecting;
        }
    }

    /// An empty brigade for a response, for who empties it after each use: the end of the request does not,
    /// and costs less. `None` only when memory is out.
    pub(crate) fn new_transit_brigade(self) -> Option<NonNull<sys::apr_bucket_brigade>> {
        let alloc = self.connection().bucket_alloc;
        // SAFETY: pool and allocator belong to the request and its connection.
        NonNull::new(unsafe { sys::rjk_brigade_make(self.rec().pool, alloc) })
    }

    /// Puts other notes in the place of these, as httpd does itself when mod_dir finds an index file.
    pub(crate) fn set_notes(self, notes: Table<'r>) {
        // SAFETY: the hook may write to its request; the table lives in its pool.
        unsafe { (*self.as_ptr()).notes = notes.as_ptr() }
    }

    /// How many bytes of the body went out; `None` for a response without one, as to HEAD.
    pub(crate) fn body_bytes_sent(self) -> Option<i64> {
        (self.rec().sent_bodyct != 0).then(|| self.rec().bytes_sent)
    }

    /// Notes how many bytes went out behind a head that httpd's own filters did not see.
    pub(crate) fn note_bytes_sent(self, bytes: u64) {
        // SAFETY: the hook may write to its request.
        unsafe {
            (*self.as_ptr()).sent_bodyct = 1;
            (*self.as_ptr()).bytes_sent = bytes.try_into().unwrap_or(i64::MAX);
        }
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
