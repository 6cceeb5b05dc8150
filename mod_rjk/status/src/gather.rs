//! The model of the running server: what stands in the shared memory, with what is worked out from it.

use crate::model::{
    BalancerSettings, BalancerView, ErrorTime, Head, MapView, MemberView, Past, Ratings, Span,
    WorkerView,
};
use crate::site::Site;
use crate::{decisions, maps, policy};
use bstr::{BStr, ByteSlice};
use rjk_balance::snapshot::{BalancerSnapshot, EndpointSnapshot, MemberSnapshot, Window};
use rjk_balance::{AjpWorker, Balancer, Happened, State};
use rjk_config::model::{LbSpec, RatedState, StatusSpec};
use std::time::Duration;

/// Reads the running server for one request.
pub(crate) struct Gather<'a> {
    pub(crate) site: &'a Site<'a>,
    pub(crate) spec: &'a StatusSpec,
    /// Members are left out.
    pub(crate) hides_members: bool,
    /// Rules are left out.
    pub(crate) hides_maps: bool,
}

impl Gather<'_> {
    /// Server, time and versions.
    pub(crate) fn head(&self) -> Head {
        let site = self.site;
        Head {
            name: site.name.into(),
            port: site.port,
            time: (site.calendar)(i64::try_from(site.clock.unix.as_secs()).unwrap_or(i64::MAX)),
            web_server: site.web_server.into(),
            jk_version: concat!("mod_rjk/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// A balancer with all members that are shown, or with one.
    pub(crate) fn balancer(&self, balancer: &Balancer, only: Option<usize>) -> BalancerView {
        let site = self.site;
        let snapshot = BalancerSnapshot::of(balancer, &site.clock, site.maintain);
        let name = snapshot.spec.name.clone();
        let maps = self.maps(name.as_bstr());
        let last_reset = Past::of(snapshot.last_reset);
        let members = snapshot.members.into_iter().enumerate();
        let all: Vec<MemberView> = members
            .map(|(index, member)| self.member(index, member))
            .collect();
        BalancerView {
            name,
            settings: settings(&snapshot.spec),
            member_count: all.len(),
            ratings: self.ratings(&all),
            busy: snapshot.busy,
            max_busy: snapshot.max_busy,
            map_count: maps.len(),
            maintenance: span(snapshot.time_to_maintenance),
            last_reset,
            members: match only {
                _ if self.hides_members => Vec::new(),
                None => all,
                Some(index) => all.into_iter().filter(|view| view.index == index).collect(),
            },
            maps: if self.hides_maps { Vec::new() } else { maps },
            policy: balancer.policy().and_then(policy::view),
            decisions: match only {
                None => decisions::of(balancer, &site.clock),
                Some(_) => None,
            },
        }
    }

    fn member(&self, index: usize, member: MemberSnapshot) -> MemberView {
        let spec = member.spec;
        MemberView {
            index,
            last_reset: Past::of(member.endpoint.last_reset),
            endpoint: member.endpoint,
            activation: spec.activation,
            lbfactor: spec.lbfactor,
            route: spec.route,
            redirect: spec.redirect.unwrap_or_default(),
            domain: spec.domain.unwrap_or_default(),
            distance: spec.distance,
            state: member.state,
            multiplier: member.multiplier,
            value: member.value,
            sessions: member.sessions,
            errors: member.errors,
            recovery: span(member.time_to_recover),
            error_time: member.error.map(|happened| self.error_time(happened)),
        }
    }

    /// A worker without a balancer.
    pub(crate) fn worker(&self, worker: &AjpWorker) -> WorkerView {
        let snapshot = EndpointSnapshot::of(worker, &self.site.clock);
        let maps = self.maps(worker.name());
        WorkerView {
            map_count: maps.len(),
            last_reset: Past::of(snapshot.last_reset),
            error_time: snapshot.error.map(|happened| self.error_time(happened)),
            maps: if self.hides_maps { Vec::new() } else { maps },
            endpoint: snapshot,
        }
    }

    fn maps(&self, worker: &BStr) -> Vec<MapView> {
        maps::of(worker, &self.site.maps)
    }

    /// How many members are good, degraded and bad; who is both counts as bad (OUT-12).
    fn ratings(&self, members: &[MemberView]) -> Ratings {
        let mut ratings = Ratings::default();
        for member in members {
            let state = rated(member.state);
            if self.spec.bad.contains(member.activation, state) {
                ratings.bad += 1;
            } else if self.spec.good.contains(member.activation, state) {
                ratings.good += 1;
            } else {
                ratings.degraded += 1;
            }
        }
        ratings
    }

    fn error_time(&self, happened: Happened) -> ErrorTime {
        let Past { unix, ago } = Past::of(happened);
        ErrorTime {
            at: (self.site.calendar)(unix),
            ago,
        }
    }
}

fn settings(spec: &LbSpec) -> BalancerSettings {
    BalancerSettings {
        sticky_session: spec.sticky_session,
        sticky_session_force: spec.sticky_session_force,
        retries: spec.retries,
        retry_interval: u64::try_from(spec.retry_interval.as_millis()).unwrap_or(u64::MAX),
        recover_time: spec.recover_time.as_secs(),
        error_escalation_time: spec.error_escalation_time.as_secs(),
        max_reply_timeouts: spec.max_reply_timeouts,
        method: spec.method.as_str(),
        lock: spec.lock.as_str(),
    }
}

fn span(window: Window) -> Span {
    Span {
        min: whole_seconds(window.min),
        max: whole_seconds(window.max),
    }
}

/// A wait is not over before its last second is.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn rated(state: State) -> RatedState {
    match state {
        State::Ok => RatedState::Ok,
        State::Idle => RatedState::Idle,
        State::Busy => RatedState::Busy,
        State::Recover | State::Force | State::Probe => RatedState::Recovering,
        State::Error => RatedState::Error,
    }
}
