//! `mime=txt`: one line for each thing, with ` key=value` pairs.

use crate::fields::{self, Field, Order};
use crate::model::{BalancerView, Body, Head, MapView, Page, Verdict, WorkerView};
use bstr::BString;
use std::fmt::Write as _;

/// The whole answer.
pub(crate) fn render(page: &Page) -> String {
    let mut out = String::new();
    if let Some(head) = &page.head {
        write_head(&mut out, head, &page.body);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = balancers {
                let _ = writeln!(out, "Balancer Workers: count={}", balancers.len());
                balancers.iter().for_each(|view| balancer(&mut out, view));
            }
            if let Some(workers) = workers {
                let _ = writeln!(out, "AJP Workers: count={}", workers.len());
                workers.iter().for_each(|view| worker(&mut out, view));
            }
        }
        Body::Balancer(view) => balancer(&mut out, view),
        Body::Worker(view) => worker(&mut out, view),
        Body::Dump(properties) => dump(&mut out, properties),
    }
    let (kind, message) = verdict(&page.result);
    let _ = writeln!(out, "Result: type={kind} message=\"{message}\"");
    out
}

/// `OK` or `ERROR`, and the message.
pub(crate) fn verdict(verdict: &Verdict) -> (&'static str, &str) {
    match verdict {
        Verdict::Done => ("OK", "Action finished"),
        Verdict::Failed(message) => ("ERROR", message),
    }
}

fn write_head(out: &mut String, head: &Head, body: &Body) {
    line(out, "Server:", &fields::server(head));
    if !matches!(body, Body::Edit(_)) {
        line(out, "Time:", &fields::time(&head.time));
        line(out, "Software:", &fields::software(head));
    }
}

fn balancer(out: &mut String, view: &BalancerView) {
    let _ = write!(out, "Balancer Worker: name={}", view.name);
    line(out, "", &fields::balancer(view));
    for member in &view.members {
        let _ = write!(out, "Member: name={}", member.endpoint.name());
        pairs(out, &fields::member(member, Order::RetriesFirst));
        pairs(out, &fields::last_reset(member.last_reset));
        if let Some(time) = &member.error_time {
            pairs(out, &fields::error_time(time));
        }
        out.push('\n');
    }
    view.maps.iter().for_each(|view| map(out, view));
}

fn worker(out: &mut String, view: &WorkerView) {
    let _ = write!(out, "AJP Worker: name={}", view.endpoint.name());
    pairs(out, &fields::worker(view, Order::RetriesFirst));
    pairs(out, &fields::last_reset(view.last_reset));
    if let Some(time) = &view.error_time {
        pairs(out, &fields::error_time(time));
    }
    out.push('\n');
    view.maps.iter().for_each(|view| map(out, view));
}

fn map(out: &mut String, view: &MapView) {
    let _ = write!(out, "Map: id={}", view.id);
    line(out, "", &fields::map(view));
}

fn dump(out: &mut String, properties: &[(BString, BString)]) {
    out.push_str("Configuration:\n");
    for (name, value) in properties {
        let _ = writeln!(out, "{name}={value}");
    }
}

fn line(out: &mut String, start: &str, fields: &[Field<'_>]) {
    out.push_str(start);
    pairs(out, fields);
    out.push('\n');
}

fn pairs(out: &mut String, fields: &[Field<'_>]) {
    for Field {
        name,
        value,
        quoted,
    } in fields
    {
        let _ = match quoted {
            true => write!(out, " {name}=\"{value}\""),
            false => write!(out, " {name}={value}"),
        };
    }
}
