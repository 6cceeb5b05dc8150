use super::*;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::Instant;

const SOON: Duration = Duration::from_secs(20);
const LIMITS: TunnelLimits = TunnelLimits {
    idle: SOON,
    after_stop: SOON,
};

/// One side of the tunnel, on a socket.
struct Socket {
    stream: TcpStream,
    half_closes: bool,
    /// What it took and keeps until it is flushed.
    kept: Option<VecDeque<u8>>,
    calls: u64,
}

impl Socket {
    /// The side, and who speaks with it.
    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        for end in [&stream, &peer] {
            let end = socket2::SockRef::from(end);
            end.set_send_buffer_size(32 << 10).unwrap();
            end.set_recv_buffer_size(32 << 10).unwrap();
        }
        peer.set_read_timeout(Some(SOON)).unwrap();
        let socket = Socket {
            stream,
            half_closes: true,
            kept: None,
            calls: 0,
        };
        (socket, peer)
    }

    fn keeping(mut self) -> Socket {
        self.kept = Some(VecDeque::new());
        self
    }

    fn without_half_close(mut self) -> Socket {
        self.half_closes = false;
        self
    }
}

impl TunnelEnd for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        (&self.stream).read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let Some(kept) = &mut self.kept else {
            return (&self.stream).write(bytes);
        };
        assert!(
            kept.is_empty(),
            "nothing is written before the rest went out"
        );
        kept.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        while !kept.is_empty() {
            let written = (&self.stream).write(kept.make_contiguous())?;
            kept.drain(..written);
        }
        Ok(())
    }

    fn end_writing(&mut self) -> io::Result<()> {
        assert!(self.kept.as_ref().is_none_or(VecDeque::is_empty));
        self.stream.shutdown(Shutdown::Write)
    }

    fn half_closes(&self) -> bool {
        self.half_closes
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.stream.as_fd())
    }
}

/// Runs a tunnel; `act` plays client and worker meanwhile.
fn play(
    limits: TunnelLimits,
    make: impl FnOnce(Socket, Socket) -> (Socket, Socket),
    act: impl FnOnce(TcpStream, TcpStream),
) -> (Tunnelled, u64) {
    let ((client, user), (worker, tomcat)) = (Socket::pair(), Socket::pair());
    let (mut client, mut worker) = make(client, worker);
    thread::scope(|scope| {
        let tunnel = scope.spawn(move || {
            let end = relay(&mut client, &mut worker, limits, &|| false);
            (end, client.calls + worker.calls)
        });
        act(user, tomcat);
        tunnel.join().unwrap()
    })
}

fn as_they_are(client: Socket, worker: Socket) -> (Socket, Socket) {
    (client, worker)
}

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

/// 10 MB each way at the same time, through sides that write themselves and one that keeps.
#[test]
fn everything_arrives_in_both_directions() {
    let (up, down) = (bytes(1, 10_000_000), bytes(2, 10_000_000));
    let (end, _) = play(
        LIMITS,
        |client, worker| (client.keeping(), worker),
        |user, tomcat| {
            let say = |mut stream: TcpStream, words: Vec<u8>| {
                move || {
                    stream.write_all(&words).unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                }
            };
            let said = thread::spawn(say(user.try_clone().unwrap(), up.clone()));
            let answered = thread::spawn(say(tomcat.try_clone().unwrap(), down.clone()));
            let heard = thread::spawn(move || read_all(tomcat));
            assert!(read_all(user) == down);
            assert!(heard.join().unwrap() == up);
            said.join().unwrap();
            answered.join().unwrap();
        },
    );
    assert!(matches!(
        end.ending,
        TunnelEnding::ClientClosed | TunnelEnding::WorkerClosed
    ));
    assert_eq!((end.to_worker, end.to_client), (10_000_000, 10_000_000));
}

#[test]
fn who_ended_may_still_be_told() {
    let (end, _) = play(LIMITS, as_they_are, |mut user, mut tomcat| {
        user.write_all(b"last words").unwrap();
        user.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        tomcat.read_to_string(&mut heard).unwrap();
        tomcat.write_all(b"and mine").unwrap();
        drop(tomcat);
        assert_eq!(
            (heard.as_str(), read_all(user)),
            ("last words", b"and mine".to_vec())
        );
    });
    assert!(matches!(end.ending, TunnelEnding::ClientClosed), "{end:?}");
}

#[test]
fn a_worker_that_ended_hears_the_client_on() {
    let (end, _) = play(LIMITS, as_they_are, |mut user, tomcat| {
        tomcat.shutdown(Shutdown::Write).unwrap();
        assert_eq!(user.read(&mut [0; 8]).unwrap(), 0);
        user.write_all(b"I know").unwrap();
        drop(user);
        assert_eq!(read_all(tomcat), b"I know");
    });
    assert!(matches!(end.ending, TunnelEnding::WorkerClosed), "{end:?}");
}

#[test]
fn a_client_that_cannot_be_told_of_half_an_end_gets_the_whole_one() {
    let make = |client: Socket, worker| (client.without_half_close(), worker);
    let began = Instant::now();
    let (end, _) = play(LIMITS, make, |user, mut tomcat| {
        tomcat.write_all(b"bye").unwrap();
        tomcat.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(user), b"bye");
        drop(tomcat);
    });
    assert!(matches!(end.ending, TunnelEnding::WorkerClosed), "{end:?}");
    assert_eq!(end.to_client, 3);
    assert!(began.elapsed() < SOON / 2);
}

#[test]
fn what_does_not_move_ends() {
    let limits = TunnelLimits {
        idle: Duration::from_millis(400),
        ..LIMITS
    };
    let began = Instant::now();
    let (end, calls) = play(limits, as_they_are, |mut user, mut tomcat| {
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(250));
            user.write_all(b"ping").unwrap();
            tomcat.read_exact(&mut [0; 4]).unwrap();
        }
        assert!(read_all(user).is_empty() && read_all(tomcat).is_empty());
    });
    let lasted = began.elapsed();
    assert!(matches!(end.ending, TunnelEnding::Idle(idle) if idle == limits.idle));
    let (least, most) = (Duration::from_millis(1100), Duration::from_millis(3000));
    assert!(least < lasted && lasted < most, "{lasted:?}");
    assert!(end.lasted <= lasted);
    assert!(calls < 100, "{calls} calls for three messages");
}

#[test]
fn a_process_that_is_to_end_waits_for_so_long() {
    let ((mut client, user), (mut worker, _tomcat)) = (Socket::pair(), Socket::pair());
    let limits = TunnelLimits {
        after_stop: Duration::from_millis(300),
        ..LIMITS
    };
    let asked = Cell::new(0);
    let began = Instant::now();
    // Nothing moves, so it is asked about once a second.
    let end = relay(&mut client, &mut worker, limits, &|| {
        asked.set(asked.get() + 1);
        asked.get() > 1
    });
    assert!(matches!(end.ending, TunnelEnding::Stopped), "{end:?}");
    let (least, most) = (Duration::from_millis(1200), Duration::from_millis(3000));
    assert!(least < began.elapsed() && began.elapsed() < most);
    drop(user);
}

/// However much a worker sends to a client that does not read, no more than a buffer is kept, the
/// other direction goes on, and nothing spins.
#[test]
fn a_client_that_does_not_read_holds_its_worker_up() {
    let make = |client: Socket, worker| (client.keeping(), worker);
    let (end, calls) = play(LIMITS, make, |mut user, mut tomcat| {
        tomcat.set_nonblocking(true).unwrap();
        let (mut taken, mut quiet) = (0, 0);
        while quiet < 5 {
            match tomcat.write(&[7; 65_536]) {
                Ok(written) => (taken, quiet) = (taken + written, 0),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(100));
                    quiet += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(taken < 4 << 20, "{taken} bytes were taken");
        user.write_all(b"still here").unwrap();
        tomcat.set_nonblocking(false).unwrap();
        tomcat.read_exact(&mut [0; 10]).unwrap();
        thread::sleep(Duration::from_millis(500));
        drop(tomcat);
        assert_eq!(read_all(user).len(), taken);
    });
    assert!(matches!(end.ending, TunnelEnding::WorkerClosed), "{end:?}");
    assert!(calls < 20_000, "{calls} calls");
}

/// Both directions of the worker's connection are over, and what it sent waits for the client.
#[test]
fn what_a_worker_sent_before_it_went_reaches_a_slow_client() {
    let (end, calls) = play(LIMITS, as_they_are, |user, mut tomcat| {
        user.shutdown(Shutdown::Write).unwrap();
        assert_eq!(tomcat.read(&mut [0; 8]).unwrap(), 0);
        let answer = bytes(3, 300_000);
        let said = answer.clone();
        let worker = thread::spawn(move || tomcat.write_all(&said).unwrap());
        thread::sleep(Duration::from_millis(600));
        assert!(read_all(user) == answer);
        worker.join().unwrap();
    });
    assert!(matches!(end.ending, TunnelEnding::ClientClosed), "{end:?}");
    assert!(calls < 5_000, "{calls} calls");
}

fn reset(stream: TcpStream) {
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn a_reset_ends_it() {
    let (end, _) = play(LIMITS, as_they_are, |user, tomcat| {
        reset(user);
        assert!(read_all(tomcat).is_empty());
    });
    assert!(matches!(&end.ending, TunnelEnding::ClientBroke(error) if is_reset(error)));
    let (end, _) = play(LIMITS, as_they_are, |user, tomcat| {
        reset(tomcat);
        assert!(read_all(user).is_empty());
    });
    assert!(matches!(&end.ending, TunnelEnding::WorkerBroke(error) if is_reset(error)));
}

/// The worker takes nothing more, so nothing is read of the client: its reset is seen all the same.
#[test]
fn a_reset_of_a_client_that_is_not_read_ends_it() {
    let ((mut client, mut user), (mut worker, _tomcat)) = (Socket::pair(), Socket::pair());
    let began = Instant::now();
    let tunnel = thread::spawn(move || relay(&mut client, &mut worker, LIMITS, &|| false));
    user.set_nonblocking(true).unwrap();
    let mut quiet = 0;
    while quiet < 3 {
        if user.write(&[7; 65_536]).is_err() {
            thread::sleep(Duration::from_millis(100));
            quiet += 1;
        }
    }
    reset(user);
    let end = tunnel.join().unwrap();
    assert!(matches!(&end.ending, TunnelEnding::ClientBroke(error) if is_reset(error)));
    assert!(began.elapsed() < SOON / 2);
}

/// A side that is always ready for another try; what each call does was written down before.
#[derive(Debug)]
struct Scripted {
    /// /dev/null, which can always be read and written.
    ready: File,
    /// What each read gives; `None` is "not now".
    says: VecDeque<Option<Vec<u8>>>,
    /// How much each write takes, all of it after the last; 0 is "not now", for a flush too.
    takes: VecDeque<usize>,
    heard: Vec<u8>,
    ended: u32,
}

impl TunnelEnd for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.says.pop_front() {
            None => Ok(0),
            Some(None) => Err(ErrorKind::WouldBlock.into()),
            Some(Some(mut bytes)) => {
                let rest = bytes.split_off(bytes.len().min(buffer.len()));
                buffer[..bytes.len()].copy_from_slice(&bytes);
                if !rest.is_empty() {
                    self.says.push_front(Some(rest));
                }
                Ok(bytes.len())
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert_eq!(self.ended, 0);
        match self.takes.pop_front().unwrap_or(usize::MAX) {
            0 => Err(ErrorKind::WouldBlock.into()),
            most => {
                let taken = bytes.len().min(most);
                self.heard.extend(&bytes[..taken]);
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.takes.front() {
            Some(0) => {
                self.takes.pop_front();
                Err(ErrorKind::WouldBlock.into())
            }
            _ => Ok(()),
        }
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.ended += 1;
        Ok(())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.ready.as_fd())
    }
}

fn scripted() -> impl Strategy<Value = Scripted> {
    let piece = prop::collection::vec(any::<u8>(), 1..40_000);
    let says = prop::collection::vec(prop::option::weighted(0.8, piece), 0..6);
    let takes = prop::collection::vec(prop_oneof![Just(0_usize), 1..30_000_usize], 0..12);
    (says, takes).prop_map(|(says, takes)| Scripted {
        ready: File::open("/dev/null").unwrap(),
        says: says.into(),
        takes: takes.into(),
        heard: Vec::new(),
        ended: 0,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However it is cut into pieces, each side hears what the other one said, and its end once.
    #[test]
    fn pieces_of_any_size(mut client in scripted(), mut worker in scripted()) {
        let all = |side: &Scripted| side.says.iter().flatten().flatten().copied().collect::<Vec<u8>>();
        let (up, down) = (all(&client), all(&worker));
        let end = relay(&mut client, &mut worker, LIMITS, &|| false);
        prop_assert!(matches!(end.ending, TunnelEnding::ClientClosed | TunnelEnding::WorkerClosed));
        prop_assert_eq!((end.to_worker, end.to_client), (up.len() as u64, down.len() as u64));
        prop_assert_eq!((client.ended, worker.ended), (1, 1));
        prop_assert!(worker.heard == up && client.heard == down);
    }
}
