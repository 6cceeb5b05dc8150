//! Headings, blocks, tables of files and orders of a page, in the order in which they stand there.

use super::Copied;
use crate::Result;
use crate::document::{Block, Document};
use anyhow::{Context, ensure};

/// How a line begins that readers do not see.
const ORDER: &str = "<!-- player: ";
/// The head of a table of files.
const FILES: [&str; 4] = ["file", "goes to", "owner", "mode"];

/// One of them.
pub(super) enum Mark<'d> {
    Heading(String),
    Block(&'d Block),
    Copy(Copied),
    Order(String),
}

/// All of a page, each with its line.
pub(super) fn marks<'d>(text: &str, document: &'d Document) -> Result<Vec<(usize, Mark<'d>)>> {
    let mut marks = Vec::new();
    let mut blocks = document.blocks.iter().peekable();
    let mut lines = (1..).zip(text.lines());
    let mut in_table = false;
    while let Some((number, line)) = lines.next() {
        if let Some(block) = blocks.next_if(|block| block.line == number) {
            // The fence at its end, too.
            lines.nth(block.text.lines().count());
            marks.push((number, Mark::Block(block)));
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_owned();
            marks.push((number, Mark::Heading(title)));
        } else if let Some(order) = line.strip_prefix(ORDER) {
            let order = order.strip_suffix(" -->");
            let order = order.with_context(|| format!("line {number}: no end of the order"))?;
            marks.push((number, Mark::Order(order.to_owned())));
        } else if let Some(cells) = cells(line) {
            if in_table && !cells[0].starts_with('-') {
                let copied = copied(&cells).with_context(|| format!("line {number}"))?;
                marks.push((number, Mark::Copy(copied)));
            }
            in_table |= cells == FILES;
            continue;
        }
        in_table = false;
    }
    Ok(marks)
}

/// The cells of a table's row.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.trim_end().strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// ``| `was-01.pem` | was-01, was-02 `conf/was.pem` | tomcat | 0644 |``
fn copied(cells: &[&str]) -> Result<Copied> {
    ensure!(cells.len() == FILES.len(), "a row of {} cells", cells.len());
    let (hosts, to) = cells[1].split_once('`').context("no name to copy to")?;
    let bare = |text: &str| text.trim_matches('`').to_owned();
    Ok(Copied {
        file: bare(cells[0]),
        hosts: hosts
            .split(',')
            .map(|host| host.trim().to_owned())
            .collect(),
        to: bare(to),
        owner: cells[2].to_owned(),
        mode: cells[3].to_owned(),
    })
}
