//! The page of the status worker: balancers and members, read-only (contract §6, first cut).

mod query;

pub use query::Unsupported;

use crate::dispatcher::{Dispatcher, Worker};
use crate::worker::load_balancer::LoadBalancer;
use crate::worker::standalone::Standalone;
use bstr::{BString, ByteSlice};
use rjk_balance::{FaultKind, MemberNote, PolicySlot, RoutingPolicy};
use rjk_config::model::{AjpSpec, StatusSpec};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What the page says about the server and the reader.
#[derive(Clone, Debug)]
pub struct Page {
    /// Server name.
    pub server: String,
    /// Server port.
    pub port: u16,
    /// The authenticated user, for the `user` list (S-03).
    pub user: Option<BString>,
}

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;margin:.5em 0 1.5em}\
th,td{border:1px solid #999;padding:.2em .6em;text-align:left}th{background:#eee}td.n{text-align:right}\
.bad{background:#fbb}.warn{background:#fe9}";

impl Page {
    /// The page as HTML. A user whom the worker's `user` list does not name sees a refusal (S-03).
    pub fn render(&self, spec: &StatusSpec, dispatcher: &Dispatcher) -> String {
        let mut html = String::with_capacity(4096);
        self.begin(&mut html, spec);
        if self.may_read(spec) {
            for (name, worker) in dispatcher.workers() {
                match worker {
                    Worker::Lb(lb) => balancer(&mut html, lb),
                    Worker::Ajp(worker) => standalone(&mut html, name, worker),
                    Worker::Status(_) | Worker::Legacy(_) => {}
                }
            }
        } else {
            html.push_str("<p class=\"bad\">Access denied.</p>\n");
        }
        html.push_str("</body></html>\n");
        html
    }

    fn may_read(&self, spec: &StatusSpec) -> bool {
        spec.users.is_empty()
            || self.user.as_ref().is_some_and(|user| {
                spec.users.iter().any(|known| {
                    known == user
                        || (spec.user_case_insensitive && known.eq_ignore_ascii_case(user))
                })
            })
    }

    fn begin(&self, html: &mut String, spec: &StatusSpec) {
        let server = escape(self.server.as_bytes());
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>JK Status Manager</title>\n"
        );
        match &spec.css {
            Some(css) => {
                let _ = writeln!(html, "<link rel=\"stylesheet\" href=\"{}\">", escape(css));
            }
            None => {
                let _ = writeln!(html, "<style>{STYLE}</style>");
            }
        }
        let _ = writeln!(
            html,
            "</head><body>\n<h1>JK Status Manager for {server}:{} (read only)</h1>\n\
             <p>mod_rjk {}</p>",
            self.port,
            env!("CARGO_PKG_VERSION")
        );
    }
}

fn balancer(html: &mut String, lb: &LoadBalancer) {
    let roster = lb.balancer.roster();
    let (spec, slot) = (roster.spec(), lb.balancer.slot());
    let _ = writeln!(
        html,
        "<h2>Balancer {}</h2>\n<p>sticky sessions: {}, forced: {}, busy: {}, most busy: {}</p>\n\
         <table>\n<tr><th>Member</th><th>Address</th><th>Route</th><th>Activation</th><th>State</th>\
         <th>Factor</th><th>Value</th><th>Accessed</th><th>Sessions</th><th>Errors</th>\
         <th>Client errors</th><th>Reply timeouts</th><th>Read</th><th>Sent</th><th>Busy</th>\
         <th>Most busy</th><th>Connected</th></tr>",
        escape(&spec.name),
        yes_no(spec.sticky_session),
        yes_no(spec.sticky_session_force),
        slot.busy(),
        slot.max_busy.load(Relaxed),
    );
    for (index, member) in spec.members.iter().enumerate() {
        if let Some(snapshot) = lb.balancer.note(index) {
            member_row(html, lb, index, &member.ajp, &snapshot);
        }
    }
    html.push_str("</table>\n");
    if let Some(policy) = lb.balancer.policy() {
        policy_table(html, policy);
    }
}

/// What the balancer's policy decided and heard, over all children since the start of httpd.
fn policy_table(html: &mut String, policy: &dyn RoutingPolicy) {
    let Some(slot) = policy.slot() else { return };
    let columns = policy_columns(slot, policy.observes());
    let _ = write!(
        html,
        "<h3>Policy {}</h3>\n<table>\n<tr>",
        escape(policy.name())
    );
    for (heading, _) in &columns {
        let _ = write!(html, "<th>{heading}</th>");
    }
    html.push_str("</tr>\n<tr>");
    let values: Vec<u64> = columns.iter().map(|(_, value)| *value).collect();
    numbers(html, &values);
    html.push_str("</table>\n");
    own_counters(html, &slot.counters());
}

/// Headings with values; the faults of an observer are none of its decisions.
fn policy_columns(slot: &PolicySlot, observes: bool) -> Vec<(Cow<'static, str>, u64)> {
    let counted = |(heading, counter): (&'static str, &AtomicU64)| {
        (Cow::Borrowed(heading), counter.load(Relaxed))
    };
    let decisions = [
        ("Built-in", &slot.builtin),
        ("Member", &slot.workers),
        ("Rejected", &slot.rejects),
        ("Shadow same", &slot.shadow_same),
        ("Shadow other", &slot.shadow_other),
        ("Skipped", &slot.skipped),
        ("Switched off", &slot.switched_off),
    ];
    let faults = FaultKind::ALL.map(|kind| {
        let heading = format!("Fault {}", kind.as_str());
        (Cow::Owned(heading), slot.faults(kind))
    });
    let observer = [
        ("Observed", &slot.observed),
        ("Observer faults", &slot.observer_faults),
        ("Observer switched off", &slot.observer_switched_off),
        ("Observer skipped", &slot.observer_skipped),
    ];
    let mut columns: Vec<_> = decisions.into_iter().map(counted).collect();
    columns.extend(faults);
    if observes {
        columns.extend(observer.into_iter().map(counted));
    }
    columns
}

/// Those of a policy's own counters that it has used.
fn own_counters(html: &mut String, counters: &[u64]) {
    if counters.iter().all(|&counter| counter == 0) {
        return;
    }
    html.push_str("<table>\n<tr><th>Counter</th><th>Value</th></tr>\n");
    for (key, value) in counters.iter().enumerate().filter(|(_, value)| **value > 0) {
        let _ = write!(html, "<tr><td>{key}</td>");
        numbers(html, &[*value]);
    }
    html.push_str("</table>\n");
}

fn member_row(
    html: &mut String,
    lb: &LoadBalancer,
    index: usize,
    ajp: &AjpSpec,
    member: &MemberNote,
) {
    let Some(slot) = lb.balancer.ajp_slot(index) else {
        return;
    };
    let roster = lb.balancer.roster();
    let spec = &roster.spec().members[index];
    let state = member.state.as_str();
    let class = match state {
        "OK" | "OK/IDLE" => "",
        "ERR" => " class=\"bad\"",
        _ => " class=\"warn\"",
    };
    let _ = write!(
        html,
        "<tr><td>{}</td><td>{}:{}</td><td>{}</td><td>{}</td><td{class}>{state}</td>",
        escape(&member.name),
        escape(&ajp.host),
        ajp.port,
        escape(&spec.route),
        member.activation.as_str(),
    );
    numbers(
        html,
        &[
            u64::from(spec.lbfactor),
            member.value,
            member.accessed,
            member.sessions,
            member.errors,
            slot.client_errors.load(Relaxed),
            slot.reply_timeouts.load(Relaxed),
            member.read,
            member.transferred,
            member.busy,
            slot.max_busy.load(Relaxed).unsigned_abs(),
            slot.connected(),
        ],
    );
}

fn standalone(html: &mut String, name: &BString, worker: &Standalone) {
    let (spec, slot) = (worker.endpoint.spec(), worker.slot);
    let _ = write!(
        html,
        "<h2>Worker {}</h2>\n<table>\n<tr><th>Address</th><th>State</th><th>Accessed</th>\
         <th>Errors</th><th>Client errors</th><th>Read</th><th>Sent</th><th>Busy</th>\
         <th>Connected</th></tr>\n<tr><td>{}:{}</td><td>{}</td>",
        escape(name),
        escape(&spec.host),
        spec.port,
        slot.state().as_str(),
    );
    numbers(
        html,
        &[
            slot.used.load(Relaxed),
            slot.errors.load(Relaxed),
            slot.client_errors.load(Relaxed),
            slot.read_bytes.load(Relaxed),
            slot.sent_bytes.load(Relaxed),
            slot.busy(),
            slot.connected(),
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

    #[test]
    fn s03_s04_user_list() {
        let page = |user: Option<&str>| Page {
            server: "s".into(),
            port: 80,
            user: user.map(BString::from),
        };
        let spec = |users: &[&str], insensitive| StatusSpec {
            name: "st".into(),
            css: None,
            read_only: false,
            users: users.iter().map(|user| BString::from(*user)).collect(),
            user_case_insensitive: insensitive,
        };
        let rows = [
            (None, vec![], false, true),
            (None, vec!["ann"], false, false),
            (Some("ann"), vec!["bob", "ann"], false, true),
            (Some("Ann"), vec!["ann"], false, false),
            (Some("Ann"), vec!["ann"], true, true),
        ];
        for (user, users, insensitive, expected) in rows {
            let may = page(user).may_read(&spec(&users, insensitive));
            assert_eq!(may, expected, "{user:?} {users:?} {insensitive}");
        }
    }
}
