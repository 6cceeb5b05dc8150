//! The connections of one worker in one child: idle ones are reused last in, first out, each in use
//! takes a place.
//!
//! `connection_pool_size` bounds the places. Without it the threads that call are the bound: each has a
//! place, and a thread in whose request a part of the page is fetched by a sub-request has one more for
//! each level. mod_include does that while the page itself is still being sent.

mod places;

use super::connection::Connection;
use places::{Kept, Place, Places};
use rjk_config::model::{PingSpec, PoolSpec};
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
    min_size: usize,
    acquire_timeout: Duration,
    places: Places<Connection>,
}

impl Pool {
    /// A pool; `threads` is the number of threads of this child that may call at the same time, the
    /// default size.
    pub fn new(spec: &PoolSpec, threads: usize) -> Pool {
        let places = Places::new(spec.size.map(|size| size as usize), threads);
        let half = places.size().div_ceil(2);
        Pool {
            min_size: spec.min_size.map_or(half, |size| size as usize),
            acquire_timeout: spec.acquire_timeout,
            places,
        }
    }

    /// Connections at the same time: at most, when it is configured, else as expected.
    pub fn size(&self) -> usize {
        self.places.size()
    }

    /// How long [`Pool::checkout`] waits.
    pub fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// Whether a place is free right now.
    pub fn has_room(&self) -> bool {
        self.places.has_room()
    }

    /// Whether this thread has a place: it fetches a part of the page that has it.
    pub fn is_held_by_this_thread(&self) -> bool {
        self.places.is_held_by_this_thread()
    }

    /// How many connections are in use and idle: for the status page and tests.
    pub fn counts(&self) -> (usize, usize) {
        self.places.counts()
    }

    /// Takes a place, with an idle connection if there is one; waits up to the acquire timeout
    /// . `None` when no place became free.
    pub fn checkout(&self) -> Option<Checkout<'_>> {
        self.places.take(self.acquire_timeout).map(Checkout)
    }

    /// Closes connections idle for longer than `limit` at `now`, down to the floor (PL-12). Waits for
    /// nobody.
    pub fn shrink(&self, limit: Option<Duration>, now: Instant) {
        if let Some(limit) = limit {
            self.places.close_old(limit, now, self.min_size);
        }
    }

    /// The worker moved: idle connections to where it was are closed, those in use when they come back
    /// (PL-10).
    pub fn move_to(&self, moves: u32) {
        self.places.move_to(moves);
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

    /// One at a time, so that the others stay at hand, until `check` has no more time. When one does
    /// not answer, the others that are due are closed unasked: a hung worker must not cost a wait for
    /// each of them. Meanwhile the connection is in no place: a check that panics must not keep it.
    fn check_silent(
        &self,
        interval: Duration,
        now: Instant,
        check: &dyn Fn(&mut Connection) -> Option<Check>,
    ) {
        while let Some((mut place, mut connection)) = self.places.take_silent(interval, now) {
            let found = check(&mut connection);
            if matches!(found, None | Some(Check::Alive)) {
                place.connection = Some(connection);
            }
            match found {
                None => return,
                Some(Check::Silent) => self.places.close_silent(interval, now),
                Some(Check::Alive | Check::Closed) => {}
            }
        }
    }
}

impl Kept for Connection {
    fn moves(&self) -> u32 {
        self.moves()
    }

    fn last_used(&self) -> Instant {
        self.last_used()
    }

    fn silent(&self, now: Instant) -> Duration {
        self.silent(now)
    }
}

/// A place in the pool. Dropping it frees the place; a connection that was not taken out of it
/// stays in the pool (BG-25).
#[derive(Debug)]
pub struct Checkout<'p>(Place<'p, Connection>);

impl Checkout<'_> {
    /// Takes the idle connection at hand, or another one of the pool, that `check` finds alive; the others
    /// are closed (PL-02, PL-03). When one is silent, all that are idle are closed unasked: a request must
    /// not wait for a hung worker once for each of them.
    pub fn reuse(
        &mut self,
        mut check: impl FnMut(&mut Connection) -> Check,
    ) -> Option<Box<Connection>> {
        while let Some(mut connection) = self.0.candidate() {
            match check(&mut connection) {
                Check::Alive => return Some(connection),
                Check::Closed => {}
                Check::Silent => {
                    self.0.places.close_idle();
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
        self.0.connection = Some(connection);
    }
}
