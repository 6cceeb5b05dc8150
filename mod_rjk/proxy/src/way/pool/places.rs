//! The places of a pool, and what it keeps for who takes the next one: all that threads share of it, whatever is
//! kept. `make race` plays this file.

use crate::sync::{Condvar, Mutex, MutexGuard, ThreadId, this_thread};
use std::time::{Duration, Instant};

/// What is kept while nobody uses it.
pub(super) trait Kept {
    /// How often the worker had moved when it was at the other end.
    fn moves(&self) -> u32;

    /// When it last served a request.
    fn last_used(&self) -> Instant;

    /// How long nothing was heard of the worker on it.
    fn silent(&self, now: Instant) -> Duration;
}

/// Places, and what is kept beside those that are taken.
#[derive(Debug)]
pub(super) struct Places<C> {
    /// Most that are taken; `None` where each thread gets what it asks for.
    bound: Option<usize>,
    /// Places that are expected to be taken at most.
    size: usize,
    state: Mutex<State<C>>,
    freed: Condvar,
}

#[derive(Debug)]
struct State<C> {
    /// The thread of each place that is taken; a place that was given back is in `free`.
    holders: Vec<Option<ThreadId>>,
    free: Vec<usize>,
    /// Places whose threads wait here for one more: until then they are not given back.
    stuck: usize,
    /// How often the worker moved: connections to where it was before are not kept.
    moves: u32,
    /// Connections nobody uses, the most recently used last. With the places that are taken never more than the
    /// bound, or than were taken at the same time: who takes a place takes one of these along.
    idle: Vec<Idle<C>>,
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle<C> {
    /// Since when; beside it, so that a look at it does not fetch the connection.
    since: Instant,
    connection: Box<C>,
}

/// A place that is taken. Dropping it frees the place; the connection that lies in it is kept.
#[derive(Debug)]
pub(super) struct Place<'p, C: Kept> {
    pub(super) places: &'p Places<C>,
    at: usize,
    /// The connection that lies in it.
    pub(super) connection: Option<Box<C>>,
}

impl<C: Kept> Places<C> {
    /// None is taken; `size` are expected to be, where there is no bound.
    pub(super) fn new(bound: Option<usize>, size: usize) -> Places<C> {
        Places {
            bound,
            size: bound.unwrap_or(size),
            state: Mutex::new(State {
                holders: Vec::new(),
                free: Vec::new(),
                stuck: 0,
                moves: 0,
                idle: Vec::new(),
            }),
            freed: Condvar::new(),
        }
    }

    /// Places at the same time: at most, with a bound, else as expected.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether one is free right now.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full(&self.state.lock())
    }

    fn is_full(&self, state: &State<C>) -> bool {
        self.bound.is_some_and(|bound| state.taken() >= bound)
    }

    /// Whether this thread has one.
    pub(super) fn is_held_by_this_thread(&self) -> bool {
        self.state.lock().held_by(this_thread()) > 0
    }

    /// How many are taken, and how many connections are idle.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.taken(), state.idle.len())
    }

    /// Takes one, in which an idle connection lies if there is one; waits for it up to `patience`. `None`
    /// when none became free.
    pub(super) fn take(&self, patience: Duration) -> Option<Place<'_, C>> {
        let holder = this_thread();
        let mut state = self.state.lock();
        self.wait(&mut state, holder, patience);
        if self.is_full(&state) {
            return None;
        }
        Some(Place {
            places: self,
            at: state.take(holder),
            connection: state.idle.pop().map(|idle| idle.connection),
        })
    }

    /// Waits until there is a free place, but not for one that cannot become free: when every place is
    /// held by a thread that waits here itself, this one among them.
    fn wait(&self, state: &mut MutexGuard<'_, State<C>>, thread: ThreadId, patience: Duration) {
        if !self.is_full(state) {
            return;
        }
        let own = state.held_by(thread);
        state.stuck += own;
        let limit = Instant::now() + patience;
        while self.is_full(state) && state.stuck < state.taken() {
            if self.freed.wait_until(state, limit).timed_out() {
                break;
            }
        }
        state.stuck -= own;
    }

    fn free(&self, place: usize, connection: Option<Box<C>>) {
        let mut state = self.state.lock();
        state.give_back(place);
        let left = match connection {
            Some(connection) if connection.moves() == state.moves => {
                state.keep(connection);
                None
            }
            other => other,
        };
        drop(state);
        self.freed.notify_one();
        // Not under the lock, and nobody waits for it.
        drop(left);
    }

    /// An idle connection that was silent for longer than `limit` at `now`, out of a place of its own: with
    /// those that are in use and idle they are never more than the bound.
    pub(super) fn take_silent(
        &self,
        limit: Duration,
        now: Instant,
    ) -> Option<(Place<'_, C>, Box<C>)> {
        let mut state = self.state.lock();
        let is_silent = |idle: &Idle<C>| idle.connection.silent(now) > limit;
        let found = state.idle.iter().position(is_silent)?;
        let place = Place {
            places: self,
            at: state.take(this_thread()),
            connection: None,
        };
        Some((place, state.idle.remove(found).connection))
    }

    fn take_idle(&self) -> Option<Box<C>> {
        self.state.lock().idle.pop().map(|idle| idle.connection)
    }

    /// Closes all idle connections.
    pub(super) fn close_idle(&self) {
        let closed = std::mem::take(&mut self.state.lock().idle);
        // Not under the lock.
        drop(closed);
    }

    /// Closes the idle connections that were silent for longer than `limit` at `now`.
    pub(super) fn close_silent(&self, limit: Duration, now: Instant) {
        let mut state = self.state.lock();
        let is_silent = |idle: &mut Idle<C>| idle.connection.silent(now) > limit;
        let closed: Vec<Idle<C>> = state.idle.extract_if(.., is_silent).collect();
        drop(state);
        drop(closed);
    }

    /// Closes connections idle for longer than `limit` at `now`, the longest idle ones first, as long as more than
    /// `floor` are open.
    pub(super) fn close_old(&self, limit: Duration, now: Instant, floor: usize) {
        let mut state = self.state.lock();
        let open = state.taken() + state.idle.len();
        let surplus = open.saturating_sub(floor);
        // The stack holds the longest idle ones at its bottom.
        let old = state
            .idle
            .iter()
            .take(surplus)
            .take_while(|idle| now.saturating_duration_since(idle.since) > limit)
            .count();
        let closed: Vec<Idle<C>> = state.idle.drain(..old).collect();
        drop(state);
        drop(closed);
    }

    /// The worker moved: idle connections to where it was are closed, those in use when they come back.
    pub(super) fn move_to(&self, moves: u32) {
        let mut state = self.state.lock();
        if state.moves == moves {
            return;
        }
        state.moves = moves;
        let closed = std::mem::take(&mut state.idle);
        drop(state);
        drop(closed);
    }
}

impl<C: Kept> State<C> {
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
        place
    }

    fn give_back(&mut self, place: usize) {
        if let Some(held) = self.holders.get_mut(place) {
            *held = None;
            self.free.push(place);
        }
    }

    /// Keeps a connection. One that maintenance checked is not the most recently used one.
    fn keep(&mut self, connection: Box<C>) {
        let since = connection.last_used();
        let idle = Idle { since, connection };
        if self.idle.last().is_none_or(|last| last.since <= since) {
            return self.idle.push(idle);
        }
        let at = self.idle.partition_point(|one| one.since <= since);
        self.idle.insert(at, idle);
    }

    fn held_by(&self, thread: ThreadId) -> usize {
        self.holders
            .iter()
            .filter(|holder| **holder == Some(thread))
            .count()
    }
}

impl<C: Kept> Place<'_, C> {
    /// Takes the connection out of it, or another one that is idle: the one that was used last.
    pub(super) fn candidate(&mut self) -> Option<Box<C>> {
        let lies_here = self.connection.take();
        lies_here.or_else(|| self.places.take_idle())
    }
}

impl<C: Kept> Drop for Place<'_, C> {
    fn drop(&mut self) {
        self.places.free(self.at, self.connection.take());
    }
}
