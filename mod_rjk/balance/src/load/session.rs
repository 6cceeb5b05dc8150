//! By sessions (contract LB-13).

use crate::load::method::Method;
use crate::shared::member::SharedMember;

/// V counts attempts of requests that carry no session and are not stateless: Tomcat makes a session
/// for most of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session;

impl Method for Session {
    fn on_attempt(&self, member: &SharedMember, multiplier: u64, new_session: bool) {
        if new_session {
            member.raise(multiplier);
        }
    }
}
