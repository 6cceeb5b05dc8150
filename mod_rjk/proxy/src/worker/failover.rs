//! The failover loop of one request over the members of a balancer (contract §4.6).

use super::account::{count_made_good, ended, no_place, outcome, over_limit};
use super::attempt::Attempt;
use super::contact::Contact;
use super::endpoint::Endpoint;
use crate::clock::now;
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::report::Report;
use crate::job::{Forwarding, Served, Target};
use crate::way::pool::Checkout;
use rjk_balance::{
    Balancer, Choice, DecidedBy, Label, Lease, Missing, Moment, Pick, Round, Selection,
};
use rjk_log::{Log, jk_log};

/// The failover loop of one request.
pub(crate) struct Failover<'b, 'a, 'r, 'j> {
    pub(crate) balancer: &'b Balancer,
    pub(crate) endpoints: &'a [Endpoint],
    pub(crate) selection: &'j mut Selection<'a>,
    pub(crate) job: &'j mut Forwarding<'r>,
    pub(crate) log: &'a dyn Log,
    /// It asks for a WebSocket, which only some members have.
    pub(crate) only_websocket: bool,
    pub(crate) report: &'j mut Report<'b>,
}

impl<'b: 'a, 'a> Failover<'b, 'a, '_, '_> {
    /// Goes on until somebody serves the request, or nobody may try any more. `begun` is now.
    pub(crate) fn run(&mut self, begun: Moment) -> Result<Served, Failure> {
        let mut rounds = self.selection.roster().rounds();
        let (mut last, mut begun) = (None, Some(begun));
        loop {
            match rounds.next() {
                Round::Exhausted => break,
                Round::NewRound(pause) => {
                    std::thread::sleep(pause);
                    self.selection.next_round(now());
                    continue;
                }
                Round::Attempt => {}
            }
            let pick = self.selection.pick(begun.take().unwrap_or_else(now));
            self.report.decided_by = Some(self.decided_by());
            let verdict = self.selection.verdict();
            self.report.label = verdict.map_or_else(Label::default, |verdict| verdict.label);
            let failure = match pick {
                Pick::Member(choice) => match self.try_member(&choice) {
                    Ok(served) => return Ok(served),
                    Err(failure) => failure,
                },
                Pick::NoMember(missing) => self.no_member(missing),
                Pick::Reject(refusal) => return Ok(Served::Refused(refusal)),
            };
            if !failure.retry {
                return Err(failure);
            }
            last = Some(failure);
        }
        Err(last.unwrap_or_else(|| self.no_member(Missing::Unusable)))
    }

    fn no_member(&self, missing: Missing) -> Failure {
        let cause = match self.only_websocket {
            false => Cause::NoMember(missing),
            true => Cause::NoMemberWithWebSocket(missing),
        };
        Failure::unsent(Phase::Select, cause)
    }

    fn try_member(&mut self, choice: &Choice) -> Result<Served, Failure> {
        let attempt = Attempt::begin(self.balancer, self.selection, choice, self.log);
        // What an attempt before this one moved is not this member's.
        self.job.begin_call();
        let result = self.serve_by(choice);
        self.note(choice);
        let ended = ended(&result, self.job.traffic.sent > 0);
        if result.is_err() {
            self.selection.failed(choice.index, ended);
        }
        if let Some(attempt) = attempt {
            attempt.end(ended, &self.job.heard);
        }
        result
    }

    fn serve_by(&mut self, choice: &Choice) -> Result<Served, Failure> {
        let member = &self.endpoints[choice.index];
        let contact = member.contact();
        if self.only_websocket && contact.spec().way.websocket().is_none() {
            let cause = Cause::MemberWithoutWebSocket(contact.spec().name.clone());
            return Err(Failure::last(Phase::Select, cause));
        }
        let Some(mut checkout) = member.pool().checkout() else {
            self.selection.no_endpoint(choice.index, now());
            return Err(no_place(member));
        };
        let lease = Lease::begin(self.selection, choice);
        let result = match over_limit(contact.spec(), lease.busy()) {
            Some(failure) => Err(failure),
            None => {
                lease.admitted();
                self.call(&contact, &mut checkout, choice)
            }
        };
        drop(checkout);
        self.job.count_afterwards(|| lease.afterwards());
        let outcome = outcome(&result, self.job.timeouts);
        let traffic = self.job.traffic;
        let local = lease.finish(outcome, traffic, self.job.heard.waited, now());
        self.selection.settle(choice.index, local);
        if let Some(slot) = self.balancer.ajp_slot(choice.index) {
            count_made_good(&result, slot, self.job.timeouts);
        }
        result.inspect_err(|failure| {
            let name = &contact.spec().name;
            jk_log!(
                self.log,
                Info,
                "member {name} of {} {failure}",
                self.balancer.spec().name
            );
        })
    }

    fn call(
        &mut self,
        contact: &Contact,
        checkout: &mut Checkout<'_>,
        choice: &Choice,
    ) -> Result<Served, Failure> {
        let request = self.job.request;
        let roster = self.selection.roster();
        let is_ssl = request.forward.is_ssl;
        let cookie = (!choice.sticky)
            .then(|| roster.session_cookie(choice.index, request.rule, is_ssl))
            .flatten();
        let target = Target {
            route: Some(self.selection.route(choice)),
            activation: choice.activation.as_str().as_bytes(),
            cookie: cookie.as_deref(),
        };
        contact.call(checkout, self.job, target, self.log)
    }

    fn decided_by(&self) -> DecidedBy<'b> {
        let policy = self.balancer.policy();
        let name = policy.map_or("", |policy| policy.name());
        self.selection.decided_by().with_name(name)
    }

    /// Keeps what the notes say of a member that was tried (T-04…T-24).
    fn note(&mut self, choice: &Choice) {
        let note = self.balancer.note_by(self.selection.roster(), choice.index);
        self.report.first = self.report.first.or(note);
        self.report.last = note;
        let route = self.selection.route(choice);
        self.report.route = Some(self.balancer.lasting_route(choice.index, route));
    }
}
