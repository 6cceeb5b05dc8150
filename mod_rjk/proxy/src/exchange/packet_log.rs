//! The packets of an exchange in the log (contract J-10): their kinds and sizes, at trace the names in
//! them. Values do not go there: they are sessions, passwords, certificates and the worker's secret.

use crate::tunnel::Tunnelled;
use bstr::{BStr, ByteSlice};
use rjk_ajp::Packet;
use rjk_log::{Level, Log, jk_log};
use rjk_message::{Action, RequestHead, ResponseHead};

/// Writes down what goes to one worker and what comes from it.
#[derive(Clone, Copy)]
pub(crate) struct PacketLog<'a> {
    worker: &'a BStr,
    /// Asked once for a whole exchange whether it takes such lines.
    log: Option<&'a dyn Log>,
}

impl<'a> PacketLog<'a> {
    /// Of this worker, if the log takes lines of this kind.
    pub(crate) fn new(worker: &'a BStr, log: &'a dyn Log) -> PacketLog<'a> {
        PacketLog {
            worker,
            log: log.enabled(Level::Debug).then_some(log),
        }
    }

    /// A forward request, and how many bytes of the body go with it.
    pub(crate) fn request(&self, head: &RequestHead<'_>, size: usize, body: usize) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        jk_log!(
            log,
            Debug,
            "to worker {worker}: a forward request of {size} bytes, {} {}, with {body} bytes of the body",
            head.method.as_bstr(),
            without_parameters(head.uri)
        );
        if log.enabled(Level::Trace) {
            let names = names(head.headers.iter().map(|(name, _)| *name));
            jk_log!(log, Trace, "to worker {worker}: headers {names}");
        }
    }

    /// A part of the body that was asked for.
    pub(crate) fn body(&self, size: usize) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        jk_log!(log, Debug, "to worker {worker}: {size} bytes of the body");
    }

    /// What the worker sent.
    pub(crate) fn received(&self, packet: &Packet<'_>) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        match packet {
            Packet::Headers(head) => self.head(head),
            Packet::BodyChunk(b"") => jk_log!(log, Debug, "of worker {worker}: a flush"),
            Packet::BodyChunk(bytes) => {
                let size = bytes.len();
                jk_log!(
                    log,
                    Debug,
                    "of worker {worker}: {size} bytes of the response"
                );
            }
            Packet::End { reuse } => self.end(*reuse),
            Packet::GetBody(size) => {
                jk_log!(
                    log,
                    Debug,
                    "of worker {worker}: it asks for {size} bytes of the body"
                );
            }
            Packet::Cpong => jk_log!(log, Debug, "of worker {worker}: CPONG"),
        }
    }

    /// What the worker's answer made of it to do, for a protocol without packets.
    pub(crate) fn heard(&self, action: &Action<'_>) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        match action {
            Action::Head(head) | Action::Hint(head) | Action::Switch(head) => self.head(head),
            Action::Body(bytes) => {
                let size = bytes.len();
                jk_log!(
                    log,
                    Debug,
                    "of worker {worker}: {size} bytes of the response"
                );
            }
            Action::Finish { reuse } => self.end(*reuse),
            Action::Continue => jk_log!(log, Debug, "of worker {worker}: it wants the body"),
            Action::Flush | Action::SendBody(_) | Action::Nothing => {}
        }
    }

    /// The end of a connection in another protocol.
    pub(crate) fn tunnelled(&self, end: &Tunnelled) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        jk_log!(
            log,
            Debug,
            "worker {worker}: a WebSocket ended after {} s, {}; {} bytes went to the client, {} came from it",
            end.lasted.as_secs(),
            end.ending,
            end.to_client,
            end.to_worker
        );
    }

    fn end(&self, reuse: bool) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        let then = if reuse { "stays" } else { "closes" };
        jk_log!(
            log,
            Debug,
            "of worker {worker}: the end, the connection {then}"
        );
    }

    fn head(&self, head: &ResponseHead) {
        let (worker, Some(log)) = (self.worker, self.log) else {
            return;
        };
        let status = head.status();
        jk_log!(log, Debug, "of worker {worker}: the head, status {status}");
        if log.enabled(Level::Trace) {
            let names = names(head.headers().map(|(name, _)| name));
            jk_log!(log, Trace, "of worker {worker}: headers {names}");
        }
    }
}

/// A path parameter may be a session.
fn without_parameters(path: &[u8]) -> &BStr {
    let end = path.find_byte(b';').unwrap_or(path.len());
    path[..end].as_bstr()
}

fn names<'n>(names: impl Iterator<Item = &'n [u8]>) -> String {
    let names: Vec<String> = names.map(|name| name.as_bstr().to_string()).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_log::Origin;
    use rjk_message::{Attributes, BodyLength};
    use std::cell::RefCell;
    use std::error::Error;
    use std::fmt;

    struct Lines(Level, RefCell<Vec<String>>);

    impl Log for Lines {
        fn enabled(&self, level: Level) -> bool {
            level >= self.0
        }
        fn write(&self, level: Level, _origin: Origin, message: fmt::Arguments<'_>) {
            let line = format!("[{}] {message}", level.as_str());
            self.1.borrow_mut().push(line);
        }
    }

    fn lines(level: Level, write: impl FnOnce(PacketLog<'_>)) -> Vec<String> {
        let lines = Lines(level, RefCell::default());
        write(PacketLog::new(b"w".as_bstr(), &lines));
        lines.1.into_inner()
    }

    fn request(packets: PacketLog<'_>) {
        let headers: [(&[u8], &[u8]); 2] = [(b"Host", b"h"), (b"Cookie", b"SESSION")];
        let head = RequestHead {
            method: b"POST",
            protocol: b"HTTP/1.1",
            uri: b"/app/x;jsessionid=SESSION",
            remote_addr: None,
            remote_host: None,
            server_name: b"h",
            server_port: 80,
            is_ssl: false,
            headers: &headers,
            body: BodyLength::Known(3),
            attributes: Attributes {
                secret: Some(b"SECRET"),
                ..Attributes::default()
            },
        };
        packets.request(&head, 99, 3);
    }

    #[test]
    fn j10_a_request_and_no_values() {
        let debug = "[debug] to worker w: a forward request of 99 bytes, POST /app/x, with 3 bytes of the body";
        assert_eq!(lines(Level::Debug, request), [debug]);
        let trace = "[trace] to worker w: headers Host Cookie";
        assert_eq!(lines(Level::Trace, request), [debug, trace]);
        assert_eq!(lines(Level::Info, request), [""; 0]);
    }

    #[test]
    fn j10_a_response_and_no_values() -> Result<(), Box<dyn Error>> {
        let mut builder = ResponseHead::builder(404)?;
        builder.header(b"Set-Cookie", b"SESSION")?;
        builder.header(b"X-Own", b"VALUE")?;
        let packets = [
            Packet::Headers(builder.build()),
            Packet::BodyChunk(b"text"),
            Packet::BodyChunk(b""),
            Packet::GetBody(8186),
            Packet::Cpong,
            Packet::End { reuse: true },
            Packet::End { reuse: false },
        ];
        let written = lines(Level::Trace, |log| {
            packets.iter().for_each(|packet| log.received(packet));
            log.body(7);
        });
        let expected = [
            "[debug] of worker w: the head, status 404",
            "[trace] of worker w: headers Set-Cookie X-Own",
            "[debug] of worker w: 4 bytes of the response",
            "[debug] of worker w: a flush",
            "[debug] of worker w: it asks for 8186 bytes of the body",
            "[debug] of worker w: CPONG",
            "[debug] of worker w: the end, the connection stays",
            "[debug] of worker w: the end, the connection closes",
            "[debug] to worker w: 7 bytes of the body",
        ];
        assert_eq!(written, expected);
        Ok(())
    }
}
