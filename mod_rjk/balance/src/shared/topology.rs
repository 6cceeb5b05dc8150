//! Which worker has which slot (contract H-05).

use crate::shared::states::PER_WORD;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::{LbSpec, WorkerSpec};
use std::collections::HashMap;

/// The topology or the segment has no slot for a worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no slot in shared memory for worker {0}")]
pub struct UnknownWorker(pub BString);

/// The slot of every worker, member and balancer of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    pub(crate) ajp: HashMap<BString, usize>,
    /// Name of a balancer to its index and the index of its first member.
    pub(crate) balancers: HashMap<BString, (usize, usize)>,
    pub(crate) members: usize,
}

impl Topology {
    /// Numbers the workers in order of appearance; the members of a balancer are neighbours.
    pub fn new(workers: &[WorkerSpec]) -> Topology {
        let mut topology = Topology::default();
        for worker in workers {
            match worker {
                WorkerSpec::Ajp(spec) => topology.add_ajp(&spec.name),
                WorkerSpec::Lb(spec) => topology.add_lb(spec),
                WorkerSpec::Status(_) | WorkerSpec::Legacy(_) => {}
            }
        }
        topology
    }

    /// Index of the [`AjpSlot`] of a worker, by itself or as a member (LB-05).
    pub fn ajp_column(&self, name: &[u8]) -> Option<usize> {
        self.ajp.get(name.as_bstr()).copied()
    }

    /// Index of the [`BalancerSlot`] of a balancer.
    pub fn balancer_index(&self, name: &[u8]) -> Option<usize> {
        self.balancers.get(name.as_bstr()).map(|&(index, _)| index)
    }

    /// Index of the [`MemberSlot`] of the first member of a balancer; the others follow it in
    /// configuration order.
    pub fn first_member(&self, balancer: &[u8]) -> Option<usize> {
        self.balancers
            .get(balancer.as_bstr())
            .map(|&(_, first)| first)
    }

    /// Index of the [`StateWord`](crate::StateWord) of the first members of a balancer. Each begins a new
    /// one: before it stand at most the words that so many members fill, and a part of one for each
    /// balancer before it.
    pub(crate) fn first_state_word(&self, balancer: &[u8]) -> Option<usize> {
        let (index, first) = self.balancers.get(balancer.as_bstr())?;
        Some(first / PER_WORD + index)
    }

    /// Names of all ajp workers with their slots, in no particular order.
    pub fn ajp_workers(&self) -> impl Iterator<Item = (&BStr, usize)> {
        self.ajp
            .iter()
            .map(|(name, &column)| (name.as_bstr(), column))
    }

    fn add_ajp(&mut self, name: &BString) {
        let next = self.ajp.len();
        self.ajp.entry(name.clone()).or_insert(next);
    }

    fn add_lb(&mut self, spec: &LbSpec) {
        if self.balancers.contains_key(&spec.name) {
            return;
        }
        let place = (self.balancers.len(), self.members);
        self.balancers.insert(spec.name.clone(), place);
        self.members += spec.members.len();
        for member in &spec.members {
            self.add_ajp(&member.ajp.name);
        }
    }
}
