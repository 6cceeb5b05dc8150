//! What a policy is told of one attempt: once, however it ends.

use crate::clock::now;
use crate::job::Heard;
use rjk_balance::{Balancer, Choice, Ended, Observation, Selection, Watched};
use rjk_log::Log;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// An attempt on a chosen member. Its policy is told when this is dropped, also by a panic.
pub(super) struct Attempt<'a> {
    balancer: &'a Balancer,
    log: &'a dyn Log,
    began: Instant,
    observation: Observation,
    /// For people who want to be told of it.
    watched: Option<Box<Watched<'a>>>,
}

impl<'a> Attempt<'a> {
    /// The attempt that follows the latest choice; `None` when nobody wants to hear of it.
    pub(super) fn begin(
        balancer: &'a Balancer,
        selection: &mut Selection<'a>,
        choice: &Choice,
        log: &'a dyn Log,
    ) -> Option<Attempt<'a>> {
        let watched = selection.take_watched();
        if watched.is_none() && !balancer.policy().is_some_and(|policy| policy.observes()) {
            return None;
        }
        Some(Attempt {
            balancer,
            log,
            began: Instant::now(),
            observation: selection.observation(choice.index, Ended::Host),
            watched,
        })
    }

    /// How it ended, and what was heard of the member.
    pub(super) fn end(mut self, ended: Ended, heard: &Heard) {
        let observation = &mut self.observation;
        observation.ended = ended;
        if let Some(status) = heard.status {
            observation.status = status;
            observation.head = heard.waited;
            observation.body = heard.body;
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.observation.total = self.began.elapsed();
        let (watched, observation) = (self.watched.take(), &self.observation);
        let tell = || {
            self.balancer.observe(observation, now(), self.log);
            if let Some(watched) = watched {
                watched.end(observation, now());
            }
        };
        // A second panic on the way out of a first one would end the child.
        if std::thread::panicking() {
            let _ = catch_unwind(AssertUnwindSafe(tell));
        } else {
            tell();
        }
    }
}
