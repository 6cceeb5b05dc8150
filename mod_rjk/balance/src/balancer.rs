//! A balancer of this process: its configuration bound to its shared slots.

use crate::binding::Binding;
use crate::choose::bounds::Bounds;
use crate::explain::{Explanation, Ring};
use crate::live::{Current, Live};
use crate::note::MemberNote;
use crate::policy::{Observation, RoutingPolicy};
use crate::record::Recorder;
use crate::roster::Roster;
use crate::shared::member::SharedMember;
use crate::shared::segment::Slots;
use crate::shared::slot::{AjpSlot, BalancerSlot};
use crate::shared::topology::{Topology, UnknownWorker};
use crate::time::Moment;
use crate::worker::AjpWorker;
use bstr::BString;
use rjk_config::model::LbSpec;
use rjk_log::Log;
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// What is kept of the decisions about a balancer's requests.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The last ones, for the status page.
    pub ring: Option<Ring>,
    /// All, or a share of them, in a file.
    pub recorder: Option<Arc<dyn Recorder>>,
}

impl Watch {
    /// Who takes the decisions of the next request down.
    pub(crate) fn recorder_if_wanted(&self) -> Option<&dyn Recorder> {
        let recorder = self.recorder.as_deref();
        recorder.filter(|recorder| recorder.wants())
    }
}

/// What scans of this process leave to each other. A cache line by itself: nearly every request without a
/// session writes the offset, and every request reads what else a balancer has.
#[repr(align(64))]
pub(crate) struct Scans {
    /// Where the next one starts, so that ties rotate (LB-06).
    pub(crate) next_offset: AtomicUsize,
    pub(crate) bounds: Bounds,
}

impl Scans {
    fn new(members: usize) -> Scans {
        Scans {
            next_offset: AtomicUsize::new(0),
            bounds: Bounds::new(members),
        }
    }
}

/// A balancer (contract §4).
pub struct Balancer {
    pub(crate) slots: Slots,
    pub(crate) binding: Binding,
    roster: Live<Roster>,
    pub(crate) policy: Option<Arc<dyn RoutingPolicy>>,
    pub(crate) watch: Watch,
    pub(crate) scans: Scans,
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
        let members = spec.members.len();
        let binding = Binding::new(spec, topology, slots, addresses)?;
        Ok(Balancer {
            slots,
            roster: Live::new(slots.segment.control, || Roster::of(&binding)),
            binding,
            policy,
            watch: Watch::default(),
            scans: Scans::new(members),
        })
    }

    /// The same, of whose decisions that is kept.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Balancer {
        Balancer { watch, ..self }
    }

    /// Its last decisions, the latest first; `None` when they are not kept.
    pub fn explanations(&self) -> Option<Vec<Explanation<'_>>> {
        let policy = self.policy().map_or("", RoutingPolicy::name);
        self.watch.ring.map(|ring| ring.last(policy))
    }

    /// The configuration as the files have it; [`Roster::spec`] has what was changed since.
    pub fn spec(&self) -> &Arc<LbSpec> {
        &self.binding.configured
    }

    /// The balancer as it is now, for one request.
    pub fn roster(&self) -> Current<Roster> {
        let control = self.slots.segment.control;
        self.roster.get(control, || Roster::of(&self.binding))
    }

    /// The workers of its members, in configuration order.
    pub fn workers(&self) -> &[Arc<AjpWorker>] {
        &self.binding.workers
    }

    /// The worker of a member.
    pub fn worker(&self, index: usize) -> Option<&Arc<AjpWorker>> {
        self.binding.workers.get(index)
    }

    /// The routing policy, if the balancer has one.
    pub fn policy(&self) -> Option<&dyn RoutingPolicy> {
        self.policy.as_deref()
    }

    /// The shared record of this balancer.
    pub fn slot(&self) -> &'static BalancerSlot {
        self.binding.slot
    }

    /// The shared record of a member in this balancer.
    pub fn member_slot(&self, index: usize) -> Option<SharedMember> {
        self.binding.members.get(index).copied()
    }

    /// The shared record of a member's worker.
    pub fn ajp_slot(&self, index: usize) -> Option<&'static AjpSlot> {
        self.binding.workers.get(index).map(|worker| worker.slot())
    }

    /// Tells the policy, if there is one, what became of a request.
    pub fn observe(&self, observation: &Observation, now: Moment, log: &dyn Log) {
        if let Some(policy) = &self.policy {
            policy.observe(observation, now, log);
        }
    }

    /// What the notes say of a member at this moment.
    pub fn note(&self, index: usize) -> Option<MemberNote<'_>> {
        self.note_by(&self.roster(), index)
    }

    /// The same for who has the roster. Names do not change while the server runs: the note is not bound to
    /// the roster, and nothing is made anew for it.
    pub fn note_by(&self, roster: &Roster, index: usize) -> Option<MemberNote<'_>> {
        let (name, member) = (
            self.binding.workers.get(index)?.name(),
            roster.members.get(index)?,
        );
        let value = roster.value(index);
        Some(MemberNote::new(name, member, value))
    }

    /// A member's route or domain, as [`crate::Selection::route`] gave it, for who needs it longer than the
    /// roster: what the files have, unless it was changed since.
    pub fn lasting_route(&self, index: usize, route: &[u8]) -> Cow<'_, [u8]> {
        let member = self.binding.configured.members.get(index);
        let known = member.into_iter().flat_map(|member| {
            let domain = member.domain.as_ref();
            std::iter::once(&member.route).chain(domain)
        });
        match known.into_iter().find(|known| **known == *route) {
            Some(known) => Cow::Borrowed(known.as_slice()),
            None => Cow::Owned(route.to_vec()),
        }
    }
}
