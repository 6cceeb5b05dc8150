//! What a balancer is bound to in the segment.

use crate::shared::record::{BalancerRecord, MemberRecord};
use crate::shared::segment::Slots;
use crate::shared::slot::{BalancerSlot, MemberSlot};
use crate::shared::topology::{Topology, UnknownWorker};
use crate::worker::AjpWorker;
use bstr::BString;
use rjk_config::model::{LbSpec, MemberSpec};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A balancer and its members in the segment; each list has an entry for each configured member.
pub(crate) struct Binding {
    pub(crate) configured: Arc<LbSpec>,
    pub(crate) index: usize,
    /// Place of its first member among all members of all balancers.
    pub(crate) first_member: usize,
    pub(crate) slot: &'static BalancerSlot,
    pub(crate) record: &'static BalancerRecord,
    pub(crate) records: &'static [MemberRecord],
    pub(crate) slots: &'static [MemberSlot],
    pub(crate) workers: Vec<Arc<AjpWorker>>,
}

impl Binding {
    /// What the topology gives to this balancer.
    pub(crate) fn new(
        configured: Arc<LbSpec>,
        topology: &Topology,
        slots: Slots,
        addresses: &HashMap<BString, Vec<SocketAddr>>,
    ) -> Result<Binding, UnknownWorker> {
        let unknown = || UnknownWorker(configured.name.clone());
        let name = &configured.name;
        let index = topology.balancer_index(name).ok_or_else(unknown)?;
        let first_member = topology.first_member(name).ok_or_else(unknown)?;
        let own = first_member..first_member + configured.members.len();
        let segment = &slots.segment;
        let worker = |member: &MemberSpec| {
            let known = addresses.get(&member.ajp.name);
            let known = known.map_or(&[][..], Vec::as_slice);
            AjpWorker::new(&member.ajp, known, topology, slots).map(Arc::new)
        };
        Ok(Binding {
            index,
            first_member,
            slot: segment.balancers.get(index).ok_or_else(unknown)?,
            record: segment.balancer_records.get(index).ok_or_else(unknown)?,
            records: segment
                .member_records
                .get(own.clone())
                .ok_or_else(unknown)?,
            slots: segment.members.get(own).ok_or_else(unknown)?,
            workers: configured
                .members
                .iter()
                .map(worker)
                .collect::<Result<_, _>>()?,
            configured,
        })
    }

    /// All members begin with a load of zero (V-10). A load that is worked out stays.
    pub(crate) fn zero_values(&self) {
        for slot in self.slots {
            slot.value.store(0, Relaxed);
        }
    }
}
