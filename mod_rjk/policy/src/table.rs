//! Texts that a policy looks for, kept on the host's side of the border: so a request pays for a
//! position, and not for a text that is copied over and freed again.

use crate::limits::{MAX_TABLE_BYTES, MAX_TABLES};
use parking_lot::Mutex;
use rjk_balance::{RequestView, Source};
use std::sync::{Arc, Weak};

/// How texts of a table are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matching {
    /// The request's text is one of them.
    Exact,
    /// The request's text begins with it, and with no longer one.
    LongestPrefix,
}

impl Matching {
    /// By the contract's number.
    pub(crate) fn of(number: u32) -> Option<Matching> {
        match number {
            0 => Some(Matching::Exact),
            1 => Some(Matching::LongestPrefix),
            _ => None,
        }
    }
}

/// Texts of one source.
#[derive(PartialEq)]
pub(crate) struct Table {
    source: Source,
    matching: Matching,
    /// Sorted, of equal texts only the first.
    texts: Vec<Entry>,
}

#[derive(PartialEq)]
struct Entry {
    text: Box<str>,
    /// In the list that the policy gave.
    position: u32,
    /// Index of the longest other text that this one begins with; itself when there is none.
    shorter: u32,
}

impl Table {
    pub(crate) fn new(source: Source, matching: Matching, texts: Vec<String>) -> Table {
        let entry = |(text, position): (String, u32)| Entry {
            text: text.into_boxed_str(),
            position,
            shorter: 0,
        };
        let mut texts: Vec<Entry> = texts.into_iter().zip(0..).map(entry).collect();
        texts.sort_unstable_by(|a, b| (&a.text, a.position).cmp(&(&b.text, b.position)));
        texts.dedup_by(|next, first| next.text == first.text);
        link_prefixes(&mut texts);
        Table {
            source,
            matching,
            texts,
        }
    }

    /// Position of what the request has.
    pub(crate) fn look_up(&self, request: &dyn RequestView) -> Option<u32> {
        let value = self.source.read(request)?;
        let found = match self.matching {
            Matching::Exact => self.equal(&value),
            Matching::LongestPrefix => self.longest_prefix(&value),
        };
        found.or_else(|| self.compared(request))
    }

    fn equal(&self, value: &[u8]) -> Option<u32> {
        let order = |entry: &Entry| entry.text.as_bytes().cmp(value);
        let found = self.texts.binary_search_by(order).ok()?;
        Some(self.texts.get(found)?.position)
    }

    /// Of a replayed request, whose text may be known as a hash only.
    fn compared(&self, request: &dyn RequestView) -> Option<u32> {
        let mut texts = self.texts.iter().map(|entry| &*entry.text);
        let exact = self.matching == Matching::Exact;
        let found = request.tape()?.find(&self.source, &mut texts, exact)?;
        Some(self.texts.get(found)?.position)
    }

    /// Every text that the value begins with lies, in order, at or before the last one that is not
    /// greater than the value, which then begins with that text too.
    fn longest_prefix(&self, value: &[u8]) -> Option<u32> {
        let not_greater = |entry: &Entry| entry.text.as_bytes() <= value;
        let mut at = self.texts.partition_point(not_greater).checked_sub(1)?;
        loop {
            let entry = self.texts.get(at)?;
            if value.starts_with(entry.text.as_bytes()) {
                return Some(entry.position);
            }
            let shorter = usize::try_from(entry.shorter).ok()?;
            if shorter == at {
                return None;
            }
            at = shorter;
        }
    }

    /// What it takes of the budget.
    fn bytes(&self) -> usize {
        let texts = self.texts.iter();
        texts
            .map(|entry| entry.text.len() + size_of::<Entry>())
            .sum()
    }
}

/// In sorted texts, those that a text begins with are the open ones of a nesting.
fn link_prefixes(texts: &mut [Entry]) {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..texts.len() {
        while let Some(&last) = open.last()
            && !texts[index].text.starts_with(&*texts[last].text)
        {
            open.pop();
        }
        let shorter = open.last().copied().unwrap_or(index);
        texts[index].shorter = crate::world::number(shorter);
        open.push(index);
    }
}

/// Tables of all instances of a policy in this process: equal ones exist once.
#[derive(Default)]
pub(crate) struct SharedTables(Mutex<Vec<Weak<Table>>>);

impl SharedTables {
    /// This table, or one that is equal.
    fn share(&self, table: Table) -> Arc<Table> {
        let mut known = self.0.lock();
        known.retain(|table| table.strong_count() > 0);
        let mut alive = known.iter().filter_map(Weak::upgrade);
        if let Some(equal) = alive.find(|known| **known == table) {
            return equal;
        }
        let table = Arc::new(table);
        known.push(Arc::downgrade(&table));
        table
    }
}

/// The tables of one instance.
pub(crate) struct Tables {
    shared: Arc<SharedTables>,
    list: Vec<Arc<Table>>,
    bytes: usize,
}

impl Tables {
    pub(crate) fn new(shared: Arc<SharedTables>) -> Tables {
        Tables {
            shared,
            list: Vec::new(),
            bytes: 0,
        }
    }

    /// Number of the new table; `None` when it is one too many, or too large.
    pub(crate) fn add(&mut self, table: Table) -> Option<u32> {
        let bytes = self.bytes + table.bytes();
        if self.list.len() >= MAX_TABLES || bytes > MAX_TABLE_BYTES {
            return None;
        }
        self.bytes = bytes;
        self.list.push(self.shared.share(table));
        u32::try_from(self.list.len() - 1).ok()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Table> {
        let table = self.list.get(usize::try_from(number).ok()?);
        table.map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::SampleRequest;
    use proptest::prelude::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn tenant(value: &str) -> SampleRequest {
        SampleRequest {
            headers: vec![("X-Tenant".into(), value.into())],
            ..SampleRequest::default()
        }
    }

    fn header() -> Source {
        Source::Header("x-tenant".into())
    }

    #[test]
    fn a_text_is_found_at_its_first_position() {
        let table = Table::new(header(), Matching::Exact, texts(&["b", "a", "b", "", "aa"]));
        let cases = [
            ("b", Some(0)),
            ("a", Some(1)),
            ("", Some(3)),
            ("aa", Some(4)),
        ];
        for (value, expected) in cases.into_iter().chain([("B", None), ("ab", None)]) {
            assert_eq!(table.look_up(&tenant(value)), expected, "{value}");
        }
        assert_eq!(table.look_up(&SampleRequest::default()), None);
    }

    proptest! {
        /// Against a scan of the list.
        #[test]
        fn the_longest_prefix_is_found(list in prop::collection::vec("[ab]{0,4}", 0..9), value in "[ab]{0,6}") {
            let table = Table::new(header(), Matching::LongestPrefix, list.clone());
            let begins = (0..).zip(&list).filter(|(_, text)| value.starts_with(text.as_str()));
            let longest = begins.max_by_key(|(position, text)| (text.len(), std::cmp::Reverse(*position)));
            prop_assert_eq!(table.look_up(&tenant(&value)), longest.map(|(position, _)| position));
        }
    }

    #[test]
    fn tables_end_at_their_number_and_at_their_size() {
        let table = |text: String| Table::new(Source::ServerName, Matching::Exact, vec![text]);
        let mut tables = Tables::new(Arc::default());
        for number in 0..MAX_TABLES {
            assert_eq!(tables.add(table(String::new())), u32::try_from(number).ok());
        }
        assert_eq!(tables.add(table(String::new())), None);
        assert!(tables.get(15).is_some() && tables.get(16).is_none());
        let mut tables = Tables::new(Arc::default());
        assert_eq!(
            tables.add(table("x".repeat(MAX_TABLE_BYTES - size_of::<Entry>()))),
            Some(0)
        );
        assert_eq!(tables.add(table(String::new())), None);
    }

    #[test]
    fn equal_tables_exist_once_and_end_with_their_instances() {
        let shared = Arc::new(SharedTables::default());
        let mut instances: Vec<Tables> = (0..3).map(|_| Tables::new(shared.clone())).collect();
        for tables in &mut instances {
            tables.add(Table::new(header(), Matching::Exact, texts(&["a", "b"])));
            tables.add(Table::new(
                header(),
                Matching::LongestPrefix,
                texts(&["a", "b"]),
            ));
        }
        assert!(std::ptr::eq(
            instances[0].get(0).unwrap(),
            instances[2].get(0).unwrap()
        ));
        let alive = || {
            shared
                .0
                .lock()
                .iter()
                .filter(|table| table.strong_count() > 0)
                .count()
        };
        assert_eq!(alive(), 2);
        instances.clear();
        assert_eq!(alive(), 0);
    }
}
