//! How long a worker may take: one deadline for a packet, all its bytes, and one for a send.

use crate::job::request::UpstreamRequest;
use rjk_config::model::AjpSpec;
use std::time::{Duration, Instant};

/// The limits of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the moment we wait for a packet to its last byte: environment, rule, worker.
    reply: Option<Duration>,
    /// From a packet's first byte to its last; without `reply`, also for the first.
    socket: Option<Duration>,
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// `reply_timeout`.
    Reply(Duration),
    /// `socket_timeout`.
    Socket(Duration),
}

impl Limits {
    /// Those of this request on this worker.
    pub(crate) fn new(request: &UpstreamRequest<'_>, spec: &AjpSpec) -> Limits {
        Limits {
            reply: request.reply_timeout(spec.reply_timeout),
            socket: spec.socket_timeout,
        }
    }

    /// For all bytes of one send (BG-11): a worker that asks for a body and does not read it would
    /// otherwise hold the thread.
    pub(crate) fn send(&self) -> Option<Duration> {
        match (self.reply, self.socket) {
            (Some(reply), Some(socket)) => Some(reply.min(socket)),
            (one, other) => one.or(other),
        }
    }

    /// The reply timeout, if there is one.
    pub(crate) fn reply(&self) -> Option<Duration> {
        self.reply
    }

    /// Begins to wait for a packet; `inside` says that its first bytes are there.
    pub(crate) fn wait(self, now: Instant, inside: bool) -> Wait {
        Wait {
            limits: self,
            began: now,
            first_byte: inside.then_some(now),
        }
    }
}

/// The wait for one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    limits: Limits,
    began: Instant,
    first_byte: Option<Instant>,
}

impl Wait {
    /// Notes that bytes of the packet are there.
    pub(crate) fn inside(&mut self, now: Instant) {
        self.first_byte.get_or_insert(now);
    }

    /// The time that is left; `None` for no limit.
    ///
    /// # Errors
    /// Nothing is left.
    pub(crate) fn left(&self, now: Instant) -> Result<Option<Duration>, Overdue> {
        let Some((limit, overdue)) = self.next_limit() else {
            return Ok(None);
        };
        match limit.checked_duration_since(now) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            _ => Err(overdue),
        }
    }

    /// What runs out first.
    pub(crate) fn next_overdue(&self) -> Option<Overdue> {
        self.next_limit().map(|(_, overdue)| overdue)
    }

    fn next_limit(&self) -> Option<(Instant, Overdue)> {
        let Limits { reply, socket } = self.limits;
        // What nearly every worker has.
        if reply.is_none() && socket.is_none() {
            return None;
        }
        let of_reply = reply.map(|limit| (self.began + limit, Overdue::Reply(limit)));
        let from = match (self.first_byte, reply) {
            (None, Some(_)) => None,
            (first_byte, _) => Some(first_byte.unwrap_or(self.began)),
        };
        let of_socket = socket
            .zip(from)
            .map(|(limit, from)| (from + limit, Overdue::Socket(limit)));
        of_reply
            .into_iter()
            .chain(of_socket)
            .min_by_key(|(limit, _)| *limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn limits(reply: Option<u64>, socket: Option<u64>) -> Limits {
        Limits {
            reply: reply.map(secs),
            socket: socket.map(secs),
        }
    }

    /// When a wait ends whose first byte comes at second `first`, and what ran out.
    fn end(limits: Limits, first: Option<u64>) -> Option<(u64, Overdue)> {
        let began = Instant::now();
        let mut wait = limits.wait(began, first == Some(0));
        (0..100).find_map(|second| {
            if first.is_some_and(|first| second >= first) {
                wait.inside(began + secs(second));
            }
            wait.left(began + secs(second))
                .err()
                .map(|overdue| (second, overdue))
        })
    }

    #[test]
    fn a05_a18_one_deadline_for_a_packet() {
        let (reply, socket) = (|s| Overdue::Reply(secs(s)), |s| Overdue::Socket(secs(s)));
        // reply_timeout, socket_timeout, when the first byte comes, when it ends.
        let rows = [
            (Some(2), None, None, Some((2, reply(2)))),
            (Some(2), None, Some(1), Some((2, reply(2)))),
            (None, Some(3), None, Some((3, socket(3)))),
            (None, Some(3), Some(2), Some((5, socket(3)))),
            (None, Some(3), Some(0), Some((3, socket(3)))),
            (Some(9), Some(3), None, Some((9, reply(9)))),
            (Some(9), Some(3), Some(1), Some((4, socket(3)))),
            (Some(9), Some(3), Some(8), Some((9, reply(9)))),
            (None, None, Some(1), None),
        ];
        for (reply, socket, first, expected) in rows {
            let row = (reply, socket, first);
            assert_eq!(end(limits(reply, socket), first), expected, "{row:?}");
        }
    }

    #[test]
    fn bg11_what_limits_a_send() {
        assert_eq!(limits(Some(2), None).send(), Some(secs(2)));
        assert_eq!(limits(Some(2), Some(1)).send(), Some(secs(1)));
        assert_eq!(limits(Some(2), Some(9)).send(), Some(secs(2)));
        assert_eq!(limits(None, Some(9)).send(), Some(secs(9)));
        assert_eq!(limits(None, None).send(), None);
    }
}
