//! Hosts of workers: mod_jk starts with any text and then cannot resolve it.

use super::{bare, is_invisible, is_quote};
use std::net::{IpAddr, Ipv6Addr};

/// Why nothing of the name `written` can be reached, and what to write; `None` when it may be a host.
///
/// `attribute` is what the text was written for, `host` or `source`.
pub(crate) fn host_problem(attribute: &str, written: &str) -> Option<String> {
    if is_host(written) {
        return None;
    }
    let remedy = match proposal(written) {
        // A source address has no port.
        Some((host, Some(port))) if attribute == "host" => {
            format!("write host={host} and port={port}")
        }
        Some((host, _)) => format!("write {attribute}={host}"),
        None => "write one name or address".to_owned(),
    };
    Some(format!(
        "{attribute} is {written:?}, {}; {remedy}",
        reason(written)
    ))
}

fn reason(written: &str) -> String {
    if let Some(letter) = written.chars().find(|letter| is_invisible(*letter)) {
        return format!("which has the character U+{:04X} in it", u32::from(letter));
    }
    if written.contains(is_quote) {
        return "and the quotes are a part of it".to_owned();
    }
    if written.contains("://") {
        return "an address of the web, not a host".to_owned();
    }
    if split_port(written).is_some_and(|(_, port)| !port.is_empty()) {
        return "the port in it is not read".to_owned();
    }
    let odd = written.chars().find(|letter| !is_name_letter(*letter));
    odd.map_or_else(
        || "which is no host".to_owned(),
        |letter| format!("and no host has {letter:?} in its name"),
    )
}

/// Host and port that were meant.
fn proposal(written: &str) -> Option<(&str, Option<u16>)> {
    let text = bare(written);
    let (scheme, text) = text
        .split_once("://")
        .map_or((None, text), |(scheme, text)| (Some(scheme), text));
    let text = text.split('/').next().unwrap_or(text);
    let text = text.trim_end_matches([',', ';']);
    if is_host(text) {
        return Some((text, None));
    }
    let (host, port) = split_port(text)?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    // The port of a web address is that of HTTP, where no AJP is spoken.
    let is_ajp = scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case("ajp"));
    let port = match port {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port > 0)?),
    };
    is_host(host).then_some((host, port.filter(|_| is_ajp)))
}

/// What stands before and behind the colon of a port; an IPv6 address has brackets then.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !host.is_empty() && (is_bracketed || !host.contains(':'))).then_some((host, port))
}

/// What a resolver may know: an address, or a name of what names are made of.
fn is_host(text: &str) -> bool {
    let address = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    address.parse::<IpAddr>().is_ok()
        || is_scoped(address)
        || (!text.is_empty() && text.chars().all(is_name_letter))
}

/// `fe80::1%eth0`.
fn is_scoped(text: &str) -> bool {
    text.split_once('%').is_some_and(|(address, scope)| {
        address.parse::<Ipv6Addr>().is_ok()
            && !scope.is_empty()
            && scope.chars().all(is_name_letter)
    })
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_')
}
