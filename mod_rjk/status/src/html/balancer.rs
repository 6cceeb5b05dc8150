//! Balancers and their members.

use super::controls::{Link, Target};
use super::table::{Cell, Table, cell, number, text};
use super::{View, decisions, maps, settings, size};
use crate::command::Command;
use crate::model::{BalancerView, MemberView, PolicyView, Ratings};
use bstr::ByteSlice;
use maud::{Markup, display, html};
use rjk_balance::State;
use rjk_balance::snapshot::EndpointSnapshot;
use rjk_config::model::Activation;

/// How all balancers are, in a few lines at the top.
pub(super) fn overview(balancers: &[BalancerView]) -> Markup {
    html! {
        @if balancers.len() > 1 {
            ul {
                @for one in balancers {
                    li { a href=(format!("#{}", anchor(one))) { (display(&one.name)) } ": " (ratings(one.ratings)) }
                }
            }
        }
    }
}

/// One balancer.
pub(super) fn section(one: &BalancerView, view: &View<'_>) -> Markup {
    let target = Target {
        worker: one.name.as_bstr(),
        member: None,
    };
    html! {
        section id=(anchor(one)) {
            h2 { "Balancer " (display(&one.name)) }
            @if !view.options.hides_summary() { (summary(one)) }
            div.bar {
                @if view.command != Command::Show { a href=(target.link(view, Command::Show)) { "Show only this" } " " }
                @if !view.read_only {
                    a href=(target.link(view, Command::Edit)) { "Edit" } " "
                    (target.button(view, Command::Reset, None, "Reset statistics"))
                }
            }
            @if !view.options.hides_members() && !one.members.is_empty() {
                (members(one, view))
                @if !view.read_only && one.members.len() > 1 { (super::edit::choose_attribute(one, view)) }
            }
            @if let Some(policy) = &one.policy { (routing_policy(policy)) }
            @if let Some(decisions) = &one.decisions { (decisions::section(decisions)) }
            @if !view.options.hides_balancer_settings() {
                details {
                    summary { "Settings" }
                    (settings::balancer(&one.settings))
                    @if !view.options.hides_worker_settings() && !one.members.is_empty() {
                        (settings::endpoints(one.members.iter().map(|member| &member.endpoint)))
                    }
                }
            }
            (maps::section(&one.maps))
        }
    }
}

fn anchor(one: &BalancerView) -> String {
    format!("balancer-{}", one.name)
}

fn summary(one: &BalancerView) -> Markup {
    html! {
        p {
            (ratings(one.ratings)) ", "
            (one.busy) " in flight, at most " (one.max_busy) " so far; next maintenance in "
            (one.maintenance.min) " to " (one.maintenance.max) " s"
        }
    }
}

/// Good, degraded and bad in words, for who does not see the colours (OUT-12).
fn ratings(counts: Ratings) -> Markup {
    html! {
        span.good { (counts.good) " good" }
        @if counts.degraded > 0 { ", " span.warn { (counts.degraded) " degraded" } }
        @if counts.bad > 0 { ", " b.bad { (counts.bad) " bad" } }
    }
}

fn members(one: &BalancerView, view: &View<'_>) -> Markup {
    let mut table = Table::new([
        "Member",
        "Activation",
        "State",
        "Actions",
        "Route",
        "In flight",
        "Connections",
        "Requests",
        "Sessions",
        "Errors",
        "Client errors",
        "Reply timeouts",
        "Sent",
        "Read",
        "Load",
        "Factor",
        "Multiplier",
        "Distance",
        "Redirect",
        "Domain",
        "Recovery",
        "Last error",
    ]);
    for member in &one.members {
        table.row(member_row(one, member, view));
    }
    table.markup()
}

fn member_row(one: &BalancerView, member: &MemberView, view: &View<'_>) -> [Cell; 22] {
    let (endpoint, ago) = (&member.endpoint, member.last_reset.ago);
    let [busy, connected, client_errors, timeouts, sent, read] = traffic(endpoint);
    let failed = member.error_time.as_ref().map(|time| time.at.readable());
    [
        cell(html! { b { (display(endpoint.name())) } }),
        cell(activation(member.activation)),
        cell(state(member.state)),
        cell(actions(one, member, view)),
        text(&member.route),
        busy,
        connected,
        number(size::rate(endpoint.used, ago)),
        number(size::rate(member.sessions, ago)),
        number(member.errors),
        client_errors,
        timeouts,
        sent,
        read,
        number(member.value),
        number(member.lbfactor),
        number(member.multiplier),
        number(member.distance),
        text(&member.redirect),
        text(&member.domain),
        text(recovery(member)),
        text(failed.unwrap_or_default()),
    ]
}

fn recovery(member: &MemberView) -> String {
    match member.state {
        State::Error => format!("in {} to {} s", member.recovery.min, member.recovery.max),
        _ => String::new(),
    }
}

/// The numbers of an endpoint that a member and a worker of its own share.
pub(super) fn traffic(endpoint: &EndpointSnapshot) -> [Cell; 6] {
    let most = |now: u64, most: u64| number(format_args!("{now} (most {most})"));
    [
        most(endpoint.busy, endpoint.max_busy),
        most(endpoint.connected, endpoint.max_connected),
        number(endpoint.client_errors),
        number(endpoint.reply_timeouts),
        number(size::bytes(endpoint.transferred)),
        number(size::bytes(endpoint.read)),
    ]
}

fn actions(one: &BalancerView, member: &MemberView, view: &View<'_>) -> Markup {
    let target = Target {
        worker: one.name.as_bstr(),
        member: Some(member.endpoint.name()),
    };
    let switches = [
        (Activation::Active, "a", "Activate"),
        (Activation::Disabled, "d", "Disable"),
        (Activation::Stopped, "s", "Stop"),
    ];
    html! {
        span.bar {
            @if !(view.command == Command::Show && view.query.get("sw").is_some()) {
                a href=(target.link(view, Command::Show)) { "Show" } " "
            }
            @if !view.read_only {
                a href=(edit_link(target, view)) { "Edit" } " "
                @for (activation, letter, label) in switches {
                    @if activation != member.activation {
                        (target.button(view, Command::Update, Some(("vwa", letter)), label))
                    }
                }
                (target.button(view, Command::Reset, None, "Reset"))
                @if member.state == State::Error { (target.button(view, Command::Recover, None, "Recover")) }
            }
        }
    }
}

fn edit_link(target: Target<'_>, view: &View<'_>) -> Link {
    let from = if view.command == Command::Show {
        "show"
    } else {
        "list"
    };
    target.link(view, Command::Edit).with("from", from)
}

fn activation(activation: Activation) -> Markup {
    let (class, word) = match activation {
        Activation::Active => ("tag good", "Active"),
        Activation::Disabled => ("tag warn", "Disabled"),
        Activation::Stopped => ("tag bad", "Stopped"),
    };
    html! { span class=(class) { (word) } }
}

/// A state with its colour (§4.4).
pub(super) fn state(state: State) -> Markup {
    let class = match state {
        State::Ok | State::Idle => "tag good",
        State::Busy | State::Recover | State::Force | State::Probe => "tag warn",
        State::Error => "tag bad",
    };
    html! { span class=(class) { (state.as_str()) } }
}

/// What a routing policy decided and heard, over all children since the start of httpd.
fn routing_policy(policy: &PolicyView) -> Markup {
    html! {
        h3 { "Policy " (policy.name) }
        @if let Some(problem) = &policy.problem { p { b.bad { (problem) } } }
        table {
            tbody {
                @for (heading, count) in &policy.decisions { tr { th scope="row" { (heading) } td.n { (count) } } }
                @for (index, count) in &policy.counters {
                    tr { th scope="row" { "Counter " (index) } td.n { (count) } }
                }
            }
        }
    }
}
