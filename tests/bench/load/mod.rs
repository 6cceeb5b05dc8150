//! The load generator: one thread, many connections, closed or open loop.
//!
//! At a fixed rate a request's time begins when it was due, whether or not a connection was free and
//! the generator awake: a server that stalls is charged for all that had to wait meanwhile, which a
//! generator that waits with it leaves out (coordinated omission).

mod answer;
mod connection;
mod pace;
mod request;

pub use pace::{Closed, Counted, Open, Pace};
pub use request::Requests;

use connection::{Connection, Progress};
use pace::Next;
use rjk_testbed::{Context, Result, bail, ensure};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Longest time in which nothing happens although answers are due.
const STALLED: Timespec = Timespec {
    tv_sec: 20,
    tv_nsec: 0,
};
/// The timer among the events; connections have their numbers.
const TIMER: u64 = u64::MAX;

/// What a run saw.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// Of these, sent once more on a new connection: httpd closes idle ones when its threads are all busy.
    pub repeated: u64,
    pub elapsed: Duration,
    /// For each request, the time from when it was due to the last byte of its answer.
    pub latencies: Vec<Duration>,
    /// For each request, how late the generator was with it although a connection was free.
    pub late: Vec<Duration>,
}

/// Connections to one server.
pub struct Clients {
    address: SocketAddr,
    requests: Requests,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    epoll: OwnedFd,
    timer: OwnedFd,
    buffer: Vec<u8>,
}

impl Clients {
    /// So many, not connected yet.
    pub fn new(address: SocketAddr, count: usize, requests: Requests) -> Result<Clients> {
        // Otherwise the kernel may be 50 µs late with each timer.
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        Ok(Clients {
            address,
            requests,
            connections: (0..count as u64).map(Connection::new).collect(),
            idle: (0..count).collect(),
            epoll,
            timer,
            buffer: vec![0; 256 << 10],
        })
    }

    /// Sends requests as `pace` says until it is done and all are answered; an error when one is not
    /// answered as it should be.
    pub fn run(&mut self, pace: &mut impl Pace) -> Result<Tally> {
        let start = Instant::now();
        let mut tally = Tally::default();
        let mut events = Vec::with_capacity(self.connections.len() + 1);
        // Since when a connection is free: only from then on is the generator late.
        let mut free_since = start;
        loop {
            let done = self.start_due(pace, &mut tally, free_since)?;
            if done && self.idle.len() == self.connections.len() {
                tally.elapsed = start.elapsed();
                return Ok(tally);
            }
            let none_was_free = self.idle.is_empty();
            self.wait(&mut events)?;
            for event in events.drain(..) {
                self.handle(event, &mut tally)?;
            }
            if none_was_free {
                free_since = Instant::now();
            }
        }
    }

    /// Starts what is due on connections that are free; whether nothing will be due any more.
    fn start_due(
        &mut self,
        pace: &mut impl Pace,
        tally: &mut Tally,
        free_since: Instant,
    ) -> Result<bool> {
        while let Some(&number) = self.idle.front() {
            match pace.next(Instant::now()) {
                Next::Start(due) => {
                    self.idle.pop_front();
                    tally.late.push(due.max(free_since).elapsed());
                    self.start(number, due, tally)?;
                }
                Next::Wait(until) => {
                    self.wake_at(until)?;
                    return Ok(false);
                }
                Next::Done => return Ok(true),
            }
        }
        Ok(false)
    }

    fn start(&mut self, number: usize, due: Instant, tally: &mut Tally) -> Result {
        let request = self.requests.next();
        let connection = &mut self.connections[number];
        connection.begin(&self.epoll, self.address, due, request)?;
        self.progress(number, EventFlags::OUT, tally)
    }

    fn handle(&mut self, event: epoll::Event, tally: &mut Tally) -> Result {
        let number = event.data.u64();
        if number != TIMER {
            return self.progress(usize::try_from(number)?, event.flags, tally);
        }
        match rustix::io::read(&self.timer, &mut [0; 8]) {
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn progress(&mut self, number: usize, flags: EventFlags, tally: &mut Tally) -> Result {
        let connection = &mut self.connections[number];
        match connection.progress(&self.epoll, flags, &self.requests, &mut self.buffer)? {
            Progress::Pending => {}
            Progress::Answered { latency, is_free } => {
                tally.answered += 1;
                tally.latencies.push(latency);
                if is_free {
                    self.idle.push_back(number);
                }
            }
            Progress::Free => self.idle.push_back(number),
            Progress::Lost => {
                tally.repeated += 1;
                connection.repeat(&self.epoll, self.address)?;
                return self.progress(number, EventFlags::OUT, tally);
            }
        }
        Ok(())
    }

    fn wait(&self, events: &mut Vec<epoll::Event>) -> Result {
        let spare = rustix::buffer::spare_capacity(events);
        match epoll::wait(&self.epoll, spare, Some(&STALLED)) {
            Ok(0) => bail!("no answer for {} s", STALLED.tv_sec),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn wake_at(&self, until: Instant) -> Result {
        // A time of zero would switch the timer off.
        let left = until.saturating_duration_since(Instant::now());
        let left = left.max(Duration::from_nanos(1));
        let spec = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec::try_from(left).context("time")?,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec)?;
        Ok(())
    }
}

impl Tally {
    /// Sorts the times, so that percentiles can be taken.
    pub fn sorted(mut self) -> Result<Tally> {
        ensure!(!self.latencies.is_empty(), "nothing was answered");
        self.latencies.sort_unstable();
        self.late.sort_unstable();
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
