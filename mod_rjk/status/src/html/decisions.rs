//! The last decisions about a balancer's requests.

use super::table::{Table, cell, number, text};
use crate::model::DecisionView;
use maud::{Markup, display, html};
use rjk_balance::explain::Seen;

/// All that are kept, the latest first.
pub(super) fn section(decisions: &[DecisionView]) -> Markup {
    let mut table = Table::new([
        "Seconds ago",
        "Attempt",
        "Decided by",
        "Decision",
        "Label",
        "Policy said",
        "Session",
        "Candidates",
        "Outcome",
        "Duration",
    ]);
    for one in decisions {
        let duration = one
            .end
            .map(|end| format!("{:.1} ms", end.total.as_secs_f64() * 1e3));
        table.row([
            number(one.when.ago),
            number(one.attempt),
            text(&one.by),
            text(&one.found),
            text(&one.label),
            text(one.policy_said.as_deref().unwrap_or("")),
            cell(session(one)),
            cell(candidates(one)),
            text(&one.outcome),
            number(duration.unwrap_or_default()),
        ]);
    }
    html! {
        details {
            summary { "Last decisions (" (decisions.len()) ")" }
            @if decisions.is_empty() { p { "None was made yet." } } @else { (table.markup()) }
        }
    }
}

fn session(one: &DecisionView) -> Markup {
    html! {
        (one.session)
        @if !one.route.is_empty() { ", route " (display(&one.route)) }
    }
}

fn candidates(one: &DecisionView) -> Markup {
    html! {
        @for (name, seen) in &one.candidates { (candidate(name, seen)) br; }
        @if one.more > 0 { "and " (one.more) " more" }
    }
}

fn candidate(name: &str, seen: &Seen) -> Markup {
    html! {
        (name) " " (seen.state.as_str()) " " (seen.activation.as_str())
        ", " (seen.busy) " in flight, load " (seen.load) ", " (seen.latency_us) " µs"
    }
}
