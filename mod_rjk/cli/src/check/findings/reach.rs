//! Rules that requests do not come to, or come to otherwise than they were meant to.

use super::{Found, Severity};
use crate::check::httpd_conf::Line;
use crate::check::site::{Server, Site};
use bstr::{BString, ByteSlice};
use rjk_config::model::WorkerSpec;
use rjk_config::uri_map::{Mount, RuleKind};
use rjk_config::wildcard::{is_wildcard, matches};
use std::rc::Rc;

pub(super) fn find(found: &mut Found<'_>) {
    let site = found.site;
    unseen(site, found);
    for server in &site.servers {
        exact_only(server, found);
    }
    for line in &site.conf.lines {
        if sets_no_jk_late(line) && is_mounted(site, line) {
            let message = "no-jk is set when the rules were asked already: httpd answers 404; write SetEnvIf Request_URI … no-jk outside of sections, or JkUnMount";
            found.add(
                Some(&line.place),
                Severity::Warning,
                "no-jk-too-late",
                message,
            );
        }
    }
}

/// `JkMount` of the main server, where all requests are for virtual hosts, and none has its rules.
fn unseen(site: &Site, found: &mut Found<'_>) {
    let Some((main, hosts)) = site.servers.split_first() else {
        return;
    };
    let is_resolved = hosts.iter().all(|host| host.config.is_some());
    let shares = |host: &Server| {
        let config = host.config.as_ref();
        config.is_none_or(|config| config.shares_main_map || has_rules_of(host, main))
    };
    if hosts.is_empty() || !is_resolved || hosts.iter().any(shares) || !hosts_have_all(site) {
        return;
    }
    if let Some(mount) = main.mounts.first() {
        let message = "the rules of the main server count in no virtual host, and those get all requests; write JkMountCopy All beside them, or move them";
        found.add(Some(&mount.place), Severity::Hint, "unseen-mount", message);
    }
}

/// Rules that were copied.
fn has_rules_of(host: &Server, main: &Server) -> bool {
    let own = host.own_rules();
    let mut places = own.iter().filter_map(|rule| rule.location.as_ref());
    places.any(|place| main.mounts.iter().any(|mount| mount.place == *place))
}

/// Whether each port that httpd listens at is one of a virtual host.
fn hosts_have_all(site: &Site) -> bool {
    let port = |address: &BString| -> BString {
        let (_, port) = address.rsplit_once_str(":").unwrap_or((b"", address));
        port.into()
    };
    let hosts = site
        .servers
        .iter()
        .filter_map(|server| server.host.as_ref());
    let addresses: Vec<BString> = hosts.flat_map(|host| host.words()).collect();
    let is_had = |listened: &BString| {
        addresses
            .iter()
            .any(|address| !address.contains(&b':') || port(address) == port(listened))
    };
    let lines = site.conf.lines.iter().filter(|line| line.is("Listen"));
    let listened: Vec<BString> = lines
        .filter_map(|line| line.words().into_iter().next())
        .collect();
    // A part of a configuration does not say it.
    !listened.is_empty() && listened.iter().all(is_had)
}

/// `/app` without `/app/*` is one page of an application.
fn exact_only(server: &Server, found: &mut Found<'_>) {
    let Some(workers) = &found.site.workers else {
        return;
    };
    let rules = server.own_rules();
    for rule in &rules {
        let is_application = rule.kind == RuleKind::Mount
            && !rule.disabled
            && server.wrote(rule)
            && is_name_of_application(&rule.pattern)
            && matches!(
                workers.get(&rule.worker),
                Some(WorkerSpec::Ajp(_) | WorkerSpec::Lb(_))
            );
        let below = [rule.pattern.as_slice(), b"/"].concat();
        let is_mounted = |other: &Mount| {
            other.pattern.starts_with(&below)
                || matches(&other.pattern, &[&below, &b"x"[..]].concat())
        };
        if is_application && !rules.iter().any(is_mounted) {
            let message = format!(
                "the rule for {0} is for this path alone; write {0}|/* if all that is below it was meant",
                rule.pattern
            );
            found.add(
                rule.location.as_ref(),
                Severity::Hint,
                "exact-mount",
                message,
            );
        }
    }
}

/// One plain part.
fn is_name_of_application(pattern: &BString) -> bool {
    let name = pattern.strip_prefix(b"/").unwrap_or_default();
    !name.is_empty() && !is_wildcard(name) && !name.iter().any(|byte| matches!(byte, b'/' | b'.'))
}

/// mod_env sets variables when a request is mapped, and so does mod_setenvif by lines in sections.
fn sets_no_jk_late(line: &Line) -> bool {
    let is_no_jk = |name: &BString| {
        let name = name.split_str("=").next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"no-jk")
    };
    if line.is("SetEnv") {
        return line.words().first().is_some_and(is_no_jk);
    }
    let is_condition = line.is("SetEnvIf") || line.is("SetEnvIfNoCase");
    let is_in_section = line.sections().any(|one| !one.is("VirtualHost"));
    is_condition && is_in_section && line.words().iter().skip(2).any(is_no_jk)
}

/// Whether a rule takes paths of the section around a line, of its server.
fn is_mounted(site: &Site, line: &Line) -> bool {
    let host = line.virtual_host().map(Rc::as_ptr);
    let servers = site
        .servers
        .iter()
        .filter(|server| host.is_none() || server.host.as_ref().map(Rc::as_ptr) == host);
    let mut maps = servers.filter_map(|server| Some(server.config.as_ref()?.uri_map.load()));
    let around = line.section.as_ref().filter(|one| !one.is("VirtualHost"));
    let takes = |rule: &Mount| {
        let Some(section) = around else { return true };
        let (path, is_regex) = section.path();
        let below = [path.as_slice(), b"/x"].concat();
        !is_regex
            && section.is_for(&path) == Some(true)
            && (matches(&rule.pattern, &path) || matches(&rule.pattern, &below))
    };
    maps.any(|map| {
        let mut mounts = map.rules();
        mounts.any(|rule| rule.kind == RuleKind::Mount && !rule.disabled && takes(rule))
    })
}
