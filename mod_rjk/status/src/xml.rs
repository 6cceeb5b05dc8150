//! `mime=xml`: each attribute on a line of its own.
//!
//! mod_jk writes values as they are; here they are escaped, so that a monitor can always read it (BG-20).

use crate::fields::{self, Field, Order};
use crate::model::{BalancerView, Body, Head, MapView, Page, WorkerView, counted};
use bstr::{BString, ByteSlice};
use rjk_config::model::StatusSpec;
use std::collections::HashSet;
use std::fmt::Write as _;

/// The whole answer.
pub(crate) fn render(page: &Page, spec: &StatusSpec) -> String {
    let mut out = Writer {
        out: String::new(),
        ns: spec.ns.to_str_lossy().into_owned(),
    };
    out.begin(spec);
    if let Some(head) = &page.head {
        out.head(head, &page.body);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = counted(balancers) {
                out.open_counted("balancers", balancers.len());
                balancers.iter().for_each(|view| out.balancer(view));
                out.close(0, "balancers");
            }
            if let Some(workers) = counted(workers) {
                out.open_counted("ajp_workers", workers.len());
                workers.iter().for_each(|view| out.worker(view));
                out.close(0, "ajp_workers");
            }
        }
        Body::Balancer(view) => out.balancer(view),
        Body::Worker(view) => out.worker(view),
        Body::Dump(properties) => out.dump(properties),
    }
    out.end(page);
    out.out
}

struct Writer {
    out: String,
    ns: String,
}

impl Writer {
    fn begin(&mut self, spec: &StatusSpec) {
        self.out
            .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n");
        if let Some(doctype) = &spec.doctype {
            let _ = writeln!(self.out, "{doctype}");
        }
        let _ = writeln!(self.out, "<{}status", self.ns);
        if !spec.xmlns.is_empty() {
            let _ = write!(self.out, "  {}", spec.xmlns);
        }
        self.out.push_str(">\n");
    }

    fn end(&mut self, page: &Page) {
        let (kind, message) = page.result.words();
        self.open(2, "result");
        self.attribute(2, "type", kind);
        self.attribute(2, "message", message);
        self.empty(2);
        self.close(0, "status");
    }

    fn head(&mut self, head: &Head, body: &Body) {
        self.element(0, "server", &fields::server(head));
        if !matches!(body, Body::Edit(_)) {
            self.element(0, "time", &fields::time(&head.time));
            self.element(0, "software", &fields::software(head));
        }
    }

    fn balancer(&mut self, view: &BalancerView) {
        self.open(2, "balancer");
        self.attribute(2, "name", &view.name);
        self.attributes(2, &fields::balancer(view));
        self.out.push_str("  >\n");
        for member in &view.members {
            self.open(6, "member");
            self.attribute(6, "name", member.endpoint.name());
            self.attributes(6, &fields::member(member, Order::PingFirst));
            let times = fields::times(member.last_reset, member.error_time.as_ref());
            self.attributes(6, &times);
            self.empty(6);
        }
        view.maps.iter().for_each(|view| self.map(view));
        if let Some(policy) = &view.policy {
            self.open(6, "policy");
            self.attribute(6, "name", &policy.name);
            self.attributes(6, fields::policy(policy).as_slice());
            self.empty(6);
        }
        self.close(2, "balancer");
    }

    fn worker(&mut self, view: &WorkerView) {
        self.open(2, "ajp");
        self.attribute(2, "name", view.endpoint.name());
        self.attributes(2, &fields::worker(view, Order::PingFirst));
        let times = fields::times(view.last_reset, view.error_time.as_ref());
        self.attributes(2, &times);
        self.empty(2);
        view.maps.iter().for_each(|view| self.map(view));
    }

    fn map(&mut self, view: &MapView) {
        self.open(6, "map");
        self.attribute(6, "id", view.id.to_string());
        self.attributes(6, &fields::map(view));
        self.empty(6);
    }

    fn dump(&mut self, properties: &[(BString, BString)]) {
        self.open(2, "configuration");
        let mut used = HashSet::new();
        for (name, value) in properties {
            let mut name = attribute_name(name);
            while !used.insert(name.clone()) {
                name.push('_');
            }
            self.attribute(2, &name, value);
        }
        self.empty(2);
    }

    fn element(&mut self, indent: usize, name: &str, fields: &[Field<'_>]) {
        self.open(indent, name);
        self.attributes(indent, fields);
        self.empty(indent);
    }

    fn open_counted(&mut self, name: &str, count: usize) {
        self.open(0, name);
        self.attribute(0, "count", count.to_string());
        self.out.push_str(">\n");
    }

    fn open(&mut self, indent: usize, name: &str) {
        let _ = writeln!(self.out, "{:indent$}<{}{name}", "", self.ns);
    }

    fn empty(&mut self, indent: usize) {
        let _ = writeln!(self.out, "{:indent$}/>", "");
    }

    fn close(&mut self, indent: usize, name: &str) {
        let _ = writeln!(self.out, "{:indent$}</{}{name}>", "", self.ns);
    }

    fn attributes(&mut self, indent: usize, fields: &[Field<'_>]) {
        for field in fields {
            self.attribute(indent, field.name, field.value.to_string());
        }
    }

    fn attribute(&mut self, indent: usize, name: &str, value: impl AsRef<[u8]>) {
        let indent = indent + 2;
        let value = escape(value);
        let _ = writeln!(self.out, "{:indent$}{name}=\"{value}\"", "");
    }
}

/// Text for an attribute; what XML cannot hold becomes the replacement character.
fn escape(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref().to_str_lossy();
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ if character < ' ' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A property's name as the name of an attribute; what no name can hold becomes `_`.
fn attribute_name(name: &[u8]) -> String {
    let mut text: String = name
        .to_str_lossy()
        .chars()
        .map(|character| match character {
            '.' | '-' | '0'..='9' => character,
            _ if may_begin_a_name(character) => character,
            _ => '_',
        })
        .collect();
    if !text.starts_with(may_begin_a_name) {
        text.insert(0, '_');
    }
    text
}

/// NameStartChar of XML 1.0 (fifth edition), as far as programs agree on it, without the colon.
fn may_begin_a_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bg20_values_are_escaped() {
        assert_eq!(escape("a<b>&\"c'\t"), "a&lt;b&gt;&amp;&quot;c'&#9;");
        assert_eq!(escape(b"\x01\n\xffx"), "\u{fffd}\u{fffd}\u{fffd}x");
        assert_eq!(escape("ä\u{ffff}"), "ä\u{fffd}");
    }

    #[test]
    fn cm08_names_of_properties_are_names_of_attributes() {
        let rows = [
            ("worker.lb.type", "worker.lb.type"),
            ("ServerRoot", "ServerRoot"),
            ("worker.<i>.host", "worker._i_.host"),
            ("worker.a b=.x", "worker.a_b_.x"),
            ("1st", "_1st"),
            ("-x", "_-x"),
            ("a:b", "a_b"),
            ("ä.é", "ä.é"),
            // Letters and numbers for Unicode, and nothing that a name can have for XML.
            ("\u{aa}m\u{b2}\u{bd}", "_m__"),
        ];
        for (name, expected) in rows {
            assert_eq!(attribute_name(name.as_bytes()), expected, "{name}");
        }
    }

    /// Two attributes of one name are no XML.
    #[test]
    fn cm08_names_that_become_the_same_are_told_apart() {
        let names = ["a b", "a_b", "a_b_", "c", "a+b"];
        let properties = names.map(|name| (name.into(), name.into()));
        let page = Page {
            body: Body::Dump(properties.to_vec()),
            ..Page::default()
        };
        let text = render(&page, &crate::testing::spec());
        let line = |name: &str, value: &str| text.contains(&format!("    {name}=\"{value}\"\n"));
        assert!(line("a_b", "a b") && line("c", "c"), "{text}");
        let named = |line: &str| {
            line.split_once("=\"")
                .map(|(name, _)| name.trim().to_owned())
        };
        let found: Vec<String> = text.lines().filter_map(named).collect();
        let all: std::collections::HashSet<&String> = found.iter().collect();
        assert_eq!(all.len(), found.len(), "{text}");
    }
}
