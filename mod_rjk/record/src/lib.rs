//! Routing decisions in files (`[balancer.NAME] record`), and back.
//!
//! A record is a pair of files, FILE and FILE.1, of which one is written and the other has what came
//! before. Each line is a JSON object: a head, a decision, or the outcome of one. A line is written by one
//! write; what a full disk or a killed child leaves of one is told by the reader and is no data.
#![forbid(unsafe_code)]

mod files;
mod head;
mod line;
mod read;
mod secret;

pub use files::{FileRecorder, OpenError, SHARED_WORDS, Settings, check, open};
pub use head::Head;
pub use line::{DecisionLine, Found, OutcomeLine, Text};
pub use read::{Event, Record, read};
pub use secret::Key;

#[cfg(test)]
mod tests;
