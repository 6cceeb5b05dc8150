//! A worker's settings, a client that records, and backends made of a closure.

use crate::job::downstream::{BrokenBody, ClientError, Downstream, Then};
use crate::job::request::{EnvOverrides, ExchangeOptions, UpstreamRequest};
use crate::way::connection::Connection;
use crate::way::connector::{Connector, Counter};
use rjk_balance::{AjpWorker, EndpointSettings, Layout, SampleRequest, Segment, Slots, Topology};
use rjk_config::model::*;
use rjk_message::ResponseHead;
use rjk_message::{Attributes, BodyLength, RequestHead};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

pub const HEAD: &[u8] = b"AB\x00\x08\x04\x00\xc8\x00\x00\0\x00\x00";
pub const CHUNK: &[u8] = b"AB\x00\x06\x03\x00\x02hi\0";
pub const END: &[u8] = b"AB\x00\x02\x05\x01";

pub fn spec() -> AjpSpec {
    AjpSpec {
        name: "w".into(),
        host: "127.0.0.1".into(),
        port: 1,
        prefer_ipv6: false,
        source: None,
        socket_timeout: Some(Duration::from_secs(10)),
        socket_connect_timeout: None,
        socket_keepalive: false,
        socket_buffer: None,
        ping: PingSpec::default(),
        pool: PoolSpec {
            size: Some(2),
            min_size: None,
            timeout: None,
            acquire_timeout: Duration::from_millis(100),
        },
        reply_timeout: None,
        retries: 2,
        retry_interval: Duration::from_millis(1),
        recovery_options: RecoveryOptions::default(),
        fail_on_status: Vec::new(),
        busy_limit: None,
        max_packet_size: 8192,
        secret: None,
        way: Way::default(),
    }
}

pub fn counter(spec: &AjpSpec) -> Counter {
    let worker = worker(spec, &[]);
    Counter {
        slots: worker.slots(),
        column: worker.column(),
    }
}

/// A worker with a segment of its own.
pub fn worker(spec: &AjpSpec, addresses: &[SocketAddr]) -> Arc<AjpWorker> {
    let topology = Topology::new(&[WorkerSpec::Ajp(spec.clone())]);
    let segment = Segment::leaked(&Layout::new(&topology, 1));
    let row = segment.ledger().claim_row(1, &|_| true);
    let slots = Slots { segment, row };
    Arc::new(AjpWorker::new(spec, addresses, &topology, slots).unwrap())
}

/// A listener that accepts in the background by the kernel's backlog alone.
pub struct Listening {
    listener: TcpListener,
    pub connector: Connector,
}

impl Listening {
    pub fn new() -> Listening {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let spec = spec();
        let counter = counter(&spec);
        let settings = EndpointSettings {
            spec,
            addresses: vec![address],
            moves: 0,
        };
        let connector = Connector::new(&settings, Vec::new(), None, counter).unwrap();
        Listening {
            listener,
            connector,
        }
    }

    /// A connection and the backend's end of it.
    pub fn pair(&self) -> (Connection, TcpStream) {
        let connection = self.connector.open().unwrap();
        (connection, self.listener.accept().unwrap().0)
    }

    pub fn connected(&self) -> u64 {
        let counter = &self.connector.counter;
        counter.slots.segment.ajp[counter.column].connected()
    }
}

/// Reads until these bytes have come.
pub fn until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    while !seen.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    seen
}

/// Reads to the end of a request's head.
pub fn head(stream: &mut TcpStream) -> String {
    String::from_utf8(until(stream, b"\r\n\r\n")).unwrap()
}

/// A backend: one closure for each connection, in order.
pub struct Backend {
    pub port: u16,
    accepted: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

pub type Serve = Box<dyn FnOnce(&mut TcpStream) + Send>;

impl Backend {
    /// One connection after the other.
    pub fn start(connections: Vec<Serve>) -> Backend {
        Backend::accepting(connections, |serve, mut stream| serve(&mut stream))
    }

    /// All connections at the same time.
    pub fn parallel(connections: Vec<Serve>) -> Backend {
        let mut threads = Vec::new();
        let count = connections.len();
        Backend::accepting(connections, move |serve, mut stream| {
            threads.push(std::thread::spawn(move || serve(&mut stream)));
            if threads.len() == count {
                let ends = threads.drain(..).map(JoinHandle::join);
                assert!(ends.collect::<Result<Vec<()>, _>>().is_ok());
            }
        })
    }

    fn accepting(
        connections: Vec<Serve>,
        mut each: impl FnMut(Serve, TcpStream) + Send + 'static,
    ) -> Backend {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let thread = std::thread::spawn(move || {
            for serve in connections {
                let (stream, _) = listener.accept().unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                each(serve, stream);
            }
        });
        Backend {
            port,
            accepted,
            thread,
        }
    }

    /// Connections that came so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits for its end; a failed assertion in it fails the test.
    pub fn done(self) {
        assert!(self.thread.join().is_ok(), "the backend failed");
    }
}

/// The payload of the next packet from the module.
pub fn packet(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[..2], [0x12, 0x34]);
    let mut payload = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
    stream.read_exact(&mut payload).unwrap();
    payload
}

/// A backend's connection that reads the forward request and its body packet, if one comes, and
/// answers these bytes.
pub fn answers(body: bool, bytes: &[&[u8]]) -> Serve {
    let bytes = bytes.concat();
    Box::new(move |stream| {
        assert_eq!(packet(stream)[0], 2);
        if body {
            packet(stream);
        }
        stream.write_all(&bytes).unwrap();
    })
}

/// What the client saw.
#[derive(Default)]
pub struct Client {
    pub input: Vec<u8>,
    /// Most bytes that one read gives; 0 for no limit.
    pub piece: usize,
    /// Before each read.
    pub pause: Duration,
    /// Reads fail once the input is used up.
    pub breaks: bool,
    /// Writes fail, once the backend has met them here twice.
    pub leaves: Option<Arc<Barrier>>,
    /// Told of each write.
    pub arrived: Option<Sender<()>>,
    pub read: usize,
    pub status: Option<u16>,
    pub body: Vec<u8>,
    pub ended: bool,
    /// How much of the body was there at each flush.
    pub flushed: Vec<usize>,
}

impl Downstream for Client {
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        std::thread::sleep(self.pause);
        let rest = &self.input[self.read..];
        if rest.is_empty() && self.breaks {
            return Err(BrokenBody::SHORT);
        }
        let most = if self.piece == 0 {
            buffer.len()
        } else {
            self.piece
        };
        let n = rest.len().min(buffer.len()).min(most);
        buffer[..n].copy_from_slice(&rest[..n]);
        self.read += n;
        Ok(n)
    }

    fn start(&mut self, head: &ResponseHead, _: Option<&[u8]>) -> Result<(), ClientError> {
        assert_eq!(self.status, None, "a second head reached the client");
        self.status = Some(head.status());
        Ok(())
    }

    fn send(&mut self, body: &[&[u8]], then: Then) -> Result<(), ClientError> {
        if let Some(meeting) = &self.leaves {
            meeting.wait();
            meeting.wait();
            return Err(ClientError);
        }
        assert!(!self.ended, "bytes after the end reached the client");
        self.body.extend(body.concat());
        self.ended = then == Then::End;
        if then == Then::Flush {
            self.flushed.push(self.body.len());
        }
        if let Some(arrived) = &self.arrived {
            // The backend may have stopped waiting.
            let _ = arrived.send(());
        }
        Ok(())
    }
}

pub fn request<'a>(
    method: &'a [u8],
    body: BodyLength,
    rule: &'a RuleExtensions,
) -> UpstreamRequest<'a> {
    UpstreamRequest {
        forward: RequestHead {
            method,
            protocol: b"HTTP/1.1",
            uri: b"/",
            remote_addr: None,
            remote_host: None,
            server_name: b"example.org",
            server_port: 80,
            is_ssl: false,
            headers: &[],
            body,
            attributes: Attributes::default(),
        },
        rule,
        overrides: EnvOverrides::default(),
        options: ExchangeOptions::default(),
        view: SampleRequest::plain(),
    }
}
