//! The places of a pool and the connections that it keeps (contract §5.6), with threads that take, wait, move and
//! maintain.

use crate::places::{Kept, Place, Places};
use crate::sync::{PATIENCE, pass_time};
use crate::{Model, explore, joined};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread::spawn;
use std::sync::atomic::AtomicUsize as Count;
use std::time::{Duration, Instant};

pub(crate) const MODELS: &[Model] = &[
    (
        "pool: no more places are taken than there are",
        no_more_than_there_are,
    ),
    ("pool: a freed place wakes who waits", a_freed_place_wakes),
    (
        "pool: a wait that ends takes no wake-up along",
        an_ended_wait_takes_nothing,
    ),
    (
        "pool: nobody waits for who waits",
        nobody_waits_for_who_waits,
    ),
    (
        "pool: who gives up waiting leaves nothing behind",
        who_gives_up_leaves_nothing,
    ),
    (
        "pool: what was open before a move is not kept",
        nothing_outlives_a_move,
    ),
    (
        "pool: maintenance loses and doubles nothing",
        maintenance_beside_requests,
    ),
    (
        "pool: two who close old ones leave the floor",
        the_floor_stays,
    ),
];

/// Less than patience.
const HASTE: Duration = Duration::from_secs(60);

/// When requests come and maintenance is done, seconds after the start; idle connections of before are old then.
const NOW: usize = 100;

/// A connection of the model.
struct Open {
    moves: u32,
    used: Instant,
    closed: std::sync::Arc<Closed>,
}

/// When those were used that are closed.
type Closed = std::sync::Mutex<Vec<Instant>>;

impl Kept for Open {
    fn moves(&self) -> u32 {
        self.moves
    }

    fn last_used(&self) -> Instant {
        self.used
    }

    fn silent(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.used)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.closed.lock().unwrap().push(self.used);
    }
}

/// A pool, and who uses it.
struct Rig {
    bound: usize,
    places: Places<Open>,
    /// Requests that have a place. Of loom, for it tells orders of steps apart that differ in it.
    in_use: AtomicUsize,
    start: Instant,
    opened: Count,
    closed: std::sync::Arc<Closed>,
}

impl Rig {
    fn new(bound: usize) -> Arc<Rig> {
        Arc::new(Rig {
            bound,
            places: Places::new(Some(bound), 0),
            in_use: AtomicUsize::new(0),
            start: Instant::now(),
            opened: Count::new(0),
            closed: std::sync::Arc::default(),
        })
    }

    /// The same with so many idle connections, each used a second after the one before.
    fn with_idle(bound: usize, idle: usize) -> Arc<Rig> {
        let rig = Rig::new(bound);
        let places: Vec<_> = (0..idle)
            .map(|at| rig.at(at))
            .map(|used| {
                let mut place = rig.place(PATIENCE).unwrap();
                place.connection = Some(rig.open(0, used));
                place
            })
            .collect();
        drop(places);
        rig
    }

    /// So many seconds after the start.
    fn at(&self, seconds: usize) -> Instant {
        self.start + Duration::from_secs(seconds as u64)
    }

    fn open(&self, moves: u32, used: Instant) -> Box<Open> {
        self.opened.fetch_add(1, Relaxed);
        let closed = std::sync::Arc::clone(&self.closed);
        Box::new(Open {
            moves,
            used,
            closed,
        })
    }

    fn place(&self, patience: Duration) -> Option<Place<'_, Open>> {
        self.places.take(patience)
    }

    /// A request, over the idle connection at hand or a new one; whether it had a place.
    fn request(&self, patience: Duration) -> bool {
        let Some(mut place) = self.place(patience) else {
            return false;
        };
        assert!(self.in_use.fetch_add(1, Relaxed) < self.bound);
        let mut connection = place
            .candidate()
            .unwrap_or_else(|| self.open(0, self.start));
        connection.used = self.at(NOW);
        self.in_use.fetch_sub(1, Relaxed);
        place.connection = Some(connection);
        true
    }

    fn is_within_bound(&self) {
        let (taken, idle) = self.places.counts();
        assert!(taken + idle <= self.bound, "{taken} taken, {idle} idle");
    }

    /// Nobody has a place, each connection is kept or closed; how many are kept. The most recently used one is
    /// offered first.
    fn end(&self) -> usize {
        self.is_within_bound();
        let (taken, idle) = self.places.counts();
        assert_eq!(taken, 0);
        let gone = self.closed.lock().unwrap().len();
        assert_eq!(idle + gone, self.opened.load(Relaxed));
        let mut place = self.place(Duration::ZERO).unwrap();
        let kept: Vec<_> = std::iter::from_fn(|| place.candidate()).collect();
        assert_eq!(kept.len(), idle);
        assert!(kept.is_sorted_by_key(|one| std::cmp::Reverse(one.used)));
        idle
    }
}

fn no_more_than_there_are() {
    for (bound, idle) in [(1, 0), (2, 0), (2, 2)] {
        explore(move || {
            let rig = Rig::with_idle(bound, idle);
            let others = [rig.clone(), rig.clone()];
            let threads = others.map(|rig| spawn(move || rig.request(PATIENCE)));
            assert!(rig.request(PATIENCE));
            rig.is_within_bound();
            assert_eq!(joined(threads), [true, true]);
            assert!(rig.end() >= 1);
        });
    }
}

fn a_freed_place_wakes() {
    for bound in [1, 2] {
        explore(move || {
            let rig = Rig::new(bound);
            let held: Vec<_> = (0..bound).map(|_| rig.place(PATIENCE)).collect();
            let waiting = [rig.clone(), rig.clone()];
            let threads = waiting.map(|rig| spawn(move || rig.request(PATIENCE)));
            drop(held);
            assert_eq!(joined(threads), [true, true]);
            rig.end();
        });
    }
}

fn an_ended_wait_takes_nothing() {
    explore(|| {
        let rig = Rig::new(1);
        let held = rig.place(PATIENCE);
        let clock = spawn(pass_time);
        let waits = [HASTE, PATIENCE].map(|patience| (rig.clone(), patience));
        let threads = waits.map(|(rig, patience)| spawn(move || rig.request(patience)));
        drop(held);
        assert!(joined(threads)[1]);
        joined([clock]);
        rig.end();
    });
}

/// A page that has a place, and of which a part needs one more; whether the part had it.
fn page(rig: &Rig, patience: Duration) -> bool {
    let _page = rig.place(PATIENCE).unwrap();
    rig.request(patience)
}

fn nobody_waits_for_who_waits() {
    explore(|| {
        let rig = Rig::new(1);
        assert!(!page(&rig, PATIENCE));
        rig.end();
    });
    explore(|| {
        let rig = Rig::new(2);
        let (other, third) = (rig.clone(), rig.clone());
        let threads = [
            spawn(move || page(&other, PATIENCE)),
            spawn(move || third.request(PATIENCE)),
        ];
        let mine = page(&rig, PATIENCE);
        let [its, third] = joined(threads);
        assert!((mine || its) && third);
        rig.end();
    });
}

fn who_gives_up_leaves_nothing() {
    explore(|| {
        let rig = Rig::new(2);
        let clock = spawn(pass_time);
        let pages = [rig.clone()].map(|rig| spawn(move || page(&rig, HASTE)));
        page(&rig, HASTE);
        joined([clock]);
        joined(pages);
        // Nobody waits any more: a part has its place as soon as the other is done.
        let others = [rig.clone()].map(|rig| spawn(move || rig.request(PATIENCE)));
        assert!(page(&rig, PATIENCE));
        assert_eq!(joined(others), [true]);
        rig.end();
    });
}

fn nothing_outlives_a_move() {
    explore(|| {
        let rig = Rig::with_idle(2, 1);
        let (before, moves) = (rig.clone(), rig.clone());
        let threads = [
            // What it opens is where the worker was when it began.
            spawn(move || assert!(before.request(PATIENCE))),
            spawn(move || moves.places.move_to(1)),
        ];
        rig.places.move_to(1);
        let mut place = rig.place(PATIENCE).unwrap();
        assert!(place.candidate().is_none());
        place.connection = Some(rig.open(1, rig.at(50)));
        drop(place);
        joined(threads);
        assert_eq!(rig.end(), 1, "and what was open after it is");
    });
}

/// Closes what was idle for too long, down to the floor of one.
fn close_old(rig: &Rig) {
    rig.places.close_old(HASTE, rig.at(NOW), 1);
}

/// Finds one that is silent alive.
fn check(rig: &Rig) {
    if let Some((mut place, connection)) = rig.places.take_silent(HASTE, rig.at(NOW)) {
        assert_ne!(connection.used, rig.at(NOW));
        place.connection = Some(connection);
    }
    rig.is_within_bound();
}

/// What closes connections, and whether also those that were used just now.
type Closer = (fn(&Rig), bool);

const CLOSERS: [Closer; 3] = [
    (close_old, false),
    (|rig| rig.places.close_silent(HASTE, rig.at(NOW)), false),
    (|rig| rig.places.close_idle(), true),
];

fn maintenance_beside_requests() {
    for (closes, any) in CLOSERS {
        for bound in [1, 2] {
            explore(move || {
                let rig = Rig::with_idle(bound, bound);
                let (requesting, checking) = (rig.clone(), rig.clone());
                let request = spawn(move || assert!(requesting.request(PATIENCE)));
                let check = spawn(move || check(&checking));
                closes(&rig);
                rig.is_within_bound();
                joined([request, check]);
                assert!(any || !rig.closed.lock().unwrap().contains(&rig.at(NOW)));
                rig.end();
            });
        }
    }
}

fn the_floor_stays() {
    explore(|| {
        let rig = Rig::with_idle(2, 2);
        let closing = [rig.clone(), rig.clone()];
        let threads = closing.map(|rig| spawn(move || close_old(&rig)));
        check(&rig);
        joined(threads);
        assert_eq!(rig.end(), 1);
    });
}
