//! The loop that moves bytes both ways.

use super::lane::{Broke, Lane, Waits};
use super::{TunnelEnd, TunnelEnding, TunnelLimits, Tunnelled};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How often it looks whether its process is to end.
const LOOK: Duration = Duration::from_secs(1);
/// The longest time in which nothing moves once one side has ended: the other one has little left to say,
/// and a thread waits for it.
const HALF_OPEN: Duration = Duration::from_secs(30);

/// Moves bytes between both sides until they are done, one of them broke, or a limit is reached.
/// `stopping` says whether the process was asked to end.
pub fn relay(
    client: &mut dyn TunnelEnd,
    worker: &mut dyn TunnelEnd,
    limits: TunnelLimits,
    stopping: &dyn Fn() -> bool,
) -> Tunnelled {
    let began = Instant::now();
    let mut relay = Relay {
        up: Lane::new(),
        down: Lane::new(),
        first: None,
        hung: [false; 2],
        moved: began,
        stopped: None,
    };
    let ending = loop {
        match relay.round(client, worker, limits, stopping) {
            Ok(()) => {}
            Err(ending) => break ending,
        }
    };
    Tunnelled {
        ending,
        to_client: relay.down.moved,
        to_worker: relay.up.moved,
        lasted: began.elapsed(),
    }
}

struct Relay {
    /// From the client to the worker.
    up: Lane,
    /// From the worker to the client.
    down: Lane,
    /// Who ended first.
    first: Option<Side>,
    /// Client and worker: both directions of the connection are over, though some of it is not read.
    hung: [bool; 2],
    /// When something moved last.
    moved: Instant,
    /// When it was seen first that the process is to end.
    stopped: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Client,
    Worker,
}

impl Side {
    fn closed(self) -> TunnelEnding {
        match self {
            Side::Client => TunnelEnding::ClientClosed,
            Side::Worker => TunnelEnding::WorkerClosed,
        }
    }

    fn broke(self, error: io::Error) -> TunnelEnding {
        match self {
            Side::Client => TunnelEnding::ClientBroke(error),
            Side::Worker => TunnelEnding::WorkerBroke(error),
        }
    }
}

impl Relay {
    /// Moves what can be moved, and waits when that is nothing. An error is the end, which is none for
    /// most tunnels.
    fn round(
        &mut self,
        client: &mut dyn TunnelEnd,
        worker: &mut dyn TunnelEnd,
        limits: TunnelLimits,
        stopping: &dyn Fn() -> bool,
    ) -> Result<(), TunnelEnding> {
        let mut progress = false;
        let up = self.up.step(client, worker, &mut progress);
        let up = up.map_err(|broke| told(broke, Side::Client, Side::Worker))?;
        self.note_end();
        let down = self.down.step(worker, client, &mut progress);
        let down = down.map_err(|broke| told(broke, Side::Worker, Side::Client))?;
        self.note_end();
        let now = Instant::now();
        if progress {
            self.moved = now;
        }
        if self.is_over(client, worker) {
            return Err(self.first.unwrap_or(Side::Worker).closed());
        }
        let left = self.time_left(now, limits, stopping)?;
        if progress {
            return Ok(());
        }
        let interest = |reads: Waits, writes: Waits| {
            let reads = if reads == Waits::Source {
                PollFlags::IN
            } else {
                PollFlags::empty()
            };
            let writes = if writes == Waits::Sink {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            };
            reads | writes
        };
        let wanted = [interest(up, down), interest(down, up)];
        self.wait([client.descriptor(), worker.descriptor()], wanted, left)
    }

    fn note_end(&mut self) {
        if self.first.is_none() {
            let client = self.up.has_ended().then_some(Side::Client);
            self.first = client.or(self.down.has_ended().then_some(Side::Worker));
        }
    }

    /// Both directions are, or one of them and with it the other.
    fn is_over(&self, client: &dyn TunnelEnd, worker: &dyn TunnelEnd) -> bool {
        let (up, down) = (self.up.is_closed(), self.down.is_closed());
        let by_worker = down && (up || !client.half_closes());
        by_worker || (up && !worker.half_closes())
    }

    /// How long may be waited.
    fn time_left(
        &mut self,
        now: Instant,
        limits: TunnelLimits,
        stopping: &dyn Fn() -> bool,
    ) -> Result<Duration, TunnelEnding> {
        let mut left = LOOK;
        if self.stopped.is_some() || stopping() {
            let since = now.duration_since(*self.stopped.get_or_insert(now));
            left = left.min(limits.after_stop.saturating_sub(since));
            if left.is_zero() {
                return Err(TunnelEnding::Stopped);
            }
        }
        let idle = match self.first {
            None => limits.idle,
            Some(_) => limits.idle.min(HALF_OPEN),
        };
        left = left.min(idle.saturating_sub(now.duration_since(self.moved)));
        if left.is_zero() {
            return Err(TunnelEnding::Idle(idle));
        }
        Ok(left)
    }

    /// Waits until a side is ready for what is wanted of it: client first, then worker.
    fn wait(
        &mut self,
        descriptors: [Option<BorrowedFd<'_>>; 2],
        wanted: [PollFlags; 2],
        left: Duration,
    ) -> Result<(), TunnelEnding> {
        let mut polled = Vec::with_capacity(2);
        let mut sides = Vec::with_capacity(2);
        for (index, side) in [Side::Client, Side::Worker].into_iter().enumerate() {
            // Asked for nothing, a connection is watched all the same: a reset comes to nobody's ears
            // otherwise. That it hung up is no news twice.
            let skipped = wanted[index].is_empty() && self.hung[index];
            if let Some(fd) = descriptors[index].filter(|_| !skipped) {
                polled.push(PollFd::from_borrowed_fd(fd, wanted[index]));
                sides.push((index, side, fd));
            }
        }
        // A limit that no timespec can hold is longer than any look.
        let left = Timespec::try_from(left).ok();
        match poll(&mut polled, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(TunnelEnding::WorkerBroke(error.into())),
        }
        for ((index, side, fd), found) in sides.into_iter().zip(&polled) {
            let found = found.revents();
            if wanted[index].is_empty() {
                self.hung[index] |= found.contains(PollFlags::HUP);
                if found.contains(PollFlags::ERR) {
                    let error = socket_error(fd).ok().and_then(Result::err);
                    return Err(side.broke(error.unwrap_or(Errno::CONNRESET).into()));
                }
            }
            if found.contains(PollFlags::NVAL) {
                return Err(side.broke(Errno::BADF.into()));
            }
        }
        Ok(())
    }
}

/// Which of both broke.
fn told(broke: Broke, source: Side, sink: Side) -> TunnelEnding {
    match broke {
        Broke::Source(error) => source.broke(error),
        Broke::Sink(error) => sink.broke(error),
    }
}
