//! What must come back.

use super::want::{Texts, Want};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What must come back; what is not named is not looked at. As `mod_jk` or `older` it says only what is
/// different there, and why.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Why the module is different; for `mod_jk` and `older` only.
    pub reason: Option<String>,
    /// Fields that are not looked at there; for `mod_jk` and `older` only.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// How the server starts; for cases with a `server` of their own.
    pub start: Option<Start>,
    /// The status; `0` when the connection ends without an answer.
    pub status: Option<Want>,
    /// The reason phrase.
    pub phrase: Option<Want>,
    /// Headers by name.
    #[serde(default)]
    pub headers: BTreeMap<String, Want>,
    /// The body.
    pub body: Option<Want>,
    /// The body's length.
    pub body_length: Option<usize>,
    /// Whether the body came to its announced end.
    pub complete: Option<bool>,
    /// Statuses of the 1xx responses before it.
    pub interim: Option<Vec<u16>>,
    /// The peer that served; with `repeat`, one after the other.
    pub served_by: Option<Texts>,
    /// All peers that a forward request came to, in order of arrival.
    pub reached: Option<Vec<String>>,
    /// The last forward request that came to a peer.
    pub forwarded: Option<Forward>,
    /// The line of the access log: notes by name, or anything that `LogFormat` knows (`%U`).
    #[serde(default)]
    pub log: BTreeMap<String, Want>,
    /// What the step wrote to JkLogFile.
    pub jk_log: Option<Want>,
    /// What the step wrote to httpd's error log.
    pub error_log: Option<Want>,
    /// Lines of the status worker's `mime=prop`, after the step.
    #[serde(default)]
    pub page: BTreeMap<String, Want>,
    /// Connections that came to a peer.
    #[serde(default)]
    pub connections: BTreeMap<String, usize>,
    /// Connections of a peer that are open afterwards.
    #[serde(default)]
    pub open: BTreeMap<String, usize>,
    /// CPING packets that came to a peer.
    #[serde(default)]
    pub pings: BTreeMap<String, usize>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<Want>,
    /// Files below the server root.
    #[serde(default)]
    pub files: BTreeMap<String, Want>,
    /// Access modes, in octal digits, of files below the server root; a `*` at the end stands for anything.
    #[serde(default)]
    pub modes: BTreeMap<String, Want>,
    /// Lines at emerg or crit, or of a crash, that belong to this case.
    #[serde(default)]
    pub bad_log: Vec<String>,
}

/// How a server starts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Whether httpd must not come up.
    pub refused: Option<bool>,
    /// What stdout, stderr and both logs said, at the start.
    pub says: Option<Want>,
    /// Whether `-t` accepts the configuration.
    pub configtest: Option<bool>,
    /// What `-t` said.
    pub configtest_says: Option<Want>,
}

/// A forward request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The address that the connection to the backend came from.
    pub from: Option<Want>,
    /// The method's name.
    pub method: Option<Want>,
    /// Its code on the wire.
    pub method_code: Option<Want>,
    /// `HTTP/1.1`.
    pub protocol: Option<Want>,
    /// The URI, without the query.
    pub uri: Option<Want>,
    /// The client's address.
    pub remote_addr: Option<Want>,
    /// The client's name.
    pub remote_host: Option<Want>,
    /// The server's name.
    pub server_name: Option<Want>,
    /// The server's port.
    pub server_port: Option<Want>,
    /// Whether TLS is said to be used.
    pub ssl: Option<bool>,
    /// Headers by name.
    #[serde(default)]
    pub headers: BTreeMap<String, Want>,
    /// All header names in order, as they came; coded ones in lower case.
    pub header_order: Option<Vec<String>>,
    /// Attributes by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, Want>,
    /// All attribute names in order.
    pub attribute_order: Option<Vec<String>>,
    /// The body as far as it was read.
    pub body: Option<Want>,
    /// Its length.
    pub body_length: Option<usize>,
    /// The body packets: their lengths, `end` or `broken`.
    pub packets: Option<Vec<String>>,
    /// Whether it came on a connection that had carried a request before.
    pub reused: Option<bool>,
    /// What is somewhere in the packet, in hexadecimal digits without blanks.
    pub hex: Option<Want>,
}

impl Expect {
    /// What is expected where `other` says what is different.
    pub fn changed_by(&self, other: &Expect) -> Expect {
        let mut all = self.clone();
        for field in &other.ignore {
            all.forget(field);
        }
        all.start = merged(all.start, &other.start, Start::changed_by);
        all.forwarded = merged(all.forwarded, &other.forwarded, Forward::changed_by);
        replace(&mut all.status, &other.status);
        replace(&mut all.phrase, &other.phrase);
        replace(&mut all.body, &other.body);
        replace(&mut all.body_length, &other.body_length);
        replace(&mut all.complete, &other.complete);
        replace(&mut all.interim, &other.interim);
        replace(&mut all.served_by, &other.served_by);
        replace(&mut all.reached, &other.reached);
        replace(&mut all.jk_log, &other.jk_log);
        replace(&mut all.error_log, &other.error_log);
        replace(&mut all.took_ms, &other.took_ms);
        all.headers.extend(other.headers.clone());
        all.log.extend(other.log.clone());
        all.page.extend(other.page.clone());
        all.files.extend(other.files.clone());
        all.modes.extend(other.modes.clone());
        all.connections.extend(other.connections.clone());
        all.open.extend(other.open.clone());
        all.pings.extend(other.pings.clone());
        all.bad_log.extend(other.bad_log.clone());
        all
    }

    /// What it says, a name and a value for each.
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Lines::default();
        if let Some(start) = &self.start {
            lines.debug("start.refused", &start.refused);
            lines.want("start.says", &start.says);
            lines.debug("start.configtest", &start.configtest);
            lines.want("start.configtest_says", &start.configtest_says);
        }
        lines.want("status", &self.status);
        lines.want("phrase", &self.phrase);
        lines.map("headers", &self.headers);
        lines.want("body", &self.body);
        lines.debug("body_length", &self.body_length);
        lines.debug("complete", &self.complete);
        lines.debug("interim", &self.interim);
        lines.debug("served_by", &self.served_by.as_ref().map(|names| &names.0));
        lines.debug("reached", &self.reached);
        if let Some(forwarded) = &self.forwarded {
            forwarded.put(&mut lines);
        }
        lines.map("log", &self.log);
        lines.want("jk_log", &self.jk_log);
        lines.want("error_log", &self.error_log);
        lines.map("page", &self.page);
        lines.map("files", &self.files);
        lines.map("modes", &self.modes);
        lines.map("connections", &self.connections);
        lines.map("open", &self.open);
        lines.map("pings", &self.pings);
        lines.want("took_ms", &self.took_ms);
        lines.0
    }

    /// Names of fields that [`Expect::ignore`] may hold.
    pub const FIELDS: [&str; 21] = [
        "start",
        "status",
        "phrase",
        "headers",
        "body",
        "body_length",
        "complete",
        "interim",
        "served_by",
        "reached",
        "forwarded",
        "log",
        "jk_log",
        "error_log",
        "page",
        "connections",
        "open",
        "pings",
        "took_ms",
        "files",
        "modes",
    ];

    fn forget(&mut self, field: &str) {
        match field {
            "start" => self.start = None,
            "status" => self.status = None,
            "phrase" => self.phrase = None,
            "headers" => self.headers.clear(),
            "body" => self.body = None,
            "body_length" => self.body_length = None,
            "complete" => self.complete = None,
            "interim" => self.interim = None,
            "served_by" => self.served_by = None,
            "reached" => self.reached = None,
            "forwarded" => self.forwarded = None,
            "log" => self.log.clear(),
            "jk_log" => self.jk_log = None,
            "error_log" => self.error_log = None,
            "page" => self.page.clear(),
            "connections" => self.connections.clear(),
            "open" => self.open.clear(),
            "pings" => self.pings.clear(),
            "took_ms" => self.took_ms = None,
            "files" => self.files.clear(),
            _ => self.modes.clear(),
        }
    }
}

#[derive(Default)]
struct Lines(Vec<(String, String)>);

impl Lines {
    fn want(&mut self, name: &str, want: &Option<Want>) {
        let line = want
            .as_ref()
            .map(|want| (name.to_owned(), want.to_string()));
        self.0.extend(line);
    }

    fn debug<T: std::fmt::Debug>(&mut self, name: &str, value: &Option<T>) {
        let line = value
            .as_ref()
            .map(|value| (name.to_owned(), format!("{value:?}")));
        self.0.extend(line);
    }

    fn map<T: std::fmt::Display>(&mut self, name: &str, map: &BTreeMap<String, T>) {
        let lines = map
            .iter()
            .map(|(key, value)| (format!("{name}.{key}"), value.to_string()));
        self.0.extend(lines);
    }
}

impl Start {
    fn changed_by(&self, other: &Start) -> Start {
        let mut all = self.clone();
        replace(&mut all.refused, &other.refused);
        replace(&mut all.says, &other.says);
        replace(&mut all.configtest, &other.configtest);
        replace(&mut all.configtest_says, &other.configtest_says);
        all
    }
}

impl Forward {
    fn put(&self, lines: &mut Lines) {
        lines.want("forwarded.from", &self.from);
        lines.want("forwarded.method", &self.method);
        lines.want("forwarded.method_code", &self.method_code);
        lines.want("forwarded.protocol", &self.protocol);
        lines.want("forwarded.uri", &self.uri);
        lines.want("forwarded.remote_addr", &self.remote_addr);
        lines.want("forwarded.remote_host", &self.remote_host);
        lines.want("forwarded.server_name", &self.server_name);
        lines.want("forwarded.server_port", &self.server_port);
        lines.debug("forwarded.ssl", &self.ssl);
        lines.map("forwarded.headers", &self.headers);
        lines.debug("forwarded.header_order", &self.header_order);
        lines.map("forwarded.attributes", &self.attributes);
        lines.debug("forwarded.attribute_order", &self.attribute_order);
        lines.want("forwarded.body", &self.body);
        lines.debug("forwarded.body_length", &self.body_length);
        lines.debug("forwarded.packets", &self.packets);
        lines.debug("forwarded.reused", &self.reused);
        lines.want("forwarded.hex", &self.hex);
    }

    fn changed_by(&self, other: &Forward) -> Forward {
        let mut all = self.clone();
        replace(&mut all.from, &other.from);
        replace(&mut all.method, &other.method);
        replace(&mut all.method_code, &other.method_code);
        replace(&mut all.protocol, &other.protocol);
        replace(&mut all.uri, &other.uri);
        replace(&mut all.remote_addr, &other.remote_addr);
        replace(&mut all.remote_host, &other.remote_host);
        replace(&mut all.server_name, &other.server_name);
        replace(&mut all.server_port, &other.server_port);
        replace(&mut all.ssl, &other.ssl);
        replace(&mut all.header_order, &other.header_order);
        replace(&mut all.attribute_order, &other.attribute_order);
        replace(&mut all.body, &other.body);
        replace(&mut all.body_length, &other.body_length);
        replace(&mut all.packets, &other.packets);
        replace(&mut all.reused, &other.reused);
        replace(&mut all.hex, &other.hex);
        all.headers.extend(other.headers.clone());
        all.attributes.extend(other.attributes.clone());
        all
    }
}

fn replace<T: Clone>(value: &mut Option<T>, other: &Option<T>) {
    if other.is_some() {
        value.clone_from(other);
    }
}

fn merged<T: Clone>(value: Option<T>, other: &Option<T>, merge: impl Fn(&T, &T) -> T) -> Option<T> {
    match (value, other) {
        (Some(value), Some(other)) => Some(merge(&value, other)),
        (value, other) => value.or_else(|| other.clone()),
    }
}
