//! The rows of the contract: one source of what each says and which tests prove it.
//!
//! `tests/parity/rows` holds them, a file for a section; [`check::problems`] finds what is wrong with them and
//! [`page::text`] is docs/mod_jk-rows.md.

pub mod check;
mod names;
pub mod page;

use crate::parity::Site;
use crate::strangers::Index;
use crate::{Result, parity};
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A section of the contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The file's name.
    #[serde(skip)]
    pub file: String,
    /// Its number: `4.3`.
    pub section: String,
    /// What it is about.
    pub title: String,
    /// Its rows, in the order of the contract.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

/// One behaviour of mod_jk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `SS-05`.
    pub id: String,
    /// What it is, in one line for a user.
    pub line: String,
    /// How it is proven.
    pub state: State,
    /// Tests by name: `e2e:BINARY::path::function`, `unit:CRATE::path::function`; cases of the table that
    /// name the row need not be named here.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Why it is a deviation that DEVIATIONS.md has no line for, or does not apply.
    pub reason: Option<String>,
    /// Where mod_jk 1.2.48 differs from 1.2.51.
    pub older: Option<String>,
}

/// How a row is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The same requests through mod_jk gave the same.
    Compared,
    /// By a test of its own, where mod_jk cannot be asked.
    Tested,
    /// Something else is done, on purpose.
    Deviation,
    /// There is nothing to do.
    NotApplicable,
    /// Nobody looked yet.
    Untested,
}

impl State {
    /// All, in the order in which they are counted.
    pub const ALL: [(State, &'static str); 5] = [
        (State::Compared, "proven by comparison"),
        (State::Tested, "by own test"),
        (State::Deviation, "deviations"),
        (State::NotApplicable, "not applicable"),
        (State::Untested, "untested"),
    ];
}

/// The rows and the cases of the table that name them.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The sections in order.
    pub sections: Vec<Section>,
    /// Row ids to the names of cases.
    cases: BTreeMap<String, Vec<CaseName>>,
}

/// A case that names a row.
#[derive(Clone, Debug)]
struct CaseName {
    name: String,
    is_compared: bool,
    deviates: bool,
}

impl Rows {
    /// Reads all files.
    pub fn load(sites: &[Site]) -> Result<Rows> {
        let folder = parity::folder().join("rows");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            files.push(entry?.path());
        }
        files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        let mut sections = Vec::new();
        for path in files {
            let text = std::fs::read_to_string(&path)?;
            let section = toml::from_str::<Section>(&text);
            let mut section = section.with_context(|| path.display().to_string())?;
            let name = path.file_name().unwrap_or_default();
            section.file = name.to_string_lossy().into_owned();
            sections.push(section);
        }
        Ok(Rows {
            sections,
            cases: cases_by_row(sites, &Index::read()?),
        })
    }

    /// All rows in order.
    pub fn all(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    /// How many rows are in a state.
    pub fn count(&self, state: State) -> usize {
        self.all().filter(|row| row.state == state).count()
    }

    /// `rows: 12 proven by comparison, …`.
    pub fn counts(&self) -> String {
        let count = |(state, words): &(State, &str)| format!("{} {words}", self.count(*state));
        let counts: Vec<String> = State::ALL.iter().map(count).collect();
        format!("rows: {}", counts.join(", "))
    }

    fn cases_of(&self, id: &str) -> &[CaseName] {
        self.cases.get(id).map_or(&[], Vec::as_slice)
    }

    /// The names of a row's tests: cases of the table, then others.
    fn tests_of(&self, row: &Row) -> Vec<String> {
        let cases = self.cases_of(&row.id).iter();
        let mut tests: Vec<String> = cases.map(|case| format!("parity:{}", case.name)).collect();
        let others = row.tests.iter().filter(|name| !tests.contains(name));
        let others: Vec<String> = others.cloned().collect();
        tests.extend(others);
        tests
    }
}

fn cases_by_row(sites: &[Site], strangers: &Index) -> BTreeMap<String, Vec<CaseName>> {
    let mut cases: BTreeMap<String, Vec<CaseName>> = BTreeMap::new();
    for site in sites {
        for case in &site.cases {
            let name = CaseName {
                name: parity::run::name(site, case),
                is_compared: case.is_compared(),
                deviates: case.steps.iter().any(|step| step.mod_jk.is_some()),
            };
            for row in &case.rows {
                cases.entry(row.clone()).or_default().push(name.clone());
            }
        }
    }
    for file in &strangers.file {
        let name = CaseName {
            name: format!("strangers/{}", file.name),
            is_compared: !file.differs(),
            deviates: file.reason.is_some(),
        };
        for row in &file.rows {
            cases.entry(row.clone()).or_default().push(name.clone());
        }
    }
    cases
}
