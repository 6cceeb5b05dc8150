//! A balancer of this process: its configuration bound to its shared slots.

use crate::cookie::set_cookie;
use crate::load::{self, Method};
use crate::note::MemberNote;
use crate::overlay::codec::decode;
use crate::overlay::{BalancerOverlay, EndpointOverlay, MemberOverlay, Overlay as _, laid};
use crate::overrides::ActivationOverrides;
use crate::policy::{Observation, RoutingPolicy};
use crate::rounds::Rounds;
use crate::session::SessionRoutes;
use crate::shared::record::{BalancerRecord, MemberRecord};
use crate::shared::segment::Slots;
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberSlot};
use crate::shared::topology::Topology;
use crate::time::Moment;
use crate::worker::AjpWorker;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::{Activation, LbSpec, MemberSpec, RuleExtensions};
use rjk_log::Log;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The topology or the segment has no slot for a worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no slot in shared memory for worker {0}")]
pub struct UnknownWorker(pub BString);

/// A balancer (contract §4).
pub struct Balancer {
    pub(crate) spec: Arc<LbSpec>,
    pub(crate) slots: Slots,
    pub(crate) index: usize,
    pub(crate) slot: &'static BalancerSlot,
    pub(crate) member_slots: &'static [MemberSlot],
    /// Place of the first of them among all members of all balancers.
    pub(crate) first_member: usize,
    pub(crate) record: &'static BalancerRecord,
    pub(crate) member_records: &'static [MemberRecord],
    /// The workers of its members.
    pub(crate) workers: Vec<Arc<AjpWorker>>,
    pub(crate) members: Vec<Member>,
    /// Member of each route (SS-09).
    pub(crate) by_route: HashMap<BString, usize>,
    /// Members of each domain in configuration order (SS-10).
    pub(crate) by_domain: HashMap<BString, Vec<usize>>,
    pub(crate) method: &'static dyn Method,
    pub(crate) policy: Option<Arc<dyn RoutingPolicy>>,
    /// Where the next scan starts, so that ties rotate (LB-06); of this process only.
    pub(crate) next_offset: AtomicUsize,
}

/// What a scan needs of a member, close together.
pub(crate) struct Member {
    pub(crate) distance: i32,
    pub(crate) activation: Activation,
    pub(crate) multiplier: u64,
    pub(crate) column: usize,
    pub(crate) ajp: &'static AjpSlot,
}

impl Balancer {
    /// Binds a configured balancer to the slots that the topology gives it. `addresses` says where its
    /// members listen, by their names.
    ///
    /// # Errors
    /// [`UnknownWorker`] when topology or segment were made for another configuration.
    pub fn new(
        spec: Arc<LbSpec>,
        topology: &Topology,
        slots: Slots,
        addresses: &HashMap<BString, Vec<SocketAddr>>,
        policy: Option<Arc<dyn RoutingPolicy>>,
    ) -> Result<Balancer, UnknownWorker> {
        let unknown = || UnknownWorker(spec.name.clone());
        let index = topology.balancer_index(&spec.name).ok_or_else(unknown)?;
        let first = topology.first_member(&spec.name).ok_or_else(unknown)?;
        let count = spec.members.len();
        let slot = slots.segment.balancers.get(index).ok_or_else(unknown)?;
        let segment = &slots.segment;
        let record = segment.balancer_records.get(index).ok_or_else(unknown)?;
        let own = first..first + count;
        let member_slots = segment.members.get(own.clone()).ok_or_else(unknown)?;
        let member_records = segment.member_records.get(own).ok_or_else(unknown)?;
        let worker = |member: &MemberSpec| {
            let known = addresses.get(&member.ajp.name);
            let known = known.map_or(&[][..], Vec::as_slice);
            AjpWorker::new(&member.ajp, known, topology, slots).map(Arc::new)
        };
        let workers = spec.members.iter().map(worker).collect::<Result<_, _>>()?;
        let members = std::iter::zip(&spec.members, load::multipliers_of(&spec))
            .map(|(member, multiplier)| Member::new(member, multiplier, topology, &slots))
            .collect::<Result<_, _>>()?;
        let mut by_route = HashMap::with_capacity(count);
        let mut by_domain: HashMap<BString, Vec<usize>> = HashMap::new();
        for (index, member) in spec.members.iter().enumerate() {
            by_route.entry(member.route.clone()).or_insert(index);
            if let Some(domain) = member.domain.as_ref().filter(|name| !name.is_empty()) {
                by_domain.entry(domain.clone()).or_default().push(index);
            }
        }
        Ok(Balancer {
            slots,
            index,
            slot,
            member_slots,
            first_member: first,
            record,
            member_records,
            workers,
            members,
            by_route,
            by_domain,
            method: load::of(spec.method),
            policy,
            next_offset: AtomicUsize::new(0),
            spec,
        })
    }

    /// The configuration.
    pub fn spec(&self) -> &Arc<LbSpec> {
        &self.spec
    }

    /// The members in configuration order.
    pub fn members(&self) -> &[MemberSpec] {
        &self.spec.members
    }

    /// The worker of a member.
    pub fn worker(&self, index: usize) -> Option<&Arc<AjpWorker>> {
        self.workers.get(index)
    }

    /// The configuration with what was changed since, read from the records.
    pub(crate) fn effective_spec(&self) -> LbSpec {
        let mut spec: LbSpec = laid(&decode::<BalancerOverlay>(&self.record.read()), &self.spec);
        let bound = std::iter::zip(self.member_records, &self.workers);
        for (member, (record, worker)) in std::iter::zip(&mut spec.members, bound) {
            decode::<MemberOverlay>(&record.read()).apply(member);
            decode::<EndpointOverlay>(&worker.record.read()).apply(&mut member.ajp);
        }
        spec
    }

    /// All members begin with a load of zero (V-10). A load that is worked out stays.
    pub(crate) fn zero_values(&self) {
        for slot in self.member_slots {
            slot.value.store(0, Relaxed);
        }
    }

    /// The routing policy, if the balancer has one.
    pub fn policy(&self) -> Option<&dyn RoutingPolicy> {
        self.policy.as_deref()
    }

    /// The shared record of this balancer.
    pub fn slot(&self) -> &'static BalancerSlot {
        self.slot
    }

    /// The shared record of a member in this balancer.
    pub fn member_slot(&self, index: usize) -> Option<&'static MemberSlot> {
        self.member_slots.get(index)
    }

    /// The shared record of a member's worker.
    pub fn ajp_slot(&self, index: usize) -> Option<&'static AjpSlot> {
        self.members.get(index).map(|member| member.ajp)
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
        ActivationOverrides::new(rule, &self.spec.members)
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

    /// Value of the Set-Cookie header for an attempt that is not sticky (SS-16, BG-07); `None`
    /// when no cookie is wanted. `route` is that of the member; only the cookie of the last
    /// attempt is to be sent (BG-05).
    pub fn session_cookie(
        &self,
        route: &[u8],
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
        Some(set_cookie(name, route, path, secure))
    }

    /// Tells the policy, if there is one, what became of a request.
    pub fn observe(&self, observation: &Observation, now: Moment, log: &dyn Log) {
        if let Some(policy) = &self.policy {
            policy.observe(observation, now, log);
        }
    }

    /// Load V of a member (LB-02).
    pub(crate) fn value(&self, index: usize) -> u64 {
        let multiplier = self.members[index].multiplier;
        self.method.value(&self.member_slots[index], multiplier)
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

    /// What the notes say of a member at this moment.
    pub fn note(&self, index: usize) -> Option<MemberNote> {
        let (spec, member) = (self.spec.members.get(index)?, self.members.get(index)?);
        let slot = self.member_slot(index)?;
        Some(MemberNote::new(
            spec,
            member.activation,
            self.value(index),
            slot,
            member.ajp,
        ))
    }
}

impl Member {
    fn new(
        spec: &MemberSpec,
        multiplier: u64,
        topology: &Topology,
        slots: &Slots,
    ) -> Result<Member, UnknownWorker> {
        let unknown = || UnknownWorker(spec.ajp.name.clone());
        let column = topology.ajp_column(&spec.ajp.name).ok_or_else(unknown)?;
        let ajp = slots.segment.ajp.get(column).ok_or_else(unknown)?;
        Ok(Member {
            distance: spec.distance,
            activation: spec.activation,
            multiplier,
            column,
            ajp,
        })
    }
}
