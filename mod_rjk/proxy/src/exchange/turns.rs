//! The wait for a client that sends its body in parts, at a worker that may answer meanwhile: the next part
//! may depend on that answer.

use super::pump::Pump;
use super::upload::Outgoing;
use crate::job::downstream::BodyReady;
use crate::way::connection::Woken;
use rjk_message::BodyQuota;
use std::time::{Duration, Instant};

/// How often the client's side is asked again while nothing happens: it has limits of time of its own.
const LOOK: Duration = Duration::from_secs(1);
/// The same where no descriptor says that it is worth it, at first and in the end.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(50);

impl Pump<'_, '_> {
    /// Waits until the client has a part of the body, or the worker speaks or ends the connection.
    /// Whether the client has.
    pub(super) fn client_is_first(&mut self, quota: BodyQuota, outgoing: &mut Outgoing) -> bool {
        if self.job.body.has_kept() {
            return true;
        }
        let (mut since, mut pause, mut in_vain) = (None, SHORTEST, false);
        loop {
            let BodyReady::NotYet(descriptor) = self.job.downstream.body_ready(quota.at_most)
            else {
                return true;
            };
            let began = *since.get_or_insert_with(Instant::now);
            let descriptor = descriptor.filter(|_| !in_vain);
            let limit = match descriptor {
                Some(_) => LOOK,
                None => pause,
            };
            let woken = self.connection.hear_beside(descriptor, limit);
            if descriptor.is_none() {
                pause = (pause * 2).min(LONGEST);
            }
            self.kept_waiting = self.kept_waiting.max(began.elapsed());
            match woken {
                Ok(Woken::Worker) => return false,
                // A descriptor that is ready with nothing behind it would never let us sleep.
                Ok(woken) => in_vain = woken == Woken::Other,
                Err(error) => {
                    outgoing.refused = Some(self.send_failure(error));
                    return false;
                }
            }
        }
    }
}
