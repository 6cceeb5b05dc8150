//! Finds the rules that may match a path without trying them all.

use crate::wildcard;
use std::collections::HashMap;

/// Rule numbers by what a path must have to match; each list is in priority order.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleIndex {
    exact: HashMap<Box<[u8]>, Vec<usize>>,
    /// Wildcard rules whose literal start holds a whole first segment, by that segment.
    by_segment: HashMap<Box<[u8]>, Vec<usize>>,
    /// All other wildcard rules.
    general: Vec<usize>,
}

impl RuleIndex {
    /// Adds a rule; call in priority order, so that the lists are sorted.
    pub(super) fn insert(&mut self, rule: usize, pattern: &[u8]) {
        if !wildcard::is_wildcard(pattern) {
            self.exact.entry(pattern.into()).or_default().push(rule);
        } else if let Some(segment) = first_segment(wildcard::literal_prefix(pattern)) {
            self.by_segment
                .entry(segment.into())
                .or_default()
                .push(rule);
        } else {
            self.general.push(rule);
        }
    }

    /// Rules whose pattern equals `path`.
    pub(super) fn exact(&self, path: &[u8]) -> &[usize] {
        self.exact.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Wildcard rules that may match `path`, in two lists.
    pub(super) fn wildcards(&self, path: &[u8]) -> [&[usize]; 2] {
        let listed = first_segment(path).and_then(|segment| self.by_segment.get(segment));
        [listed.map(Vec::as_slice).unwrap_or_default(), &self.general]
    }
}

/// What stands between the first and the second `/`.
fn first_segment(path: &[u8]) -> Option<&[u8]> {
    let rest = path.strip_prefix(b"/")?;
    rest.iter()
        .position(|byte| *byte == b'/')
        .map(|end| &rest[..end])
}
