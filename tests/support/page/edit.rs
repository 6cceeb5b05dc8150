//! How text of a page goes into a file, as the page says.

use crate::Result;
use anyhow::{Context, bail, ensure};

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// It is the file, or stands behind what the file was at first.
    Behind,
    /// In server.xml, behind all connectors.
    BelowConnectors,
    /// In server.xml, first of all in the Engine.
    BelowEngine,
    /// In server.xml, and no other connector stays.
    InPlaceOfConnectors,
    /// In place of the one line with this in it that is no comment.
    InPlaceOf(String),
}

/// A file that a page changes.
pub struct Edited<'a> {
    /// What it was before the page began with it, if it was there.
    pub first: &'a str,
    /// What it is.
    pub now: &'a str,
}

impl Spot {
    /// From the words behind the file's name.
    pub(super) fn read(words: &[&str]) -> Result<Spot> {
        Ok(match words {
            [] => Spot::Behind,
            ["below", "connectors"] => Spot::BelowConnectors,
            ["below", "Engine"] => Spot::BelowEngine,
            ["in", "place", "of", "connectors"] => Spot::InPlaceOfConnectors,
            ["in", "place", "of", what] => Spot::InPlaceOf((*what).to_owned()),
            _ => bail!("where is {:?}?", words.join(" ")),
        })
    }

    /// The file with the text in it.
    pub fn apply(&self, file: &Edited, text: &str) -> Result<String> {
        let now = file.now;
        match self {
            Spot::Behind if file.first.is_empty() => Ok(text.to_owned()),
            Spot::Behind => Ok(format!("{}\n\n{text}", file.first.trim_end())),
            Spot::BelowConnectors => {
                let at = connectors(now)?.1;
                Ok(format!("{}{text}{}", &now[..at], &now[at..]))
            }
            Spot::BelowEngine => {
                let at = now.find("<Engine ").context("no Engine")?;
                let end = now[at..].find(">\n").context("the Engine has no end")? + at + 2;
                Ok(format!("{}{text}{}", &now[..end], &now[end..]))
            }
            Spot::InPlaceOfConnectors => {
                let (begin, end) = connectors(now)?;
                Ok(format!("{}{text}{}", &now[..begin], &now[end..]))
            }
            Spot::InPlaceOf(what) => in_place_of(now, what, text),
        }
    }
}

/// From the line of the first connector to the line of the Engine.
fn connectors(xml: &str) -> Result<(usize, usize)> {
    let line_of = |what: &str| -> Result<usize> {
        let at = xml.find(what).with_context(|| format!("no {what}"))?;
        Ok(xml[..at].rfind('\n').map_or(0, |end| end + 1))
    };
    let range = (line_of("<Connector ")?, line_of("<Engine ")?);
    ensure!(range.0 < range.1, "a connector below the Engine");
    Ok(range)
}

fn in_place_of(now: &str, what: &str, text: &str) -> Result<String> {
    let is = |line: &&str| line.contains(what) && !line.trim_start().starts_with('#');
    let count = now.lines().filter(is).count();
    ensure!(count == 1, "{count} lines have {what} in them");
    let lines = now.lines().map(|line| match is(&line) {
        true => text.trim_end(),
        false => line,
    });
    Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
}
