//! What a balancer is bound to in the segment.

use crate::shared::ledger::{Column, InFlight};
use crate::shared::member::SharedMember;
use crate::shared::record::{BalancerRecord, MemberRecord};
use crate::shared::segment::Slots;
use crate::shared::slot::{BalancerSlot, MemberLoad, raise};
use crate::shared::states::{StateWord, words_for};
use crate::shared::topology::{Topology, UnknownWorker};
use crate::worker::AjpWorker;
use bstr::BString;
use rjk_config::model::{LbSpec, MemberSpec};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A balancer and its members in the segment; each list has an entry for each configured member.
pub(crate) struct Binding {
    pub(crate) configured: Arc<LbSpec>,
    slots: Slots,
    /// Requests in flight.
    requests: Column,
    /// Place of its first member among all members of all balancers.
    first_member: usize,
    pub(crate) slot: &'static BalancerSlot,
    pub(crate) record: &'static BalancerRecord,
    pub(crate) records: &'static [MemberRecord],
    pub(crate) members: Vec<SharedMember>,
    /// What a scan compares of them.
    pub(crate) loads: &'static [MemberLoad],
    /// Their states.
    pub(crate) states: &'static [StateWord],
    pub(crate) workers: Vec<Arc<AjpWorker>>,
}

impl Binding {
    /// A request enters the balancer.
    pub(crate) fn enter(&self) -> InFlight {
        let entered = self.requests.enter();
        raise(&self.slot.max_busy, entered.count);
        entered
    }

    /// Attempts in flight on a member.
    pub(crate) fn attempts(&self, index: usize) -> Column {
        self.slots.attempts_on(self.first_member + index)
    }

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
        let slot = segment.balancers.get(index).ok_or_else(unknown)?;
        let first_word = topology.first_state_word(name).ok_or_else(unknown)?;
        let words = first_word..first_word + words_for(own.len());
        let states = segment.states.get(words).ok_or_else(unknown)?;
        let loads = segment.loads.get(own.clone()).ok_or_else(unknown)?;
        let records = segment.members.get(own.clone()).ok_or_else(unknown)?;
        let members = std::iter::zip(records, loads).zip(0..);
        let members = members
            .map(|((member, load), index)| SharedMember::new(member, load, slot, states, index));
        let members: Option<Vec<_>> = members.collect();
        Ok(Binding {
            slots,
            requests: slots.requests_for(index),
            first_member,
            slot,
            record: segment.balancer_records.get(index).ok_or_else(unknown)?,
            records: segment
                .member_records
                .get(own.clone())
                .ok_or_else(unknown)?,
            members: members.ok_or_else(unknown)?,
            loads,
            states,
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
        for member in &self.members {
            member.set_value(0);
        }
    }
}
