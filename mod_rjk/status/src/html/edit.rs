//! Forms for settings (CM-03, §6.4). Their fields are the parameters of `cmd=update` (§6.3).

use super::View;
use super::controls::{Link, Target};
use super::settings::{millis, seconds};
use crate::command::Command;
use crate::model::{BalancerView, MemberView, WorkerView};
use bstr::ByteSlice;
use maud::{Markup, display, html};
use rjk_balance::snapshot::EndpointSnapshot;
use rjk_config::model::Activation;
use std::fmt::Display;

/// A setting that all members can be given in one form.
#[derive(Clone, Copy)]
pub(super) struct Attribute {
    code: &'static str,
    label: &'static str,
    value: fn(&MemberView) -> String,
}

/// Address of a Tomcat is none: it differs between members.
const ATTRIBUTES: [Attribute; 17] = [
    attribute("vwa", "Activation", |member| {
        code(member.activation).to_owned()
    }),
    attribute("vwf", "Factor", |member| member.lbfactor.to_string()),
    attribute("vwn", "Route", |member| member.route.to_string()),
    attribute("vwr", "Redirect route", |member| {
        member.redirect.to_string()
    }),
    attribute("vwc", "Domain", |member| member.domain.to_string()),
    attribute("vwd", "Distance", |member| member.distance.to_string()),
    attribute("vacpt", "Pool timeout (s)", |member| {
        seconds(member.endpoint.spec.pool.timeout).to_string()
    }),
    attribute("vapng", "Ping timeout (ms)", |member| {
        member.endpoint.spec.ping.timeout.as_millis().to_string()
    }),
    attribute("vact", "Connect timeout (ms)", |member| {
        millis(member.endpoint.spec.ping.connect).to_string()
    }),
    attribute("vapt", "Prepost timeout (ms)", |member| {
        millis(member.endpoint.spec.ping.prepost).to_string()
    }),
    attribute("vart", "Reply timeout (ms)", |member| {
        millis(member.endpoint.spec.reply_timeout).to_string()
    }),
    attribute("var", "Retries", |member| {
        member.endpoint.spec.retries.to_string()
    }),
    attribute("vari", "Retry interval (ms)", |member| {
        member.endpoint.spec.retry_interval.as_millis().to_string()
    }),
    attribute("vacpi", "Ping interval (s)", |member| {
        seconds(member.endpoint.spec.ping.interval).to_string()
    }),
    attribute("varo", "Recovery options", |member| {
        member
            .endpoint
            .spec
            .recovery_options
            .explicit
            .unwrap_or(0)
            .to_string()
    }),
    attribute("vabl", "Busy limit", |member| {
        member.endpoint.spec.busy_limit.unwrap_or(0).to_string()
    }),
    attribute("vamps", "Packet size", |member| {
        member.endpoint.spec.max_packet_size.to_string()
    }),
];

const fn attribute(
    code: &'static str,
    label: &'static str,
    value: fn(&MemberView) -> String,
) -> Attribute {
    Attribute { code, label, value }
}

/// The setting that `att` names.
pub(super) fn attribute_of(view: &View<'_>) -> Option<Attribute> {
    let wanted = view.query.get("att")?;
    ATTRIBUTES.into_iter().find(|known| wanted == known.code)
}

/// Chooses the setting that is to be edited for all members.
pub(super) fn choose_attribute(one: &BalancerView, view: &View<'_>) -> Markup {
    let target = of_balancer(one);
    html! {
        form.bar method="get" action=(Link::start(view)) {
            (target.hidden(view, Command::Edit))
            label {
                "Edit for all members: "
                select name="att" {
                    @for one in ATTRIBUTES { option value=(one.code) { (one.label) } }
                }
            }
            button type="submit" { "Go" }
        }
    }
}

/// One setting of all members.
pub(super) fn all_members(one: &BalancerView, attribute: Attribute, view: &View<'_>) -> Markup {
    let fields = html! {
        input type="hidden" name="att" value=(attribute.code);
        dl.form {
            @for member in &one.members {
                @let name = format!("val{}", member.index);
                @let value = (attribute.value)(member);
                (field(member.endpoint.name(), &name, match attribute.code {
                    "vwa" => activation(&name, member.activation),
                    _ => input(&name, value),
                }))
            }
        }
    };
    let title = format!("{} of all members of {}", attribute.label, one.name);
    form(&title, of_balancer(one), fields, view)
}

/// The settings of a balancer.
pub(super) fn balancer(one: &BalancerView, view: &View<'_>) -> Markup {
    let settings = &one.settings;
    let methods =
        ["Request", "Traffic", "Busyness", "Sessions", "Next"].map(|word| (initial(word), word));
    let locks = ["Optimistic", "Pessimistic"].map(|word| (initial(word), word));
    let fields = html! {
        dl.form {
            (field("Retries", "vlr", input("vlr", settings.retries)))
            (field("Retry interval (ms)", "vlri", input("vlri", settings.retry_interval)))
            (field("Recover time (s)", "vlt", input("vlt", settings.recover_time)))
            (field("Error escalation time (s)", "vlee", input("vlee", settings.error_escalation_time)))
            (field("Reply timeouts allowed", "vlx", input("vlx", settings.max_reply_timeouts)))
            (field("Sticky sessions", "vls", on_off("vls", settings.sticky_session)))
            (field("Force sticky sessions", "vlf", on_off("vlf", settings.sticky_session_force)))
            (field("Method", "vlm", select("vlm", &methods, initial(settings.method))))
            (field("Lock", "vll", select("vll", &locks, initial(settings.lock))))
        }
    };
    form(
        &format!("Settings of balancer {}", one.name),
        of_balancer(one),
        fields,
        view,
    )
}

/// The settings of a member, the only one in the view.
pub(super) fn member(balancer: &BalancerView, view: &View<'_>) -> Markup {
    let Some(one) = balancer.members.first() else {
        return html! { p { "There is nothing to edit." } };
    };
    let target = Target {
        member: Some(one.endpoint.name()),
        ..of_balancer(balancer)
    };
    let fields = html! {
        dl.form {
            (field("Activation", "vwa", activation("vwa", one.activation)))
            (field("Factor", "vwf", input("vwf", one.lbfactor)))
            (field("Route", "vwn", input("vwn", &one.route)))
            (field("Redirect route", "vwr", input("vwr", &one.redirect)))
            (field("Domain", "vwc", input("vwc", &one.domain)))
            (field("Distance", "vwd", input("vwd", one.distance)))
            (endpoint(&one.endpoint))
        }
    };
    let title = format!(
        "Settings of member {} of {}",
        one.endpoint.name(),
        balancer.name
    );
    form(&title, target, fields, view)
}

/// The settings of a worker without a balancer.
pub(super) fn worker(one: &WorkerView, view: &View<'_>) -> Markup {
    let target = Target {
        worker: one.endpoint.name(),
        member: None,
    };
    let fields = html! { dl.form { (endpoint(&one.endpoint)) } };
    form(
        &format!("Settings of worker {}", one.endpoint.name()),
        target,
        fields,
        view,
    )
}

fn endpoint(one: &EndpointSnapshot) -> Markup {
    let (spec, ping) = (&one.spec, &one.spec.ping);
    html! {
        @match &spec.way.socket {
            Some(socket) => { dt { "Socket" } dd { (display(socket.display())) } }
            None => {
                (field("Host", "vahst", input("vahst", &spec.host)))
                (field("Port", "vaprt", input("vaprt", spec.port)))
            }
        }
        (field("Pool timeout (s)", "vacpt", input("vacpt", seconds(spec.pool.timeout))))
        (field("Ping timeout (ms)", "vapng", input("vapng", ping.timeout.as_millis())))
        (field("Connect timeout (ms)", "vact", input("vact", millis(ping.connect))))
        (field("Prepost timeout (ms)", "vapt", input("vapt", millis(ping.prepost))))
        (field("Reply timeout (ms)", "vart", input("vart", millis(spec.reply_timeout))))
        (field("Retries", "var", input("var", spec.retries)))
        (field("Retry interval (ms)", "vari", input("vari", spec.retry_interval.as_millis())))
        (field("Ping interval (s)", "vacpi", input("vacpi", seconds(ping.interval))))
        (field("Recovery options", "varo", input("varo", spec.recovery_options.explicit.unwrap_or(0))))
        (field("Busy limit", "vabl", input("vabl", spec.busy_limit.unwrap_or(0))))
        (field("Packet size", "vamps", input("vamps", spec.max_packet_size)))
    }
}

fn of_balancer(one: &BalancerView) -> Target<'_> {
    Target {
        worker: one.name.as_bstr(),
        member: None,
    }
}

fn form(title: &str, target: Target<'_>, fields: Markup, view: &View<'_>) -> Markup {
    html! {
        h2 { (title) }
        form method="get" action=(Link::start(view)) {
            (target.hidden(view, Command::Update))
            (fields)
            p { button type="submit" { "Update" } " " a href=(Link::back(view)) { "Back" } }
        }
        p.mute { "A change is in effect for the next request, and lost at a restart of httpd." }
    }
}

fn field(label: impl Display, name: &str, control: Markup) -> Markup {
    html! { dt { label for=(name) { (display(label)) } } dd { (control) } }
}

fn input(name: &str, value: impl Display) -> Markup {
    html! { input type="text" id=(name) name=(name) value=(value.to_string()); }
}

fn on_off(name: &str, is_on: bool) -> Markup {
    select(
        name,
        &[("1", "On"), ("0", "Off")],
        if is_on { "1" } else { "0" },
    )
}

fn activation(name: &str, chosen: Activation) -> Markup {
    let choices = [
        (code(Activation::Active), "Active"),
        (code(Activation::Disabled), "Disabled"),
        (code(Activation::Stopped), "Stopped"),
    ];
    select(name, &choices, code(chosen))
}

fn code(activation: Activation) -> &'static str {
    match activation {
        Activation::Active => "0",
        Activation::Disabled => "1",
        Activation::Stopped => "2",
    }
}

fn select(name: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        select id=(name) name=(name) {
            @for (value, label) in choices { option value=(value) selected[*value == chosen] { (label) } }
        }
    }
}

/// The letter that stands for a method or a lock (V-07, V-08).
fn initial(word: &str) -> &str {
    word.get(..1).unwrap_or_default()
}
