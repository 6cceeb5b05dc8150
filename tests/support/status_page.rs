//! The page of a status worker, of either module.

use crate::client::{self, Response};
use crate::{Result, Subject};
use anyhow::{Context, ensure};

/// A page that was read once.
#[derive(Debug)]
pub struct StatusPage {
    subject: Subject,
    response: Response,
}

/// What it says of a member of a balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// State text (§4.4).
    pub state: String,
    /// `ACT`, `DIS` or `STP`.
    pub activation: String,
    /// Load V.
    pub value: u64,
    /// Uses of its worker.
    pub accessed: u64,
    /// Requests without a session.
    pub sessions: u64,
    /// Failures.
    pub errors: u64,
    /// Requests in flight.
    pub busy: u64,
    /// Open connections.
    pub connected: u64,
}

impl StatusPage {
    /// Reads the page that is mounted at `path`: ours as HTML, mod_jk's as properties.
    pub fn read(subject: Subject, port: u16, path: &str) -> Result<StatusPage> {
        let response = match subject {
            Subject::Rjk => client::get(port, path)?,
            Subject::ModJk => client::get(port, &format!("{path}?mime=prop"))?,
        };
        ensure!(response.status == 200, "{response:?}");
        Ok(StatusPage { subject, response })
    }

    /// A member, by its name.
    pub fn member(&self, name: &str) -> Result<MemberStatus> {
        let page = self.response.text();
        let text = |ours: &str, theirs: &str| {
            let found = match self.subject {
                Subject::Rjk => cell(&page, name, ours),
                Subject::ModJk => self.response.field(&format!("worker.{name}.{theirs}")),
            };
            found.with_context(|| format!("no {ours} of {name} in {page}"))
        };
        let number = |ours, theirs| -> Result<u64> { Ok(text(ours, theirs)?.parse()?) };
        Ok(MemberStatus {
            state: text("State", "state")?,
            activation: text("Activation", "activation")?,
            value: number("Value", "lbvalue")?,
            accessed: number("Accessed", "elected")?,
            sessions: number("Sessions", "sessions")?,
            errors: number("Errors", "errors")?,
            busy: number("Busy", "busy")?,
            connected: number("Connected", "connected")?,
        })
    }

    /// Requests in flight of a balancer itself.
    pub fn balancer_busy(&self, name: &str) -> Result<u64> {
        let page = self.response.text();
        let found = match self.subject {
            Subject::Rjk => page
                .split_once(&format!("<h2>Balancer {name}</h2>"))
                .and_then(|(_, rest)| rest.split_once(", busy: "))
                .and_then(|(_, rest)| Some(rest.split_once(',')?.0.to_owned())),
            Subject::ModJk => self.response.field(&format!("worker.{name}.busy")),
        };
        let text = found.with_context(|| format!("no balancer {name} in {page}"))?;
        Ok(text.parse()?)
    }

    /// The numbers under a heading of the page of mod_rjk, of all tables that have one.
    pub fn column(&self, heading: &str) -> Vec<u64> {
        column(&self.response.text(), heading)
    }

    /// What the page of mod_rjk says of the balancer's policy under a heading, `Shadow same` for
    /// instance; the first policy of that name.
    pub fn policy(&self, name: &str, heading: &str) -> Result<u64> {
        let page = self.response.text();
        let found = policy_cell(&page, name, heading);
        let text = found.with_context(|| format!("no {heading} of policy {name} in {page}"))?;
        Ok(text.parse()?)
    }

    /// The page as text.
    pub fn text(&self) -> String {
        self.response.text()
    }
}

/// The cell under a heading of the table that follows a policy's title.
fn policy_cell(page: &str, name: &str, heading: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("<h3>Policy {name}</h3>"))?;
    let (table, _) = rest.split_once("</table>")?;
    let index = texts(table, "th").iter().position(|text| text == heading)?;
    texts(table, "td").get(index).cloned()
}

/// The cell of a member's row under a heading.
fn cell(page: &str, member: &str, heading: &str) -> Option<String> {
    let table = page
        .split("<table>")
        .find(|table| texts(table, "td").iter().any(|text| text == member))?;
    let mut rows = table.split("<tr>");
    let headings = rows.find_map(|row| Some(texts(row, "th")).filter(|cells| !cells.is_empty()))?;
    let index = headings.iter().position(|text| text == heading)?;
    let cells = rows
        .map(|row| texts(row, "td"))
        .find(|cells| cells.first().is_some_and(|name| name == member))?;
    cells.get(index).cloned()
}

/// The numbers under a heading, of all tables that have one.
fn column(page: &str, heading: &str) -> Vec<u64> {
    let mut index = None;
    let mut numbers = Vec::new();
    for row in page.split("<tr>").skip(1) {
        let headings = texts(row, "th");
        if !headings.is_empty() {
            index = headings.iter().position(|text| text == heading);
            continue;
        }
        let cells = texts(row, "td");
        let cell = index.and_then(|index: usize| cells.get(index));
        numbers.extend(cell.and_then(|text| text.parse::<u64>().ok()));
    }
    numbers
}

/// The texts of all elements of a name, which hold no others.
fn texts(html: &str, element: &str) -> Vec<String> {
    let (start, end) = (format!("<{element}"), format!("</{element}>"));
    let inner = |part: &str| {
        let text = part.split_once('>')?.1.split_once(&end)?.0;
        Some(text.to_owned())
    };
    html.split(&start).skip(1).filter_map(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_found_by_heading_and_member() {
        let page = "<table>\n<tr><th>Member</th><th>Busy</th></tr>\n\
            <tr><td>m1</td><td class=\"n\">1</td></tr>\n<tr><td>m2</td><td>2</td></tr></table>";
        assert_eq!(cell(page, "m1", "Busy").as_deref(), Some("1"));
        assert_eq!(cell(page, "m2", "Busy").as_deref(), Some("2"));
        assert_eq!(cell(page, "m2", "State"), None);
        assert_eq!(cell(page, "m3", "Busy"), None);
    }

    #[test]
    fn a_column_has_the_numbers_of_all_tables() {
        let page = "<table><tr><th>Worker</th><th>Busy</th></tr>\n<tr><td>w</td><td>3</td></tr></table>\
            <table><tr><th>Busy</th><th>Member</th></tr><tr><td class=\"n\">1</td><td>m</td></tr></table>";
        assert_eq!(column(page, "Busy"), [3, 1]);
        assert!(column(page, "Member").is_empty(), "no number");
    }

    #[test]
    fn a_counter_of_a_policy_is_found_by_heading() {
        let page = "<h3>Policy a</h3>\n<table>\n<tr><th>Built-in</th><th>Member</th></tr>\n\
            <tr><td class=\"n\">1</td><td class=\"n\">2</td></tr>\n</table>\n\
            <h3>Policy b</h3>\n<table><tr><th>Built-in</th></tr><tr><td>3</td></tr></table>";
        assert_eq!(policy_cell(page, "a", "Member").as_deref(), Some("2"));
        assert_eq!(policy_cell(page, "b", "Built-in").as_deref(), Some("3"));
        assert_eq!(policy_cell(page, "b", "Member"), None);
        assert_eq!(policy_cell(page, "c", "Member"), None);
    }
}
