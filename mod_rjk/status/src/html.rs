//! The page for people: readable on a phone and in a text browser, without scripts.
//!
//! Its layout is not an interface; scripts read the other formats. What changes something is a button of
//! a form, not a link, so that nothing that only follows links changes anything.

mod balancer;
mod controls;
mod decisions;
mod edit;
mod legend;
mod maps;
mod settings;
mod size;
mod table;
mod worker;

use crate::command::{Command, Options};
use crate::context::Context;
use crate::model::{Body, Head, Page, Subject, Verdict};
use crate::query::Query;
use bstr::{BStr, BString, ByteSlice};
use controls::Link;
use maud::{DOCTYPE, Markup, PreEscaped, display, html};
use rjk_config::model::StatusSpec;

const STYLE: &str = include_str!("html/style.css");

/// Seconds that the result of a change stays before the view comes back (CM-09).
const PAUSE: i64 = 3;

/// The page.
pub(crate) fn render(page: &Page, context: &Context<'_>) -> String {
    let view = &View::of(context);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head { (document_head(page, view)) }
            body {
                header { (title(page.head.as_ref(), view)) }
                main { (content(page, view)) }
                footer { p.mute { a href=(Link::start(view)) { "Start page" } } }
            }
        }
    };
    markup.into_string()
}

/// What the page needs to know of its request.
#[derive(Clone, Copy)]
struct View<'a> {
    spec: &'a StatusSpec,
    path: &'a BStr,
    command: Command,
    options: Options,
    query: &'a Query,
    /// Nothing may be changed: no buttons for it.
    read_only: bool,
}

impl<'a> View<'a> {
    fn of(context: &Context<'a>) -> View<'a> {
        View {
            spec: context.spec,
            path: context.path,
            command: Command::of(context.query).unwrap_or(Command::List),
            options: Options::of(context.query),
            query: context.query,
            read_only: context.is_read_only,
        }
    }
}

fn document_head(page: &Page, view: &View<'_>) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="robots" content="noindex, nofollow";
        // A link to elsewhere must not tell the names of workers.
        meta name="referrer" content="same-origin";
        @if let Some((seconds, target)) = refresh(page, view) {
            meta http-equiv="refresh" content=(format!("{seconds};url={target}"));
        }
        title { "JK Status Manager" }
        style { (PreEscaped(STYLE)) }
        @if let Some(css) = &view.spec.css {
            link rel="stylesheet" type="text/css" href=(display(css));
        }
    }
}

/// C-05, CM-09: back to the view before after a change, else the same again every `re` seconds.
fn refresh(page: &Page, view: &View<'_>) -> Option<(i64, String)> {
    if view.command.is_change() {
        return (page.result == Verdict::Done).then(|| (PAUSE, Link::back(view).to_string()));
    }
    let seconds = view.query.number("re");
    let is_shown = matches!(view.command, Command::List | Command::Show);
    (is_shown && seconds > 0).then(|| (seconds, Link::same(view).to_string()))
}

fn title(head: Option<&Head>, view: &View<'_>) -> Markup {
    html! {
        h1 {
            "JK Status Manager"
            @if let Some(head) = head {
                " for " (display(&head.name)) ":" (head.port)
            }
            @if view.read_only { " (read only)" }
        }
        @if let Some(head) = head {
            p.mute {
                (head.jk_version) " in " (display(&head.web_server)) ", "
                (head.time.readable()) ", Unix " (head.time.unix)
            }
        }
    }
}

fn content(page: &Page, view: &View<'_>) -> Markup {
    html! {
        (result(page, view))
        @for notice in &page.notices { p { b.warn { (notice) } } }
        @match &page.body {
            Body::Empty => {},
            Body::List { balancers, workers } => {
                (controls::bar(view))
                @if let Some(balancers) = balancers { (balancer::overview(balancers)) }
                @for one in balancers.iter().flatten() { (balancer::section(one, view)) }
                @for one in workers.iter().flatten() { (worker::section(one, view)) }
                (legend::legend(view))
            },
            Body::Balancer(one) => {
                (controls::bar(view))
                (balancer::section(one, view))
                (legend::legend(view))
            },
            Body::Worker(one) => {
                (controls::bar(view))
                (worker::section(one, view))
                (legend::legend(view))
            },
            Body::Edit(subject) => (form(subject, view)),
            Body::Dump(properties) => (dump(properties)),
        }
    }
}

/// Scripts that read the page look for `Result: OK` (CM-09).
fn result(page: &Page, view: &View<'_>) -> Markup {
    html! {
        @match &page.result {
            Verdict::Failed(reason) => p { b.bad { "Result: ERROR - " (reason) } },
            Verdict::Done if view.command.is_change() => p {
                b.good { "Result: OK" } " - You will be redirected in " (PAUSE) " seconds. "
                a href=(Link::back(view)) { "Back" }
            },
            Verdict::Done => {},
        }
    }
}

fn form(subject: &Subject, view: &View<'_>) -> Markup {
    match subject {
        Subject::Balancer(one) => match edit::attribute_of(view) {
            Some(attribute) => edit::all_members(one, attribute, view),
            None => edit::balancer(one, view),
        },
        Subject::Member(balancer) => edit::member(balancer, view),
        Subject::Worker(one) => edit::worker(one, view),
        Subject::Other => html! { p { "There is nothing to edit." } },
    }
}

fn dump(properties: &[(BString, BString)]) -> Markup {
    html! {
        h2 { "Configuration" }
        pre {
            @for (name, value) in properties {
                (display(name.as_bstr())) "=" (display(value.as_bstr())) "\n"
            }
        }
    }
}

#[cfg(test)]
mod tests;
