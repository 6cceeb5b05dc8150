//! How a verb ends, for scripts.

use std::error::Error;
use std::process::ExitCode;

/// The exit codes of all verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// 0: it ran, and all is well.
    Fine,
    /// 1: it ran, and found what somebody should look at.
    Found,
    /// 2: it could not run. Wrong arguments end like this, too.
    CouldNotRun,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Fine => 0,
            Ending::Found => 1,
            Ending::CouldNotRun => 2,
        })
    }
}

/// What a verb comes back with.
pub type Outcome = Result<Ending, Failure>;

/// A line for the person, and how the verb ends with it.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub ending: Ending,
    /// What is said.
    pub error: Box<dyn Error>,
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure {
            ending: Ending::CouldNotRun,
            error: Box::new(error),
        }
    }
}
