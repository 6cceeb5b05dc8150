//! What the host calls a fault.

use std::any::Any;
use std::fmt;

/// What the host would count as a fault of the policy; the built-in method answers then, and the
/// instance is thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The decision names a member that is not among the candidates.
    BadMember(u32),
    /// The decision is a status outside 400 to 599.
    BadStatus(u16),
    /// More than [`MAX_CALLS`](super::MAX_CALLS) calls of the host.
    TooManyCalls,
    /// More than [`MAX_DATA`](super::MAX_DATA) bytes of texts and numbers.
    TooMuchData,
    /// A counter key that is not below [`COUNTERS`](super::COUNTERS).
    BadCounter(u32),
    /// A cell of the store that was not asked for.
    BadCell,
    /// The value of a member that does not exist.
    BadPosition(u32),
    /// A source that does not exist, or more than [`MAX_SOURCES`](super::MAX_SOURCES).
    BadSource(String),
    /// More tables or more text in them than allowed.
    BadTable(String),
    /// A store that is larger than [`MAX_CELLS`](super::MAX_CELLS), or asked for twice.
    BadStore(String),
    /// The policy panicked.
    Panic(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::BadMember(member) => write!(f, "member {member} is not a candidate"),
            Fault::BadStatus(status) => write!(f, "rejected with {status}"),
            Fault::TooManyCalls => f.write_str("too many calls of the host"),
            Fault::TooMuchData => f.write_str("too much text and numbers copied"),
            Fault::BadCounter(key) => write!(f, "counter {key} does not exist"),
            Fault::BadCell => f.write_str("a cell of the store that was not asked for"),
            Fault::BadPosition(member) => write!(f, "member {member} does not exist"),
            Fault::BadSource(what) | Fault::BadTable(what) | Fault::BadStore(what) => {
                f.write_str(what)
            }
            Fault::Panic(message) => write!(f, "panicked: {message}"),
        }
    }
}

impl Fault {
    /// Ends the policy's call here, as the host does.
    pub(super) fn raise(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }

    /// The fault of a call that was ended.
    pub(super) fn of(payload: &(dyn Any + Send)) -> Fault {
        if let Some(fault) = payload.downcast_ref::<Fault>() {
            return fault.clone();
        }
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Fault::Panic(text.unwrap_or("?").to_string())
    }
}
