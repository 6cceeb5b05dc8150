//! `rjk status`: what the status workers of web hosts say, as one table.

use super::access::Access;
use super::address::{Address, distinct, labels};
use super::client::at_once;
use super::model::{Activation, Answer, State};
use super::trouble::Trouble;
use crate::manners::{Cell, Ending, Outcome, Printer, Side, Table, Tone, harmless};
use serde_json::{Value, json};
use std::io::{self, Write};

/// `rjk status URL…`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 1 if a member or a worker is in error, or a web host does not answer.

Example:
  rjk status http://www1/jkstatus http://www2/jkstatus")]
pub struct Status {
    /// Status workers of mod_rjk, one of each web host
    #[arg(value_name = "URL", required = true)]
    urls: Vec<Address>,
    #[command(flatten)]
    access: Access,
}

/// What a host said.
struct Heard {
    url: String,
    label: String,
    said: Result<(Value, Answer), Trouble>,
}

impl Status {
    /// Asks all hosts and prints the table.
    ///
    /// # Errors
    /// The arguments are wrong, or nobody reads.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        distinct(&self.urls)?;
        let client = self.access.client()?;
        let said = at_once(&self.urls, |address| client.list(address));
        let names = self.urls.iter().zip(labels(&self.urls));
        let all: Vec<Heard> = names
            .zip(said)
            .map(|((address, label), said)| Heard {
                url: address.to_string(),
                label,
                said,
            })
            .collect();
        match printer.json() {
            true => printer.value(&as_json(&all))?,
            false => print(&all, printer)?,
        }
        Ok(ending(&all))
    }
}

fn ending(all: &[Heard]) -> Ending {
    let is_well = |heard: &Heard| matches!(&heard.said, Ok((_, answer)) if !answer.has_error());
    match all.iter().all(is_well) {
        true => Ending::Fine,
        false => Ending::Found,
    }
}

/// Answers as they came: docs/status-json.md describes them.
fn as_json(all: &[Heard]) -> Value {
    let host = |heard: &Heard| match &heard.said {
        Ok((value, _)) => json!({"url": heard.url, "answer": value}),
        Err(trouble) => json!({"url": heard.url, "problem": problem(trouble)}),
    };
    json!({"hosts": all.iter().map(host).collect::<Value>()})
}

/// A trouble, for scripts.
pub fn problem(trouble: &Trouble) -> Value {
    json!({"kind": trouble.kind(), "message": trouble.to_string()})
}

const COLUMNS: [(&str, Side); 9] = [
    ("HOST", Side::Left),
    ("BALANCER", Side::Left),
    ("MEMBER", Side::Left),
    ("ROUTE", Side::Left),
    ("ACTIVATION", Side::Left),
    ("STATE", Side::Left),
    ("BUSY", Side::Right),
    ("ELECTED", Side::Right),
    ("ERRORS", Side::Right),
];

fn print(all: &[Heard], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&COLUMNS);
    for heard in all {
        if let Ok((_, answer)) = &heard.said {
            add(&mut table, &heard.label, answer);
        }
    }
    table.write(out)?;
    for Heard { label, said, .. } in all {
        match said {
            Err(trouble) => writeln!(out, "{label}: {trouble}")?,
            Ok((_, answer)) if is_empty(answer) => {
                writeln!(
                    out,
                    "{label}: it has no balancer and no worker in worker.list"
                )?;
            }
            Ok(_) => {}
        }
        let notices = said.iter().flat_map(|(_, answer)| &answer.notices);
        for notice in notices {
            writeln!(out, "{label}: {}", harmless(notice))?;
        }
    }
    Ok(())
}

fn is_empty(answer: &Answer) -> bool {
    answer.balancers.is_empty() && answer.ajp_workers.is_empty()
}

fn add(table: &mut Table, label: &str, answer: &Answer) {
    for balancer in &answer.balancers {
        for member in &balancer.members {
            table.row(vec![
                label.into(),
                (&balancer.name).into(),
                (&member.name).into(),
                (&member.route).into(),
                activation(member.activation),
                state(&member.state),
                member.busy.into(),
                member.elected.into(),
                errors(member.errors),
            ]);
        }
    }
    for worker in &answer.ajp_workers {
        table.row(vec![
            label.into(),
            "-".into(),
            (&worker.name).into(),
            "-".into(),
            "-".into(),
            state(&worker.state),
            worker.busy.into(),
            worker.used.into(),
            errors(worker.errors),
        ]);
    }
}

/// An activation in its tone.
pub fn activation(activation: Activation) -> Cell {
    let tone = match activation {
        Activation::Active => Tone::Plain,
        Activation::Disabled | Activation::Stopped => Tone::Odd,
    };
    Cell::toned(activation, tone)
}

/// A state in its tone.
pub fn state(state: &State) -> Cell {
    let tone = match state.as_str() {
        word if word.starts_with("ERR/") => Tone::Odd,
        word if word.starts_with("ERR") => Tone::Bad,
        "OK/BUSY" => Tone::Odd,
        _ => Tone::Good,
    };
    Cell::toned(state.as_str(), tone)
}

fn errors(count: u64) -> Cell {
    let tone = if count == 0 { Tone::Plain } else { Tone::Odd };
    Cell::toned(count, tone)
}
