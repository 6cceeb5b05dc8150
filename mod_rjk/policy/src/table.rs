//! Texts that a policy looks for, kept on the host's side of the border: so a request pays for a
//! position, and not for a text that is copied over and freed again.

use crate::limits::{MAX_TABLE_BYTES, MAX_TABLES};
use crate::world::types::Source;
use rjk_balance::RequestView;

/// Texts of one source.
pub(crate) struct Table {
    source: Source,
    /// With their positions; sorted, of equal texts only the first.
    texts: Vec<(Box<str>, u32)>,
}

impl Table {
    pub(crate) fn new(source: Source, texts: Vec<String>) -> Table {
        let mut texts: Vec<(Box<str>, u32)> = texts
            .into_iter()
            .map(String::into_boxed_str)
            .zip(0..)
            .collect();
        texts.sort_unstable();
        texts.dedup_by(|next, first| next.0 == first.0);
        Table { source, texts }
    }

    /// Position of what the request has.
    pub(crate) fn look_up(&self, request: &dyn RequestView) -> Option<u32> {
        let value = match &self.source {
            Source::Header(name) => request.header(name.as_bytes())?,
            Source::Cookie(name) => request.cookie(name.as_bytes())?,
            Source::ServerName => request.server_name(),
        };
        let found = self
            .texts
            .binary_search_by(|(text, _)| text.as_bytes().cmp(&value));
        found.ok().map(|place| self.texts[place].1)
    }

    /// What it takes of the budget.
    fn bytes(&self) -> usize {
        let entry = size_of::<(Box<str>, u32)>();
        self.texts.iter().map(|(text, _)| text.len() + entry).sum()
    }
}

/// The tables of one instance.
#[derive(Default)]
pub(crate) struct Tables {
    list: Vec<Table>,
    bytes: usize,
}

impl Tables {
    /// Number of the new table; `None` when it is one too many, or too large.
    pub(crate) fn add(&mut self, table: Table) -> Option<u32> {
        let bytes = self.bytes + table.bytes();
        if self.list.len() >= MAX_TABLES || bytes > MAX_TABLE_BYTES {
            return None;
        }
        self.bytes = bytes;
        self.list.push(table);
        u32::try_from(self.list.len() - 1).ok()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Table> {
        self.list.get(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::SampleRequest;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn tenant(value: &str) -> SampleRequest {
        SampleRequest {
            headers: vec![("X-Tenant".into(), value.into())],
            cookies: vec![("tenant".into(), "b".into())],
            ..SampleRequest::default()
        }
    }

    #[test]
    fn a_text_is_found_at_its_first_position() {
        let table = Table::new(
            Source::Header("x-tenant".into()),
            texts(&["b", "a", "b", "", "aa"]),
        );
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

    #[test]
    fn each_source_is_its_own() {
        let find = |source, text: &str| Table::new(source, texts(&[text])).look_up(&tenant("h"));
        assert_eq!(find(Source::Header("X-TENANT".into()), "h"), Some(0));
        assert_eq!(find(Source::Cookie("tenant".into()), "b"), Some(0));
        assert_eq!(find(Source::Cookie("Tenant".into()), "b"), None);
        assert_eq!(find(Source::ServerName, "example.org"), Some(0));
    }

    #[test]
    fn tables_end_at_their_number_and_at_their_size() {
        let table = |text: String| Table::new(Source::ServerName, vec![text]);
        let mut tables = Tables::default();
        for number in 0..MAX_TABLES {
            assert_eq!(tables.add(table(String::new())), u32::try_from(number).ok());
        }
        assert_eq!(tables.add(table(String::new())), None);
        assert!(tables.get(15).is_some() && tables.get(16).is_none());
        let entry = size_of::<(Box<str>, u32)>();
        let mut tables = Tables::default();
        assert_eq!(
            tables.add(table("x".repeat(MAX_TABLE_BYTES - entry))),
            Some(0)
        );
        assert_eq!(tables.add(table(String::new())), None);
    }
}
