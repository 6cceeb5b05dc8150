//! `mime=txt`: one line for each thing, with ` key=value` pairs.

use crate::fields::{self, Field, Order};
use crate::model::{BalancerView, Body, Head, MapView, Page, WorkerView, counted};
use bstr::BString;
use std::io::Write as _;

/// The whole answer.
pub(crate) fn render(page: &Page) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(head) = &page.head {
        write_head(&mut out, head, &page.body);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = counted(balancers) {
                let _ = writeln!(out, "Balancer Workers: count={}", balancers.len());
                balancers.iter().for_each(|view| balancer(&mut out, view));
            }
            if let Some(workers) = counted(workers) {
                let _ = writeln!(out, "AJP Workers: count={}", workers.len());
                workers.iter().for_each(|view| worker(&mut out, view));
            }
        }
        Body::Balancer(view) => balancer(&mut out, view),
        Body::Worker(view) => worker(&mut out, view),
        Body::Dump(properties) => dump(&mut out, properties),
    }
    let (kind, message) = page.result.words();
    let _ = writeln!(out, "Result: type={kind} message=\"{message}\"");
    out
}

fn write_head(out: &mut Vec<u8>, head: &Head, body: &Body) {
    line(out, b"Server:", &fields::server(head));
    if !matches!(body, Body::Edit(_)) {
        line(out, b"Time:", &fields::time(&head.time));
        line(out, b"Software:", &fields::software(head));
    }
}

fn balancer(out: &mut Vec<u8>, view: &BalancerView) {
    named(out, "Balancer Worker: name=", &view.name);
    line(out, b"", &fields::balancer(view));
    for member in &view.members {
        named(out, "Member: name=", member.endpoint.name());
        pairs(out, &fields::member(member, Order::RetriesFirst));
        let times = fields::times(member.last_reset, member.error_time.as_ref());
        pairs(out, &times);
        out.push(b'\n');
    }
    view.maps.iter().for_each(|view| map(out, view));
    if let Some(policy) = &view.policy {
        named(out, "Policy: name=", policy.name.as_bytes());
        line(out, b"", fields::policy(policy).as_slice());
    }
}

fn worker(out: &mut Vec<u8>, view: &WorkerView) {
    named(out, "AJP Worker: name=", view.endpoint.name());
    pairs(out, &fields::worker(view, Order::RetriesFirst));
    let times = fields::times(view.last_reset, view.error_time.as_ref());
    pairs(out, &times);
    out.push(b'\n');
    view.maps.iter().for_each(|view| map(out, view));
}

fn map(out: &mut Vec<u8>, view: &MapView) {
    let _ = write!(out, "Map: id={}", view.id);
    line(out, b"", &fields::map(view));
}

fn dump(out: &mut Vec<u8>, properties: &[(BString, BString)]) {
    out.extend_from_slice(b"Configuration:\n");
    for (name, value) in properties {
        out.extend_from_slice(&[name.as_slice(), b"=", value, b"\n"].concat());
    }
}

fn named(out: &mut Vec<u8>, start: &str, name: &[u8]) {
    out.extend_from_slice(start.as_bytes());
    out.extend_from_slice(name);
}

fn line(out: &mut Vec<u8>, start: &[u8], fields: &[Field<'_>]) {
    out.extend_from_slice(start);
    pairs(out, fields);
    out.push(b'\n');
}

fn pairs(out: &mut Vec<u8>, fields: &[Field<'_>]) {
    for field in fields {
        let quote: &[u8] = if field.quoted { b"\"" } else { b"" };
        out.extend_from_slice(&[b" ", field.name.as_bytes(), b"=", quote].concat());
        field.value.push(out);
        out.extend_from_slice(quote);
    }
}
