//! By sessions, with another decay (contract LB-14).

use crate::load::method::{Aged, Method};
use crate::load::session::Session;
use crate::shared::member::SharedMember;

/// V counts as in [`Session`]; maintenance takes off what all usable members have in common, so that
/// the differences between them, and with them who is next, stay for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Next;

impl Method for Next {
    fn on_attempt(&self, member: &SharedMember, multiplier: u64, new_session: bool) {
        Session.on_attempt(member, multiplier, new_session);
    }

    fn decay(&self, members: &[Aged], _exponent: u32) {
        let usable = members.iter().filter(|member| member.usable);
        let values = usable.map(|member| member.slot.value());
        let common = values.min().unwrap_or(0);
        for member in members {
            member.slot.lower(common);
        }
    }
}
