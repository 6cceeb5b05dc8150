//! The client's connection as a stream of bytes, below what httpd knows of HTTP.

use super::request::RequestRec;
use super::sys;
use std::ffi::{CStr, c_int};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

/// Filters of a connection that expect HTTP: one limits the time for a request, the other one gathers
/// small writes until somebody flushes.
const IN_THE_WAY: (&CStr, &CStr) = (c"reqtimeout", c"SSL/TLS Coalescing Filter");
/// Room for the text of an error.
const ERROR_TEXT: usize = 120;

/// Whether httpd asked the process that this thread is in to end.
pub(crate) fn is_stopping() -> bool {
    let mut state: c_int = 0;
    // SAFETY: the function writes to the state alone; an MPM that does not know it returns an error.
    let status = unsafe { sys::ap_mpm_query(sys::AP_MPMQ_MPM_STATE as c_int, &raw mut state) };
    status == 0 && state == sys::AP_MPMQ_STOPPING as c_int
}

/// The connection of a request that switched protocols. Nothing here waits, but for writing to a
/// stream of HTTP/2.
pub(crate) struct ClientStream<'r> {
    request: RequestRec<'r>,
    incoming: NonNull<sys::apr_bucket_brigade>,
    outgoing: NonNull<sys::apr_bucket_brigade>,
}

impl<'r> ClientStream<'r> {
    /// `None` only when memory is out.
    pub(crate) fn new(request: RequestRec<'r>) -> Option<ClientStream<'r>> {
        Some(ClientStream {
            request,
            incoming: request.new_brigade()?,
            outgoing: request.new_brigade()?,
        })
    }

    fn raw(&self) -> *mut sys::conn_rec {
        // SAFETY: the request is alive.
        unsafe { (*self.request.as_ptr()).connection }
    }

    /// Takes away what treats the bytes of the connection as HTTP, and has it closed in the end.
    pub(crate) fn leave_http(&self) {
        let (request, connection) = (self.request.as_ptr(), self.raw());
        // SAFETY: request and connection are alive and this thread's; the names are C strings, and a
        // filter that is not there is none of httpd's errors. What httpd does with the request when the
        // handler is done goes to filters of the connection, which outlive it.
        unsafe {
            sys::ap_remove_input_filter_byhandle(
                (*connection).input_filters,
                IN_THE_WAY.0.as_ptr(),
            );
            sys::ap_remove_output_filter_byhandle(
                (*connection).output_filters,
                IN_THE_WAY.1.as_ptr(),
            );
            (*request).input_filters = (*connection).input_filters;
            (*request).proto_input_filters = (*connection).input_filters;
            (*request).output_filters = (*connection).output_filters;
            (*request).proto_output_filters = (*connection).output_filters;
        }
        self.request.close_after();
    }

    /// Reads what there is; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.take(buffer);
        if !matches!(&taken, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            return taken;
        }
        let (connection, brigade) = (self.raw(), self.incoming.as_ptr());
        // SAFETY: connection, filters and brigade are alive.
        let status = unsafe {
            sys::ap_get_brigade(
                (*connection).input_filters,
                brigade,
                sys::ap_input_mode_t_AP_MODE_READBYTES,
                sys::apr_read_type_e_APR_NONBLOCK_READ,
                buffer.len() as _,
            )
        };
        match status {
            0 => self.take(buffer),
            status if status == sys::APR_EOF as sys::apr_status_t => Ok(0),
            status => Err(error(status)),
        }
    }

    /// Moves what the brigade holds; `WouldBlock` when that is nothing.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut length = buffer.len() as sys::apr_size_t;
        // SAFETY: the brigade is alive and its buckets are its own; the buffer is writable for
        // `length` bytes, and the call writes no more.
        let status = unsafe {
            sys::rjk_brigade_take_now(
                self.incoming.as_ptr(),
                buffer.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        checked(status).map(|()| length as usize)
    }

    /// Gives the filters all bytes. They keep what the client does not take now, see
    /// [`ClientStream::flush`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (connection, brigade) = (self.raw(), self.outgoing.as_ptr());
        // SAFETY: connection, filters and brigade are alive. The filters copy what they keep of
        // transient buckets, so the brigade holds no borrowed bytes after it was cleaned up.
        let status = unsafe {
            sys::rjk_brigade_append(brigade, bytes.as_ptr().cast(), bytes.len() as _);
            if self.request.is_stream() {
                sys::rjk_brigade_append_flush(brigade);
            }
            let status = sys::ap_pass_brigade((*connection).output_filters, brigade);
            sys::apr_brigade_cleanup(brigade.cast());
            status
        };
        self.sent(status).map(|()| bytes.len())
    }

    /// Writes what the filters keep; `WouldBlock` while they keep some of it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let connection = self.raw();
        // SAFETY: the connection and its filters are alive. httpd pushes its last filter in the same
        // way when it has a response to finish without a thread.
        let keeps = || unsafe { (*connection).data_in_output_filters != 0 };
        if self.request.is_stream() || !keeps() {
            return Ok(());
        }
        // SAFETY: see above.
        let status = unsafe { sys::rjk_connection_push(connection) };
        self.sent(status)?;
        if keeps() {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(())
    }

    fn sent(&self, status: sys::apr_status_t) -> io::Result<()> {
        checked(status)?;
        if self.request.is_aborted() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// Whether the connection can end in one direction alone.
    pub(crate) fn half_closes(&self) -> bool {
        // SAFETY: the connection is alive.
        unsafe { sys::rjk_connection_is_plain(self.raw()) != 0 }
    }

    /// Tells the client that nothing more comes. Where TLS or HTTP/2 say it for both directions, httpd
    /// does that when the request is over.
    pub(crate) fn end_writing(&mut self) -> io::Result<()> {
        if !self.half_closes() {
            return Ok(());
        }
        // SAFETY: a connection that is plain has a socket, which lives as long.
        let status = unsafe {
            let socket = sys::ap_get_conn_socket(self.raw());
            sys::apr_socket_shutdown(socket, sys::apr_shutdown_how_e_APR_SHUTDOWN_WRITE)
        };
        checked(status)
    }

    /// See [`descriptor`].
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        descriptor(self.request)
    }
}

/// What becomes readable or writable with the client's connection, or readable alone for a stream of
/// HTTP/2; `None` where this httpd has no such thing.
pub(crate) fn descriptor<'r>(request: RequestRec<'r>) -> Option<BorrowedFd<'r>> {
    // SAFETY: a request always has a connection, and both are alive.
    let descriptor = unsafe { sys::rjk_connection_descriptor((*request.as_ptr()).connection) };
    // SAFETY: not -1, and open for as long as the connection, but for a stop in which httpd closes it
    // under its thread: then it is waited for once more, at most for a second, and nothing else.
    (descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(descriptor) })
}

fn checked(status: sys::apr_status_t) -> io::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(error(status))
    }
}

/// What APR means, in std's words.
fn error(status: sys::apr_status_t) -> io::Error {
    if status == sys::APR_TIMEUP as sys::apr_status_t {
        return ErrorKind::TimedOut.into();
    }
    // Below are those of the system.
    if (1..sys::APR_OS_START_ERROR as sys::apr_status_t).contains(&status) {
        return io::Error::from_raw_os_error(status);
    }
    let mut text = [0; ERROR_TEXT];
    // SAFETY: the buffer is writable for its length, and APR ends the text within it.
    let text = unsafe {
        sys::apr_strerror(status, text.as_mut_ptr(), text.len() as _);
        CStr::from_ptr(text.as_ptr())
    };
    io::Error::other(text.to_string_lossy().into_owned())
}
