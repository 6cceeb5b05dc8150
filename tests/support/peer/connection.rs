//! One connection of a peer: reads packets, runs the script's steps.

use super::forwarded::{BodyPacket, Forwarded};
use super::packet::{self, Head};
use super::script::Step;
use super::wire::Way;
use super::{Shared, lock};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How a connection ends when the client closed it.
const CLIENT_CLOSED: &str = "closed by the client";
/// How a connection ends that was reset.
const RESET: &str = "reset by the script";
/// Tomcat's wish for body data with packets of the default 8192 bytes.
const WANTED: u16 = 8186;
/// Pause between two looks of a stalling peer.
const STALL_STEP: Duration = Duration::from_millis(20);

/// One connection, as [`Step::run`] closures see it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    number: usize,
    shared: Arc<Shared>,
    /// Index of the current request in the peer's record.
    current: Option<usize>,
    /// A body packet comes without being asked for (BD-01).
    eager: bool,
    /// Bytes of an announced body that were not read.
    remaining: u64,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, number: usize, shared: Arc<Shared>) -> Connection {
        let _ = stream.set_nodelay(true);
        Connection {
            stream,
            number,
            shared,
            current: None,
            eager: false,
            remaining: 0,
        }
    }

    /// Serves until the end; why it ended.
    pub(super) fn run(mut self) -> String {
        let ending = match self.serve() {
            Ok(()) => CLIENT_CLOSED.to_owned(),
            Err(error) => error.to_string(),
        };
        // The owner keeps a copy of the socket, so dropping ours alone would not close; and an
        // orderly shutdown would take the place of a reset.
        if ending != RESET {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        ending
    }

    /// The current request, as recorded; an empty one before the first.
    pub fn request(&self) -> Forwarded {
        let requests = lock(&self.shared.requests);
        self.current
            .and_then(|index| requests.get(index))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether the peer is being stopped; a step that waits for something else gives up then.
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shared.keep(self.number, Way::ToHttpd, bytes);
        self.stream.write_all(bytes)
    }

    /// Reads what there is, as bytes; 0 at the end.
    pub fn read_raw(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Does one step.
    pub fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Send(bytes) => self.send(bytes),
            Step::Trickle(bytes, pause) => self.trickle(bytes, *pause),
            Step::Head(head) => self.send(&head.packet()),
            Step::Chunk(data) => self.chunks(data),
            Step::Flush => self.send(&packet::body_chunk(&[])),
            Step::End(reuse) => self.send(&packet::end_response(*reuse)),
            Step::GetBody(wanted) => self.get_body(*wanted).map(drop),
            Step::ReadPacket => self.read_body_packet().map(drop),
            Step::ReadBody => self.read_body(),
            Step::Echo => self.echo(),
            Step::Sleep(pause) => {
                std::thread::sleep(*pause);
                Ok(())
            }
            Step::Stall => self.stall(),
            Step::Close => Err(ended("closed by the script")),
            Step::Reset => self.reset(),
            Step::Run(action) => action(self),
        }
    }

    /// Asks for body data and reads the packet that comes (K-11).
    pub fn get_body(&mut self, wanted: u16) -> io::Result<BodyPacket> {
        self.send(&packet::get_body_chunk(wanted))?;
        self.read_body_packet()
    }

    /// Reads a body packet and records it.
    pub fn read_body_packet(&mut self) -> io::Result<BodyPacket> {
        let payload = self.read_frame()?;
        let packet = BodyPacket::decode(&payload).map_err(io::Error::other)?;
        self.eager = false;
        if let BodyPacket::Data(data) = &packet {
            self.remaining = self.remaining.saturating_sub(data.len() as u64);
        } else {
            self.remaining = 0;
        }
        let mut requests = lock(&self.shared.requests);
        if let Some(request) = self.current.and_then(|index| requests.get_mut(index)) {
            request.body_packets.push(packet.clone());
        }
        Ok(packet)
    }

    /// Reads what is left of the body: the packet that comes unasked, then by asking.
    pub fn read_body(&mut self) -> io::Result<()> {
        if self.eager {
            self.read_body_packet()?;
        }
        while self.remaining > 0 {
            self.get_body(WANTED)?;
        }
        Ok(())
    }

    fn serve(&mut self) -> io::Result<()> {
        let steps = lock(&self.shared.script).on_accept.clone();
        self.steps(&steps)?;
        loop {
            self.shared.keep_apart(self.number);
            let payload = self.read_frame()?;
            match payload.first() {
                Some(0x0A) if payload.len() == 1 => {
                    self.shared.pings.fetch_add(1, Ordering::SeqCst);
                    let steps = lock(&self.shared.script).on_ping.clone();
                    self.steps(&steps)?;
                }
                _ => self.serve_request(&payload)?,
            }
        }
    }

    fn serve_request(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut request = Forwarded::decode(payload).map_err(io::Error::other)?;
        request.connection = self.number;
        request.from = self.stream.peer_addr().ok().map(|address| address.ip());
        self.eager = request.content_length() > 0 && !request.is_chunked();
        self.remaining = if request.is_chunked() {
            u64::MAX
        } else {
            request.content_length()
        };
        let index = self.shared.served.fetch_add(1, Ordering::SeqCst);
        let steps = lock(&self.shared.script).request_steps(index);
        self.current = Some(self.shared.record(request));
        self.steps(&steps)?;
        // What came unasked must not be taken for the next request.
        if self.eager {
            self.read_body_packet()?;
        }
        Ok(())
    }

    fn steps(&mut self, steps: &[Step]) -> io::Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn chunks(&mut self, data: &[u8]) -> io::Result<()> {
        data.chunks(packet::MAX_CHUNK)
            .try_for_each(|chunk| self.send(&packet::body_chunk(chunk)))
    }

    fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send(&[*byte])?;
            std::thread::sleep(pause);
        }
        Ok(())
    }

    fn echo(&mut self) -> io::Result<()> {
        self.read_body()?;
        let request = self.request();
        let text = format!(
            "peer={}\nroute={}\nmethod={}\nuri={}\nquery={}\nbody={}\n",
            self.shared.name,
            request.attribute("route").unwrap_or_default(),
            request.method,
            request.uri,
            request.attribute("query_string").unwrap_or_default(),
            request.body().len(),
        );
        let head = Head::ok().header("Content-Length", &text.len().to_string());
        // One write: a child that sees all three packets at once is the usual case.
        let parts = [
            head.packet(),
            packet::body_chunk(text.as_bytes()),
            packet::end_response(true),
        ];
        self.send(&parts.concat())
    }

    /// Waits without reading until the client closed or the peer stops.
    fn stall(&mut self) -> io::Result<()> {
        while !self.shared.is_stopping() {
            if self.is_closed_by_client() {
                return Err(ended(CLIENT_CLOSED));
            }
            std::thread::sleep(STALL_STEP);
        }
        Err(ended("stopped"))
    }

    /// Whether the client closed; bytes that wait to be read hide an orderly close.
    fn is_closed_by_client(&self) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let mut byte = [0];
        let looked = self.stream.peek(&mut byte);
        let _ = self.stream.set_nonblocking(false);
        match looked {
            Ok(count) => count == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    /// Closes with a reset: all copies of the socket, so the owner's is dropped first.
    fn reset(&mut self) -> io::Result<()> {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
        lock(&self.shared.streams).retain(|(number, _)| *number != self.number);
        Err(ended(RESET))
    }

    /// The payload of the next packet from httpd (K-01).
    fn read_frame(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        match self.stream.read(&mut head[..1])? {
            0 => return Err(ended(CLIENT_CLOSED)),
            _ => self.stream.read_exact(&mut head[1..])?,
        }
        if head[..2] != [0x12, 0x34] {
            return Err(io::Error::other(format!(
                "bad magic from httpd: {head:02x?}"
            )));
        }
        let mut payload = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
        self.stream.read_exact(&mut payload)?;
        let whole = [&head[..], &payload].concat();
        self.shared.keep(self.number, Way::FromHttpd, &whole);
        Ok(payload)
    }
}

/// The end of a connection, as an error that stops all steps.
fn ended(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}
