//! Texts of a certain form.

use super::super::instead;
use super::super::node::Section;
use super::super::schema::{TABLES, TLS, Table, WORKER};
use super::entry::Spoken;
use crate::advice::bare;
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

/// What is spoken.
pub(super) fn protocol(section: &Section<'_>) -> Option<Spoken> {
    let words = [("ajp", Spoken::Ajp), ("http", Spoken::Http)];
    if section.written_text("protocol") == Some("https") {
        let text = "protocol is \"https\"; write protocol = \"http\", and tls = { ca = \"FILE\" } beside it";
        section.refuse_at("protocol", text.to_owned());
        return None;
    }
    section.word("protocol", &words)
}

/// What may stand for `tls`; a text is taken for the file that it was meant to be.
pub(super) fn tls_wanted(section: &Section<'_>) -> String {
    let is_file = |text: &&str| text.contains(['.', '/']);
    match section.written_text("tls").filter(is_file) {
        Some(file) => format!("tls = {{ ca = {file:?} }}, or true for what the system trusts"),
        None => "true, false or a table".to_owned(),
    }
}

/// Refuses unknown keys of `tls`; those of the worker are wrong there because of the line above them.
pub(super) fn check_tls_keys(section: &Section<'_>) {
    let known = || TLS.iter().map(|key| key.name);
    for key in section.others(known()) {
        if !is_of_worker(key) {
            section.refuse_key(key, known());
            continue;
        }
        let text = format!(
            "{key} is no key of tls but of the worker; write it above the line of its tls table"
        );
        section.refuse_at(key, text);
    }
}

/// Refuses unknown keys of a worker; what belongs into workers.properties does not belong here.
pub(super) fn check_keys(section: &Section<'_>, worker: &str, table: &'static Table) {
    for key in section.others(table.names()) {
        let text = match key {
            "socket" => "socket is in [worker_defaults], and no two workers have the same; write it in a [worker.NAME]".to_owned(),
            "type" => "type belongs into workers.properties; write protocol for what is spoken".to_owned(),
            _ if is_attribute(key.as_bytes()) => {
                format!("{key} belongs into workers.properties; write worker.{worker}.{key} there")
            }
            _ => {
                section.refuse_key(key, table.names());
                continue;
            }
        };
        section.refuse_at(key, text);
    }
}

/// Refuses unknown tables; whether a key of a worker is in none.
pub(in super::super) fn check_tables(root: &Section<'_>) -> bool {
    let known = || TABLES.iter().map(|table| table.word);
    let mut has_strayed = false;
    for key in root.others(known()) {
        if !is_of_worker(key) {
            root.refuse_key(key, known());
            continue;
        }
        has_strayed = true;
        let text = format!(
            "{key} is in no table; write it below the line [worker_defaults], or that of a [worker.NAME]"
        );
        root.refuse_at(key, text);
    }
    has_strayed
}

fn is_of_worker(key: &str) -> bool {
    WORKER.names().any(|known| known == key)
}

pub(super) fn socket(section: &Section<'_>) -> Option<PathBuf> {
    let (path, _) = section.text("socket")?;
    let refused = |text: String| refuse(section, "socket", text);
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
    Some(PathBuf::from(path))
}

pub(super) fn probe(section: &Section<'_>) -> Option<BString> {
    let (path, _) = section.text("probe")?;
    let is_visible = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if path.starts_with('/') && is_visible {
        return Some(path.into());
    }
    let text =
        format!("probe is {path:?}; write a path as it stands in a request, such as \"/health\"");
    refuse(section, "probe", text)
}

pub(super) fn secret_header(section: &Section<'_>) -> Option<BString> {
    let (name, _) = section.text("secret_header")?;
    let refused = |text: String| refuse(section, "secret_header", text);
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
    Some(name.into())
}

/// A name of DNS, or an address, as certificates have it.
pub(super) fn server_name(section: &Section<'_>) -> Option<String> {
    if section.written_text("server_name") == Some("") {
        let text = "server_name is empty; write the name that is in the worker's certificate, or take the line away: \
                    then it is the worker's host";
        return refuse(section, "server_name", text.to_owned());
    }
    let (name, _) = section.text("server_name")?;
    if is_server_name(name) {
        return Some(name.to_owned());
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
    refuse(section, "server_name", text)
}

/// No value: what is wrong with it is told.
fn refuse<T>(section: &Section<'_>, key: &str, text: String) -> Option<T> {
    section.refuse_at(key, text);
    None
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
