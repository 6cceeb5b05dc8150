//! Texts of a certain form.

use super::super::instead;
use super::super::node::Section;
use super::super::schema::WORKER;
use crate::advice::bare;
use crate::error::ConfigError;
use crate::properties::is_attribute;
use bstr::BString;
use std::net::IpAddr;
use std::path::PathBuf;

/// Bytes of a socket's path: the system's structure holds 108, with a NUL at the end.
pub const MAX_SOCKET_BYTES: usize = 107;

/// Headers that are sent anyway, or mean something else: a secret in one of them would replace what belongs
/// there. Those of a client with the name of the secret are taken away.
const TAKEN: [&str; 22] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "range",
    "remote-user",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
/// The same, by how they begin.
const TAKEN_GROUPS: [&str; 6] = [
    "if-",
    "proxy-",
    "sec-websocket-",
    "ssl-",
    "x-forwarded-",
    "x-rjk-",
];

/// What belongs into workers.properties does not belong here.
pub(super) fn check_keys(section: &Section<'_>, worker: &str) -> Result<(), ConfigError> {
    let is_ours = |key: &str| WORKER.names().any(|name| name == key);
    let mut keys = section.keys();
    match keys.find(|key| !is_ours(key) && is_attribute(key.as_bytes())) {
        Some(key) => {
            let text =
                format!("{key} belongs into workers.properties; write worker.{worker}.{key} there");
            Err(section.error_at(key, text))
        }
        None => Ok(()),
    }
}

pub(super) fn socket(section: &Section<'_>) -> Result<Option<PathBuf>, ConfigError> {
    let Some((path, _)) = section.text("socket")? else {
        return Ok(None);
    };
    let refused = |text: String| Err(section.error_at("socket", text));
    if !path.starts_with('/') {
        let name = path.rsplit('/').next().unwrap_or(path);
        return refused(format!(
            "socket is {path:?}; write a whole path, such as \"/run/tomcat/{name}\""
        ));
    }
    if path.len() > MAX_SOCKET_BYTES {
        let bytes = path.len();
        return refused(format!(
            "the path of socket has {bytes} bytes, and the system takes {MAX_SOCKET_BYTES}; name a shorter one"
        ));
    }
    if path.contains(|letter: char| letter.is_ascii_control()) {
        return refused(format!(
            "socket is {path:?}; write it without control characters"
        ));
    }
    Ok(Some(PathBuf::from(path)))
}

pub(super) fn probe(section: &Section<'_>) -> Result<Option<BString>, ConfigError> {
    let Some((path, _)) = section.text("probe")? else {
        return Ok(None);
    };
    let is_visible = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if path.starts_with('/') && is_visible {
        return Ok(Some(path.into()));
    }
    let text =
        format!("probe is {path:?}; write a path as it stands in a request, such as \"/health\"");
    Err(section.error_at("probe", text))
}

pub(super) fn secret_header(section: &Section<'_>) -> Result<Option<BString>, ConfigError> {
    let Some((name, _)) = section.text("secret_header")? else {
        return Ok(None);
    };
    let refused = |text: String| Err(section.error_at("secret_header", text));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(is_letter) {
        return refused(format!(
            "secret_header is {name:?}; write the name of a header, such as \"X-Worker-Secret\""
        ));
    }
    // Servers take the one for the other.
    let folded = name.to_ascii_lowercase().replace('_', "-");
    let is_of_group = TAKEN_GROUPS.iter().any(|group| folded.starts_with(group));
    if TAKEN.contains(&folded.as_str()) || is_of_group {
        return refused(format!(
            "secret_header is {name:?}, a header that has a meaning of its own; write another name, such as \
             \"X-Worker-Secret\""
        ));
    }
    Ok(Some(name.into()))
}

/// A name of DNS, or an address, as certificates have it.
pub(super) fn server_name(section: &Section<'_>) -> Result<Option<String>, ConfigError> {
    let Some((name, _)) = section.text("server_name")? else {
        return Ok(None);
    };
    if is_server_name(name) {
        return Ok(Some(name.to_owned()));
    }
    let host = bare(name);
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    let host = host.split('/').next().unwrap_or(host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_start_matches("*.").trim_matches(['[', ']', '.']);
    let remedy = match is_server_name(host) {
        true if name.contains('*') => format!("a whole name, such as \"was1.{host}\""),
        true => format!("\"{host}\""),
        false => "the name that is in the worker's certificate".to_owned(),
    };
    let text = format!("server_name is {name:?}; write {remedy}");
    Err(section.error_at("server_name", text))
}

fn is_server_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(letters)
    };
    let is_dns = name.len() <= 253 && name.split('.').all(is_label);
    is_dns || name.parse::<IpAddr>().is_ok()
}

/// The remedy for a name that is none.
pub(super) fn nearest_worker<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if matches!(name, "default" | "defaults" | "*") {
        return "; write [worker_defaults] for what all workers have in common".to_owned();
    }
    instead(name, known)
}
