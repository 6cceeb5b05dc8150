//! Tables of expectations.

use crate::Result;
use anyhow::ensure;
use std::fmt::Debug;

/// Collects what differs in a table of expectations, so that a run shows all of it.
#[derive(Debug, Default)]
pub struct Table {
    rows: usize,
    wrong: Vec<String>,
}

impl Table {
    /// Compares one cell.
    pub fn check<T: PartialEq<U> + Debug, U: Debug>(&mut self, row: &str, got: T, expected: U) {
        self.rows += 1;
        if got != expected {
            self.wrong
                .push(format!("{row}: got {got:?}, expected {expected:?}"));
        }
    }

    /// An error that shows every difference.
    pub fn finish(self) -> Result {
        ensure!(self.rows > 0, "nothing was compared");
        ensure!(self.wrong.is_empty(), "{:#?}", self.wrong);
        Ok(())
    }
}
