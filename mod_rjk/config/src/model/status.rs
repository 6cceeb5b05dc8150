//! The status worker.

use bstr::BString;

/// The status worker (contract §2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSpec {
    /// Worker name.
    pub name: BString,
    /// Stylesheet address (S-01).
    pub css: Option<BString>,
    /// Shown in the title; the page is read-only anyway (S-02).
    pub read_only: bool,
    /// Users that may see it; empty means everybody (S-03).
    pub users: Vec<BString>,
    /// Compare users without case (S-04).
    pub user_case_insensitive: bool,
}
