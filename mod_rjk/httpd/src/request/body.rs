//! The request body out of httpd's input filters.

use super::facts::Framing;
use crate::ffi::error_log::to_error_log;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use rjk_message::BodyLength;
use rjk_proxy::job::downstream::BrokenBody;
use std::collections::VecDeque;
use std::ffi::c_int;
use std::io::Read;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// Successful reads without a byte that are borne in a row: a coding needs some before its first
/// byte, each of which waited for the client.
const FRUITLESS_READS: u32 = 65_536;
/// Bytes that are read ahead of a body whose length a filter may change.
const LOOK_AHEAD: usize = 64 * 1024;
const READ_AHEAD: usize = 8 * 1024;
/// Looks for a stream that its client gave up, and the pause before each.
const GIVEN_UP_LOOKS: u32 = 3;
const GIVEN_UP_PAUSE: Duration = Duration::from_millis(1);

type Brigade = NonNull<sys::apr_bucket_brigade>;

/// The body of one request.
///
/// httpd's own `ap_get_client_block` makes a brigade for each call, in the request's pool: an upload
/// of a gigabyte would cost megabytes. Here one brigade serves all calls.
pub(crate) struct RequestBody<'r> {
    request: RequestRec<'r>,
    /// `None` without a body, which most requests are.
    brigade: Option<Brigade>,
    /// Bytes that must come before the end.
    missing: u64,
    /// Bytes came.
    came: bool,
    /// What was read before it was asked for.
    ahead: VecDeque<u8>,
    has_length: bool,
    /// Since when a part of it was asked for that did not come.
    missed: Option<Instant>,
    ended: bool,
    broken: Option<BrokenBody>,
}

impl<'r> RequestBody<'r> {
    /// A body of this announced length, 0 when it is not known. `None` only when memory is out.
    /// Without a body there is nothing to read.
    pub(crate) fn new(
        request: RequestRec<'r>,
        has_body: bool,
        announced: u64,
    ) -> Option<RequestBody<'r>> {
        let brigade = match has_body {
            true => Some(request.new_brigade()?),
            false => None,
        };
        Some(RequestBody {
            request,
            brigade,
            missing: announced,
            came: false,
            ahead: VecDeque::new(),
            has_length: announced > 0,
            missed: None,
            ended: !has_body,
            broken: None,
        })
    }

    /// For a body that a filter may change: reads its beginning, or all of a short one, before the
    /// headers are looked at, which such filters put right when they are first read. The announced
    /// length stands only when that many bytes came; otherwise it is not known.
    pub(crate) fn look_ahead(&mut self, announced: Framing) -> Result<Framing, BrokenBody> {
        (self.missing, self.has_length) = (0, false);
        let most = match announced.length {
            BodyLength::Known(_) => LOOK_AHEAD,
            _ => 1,
        };
        let (mut ahead, mut buffer) = (Vec::new(), vec![0; READ_AHEAD]);
        while ahead.len() < most {
            match self.read(&mut buffer)? {
                0 => break,
                bytes => ahead.extend_from_slice(&buffer[..bytes]),
            }
        }
        let came = BodyLength::Known(ahead.len() as u64);
        self.ahead = VecDeque::from(ahead);
        if self.ended && announced.length == came {
            return Ok(announced);
        }
        Ok(Framing {
            length: BodyLength::Chunked,
            is_changed: matches!(announced.length, BodyLength::Known(_)),
        })
    }

    /// Whether a read would not wait: up to `most` bytes are taken in for it. A body that a filter changes
    /// is read as such filters expect it: waiting.
    pub(crate) fn is_ready(&mut self, most: usize) -> bool {
        let is_known = self.ended || self.broken.is_some() || !self.ahead.is_empty();
        let Some(brigade) = self.brigade.filter(|_| !is_known) else {
            return true;
        };
        // Only a read that waits tells a client to go on that asks first.
        let must_wait = self.request.is_expecting_continue() || self.request.is_body_filtered();
        if must_wait || !is_empty(brigade) {
            return true;
        }
        let status = self.ask(brigade, most, sys::apr_read_type_e_APR_NONBLOCK_READ);
        if self.is_to_come(brigade, status) && !self.is_overdue() {
            return false;
        }
        self.missed = None;
        if let Err(broken) = self.checked(brigade, status) {
            self.break_off(broken);
        }
        true
    }

    /// A part of the response went out: the client may have waited for it, and its time begins again.
    pub(crate) fn begin_wait(&mut self) {
        self.missed = None;
    }

    /// Nothing came, and nothing is wrong.
    fn is_to_come(&self, brigade: Brigade, status: sys::apr_status_t) -> bool {
        use std::io::{Error, ErrorKind};
        let is_nothing = match status {
            0 => is_empty(brigade),
            status => Error::from_raw_os_error(status).kind() == ErrorKind::WouldBlock,
        };
        is_nothing && !self.request.is_answered() && !self.request.is_aborted()
    }

    /// httpd's `Timeout`, which bounds a read that waits, has passed since the first that did not.
    fn is_overdue(&mut self) -> bool {
        let missed = *self.missed.get_or_insert_with(Instant::now);
        // SAFETY: a request always has a server, which outlives it.
        let limit = unsafe { (*self.request.server()).timeout };
        let limit = u64::try_from(limit).map(Duration::from_micros);
        if limit.is_ok_and(|limit| missed.elapsed() >= limit) {
            self.break_off(BrokenBody::refused(408));
            return true;
        }
        false
    }

    /// The rest of the body cannot be told from the next request.
    fn break_off(&mut self, broken: BrokenBody) {
        self.broken.get_or_insert(broken);
        self.request.close_after();
    }

    /// Reads body bytes, blocking; 0 at the end of a whole body. Once broken it stays so.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        if !self.ahead.is_empty() {
            return Ok(self.ahead.read(buffer).unwrap_or(0));
        }
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let read = self.next(buffer);
        read.inspect_err(|broken| self.break_off(*broken))
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        let Some(brigade) = self.brigade else {
            return Ok(0);
        };
        let mut fruitless = 0;
        while !self.ended && !buffer.is_empty() {
            let taken = self.take(brigade, buffer)?;
            if taken > 0 {
                return Ok(taken);
            }
            if self.ended {
                break;
            }
            if fruitless == FRUITLESS_READS {
                to_error_log(
                    sys::APLOG_ERR,
                    Some(self.request.server()),
                    "mod_rjk: an input filter gives neither data nor an end; the request got 500",
                );
                return Err(BrokenBody::refused(500));
            }
            fruitless += 1;
            self.fill(brigade, buffer.len())?;
        }
        Ok(0)
    }

    /// Moves what the brigade holds.
    fn take(&mut self, brigade: Brigade, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        let mut length = buffer.len() as sys::apr_size_t;
        let mut ended: c_int = 0;
        // SAFETY: the brigade is alive and its buckets are its own; the buffer is writable for
        // `length` bytes, and the call writes no more.
        let status = unsafe {
            sys::rjk_brigade_take(
                brigade.as_ptr(),
                buffer.as_mut_ptr().cast(),
                &raw mut length,
                &raw mut ended,
            )
        };
        self.checked(brigade, status)?;
        let taken = length as usize;
        self.missing = self.missing.saturating_sub(taken as u64);
        self.came |= taken > 0;
        self.ended = ended != 0;
        if self.ended && (self.is_cut_short() || self.was_given_up()) {
            return Err(BrokenBody::SHORT);
        }
        Ok(taken)
    }

    /// An end that is none: before the announced length, or because the client was never told to
    /// go on after `Expect: 100-continue`, and did not go on untold.
    fn is_cut_short(&self) -> bool {
        self.missing > 0 || (!self.came && self.request.is_expecting_continue())
    }

    /// mod_http2 ends the body of a stream that the client gave up like any other, and says just
    /// after that that the stream is gone. Only where no length tells the two apart is that waited
    /// for.
    fn was_given_up(&self) -> bool {
        if self.has_length || !self.request.is_stream() {
            return false;
        }
        (0..GIVEN_UP_LOOKS).any(|_| {
            std::thread::sleep(GIVEN_UP_PAUSE);
            self.request.is_aborted()
        })
    }

    /// Reads from the client into the empty brigade.
    fn fill(&mut self, brigade: Brigade, bytes: usize) -> Result<(), BrokenBody> {
        let status = self.ask(brigade, bytes, sys::apr_read_type_e_APR_BLOCK_READ);
        self.checked(brigade, status)
    }

    fn ask(
        &mut self,
        brigade: Brigade,
        bytes: usize,
        how: sys::apr_read_type_e,
    ) -> sys::apr_status_t {
        // SAFETY: request, filters and brigade are alive; the mode asks for data of the body only.
        unsafe {
            sys::apr_brigade_cleanup(brigade.as_ptr().cast());
            sys::ap_get_brigade(
                (*self.request.as_ptr()).input_filters,
                brigade.as_ptr(),
                sys::ap_input_mode_t_AP_MODE_READBYTES,
                how,
                bytes as _,
            )
        }
    }

    /// What httpd did decides, whatever it returned: it may have answered the request by itself, and
    /// reports that as a success with an end.
    fn checked(&self, brigade: Brigade, status: sys::apr_status_t) -> Result<(), BrokenBody> {
        if self.request.is_answered() {
            let status = u16::try_from(self.request.status()).unwrap_or(0);
            let refused = if status >= 400 { status } else { 400 };
            return Err(BrokenBody::refused(refused));
        }
        // SAFETY: the bucket list is alive.
        let error = unsafe { sys::rjk_brigade_error(brigade.as_ptr()) };
        let is_aborted = self.request.is_aborted();
        if status == 0 && error == 0 && !is_aborted {
            return Ok(());
        }
        // SAFETY: the function only translates its arguments.
        let mapped = unsafe { sys::ap_map_http_request_error(status, 400) };
        let chosen = match (error, mapped) {
            (0, sys::AP_FILTER_ERROR) => 500,
            (0, mapped) => mapped,
            (error, _) => error,
        };
        Err(BrokenBody {
            status: u16::try_from(chosen).unwrap_or(400),
            left: is_aborted || (error == 0 && is_disconnect(status)),
        })
    }
}

/// Of a brigade that is alive, as that of a body is as long as its request.
fn is_empty(brigade: Brigade) -> bool {
    // SAFETY: see above.
    unsafe { sys::rjk_brigade_is_empty(brigade.as_ptr()) != 0 }
}

/// The ways in which a read says that the client ended its side, or that its connection broke.
fn is_disconnect(status: sys::apr_status_t) -> bool {
    use std::io::{Error, ErrorKind};
    let ends = [sys::APR_EOF, sys::APR_INCOMPLETE].map(|end| end as sys::apr_status_t);
    let kind = Error::from_raw_os_error(status).kind();
    ends.contains(&status)
        || matches!(
            kind,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
        )
}
