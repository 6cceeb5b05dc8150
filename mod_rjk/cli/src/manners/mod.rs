//! What all verbs do alike: how they end, write, wait, and take secrets.
#![allow(
    dead_code,
    unused_imports,
    reason = "the verbs that use them come one by one"
)]

mod ending;
mod people;
mod printer;
mod progress;
mod secret;
mod time;

pub use ending::{Ending, Failure, Outcome};
pub use people::{bytes, duration};
pub use printer::Printer;
pub use progress::Progress;
pub use secret::{PasswordSource, Secret, SecretError, SecretSource};
pub use time::time;
