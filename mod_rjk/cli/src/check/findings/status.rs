//! Status workers that everybody can reach, and change things with.

use super::{Found, Severity};
use crate::check::httpd_conf::{Line, Section};
use crate::check::site::Server;
use bstr::{BStr, ByteSlice};
use rjk_config::model::WorkerSpec;
use rjk_config::uri_map::{Mount, RuleKind};
use std::rc::Rc;

pub(super) fn find(found: &mut Found<'_>) {
    let site = found.site;
    let Some(workers) = &site.workers else { return };
    for server in &site.servers {
        // Files that stand alone do not say what is around them.
        if site.conf.lines.is_empty() || server.host.as_ref().is_some_and(is_local) {
            continue;
        }
        for rule in server.own_rules() {
            let is_open = match workers.get(&rule.worker) {
                Some(WorkerSpec::Status(status)) => status.users.is_empty(),
                _ => false,
            };
            let counts = rule.kind == RuleKind::Mount && !rule.disabled && server.wrote(&rule);
            if is_open && counts && !is_guarded(&rule, server, found) {
                let message = format!(
                    "the status worker {} is open to all at {}; write <Location {}> with Require ip and the addresses of its users around it",
                    rule.worker,
                    rule.pattern,
                    literal(rule.pattern.as_bstr())
                );
                found.add(
                    rule.location.as_ref(),
                    Severity::Warning,
                    "open-status",
                    message,
                );
            }
        }
    }
}

/// Only who is on this host reaches it.
fn is_local(host: &Rc<Section>) -> bool {
    let words = host.words();
    let is_loopback = |word: &bstr::BString| {
        ["127.", "localhost", "[::1]"]
            .iter()
            .any(|start| word.starts_with(start.as_bytes()))
    };
    !words.is_empty() && words.iter().all(is_loopback)
}

/// The pattern without its wildcards.
fn literal(pattern: &BStr) -> &BStr {
    let end = pattern.find_byteset(b"*?").unwrap_or(pattern.len());
    let start = &pattern[..end];
    match start.strip_suffix(b"/") {
        Some(stem) if !stem.is_empty() && end < pattern.len() => stem.as_bstr(),
        _ => start.as_bstr(),
    }
}

/// Whether a section of this server, or of the main server, that is around the rule's paths lets some in only.
fn is_guarded(rule: &Mount, server: &Server, found: &Found<'_>) -> bool {
    found.site.conf.lines.iter().any(|line| {
        let host = line.virtual_host();
        let is_here = match (&server.host, host) {
            (_, None) => true,
            (Some(own), Some(host)) => Rc::ptr_eq(own, host),
            (None, Some(_)) => false,
        };
        let mut around = line.sections();
        is_here && restricts(line) && around.any(|section| is_about(section, rule))
    })
}

/// `Require all granted` and `Allow from all` keep nobody out.
fn restricts(line: &Line) -> bool {
    let words = line.arguments.to_ascii_lowercase();
    let words: Vec<&[u8]> = words
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect();
    match line.name.to_ascii_lowercase().as_str() {
        "require" => words != [&b"all"[..], b"granted"],
        "allow" => words != [&b"from"[..], b"all"],
        "deny" | "sslrequire" | "sslverifyclient" => true,
        // Who says so has another way to let nobody in.
        "authmerging" | "rewriterule" => words.contains_str("[f") || words.contains_str("-,f"),
        _ => false,
    }
}

trait ContainsWord {
    fn contains_str(&self, text: &str) -> bool;
}

impl ContainsWord for Vec<&[u8]> {
    fn contains_str(&self, text: &str) -> bool {
        self.iter().any(|word| word.contains_str(text))
    }
}

/// Whether a section holds for all paths of a rule. Of a regular expression it is enough that it has the path in it.
fn is_about(section: &Section, rule: &Mount) -> bool {
    let is_location = section.is("Location") || section.is("LocationMatch");
    if !is_location {
        return section.is("If");
    }
    let (path, is_regex) = section.path();
    let mounted = literal(rule.pattern.as_bstr());
    if is_regex {
        let name = mounted.trim_start_with(|letter| letter == '/');
        return name.is_empty() || path.contains_str(name);
    }
    let path = path.strip_suffix(b"/").unwrap_or(&path);
    let path = match path.find_byteset(b"*?[") {
        Some(end) => &path[..end],
        None => path,
    };
    // `<Location /jk>` holds for `/jk/x` and not for `/jkx`.
    mounted
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_location_is_proposed_for_the_whole_pattern() {
        for (pattern, expected) in [
            ("/jk-status", "/jk-status"),
            ("/jk-status/*", "/jk-status"),
            ("/jk*", "/jk"),
            ("/*", "/"),
            ("/x/", "/x/"),
        ] {
            assert_eq!(literal(pattern.into()), expected);
        }
    }
}
