//! The client's connection in another protocol.

use crate::ffi::connection::{ClientStream, descriptor, is_stopping};
use crate::ffi::guard::point;
use crate::ffi::request::RequestRec;
use rjk_message::ResponseHead;
use rjk_proxy::tunnel::{TunnelEnd, TunnelEnding, TunnelLimits, Tunnelled, relay};
use std::io;
use std::os::fd::BorrowedFd;

const NO_MEMORY: &str = "memory is out";

/// Whether the client's connection can become a tunnel.
///
/// # Errors
/// Why it cannot.
pub(super) fn is_possible(request: RequestRec<'_>) -> Result<(), &'static str> {
    if request.main().is_some() {
        return Err("what is asked for is a part of a page");
    }
    match descriptor(request) {
        Some(_) => Ok(()),
        None => Err("this httpd cannot wait for a stream of HTTP/2"),
    }
}

/// Tells the client that the protocol changes, and moves bytes until the tunnel ends.
pub(super) fn run(
    request: RequestRec<'_>,
    head: &ResponseHead,
    worker: &mut dyn TunnelEnd,
    limits: TunnelLimits,
) -> Tunnelled {
    let Some(client) = ClientStream::new(request) else {
        return Tunnelled::refused(NO_MEMORY);
    };
    let agreed = [
        (&b"Connection"[..], &b"Upgrade"[..]),
        (b"Upgrade", b"websocket"),
    ];
    let headers = head.end_to_end_headers();
    let headers = headers.filter(|(name, _)| !name.eq_ignore_ascii_case(b"Content-Length"));
    request.send_interim(head.status(), headers.chain(agreed));
    request.set_status(head.status().into());
    client.leave_http();
    point("the tunnel");
    let end = relay(&mut Client(client), worker, limits, &is_stopping);
    request.note_bytes_sent(end.to_client);
    if let TunnelEnding::ClientBroke(_) = end.ending {
        request.abort();
    }
    end
}

/// The client's side.
struct Client<'r>(ClientStream<'r>);

impl TunnelEnd for Client<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.0.end_writing()
    }

    fn half_closes(&self) -> bool {
        self.0.half_closes()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.descriptor()
    }
}
