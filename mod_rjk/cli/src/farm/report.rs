//! What was changed, and what was not.

use super::apply::{Done, End};
use super::model::Activation;
use super::order::Order;
use super::plan::Goal;
use super::status::activation;
use crate::manners::{Cell, Side, Table, Tone};
use serde_json::{Value, json};
use std::fmt;
use std::io::{self, Write};

/// A line for each member of each host.
pub fn print(
    order: &Order,
    labels: &[String],
    goal: Goal,
    all: &[Done],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut columns = vec![
        ("HOST", Side::Left),
        ("BALANCER", Side::Left),
        ("MEMBER", Side::Left),
    ];
    if goal.activation().is_some() {
        columns.extend([("WAS", Side::Left), ("NOW", Side::Left)]);
    }
    columns.push(("RESULT", Side::Left));
    let mut table = Table::new(&columns);
    for done in all {
        let step = &done.step;
        let label = labels.get(step.host).cloned().unwrap_or_default();
        let mut row = vec![
            label.into(),
            (&order.balancer).into(),
            (&step.member).into(),
        ];
        if goal.activation().is_some() {
            row.extend([activation(step.was), now(done)]);
        }
        row.push(Cell::toned(&done.end, tone(&done.end)));
        table.row(row);
    }
    table.write(out)
}

/// What is not done yet has no activation.
fn now(done: &Done) -> Cell {
    match done.now {
        Some(now) => activation(now),
        None => "?".into(),
    }
}

fn tone(end: &End) -> Tone {
    match end {
        End::Changed => Tone::Good,
        End::Already | End::Would => Tone::Plain,
        End::Not(_) | End::Unknown(_) => Tone::Bad,
    }
}

/// The same, for scripts.
pub fn as_json(order: &Order, all: &[Done]) -> Value {
    let change = |done: &Done| {
        let why = match &done.end {
            End::Not(why) | End::Unknown(why) => Some(why),
            _ => None,
        };
        json!({
            "url": order.addresses[done.step.host].to_string(),
            "balancer": order.balancer,
            "member": done.step.member,
            "was": done.step.was,
            "now": done.now.map(Activation::as_str),
            "result": done.end.word(),
            "problem": why,
        })
    };
    json!({"changes": all.iter().map(change).collect::<Value>()})
}

/// Some were changed and some were not.
#[derive(Debug)]
pub struct Unfinished {
    well: Vec<String>,
    not: Vec<String>,
}

impl Unfinished {
    /// Of what was done; `None` if all is well.
    pub fn of(labels: &[String], all: &[Done]) -> Option<Unfinished> {
        let mut found = Unfinished {
            well: Vec::new(),
            not: Vec::new(),
        };
        for (host, label) in labels.iter().enumerate() {
            let mut own = all.iter().filter(|done| done.step.host == host);
            let list = match own.all(|done| done.end.is_well()) {
                true => &mut found.well,
                false => &mut found.not,
            };
            list.push(label.clone());
        }
        (!found.not.is_empty()).then_some(found)
    }
}

impl std::error::Error for Unfinished {}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = self.not.join(", ");
        match self.well.is_empty() {
            true => write!(f, "not as it should be: {not}"),
            false => write!(f, "as it should be: {}; not: {not}", self.well.join(", ")),
        }
    }
}
