//! What a balancing method is.

use crate::outcome::Traffic;
use crate::shared::member::SharedMember;

/// A balancing method. `multiplier` is the member's M (LB-01).
pub trait Method: Send + Sync {
    /// The load V that is compared (LB-02): lower is better.
    fn value(&self, member: &SharedMember, _multiplier: u64) -> u64 {
        member.value()
    }

    /// Whether V is what a member has in flight: [`crate::Lease`] then counts the attempt in
    /// [`SharedMember::busy`] for as long as it lasts.
    fn counts_in_flight(&self) -> bool {
        false
    }

    /// An attempt got an endpoint. `new_session`: the request carries no session and is not
    /// stateless.
    fn on_attempt(&self, _member: &SharedMember, _multiplier: u64, _new_session: bool) {}

    /// That attempt ended.
    fn on_finish(&self, _member: &SharedMember, _multiplier: u64, _traffic: Traffic) {}

    /// Global maintenance: old load weighs 2^`exponent` times less (LB-15).
    fn decay(&self, members: &[Aged], exponent: u32) {
        for member in members {
            member.slot.decay(exponent);
        }
    }
}

/// A member at global maintenance.
#[derive(Clone, Copy, Debug)]
pub struct Aged {
    /// Its record.
    pub slot: SharedMember,
    /// New sessions may go to it: it is active and not in error.
    pub usable: bool,
}
