//! What is counted of a connection that outlives its attempt.

use crate::live::AsOf;
use crate::outcome::Traffic;
use crate::roster::Roster;
use crate::shared::slot::AjpSlot;
use std::sync::Arc;

/// Where the bytes are counted that go through a connection after its attempt ended, for it became
/// a tunnel.
pub struct Afterwards {
    slot: &'static AjpSlot,
    member: Option<(Arc<AsOf<Roster>>, usize)>,
}

impl Afterwards {
    /// Of a worker that was asked without a balancer.
    pub fn of_worker(slot: &'static AjpSlot) -> Afterwards {
        Afterwards { slot, member: None }
    }

    /// Of this member of a balancer.
    pub(crate) fn of_member(roster: &Arc<AsOf<Roster>>, index: usize) -> Afterwards {
        Afterwards {
            slot: roster.members[index].ajp,
            member: Some((Arc::clone(roster), index)),
        }
    }

    /// So much went through it. To the balancing methods it is the end of an attempt like any other.
    pub fn moved(&self, traffic: Traffic) {
        self.slot.add_traffic(traffic);
        if let Some((roster, index)) = &self.member {
            let member = &roster.members[*index];
            let method = roster.method;
            method.on_finish(&member.slot, member.multiplier, traffic);
        }
    }
}
