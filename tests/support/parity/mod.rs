//! The table of cases in tests/parity: what a server with either module is asked, and what comes back.
//!
//! A file below `tests/parity/sites` is a [`Site`]: a configuration and its cases. [`run::all`] starts
//! each site once per module, plays the cases and compares what is seen with what the case says; where a
//! case names no difference, what the two modules did is compared as well. The format is described by
//! example in tests/parity/README.md.

mod act;
mod compare;
pub mod dissect;
mod expect;
mod marks;
pub mod report;
mod request;
pub mod run;
mod script;
mod seen;
mod site;
mod stage;
mod transcript;
mod want;

pub use expect::{Expect, Forward, Start};
pub use request::Ask;
pub use site::{Case, Older, Server, Site, Step, load};
pub use stage::{Purpose, Stage};
pub use want::Want;

use std::path::PathBuf;

/// The folder of the table.
pub fn folder() -> PathBuf {
    crate::module::repository().join("tests/parity")
}
