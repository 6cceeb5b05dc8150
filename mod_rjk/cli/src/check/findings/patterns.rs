//! Rules whose pattern no path has.

use super::{Found, Severity};
use bstr::ByteSlice;
use rjk_config::uri_map::Mount;

pub(super) fn find(found: &mut Found<'_>) {
    for server in &found.site.servers {
        let rules = server.own_rules();
        let own = rules
            .iter()
            .filter(|rule| !rule.disabled && server.wrote(rule));
        for rule in own {
            if let Some(message) = odd(rule) {
                let place = rule.location.as_ref();
                found.add(place, Severity::Warning, "odd-pattern", message);
            }
        }
    }
}

/// What a pattern was meant to match, and does not.
fn odd(rule: &Mount) -> Option<String> {
    let pattern = rule.pattern.to_str().ok()?;
    if let Some(decoded) = decoded(pattern) {
        return Some(format!(
            "rules are asked for decoded paths, and none has {pattern}; write \"{decoded}\""
        ));
    }
    let segments = pattern.split('/');
    if let Some(dots) = segments.clone().find(|one| matches!(*one, "." | "..")) {
        return Some(format!(
            "rules are asked for paths without {dots}, and none is like {pattern}; take it out"
        ));
    }
    if pattern.contains(".*") && !is_extension(pattern) {
        let plain = pattern.replace(".*", "*");
        return Some(format!(
            "a pattern is no regular expression: {pattern} is for names with a dot there; write {plain}"
        ));
    }
    None
}

/// `/app/x.*` is for all files of a name.
fn is_extension(pattern: &str) -> bool {
    let is_name =
        |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || last == '*');
    pattern
        .match_indices(".*")
        .all(|(at, _)| is_name(&pattern[..at]))
}

/// `/p q` of `/p%20q`, where there is something to decode and it is text.
fn decoded(pattern: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) => bytes.push(byte),
            None => return None,
        }
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    let text = String::from_utf8(bytes).ok()?;
    (text != pattern && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (pattern, expected) in [
            ("/p%20q/*", Some("/p q/*")),
            ("/%C3%A4", Some("/\u{e4}")),
            ("/100%", None),
            ("/a%zz", None),
            ("/a%ff", None),
            ("/a%0a", None),
            ("/a", None),
        ] {
            assert_eq!(decoded(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn a_name_may_have_any_extension() {
        for (pattern, expected) in [
            ("/app/.*", false),
            ("/app.*", true),
            ("/app/*.*", true),
            ("/app/x.*", true),
            ("/app/(.*)", false),
        ] {
            assert_eq!(is_extension(pattern), expected, "{pattern}");
        }
    }
}
