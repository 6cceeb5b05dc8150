//! One attempt on a member, and what its result means for the member (contract TR-04…TR-14).

use crate::attempt::afterwards::Afterwards;
use crate::balancer::Balancer;
use crate::choose::pick::Choice;
use crate::choose::selection::{Selection, Start};
use crate::load::Method;
use crate::outcome::{Outcome, Traffic};
use crate::roster::Member;
use crate::shared::ledger::InFlight;
use crate::shared::member::SharedMember;
use crate::shared::slot::add;
use crate::state::State;
use crate::time::Moment;
use bstr::BStr;
use rjk_log::{Log, jk_log};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// An attempt that has an endpoint. Dropped without [`Lease::finish`], as by a panic, it counts as
/// [`Outcome::Aborted`].
#[must_use = "finish it, or it counts as aborted"]
pub struct Lease<'a> {
    balancer: &'a Balancer,
    log: &'a dyn Log,
    index: usize,
    member: Member,
    method: &'static dyn Method,
    limits: Limits,
    /// This attempt holds the member's PROBE.
    probing: bool,
    in_flight: Option<InFlight>,
    /// The attempt's part in a load that is counted (LB-12).
    load: Option<InFlight>,
}

/// What the balancer bears of its members.
struct Limits {
    reply_timeouts: u64,
    escalation: Duration,
}

impl<'a> Lease<'a> {
    /// The chosen member gave an endpoint: the attempt begins and counts (LB-10, LB-16).
    pub fn begin(selection: &mut Selection<'a>, choice: &Choice) -> Lease<'a> {
        let index = choice.index;
        let Start {
            balancer,
            roster,
            log,
            new_session,
            probing,
        } = selection.take_start(choice);
        let (member, method) = (roster.members[index], roster.method);
        let counted = method.counts_in_flight();
        method.on_attempt(&member.slot, member.multiplier, new_session);
        if new_session {
            add(&member.slot.sessions, 1);
        }
        Lease {
            balancer,
            log,
            index,
            method,
            limits: Limits {
                reply_timeouts: roster.spec.max_reply_timeouts.into(),
                escalation: roster.spec.error_escalation_time,
            },
            probing,
            in_flight: Some(member.enter()),
            load: counted.then(|| member.attempts.enter()),
            member,
        }
    }

    /// Index of the member.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Requests in flight on the member's worker when this one began, itself included: above
    /// `busy_limit` the caller finishes with [`Outcome::BusyLimit`] (SV-02).
    pub fn busy(&self) -> u64 {
        self.in_flight.as_ref().map_or(0, InFlight::count)
    }

    /// The request is within `busy_limit`: it counts in the worker's highest number of requests.
    pub fn admitted(&self) {
        self.member.ajp.admitted(self.busy());
    }

    /// Where is counted what the member's connection moves when the attempt is over.
    pub fn afterwards(&self) -> Afterwards {
        Afterwards::of_member(&self.member, self.method)
    }

    /// Ends the attempt: counts and sets the shared state; `waited` is the time in which the worker
    /// gave the response head, whatever the client took. Returns the state in which the request
    /// itself sees the member from now on, for [`Selection::settle`].
    #[must_use = "the selection of this request does not know it yet"]
    pub fn finish(
        mut self,
        outcome: Outcome,
        traffic: Traffic,
        waited: Duration,
        now: Moment,
    ) -> State {
        self.settle(outcome, traffic, now);
        if outcome == Outcome::Success {
            self.slot().add_latency(waited, now);
        }
        if !matches!(outcome, Outcome::Success | Outcome::ClientError) {
            self.log_failure(outcome);
        }
        match outcome {
            Outcome::Success => State::Ok,
            Outcome::BusyLimit => State::Busy,
            _ => State::Error,
        }
    }

    fn log_failure(&self, outcome: Outcome) {
        let scope = match self.slot().state() {
            State::Error => "",
            _ => "local ",
        };
        let worker = self.balancer.worker(self.index);
        let name = worker.map_or(BStr::new(""), |worker| worker.name());
        jk_log!(
            self.log,
            Info,
            "service failed, worker {name} is in {scope}error state ({outcome:?})"
        );
    }

    fn settle(&mut self, outcome: Outcome, traffic: Traffic, now: Moment) {
        // TR-14 asks for the others in flight: this one comes off first.
        if self.in_flight.take().is_none() {
            return;
        }
        self.load = None;
        let member = &self.member;
        member.ajp.record(outcome, traffic, now);
        self.method
            .on_finish(&member.slot, member.multiplier, traffic);
        member.slot.failures.record(outcome, now);
        self.change_state(outcome, now);
    }

    fn change_state(&self, outcome: Outcome, now: Moment) {
        let slot = self.slot();
        match outcome {
            Outcome::Success | Outcome::ClientError | Outcome::StatusSoft => {
                slot.clear_errors();
                if slot.state() != State::Ok {
                    slot.set_state(State::Ok, now);
                }
            }
            Outcome::Protocol => self.spare(now),
            Outcome::StatusHard => self.fail(now),
            Outcome::BusyLimit => slot.set_state(State::Busy, now),
            Outcome::ReplyTimeout { .. } => {
                let timeouts = self.member.ajp.reply_timeouts.load(Relaxed);
                if timeouts > self.limits.reply_timeouts {
                    self.fail(now);
                } else {
                    self.spare(now);
                }
            }
            Outcome::LocalError => self.local_error(now),
            Outcome::Internal | Outcome::Aborted => {
                // Says nothing about the member: the next request may probe it.
                if self.probing {
                    slot.replace_state(State::Probe, State::Recover, now);
                }
            }
        }
    }

    /// TR-10, TR-12: global error at once.
    fn fail(&self, now: Moment) {
        let slot = self.slot();
        add(&slot.errors, 1);
        slot.first_error.store(now);
        slot.last_error.store(now);
        slot.set_state(State::Error, now);
    }

    /// TR-14: global error if nobody else is served by the member, or if it fails for too long.
    fn local_error(&self, now: Moment) {
        let slot = self.slot();
        add(&slot.errors, 1);
        slot.last_error.store(now);
        let first = match slot.first_error.replace(Moment::NEVER, now) {
            Ok(()) => now,
            Err(first) => first,
        };
        let escalation = self.limits.escalation;
        let idle = self.member.ajp.busy() == 0;
        if idle || now.since(first) >= escalation {
            slot.set_state(State::Error, now);
        } else {
            self.spare(now);
        }
    }

    /// TR-04: back to OK unless it is in error by others.
    fn spare(&self, now: Moment) {
        if self.slot().state() != State::Ok {
            self.slot().set_state_unless_error(State::Ok, now);
        }
    }

    fn slot(&self) -> &SharedMember {
        &self.member.slot
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.settle(Outcome::Aborted, Traffic::default(), Moment::NEVER);
    }
}
