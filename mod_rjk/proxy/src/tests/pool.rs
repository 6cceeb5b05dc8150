//! The pool (contract §5.6).

use super::support::Listening;
use crate::exchange::ajp::{look, probe};
use crate::exchange::protocol::Rest;
use crate::way::connection::{Connection, Look};
use crate::way::pool::{Budget, Check, Pool};
use rjk_ajp::PacketSize;
use rjk_config::model::{PingSpec, PoolSpec};
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn pool(size: u32, acquire_ms: u64) -> Pool {
    Pool::new(&pool_spec(size, acquire_ms), 99)
}

fn pool_spec(size: u32, acquire_ms: u64) -> PoolSpec {
    PoolSpec {
        size: Some(size),
        min_size: None,
        timeout: None,
        acquire_timeout: Duration::from_millis(acquire_ms),
    }
}

#[test]
fn a14_a15_sizes() {
    let defaults = PoolSpec {
        size: None,
        ..pool_spec(0, 0)
    };
    assert_eq!(Pool::new(&defaults, 7).size(), 7);
    assert_eq!(pool(3, 0).size(), 3);
    assert!(pool(0, 50).checkout().is_none());
}

#[test]
fn pl01_no_more_places_than_the_size_under_threads() {
    let pool = pool(3, 5_000);
    let (now, most, served) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let place = pool.checkout().unwrap();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(place);
                    served.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(served.into_inner(), 400);
    assert!((1..=3).contains(&most.into_inner()));
    assert_eq!(pool.counts(), (0, 0));
}

#[test]
fn a17_bg09_waits_as_long_as_it_may_and_not_at_all_with_zero() {
    let patient = pool(1, 60);
    std::thread::scope(|scope| {
        let held = patient.checkout().unwrap();
        let start = Instant::now();
        let waits = scope.spawn(|| patient.checkout().is_none());
        assert!(waits.join().unwrap());
        assert!(start.elapsed() >= Duration::from_millis(60));
        drop(held);
    });
    assert!(patient.checkout().is_some());

    let hasty = pool(1, 0);
    let held = hasty.checkout();
    assert!(held.is_some(), "BG-09: one immediate try");
    assert!(hasty.checkout().is_none());
}

#[test]
fn a17_a_place_that_becomes_free_ends_the_wait() {
    let pool = pool(1, 10_000);
    let held = pool.checkout().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.checkout().is_some());
        std::thread::sleep(Duration::from_millis(20));
        drop(held);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn a14_without_a_size_nobody_is_refused_and_what_was_needed_is_kept() {
    let listening = Listening::new();
    let unbounded = PoolSpec {
        size: None,
        ..pool_spec(0, 0)
    };
    let pool = Pool::new(&unbounded, 2);
    let mut places: Vec<_> = (0..5).map(|_| pool.checkout().unwrap()).collect();
    assert!(pool.has_room() && pool.is_held_by_this_thread());
    for place in &mut places {
        place.put_back(listening.pair().0);
    }
    drop(places);
    assert_eq!(pool.counts(), (0, 5));
    assert!(!pool.is_held_by_this_thread());
}

/// Two pages hold both places, and each waits for a part: the second answers at once, and when its
/// page is done, the first goes on.
#[test]
fn a17_nobody_waits_for_who_waits() {
    let pool = pool(2, 60_000);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let page = || {
            let _page = pool.checkout().unwrap();
            while pool.counts().0 < 2 && start.elapsed() < Duration::from_secs(5) {
                std::thread::yield_now();
            }
            pool.checkout().is_some()
        };
        let pages = [scope.spawn(page), scope.spawn(page)];
        let mut served = pages.map(|page| page.join().unwrap());
        served.sort_unstable();
        assert_eq!(served, [false, true]);
    });
    assert!(start.elapsed() < Duration::from_secs(30));
    let _page = pool.checkout().unwrap();
    assert!(
        pool.checkout().is_some(),
        "a place is free beside the page's"
    );
}

#[test]
fn pl01_pl02_a_returned_connection_is_reused_and_a_refused_one_closed() {
    let listening = Listening::new();
    let pool = pool(2, 0);
    let mut place = pool.checkout().unwrap();
    assert!(
        place.reuse(|_| Check::Alive).is_none(),
        "nothing is idle yet"
    );
    let (connection, _backend) = listening.pair();
    place.put_back(connection);
    drop(place);
    assert_eq!(pool.counts(), (0, 1));

    let mut place = pool.checkout().unwrap();
    assert!(
        place
            .reuse(|connection| match connection.look() {
                Look::Quiet => Check::Alive,
                _ => Check::Closed,
            })
            .is_some()
    );
    drop(place);
    assert_eq!(
        (pool.counts(), listening.connected()),
        ((0, 0), 0),
        "what was taken out and dropped is closed"
    );
}

#[test]
fn pl02_a_connection_with_an_end_or_bytes_is_not_quiet() {
    let listening = Listening::new();
    let size = PacketSize::DEFAULT;
    let (mut quiet, _backend) = listening.pair();
    assert_eq!(look(&mut quiet, size), Rest::Quiet);
    let (mut ended, backend) = listening.pair();
    drop(backend);
    assert!(became(|| look(&mut ended, size) == Rest::Ended));
    let (mut early, mut backend) = listening.pair();
    backend.write_all(b"ABC").unwrap();
    assert!(became(|| look(&mut early, size) == Rest::Answer(3)));
}

#[test]
fn pl05_a04_a07_a08_socket_options() {
    let mut listening = Listening::new();
    let (plain, _backend) = listening.pair();
    assert!(options(&plain).tcp_nodelay().unwrap());
    assert!(!options(&plain).keepalive().unwrap());

    listening.connector.options.keepalive = true;
    listening.connector.options.buffer = Some(100_000);
    listening
        .connector
        .set_sources(vec![([127, 0, 0, 2], 0).into()]);
    let (tuned, backend) = listening.pair();
    assert!(options(&tuned).keepalive().unwrap());
    assert!(options(&tuned).send_buffer_size().unwrap() >= 100_000);
    assert!(options(&tuned).recv_buffer_size().unwrap() >= 100_000);
    assert_eq!(backend.peer_addr().unwrap().ip().to_string(), "127.0.0.2");
    let close_on_exec = rustix::io::fcntl_getfd(tuned.stream().raw()).unwrap();
    assert!(close_on_exec.contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn bg11_a_worker_that_never_reads_does_not_hold_a_send_for_ever() {
    let listening = Listening::new();
    let (mut connection, _backend) = listening.pair();
    let limit = Some(Duration::from_millis(100));
    let (sent, error) = connection.send(&vec![0; 64 << 20], limit).unwrap_err();
    assert!(sent > 0 && sent < 64 << 20);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn pl12_shrinks_the_longest_idle_first_down_to_the_floor() {
    let listening = Listening::new();
    let spec = PoolSpec {
        min_size: Some(1),
        ..pool_spec(4, 0)
    };
    let pool = Pool::new(&spec, 4);
    let mut ends = fill(&pool, &listening, 3);
    let filled = Instant::now();
    use_once(&pool);
    let (limit, none) = (Duration::from_millis(400), PingSpec::default());
    maintain(&pool, Some(limit), filled, &none);
    assert_eq!(pool.counts(), (0, 3), "nothing is old yet");
    maintain(&pool, Some(limit), filled + limit, &none);
    assert_eq!(pool.counts(), (0, 1));
    let closed: Vec<bool> = ends.iter_mut().map(is_closed).collect();
    assert_eq!(
        closed,
        [true, true, false],
        "the one that was used lately stays"
    );
}

#[test]
fn pl10_a_worker_that_moved_loses_its_connections() {
    let mut listening = Listening::new();
    let pool = pool(4, 0);
    let mut used = pool.checkout().unwrap();
    let (connection, mut end) = listening.pair();
    let mut idle = fill(&pool, &listening, 2);
    assert!(!is_closed(&mut idle[0]));
    pool.move_to(1);
    assert_eq!(pool.counts(), (1, 0));
    assert!(idle.iter_mut().all(is_closed), "idle ones at once");
    assert!(!is_closed(&mut end), "in use");
    used.put_back(connection);
    drop(used);
    assert!(is_closed(&mut end), "when it comes back");
    listening.connector.moves = 1;
    let mut ends = fill(&pool, &listening, 2);
    pool.move_to(1);
    assert_eq!(pool.counts(), (0, 2), "it did not move again");
    assert!(!ends.iter_mut().any(is_closed));
}

#[test]
fn a13_bg10_ping_keeps_the_idle_time_and_the_order() {
    let listening = Listening::new();
    let spec = PoolSpec {
        min_size: Some(0),
        ..pool_spec(4, 0)
    };
    let pool = Pool::new(&spec, 4);
    let ends = fill(&pool, &listening, 2);
    let ping = PingSpec {
        interval: Some(Duration::ZERO),
        timeout: Duration::from_secs(5),
        ..PingSpec::default()
    };
    let backends: Vec<_> = ends
        .into_iter()
        .map(|mut end| {
            std::thread::spawn(move || {
                let mut cping = [0; 5];
                let mut pings = 0;
                while end.read_exact(&mut cping).is_ok() {
                    end.write_all(b"AB\x00\x01\x09").unwrap();
                    pings += 1;
                }
                pings
            })
        })
        .collect();
    let (filled, limit) = (Instant::now(), Duration::from_millis(500));
    maintain(&pool, Some(limit), filled, &ping);
    assert_eq!(pool.counts(), (0, 2), "both answered");
    maintain(&pool, Some(limit), filled + limit, &ping);
    assert_eq!(pool.counts(), (0, 0), "a CPONG is no use");
    for backend in backends {
        assert_eq!(backend.join().unwrap(), 1);
    }
}

#[test]
fn a10_a_connection_without_cpong_is_closed_by_maintenance() {
    let listening = Listening::new();
    let pool = pool(2, 0);
    let _ends = fill(&pool, &listening, 1);
    maintain(
        &pool,
        None,
        Instant::now(),
        &PingSpec {
            interval: Some(Duration::ZERO),
            timeout: Duration::from_millis(30),
            ..PingSpec::default()
        },
    );
    assert_eq!((pool.counts(), listening.connected()), ((0, 0), 0));
}

#[test]
fn a10_a_hung_worker_costs_maintenance_one_wait() {
    let listening = Listening::new();
    let pool = pool(8, 0);
    let _ends = fill(&pool, &listening, 8);
    let began = Instant::now();
    maintain(
        &pool,
        None,
        began,
        &PingSpec {
            interval: Some(Duration::ZERO),
            timeout: Duration::from_millis(200),
            ..PingSpec::default()
        },
    );
    assert!(
        began.elapsed() < Duration::from_millis(800),
        "not 8 times 200 ms"
    );
    assert_eq!((pool.counts(), listening.connected()), ((0, 0), 0));
}

/// The budget is for all pools together, and what it has no time for stays as it is: also the others of a
/// worker that may have answered with more time.
#[test]
fn mt05_a_round_of_checks_has_one_budget() {
    let listening = Listening::new();
    let pools = [pool(2, 0), pool(2, 0), pool(2, 0)];
    let _ends = pools.each_ref().map(|pool| fill(pool, &listening, 2));
    let ping = PingSpec {
        interval: Some(Duration::ZERO),
        timeout: Duration::from_secs(60),
        ..PingSpec::default()
    };
    let (budget, now) = (Budget::of(Duration::from_millis(200)), Instant::now());
    let asked = std::cell::RefCell::new(Vec::new());
    for pool in &pools {
        pool.check_idle(now, &ping, &budget, &|connection, limit| {
            asked.borrow_mut().push(limit);
            match probe(connection, PacketSize::DEFAULT, limit) {
                Ok(()) => Check::Alive,
                Err(_) => Check::Silent,
            }
        });
    }
    assert!(now.elapsed() < Duration::from_secs(10));
    let asked = asked.into_inner();
    assert!(
        asked.len() == 1 && asked[0] <= Duration::from_millis(200),
        "{asked:?}"
    );
    assert_eq!(pools.map(|pool| pool.counts().1), [1, 2, 2]);
}

#[test]
fn a13_a_check_that_panics_costs_its_connection_and_no_place() {
    let listening = Listening::new();
    let pool = pool(2, 0);
    let _ends = fill(&pool, &listening, 2);
    let ping = PingSpec {
        interval: Some(Duration::ZERO),
        ..PingSpec::default()
    };
    let checked = catch_unwind(AssertUnwindSafe(|| {
        pool.check_idle(Instant::now(), &ping, &Budget::UNLIMITED, &|_, _| {
            panic!("checked")
        });
    }));
    assert!(checked.is_err());
    assert_eq!((pool.counts(), listening.connected()), ((0, 1), 1));
}

fn maintain(pool: &Pool, idle: Option<Duration>, now: Instant, ping: &PingSpec) {
    pool.shrink(idle, now);
    pool.check_idle(now, ping, &Budget::UNLIMITED, &|connection, limit| {
        if probe(connection, PacketSize::DEFAULT, limit).is_ok() {
            Check::Alive
        } else {
            Check::Silent
        }
    });
}

/// Puts that many open connections into a pool; the backend's ends.
fn fill(pool: &Pool, listening: &Listening, count: usize) -> Vec<TcpStream> {
    let mut places = Vec::new();
    let mut ends = Vec::new();
    for _ in 0..count {
        let mut place = pool.checkout().unwrap();
        let (connection, end) = listening.pair();
        place.put_back(connection);
        places.push(place);
        ends.push(end);
    }
    drop(places);
    ends
}

/// Uses the connection that the pool offers first.
fn use_once(pool: &Pool) {
    let mut place = pool.checkout().unwrap();
    let connection = place.reuse(|_| Check::Alive).unwrap();
    place.put_back(connection);
}

fn is_closed(end: &mut TcpStream) -> bool {
    end.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    end.read(&mut [0]).is_ok()
}

fn options(connection: &Connection) -> SockRef<'_> {
    SockRef::from(connection.stream().raw())
}

fn became(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn pl03_one_silent_connection_is_waited_for_and_no_other() {
    let listening = Listening::new();
    let pool = pool(8, 0);
    let mut backends = Vec::new();
    let mut places: Vec<_> = (0..4).map(|_| pool.checkout().unwrap()).collect();
    for place in &mut places {
        let (connection, backend) = listening.pair();
        place.put_back(connection);
        backends.push(backend);
    }
    drop(places);
    assert_eq!(pool.counts(), (0, 4));
    let mut asked = 0;
    let mut place = pool.checkout().unwrap();
    let found = place.reuse(|_| {
        asked += 1;
        Check::Silent
    });
    assert!(found.is_none());
    assert_eq!(
        (asked, pool.counts(), listening.connected()),
        (1, (1, 0), 0)
    );
}

/// A look takes in what is there, however much that is: a full buffer is no end of the connection.
#[test]
fn pl02_a_look_at_a_worker_that_says_much_is_no_end() {
    let listening = Listening::new();
    let (mut connection, mut backend) = listening.pair();
    backend.write_all(&[b'x'; 100_000]).unwrap();
    while connection.pending().len() < 100_000 {
        assert_ne!(connection.look(), Look::Ended);
    }
    drop(backend);
    assert_eq!(connection.look(), Look::Ended);
}
