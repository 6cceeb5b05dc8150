//! The states of a member (contract §4.4).

use rjk_config::model::Activation;

/// The state of a member in one balancer, in the order of mod_jk's codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum State {
    /// ST-0: not used since the last global maintenance.
    #[default]
    Idle = 0,
    /// ST-1: used, fine.
    Ok = 1,
    /// ST-2: was in error for long enough, the next request may try it.
    Recover = 2,
    /// ST-3: every member was in error, so this one may be tried again.
    Force = 3,
    /// ST-4: no endpoint was free, or the busy limit was hit.
    Busy = 4,
    /// ST-5: failed.
    Error = 5,
    /// ST-6: one request is trying it after an error.
    Probe = 6,
}

impl State {
    /// The text in notes and on the status page (ST-0…ST-6).
    pub fn as_str(self) -> &'static str {
        match self {
            State::Idle => "OK/IDLE",
            State::Ok => "OK",
            State::Recover => "ERR/REC",
            State::Force => "ERR/FRC",
            State::Busy => "OK/BUSY",
            State::Error => "ERR",
            State::Probe => "ERR/PRB",
        }
    }

    /// The state of a code out of shared memory; a code that no state has reads as [`State::Error`].
    pub fn from_code(code: u32) -> State {
        match code {
            0 => State::Idle,
            1 => State::Ok,
            2 => State::Recover,
            3 => State::Force,
            4 => State::Busy,
            6 => State::Probe,
            _ => State::Error,
        }
    }

    /// The code in shared memory.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Whether the state alone lets a request in (§4.4, last column).
    pub fn is_usable(self) -> bool {
        self <= State::Force
    }

    /// Usable for a request that has no session on this member (SS-12).
    pub fn usable_for_balancing(self, activation: Activation) -> bool {
        self.is_usable() && activation == Activation::Active
    }

    /// Usable for a request whose session is on this member (SS-12).
    pub fn usable_for_session(self, activation: Activation) -> bool {
        self.is_usable() && activation != Activation::Stopped
    }

    /// Known not to work, as opposed to having no room.
    pub(crate) fn is_down(self) -> bool {
        matches!(self, State::Error | State::Probe)
    }
}
