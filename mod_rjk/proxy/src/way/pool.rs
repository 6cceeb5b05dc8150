//! The connections of one worker in one child: a bounded number of places, idle connections reused
//! last in, first out.

use super::connection::Connection;
use parking_lot::{Condvar, Mutex};
use rjk_config::model::{PingSpec, PoolSpec};
use std::time::{Duration, Instant};

/// What maintenance found of an idle connection.
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
    size: usize,
    min_size: usize,
    idle_timeout: Option<Duration>,
    acquire_timeout: Duration,
    places: Mutex<Places>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Places {
    /// Places taken by requests.
    taken: usize,
    /// Connections nobody uses, the most recently used last. `taken + idle.len() <= size`.
    idle: Vec<Connection>,
}

impl Pool {
    /// A pool; `threads` is the number of threads per child, the default size.
    pub fn new(spec: &PoolSpec, threads: usize) -> Pool {
        let size = spec.size.map_or(threads, |size| size as usize);
        let min_size = spec.min_size.map_or(size.div_ceil(2), |size| size as usize);
        Pool {
            size,
            min_size,
            idle_timeout: spec.timeout,
            acquire_timeout: spec.acquire_timeout,
            places: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Most connections at the same time.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How long [`Pool::checkout`] waits.
    pub fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// Whether a place is free right now.
    pub fn has_room(&self) -> bool {
        self.places.lock().taken < self.size
    }

    /// Takes a place, with an idle connection if there is one; waits up to the acquire timeout
    /// . `None` when no place became free.
    pub fn checkout(&self) -> Option<Checkout<'_>> {
        let mut places = self.places.lock();
        if places.taken >= self.size {
            if self.size == 0 {
                return None;
            }
            let limit = Instant::now() + self.acquire_timeout;
            while places.taken >= self.size {
                if self.freed.wait_until(&mut places, limit).timed_out() {
                    break;
                }
            }
            if places.taken >= self.size {
                return None;
            }
        }
        places.taken += 1;
        let connection = places.idle.pop();
        Some(Checkout {
            pool: self,
            connection,
        })
    }

    fn take_idle(&self) -> Option<Connection> {
        self.places.lock().idle.pop()
    }

    fn free_place(&self, kept: Option<Connection>) {
        let mut places = self.places.lock();
        places.taken -= 1;
        // Oldest first out: a request that opened a new one beside idle ones may leave one too many.
        if let Some(connection) = kept {
            if places.taken + places.idle.len() >= self.size && !places.idle.is_empty() {
                places.idle.remove(0);
            }
            // A connection that maintenance checked is not the most recently used one.
            let used = connection.last_used();
            let at = places.idle.partition_point(|c| c.last_used() <= used);
            places.idle.insert(at, connection);
        }
        drop(places);
        self.freed.notify_one();
    }

    /// Closes connections idle for too long at `now`, down to the floor (PL-12). Waits for nobody.
    pub fn shrink(&self, now: Instant) {
        if let Some(limit) = self.idle_timeout {
            self.close_old(limit, now);
        }
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
                let limit = budget.limit(ping.timeout)?;
                Some(check(connection, limit))
            });
        }
    }

    fn close_old(&self, limit: Duration, now: Instant) {
        let mut places = self.places.lock();
        let open = places.taken + places.idle.len();
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
                return self.free_place(Some(connection));
            };
            self.free_place((found == Check::Alive).then_some(connection));
            if found == Check::Silent {
                while let Some(connection) = self.take_silent(interval, now) {
                    drop(connection);
                    self.free_place(None);
                }
            }
        }
    }

    /// An idle connection that was silent for longer than `interval` at `now`. It keeps its place,
    /// so that the pool never has more than `size` connections.
    fn take_silent(&self, interval: Duration, now: Instant) -> Option<Connection> {
        let mut places = self.places.lock();
        let at = places.idle.iter().position(|c| c.silent(now) > interval)?;
        places.taken += 1;
        Some(places.idle.remove(at))
    }

    /// How many connections are in use and idle: for the status page and tests.
    pub fn counts(&self) -> (usize, usize) {
        let places = self.places.lock();
        (places.taken, places.idle.len())
    }
}

/// A place in the pool. Dropping it frees the place; a connection that was not taken out of it
/// stays in the pool (BG-25).
#[derive(Debug)]
pub struct Checkout<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Checkout<'_> {
    /// Takes the idle connection at hand, or another one of the pool, unless `usable` says no;
    /// the refused ones are closed (PL-02, PL-03).
    pub fn reuse(&mut self, mut usable: impl FnMut(&mut Connection) -> bool) -> Option<Connection> {
        let mut candidate = self.connection.take().or_else(|| self.pool.take_idle());
        while let Some(mut connection) = candidate {
            if usable(&mut connection) {
                return Some(connection);
            }
            candidate = self.pool.take_idle();
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
        self.pool.free_place(self.connection.take());
    }
}
