//! By requests (contract LB-10).

use crate::load::method::Method;
use crate::shared::member::SharedMember;

/// V counts attempts that got an endpoint, failed ones too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request;

impl Method for Request {
    fn on_attempt(&self, member: &SharedMember, multiplier: u64, _new_session: bool) {
        member.raise(multiplier);
    }
}
