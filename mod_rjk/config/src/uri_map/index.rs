//! Finds the rules that may match a path without trying them all.

use crate::wildcard;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Rule numbers by what a path must have to match; each list is in priority order.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleIndex {
    exact: ByText,
    /// Wildcard rules whose literal start holds a whole first segment, by that segment.
    by_segment: ByText,
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

    /// Whether there is no rule at all.
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.by_segment.is_empty() && self.general.is_empty()
    }

    /// Rules whose pattern equals `path`.
    pub(super) fn exact(&self, path: &[u8]) -> &[usize] {
        self.exact.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Wildcard rules that may match `path`, in two lists.
    pub(super) fn wildcards(&self, path: &[u8]) -> [&[usize]; 2] {
        let segment = match self.by_segment.is_empty() {
            true => None,
            false => first_segment(path),
        };
        let listed = segment.and_then(|segment| self.by_segment.get(segment));
        [listed.map(Vec::as_slice).unwrap_or_default(), &self.general]
    }
}

/// Rule numbers by a text. Only rules add to it, and requests look things up: nobody outside can fill a
/// part of it, so that its hash need not be one that is hard to foresee, and costs a tenth of that.
type ByText = HashMap<Box<[u8]>, Vec<usize>, BuildHasherDefault<TextHasher>>;

/// Eight bytes at a time, each word multiplied by a number without a pattern, and both halves of the
/// product folded into one.
#[derive(Clone, Copy, Debug, Default)]
struct TextHasher(u64);

impl TextHasher {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(TextHasher::FACTOR);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let rest = rest
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.word(rest);
    }

    fn write_usize(&mut self, length: usize) {
        self.word(length as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What stands between the first and the second `/`.
fn first_segment(path: &[u8]) -> Option<&[u8]> {
    let rest = path.strip_prefix(b"/")?;
    rest.iter()
        .position(|byte| *byte == b'/')
        .map(|end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher as _;

    fn hash(path: &[u8]) -> u64 {
        BuildHasherDefault::<TextHasher>::default().hash_one(path)
    }

    #[test]
    fn paths_that_are_alike_lie_apart() {
        let paths = (0..4096).map(|number| format!("/app-{number:04}/index.jsp"));
        let hashes: Vec<u64> = paths.map(|path| hash(path.as_bytes())).collect();
        // What a table of 8192 places looks at first, and what it compares before the texts.
        let places: HashSet<u64> = hashes.iter().map(|hash| hash % 8192).collect();
        let tags: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(places.len() > 2800, "{}", places.len());
        assert_eq!(tags.len(), 128);
    }

    #[test]
    fn every_byte_and_the_length_count() {
        let texts = [
            &b"/a"[..],
            b"/b",
            b"/a/",
            b"/a\0",
            b"/a/a/a/a",
            b"/a/a/a/b",
            b"/a/a/a/a/",
        ];
        let hashes: HashSet<u64> = texts.into_iter().map(hash).collect();
        assert_eq!(hashes.len(), texts.len());
    }
}
