//! The failures of a member as routing policies see them.

use crate::outcome::Outcome;
use crate::shared::slot::add;
use crate::sync::AtomicU64;
use crate::time::{AtomicMoment, Moment};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The failures of a member, of all children.
///
/// More counts here than in [`crate::MemberSlot::errors`], which are those that may take the member
/// out: an answer that broke the protocol, a status of `fail_on_status` with a minus sign and a reply timeout
/// within `max_reply_timeouts` are failures too. What says nothing about the member is none, and ends no
/// row: `busy_limit`, a full pool, the client, this host.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Failures {
    /// Never when there was none since the last reset.
    latest: AtomicMoment,
    in_a_row: AtomicU64,
}

impl Failures {
    /// Failures since the last success.
    pub fn in_a_row(&self) -> u64 {
        self.in_a_row.load(Relaxed)
    }

    /// How long ago the latest was, whatever came after it; `None` when there was none since the last
    /// reset.
    pub fn age(&self, now: Moment) -> Option<Duration> {
        self.latest.age(now)
    }

    /// Counts how an attempt ended.
    pub(crate) fn record(&self, outcome: Outcome, now: Moment) {
        match outcome {
            // Read first: after a success there is nothing to write nearly always.
            Outcome::Success if self.in_a_row() != 0 => self.in_a_row.store(0, Relaxed),
            Outcome::Success
            | Outcome::ClientError
            | Outcome::Internal
            | Outcome::BusyLimit
            | Outcome::Aborted => {}
            Outcome::Protocol
            | Outcome::StatusSoft
            | Outcome::StatusHard
            | Outcome::ReplyTimeout { .. }
            | Outcome::LocalError => {
                add(&self.in_a_row, 1);
                self.latest.store(now);
            }
        }
    }

    /// As if there had been none (TR-22).
    pub(crate) fn forget(&self) {
        self.in_a_row.store(0, Relaxed);
        self.latest.store(Moment::NEVER);
    }
}
