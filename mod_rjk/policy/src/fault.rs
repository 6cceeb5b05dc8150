//! How a policy failed.

use rjk_balance::{FaultKind, NoSource};
use std::fmt;
use wasmtime::{Error, Trap};

/// A failure of a policy, with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Under which kind it is counted.
    pub kind: FaultKind,
    /// What happened, for the log.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.as_str(), self.text)
    }
}

impl std::error::Error for Fault {}

/// Why the host ended a call of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Excess {
    #[error("more memory or table space than it may have; raise its memory in rjk.toml")]
    Memory,
    #[error(
        "more than 256 KiB of texts and candidates copied for one decision; let it ask for each once"
    )]
    Copies,
    #[error("more than 64 calls into the host for one decision")]
    Calls,
    #[error("more than 64 metrics in one list of candidates; ask for each once")]
    Columns,
    #[error("more than 16 tables, or more than 256 KiB in them")]
    Tables,
    #[error("more than 16 sources")]
    Sources,
    #[error("asked for a store twice, or for one of more than 8192 cells")]
    Store,
    #[error(
        "asked for another store than when it was checked; the size must not depend on the moment"
    )]
    OtherStore,
    #[error("called {0} outside of configure")]
    Late(&'static str),
    #[error("{0}")]
    Source(NoSource),
    #[error("named source {0}, which was not made")]
    NoSource(u32),
    #[error("a table with matching {0}; write 0, exact, or 1, longest prefix")]
    Matching(u32),
    #[error("look-up in a table that was not made")]
    NoTable,
    #[error("asked about member {0}; there is none at this position")]
    NoMember(u32),
    #[error("a cell of the store that was not asked for, or of a member that there is not")]
    NoCell,
    #[error("used the store in configure, where there is none yet")]
    EarlyStore,
    #[error("counter-add with a key above 15")]
    CounterKey,
    #[error(
        "asked about the request or the candidates where there are none, in configure or observe"
    )]
    NoRequest,
    #[error("{0}")]
    Own(String),
    #[error("called {0}, which policies do not have")]
    Wasi(String),
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, text: impl Into<String>) -> Fault {
        Fault {
            kind,
            text: text.into(),
        }
    }

    /// The fault behind an error of wasmtime; `otherwise` is for those that are no trap,
    /// and says what the policy was at.
    pub(crate) fn of(error: &Error, otherwise: FaultKind) -> Fault {
        if let Some(excess) = error.downcast_ref::<Excess>() {
            let kind = match excess {
                Excess::Memory
                | Excess::Copies
                | Excess::Columns
                | Excess::Tables
                | Excess::Sources
                | Excess::Store => FaultKind::Memory,
                Excess::Calls => FaultKind::Calls,
                _ => FaultKind::Trap,
            };
            return Fault::new(kind, excess.to_string());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => {
                let key = match otherwise {
                    FaultKind::Instantiate | FaultKind::Configure => "configure_fuel",
                    _ => "fuel",
                };
                let text =
                    format!("its fuel is spent; raise its {key} in rjk.toml if it needs more");
                Fault::new(FaultKind::OutOfFuel, text)
            }
            Some(trap) => Fault::new(FaultKind::Trap, trap.to_string()),
            None => Fault::new(otherwise, error.root_cause().to_string()),
        }
    }
}
