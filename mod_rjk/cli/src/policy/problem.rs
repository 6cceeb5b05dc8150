//! Why a command on a policy failed.

use super::new::NewError;
use super::pack::{CrateError, PackError};
use crate::manners::Ending;
#[cfg(feature = "policy")]
use rjk_balance::FaultKind;
#[cfg(feature = "policy")]
use rjk_config::error::Mistakes;
#[cfg(feature = "policy")]
use rjk_policy::{Fault, LoadError};
use std::io;
use std::path::PathBuf;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("{0}: {1}; name a readable .wasm file")]
    Read(PathBuf, io::Error),
    /// The file cannot be written.
    #[error("{0}: {1}")]
    Save(PathBuf, io::Error),
    /// It cannot be made a component.
    #[error("{0}: {1}")]
    Pack(PathBuf, PackError),
    /// No module was named, and the crate of this folder has none.
    #[error("{0}")]
    Crate(#[from] CrateError),
    /// No crate was begun.
    #[error("{0}")]
    New(#[from] NewError),
    /// A file that an option names cannot be read.
    #[cfg(feature = "policy")]
    #[error("{0}: {1}")]
    Input(PathBuf, io::Error),
    /// A configuration file is wrong.
    #[cfg(feature = "policy")]
    #[error("{0}")]
    Config(Box<Mistakes>),
    /// The arguments do not fit together, or to a file.
    #[cfg(feature = "policy")]
    #[error("{0}")]
    Arguments(String),
    /// It is no policy.
    #[cfg(feature = "policy")]
    #[error("{0}: {1}")]
    Load(PathBuf, LoadError),
    /// It failed while it was measured.
    #[cfg(feature = "policy")]
    #[error("{0}: a decision ended in a fault: {word}", word = .1.map_or("unknown", FaultKind::as_str))]
    Measured(PathBuf, Option<FaultKind>),
    /// It failed while it was tried: in which function.
    #[cfg(feature = "policy")]
    #[error("{0}: {1} ended in a fault: {2}")]
    Tried(PathBuf, &'static str, Fault),
    /// Nobody reads what we say.
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl Problem {
    /// A component that is found to be bad is a finding; all else kept the command from running.
    pub fn ending(&self) -> Ending {
        match self {
            Problem::Pack(..) => Ending::Found,
            #[cfg(feature = "policy")]
            Problem::Config(_) | Problem::Load(..) | Problem::Measured(..) | Problem::Tried(..) => {
                Ending::Found
            }
            _ => Ending::CouldNotRun,
        }
    }

    /// What a configuration file got wrong.
    #[cfg(feature = "policy")]
    pub(super) fn config(mistakes: impl Into<Mistakes>) -> Problem {
        Problem::Config(Box::new(mistakes.into()))
    }
}
