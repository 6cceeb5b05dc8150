//! What the notes say of a member.

use crate::roster::Member;
use crate::state::State;
use bstr::BStr;
use rjk_config::model::Activation;
use std::sync::atomic::Ordering::Relaxed;

/// The numbers of a member for the notes of a request (T-05…T-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberNote<'a> {
    /// Worker name.
    pub name: &'a BStr,
    /// Load V.
    pub value: u64,
    /// Service calls on its worker.
    pub accessed: u64,
    /// Requests without a session that it took.
    pub sessions: u64,
    /// Bytes from Tomcat.
    pub read: u64,
    /// Bytes to Tomcat.
    pub transferred: u64,
    /// Failures charged to the member.
    pub errors: u64,
    /// Requests in flight.
    pub busy: u64,
    /// Configured activation.
    pub activation: Activation,
    /// Shared state.
    pub state: State,
}

impl<'a> MemberNote<'a> {
    pub(crate) fn new(
        name: &'a BStr,
        Member {
            slot,
            ajp,
            activation,
            ..
        }: &Member,
        value: u64,
    ) -> MemberNote<'a> {
        MemberNote {
            name,
            value,
            accessed: ajp.used.load(Relaxed),
            sessions: slot.sessions.load(Relaxed),
            read: ajp.read_bytes.load(Relaxed),
            transferred: ajp.sent_bytes.load(Relaxed),
            errors: slot.errors.load(Relaxed),
            busy: ajp.busy(),
            activation: *activation,
            state: slot.state(),
        }
    }
}
