//! A balancer and its members as of one moment: what the files say with what was changed since, in the
//! form in which requests need it (LB-01, LB-04).
//!
//! A request that has a roster goes on with it to its end or its next round, whatever is edited
//! meanwhile (design §8).

use crate::binding::Binding;
use crate::cookie::set_cookie;
use crate::load::{self, Method};
use crate::membership::Membership;
use crate::overlay::codec::decode;
use crate::overlay::{BalancerOverlay, EndpointOverlay, MemberOverlay, Overlay as _, laid};
use crate::overrides::{ActivationOverrides, OfRules};
use crate::rounds::Rounds;
use crate::session::SessionRoutes;
use crate::shared::ledger::{Column, InFlight};
use crate::shared::member::SharedMember;
use crate::shared::slot::{AjpSlot, add};
use crate::tiers::Tiers;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::{Activation, LbSpec, MemberSpec, RuleExtensions};
use std::collections::HashMap;
use std::sync::Arc;

/// A balancer and its members as of one moment.
pub struct Roster {
    pub(crate) spec: LbSpec,
    pub(crate) members: Vec<Member>,
    /// Which of them a request without a session may take, by distance.
    pub(crate) tiers: Arc<Tiers>,
    /// What rules change of that.
    pub(crate) rules: OfRules,
    /// Member of each route (SS-09).
    pub(crate) by_route: HashMap<BString, usize>,
    /// Members of each domain in configuration order (SS-10).
    pub(crate) by_domain: HashMap<BString, Vec<usize>>,
    pub(crate) method: &'static dyn Method,
    /// Index of the member with the largest packets.
    largest: usize,
    /// What a policy is told of all this.
    pub(crate) membership: Arc<Membership>,
}

/// What requests need of a member, close together.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) distance: i32,
    pub(crate) activation: Activation,
    pub(crate) multiplier: u64,
    /// Requests in flight on its worker.
    pub(crate) requests: Column,
    /// Attempts in flight on it in this balancer.
    pub(crate) attempts: Column,
    pub(crate) slot: SharedMember,
    pub(crate) ajp: &'static AjpSlot,
}

impl Member {
    /// A request enters its worker: one more in flight, one more use.
    pub(crate) fn enter(&self) -> InFlight {
        add(&self.ajp.used, 1);
        self.requests.enter()
    }
}

impl Roster {
    /// Reads the records of a balancer.
    pub(crate) fn of(binding: &Binding) -> Roster {
        let spec = effective(binding);
        let bound = std::iter::zip(&binding.members, &binding.workers);
        let multipliers = load::multipliers_of(&spec);
        let members: Vec<Member> = std::iter::zip(&spec.members, multipliers)
            .zip(bound)
            .zip(0..)
            .map(|(((member, multiplier), (slot, worker)), index)| Member {
                distance: member.distance,
                activation: member.activation,
                multiplier,
                requests: worker.requests(),
                attempts: binding.attempts(index),
                slot: *slot,
                ajp: worker.slot(),
            })
            .collect();
        let mut by_route = HashMap::with_capacity(spec.members.len());
        let mut by_domain: HashMap<BString, Vec<usize>> = HashMap::new();
        for (index, member) in spec.members.iter().enumerate() {
            by_route.entry(member.route.clone()).or_insert(index);
            if let Some(domain) = member.domain.as_ref().filter(|name| !name.is_empty()) {
                by_domain.entry(domain.clone()).or_default().push(index);
            }
        }
        let packet_size = |index: &usize| spec.members[*index].ajp.max_packet_size;
        Roster {
            tiers: Arc::new(Tiers::of(&members)),
            rules: OfRules::default(),
            members,
            by_route,
            by_domain,
            method: load::of(spec.method),
            largest: (0..spec.members.len()).max_by_key(packet_size).unwrap_or(0),
            membership: Arc::new(Membership::of(&spec)),
            spec,
        }
    }

    /// The configuration with what was changed since.
    pub fn spec(&self) -> &LbSpec {
        &self.spec
    }

    /// Index of the member with the largest packets (L-17).
    pub fn largest(&self) -> usize {
        self.largest
    }

    /// The rounds of one request (§4.6 step 2).
    pub fn rounds(&self) -> Rounds {
        let spec = &self.spec;
        Rounds::new(
            spec.members.len(),
            spec.lb_retries,
            spec.retries,
            spec.retry_interval,
        )
    }

    /// The activations that a rule overrides; members that this balancer does not have are skipped.
    pub fn overrides(&self, rule: &RuleExtensions) -> ActivationOverrides {
        ActivationOverrides::of_rule(self, rule)
    }

    /// The same for a request that the members of `spared` get only if they have its session.
    pub fn overrides_sparing(
        &self,
        rule: &RuleExtensions,
        spared: impl Fn(&MemberSpec) -> bool,
    ) -> ActivationOverrides {
        self.overrides(rule).sparing(self, spared)
    }

    /// The session ids of a request under a rule: none when stickiness is off (SS-01), else by the
    /// names of the rule or of the balancer. Whether a rule or the environment ignores
    /// the session is the caller's to say.
    pub fn session_routes<'a>(
        &self,
        rule: &RuleExtensions,
        jk_route: Option<&'a [u8]>,
        path: &'a [u8],
        cookies: impl IntoIterator<Item = &'a [u8]>,
    ) -> SessionRoutes<'a> {
        if !self.spec.sticky_session {
            return SessionRoutes::default();
        }
        let cookie_name = rule
            .session_cookie
            .as_ref()
            .unwrap_or(&self.spec.session_cookie);
        let path_name = rule
            .session_path
            .as_ref()
            .unwrap_or(&self.spec.session_path);
        SessionRoutes::new(jk_route, path, cookies, cookie_name, path_name)
    }

    /// Value of the Set-Cookie header for an attempt on a member that is not sticky (SS-16, BG-07);
    /// `None` when no cookie is wanted. Only the cookie of the last attempt is to be sent (BG-05).
    pub fn session_cookie(
        &self,
        index: usize,
        rule: &RuleExtensions,
        secure: bool,
    ) -> Option<Vec<u8>> {
        if !self.spec.set_session_cookie && !rule.set_session_cookie {
            return None;
        }
        let name = rule
            .session_cookie
            .as_ref()
            .unwrap_or(&self.spec.session_cookie);
        let path = rule
            .session_cookie_path
            .as_ref()
            .unwrap_or(&self.spec.session_cookie_path);
        let route = &self.spec.members.get(index)?.route;
        Some(set_cookie(name, route, path, secure))
    }

    /// Load V of a member (LB-02).
    pub(crate) fn value(&self, index: usize) -> u64 {
        let member = &self.members[index];
        self.method.value(&member.slot, member.multiplier)
    }

    pub(crate) fn name(&self, index: usize) -> &BStr {
        self.spec.members[index].ajp.name.as_bstr()
    }

    /// Whether a member has fewer requests in flight than its `busy_limit`.
    pub(crate) fn below_busy_limit(&self, index: usize) -> bool {
        let limit = self.spec.members[index]
            .ajp
            .busy_limit
            .filter(|&limit| limit > 0);
        limit.is_none_or(|limit| self.members[index].ajp.busy() < u64::from(limit))
    }
}

/// The configuration with what was changed since, read from the records.
fn effective(binding: &Binding) -> LbSpec {
    let overlay: BalancerOverlay = decode(&binding.record.read());
    let mut spec = laid(&overlay, &binding.configured);
    let bound = std::iter::zip(binding.records, &binding.workers);
    for (member, (record, worker)) in std::iter::zip(&mut spec.members, bound) {
        decode::<MemberOverlay>(&record.read()).apply(member);
        decode::<EndpointOverlay>(&worker.record.read()).apply(&mut member.ajp);
    }
    spec
}
