//! docs/mod_jk-rows.md.

use super::{Row, Rows, Section, State};
use crate::{Result, module};
use std::fmt::Write;
use std::path::PathBuf;

/// The page's text.
pub fn text(rows: &Rows) -> String {
    let mut text = START.to_owned();
    let _ = writeln!(text, "{}.\n", rows.counts().replace("rows: ", "Of them "));
    for section in &rows.sections {
        let (number, title) = (&section.section, &section.title);
        let _ = writeln!(text, "- [{number} {title}](#{})", anchor(section));
    }
    for section in &rows.sections {
        put_section(&mut text, rows, section);
    }
    text
}

const START: &str = "\
# mod_jk, row by row

What mod_jk 1.2.51 does, one row for each behaviour, and how it is proven that this module does the same. The ids are those
of tests, comments and [DEVIATIONS.md](../DEVIATIONS.md). This page is written by `make rows` from `tests/parity/rows`; what the
names of tests mean stands in [tests/parity/README.md](../tests/parity/README.md).

- **compared**: the same was done with Debian's mod_jk, and the same came back.
- **tested**: by a test of its own, where mod_jk cannot be asked or would have to be believed.
- **deviation**: this module does something else, and says why.
- **not applicable**: there is nothing to do.

";

fn put_section(text: &mut String, rows: &Rows, section: &Section) {
    let (number, title) = (&section.section, &section.title);
    let _ = writeln!(
        text,
        "\n<a id=\"{}\"></a>\n## {number} {title}\n",
        anchor(section)
    );
    text.push_str("| ID | what it is | state | tests |\n|---|---|---|---|\n");
    for row in &section.rows {
        let _ = writeln!(text, "| {} |", cells(rows, row).join(" | "));
    }
}

fn cells(rows: &Rows, row: &Row) -> [String; 4] {
    let id = &row.id;
    let mut line = row.line.replace('|', "\\|");
    for (label, more) in [("", &row.reason), ("mod_jk 1.2.48: ", &row.older)] {
        if let Some(more) = more {
            let _ = write!(line, " *{label}{}*", more.replace('|', "\\|"));
        }
    }
    let tests = rows
        .tests_of(row)
        .into_iter()
        .map(|name| format!("`{name}`"));
    let tests: Vec<String> = tests.collect();
    let anchor = id.to_ascii_lowercase();
    [
        format!("<a id=\"{anchor}\"></a>{id}"),
        line,
        word(row.state).to_owned(),
        tests.join("<br>"),
    ]
}

fn word(state: State) -> &'static str {
    match state {
        State::Compared => "compared",
        State::Tested => "tested",
        State::Deviation => "deviation",
        State::NotApplicable => "not applicable",
        State::Untested => "untested",
    }
}

fn anchor(section: &Section) -> String {
    format!("s{}", section.section.replace('.', "-"))
}

/// Where it stands.
fn path() -> PathBuf {
    module::repository().join("docs/mod_jk-rows.md")
}

/// The page as it is now; empty when there is none.
pub fn stored() -> String {
    std::fs::read_to_string(path()).unwrap_or_default()
}

/// Writes it anew.
pub fn write(rows: &Rows) -> Result {
    let path = path();
    std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
    Ok(std::fs::write(path, text(rows))?)
}
