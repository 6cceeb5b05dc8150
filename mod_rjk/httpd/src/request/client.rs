//! The response on its way into httpd's output filters.

use super::body::RequestBody;
use super::end;
use super::state::{self, Mapped};
use super::tunnel;
use crate::ffi::apr::Pool;
use crate::ffi::connection::descriptor;
use crate::ffi::guard::point;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use crate::ffi::texts::Text;
use rjk_config::decimal::Decimal;
use rjk_message::ResponseHead;
use rjk_proxy::job::downstream::{BodyReady, BrokenBody, ClientError, Downstream, Then};
use rjk_proxy::job::report::Told;
use rjk_proxy::tunnel::{TunnelEnd, TunnelLimits, Tunnelled};
use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

/// The client of a request, through httpd.
pub(crate) struct Client<'r> {
    request: RequestRec<'r>,
    mapped: &'r Mapped<'r>,
    brigade: NonNull<sys::apr_bucket_brigade>,
    /// Body bytes that went into the filters.
    pub(crate) sent: u64,
    /// The response head went into the filters.
    pub(crate) started: bool,
    /// httpd refused the response though the client is there: a filter failed, or answered
    /// instead (RS-07).
    pub(crate) refused: bool,
    /// The status of the response.
    status: c_int,
    /// The filters took a part of the response.
    passed: bool,
    /// The end of the response went into the filters.
    ended: bool,
    /// httpd's own end of the response, for a broken request body, will be seen as broken.
    watched: bool,
    /// The connection is in another protocol, in which nothing of httpd's can be said.
    tunnelled: bool,
    body: RequestBody<'r>,
}

impl<'r> Client<'r> {
    /// `None` only when memory is out.
    pub(crate) fn new(request: RequestRec<'r>, body: RequestBody<'r>) -> Option<Client<'r>> {
        Some(Client {
            request,
            mapped: state::of_forwarded(request)?,
            body,
            brigade: request.new_transit_brigade()?,
            sent: 0,
            started: false,
            refused: false,
            status: request.status(),
            passed: false,
            ended: false,
            watched: false,
            tunnelled: false,
        })
    }

    /// Ends a response that has begun and will not be whole, unless httpd has ended it already or
    /// the client is gone; `status` is for a client that has seen nothing of it yet.
    pub(crate) fn break_off(&self, status: u16) -> Told {
        if self.request.is_aborted() || self.tunnelled {
            return Told::Nothing;
        }
        if self.is_answered() {
            // A page instead of all of it leaves the connection in step, as for a range that is not
            // there (416).
            if self.passed || !self.has_page() {
                self.request.close_after();
            }
        } else {
            end::break_off(self.request, c_int::from(status));
        }
        match u16::try_from(self.request.status()) {
            Ok(page) if c_int::from(page) != self.status => Told::Status(page),
            _ => Told::BrokenOff,
        }
    }

    /// Whether httpd gave the client a response of its own. httpd notes an end of ours before its
    /// filters see it, so that one which they refused says nothing.
    fn is_answered(&self) -> bool {
        self.request.is_answered() && (!self.ended || self.has_page())
    }

    /// Whether httpd put a status of its own in the place of the response's.
    fn has_page(&self) -> bool {
        self.request.status() != self.status
    }

    /// httpd may take what follows behind the end of a response for the next one: nothing does.
    fn is_open(&self) -> bool {
        !self.request.is_answered() && !self.request.is_aborted()
    }

    /// httpd may end the response while the body is read.
    fn watch_end(&mut self) {
        if self.started && !self.watched {
            end::watch(self.request);
            self.watched = true;
        }
    }

    fn pass(&mut self) -> Result<(), ClientError> {
        // SAFETY: the filters belong to the live request. They copy what they keep of transient
        // buckets, so the brigade holds no borrowed bytes after it was cleaned up.
        let status = unsafe {
            let filters = (*self.request.as_ptr()).output_filters;
            let status = sys::ap_pass_brigade(filters, self.brigade.as_ptr());
            sys::apr_brigade_cleanup(self.brigade.as_ptr().cast());
            status
        };
        if self.request.is_aborted() {
            return Err(ClientError);
        }
        if status != 0 {
            self.refused = true;
            return Err(ClientError);
        }
        // A part's own end passes filters of the page, and httpd notes it for the page.
        if self.mapped.has_parts() && !self.ended {
            self.request.forget_end();
        }
        self.passed = true;
        self.body.begin_wait();
        // httpd would send its 100 when the body is next asked for, into the response that has
        // begun: it looks whether body bytes went out, and at the status. To one that is no success
        // it sends none, and takes the body for ended.
        if (200..300).contains(&self.status) {
            self.request.expect_no_continue();
        }
        Ok(())
    }
}

impl Downstream for Client<'_> {
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        point("the request body");
        self.watch_end();
        self.body.read(buffer)
    }

    fn body_ready(&mut self, most: usize) -> BodyReady<'_> {
        self.watch_end();
        match self.body.is_ready(most) {
            true => BodyReady::Yes,
            false => BodyReady::NotYet(descriptor(self.request)),
        }
    }

    fn start(&mut self, head: &ResponseHead, cookie: Option<&[u8]>) -> Result<(), ClientError> {
        self.started = true;
        self.status = c_int::from(head.status());
        set_status(self.request, head);
        for (name, value) in head.end_to_end_headers() {
            if is(name, b"Content-Length") {
                set_length(self.request, head);
            } else {
                set_header(self.request, name, value);
            }
        }
        if let Some(cookie) = cookie {
            self.request
                .headers_out()
                .add_bytes(self.request.pool(), b"Set-Cookie", cookie);
        }
        Ok(())
    }

    fn hint(&mut self, head: &ResponseHead) {
        // A part of a page has no head of its own.
        if !self.started && self.is_open() && self.request.main().is_none() {
            self.request
                .send_interim(head.status(), head.end_to_end_headers());
        }
    }

    fn can_tunnel(&self) -> Result<(), &'static str> {
        tunnel::is_possible(self.request)
    }

    fn tunnel(
        &mut self,
        head: &ResponseHead,
        worker: &mut dyn TunnelEnd,
        limits: TunnelLimits,
    ) -> Tunnelled {
        (self.started, self.tunnelled) = (true, true);
        self.status = c_int::from(head.status());
        let end = tunnel::run(self.request, head, worker, limits);
        self.sent = end.to_client;
        end
    }

    fn send(&mut self, body: &[&[u8]], then: Then) -> Result<(), ClientError> {
        point("the response");
        if !self.is_open() {
            self.refused = !self.request.is_aborted();
            return Err(ClientError);
        }
        // The page for a failed HEAD is fetched by GET.
        let body = if wants_head_only(self.request) {
            &[]
        } else {
            body
        };
        for chunk in body {
            self.sent += chunk.len() as u64;
            // SAFETY: the chunk lives until this call returns, and `pass` empties the brigade first.
            unsafe {
                sys::rjk_brigade_append(
                    self.brigade.as_ptr(),
                    chunk.as_ptr().cast(),
                    chunk.len() as _,
                );
            }
        }
        // SAFETY: the brigade is alive.
        unsafe {
            match then {
                Then::More => {}
                Then::Flush => sys::rjk_brigade_append_flush(self.brigade.as_ptr()),
                Then::End => sys::rjk_brigade_append_eos(self.brigade.as_ptr()),
            }
        }
        self.ended = then == Then::End;
        self.pass()
    }
}

fn wants_head_only(request: RequestRec<'_>) -> bool {
    // SAFETY: the request is alive.
    unsafe { (*request.as_ptr()).header_only != 0 }
}

/// Status and reason (RS-01): the worker's words, else httpd's, else `Unknown Reason`.
fn set_status(request: RequestRec<'_>, head: &ResponseHead) {
    let known = known_line(head.status());
    let reason = match head.reason() {
        b"" => known.map_or(&b"Unknown Reason"[..], reason_of),
        reason => reason,
    };
    let line = match known {
        Some(line) if reason_of(line) == reason => Text::from(line),
        _ => {
            let code = Decimal::new(head.status().into());
            Text::new(request.pool(), &[code.digits(), b" ", reason])
        }
    };
    // SAFETY: the hook may write to its request; the line lives in its pool, or for ever.
    unsafe {
        (*request.as_ptr()).status = head.status().into();
        (*request.as_ptr()).status_line = line.as_ptr();
    }
}

/// httpd's line for a status; for one it does not know it returns the line of 500.
fn known_line(status: u16) -> Option<&'static CStr> {
    // SAFETY: the function returns a string of a static table.
    let line = unsafe { CStr::from_ptr(sys::ap_get_status_line(status.into())) };
    let number = |line: &[u8]| {
        let digits = line.first_chunk::<3>()?;
        let digits = digits
            .iter()
            .map(|digit| u16::from(digit.wrapping_sub(b'0')));
        Some(digits.fold(0, |number, digit| number * 10 + digit))
    };
    (number(line.to_bytes()) == Some(status)).then_some(line)
}

/// What stands behind the three digits of a status line and a blank.
fn reason_of(line: &CStr) -> &[u8] {
    line.to_bytes().get(4..).unwrap_or_default()
}

/// One response header (RS-02, RS-04), but for the length.
fn set_header(request: RequestRec<'_>, name: &[u8], value: &[u8]) {
    let pool = request.pool();
    if is(name, b"Content-Type") {
        set_content_type(request, pool, value);
    } else if is(name, b"Last-Modified") {
        let text = pool.string(value);
        // SAFETY: the request and the string are alive.
        unsafe {
            sys::ap_update_mtime(request.as_ptr(), sys::apr_date_parse_http(text));
            sys::ap_set_last_modified(request.as_ptr());
        }
    } else if is(name, b"Location") {
        request.headers_out().set_bytes(pool, name, value);
    } else {
        request.headers_out().add_bytes(pool, name, value);
    }
}

/// Whether a name is this one, in whatever case: nearly always it is spelled alike.
#[inline]
fn is(name: &[u8], known: &[u8]) -> bool {
    name == known || name.eq_ignore_ascii_case(known)
}

/// Only a length that is known (RS-03): another would frame the response to the client wrongly, so
/// httpd frames it then.
fn set_length(request: RequestRec<'_>, head: &ResponseHead) {
    let Some(length) = head.content_length().known() else {
        return;
    };
    if let Ok(bytes) = length.try_into() {
        // What ap_set_content_length does, in half the time.
        // SAFETY: the hook may write to its request.
        unsafe { (*request.as_ptr()).clength = bytes };
        let digits = Text::new(request.pool(), &[Decimal::new(length).digits()]);
        request.headers_out().set(c"Content-Length", digits);
    }
}

/// Through httpd's call, with the type itself in lower case, so that filters by type find it.
fn set_content_type(request: RequestRec<'_>, pool: Pool<'_>, value: &[u8]) {
    let end = value.iter().position(|byte| *byte == b';');
    let (kind, parameters) = value.split_at(end.unwrap_or(value.len()));
    let value = if kind.iter().any(u8::is_ascii_uppercase) {
        Text::new(pool, &[&kind.to_ascii_lowercase(), parameters])
    } else {
        Text::new(pool, &[value])
    };
    // SAFETY: the request is alive, the string lives in its pool.
    unsafe { sys::ap_set_content_type(request.as_ptr(), value.as_ptr()) }
}
