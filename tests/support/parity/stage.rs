//! The servers of a site: peers, and httpd with one of the modules in front of them.

use super::script::Does;
use super::site::{Server, Site};
use crate::farm::Members;
use crate::httpd::{Builder, FailedStart, Mpm};
use crate::peer::wire::Wire;
use crate::{Gate, Httpd, Result, Subject};
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};

/// Running servers.
#[derive(Debug)]
pub struct Stage {
    /// The module.
    pub subject: Subject,
    /// The peers.
    pub members: Members,
    /// Formats of the access log, in the order of its fields; the first is the client's port.
    pub fields: Vec<String>,
    /// The web server, or what it said when it did not start.
    pub httpd: Result<Httpd, FailedStart>,
    /// Whether `-t` accepts the configuration, and what it said; for cases that ask.
    pub configtest: Option<(bool, String)>,
    /// Where the status worker is mounted.
    pub status: Option<String>,
    scripts: BTreeMap<String, Does>,
    ports: BTreeMap<String, u16>,
    down: Vec<String>,
    /// What the case took from answers.
    pub taken: BTreeMap<String, String>,
}

/// What a server is started for.
#[derive(Debug, Default)]
pub struct Purpose {
    /// Names in `log`.
    pub logged: BTreeSet<String>,
    /// It must not come up.
    pub refused: bool,
    /// `-t` is asked as well.
    pub configtest: bool,
    /// What goes over the wire is kept.
    pub capture: bool,
}

/// What went over the wire to the peers of a stage.
#[derive(Debug, Default)]
pub struct Captured {
    /// Every exchange.
    pub wires: Vec<Wire>,
    /// Forward requests that the peers decoded.
    pub requests: usize,
}

impl Purpose {
    /// What the cases of a site look at.
    pub fn of(site: &Site) -> Purpose {
        let steps = site.cases.iter().flat_map(|case| &case.steps);
        let expected = steps.flat_map(|step| step.expect.iter().chain(step.difference()));
        Purpose {
            logged: expected.flat_map(|e| e.log.keys().cloned()).collect(),
            ..Purpose::default()
        }
    }
}

impl Stage {
    /// Starts peers and server.
    pub fn start(server: &Server, subject: Subject, purpose: &Purpose) -> Result<Stage> {
        let mut members = Members::default();
        let mut lines = String::new();
        let mut ports = BTreeMap::new();
        for name in server.peers() {
            members.start(&name, crate::peer::Script::default())?;
            if purpose.capture {
                members.peer(&name)?.keep_wires();
            }
            ports.insert(name.clone(), members.peer(&name)?.port());
            lines.push_str(&worker_lines(&name, ports[&name], &server.properties));
        }
        for name in &server.down {
            members.stop(name)?;
        }
        let fields = std::iter::once("%{remote}p".to_owned()).chain(purpose.logged.iter().cloned());
        let fields: Vec<String> = fields.collect();
        let builder = builder(server, subject, &lines, &fields, &ports)?;
        let configtest = purpose
            .configtest
            .then(|| builder.configtest())
            .transpose()?;
        let httpd = if purpose.refused {
            Err(builder.start_expect_failure()?)
        } else {
            Ok(builder.start()?)
        };
        let stage = Stage {
            subject,
            members,
            fields,
            httpd,
            configtest,
            status: server.status.clone(),
            scripts: server.peer.clone(),
            ports,
            down: server.down.clone(),
            taken: BTreeMap::new(),
        };
        stage.reset(&Gate::new())?;
        Ok(stage)
    }

    /// The running web server.
    pub fn httpd(&self) -> Result<&Httpd> {
        match &self.httpd {
            Ok(httpd) => Ok(httpd),
            Err(_) => bail!("httpd was not to start, and a step wants it"),
        }
    }

    /// Whether a peer that is down now was started.
    pub fn was_running(&self, name: &str) -> bool {
        !self.down.iter().any(|down| down == name)
    }

    /// Lets every peer do what the site says.
    pub fn reset(&self, gate: &Gate) -> Result {
        for (name, peer) in self.members.named() {
            match self.scripts.get(name) {
                Some(does) => peer.set(does.script(gate)?),
                None => peer.set(crate::peer::Script::default()),
            }
        }
        Ok(())
    }

    /// A text of a case with its placeholders filled: `@PORT@`, `@ROOT@`, `@PORT:peer@`, what was taken.
    pub fn fill(&self, text: &str) -> String {
        let mut text = with_ports(text, &self.ports);
        for (name, value) in &self.taken {
            text = text.replace(&format!("@{name}@"), value);
        }
        if let Ok(httpd) = &self.httpd {
            text = text
                .replace("@PORT@", &httpd.port().to_string())
                .replace("@ROOT@", &httpd.root().to_string_lossy());
        }
        text
    }

    /// A text that was seen, with placeholders for what differs from run to run.
    pub fn unfill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in self.taken.iter().filter(|(_, value)| !value.is_empty()) {
            text = text.replace(value, &format!("@{name}@"));
        }
        for (name, port) in &self.ports {
            text = without_number(&text, *port, &format!("@PORT:{name}@"));
        }
        if let Ok(httpd) = &self.httpd {
            text = text.replace(&*httpd.root().to_string_lossy(), "@ROOT@");
            text = without_number(&text, httpd.port(), "@PORT@");
        }
        text
    }

    /// Stops the server and says what is wrong with its logs.
    pub fn finish(self) -> (Vec<String>, Captured) {
        let mut problems = Vec::new();
        if let Ok(mut httpd) = self.httpd {
            let stopped = httpd.stop().err().map(|error| format!("{error:#}"));
            problems = httpd.problems();
            problems.extend(stopped);
            httpd.forgive();
        }
        let mut captured = Captured::default();
        for peer in self.members.all().filter(|peer| peer.keeps_wires()) {
            captured.wires.extend(peer.wires());
            captured.requests += peer.requests().len();
        }
        (problems, captured)
    }
}

fn with_ports(text: &str, ports: &BTreeMap<String, u16>) -> String {
    let text = ports.iter().fold(text.to_owned(), |text, (name, port)| {
        text.replace(&format!("@PORT:{name}@"), &port.to_string())
    });
    repeated(&text)
}

/// The text with a number replaced where it is no part of a longer one.
fn without_number(text: &str, number: u16, placeholder: &str) -> String {
    let number = number.to_string();
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&number) {
        all.push_str(before);
        let is_part = is_digit(all.chars().next_back()) || is_digit(after.chars().next());
        all.push_str(if is_part { &number } else { placeholder });
        rest = after;
    }
    all + rest
}

/// The text with each `@x*20@` written out.
fn repeated(text: &str) -> String {
    let mut parts = text.split('@');
    let mut all = parts.next().unwrap_or_default().to_owned();
    let mut is_open = true;
    for part in parts {
        let word = part.split_once('*').filter(|_| is_open);
        match word.and_then(|(word, count)| Some(word.repeat(count.parse().ok()?))) {
            Some(written) => {
                all.push_str(&written);
                is_open = false;
            }
            None if is_open => all.extend(["@", part]),
            None => {
                all.push_str(part);
                is_open = true;
            }
        }
    }
    all
}

/// The lines of a peer's worker that the case does not write itself.
fn worker_lines(name: &str, port: u16, properties: &str) -> String {
    let lines = [
        ("type", "ajp13".to_owned()),
        ("host", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
    ];
    let missing = lines.into_iter().filter(|(key, _)| {
        let own = format!("worker.{name}.{key}");
        let is_own = |line: &str| line.trim_start().starts_with(&own);
        !properties.lines().any(is_own)
    });
    missing
        .map(|(key, value)| format!("worker.{name}.{key}={value}\n"))
        .collect()
}

fn builder(
    server: &Server,
    subject: Subject,
    lines: &str,
    fields: &[String],
    ports: &BTreeMap<String, u16>,
) -> Result<Builder> {
    let children = server.children.unwrap_or(1);
    let mut builder = Httpd::builder(subject)
        .start_servers(children)
        .server_limit(children)
        .threads_per_child(server.threads.unwrap_or(8))
        .log_level(server.log_level.as_deref().unwrap_or("info"))
        .access_log(&log_format(fields));
    let mut properties = server.properties.clone();
    let mut directives = String::new();
    if let Some(path) = &server.status {
        properties = format!("worker.list=jkstatus\nworker.jkstatus.type=status\n{properties}");
        directives = format!("JkMount {path} jkstatus\n");
    }
    if !server.no_workers_file {
        builder = builder.workers(with_ports(&(lines.to_owned() + &properties), ports));
    }
    builder = builder
        .directives(with_ports(&(directives + &server.directives), ports))
        .vhosts(with_ports(&server.vhosts, ports));
    for name in &server.modules {
        builder = builder.module(name);
    }
    if server.modules_behind {
        builder = builder.modules_behind();
    }
    for (name, text) in &server.files {
        builder = builder.file(name, with_ports(text, ports));
    }
    for (name, value) in &server.env {
        builder = builder.env(name, value);
    }
    if let Some(hosts) = &server.hosts {
        builder = builder.hosts(hosts);
    }
    if let Some(digits) = &server.umask {
        builder = builder.umask(u32::from_str_radix(digits, 8).context("umask")?);
    }
    if server.no_jk_defaults {
        builder = builder.without_jk_defaults();
    }
    let usual = std::env::var("PARITY_MPM").ok();
    let mpm = match server.mpm.as_deref().or(usual.as_deref()) {
        None | Some("event") => Mpm::Event,
        Some("worker") => Mpm::Worker,
        Some("prefork") => Mpm::Prefork,
        Some(other) => bail!("no MPM {other:?}"),
    };
    Ok(builder.mpm(mpm))
}

/// `LogFormat` of the fields: what starts with `%` as it is, else the note of that name.
fn log_format(fields: &[String]) -> String {
    let format = |field: &String| match field.starts_with('%') {
        true => field.clone(),
        false => format!("%{{{field}}}n"),
    };
    fields.iter().map(format).collect::<Vec<_>>().join("\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_of_its_own() {
        assert_eq!(without_number("a:80 180 801 80", 80, "P"), "a:P 180 801 P");
    }

    #[test]
    fn placeholders_are_written_out() {
        for (text, expected) in [
            ("/app/@a*3@/x", "/app/aaa/x"),
            ("@ab*2@@c*2@", "ababcc"),
            ("me@home.test @ROOT@ @x*y@", "me@home.test @ROOT@ @x*y@"),
            ("a@x*2@b@x*1@c", "axxbxc"),
        ] {
            assert_eq!(repeated(text), expected);
        }
    }
}
