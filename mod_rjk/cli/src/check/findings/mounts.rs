//! Rules that have no effect, or not the one that they were written for.

use super::{Finding, Found, Severity};
use crate::check::site::{Server, Site};
use bstr::{BString, ByteSlice};
use rjk_config::advice::nearest;
use rjk_config::error::Location;
use rjk_config::model::{LbSpec, WorkerSpec};
use rjk_config::uri_map::{Mount, RuleKind};
use rjk_config::workers::Workers;
use std::collections::{HashMap, HashSet};

pub(super) fn find(found: &mut Found<'_>) {
    let site = found.site;
    for server in &site.servers {
        let rules = server.own_rules();
        let own: Vec<&Mount> = rules
            .iter()
            .filter(|rule| !rule.disabled && server.wrote(rule))
            .collect();
        if let Some(workers) = &site.workers {
            own.iter().for_each(|rule| target(rule, workers, found));
        }
        hidden(&rules, &own, found);
        idle_exclusions(&mounted(site, server), &own, found);
        written_twice(server, found);
        reload_without_file(server, found);
    }
}

/// G-09, X-04: requests get 500, or a member is not what the rule wants it to be.
fn target(rule: &Mount, workers: &Workers, found: &mut Found<'_>) {
    if rule.kind == RuleKind::Unmount && rule.worker == "*" {
        return;
    }
    match workers.get(&rule.worker) {
        None => not_listed(rule, workers, found),
        Some(WorkerSpec::Lb(lb)) => members(rule, lb, found),
        Some(_) if rule.extensions.activation.is_empty() => {}
        Some(_) => {
            let message = format!(
                "the rule for {} sets the state of members, and {} is no balancer; take that away",
                rule.pattern, rule.worker
            );
            found.add(
                rule.location.as_ref(),
                Severity::Warning,
                "unknown-member",
                message,
            );
        }
    }
}

fn not_listed(rule: &Mount, workers: &Workers, found: &mut Found<'_>) {
    let worker = &rule.worker;
    let prefix = BString::from([b"worker.", worker.as_slice(), b"."].concat());
    let is_described = workers
        .properties()
        .any(|property| property.name.starts_with(&prefix));
    let listed = workers.list.iter();
    let listed = listed.filter_map(|worker| worker.name().to_str().ok());
    // As it is called in workers.properties.
    let bare = worker.strip_prefix(b"worker.");
    let bare = bare.filter(|name| workers.get(name.as_bstr()).is_some());
    let bare = bare.and_then(|name| name.to_str().ok());
    let remedy = match bare.or_else(|| nearest(&worker.to_str_lossy(), listed)) {
        _ if is_described => format!("add it: worker.list={worker}"),
        Some(meant) => format!("write {meant}"),
        None => "describe it and list it, or take the rule away".to_owned(),
    };
    let what = match rule.kind {
        RuleKind::Mount => "its requests get 500",
        RuleKind::Unmount => "the rule excludes nothing",
    };
    let message = format!(
        "the rule for {} names worker {worker}, which is not in worker.list: {what}; {remedy}",
        rule.pattern
    );
    found.add(
        rule.location.as_ref(),
        Severity::Warning,
        "unknown-worker",
        message,
    );
}

fn members(rule: &Mount, lb: &LbSpec, found: &mut Found<'_>) {
    for (name, _) in &rule.extensions.activation {
        if lb.members.iter().any(|member| member.ajp.name == *name) {
            continue;
        }
        let known = lb.members.iter();
        let known = known.filter_map(|member| member.ajp.name.to_str().ok());
        let remedy = match nearest(&name.to_str_lossy(), known) {
            Some(meant) => format!("write {meant}"),
            None => "take it away".to_owned(),
        };
        let message = format!(
            "the rule for {} names {name}, which is no member of {}; {remedy}",
            rule.pattern, lb.name
        );
        found.add(
            rule.location.as_ref(),
            Severity::Warning,
            "unknown-member",
            message,
        );
    }
}

/// A rule of which no path is left: an earlier one takes them all, or an exclusion does. Of a line that stands for
/// two rules, both must be.
fn hidden(rules: &[Mount], own: &[&Mount], found: &mut Found<'_>) {
    let mut by_line: HashMap<&Location, Vec<(&Mount, Option<&Mount>)>> = HashMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let is_own = own.iter().any(|one| std::ptr::eq(*one, rule));
        if !is_own || rule.kind != RuleKind::Mount {
            continue;
        }
        if let Some(place) = &rule.location {
            let by = hidden_by(rule, &rules[..at], rules);
            let line = by_line.entry(place).or_default();
            line.push((rule, by));
        }
    }
    for of_line in by_line.into_values() {
        let hidden: Option<Vec<_>> = of_line
            .iter()
            .map(|(rule, by)| by.map(|by| (*rule, by)))
            .collect();
        if let Some((rule, by)) = hidden.and_then(|all| all.first().copied()) {
            tell_hidden(rule, by, found);
        }
    }
}

fn hidden_by<'r>(rule: &Mount, before: &'r [Mount], all: &'r [Mount]) -> Option<&'r Mount> {
    let covers = |other: &&Mount| !other.disabled && covers(&other.pattern, &rule.pattern);
    let earlier = before.iter().filter(|other| other.kind == RuleKind::Mount);
    let exclusions = all
        .iter()
        .filter(|other| other.kind == RuleKind::Unmount && other.concerns(&rule.worker));
    exclusions.chain(earlier).find(covers)
}

fn tell_hidden(rule: &Mount, by: &Mount, found: &mut Found<'_>) {
    // The module tells of rules for the same pattern.
    let place = rule.location.as_ref();
    let is_here = |finding: &&Finding| {
        place.is_some_and(|place| finding.file == *place.file && finding.line == Some(place.line))
    };
    let mut known = found.site.findings.iter().filter(is_here);
    if known.any(|finding| matches!(finding.code, "hidden-mount" | "duplicate-mount")) {
        return;
    }
    // Nothing is lost where both send to the same place: `/*` beside `/`.
    let same = rule.worker == by.worker && rule.kind == by.kind && rule.extensions == by.extensions;
    let place = by.location.as_ref().map(Location::to_string);
    let place = place.map_or_else(String::new, |place| format!(" of {place}"));
    let what = match by.kind {
        _ if same => "sends all its paths to the same worker",
        RuleKind::Mount => "takes all its paths",
        RuleKind::Unmount => "excludes all its paths",
    };
    let message = format!(
        "the rule for {} to {} has no effect: the one for {}{place} {what}; take one of them away",
        rule.pattern, rule.worker, by.pattern
    );
    let severity = if same {
        Severity::Hint
    } else {
        Severity::Warning
    };
    found.add(rule.location.as_ref(), severity, "hidden-mount", message);
}

/// Whether all paths of `narrow` are paths of `wide`: as if its wildcards were letters that only wildcards match.
fn covers(wide: &[u8], narrow: &[u8]) -> bool {
    let mut reached = vec![false; narrow.len() + 1];
    reached[0] = true;
    for letter in wide {
        let mut next = vec![false; narrow.len() + 1];
        match letter {
            b'*' => {
                let mut any = false;
                for (at, is) in reached.iter().enumerate() {
                    any |= *is;
                    next[at] = any;
                }
            }
            _ => {
                for (at, other) in narrow.iter().enumerate() {
                    let takes = match letter {
                        b'?' => *other != b'*',
                        _ => letter == other && *other != b'?',
                    };
                    next[at + 1] = reached[at] && takes;
                }
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// The workers that something is mounted to; of the main server's exclusions, virtual hosts may have copies.
fn mounted(site: &Site, server: &Server) -> HashSet<BString> {
    let servers = site.servers.iter();
    let servers = servers.filter(|other| server.host.is_none() || std::ptr::eq(*other, server));
    let configs = servers.filter_map(|server| server.config.as_ref());
    let maps = configs.map(|config| config.uri_map.load());
    maps.flat_map(|map| {
        let rules = map.rules();
        let mounts = rules.filter(|rule| rule.kind == RuleKind::Mount && !rule.disabled);
        mounts.map(|rule| rule.worker.clone()).collect::<Vec<_>>()
    })
    .collect()
}

/// An exclusion from what nothing mounts is most often one of another worker.
fn idle_exclusions(mounted: &HashSet<BString>, own: &[&Mount], found: &mut Found<'_>) {
    for rule in own {
        let is_idle =
            rule.kind == RuleKind::Unmount && rule.worker != "*" && !mounted.contains(&rule.worker);
        // Of a worker that there is not, more is told already.
        let workers = found.site.workers.as_ref();
        let is_known = workers.is_none_or(|workers| workers.get(&rule.worker).is_some());
        if is_idle && is_known {
            let message = format!(
                "the exclusion of {} from worker {} has no effect: nothing is mounted to that worker here; write *",
                rule.pattern, rule.worker
            );
            found.add(
                rule.location.as_ref(),
                Severity::Warning,
                "idle-exclusion",
                message,
            );
        }
    }
}

/// The later one of two equal lines; the module tells of those that differ.
fn written_twice(server: &Server, found: &mut Found<'_>) {
    let mut seen: HashMap<&[BString], &Location> = HashMap::new();
    for mount in &server.mounts {
        if let Some(first) = seen.get(mount.words.as_slice()) {
            let message = format!("the same line stands at {first}; remove one");
            found.add(
                Some(&mount.place),
                Severity::Hint,
                "duplicate-mount",
                message,
            );
        } else {
            seen.insert(&mount.words, &mount.place);
        }
    }
}

fn reload_without_file(server: &Server, found: &mut Found<'_>) {
    let has_file = |server: &Server| {
        let config = server.config.as_ref();
        config.is_none_or(|config| config.uri_map.file().is_some())
    };
    // The main server's interval is inherited.
    let servers = &found.site.servers;
    let is_idle = match server.host {
        None => !servers.iter().any(has_file),
        Some(_) => !has_file(server),
    };
    if !is_idle {
        return;
    }
    let lines = found.site.conf.lines.iter().filter(|line| {
        line.is("JkMountFileReload")
            && line.virtual_host().map(std::rc::Rc::as_ptr)
                == server.host.as_ref().map(std::rc::Rc::as_ptr)
    });
    let places: Vec<Location> = lines.map(|line| line.place.clone()).collect();
    for place in places {
        let message = "JkMountFileReload has no effect without JkMountFile; remove the line";
        found.add(Some(&place), Severity::Hint, "no-effect", message);
    }
}

#[cfg(test)]
mod tests {
    use super::covers;
    use proptest::prelude::*;
    use rjk_config::wildcard::matches;

    #[test]
    fn a_wide_pattern_covers_a_narrow_one() {
        for (wide, narrow, expected) in [
            ("/*", "/a/*", true),
            ("/a/*", "/*", false),
            ("/a*", "/a", true),
            ("/a?", "/a*", false),
            ("/a?*", "/a??*", true),
            ("/*.jsp", "/a/x.jsp", true),
            ("/a/*.jsp", "/a/*", false),
            ("/a", "/?", false),
            ("/a", "/a", true),
        ] {
            let found = covers(wide.as_bytes(), narrow.as_bytes());
            assert_eq!(found, expected, "{wide} {narrow}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_matches(
            wide in "/[ab*?]{0,5}", narrow in "/[ab*?]{0,5}", path in "/[ab]{0,6}",
        ) {
            if covers(wide.as_bytes(), narrow.as_bytes()) && matches(narrow.as_bytes(), path.as_bytes()) {
                prop_assert!(matches(wide.as_bytes(), path.as_bytes()));
            }
        }
    }
}
