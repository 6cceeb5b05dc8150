//! Status workers that everybody can reach, and change things with.

use super::{Found, Severity};
use crate::check::httpd_conf::{Configuration, Line, Section};
use crate::check::site::Server;
use bstr::{BStr, BString, ByteSlice};
use regex::bytes::Regex;
use rjk_config::model::WorkerSpec;
use rjk_config::uri_map::{Mount, RuleKind};
use std::rc::Rc;

pub(super) fn find(found: &mut Found<'_>) {
    let site = found.site;
    let Some(workers) = &site.workers else { return };
    for server in &site.servers {
        // Files that stand alone do not say what is around them.
        if site.conf.lines.is_empty() || is_local(server, &site.conf) {
            continue;
        }
        for rule in server.own_rules() {
            let is_open = match workers.get(&rule.worker) {
                Some(WorkerSpec::Status(status)) => status.users.is_empty(),
                _ => false,
            };
            let counts = rule.kind == RuleKind::Mount && !rule.disabled && server.wrote(&rule);
            if is_open && counts && !is_guarded_everywhere(&rule, server, found) {
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

/// Only who is on this host reaches it: by its own address, or because httpd listens at no other one.
fn is_local(server: &Server, conf: &Configuration) -> bool {
    let Some(host) = &server.host else {
        return listens_locally(None, conf);
    };
    let words = host.words();
    let is_local = |word: &BString| {
        let port = word
            .rsplit_once_str(":")
            .filter(|(address, _)| [&b"*"[..], b"_default_", b""].contains(address));
        is_loopback(word) || port.is_some_and(|(_, port)| listens_locally(Some(port), conf))
    };
    !words.is_empty() && words.iter().all(is_local)
}

fn is_loopback(address: &BString) -> bool {
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|start| address.starts_with(start.as_bytes()))
}

/// Whether all `Listen` lines, or those of a port, name a loopback address.
fn listens_locally(port: Option<&[u8]>, conf: &Configuration) -> bool {
    let lines = conf.lines.iter().filter(|line| line.is("Listen"));
    let addresses: Vec<BString> = lines
        .filter_map(|line| line.words().into_iter().next())
        .filter(|address| {
            let own = address
                .rsplit_once_str(":")
                .map_or(address.as_slice(), |(_, own)| own);
            port.is_none_or(|port| port == own)
        })
        .collect();
    !addresses.is_empty() && addresses.iter().all(is_loopback)
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

/// A rule of the main server counts in virtual hosts, and those may be all that there is.
fn is_guarded_everywhere(rule: &Mount, server: &Server, found: &Found<'_>) -> bool {
    if is_guarded(rule, server, found) {
        return true;
    }
    let mut hosts = found
        .site
        .servers
        .iter()
        .filter(|other| other.host.is_some());
    let has_hosts = hosts.clone().next().is_some();
    server.host.is_none() && has_hosts && hosts.all(|host| is_guarded(rule, host, found))
}

/// Whether a section of this server, or of the main server, that is around the rule's paths lets some in only, or
/// the server itself does.
fn is_guarded(rule: &Mount, server: &Server, found: &Found<'_>) -> bool {
    found.site.conf.lines.iter().any(|line| {
        let host = line.virtual_host();
        let is_own = server.host.as_ref().map(Rc::as_ptr) == host.map(Rc::as_ptr);
        let is_here = is_own || host.is_none();
        let of_server = line.sections().all(|section| section.is("VirtualHost"));
        if of_server {
            return is_here && guards_server(line, rule, is_own);
        }
        let mut around = line.sections();
        is_here && restricts(line) && around.any(|section| is_about(section, rule))
    })
}

/// Outside of sections: a certificate is asked of all clients, or the path is forbidden. Virtual hosts have no part in
/// the main server's `RewriteRule`.
fn guards_server(line: &Line, rule: &Mount, is_own: bool) -> bool {
    if line.is("SSLVerifyClient") {
        return restricts(line);
    }
    let words = line.words();
    let forbids = line.is("RewriteRule") && is_own && forbids(&words);
    forbids
        && words
            .first()
            .is_some_and(|pattern| is_matched(pattern, rule))
}

/// The flags of a `RewriteRule` refuse the request.
fn forbids(words: &[BString]) -> bool {
    let flags = words.get(2).map(|flags| flags.to_ascii_lowercase());
    let flags = flags.unwrap_or_default();
    let flags = flags.trim_with(|letter| matches!(letter, '[' | ']'));
    let refuses = |flag: &[u8]| {
        let all: [&[u8]; 6] = [b"f", b"forbidden", b"g", b"gone", b"r=403", b"r=404"];
        all.contains(&flag.trim_ascii())
    };
    flags.split_str(",").any(refuses)
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
        "deny" | "sslrequire" => true,
        "sslverifyclient" => words == [&b"require"[..]],
        // Who says so has another way to let nobody in.
        "rewriterule" => forbids(&line.words()),
        _ => false,
    }
}

/// Whether a section holds for the paths of a rule.
fn is_about(section: &Section, rule: &Mount) -> bool {
    let is_location = section.is("Location") || section.is("LocationMatch");
    if !is_location {
        return section.is("If");
    }
    let samples = samples(rule);
    let mut samples = samples.iter();
    samples.any(|sample| section.is_for(sample) != Some(false))
}

/// Paths that a rule is for.
fn samples(rule: &Mount) -> [Vec<u8>; 2] {
    let with = |letter: &str| rule.pattern.replace("*", letter).replace("?", "x");
    [with(""), with("x")]
}

/// What is no expression for us may be one for httpd, and guard the path.
fn is_matched(expression: &[u8], rule: &Mount) -> bool {
    let expression = expression.to_str().ok();
    let Some(expression) = expression.and_then(|text| Regex::new(text).ok()) else {
        return true;
    };
    let samples = samples(rule);
    samples.iter().any(|sample| expression.is_match(sample))
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
