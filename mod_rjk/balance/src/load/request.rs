//! By requests (contract LB-10).

use crate::load::method::Method;
use crate::shared::slot::{MemberSlot, add};

/// V counts attempts that got an endpoint, failed ones too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request;

impl Method for Request {
    fn on_attempt(&self, member: &MemberSlot, multiplier: u64, _new_session: bool) {
        add(&member.value, multiplier);
    }
}
