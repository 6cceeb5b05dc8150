//! What all verbs do alike: how they end, write, wait, and take secrets.

mod ending;
mod people;
mod printer;
mod progress;
mod secret;
mod table;
mod text;
mod time;

pub use ending::{Ending, Failure, Outcome};
pub use people::{bytes, duration};
pub use printer::{Printer, tell};
pub use progress::Progress;
pub use secret::{PasswordSource, Secret, SecretError, SecretSource};
pub use table::{Cell, Side, Table, Tone};
pub use text::{harmless, listed};
pub use time::time;
