//! Workers that requests reach without a balancer.

use super::balancer::{state, traffic};
use super::controls::Target;
use super::table::{Table, cell, number, text};
use super::{View, maps, settings, size};
use crate::command::Command;
use crate::model::WorkerView;
use maud::{Markup, display, html};

/// One worker.
pub(super) fn section(one: &WorkerView, view: &View<'_>) -> Markup {
    let target = Target {
        worker: one.endpoint.name(),
        member: None,
    };
    html! {
        section {
            h2 { "Worker " (display(one.endpoint.name())) }
            div.bar {
                @if view.command != Command::Show { a href=(target.link(view, Command::Show)) { "Show only this" } " " }
                @if !view.read_only {
                    a href=(target.link(view, Command::Edit)) { "Edit" } " "
                    (target.button(view, Command::Reset, None, "Reset statistics"))
                }
            }
            (numbers(one))
            @if !view.options.hides_worker_settings() {
                details {
                    summary { "Settings" }
                    (settings::endpoints(std::iter::once(&one.endpoint)))
                }
            }
            (maps::section(&one.maps))
        }
    }
}

fn numbers(one: &WorkerView) -> Markup {
    let mut table = Table::new([
        "State",
        "In flight",
        "Connections",
        "Requests",
        "Errors",
        "Client errors",
        "Reply timeouts",
        "Sent",
        "Read",
        "Last error",
    ]);
    let failed = one.error_time.as_ref().map(|time| time.at.readable());
    let [busy, connected, client_errors, timeouts, sent, read] = traffic(&one.endpoint);
    table.row([
        cell(state(one.endpoint.state)),
        busy,
        connected,
        number(size::rate(one.endpoint.used, one.last_reset.ago)),
        number(one.endpoint.errors),
        client_errors,
        timeouts,
        sent,
        read,
        text(failed.unwrap_or_default()),
    ]);
    table.markup()
}
