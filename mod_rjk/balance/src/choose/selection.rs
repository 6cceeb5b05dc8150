//! The choice of members for one request (contract §4.6, TR-01…TR-03, TR-20).

mod asking;

use crate::balancer::Balancer;
use crate::choose::chosen::{Chosen, Found};
use crate::choose::pick::{Choice, Missing, Pick, RoutingInput};
use crate::choose::rules::{Target, View};
use crate::choose::watched::Watched;
use crate::decision::{DecidedBy, Verdict};
use crate::live::Current;
use crate::maintenance::force_member;
use crate::outcome::Ended;
use crate::policy::{Observation, Tried};
use crate::record::Recorder;
use crate::roster::Roster;
use crate::shared::ledger::InFlight;
use crate::shared::states::States;
use crate::state::State;
use crate::time::Moment;
use rjk_log::{Log, jk_log};
use std::time::Duration;

/// Attempts of a request that a policy is told of at most.
const MOST_TRIED: usize = 64;

/// The states of the members as one request sees them (LB-07), from its first choice to its end.
pub struct Selection<'a> {
    balancer: &'a Balancer,
    roster: Current<Roster>,
    input: &'a RoutingInput<'a>,
    log: &'a dyn Log,
    states: States,
    /// Force recovery was tried (TR-20: once per request).
    forced: bool,
    /// The member that this request took from RECOVER to PROBE and has not settled yet.
    probing: Option<usize>,
    decided_by: DecidedBy<'a>,
    /// What the policy left with its latest decision; nothing when it made none.
    verdict: Option<Verdict>,
    /// Number of the latest attempt.
    attempt: u32,
    tried: Vec<Tried>,
    /// Takes the decisions of this request down.
    recorder: Option<&'a dyn Recorder>,
    /// The latest decision, if it is to be told of.
    watched: Option<Box<Watched<'a>>>,
    _busy: InFlight,
}

impl<'a> Selection<'a> {
    /// Starts the choice for one request, with the roster by which its input was read: members that are
    /// busy no more are set free (TR-02, `pool_has_room` says whether this process has a free endpoint
    /// for a member), and the states are copied.
    pub fn begin(
        balancer: &'a Balancer,
        roster: Current<Roster>,
        input: &'a RoutingInput<'a>,
        pool_has_room: &dyn Fn(usize) -> bool,
        now: Moment,
        log: &'a dyn Log,
    ) -> Selection<'a> {
        if input.routes.only_empty_id() {
            jk_log!(log, Info, "empty session id");
        }
        let mut selection = Selection {
            balancer,
            input,
            log,
            states: States::default(),
            roster,
            forced: false,
            probing: None,
            decided_by: DecidedBy::Builtin,
            verdict: None,
            attempt: 0,
            tried: Vec::new(),
            recorder: balancer.watch.recorder_if_wanted(),
            watched: None,
            _busy: balancer.binding.enter(),
        };
        selection.copy_states(now);
        selection.free_idle(pool_has_room, now);
        selection
    }

    /// Members that are busy no more (TR-02). One look at each word of states finds nobody, mostly.
    fn free_idle(&mut self, pool_has_room: &dyn Fn(usize) -> bool, now: Moment) {
        for index in self.states.closed_in(State::Busy) {
            let slot = self.roster.members[index].slot;
            if self.roster.below_busy_limit(index)
                && pool_has_room(index)
                && slot.replace_state(State::Busy, State::Ok, now)
            {
                let name = self.roster.name(index);
                jk_log!(self.log, Debug, "worker {name} is busy no more");
            }
            self.states.set(index, slot.state());
            self.note_usable(index, now);
        }
    }

    /// Chooses a member for the next attempt.
    pub fn pick(&mut self, now: Moment) -> Pick {
        self.attempt += 1;
        loop {
            let (Chosen { found, by, verdict }, told) = self.choose(now);
            self.decided_by = by;
            self.verdict = verdict;
            match found {
                Found::Target(target) if self.admit(target.index, now) => {
                    self.watch(told);
                    return Pick::Member(self.choice(&target));
                }
                // Another request took the probe; the local state says so now.
                Found::Target(target) => {
                    self.watch(told);
                    self.tell_not_asked(target.index, now);
                }
                Found::Reject(refusal) => {
                    self.watch_unserved(told);
                    return Pick::Reject(refusal);
                }
                Found::Missing(_) if self.force_recovery(now) => {}
                Found::Missing(why) => {
                    self.watch_unserved(told);
                    self.log_missing(why);
                    return Pick::NoMember(why);
                }
            }
        }
    }

    /// Starts another round: with the balancer as it is now, and its states.
    pub fn next_round(&mut self, now: Moment) {
        self.roster = self.balancer.roster();
        self.copy_states(now);
    }

    /// The balancer as this request sees it, until its next round.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Route to forward and to note: `JK_ROUTE`, else the domain by which the member was found,
    /// else the member's own (SS-15, BG-04).
    pub fn route(&self, choice: &Choice) -> &[u8] {
        if let Some(forced) = self.input.jk_route.filter(|route| !route.is_empty()) {
            return forced;
        }
        let member = &self.roster.spec.members[choice.index];
        match &member.domain {
            Some(domain) if choice.by_domain => domain,
            _ => &member.route,
        }
    }

    /// The chosen member gave no endpoint within the acquire timeout (TR-03).
    pub fn no_endpoint(&mut self, index: usize, now: Moment) {
        let Some(slot) = self.balancer.member_slot(index) else {
            return;
        };
        slot.set_state_unless_error(State::Busy, now);
        self.settle(index, State::Busy);
        let name = self.roster.name(index);
        jk_log!(
            self.log,
            Info,
            "could not get free endpoint for worker {name}"
        );
    }

    /// A member's state as this request sees it.
    pub fn state(&self, index: usize) -> Option<State> {
        self.states.get(index)
    }

    /// Who decided what the latest [`Selection::pick`] gave.
    pub fn decided_by(&self) -> DecidedBy<'a> {
        self.decided_by
    }

    /// What the policy left with what the latest [`Selection::pick`] gave; `None` when others decided.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// Number of the latest attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What a policy is told of the attempt on the chosen member; how it ended and what came of it is to
    /// be filled in.
    pub fn observation(&self, index: usize, ended: Ended) -> Observation {
        Observation {
            index,
            ended,
            status: 0,
            attempt: self.attempt,
            decided: matches!(self.decided_by, DecidedBy::Policy(_)),
            token: self.verdict.map_or(0, |verdict| verdict.token),
            head: Duration::ZERO,
            total: Duration::ZERO,
            body: 0,
        }
    }

    /// The latest decision with a member, if its end is to be told of.
    pub fn take_watched(&mut self) -> Option<Box<Watched<'a>>> {
        self.watched.take()
    }

    /// An attempt on this member ended without an answer that was taken: policies are told when asked
    /// for the next one. Only the last [`MOST_TRIED`] are kept.
    pub fn failed(&mut self, index: usize, ended: Ended) {
        if self.tried.len() == MOST_TRIED {
            self.tried.remove(0);
        }
        self.tried.push(Tried { index, ended });
    }

    /// What an attempt on the chosen member starts from.
    pub(crate) fn take_start(&mut self, choice: &Choice) -> Start<'_, 'a> {
        let probing = self.probing.take_if(|index| *index == choice.index);
        Start {
            balancer: self.balancer,
            roster: &self.roster,
            log: self.log,
            new_session: !self.input.routes.has_session() && !self.input.stateless,
            probing: probing.is_some(),
        }
    }

    /// A member settled in this state, as [`crate::Lease::finish`] says, for the rest of this round.
    pub fn settle(&mut self, index: usize, state: State) {
        self.states.set(index, state);
        self.probing.take_if(|probed| *probed == index);
    }

    fn copy_states(&mut self, now: Moment) {
        let count = self.roster.members.len();
        self.states.copy(self.balancer.binding.states, count);
        // Nobody but policies asks since when a member works; others note it of those they take.
        if self.balancer.policy.is_some() {
            (0..count).for_each(|index| self.note_usable(index, now));
        }
    }

    /// Since when the member works, if it does (see [`crate::MemberSlot::usable_since`]).
    fn note_usable(&self, index: usize, now: Moment) {
        if self.states.get(index).is_some_and(State::is_usable) {
            self.roster.members[index].slot.seen_usable(now);
        }
    }

    fn view(&self) -> View<'_> {
        View {
            roster: &self.roster,
            balancer: self.balancer,
            overrides: self.input.overrides,
            states: &self.states,
            stateless: self.input.stateless,
        }
    }

    /// TR-01: whoever picks a recovering member probes it, and nobody else. `false`: another
    /// request was first and its result is still open or bad.
    fn admit(&mut self, index: usize, now: Moment) -> bool {
        let slot = self.roster.members[index].slot;
        if slot.replace_state(State::Recover, State::Probe, now) {
            self.states.set(index, State::Probe);
            self.probing = Some(index);
            return true;
        }
        if self.states.get(index) == Some(State::Recover) {
            self.states.set(index, slot.state());
        }
        self.note_usable(index, now);
        self.states.get(index).is_some_and(State::is_usable)
    }

    /// The policy may wait for the end of what it chose, too.
    fn tell_not_asked(&mut self, index: usize, now: Moment) {
        let observation = self.observation(index, Ended::Busy);
        if let Some(watched) = self.watched.take() {
            watched.end(&observation, now);
        }
        self.balancer.observe(&observation, now, self.log);
    }

    /// TR-20: once per request, when there is no member at all.
    fn force_recovery(&mut self, now: Moment) -> bool {
        if std::mem::replace(&mut self.forced, true) {
            return false;
        }
        let mut count = 0;
        for index in 0..self.states.len() {
            if force_member(&self.roster.members[index], now) {
                self.states.set(index, State::Force);
                count += 1;
            }
        }
        if count > 0 {
            jk_log!(self.log, Info, "Forcing recovery once for {count} workers");
        }
        count > 0
    }

    fn choice(&self, target: &Target) -> Choice {
        Choice {
            index: target.index,
            sticky: target.sticky,
            by_domain: target.by_domain,
            activation: self.view().activation(target.index),
        }
    }

    fn log_missing(&self, why: Missing) {
        match why {
            Missing::Unusable => {
                jk_log!(
                    self.log,
                    Info,
                    "All tomcat instances are busy or in error state"
                );
            }
            Missing::StickyForce => {
                jk_log!(
                    self.log,
                    Info,
                    "all workers are in error state for the session"
                );
            }
        }
    }
}

/// What an attempt needs to know of the choice.
pub(crate) struct Start<'s, 'a> {
    pub(crate) balancer: &'a Balancer,
    pub(crate) roster: &'s Roster,
    pub(crate) log: &'a dyn Log,
    /// The request carries no session and is not stateless.
    pub(crate) new_session: bool,
    /// The attempt takes over the member's PROBE.
    pub(crate) probing: bool,
}

impl Drop for Selection<'_> {
    fn drop(&mut self) {
        // A member picked for a probe that never began may be probed by the next request.
        if let Some(index) = self.probing {
            let slot = self.roster.members[index].slot;
            slot.replace_state(State::Probe, State::Recover, Moment::NEVER);
        }
    }
}
