//! The request body out of httpd's input filters.

use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use rjk_proxy::job::downstream::ClientError;
use std::ffi::c_int;
use std::ptr::NonNull;

/// The body of one request.
///
/// httpd's own `ap_get_client_block` makes a brigade for each call, in the request's pool: an upload
/// of a gigabyte would cost megabytes. Here one brigade serves all calls.
pub(crate) struct RequestBody<'r> {
    request: RequestRec<'r>,
    brigade: NonNull<sys::apr_bucket_brigade>,
    ended: bool,
}

impl<'r> RequestBody<'r> {
    /// `None` only when memory is out. Without a body there is nothing to read.
    pub(crate) fn new(request: RequestRec<'r>, has_body: bool) -> Option<RequestBody<'r>> {
        request.new_brigade().map(|brigade| RequestBody {
            request,
            brigade,
            ended: !has_body,
        })
    }

    /// Reads body bytes, blocking; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ClientError> {
        while !self.ended && !buffer.is_empty() {
            let taken = self.take(buffer)?;
            if taken > 0 {
                return Ok(taken);
            }
            if !self.ended {
                self.fill(buffer.len())?;
            }
        }
        Ok(0)
    }

    /// Moves what the brigade holds.
    fn take(&mut self, buffer: &mut [u8]) -> Result<usize, ClientError> {
        let mut length = buffer.len() as sys::apr_size_t;
        let mut ended: c_int = 0;
        // SAFETY: the brigade is alive and its buckets are its own; the buffer is writable for
        // `length` bytes, and the call writes no more.
        let status = unsafe {
            sys::rjk_brigade_take(
                self.brigade.as_ptr(),
                buffer.as_mut_ptr().cast(),
                &raw mut length,
                &raw mut ended,
            )
        };
        self.ended = ended != 0;
        self.checked(status)?;
        Ok(length as usize)
    }

    /// Reads from the client into the empty brigade.
    fn fill(&mut self, bytes: usize) -> Result<(), ClientError> {
        // SAFETY: request, filters and brigade are alive; the mode asks for data of the body only.
        let status = unsafe {
            sys::apr_brigade_cleanup(self.brigade.as_ptr().cast());
            sys::ap_get_brigade(
                (*self.request.as_ptr()).input_filters,
                self.brigade.as_ptr(),
                sys::ap_input_mode_t_AP_MODE_READBYTES,
                sys::apr_read_type_e_APR_BLOCK_READ,
                bytes as _,
            )
        };
        self.checked(status)
    }

    /// After a failure the rest of the body cannot be told from the next request.
    fn checked(&self, status: sys::apr_status_t) -> Result<(), ClientError> {
        if status == 0 {
            return Ok(());
        }
        self.request.close_after();
        Err(ClientError)
    }
}
