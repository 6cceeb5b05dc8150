//! What is wrong with the table of rows.

use super::names::{self, Found};
use super::{Row, Rows, State, page};
use crate::{Result, module, parity};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is wrong, in words; empty when the table is whole.
pub fn problems(rows: &Rows) -> Result<Vec<String>> {
    let known = std::fs::read_to_string(parity::folder().join("rows/ids.txt"))?;
    let known: Vec<&str> = known.lines().collect();
    let mut problems = ids(rows, &known);
    let found = tests(rows, &mut problems);
    let deviations = std::fs::read_to_string(module::repository().join("DEVIATIONS.md"))?;
    for row in rows.all() {
        let evidence = Evidence {
            rows,
            row,
            found: &found,
            deviations: &deviations,
        };
        problems.extend(
            evidence
                .problem()
                .map(|problem| format!("{}: {problem}", row.id)),
        );
    }
    if page::text(rows) != page::stored() {
        problems.push("docs/mod_jk-rows.md is not what `make rows` writes".to_owned());
    }
    Ok(problems)
}

/// Ids that are missing, out of order or unknown.
fn ids(rows: &Rows, known: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let found: Vec<&str> = rows.all().map(|row| row.id.as_str()).collect();
    if found != known {
        let differs = found
            .iter()
            .zip(known)
            .find(|(found, known)| found != known);
        problems.push(match differs {
            Some((found, known)) => format!("{found} stands where {known} belongs (rows/ids.txt)"),
            None => format!(
                "{} rows instead of {} (rows/ids.txt)",
                found.len(),
                known.len()
            ),
        });
    }
    let known: BTreeSet<&str> = known.iter().copied().collect();
    for (id, cases) in &rows.cases {
        if !known.contains(id.as_str()) {
            problems.push(format!("{}: there is no row {id}", cases[0].name));
        }
    }
    problems
}

/// All tests that rows name, as far as they are there.
fn tests<'a>(rows: &'a Rows, problems: &mut Vec<String>) -> BTreeMap<&'a str, Found> {
    let cases = rows.cases.values().flatten();
    let cases: BTreeSet<String> = cases.map(|case| format!("parity:{}", case.name)).collect();
    let mut all = BTreeMap::new();
    for row in rows.all() {
        for name in &row.tests {
            if name.starts_with("parity:") {
                if !cases.contains(name) {
                    problems.push(format!("{}: {name}: there is no such case", row.id));
                }
                continue;
            }
            match names::find(name) {
                Ok(found) => drop(all.insert(name.as_str(), found)),
                Err(error) => problems.push(format!("{}: {name}: {error:#}", row.id)),
            }
        }
    }
    all
}

/// What speaks for a row.
struct Evidence<'a> {
    rows: &'a Rows,
    row: &'a Row,
    found: &'a BTreeMap<&'a str, Found>,
    deviations: &'a str,
}

impl Evidence<'_> {
    fn problem(&self) -> Option<String> {
        let row = self.row;
        if row.line.trim().is_empty() && row.state != State::Untested {
            return Some("`line` is empty".to_owned());
        }
        if !self.explains_deviations() {
            return Some(
                "a case says that mod_jk differs: DEVIATIONS.md has no line for any of its rows"
                    .into(),
            );
        }
        let has_tests = !self.rows.tests_of(row).is_empty();
        let has_reason = row.reason.as_ref().is_some_and(|reason| !reason.is_empty());
        let problem = match row.state {
            State::Compared if !self.is_compared() => {
                "no case and no `both!` test proves it with mod_jk as it is"
            }
            State::Tested if !has_tests => "no test is named",
            State::Deviation if !has_tests => "no test shows the deviation",
            State::Deviation if !has_reason && !self.stands_in_deviations(&row.id) => {
                "stands not in DEVIATIONS.md and has no `reason`"
            }
            State::NotApplicable if !has_reason => "has no `reason`",
            State::Untested => "is untested",
            _ => return None,
        };
        Some(problem.to_owned())
    }

    fn is_compared(&self) -> bool {
        let of_table = self
            .rows
            .cases_of(&self.row.id)
            .iter()
            .any(|case| case.is_compared);
        let found = self
            .row
            .tests
            .iter()
            .filter_map(|name| self.found.get(name.as_str()));
        of_table || found.into_iter().any(|found| found.is_compared)
    }

    /// Whether each case of the row in which mod_jk differs has its line in DEVIATIONS.md, or the reason in
    /// one of its rows.
    fn explains_deviations(&self) -> bool {
        let deviating = self
            .rows
            .cases_of(&self.row.id)
            .iter()
            .filter(|case| case.deviates);
        deviating.into_iter().all(|case| {
            let rows = self.rows.all().filter(|row| {
                let cases = self.rows.cases_of(&row.id).iter();
                cases.into_iter().any(|other| other.name == case.name)
            });
            rows.into_iter()
                .any(|row| row.reason.is_some() || self.stands_in_deviations(&row.id))
        })
    }

    fn stands_in_deviations(&self, id: &str) -> bool {
        stands_in(self.deviations, id)
    }
}

/// Whether an id stands in a text, alone or in a range such as `C-01…C-14`.
fn stands_in(text: &str, id: &str) -> bool {
    let alone = text.match_indices(id).any(|(at, _)| {
        let after = text[at + id.len()..].chars().next();
        let before = text[..at].chars().next_back();
        !after.is_some_and(char::is_alphanumeric) && !before.is_some_and(char::is_alphanumeric)
    });
    alone
        || text
            .match_indices('…')
            .any(|(at, _)| is_between(&text[..at], &text[at + '…'.len_utf8()..], id))
}

fn is_between(before: &str, after: &str, id: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let start = before.rsplit(|c| !is_part(c)).next().and_then(parts);
    let end = after.split(|c| !is_part(c)).next().and_then(parts);
    match (start, end, parts(id)) {
        (Some((kind, from)), Some((other, to)), Some((own, number))) => {
            kind == own && other == own && (from..=to).contains(&number)
        }
        _ => false,
    }
}

fn parts(id: &str) -> Option<(&str, u32)> {
    let (kind, number) = id.split_once('-')?;
    Some((kind, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_whole() {
        let rows = Rows::load(&parity::load().unwrap()).unwrap();
        let problems = problems(&rows).unwrap();
        assert!(problems.is_empty(), "{problems:#?}");
    }

    #[test]
    fn an_id_is_found_alone_and_in_ranges() {
        let text = "| BG-01, RO-06 | … | C-01…C-14 |";
        for (id, stands) in [
            ("BG-01", true),
            ("RO-06", true),
            ("RO-0", false),
            ("C-01", true),
            ("C-07", true),
            ("C-15", false),
            ("RO-07", false),
        ] {
            assert_eq!(stands_in(text, id), stands, "{id}");
        }
    }
}
