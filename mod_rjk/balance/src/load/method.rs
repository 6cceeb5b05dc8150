//! What a balancing method is.

use crate::outcome::Traffic;
use crate::shared::slot::{MemberSlot, decay};
use std::sync::atomic::Ordering::Relaxed;

/// A balancing method. `multiplier` is the member's M (LB-01).
pub trait Method: Send + Sync {
    /// The load that is compared: lower is better.
    fn rank(&self, member: &MemberSlot) -> u64 {
        member.value.load(Relaxed)
    }

    /// An attempt got an endpoint. `new_session`: the request carries no session and is not
    /// stateless.
    fn on_attempt(&self, member: &MemberSlot, multiplier: u64, new_session: bool);

    /// That attempt ended.
    fn on_finish(&self, _member: &MemberSlot, _multiplier: u64, _traffic: Traffic) {}

    /// Global maintenance: old load weighs 2^`exponent` times less. Returns the highest V left,
    /// with which a recovering member starts (TR-16).
    fn decay(&self, members: &[MemberSlot], exponent: u32) -> u64 {
        members
            .iter()
            .map(|member| decay(&member.value, exponent))
            .max()
            .unwrap_or(0)
    }
}
