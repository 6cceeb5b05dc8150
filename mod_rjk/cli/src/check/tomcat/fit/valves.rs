//! Valves that make facts about the client of headers: HTTP needs them, and over AJP a client's own headers reach
//! them.

use super::Behind;
use crate::check::finding::Severity;
use crate::check::findings::Found;
use crate::check::httpd_conf::Line;
use crate::check::site::{Server, Site};
use crate::check::tomcat::server_xml::{Believed, Spoken, Valve};
use crate::manners::listed;
use std::rc::Rc;

pub(super) fn find(behind: &Behind<'_>, found: &mut Found<'_>) {
    missing(behind, found);
    for valve in &behind.tomcat.valves {
        over_ajp(behind, valve, found);
    }
}

/// Without a valve the client is the web host.
fn missing(behind: &Behind<'_>, found: &mut Found<'_>) {
    let mut valves = behind.tomcat.valves.iter();
    if valves.any(|valve| valve.name == Valve::REMOTE_IP) {
        return;
    }
    let mut workers = behind.workers_in(Spoken::Http);
    let told = |http: &rjk_config::model::HttpSpec| http.forward.x_forwarded();
    let Some(worker) = workers.find(|worker| worker.way.http().is_some_and(told)) else {
        return;
    };
    let message = format!(
        "worker {} speaks HTTP, and no valve of this Engine reads what it tells of the client: its address is the \
         web host's, and https is not known; add <Valve className=\"org.apache.catalina.valves.RemoteIpValve\" \
         portHeader=\"X-Forwarded-Port\"/>, with internalProxies for the web hosts, if no filter of the application \
         does it",
        worker.name
    );
    let place = behind.tomcat.engine.as_ref();
    let place = place.unwrap_or(&behind.tomcat.file);
    found.add(Some(place), Severity::Hint, "tomcat-no-valve", message);
}

/// AJP passes on what a client sends, and valves see the requests of all connectors.
fn over_ajp(behind: &Behind<'_>, valve: &Valve, found: &mut Found<'_>) {
    if valve.believes == Believed::Named {
        return;
    }
    let Some(worker) = behind.workers_in(Spoken::Ajp).next() else {
        return;
    };
    let site = found.site;
    let left: Vec<&String> = valve
        .headers
        .iter()
        .filter(|header| !is_taken_off(site, header))
        .collect();
    let Some(first) = left.first() else { return };
    let who = match valve.believes {
        Believed::Private => "from a private address",
        _ => "from anywhere",
    };
    let named = match valve.name {
        Valve::REMOTE_IP => ", or name the web hosts with internalProxies here",
        _ => "",
    };
    let message = format!(
        "{} reads {}, which a client {who} can send over AJP, by worker {}; write RequestHeader unset {first} \
         early in httpd's configuration, a line for each{named}",
        valve.name,
        listed(&left),
        worker.name
    );
    // Where httpd's configuration was not read, it may be there.
    let severity = match site.conf.lines.is_empty() {
        true => Severity::Hint,
        false => Severity::Warning,
    };
    found.add(
        Some(&valve.place),
        severity,
        "tomcat-valve-over-ajp",
        message,
    );
}

/// Whether httpd takes a header off, or writes its own over it, for all requests that rules send on.
fn is_taken_off(site: &Site, header: &str) -> bool {
    let lines: Vec<&Line> = site
        .conf
        .lines
        .iter()
        .filter(|line| takes_off(line, header))
        .collect();
    let is_main = lines.iter().any(|line| line.virtual_host().is_none());
    let is_done = |server: &Server| {
        let host = server.host.as_ref().map(Rc::as_ptr);
        let mut lines = lines.iter();
        lines.any(|line| line.virtual_host().map(Rc::as_ptr) == host)
    };
    let mut servers = site.servers.iter().filter(|server| has_rules(server));
    !lines.is_empty() && (is_main || servers.all(is_done))
}

/// Of a server that was not understood nothing is known.
fn has_rules(server: &Server) -> bool {
    let config = server.config.as_ref();
    config.is_none_or(|config| config.uri_map.load().rules().next().is_some())
}

/// Conditions are for httpd to know.
fn takes_off(line: &Line, header: &str) -> bool {
    let words = line.words();
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let [action, name, rest @ ..] = words.as_slice() else {
        return false;
    };
    let is_conditional = |word: &String| word.starts_with("env=") || word.starts_with("expr=");
    line.is("RequestHeader")
        && matches!(action.to_ascii_lowercase().as_str(), "unset" | "set")
        && name.trim_end_matches(':').eq_ignore_ascii_case(header)
        && !rest.iter().any(is_conditional)
        && line.sections().all(|section| section.is("VirtualHost"))
}
