//! `mime=html`: the page for people.

use crate::answer::Context;
use crate::model::{BalancerView, Body, MemberView, Page, PolicyView, Verdict, WorkerView};
use bstr::ByteSlice;
use std::fmt::Write as _;

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;margin:.5em 0 1.5em}\
th,td{border:1px solid #999;padding:.2em .6em;text-align:left}th{background:#eee}td.n{text-align:right}\
.bad{background:#fbb}.warn{background:#fe9}";

/// The whole page.
pub(crate) fn render(page: &Page, context: &Context<'_>) -> String {
    let mut html = String::with_capacity(4096);
    begin(&mut html, page, context);
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            let (balancers, workers) = (balancers.iter().flatten(), workers.iter().flatten());
            balancers.for_each(|view| balancer(&mut html, view));
            workers.for_each(|view| worker(&mut html, view));
        }
        Body::Balancer(view) => balancer(&mut html, view),
        Body::Worker(view) => worker(&mut html, view),
        Body::Dump(properties) => {
            html.push_str("<pre>");
            for (name, value) in properties {
                let _ = writeln!(html, "{}={}", escape(name), escape(value));
            }
            html.push_str("</pre>\n");
        }
    }
    if let Verdict::Failed(message) = &page.result {
        let message = escape(message);
        let _ = writeln!(html, "<p class=\"bad\">Result: ERROR - {message}</p>");
    }
    html.push_str("</body></html>\n");
    html
}

fn begin(html: &mut String, page: &Page, context: &Context<'_>) {
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>JK Status Manager</title>\n"
    );
    match &context.spec.css {
        Some(css) => {
            let _ = writeln!(html, "<link rel=\"stylesheet\" href=\"{}\">", escape(css));
        }
        None => {
            let _ = writeln!(html, "<style>{STYLE}</style>");
        }
    }
    html.push_str("</head><body>\n");
    if let Some(head) = &page.head {
        let read_only = if context.is_read_only {
            " (read only)"
        } else {
            ""
        };
        let _ = writeln!(
            html,
            "<h1>JK Status Manager for {}:{}{read_only}</h1>\n<p>{}</p>",
            escape(&head.name),
            head.port,
            head.jk_version.replace('/', " "),
        );
    }
}

fn balancer(html: &mut String, view: &BalancerView) {
    let _ = writeln!(
        html,
        "<h2>Balancer {}</h2>\n<p>sticky sessions: {}, forced: {}, busy: {}, most busy: {}</p>\n\
         <table>\n<tr><th>Member</th><th>Address</th><th>Route</th><th>Activation</th><th>State</th>\
         <th>Factor</th><th>Value</th><th>Accessed</th><th>Sessions</th><th>Errors</th>\
         <th>Client errors</th><th>Reply timeouts</th><th>Read</th><th>Sent</th><th>Busy</th>\
         <th>Most busy</th><th>Connected</th></tr>",
        escape(&view.name),
        yes_no(view.settings.sticky_session),
        yes_no(view.settings.sticky_session_force),
        view.busy,
        view.max_busy,
    );
    view.members.iter().for_each(|view| member(html, view));
    html.push_str("</table>\n");
    if let Some(view) = &view.policy {
        policy(html, view);
    }
}

fn policy(html: &mut String, view: &PolicyView) {
    let _ = write!(
        html,
        "<h3>Policy {}</h3>\n<table>\n<tr>",
        escape(&view.name)
    );
    for (heading, _) in &view.decisions {
        let _ = write!(html, "<th>{heading}</th>");
    }
    html.push_str("</tr>\n<tr>");
    let values: Vec<u64> = view.decisions.iter().map(|(_, value)| *value).collect();
    numbers(html, &values);
    html.push_str("</table>\n");
    if view.counters.is_empty() {
        return;
    }
    html.push_str("<table>\n<tr><th>Counter</th><th>Value</th></tr>\n");
    for (number, value) in &view.counters {
        let _ = write!(html, "<tr><td>{number}</td>");
        numbers(html, &[*value]);
    }
    html.push_str("</table>\n");
}

fn member(html: &mut String, view: &MemberView) {
    let state = view.state.as_str();
    let class = match state {
        "OK" | "OK/IDLE" => "",
        "ERR" => " class=\"bad\"",
        _ => " class=\"warn\"",
    };
    let endpoint = &view.endpoint;
    let _ = write!(
        html,
        "<tr><td>{}</td><td>{}:{}</td><td>{}</td><td>{}</td><td{class}>{state}</td>",
        escape(endpoint.name()),
        escape(&endpoint.spec.host),
        endpoint.spec.port,
        escape(&view.route),
        view.activation.as_str(),
    );
    numbers(
        html,
        &[
            u64::from(view.lbfactor),
            view.value,
            endpoint.used,
            view.sessions,
            view.errors,
            endpoint.client_errors,
            endpoint.reply_timeouts,
            endpoint.read,
            endpoint.transferred,
            endpoint.busy,
            endpoint.max_busy,
            endpoint.connected,
        ],
    );
}

fn worker(html: &mut String, view: &WorkerView) {
    let endpoint = &view.endpoint;
    let _ = write!(
        html,
        "<h2>Worker {}</h2>\n<table>\n<tr><th>Address</th><th>State</th><th>Accessed</th>\
         <th>Errors</th><th>Client errors</th><th>Read</th><th>Sent</th><th>Busy</th>\
         <th>Connected</th></tr>\n<tr><td>{}:{}</td><td>{}</td>",
        escape(endpoint.name()),
        escape(&endpoint.spec.host),
        endpoint.spec.port,
        view.state.as_str(),
    );
    numbers(
        html,
        &[
            endpoint.used,
            view.errors,
            endpoint.client_errors,
            endpoint.read,
            endpoint.transferred,
            endpoint.busy,
            endpoint.connected,
        ],
    );
    html.push_str("</table>\n");
}

fn numbers(html: &mut String, values: &[u64]) {
    for value in values {
        let _ = write!(html, "<td class=\"n\">{value}</td>");
    }
    html.push_str("</tr>\n");
}

fn yes_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// Text for HTML content and attributes.
fn escape(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref().as_bstr().to_string();
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cv12_names_are_escaped() {
        assert_eq!(
            escape(b"\"><script>'&"),
            "&quot;&gt;&lt;script&gt;&#39;&amp;"
        );
    }
}
