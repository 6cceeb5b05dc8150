//! `rjk top --once`: one table, for those without a terminal.

use super::columns::ALL;
use super::feed::ask;
use super::rows::{Farm, Order, Row};
use crate::farm::{Address, Client, at_once, labels, problem};
use crate::manners::{Ending, Outcome, Printer, Side, Table};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

/// Looks twice, for the rates, and prints.
pub fn run(
    client: &Client,
    addresses: &[Address],
    interval: Duration,
    printer: &mut Printer,
) -> Outcome {
    let numbered: Vec<(usize, &Address)> = addresses.iter().enumerate().collect();
    let look = || at_once(&numbered, |(host, address)| ask(client, *host, address));
    let mut farm = Farm::new(labels(addresses), interval);
    for heard in look() {
        farm.hear(heard);
    }
    thread::sleep(interval);
    let mut problems: Vec<Option<Value>> = Vec::new();
    for heard in look() {
        problems.push(heard.said.as_ref().err().map(problem));
        farm.hear(heard);
    }
    let rows = farm.rows(Order::Host);
    match printer.json() {
        true => printer.value(&as_json(addresses, &problems, &rows))?,
        false => print(&farm, &rows, printer)?,
    }
    let is_well = farm.troubled() == 0 && !rows.iter().any(|row| row.state.is_error());
    Ok(if is_well { Ending::Fine } else { Ending::Found })
}

fn print(farm: &Farm, rows: &[&Row], out: &mut dyn Write) -> io::Result<()> {
    let columns = ALL.map(|column| {
        let side = if column.is_number() {
            Side::Right
        } else {
            Side::Left
        };
        (column.heading(false), side)
    });
    let mut table = Table::new(&columns);
    for row in rows {
        table.row(ALL.map(|column| column.cell(row)).to_vec());
    }
    table.write(out)?;
    for (text, _) in farm.silent() {
        writeln!(out, "{text}")?;
    }
    Ok(())
}

fn as_json(addresses: &[Address], problems: &[Option<Value>], rows: &[&Row]) -> Value {
    let labels = labels(addresses);
    let hosts = addresses.iter().zip(&labels).zip(problems);
    let host = |((address, label), problem): ((&Address, &String), &Option<Value>)| match problem {
        Some(problem) => json!({"url": address.to_string(), "problem": problem}),
        None => {
            let own = rows.iter().filter(|row| row.host == *label);
            let members: Value = own.map(|row| member(row)).collect();
            json!({"url": address.to_string(), "members": members})
        }
    };
    json!({"hosts": hosts.map(host).collect::<Value>()})
}

fn member(row: &Row) -> Value {
    json!({
        "balancer": row.balancer,
        "member": row.member,
        "activation": row.activation,
        "state": row.state.as_str(),
        "busy": row.busy,
        "elected": row.count.elected,
        "errors": row.count.errors,
        "requests_per_second": row.rates.map(|rates| rates.requests),
        "errors_per_second": row.rates.map(|rates| rates.errors),
    })
}
