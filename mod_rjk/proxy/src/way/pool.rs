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

/// The pool of one worker (contract §5.6).
#[derive(Debug)]
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
    /// The thread of each place that is taken.
    holders: Vec<ThreadId>,
    /// Places whose threads wait here for one more: until then they are not given back.
    stuck: usize,
    /// Most places that were taken at the same time.
    peak: usize,
    /// How often the worker moved: connections to where it was before are not kept.
    moves: u32,
    /// Connections nobody uses, the most recently used last. Together with the places never more than
    /// the bound, or than the places that once were needed.
    idle: Vec<Connection>,
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
        self.bound
            .is_some_and(|bound| places.holders.len() >= bound)
    }

    /// Whether this thread has a place: it fetches a part of the page that has it.
    pub fn is_held_by_this_thread(&self) -> bool {
        self.places.lock().held_by(thread::current().id()) > 0
    }

    /// Takes a place, with an idle connection if there is one; waits up to the acquire timeout
    /// . `None` when no place became free.
    pub fn checkout(&self) -> Option<Checkout<'_>> {
        let holder = thread::current().id();
        let mut places = self.places.lock();
        self.wait(&mut places, holder);
        if self.is_full(&places) {
            return None;
        }
        places.take(holder);
        let connection = places.idle.pop();
        Some(Checkout {
            pool: self,
            holder,
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
        while self.is_full(places) && places.stuck < places.holders.len() {
            if self.freed.wait_until(places, limit).timed_out() {
                break;
            }
        }
        places.stuck -= own;
    }

    fn take_idle(&self) -> Option<Connection> {
        self.places.lock().idle.pop()
    }

    fn close_idle(&self) {
        let closed = std::mem::take(&mut self.places.lock().idle);
        // Not under the lock.
        drop(closed);
    }

    fn free_place(&self, holder: ThreadId, kept: Option<Connection>) {
        let mut places = self.places.lock();
        places.give_back(holder);
        let (kept, left) = match kept {
            Some(connection) if connection.moves() == places.moves => (Some(connection), None),
            other => (None, other),
        };
        // Oldest first out: a request that opened a new one beside idle ones may leave one too many.
        if let Some(connection) = kept {
            let most = self.bound.unwrap_or(places.peak.max(self.size));
            if places.holders.len() + places.idle.len() >= most && !places.idle.is_empty() {
                places.idle.remove(0);
            }
            // A connection that maintenance checked is not the most recently used one.
            let used = connection.last_used();
            let at = places.idle.partition_point(|c| c.last_used() <= used);
            places.idle.insert(at, connection);
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
                let limit = budget.limit(ping.wait())?;
                Some(check(connection, limit))
            });
        }
    }

    fn close_old(&self, limit: Duration, now: Instant) {
        let mut places = self.places.lock();
        let open = places.holders.len() + places.idle.len();
        let surplus = open.saturating_sub(self.min_size);
        // The stack holds the longest idle ones at its bottom.
        let old = places
            .idle
            .iter()
            .take(surplus)
            .take_while(|c| c.idle(now) > limit)
            .count();
        let closed: Vec<Connection> = places.idle.drain(..old).collect();
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
        while let Some(mut connection) = self.take_silent(interval, now) {
            let Some(found) = check(&mut connection) else {
                return self.free_place(thread::current().id(), Some(connection));
            };
            let kept = (found == Check::Alive).then_some(connection);
            self.free_place(thread::current().id(), kept);
            if found == Check::Silent {
                while let Some(connection) = self.take_silent(interval, now) {
                    drop(connection);
                    self.free_place(thread::current().id(), None);
                }
            }
        }
    }

    /// An idle connection that was silent for longer than `interval` at `now`. It keeps its place,
    /// so that the pool never has more than `size` connections.
    fn take_silent(&self, interval: Duration, now: Instant) -> Option<Connection> {
        let mut places = self.places.lock();
        let at = places.idle.iter().position(|c| c.silent(now) > interval)?;
        places.take(thread::current().id());
        Some(places.idle.remove(at))
    }

    /// How many connections are in use and idle: for the status page and tests.
    pub fn counts(&self) -> (usize, usize) {
        let places = self.places.lock();
        (places.holders.len(), places.idle.len())
    }
}

impl Places {
    fn take(&mut self, holder: ThreadId) {
        self.holders.push(holder);
        self.peak = self.peak.max(self.holders.len());
    }

    fn give_back(&mut self, holder: ThreadId) {
        if let Some(at) = self.holders.iter().position(|thread| *thread == holder) {
            self.holders.swap_remove(at);
        }
    }

    fn held_by(&self, thread: ThreadId) -> usize {
        self.holders
            .iter()
            .filter(|holder| **holder == thread)
            .count()
    }
}

/// A place in the pool. Dropping it frees the place; a connection that was not taken out of it
/// stays in the pool (BG-25).
#[derive(Debug)]
pub struct Checkout<'p> {
    pool: &'p Pool,
    holder: ThreadId,
    connection: Option<Connection>,
}

impl Checkout<'_> {
    /// Takes the idle connection at hand, or another one of the pool, that `check` finds alive; the others
    /// are closed (PL-02, PL-03). When one is silent, all that are idle are closed unasked: a request must
    /// not wait for a hung worker once for each of them.
    pub fn reuse(&mut self, mut check: impl FnMut(&mut Connection) -> Check) -> Option<Connection> {
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
    pub fn put_back(&mut self, mut connection: Connection) {
        connection.touch();
        self.connection = Some(connection);
    }
}

impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        self.pool.free_place(self.holder, self.connection.take());
    }
}
