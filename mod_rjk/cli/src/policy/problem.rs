//! Why a command on a policy failed.

use super::new::NewError;
use super::pack::{CrateError, PackError};
#[cfg(feature = "policy")]
use rjk_balance::FaultKind;
#[cfg(feature = "policy")]
use rjk_config::error::ConfigError;
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
    Config(Box<ConfigError>),
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
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

#[cfg(feature = "policy")]
impl Problem {
    /// What a configuration file got wrong.
    pub(super) fn config(error: ConfigError) -> Problem {
        Problem::Config(Box::new(error))
    }
}
