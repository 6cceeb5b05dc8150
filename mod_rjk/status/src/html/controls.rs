//! Links, and the forms that change something.

use super::View;
use crate::command::{Command, Format};
use bstr::{BStr, ByteSlice};
use maud::{Markup, Render, display, html};
use std::fmt;

/// The address of a view of the status worker.
#[derive(Clone, Debug)]
pub(super) struct Link {
    path: String,
    parameters: Vec<(&'static str, String)>,
}

impl Link {
    /// The list, without anything that was chosen.
    pub(super) fn start(view: &View<'_>) -> Link {
        // Two slashes at the beginning would name a host. A handler that is set by hand gets such paths.
        let name = view.path.trim_start_with(|first| first == '/');
        let path: String = name.bytes().map(escaped_in_path).collect();
        Link {
            path: format!("/{path}"),
            parameters: Vec::new(),
        }
    }

    /// A command with the present options.
    pub(super) fn command(view: &View<'_>, command: Command) -> Link {
        let mut link = Link::start(view);
        if command != Command::List {
            link = link.with("cmd", command.as_str());
        }
        match view.options.bits() {
            0 => link,
            bits => link.with("opt", bits),
        }
    }

    /// The present view again, and again after the same time.
    pub(super) fn same(view: &View<'_>) -> Link {
        let seconds = view.query.number("re");
        let link = Link::command(view, view.command).of_query(view, &["w", "sw"]);
        if seconds > 0 {
            link.with("re", seconds)
        } else {
            link
        }
    }

    /// The view from which a change was made (C-09).
    pub(super) fn back(view: &View<'_>) -> Link {
        let is_show = view.query.get("from").is_some_and(|from| from == "show");
        if !is_show {
            return Link::command(view, Command::List);
        }
        let link = Link::command(view, Command::Show).of_query(view, &["w"]);
        match view.query.get("psw") {
            Some(member) if !member.is_empty() => link.with("sw", member),
            _ => link,
        }
    }

    /// With a parameter more.
    pub(super) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Link {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// With these parameters of the request, as far as it has them.
    fn of_query(self, view: &View<'_>, names: &[&'static str]) -> Link {
        names
            .iter()
            .fold(self, |link, name| match view.query.get(name) {
                Some(value) if !value.is_empty() => link.with(name, value),
                _ => link,
            })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(f, "{separator}{name}=")?;
            value
                .bytes()
                .try_for_each(|byte| f.write_str(&escaped(byte)))?;
        }
        Ok(())
    }
}

impl Render for Link {
    fn render_to(&self, buffer: &mut String) {
        self.to_string().render_to(buffer);
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

fn escaped_in_path(byte: u8) -> String {
    match byte {
        b'/' | b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b':' | b'@' => {
            char::from(byte).to_string()
        }
        _ => escaped(byte),
    }
}

/// What a button changes: a worker, or a member of it.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) worker: &'a BStr,
    pub(super) member: Option<&'a BStr>,
}

impl Target<'_> {
    /// The same with its names in a link.
    pub(super) fn link(self, view: &View<'_>, command: Command) -> Link {
        let link = Link::command(view, command).with("w", self.worker);
        match self.member {
            Some(member) => link.with("sw", member),
            None => link,
        }
    }

    /// A button that carries a command out at once; `setting` is what an update changes.
    pub(super) fn button(
        self,
        view: &View<'_>,
        command: Command,
        setting: Option<(&str, &str)>,
        label: &str,
    ) -> Markup {
        html! {
            form method="get" action=(Link::start(view)) {
                (self.hidden(view, command))
                @if let Some((name, value)) = setting { input type="hidden" name=(name) value=(value); }
                button type="submit" { (label) }
            }
        }
    }

    /// The parameters of a form that changes this worker, and where to go afterwards.
    pub(super) fn hidden(self, view: &View<'_>, command: Command) -> Markup {
        let from = match view.command {
            Command::Show => "show",
            Command::Edit => view.query.get("from").map_or("list", known_view),
            _ => "list",
        };
        html! {
            input type="hidden" name="cmd" value=(command.as_str());
            input type="hidden" name="w" value=(display(self.worker));
            @if let Some(member) = self.member { input type="hidden" name="sw" value=(display(member)); }
            input type="hidden" name="from" value=(from);
            @if view.options.bits() != 0 { input type="hidden" name="opt" value=(view.options.bits()); }
        }
    }
}

fn known_view(from: &BStr) -> &'static str {
    if from == "show" { "show" } else { "list" }
}

/// Refresh, formats and modes.
pub(super) fn bar(view: &View<'_>) -> Markup {
    let read_only = view.options.with_read_only_toggled();
    html! {
        nav.bar {
            @if view.command == Command::Show { a href=(Link::command(view, Command::List)) { "All workers" } " " }
            (auto_refresh(view))
            span {
                "Formats: "
                @for format in [Format::Json, Format::Xml, Format::Text, Format::Properties] {
                    a href=(Link::same(view).with("mime", format.as_str())) { (format.as_str()) } " "
                }
            }
            @if !view.spec.read_only {
                a href=(Link::command(&View { options: read_only, ..*view }, Command::List)) {
                    @if view.read_only { "Allow changes" } @else { "Read only" }
                }
                " "
            }
            a href=(Link::command(view, Command::Dump)) { "Dump" }
        }
    }
}

fn auto_refresh(view: &View<'_>) -> Markup {
    if view.query.number("re") > 0 {
        let quiet = Link::command(view, view.command).of_query(view, &["w", "sw"]);
        return html! { a href=(quiet) { "Stop auto refresh" } " " };
    }
    html! {
        form method="get" action=(Link::start(view)) {
            @for (name, value) in &Link::same(view).parameters {
                input type="hidden" name=(name) value=(value);
            }
            label { "Refresh every " input type="text" name="re" value="10" size="3" inputmode="numeric"; " s" }
            button type="submit" { "Start" }
        }
    }
}
