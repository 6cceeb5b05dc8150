//! Which worker has which slot, and where the slots lie in the segment (contract H-04, H-05).

use crate::shared::ledger::{Cell, RowOwner, cells_per_row};
use crate::shared::policy_slot::PolicySlot;
use crate::shared::segment::Header;
use crate::shared::slot::{AjpSlot, BalancerSlot, MemberSlot};
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::{LbSpec, WorkerSpec};
use std::collections::HashMap;

/// The slot of every worker, member and balancer of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    ajp: HashMap<BString, usize>,
    /// Name of a balancer to its index and the index of its first member.
    balancers: HashMap<BString, (usize, usize)>,
    members: usize,
}

impl Topology {
    /// Numbers the workers in order of appearance; the members of a balancer are neighbours.
    pub fn new(workers: &[WorkerSpec]) -> Topology {
        let mut topology = Topology::default();
        for worker in workers {
            match worker {
                WorkerSpec::Ajp(spec) => topology.add_ajp(&spec.name),
                WorkerSpec::Lb(spec) => topology.add_lb(spec),
                WorkerSpec::Status(_) => {}
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

/// How many slots of each kind a segment holds, with room for workers added while running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Number of [`AjpSlot`]s.
    pub ajp: usize,
    /// Number of [`MemberSlot`]s.
    pub members: usize,
    /// Number of [`BalancerSlot`]s.
    pub balancers: usize,
    /// Number of [`PolicySlot`]s.
    pub policies: usize,
    /// Ledger rows that children can claim: the most children alive at once, old ones included.
    pub rows: usize,
}

/// Byte offsets of the parts of a segment; each is a multiple of 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// One [`Header`].
    pub header: usize,
    /// [`Layout::ajp`] times [`AjpSlot`].
    pub ajp: usize,
    /// [`Layout::members`] times [`MemberSlot`].
    pub members: usize,
    /// [`Layout::balancers`] times [`BalancerSlot`].
    pub balancers: usize,
    /// [`Layout::policies`] times [`PolicySlot`].
    pub policies: usize,
    /// [`Layout::rows`] times [`RowOwner`].
    pub owners: usize,
    /// [`Layout::cells`] times [`Cell`].
    pub cells: usize,
    /// Size of the whole segment.
    pub total_bytes: usize,
}

impl Layout {
    /// Room for a configuration and a quarter more, at least 16 more of each kind.
    pub fn new(topology: &Topology, rows: usize) -> Layout {
        Layout {
            ajp: with_spare(topology.ajp.len()),
            members: with_spare(topology.members),
            balancers: with_spare(topology.balancers.len()),
            policies: 0,
            rows,
        }
    }

    /// The same with room for this many policies, one for each `[policy.NAME]`.
    pub fn with_policies(self, policies: usize) -> Layout {
        Layout { policies, ..self }
    }

    /// Number of [`Cell`]s: a row for each child, and one for children that found no free row.
    pub fn cells(&self) -> usize {
        (self.rows + 1) * cells_per_row(self.ajp, self.balancers)
    }

    /// Where the parts lie.
    pub fn offsets(&self) -> Offsets {
        let mut end = 0;
        let mut place = |size: usize, count: usize| {
            let start = end;
            end += size * count;
            start
        };
        let header = place(size_of::<Header>(), 1);
        let ajp = place(size_of::<AjpSlot>(), self.ajp);
        let members = place(size_of::<MemberSlot>(), self.members);
        let balancers = place(size_of::<BalancerSlot>(), self.balancers);
        let policies = place(size_of::<PolicySlot>(), self.policies);
        let owners = place(size_of::<RowOwner>(), self.rows);
        let cells = place(size_of::<Cell>(), self.cells());
        Offsets {
            header,
            ajp,
            members,
            balancers,
            policies,
            owners,
            cells,
            total_bytes: end,
        }
    }
}

fn with_spare(count: usize) -> usize {
    count + count.div_ceil(4).max(16)
}
