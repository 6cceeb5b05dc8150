//! What the notes say of a member.

use crate::shared::slot::{AjpSlot, MemberSlot};
use crate::state::State;
use bstr::BString;
use rjk_config::model::{Activation, MemberSpec};
use std::sync::atomic::Ordering::Relaxed;

/// The numbers of a member for the notes of a request (T-05…T-24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberNote {
    /// Worker name.
    pub name: BString,
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

impl MemberNote {
    pub(crate) fn new(
        spec: &MemberSpec,
        value: u64,
        slot: &MemberSlot,
        ajp: &AjpSlot,
    ) -> MemberNote {
        MemberNote {
            name: spec.ajp.name.clone(),
            value,
            accessed: ajp.used.load(Relaxed),
            sessions: slot.sessions.load(Relaxed),
            read: ajp.read_bytes.load(Relaxed),
            transferred: ajp.sent_bytes.load(Relaxed),
            errors: slot.errors.load(Relaxed),
            busy: ajp.busy(),
            activation: spec.activation,
            state: slot.state(),
        }
    }
}
