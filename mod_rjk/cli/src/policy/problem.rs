//! Why a command on a policy failed.

use rjk_balance::FaultKind;
use rjk_policy::LoadError;
use std::io;
use std::path::PathBuf;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("{0}: {1}; name a readable .wasm file")]
    Read(PathBuf, io::Error),
    /// It is no policy.
    #[error("{0}: {1}")]
    Load(PathBuf, LoadError),
    /// It failed while it was measured.
    #[error("{0}: a decision ended in a fault: {word}", word = .1.map_or("unknown", FaultKind::as_str))]
    Fault(PathBuf, Option<FaultKind>),
    /// Nobody reads what we say.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}
