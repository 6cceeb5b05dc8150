//! The line of a request in the Jk log (contract D-13, §1.4).

use super::state;
use crate::ffi::request::RequestRec;
use crate::server::note_names;
use crate::server::ready::Ready;
use rjk_config::server::request_log::Conversion;
use std::borrow::Cow;
use std::fmt::Display;

/// Writes the line, if there is a format and the handler took the request. httpd asks for the request that
/// the client sent: an error page that came by an internal redirect changes nothing of its line.
pub(super) fn write(request: RequestRec<'_>, ready: &Ready) {
    let is_handled = || state::of(request).is_some_and(state::Mapped::is_handled);
    if let Some(format) = &ready.config.request_log
        && let Some(sink) = &ready.log
        && is_handled()
    {
        sink.write_request(|line| format.push(line, |conversion| value(request, conversion)));
    }
}

fn value(request: RequestRec<'_>, conversion: Conversion) -> Option<Cow<'_, [u8]>> {
    let note = |name| request.notes().get(name).map(Cow::Borrowed);
    Some(match conversion {
        Conversion::BodyBytes => text(request.body_bytes_sent()?),
        Conversion::BodyBytesOrZero => text(request.body_bytes_sent().unwrap_or(0)),
        Conversion::Protocol => request.protocol().into(),
        Conversion::Method => request.method().into(),
        Conversion::Port => text(request.canonical_port()),
        Conversion::Query => query(request.args()),
        Conversion::RequestLine => request.request_line(),
        Conversion::Status => text(Some(request.status()).filter(|status| *status > 0)?),
        Conversion::Duration => note(note_names::DURATION)?,
        Conversion::Path => request.uri().into(),
        Conversion::CanonicalName => request.canonical_name().into(),
        Conversion::ServerName => request.server_name().into(),
        Conversion::Worker => note(note_names::WORKER)?,
        Conversion::Route => note(note_names::ROUTE)?,
    })
}

fn text(value: impl Display) -> Cow<'static, [u8]> {
    Cow::Owned(value.to_string().into_bytes())
}

fn query(args: Option<&[u8]>) -> Cow<'_, [u8]> {
    args.map_or(Cow::Borrowed(b""), |args| [b"?", args].concat().into())
}
