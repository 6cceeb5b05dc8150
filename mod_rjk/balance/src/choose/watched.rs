//! A decision that somebody wants to be told of.

use crate::explain::{End, Explanation, Ring, Telling, Ticket};
use crate::live::AsOf;
use crate::policy::Observation;
use crate::record::Recorder;
use crate::roster::Roster;
use crate::time::Moment;
use bstr::{BStr, ByteSlice as _};
use rjk_log::{Log, jk_log};
use std::sync::Arc;

/// A decision that is told of, from the choice to the end of the attempt.
pub struct Watched<'a> {
    roster: Arc<AsOf<Roster>>,
    log: &'a dyn Log,
    explanation: Explanation<'a>,
    kept: Option<(Ring, Ticket)>,
    recorded: Option<(&'a dyn Recorder, u64)>,
}

impl<'a> Watched<'a> {
    /// Keeps a decision in the ring, if there is one.
    pub(super) fn new(
        explanation: Explanation<'a>,
        roster: Arc<AsOf<Roster>>,
        ring: Option<Ring>,
        recorded: Option<(&'a dyn Recorder, u64)>,
        log: &'a dyn Log,
    ) -> Watched<'a> {
        Watched {
            kept: ring.map(|ring| (ring, ring.keep(&explanation))),
            roster,
            recorded,
            log,
            explanation,
        }
    }

    /// Its attempt is over.
    pub fn end(mut self, observation: &Observation, now: Moment) {
        let end = End {
            ended: observation.ended,
            status: observation.status,
            total: observation.total,
        };
        if let Some((ring, ticket)) = self.kept {
            ring.end(ticket, &end);
        }
        if let Some((recorder, decision)) = self.recorded {
            recorder.outcome(decision, observation, now, self.log);
        }
        self.explanation.end = Some(end);
        self.tell();
    }

    /// The line of the log.
    pub(super) fn tell(&self) {
        let members = &self.roster.spec.members;
        let names: Vec<&BStr> = members.iter().map(|one| one.ajp.name.as_bstr()).collect();
        let telling = Telling {
            of: &self.explanation,
            names: &names,
        };
        let balancer = &self.roster.spec.name;
        jk_log!(self.log, Debug, "decision of {balancer}: {telling}");
    }
}
