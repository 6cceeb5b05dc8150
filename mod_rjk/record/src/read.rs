//! From files back to decisions.

use crate::head::Head;
use crate::line::{DecisionLine, OutcomeLine};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What every line begins with; it stands nowhere else, for quotes in a text are escaped.
const BEGIN: &[u8] = b"{\"rjk\":";

/// What was recorded.
#[derive(Debug, Default)]
pub struct Record {
    /// Heads by what lines name them by.
    pub heads: HashMap<String, Head>,
    /// Decisions and outcomes, in the order in which they were written.
    pub events: Vec<Event>,
    /// Lines that are no whole ones, or that no version of this program wrote.
    pub left_out: usize,
}

/// A line that is no head.
#[derive(Debug)]
pub enum Event {
    /// A decision.
    Decision(Box<DecisionLine>),
    /// What became of one.
    Outcome(OutcomeLine),
}

impl Event {
    fn at(&self) -> u64 {
        match self {
            Event::Decision(line) => line.at,
            Event::Outcome(line) => line.at,
        }
    }
}

/// Reads the contents of files, FILE and FILE.1 in any order. What names a head that is in none of them is
/// left out.
pub fn read<'t>(files: impl IntoIterator<Item = &'t [u8]>) -> Record {
    let mut record = Record::default();
    let mut files: Vec<Vec<Event>> = files
        .into_iter()
        .map(|text| read_file(text, &mut record))
        .collect();
    // The clock starts anew with the host: the order within a file is the surer one.
    files.sort_by_key(|events| events.first().map(Event::at));
    let runs: HashSet<&str> = record.heads.keys().map(|id| run(id)).collect();
    let is_known = |event: &Event| match event {
        Event::Decision(line) => record.heads.contains_key(&line.head),
        Event::Outcome(line) => runs.contains(line.run.as_str()),
    };
    let events = files.into_iter().flatten();
    let (known, unknown): (Vec<_>, Vec<_>) = events.partition(is_known);
    record.events = known;
    record.left_out += unknown.len();
    record
}

fn read_file(text: &[u8], record: &mut Record) -> Vec<Event> {
    let mut events = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        // What a killed child or a full disk left is followed by the next line without an end of its own.
        let starts = begins(line);
        let rest = starts.last().copied().unwrap_or(line.len());
        record.left_out += starts.len().saturating_sub(1);
        let (before, line) = line.split_at(rest);
        if !before.is_empty() && starts.len() < 2 {
            record.left_out += 1;
        }
        if line.is_empty() {
            continue;
        }
        match of_line(line) {
            Some(Read::Head(head)) => {
                record.heads.insert(head.id.clone(), head);
            }
            Some(Read::Event(event)) => events.push(event),
            None => record.left_out += 1,
        }
    }
    events
}

/// The start of httpd by which a head's id begins.
pub(crate) fn run(head: &str) -> &str {
    head.split('-').next().unwrap_or(head)
}

enum Read {
    Head(Head),
    Event(Event),
}

fn of_line(line: &[u8]) -> Option<Read> {
    let line: Value = serde_json::from_slice(line).ok()?;
    Some(match line["rjk"].as_str()? {
        "head" => Read::Head(Head::of_json(&line)?),
        "decision" => {
            let line = DecisionLine::of_json(&line)?;
            Read::Event(Event::Decision(Box::new(line)))
        }
        "outcome" => Read::Event(Event::Outcome(OutcomeLine::of_json(&line)?)),
        _ => return None,
    })
}

fn begins(line: &[u8]) -> Vec<usize> {
    let starts = line.windows(BEGIN.len()).enumerate();
    let starts = starts.filter(|(_, window)| *window == BEGIN);
    starts.map(|(at, _)| at).collect()
}
