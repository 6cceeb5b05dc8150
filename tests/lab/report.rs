//! The table at the end, and the one of the other module beside it.

use crate::options;
use anyhow::{Context, Result};
use rjk_testbed::Subject;
use rjk_testbed::module::repository;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// What the two tables beside each other do not show.
const CAUTION: &str = "\
The slowest answer is luck as far as it depends on whether a request was in flight when something broke:
play each side more than once before you compare seconds.";

/// How a step ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All was as it should be.
    Held,
    /// Something was not.
    Failed(String),
    /// The module has no such thing.
    Absent,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Failed(_) => "FAILED",
            Verdict::Absent => "not there",
        }
    }
}

/// A step.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    /// Its name.
    pub step: String,
    /// What was done.
    pub asked: String,
    /// What was seen.
    pub answered: String,
    /// Requests.
    pub sent: u64,
    /// Those without their answer.
    pub failed: u64,
    /// Those that a web host took along when it was cut.
    pub cut: u64,
    /// The slowest answer for a user.
    pub slowest_ms: u64,
    /// How long it took.
    pub seconds: f64,
    /// How it ended.
    pub verdict: Verdict,
}

impl Row {
    /// What came out.
    pub fn in_one_line(&self) -> String {
        let why = match &self.verdict {
            Verdict::Failed(why) => why,
            _ => &self.answered,
        };
        let word = self.verdict.word();
        format!("{word}: {why} ({} sent, {} failed)", self.sent, self.failed)
    }

    /// What was seen, and what was wrong with it.
    fn outcome(&self) -> String {
        match &self.verdict {
            Verdict::Failed(why) if self.answered.is_empty() => why.clone(),
            Verdict::Failed(why) => format!("{} BUT {why}", self.answered),
            _ => self.answered.clone(),
        }
    }

    fn figures(&self) -> [String; 4] {
        let slowest = Duration::from_millis(self.slowest_ms).as_secs_f64();
        [
            self.sent.to_string(),
            self.failed.to_string(),
            format!("{slowest:.1} s"),
            self.verdict.word().to_owned(),
        ]
    }
}

/// All steps of a run.
#[derive(Debug, Deserialize, Serialize)]
pub struct Report {
    module: String,
    seconds: f64,
    rows: Vec<Row>,
}

impl Report {
    /// An empty one.
    pub fn new(subject: Subject) -> Report {
        Report {
            module: options::name(subject).to_owned(),
            seconds: 0.0,
            rows: Vec::new(),
        }
    }

    /// Adds a step.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// How long all of it took, the start included.
    pub fn seconds(&mut self, took: Duration) {
        self.seconds = took.as_secs_f64();
    }

    /// Whether no step failed.
    pub fn held(&self) -> bool {
        let failed = |row: &Row| matches!(row.verdict, Verdict::Failed(_));
        !self.rows.iter().any(failed)
    }

    /// With mod_jk a failed step is a result.
    pub fn exit(&self) -> u8 {
        if self.held() || self.module != options::name(Subject::Rjk) {
            0
        } else {
            1
        }
    }

    /// Prints it; one of a whole run is kept, and stands beside the other module's.
    pub fn show(&self, is_whole: bool) -> Result<()> {
        if is_whole {
            self.keep()?;
        }
        println!("{}", self.table());
        let steps = self.rows.len();
        let held = self.rows.iter().filter(|row| row.verdict == Verdict::Held);
        println!(
            "{}: {} of {steps} steps held, {:.0} s",
            self.module,
            held.count(),
            self.seconds
        );
        if is_whole && let Some((rjk, jk)) = self.both() {
            println!("\n{}{CAUTION}", beside(&rjk, &jk));
        }
        Ok(())
    }

    fn keep(&self) -> Result<()> {
        let file = path(&self.module);
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(&file, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }

    fn both(&self) -> Option<(Report, Report)> {
        Some((read(Subject::Rjk)?, read(Subject::ModJk)?))
    }

    fn table(&self) -> String {
        let head = ["step", "asked", "answered", "sent", "failed", "slowest", ""];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for row in &self.rows {
            let words = [row.step.clone(), row.asked.clone(), row.outcome()];
            rows.push([&words[..], &row.figures()].concat());
        }
        drawn(&rows, &[16, 34, 52, 6, 6, 7, 9])
    }
}

fn path(module: &str) -> PathBuf {
    folder().join(format!("{module}.json"))
}

/// Where reports and logs go: below target/, unless somebody says otherwise.
pub fn folder() -> PathBuf {
    let said = std::env::var_os("RJK_LAB_REPORTS");
    said.map_or_else(|| repository().join("target/lab"), PathBuf::from)
}

fn read(subject: Subject) -> Option<Report> {
    let text = fs::read_to_string(path(options::name(subject))).ok()?;
    serde_json::from_str(&text).ok()
}

fn beside(rjk: &Report, jk: &Report) -> String {
    let head = [
        "step", "mod_rjk", "sent", "failed", "slowest", "mod_jk", "sent", "failed", "slowest",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for row in &rjk.rows {
        let mut cells = vec![row.step.clone()];
        let other = jk.rows.iter().find(|other| other.step == row.step);
        for row in [Some(row), other] {
            let [sent, failed, slowest, word] = row.map(Row::figures).unwrap_or_default();
            cells.extend([word, sent, failed, slowest]);
        }
        rows.push(cells);
    }
    drawn(&rows, &[24, 9, 6, 6, 7, 9, 6, 6, 7])
}

/// Rows with cells of these widths, their words wrapped.
fn drawn(rows: &[Vec<String>], widths: &[usize]) -> String {
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let rule = rule.join("-+-");
    let mut text = String::new();
    for row in rows {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| wrapped(cell, *width))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let parts: Vec<String> = cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| {
                    let part = cell.get(line).map(String::as_str).unwrap_or_default();
                    format!("{part:width$}")
                })
                .collect();
            text.push_str(parts.join(" | ").trim_end());
            text.push('\n');
        }
        text.push_str(&rule);
        text.push('\n');
    }
    text
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map(String::len).unwrap_or_default();
        if last > 0 && last + 1 + word.len() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
