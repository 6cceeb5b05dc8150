//! What is counted of a connection that outlives its attempt.

use crate::load::Method;
use crate::outcome::Traffic;
use crate::roster::Member;
use crate::shared::slot::AjpSlot;

/// Where the bytes are counted that go through a connection after its attempt ended, for it became
/// a tunnel.
pub struct Afterwards {
    slot: &'static AjpSlot,
    member: Option<(Member, &'static dyn Method)>,
}

impl Afterwards {
    /// Of a worker that was asked without a balancer.
    pub fn of_worker(slot: &'static AjpSlot) -> Afterwards {
        Afterwards { slot, member: None }
    }

    /// Of this member of a balancer.
    pub(crate) fn of_member(member: &Member, method: &'static dyn Method) -> Afterwards {
        Afterwards {
            slot: member.ajp,
            member: Some((*member, method)),
        }
    }

    /// So much went through it. To the balancing methods it is the end of an attempt like any other.
    pub fn moved(&self, traffic: Traffic) {
        self.slot.add_traffic(traffic);
        if let Some((member, method)) = &self.member {
            method.on_finish(&member.slot, member.multiplier, traffic);
        }
    }
}
