//! By requests in flight (contract LB-12).

use crate::load::method::{Aged, Method};
use crate::shared::member::SharedMember;

/// V is the number of attempts in flight on the member times M.
///
/// It is worked out from [`SharedMember::busy`], which the ledger backs, instead of being raised and
/// lowered by itself: a child that is killed leaves no load behind, and a factor that changes while a
/// request is under way takes nothing off that was never added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Busyness;

impl Busyness {
    /// The load of a member with so many attempts in flight.
    pub(crate) fn load(busy: u64, multiplier: u64) -> u64 {
        busy.saturating_mul(multiplier)
    }
}

impl Method for Busyness {
    fn value(&self, member: &SharedMember, multiplier: u64) -> u64 {
        Busyness::load(member.busy(), multiplier)
    }

    fn counts_in_flight(&self) -> bool {
        true
    }

    fn decay(&self, _members: &[Aged], _exponent: u32) {}
}
