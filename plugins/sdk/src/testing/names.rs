//! What one instance named in `configure`: sources, tables, the size of its store.

use super::{FakeRequest, Fault, MAX_CELLS, MAX_SOURCES, MAX_TABLE_BYTES, MAX_TABLES};
use crate::Source;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// Bytes that each text of a table takes besides its own.
const PER_TEXT: usize = 24;

pub(super) struct Names {
    members: usize,
    sources: RefCell<Vec<Source>>,
    tables: RefCell<Vec<Table>>,
    table_bytes: Cell<usize>,
    store: Cell<Option<(u32, u32)>>,
}

struct Table {
    source: u32,
    prefix: bool,
    texts: Vec<String>,
}

impl Names {
    pub(super) fn new(members: usize) -> Names {
        Names {
            members,
            sources: RefCell::default(),
            tables: RefCell::default(),
            table_bytes: Cell::default(),
            store: Cell::default(),
        }
    }

    pub(super) fn source(&self, kind: u32, name: &str) -> u32 {
        let source = named(kind, name).unwrap_or_else(|why| Fault::BadSource(why).raise());
        let mut sources = self.sources.borrow_mut();
        let number = sources.len();
        if number >= MAX_SOURCES {
            drop(sources);
            Fault::BadSource(format!("more than {MAX_SOURCES} sources")).raise();
        }
        sources.push(source);
        number as u32
    }

    pub(super) fn table(&self, source: u32, matching: u32, texts: &[String]) -> u32 {
        let bytes = texts
            .iter()
            .map(|text| text.len() + PER_TEXT)
            .sum::<usize>();
        let bytes = bytes + self.table_bytes.get();
        let mut tables = self.tables.borrow_mut();
        let number = tables.len();
        if number >= MAX_TABLES || bytes > MAX_TABLE_BYTES {
            drop(tables);
            let limits =
                format!("more than {MAX_TABLES} tables, or {MAX_TABLE_BYTES} bytes in them");
            Fault::BadTable(limits).raise();
        }
        self.table_bytes.set(bytes);
        tables.push(Table {
            source,
            prefix: matching == 1,
            texts: texts.to_vec(),
        });
        number as u32
    }

    pub(super) fn read<'r>(&self, source: u32, request: &'r FakeRequest) -> Option<Cow<'r, str>> {
        let sources = self.sources.borrow();
        match sources.get(source as usize) {
            Some(source) => request.read(source),
            None => {
                drop(sources);
                Fault::BadSource(format!("source {source} of another instance")).raise()
            }
        }
    }

    pub(super) fn look_up(&self, table: u32, request: &FakeRequest) -> Option<u32> {
        let tables = self.tables.borrow();
        let Some(table) = tables.get(table as usize) else {
            drop(tables);
            Fault::BadTable(format!("table {table} of another instance")).raise();
        };
        let value = self.read(table.source, request)?;
        let fits = |text: &str| match table.prefix {
            true => value.starts_with(text),
            false => *value == *text,
        };
        let fitting = (0..).zip(&table.texts).filter(|(_, text)| fits(text));
        // Of equal ones the first.
        let best = fitting.min_by_key(|(_, text)| std::cmp::Reverse(text.len()));
        best.map(|(position, _)| position)
    }

    pub(super) fn reserve(&self, cells: u32, member_cells: u32) {
        let members = u64::try_from(self.members).unwrap_or(u64::MAX);
        let all = u64::from(member_cells).saturating_mul(members);
        if all.saturating_add(cells.into()) > MAX_CELLS {
            Fault::BadStore(format!("more than {MAX_CELLS} cells")).raise();
        }
        if self.store.replace(Some((cells, member_cells))).is_some() {
            Fault::BadStore("the store is reserved twice".to_string()).raise();
        }
    }

    /// Cells of the balancer, and of each member.
    pub(super) fn store(&self) -> (u32, u32) {
        self.store.get().unwrap_or_default()
    }
}

fn named(kind: u32, name: &str) -> Result<Source, String> {
    if kind <= 2 && name.is_empty() {
        return Err("a source without the name of its header, cookie or parameter".to_string());
    }
    Ok(match kind {
        0 => Source::Header(name.to_string()),
        1 => Source::Cookie(name.to_string()),
        2 => Source::Query(name.to_string()),
        3 => Source::Path,
        4 => match name.parse() {
            Ok(count @ 1..=99) => Source::PathSegments(count),
            _ => {
                return Err(format!(
                    "{name} segments of the path; write a number from 1 to 99"
                ));
            }
        },
        5 => Source::Method,
        6 => Source::ClientAddress,
        7 => Source::ServerName,
        _ => return Err(format!("source kind {kind} does not exist")),
    })
}
