//! By bytes (contract LB-11).

use crate::load::method::Method;
use crate::outcome::Traffic as Bytes;
use crate::shared::member::SharedMember;

/// V counts bytes to and from Tomcat, of failed attempts too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic;

impl Method for Traffic {
    fn on_finish(&self, member: &SharedMember, multiplier: u64, traffic: Bytes) {
        // Bytes times a large M pass 2^64 where requests do not: full is full, not empty again.
        let bytes = traffic.read.saturating_add(traffic.sent);
        member.raise_saturating(bytes.saturating_mul(multiplier));
    }
}
