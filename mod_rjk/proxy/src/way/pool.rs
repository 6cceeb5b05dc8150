//! The connections of one worker in one child: idle ones are reused last in, first out, each in use
//! takes a place.
//!
//! `connection_pool_size` bounds the places. Without it the threads that call are the bound: each has a
//! place, and a thread in whose request a part of the page is fetched by a sub-request has one more for
//! each level. mod_include does that while the page itself is still being sent.

use super::connection::Connection;
use parking_lot::{Condvar, Mutex, MutexGuard};
use rjk_config::model::{PingSpec, PoolSpec};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// What a look at an idle connection found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The worker answers on it.
    Alive,
    /// It cannot be used again.
    Closed,
    /// The worker did not answer in time.
    Silent,
}

/// How long the checks of one round may take together.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    end: Option<Instant>,
}

impl Budget {
    /// As long as they take: for a thread that nobody waits for.
    pub const UNLIMITED: Budget = Budget { end: None };

    /// So long from now on.
    pub fn of(limit: Duration) -> Budget {
        Budget {
            end: Some(Instant::now() + limit),
        }
    }

    /// How long one check may take that may take `limit` by itself; `None` when time is up.
    fn limit(&self, limit: Duration) -> Option<Duration> {
        let Some(end) = self.end else {
            return Some(limit);
        };
        let left = end.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| left.min(limit))
    }
}

/// The pool of one worker (contract §5.6). It begins a cache line: every request writes to it, and reads
/// what stands before it.
#[derive(Debug)]
#[repr(align(64))]
pub struct Pool {
    /// Most places; `None` without `connection_pool_size`.
    bound: Option<usize>,
    /// Places that are expected to be taken at most.
    size: usize,
    min_size: usize,
    acquire_timeout: Duration,
    places: Mutex<Places>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Places {
    /// The thread of each place that is taken; a place that was given back is in `free`.
    holders: Vec<Option<ThreadId>>,
    free: Vec<usize>,
    /// Places whose threads wait here for one more: until then they are not given back.
    stuck: usize,
    /// Most places that were taken at the same time.
    peak: usize,
    /// How often the worker moved: connections to where it was before are not kept.
    moves: u32,
    /// Connections nobody uses, the most recently used last. Together with the places never more than
    /// the bound, or than the places that once were needed.
    idle: Vec<Idle>,
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle {
    /// Since when; beside it, so that a look at it does not fetch the connection.
    since: Instant,
    connection: Box<Connection>,
}

impl Pool {
    /// A pool; `threads` is the number of threads of this child that may call at the same time, the
    /// default size.
    pub fn new(spec: &PoolSpec, threads: usize) -> Pool {
        let bound = spec.size.map(|size| size as usize);
        let size = bound.unwrap_or(threads);
        let min_size = spec.min_size.map_or(size.div_ceil(2), |size| size as usize);
        Pool {
            bound,
            size,
            min_size,
            acquire_timeout: spec.acquire_timeout,
            places: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Connections at the same time: at most, when it is configured, else as expected.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How long [`Pool::checkout`] waits.
    pub fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// Whether a place is free right now.
    pub fn has_room(&self) -> bool {
        !self.is_full(&self.places.lock())
    }

    fn is_full(&self, places: &Places) -> bool {
        self.bound.is_some_and(|bound| places.taken() >= bound)
    }

    /// Whether this thread has a place: it fetches a part of the page that has it.
    pub fn is_held_by_this_thread(&self) -> bool {
        self.places.lock().held_by(this_thread()) > 0
    }

    /// Takes a place, with an idle connection if there is one; waits up to the acquire timeout
    /// . `None` when no place became free.
    pub fn checkout(&self) -> Option<Checkout<'_>> {
        let holder = this_thread();
        let mut places = self.places.lock();
        self.wait(&mut places, holder);
        if self.is_full(&places) {
            return None;
        }
        let place = places.take(holder);
        let connection = places.idle.pop().map(|idle| idle.connection);
        Some(Checkout {
            pool: self,
            place,
            connection,
        })
    }

    /// Waits until there is a free place, but not for one that cannot become free: when every place is
    /// held by a thread that waits here itself, this one among them.
    fn wait(&self, places: &mut MutexGuard<'_, Places>, thread: ThreadId) {
        if !self.is_full(places) {
            return;
        }
        let own = places.held_by(thread);
        places.stuck += own;
        let limit = Instant::now() + self.acquire_timeout;
        while self.is_full(places) && places.stuck < places.taken() {
            if self.freed.wait_until(places, limit).timed_out() {
                break;
            }
        }
        places.stuck -= own;
    }

    fn take_idle(&self) -> Option<Box<Connection>> {
        self.places.lock().idle.pop().map(|idle| idle.connection)
    }

    fn close_idle(&self) {
        let closed = std::mem::take(&mut self.places.lock().idle);
        // Not under the lock.
        drop(closed);
    }

    fn free_place(&self, place: usize, kept: Option<Box<Connection>>) {
        let mut places = self.places.lock();
        places.give_back(place);
        let (kept, mut left) = match kept {
            Some(connection) if connection.moves() == places.moves => (Some(connection), None),
            other => (None, other),
        };
        // Oldest first out: a request that opened a new one beside idle ones may leave one too many.
        if let Some(connection) = kept {
            let most = self.bound.unwrap_or(places.peak.max(self.size));
            if places.taken() + places.idle.len() >= most && !places.idle.is_empty() {
                left = Some(places.idle.remove(0).connection);
            }
            let since = connection.last_used();
            places.put(Idle { since, connection });
        }
        drop(places);
        drop(left);
        self.freed.notify_one();
    }

    /// Closes connections idle for longer than `limit` at `now`, down to the floor (PL-12). Waits for
    /// nobody.
    pub fn shrink(&self, limit: Option<Duration>, now: Instant) {
        if let Some(limit) = limit {
            self.close_old(limit, now);
        }
    }

    /// The worker moved: idle connections to where it was are closed, those in use when they come back
    /// (PL-10).
    pub fn move_to(&self, moves: u32) {
        let mut places = self.places.lock();
        if places.moves == moves {
            return;
        }
        places.moves = moves;
        let closed = std::mem::take(&mut places.idle);
        drop(places);
        drop(closed);
    }

    /// Checks with `check` the idle connections that are due at `now` (MT-05, A-13). It waits for
    /// each answer up to the ping timeout, and for all together up to `budget`.
    pub fn check_idle(
        &self,
        now: Instant,
        ping: &PingSpec,
        budget: &Budget,
        check: &dyn Fn(&mut Connection, Duration) -> Check,
    ) {
        if let Some(interval) = ping.interval {
            self.check_silent(interval, now, &|connection| {
                let whole = ping.wait();
                let limit = budget.limit(whole)?;
                let found = check(connection, limit);
                // A wait that the budget cut short says nothing of the others.
                let is_short = limit < whole && found == Check::Silent;
                Some(if is_short { Check::Closed } else { found })
            });
        }
    }

    fn close_old(&self, limit: Duration, now: Instant) {
        let mut places = self.places.lock();
        let open = places.taken() + places.idle.len();
        let surplus = open.saturating_sub(self.min_size);
        // The stack holds the longest idle ones at its bottom.
        let old = places
            .idle
            .iter()
            .take(surplus)
            .take_while(|idle| now.saturating_duration_since(idle.since) > limit)
            .count();
        let closed: Vec<Idle> = places.idle.drain(..old).collect();
        drop(places);
        drop(closed);
    }

    /// One at a time, so that the others stay at hand, until `check` has no more time. When one does
    /// not answer, the others that are due are closed unasked: a hung worker must not cost a wait for
    /// each of them.
    fn check_silent(
        &self,
        interval: Duration,
        now: Instant,
        check: &dyn Fn(&mut Connection) -> Option<Check>,
    ) {
        while let Some((place, mut connection)) = self.take_silent(interval, now) {
            let Some(found) = check(&mut connection) else {
                return self.free_place(place, Some(connection));
            };
            let kept = (found == Check::Alive).then_some(connection);
            self.free_place(place, kept);
            if found == Check::Silent {
                while let Some((place, connection)) = self.take_silent(interval, now) {
                    drop(connection);
                    self.free_place(place, None);
                }
            }
        }
    }

    /// An idle connection that was silent for longer than `interval` at `now`. It keeps its place,
    /// so that the pool never has more than `size` connections.
    fn take_silent(&self, interval: Duration, now: Instant) -> Option<(usize, Box<Connection>)> {
        let mut places = self.places.lock();
        let is_silent = |idle: &Idle| idle.connection.silent(now) > interval;
        let at = places.idle.iter().position(is_silent)?;
        let place = places.take(this_thread());
        Some((place, places.idle.remove(at).connection))
    }

    /// How many connections are in use and idle: for the status page and tests.
    pub fn counts(&self) -> (usize, usize) {
        let places = self.places.lock();
        (places.taken(), places.idle.len())
    }
}

/// Asked once of each thread: the system's answer is counted for all who ask.
fn this_thread() -> ThreadId {
    thread_local! {
        static THIS: ThreadId = thread::current().id();
    }
    THIS.try_with(|this| *this)
        .unwrap_or_else(|_| thread::current().id())
}

impl Places {
    /// How many are taken.
    fn taken(&self) -> usize {
        self.holders.len() - self.free.len()
    }

    /// Takes one, at no cost that grows with how many there are.
    fn take(&mut self, holder: ThreadId) -> usize {
        let place = self.free.pop().unwrap_or(self.holders.len());
        match self.holders.get_mut(place) {
            Some(free) => *free = Some(holder),
            None => self.holders.push(Some(holder)),
        }
        self.peak = self.peak.max(self.taken());
        place
    }

    fn give_back(&mut self, place: usize) {
        if let Some(held) = self.holders.get_mut(place) {
            *held = None;
            self.free.push(place);
        }
    }

    /// Keeps an idle connection. One that maintenance checked is not the most recently used one.
    fn put(&mut self, idle: Idle) {
        if self.idle.last().is_none_or(|last| last.since <= idle.since) {
            return self.idle.push(idle);
        }
        let at = self.idle.partition_point(|one| one.since <= idle.since);
        self.idle.insert(at, idle);
    }

    fn held_by(&self, thread: ThreadId) -> usize {
        self.holders
            .iter()
            .filter(|holder| **holder == Some(thread))
            .count()
    }
}

/// A place in the pool. Dropping it frees the place; a connection that was not taken out of it
/// stays in the pool (BG-25).
#[derive(Debug)]
pub struct Checkout<'p> {
    pool: &'p Pool,
    place: usize,
    connection: Option<Box<Connection>>,
}

impl Checkout<'_> {
    /// Takes the idle connection at hand, or another one of the pool, that `check` finds alive; the others
    /// are closed (PL-02, PL-03). When one is silent, all that are idle are closed unasked: a request must
    /// not wait for a hung worker once for each of them.
    pub fn reuse(
        &mut self,
        mut check: impl FnMut(&mut Connection) -> Check,
    ) -> Option<Box<Connection>> {
        let mut candidate = self.connection.take().or_else(|| self.pool.take_idle());
        while let Some(mut connection) = candidate {
            match check(&mut connection) {
                Check::Alive => return Some(connection),
                Check::Closed => candidate = self.pool.take_idle(),
                Check::Silent => {
                    self.pool.close_idle();
                    return None;
                }
            }
        }
        None
    }

    /// Leaves the connection for the next request of this pool. Only a connection in step with the
    /// worker may come back: after END_RESPONSE that allows reuse.
    pub fn put_back(&mut self, connection: impl Into<Box<Connection>>) {
        let mut connection = connection.into();
        connection.touch();
        self.keep(connection);
    }

    /// The same with one that knows when it was used.
    pub(crate) fn keep(&mut self, connection: Box<Connection>) {
        self.connection = Some(connection);
    }
}

impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        self.pool.free_place(self.place, self.connection.take());
    }
}
