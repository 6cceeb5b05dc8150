//! What goes through a stream, how it ends, and how long it waits.

use crate::rig::*;
use openssl::ssl::{Ssl, SslContext, SslStream, SslVersion};
use rjk_proxy::way::raw::Raw;
use rjk_proxy::way::tls::{TlsError, TlsStream};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// A worker of that version that does that on its end, and our end.
fn spoken<T: Send + 'static>(
    version: SslVersion,
    each: impl FnOnce(SslStream<UnixStream>) -> T + Send + 'static,
) -> (TlsStream, JoinHandle<T>) {
    let (ca, context) = setting(version);
    let (raw, far) = accept(&context, |stream| each(stream.unwrap()));
    (connect(&trusting(&[&ca]), raw, "worker.test").unwrap(), far)
}

fn setting(version: SslVersion) -> (Identity, SslContext) {
    let ca = Identity::ca("ca");
    let context = worker(&ca.issue(&Says::default()), only(version));
    (ca, context)
}

/// Bytes that show where they come from.
fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at % 251) as u8 ^ (at / 65536) as u8)
        .collect()
}

fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    assert_clean();
    result.unwrap_err().kind()
}

/// Waits until something is to be read.
fn wait(stream: &TlsStream) {
    use rustix::event::{PollFd, PollFlags, poll};
    poll(&mut [PollFd::new(stream.raw(), PollFlags::IN)], None).unwrap();
}

/// Looks until something is there to be read; the last of the tickets may come late.
fn looked(stream: &mut TlsStream, room: &mut [u8]) -> usize {
    loop {
        wait(stream);
        match stream.read_now(room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result.unwrap(),
        }
    }
}

#[test]
fn ten_megabytes_go_each_way_over_either_kind_of_socket() {
    const LENGTH: usize = 10 << 20;
    let echo = |mut far: &mut dyn ReadWrite| {
        let mut bytes = vec![0; LENGTH];
        far.read_exact(&mut bytes).unwrap();
        (&mut far).write_all(&bytes).unwrap();
    };
    for version in VERSIONS {
        let (unix, far) = spoken(version, move |mut stream| {
            echo(&mut stream);
            stream.shutdown().unwrap();
        });
        let (ca, context) = setting(version);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp_far = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let mut stream = Ssl::new(&context).unwrap().accept(socket).unwrap();
            echo(&mut stream);
            stream.shutdown().unwrap();
        });
        let tcp = connect(&trusting(&[&ca]), Raw::Tcp(near), "worker.test").unwrap();
        for (mut stream, far) in [(unix, far), (tcp, tcp_far)] {
            let sent = pattern(LENGTH);
            stream.write_all(&sent).unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            assert!(heard == sent);
            far.join().unwrap();
        }
    }
    assert_clean();
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// The worker does what it is told, one step after the other.
fn stepping(
    version: SslVersion,
) -> (
    TlsStream,
    Sender<Vec<u8>>,
    JoinHandle<SslStream<UnixStream>>,
) {
    let (to_worker, steps): (_, Receiver<Vec<u8>>) = channel();
    let (stream, far) = spoken(version, move |mut far| {
        for bytes in steps {
            far.write_all(&bytes).unwrap();
        }
        far
    });
    (stream, to_worker, far)
}

#[test]
fn a_look_takes_tickets_for_nothing_bytes_for_bytes_and_the_end_for_the_end() {
    let mut room = [0; 100];
    for version in VERSIONS {
        let (mut stream, steps, far) = stepping(version);
        if version == SslVersion::TLS1_3 {
            // The tickets are there.
            wait(&stream);
        }
        assert_eq!(kind(stream.read_now(&mut room)), ErrorKind::WouldBlock);
        assert_eq!(stream.pending(), 0);
        steps.send(b"more".to_vec()).unwrap();
        assert_eq!(looked(&mut stream, &mut room[..1]), 1);
        assert_eq!(stream.pending(), 3);
        assert_eq!(stream.read_now(&mut room[1..]).unwrap(), 3);
        assert_eq!(&room[..4], b"more");
        assert_eq!(kind(stream.read_now(&mut room)), ErrorKind::WouldBlock);
        drop(steps);
        let mut far = far.join().unwrap();
        far.shutdown().unwrap();
        assert_eq!(looked(&mut stream, &mut room), 0);
        assert_eq!(stream.read(&mut room).unwrap(), 0);
        assert_clean();
    }
}

#[test]
fn what_came_with_an_earlier_record_is_pending() {
    let (mut stream, steps, far) = stepping(SslVersion::TLS1_3);
    for bytes in [b"one", b"two"] {
        steps.send(bytes.to_vec()).unwrap();
    }
    drop(steps);
    let _far = far.join().unwrap();
    let mut room = [0; 10];
    assert_eq!(stream.read(&mut room).unwrap(), 3);
    // The socket is empty, and a poll would wait for ever.
    assert_eq!(
        kind(stream.raw().read_now(&mut room)),
        ErrorKind::WouldBlock
    );
    assert!(stream.pending() > 0);
    assert_eq!(stream.read(&mut room).unwrap(), 3);
    assert_eq!(&room[..3], b"two");
    assert_eq!(stream.pending(), 0);
}

/// The worker's socket, which holds back what is written to it when it is told to.
#[derive(Debug)]
struct Tap {
    socket: UnixStream,
    held: Option<Vec<u8>>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.held {
            Some(held) => held.write(bytes),
            None => self.socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A worker that writes through what `send` makes of the record of `bytes`.
fn tapped(
    version: SslVersion,
    bytes: &'static [u8],
    send: impl FnOnce(&mut UnixStream, Vec<u8>) + Send + 'static,
) -> (TlsStream, JoinHandle<()>) {
    let (ca, context) = setting(version);
    let ssl = Ssl::new(&context).unwrap();
    let (raw, far) = bare(move |socket| {
        let mut stream = ssl.accept(Tap { socket, held: None }).unwrap();
        stream.write_all(b"before").unwrap();
        stream.get_mut().held = Some(Vec::new());
        stream.write_all(bytes).unwrap();
        let record = stream.get_mut().held.take().unwrap();
        send(&mut stream.get_mut().socket, record);
    });
    (connect(&trusting(&[&ca]), raw, "worker.test").unwrap(), far)
}

#[test]
fn only_tls_can_end_it() {
    for version in VERSIONS {
        // Bytes of the record that still come, of about thirty.
        for part in [0, 1, 5, 6, 20] {
            let (mut stream, far) = tapped(version, b"after", move |socket, record| {
                socket.write_all(&record[..part]).unwrap();
            });
            far.join().unwrap();
            let mut heard = Vec::new();
            let error = stream.read_to_end(&mut heard).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version:?} {part}");
            assert!(matches!(TlsError::of(&error), Some(TlsError::Truncated)));
            assert_eq!(heard, b"before");
            // And it stays so.
            assert!(stream.read(&mut [0; 1]).is_err());
            assert!(stream.read_now(&mut [0; 1]).is_err());
            assert_eq!(kind(stream.write(b"x")), ErrorKind::BrokenPipe);
        }
    }
}

#[test]
fn a_record_that_was_changed_on_the_way_is_an_error() {
    for version in VERSIONS {
        let (mut stream, far) = tapped(version, b"after", |socket, mut record| {
            *record.last_mut().unwrap() ^= 1;
            socket.write_all(&record).unwrap();
        });
        let mut heard = Vec::new();
        let error = stream.read_to_end(&mut heard).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(heard, b"before");
        far.join().unwrap();
        assert_clean();
    }
}

#[test]
fn a_read_waits_as_long_as_it_may_and_can_go_on() {
    let (mut stream, steps, far) = stepping(SslVersion::TLS1_3);
    let limit = Duration::from_millis(80);
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut room = [0; 10];
    let began = Instant::now();
    assert_eq!(kind(stream.read(&mut room)), ErrorKind::WouldBlock);
    let took = began.elapsed();
    assert!(took >= limit && took < 10 * limit, "{took:?}");
    steps.send(b"late".to_vec()).unwrap();
    stream.set_read_timeout(None).unwrap();
    assert_eq!(stream.read(&mut room).unwrap(), 4);
    drop(steps);
    far.join().unwrap();
}

#[test]
fn a_record_that_drips_has_the_time_of_two_reads() {
    const WHOLE: &[u8] = &[7; 1000];
    let (go_on, gate) = channel();
    let (mut stream, far) = tapped(SslVersion::TLS1_3, WHOLE, move |socket, record| {
        let (dripped, rest) = record.split_at(300);
        for byte in dripped {
            socket.write_all(&[*byte]).unwrap();
            thread::sleep(Duration::from_millis(10));
        }
        gate.recv().unwrap();
        socket.write_all(rest).unwrap();
    });
    let mut room = [0; 2000];
    assert_eq!(stream.read(&mut room).unwrap(), 6);
    let limit = Duration::from_millis(100);
    stream.set_read_timeout(Some(limit)).unwrap();
    let began = Instant::now();
    assert_eq!(kind(stream.read(&mut room)), ErrorKind::WouldBlock);
    let took = began.elapsed();
    assert!(took >= limit && took < 20 * limit, "{took:?}");
    go_on.send(()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(stream.read(&mut room).unwrap(), WHOLE.len());
    assert_eq!(&room[..WHOLE.len()], WHOLE);
    far.join().unwrap();
}

/// A worker that reads nothing before it is told to, and then all that it is sent.
fn slow(version: SslVersion) -> (TlsStream, Sender<()>, JoinHandle<Vec<u8>>) {
    let (go_on, gate) = channel();
    let (stream, far) = spoken(version, move |mut far| {
        gate.recv().unwrap();
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).unwrap();
        heard
    });
    (stream, go_on, far)
}

#[test]
fn a_write_that_was_not_taken_goes_on_with_the_same_bytes_only() {
    let limit = Duration::from_millis(60);
    for version in VERSIONS {
        for now in [false, true] {
            let (mut stream, go_on, far) = slow(version);
            stream.set_write_timeout(Some(limit)).unwrap();
            let whole = pattern(4 << 20);
            let write = |stream: &mut TlsStream, bytes: &[u8]| match now {
                true => stream.write_now(bytes),
                false => stream.write(bytes),
            };
            let mut sent = 0;
            let error = loop {
                match write(&mut stream, &whole[sent..]) {
                    Ok(bytes) => sent += bytes,
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            let other = vec![0; whole.len() - sent];
            for bytes in [&other[..], &whole[sent..sent + 10], &[]] {
                assert_eq!(kind(write(&mut stream, bytes)), ErrorKind::InvalidInput);
            }
            assert_eq!(
                kind(write(&mut stream, &whole[sent..])),
                ErrorKind::WouldBlock
            );
            go_on.send(()).unwrap();
            stream
                .set_write_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            // From another place in memory, and longer.
            let mut rest = whole[sent..].to_vec();
            rest.extend(b"end");
            stream.write_all(&rest).unwrap();
            stream.end_writing().unwrap();
            let heard = far.join().unwrap();
            assert!(heard[..whole.len()] == whole && heard[whole.len()..] == *b"end");
        }
    }
}

#[test]
fn what_was_not_sent_to_its_end_is_not_ended_in_order() {
    let (mut stream, go_on, far) = {
        let (go_on, gate) = channel();
        let (stream, far) = spoken(SslVersion::TLS1_3, move |mut far| {
            gate.recv().unwrap();
            let mut room = vec![0; 1 << 16];
            loop {
                match far.ssl_read(&mut room) {
                    Ok(_) => {}
                    Err(error) => break error.code() == openssl::ssl::ErrorCode::ZERO_RETURN,
                }
            }
        });
        (stream, go_on, far)
    };
    let bytes = pattern(1 << 20);
    while stream.write_now(&bytes).is_ok() {}
    stream.end_writing().unwrap();
    go_on.send(()).unwrap();
    assert!(!far.join().unwrap(), "the worker took it for the end");
    assert_clean();
}

#[test]
fn the_end_is_said_and_what_comes_after_it_is_still_read() {
    for version in VERSIONS {
        let (mut stream, far) = spoken(version, |mut far| {
            let mut heard = Vec::new();
            // To the end that TLS has a message for, else an error.
            while let Ok(1..) = far.ssl_read(&mut [0; 1]).inspect(|_| heard.push(0)) {}
            far.write_all(b"answer").unwrap();
            far.shutdown().unwrap();
            heard.len()
        });
        stream.write_all(b"ask").unwrap();
        stream.end_writing().unwrap();
        assert_eq!(kind(stream.write(b"x")), ErrorKind::BrokenPipe);
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"answer");
        assert_eq!(far.join().unwrap(), 3);
    }
}

#[test]
fn a_stream_that_is_dropped_is_ended_in_order() {
    let (stream, far) = spoken(SslVersion::TLS1_3, |mut far| {
        let error = far.ssl_read(&mut [0; 1]).unwrap_err();
        error.code() == openssl::ssl::ErrorCode::ZERO_RETURN
    });
    drop(stream);
    assert_clean();
    assert!(far.join().unwrap());
}

/// A worker that ends TLS with an alert and closes: a write finds the socket closed, and says why.
#[test]
fn a_write_says_why_the_worker_ended_it() {
    let (ca, other) = (Identity::ca("ca"), Identity::ca("other"));
    let files = Files::new();
    let context = load(&rjk_config::model::TlsSpec {
        identity: Some(shown(&other.issue(&Says::default()), &files)),
        ..trusting_spec(&[&ca], &files)
    });
    let asking = worker(&ca.issue(&Says::default()), |builder| {
        only(SslVersion::TLS1_3)(builder);
        builder.set_verify(openssl::ssl::SslVerifyMode::PEER);
    });
    let (raw, far) = accept(&asking, |stream| drop(stream.unwrap_err()));
    let mut stream = connect(&context, raw, "worker.test").unwrap();
    far.join().unwrap();
    let error = stream.write_all(b"GET").unwrap_err();
    let error = TlsError::of(&error).unwrap_or_else(|| panic!("{error:?}"));
    assert!(
        matches!(error, TlsError::CertificateRefused { .. }),
        "{error:?}"
    );
    assert_clean();
}

/// A worker that answers before it has read everything, and closes: a write that fails leaves its answer
/// whole.
#[test]
fn a_write_that_fails_takes_nothing_of_the_answer() {
    const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large";
    for version in VERSIONS {
        let (mut stream, far) = spoken(version, |mut far| {
            far.write_all(ANSWER).unwrap();
            far.shutdown().unwrap();
        });
        far.join().unwrap();
        assert_eq!(kind(stream.write(b"body")), ErrorKind::BrokenPipe);
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert_eq!(
            heard.escape_ascii().to_string(),
            ANSWER.escape_ascii().to_string()
        );
        assert_clean();
    }
}

#[test]
fn errors_of_others_are_not_ours() {
    let (mut stream, steps, far) = stepping(SslVersion::TLS1_3);
    let mut room = [0; 10];
    leave_an_error();
    assert_eq!(kind(stream.read_now(&mut room)), ErrorKind::WouldBlock);
    leave_an_error();
    steps.send(b"four".to_vec()).unwrap();
    assert_eq!(stream.read(&mut room).unwrap(), 4);
    leave_an_error();
    assert_eq!(stream.write(b"x").unwrap(), 1);
    leave_an_error();
    let bytes = pattern(1 << 20);
    while stream.write_now(&bytes).is_ok() {}
    assert_eq!(kind(stream.write_now(&bytes)), ErrorKind::WouldBlock);
    drop(steps);
    drop(far.join().unwrap());
    drop(stream);
    assert_clean();
}
