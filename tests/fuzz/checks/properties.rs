//! What must hold for any workers.properties, any uriworkermap.properties and any path
//! (contract §2, §3, G-16).
//!
//! An input is the text of both files and, behind a byte FF, paths with an FF between them.

use bstr::ByteSlice;
use rjk_config::error::{ConfigError, Warning};
use rjk_config::model::{Activation, AjpSpec, LbSpec, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::uri_map::{MAX_MATCHED, normalize};
use rjk_config::uri_map::{Mount, RuleKind, UriMap, UriMapBuilder};
use rjk_config::workers::Workers;
use std::collections::HashSet;
use std::ffi::OsString;
use std::time::Duration;

const FILE: &str = "conf/fuzz.properties";

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    let mut parts = input.split(|byte| *byte == 0xFF);
    let text = parts.next().unwrap_or_default();
    let workers = check_workers(text);
    let Some(map) = check_map(text, workers.as_ref()) else {
        return;
    };
    for path in parts {
        check_lookup(&map, path);
    }
    // The patterns themselves are the paths that are most likely to match something.
    for rule in map.rules().take(8) {
        check_lookup(&map, &rule.pattern.replace("*", "x"));
        check_lookup(&map, &rule.pattern);
    }
}

fn check_workers(text: &[u8]) -> Option<Workers> {
    let mut warnings = Vec::new();
    let mut properties = Properties::workers()
        .with_environment(|name| (name == "HOST").then(|| OsString::from("h")));
    properties.define("ServerRoot", "/etc/httpd");
    let read = properties.add_text(text, FILE, &mut warnings);
    let workers = read.and_then(|()| Workers::build(properties, &mut warnings));
    check_warnings(text, &warnings);
    match workers {
        Ok(workers) => {
            check_list(&workers);
            Some(workers)
        }
        Err(error) => {
            check_error(text, &error);
            None
        }
    }
}

fn check_list(workers: &Workers) {
    let mut names = HashSet::new();
    for worker in &workers.list {
        assert!(names.insert(worker.name()), "{} twice", worker.name());
        assert_eq!(
            workers.get(worker.name()).map(WorkerSpec::name),
            Some(worker.name())
        );
        match worker {
            WorkerSpec::Ajp(ajp) => check_ajp(ajp),
            WorkerSpec::Lb(lb) => check_lb(lb),
            WorkerSpec::Status(_) | WorkerSpec::Legacy(_) => {}
        }
    }
    for mount in &workers.mounts {
        assert!(names.contains(&mount.worker));
    }
}

fn check_ajp(ajp: &AjpSpec) {
    assert!(ajp.name.len() <= 63 && ajp.host.len() <= 63);
    assert!((8192..=65536).contains(&ajp.max_packet_size));
    assert_eq!(ajp.max_packet_size % 1024, 0);
    assert!(ajp.retries >= 1);
    assert!(
        ajp.socket_buffer
            .is_none_or(|size| size >= ajp.max_packet_size)
    );
    let is_status = |status| (100..=999).contains(&status);
    assert!(ajp.fail_on_status.iter().all(|fail| is_status(fail.status)));
    assert_ne!(ajp.reply_timeout, Some(Duration::ZERO));
    assert_ne!(ajp.busy_limit, Some(0));
}

fn check_lb(lb: &LbSpec) {
    assert!(!lb.members.is_empty());
    assert!(lb.retries >= 1 && lb.lb_retries >= 1);
    assert!(lb.recover_time >= Duration::from_secs(1));
    let routes: HashSet<_> = lb.members.iter().map(|member| &member.route).collect();
    assert_eq!(routes.len(), lb.members.len(), "routes are not unique");
    for member in &lb.members {
        check_ajp(&member.ajp);
        assert!(member.lbfactor >= 1);
        assert!(member.ajp.port != 0 || member.activation == Activation::Stopped);
    }
}

fn check_map(text: &[u8], workers: Option<&Workers>) -> Option<UriMap> {
    let mut warnings = Vec::new();
    let mut builder = UriMapBuilder::new();
    let read = builder.add_file(text, FILE, &mut warnings);
    if let Err(error) = &read {
        check_error(text, error);
    }
    let map = builder.build();
    map.check_workers(|name| workers?.get(name), &mut warnings);
    check_warnings(text, &warnings);
    read.ok().map(|()| map)
}

/// The lookup against the definition of its result (M-10…M-14).
fn check_lookup(map: &UriMap, decoded: &[u8]) {
    let Ok(path) = normalize(decoded) else {
        return;
    };
    let enabled = |kind| {
        map.rules()
            .filter(move |rule| !rule.disabled && rule.kind == kind)
            .filter(|rule| path.len() <= MAX_MATCHED && matches(&rule.pattern, &path))
    };
    let expected = enabled(RuleKind::Mount).next().filter(|mount| {
        !enabled(RuleKind::Unmount).any(|rule| rule.worker == mount.worker || rule.worker == "*")
    });
    let found = map.lookup(&path, false);
    assert_eq!(
        found.map(|rule| address(rule)),
        expected.map(address),
        "{path:?}"
    );
    let is_safe = !path.iter().any(|byte| matches!(byte, b'%' | b'\\'));
    let expected = expected.filter(|_| is_safe);
    assert_eq!(
        map.lookup(&path, true).map(|rule| address(rule)),
        expected.map(address)
    );
}

fn address(rule: &Mount) -> *const Mount {
    rule
}

/// M-07 by its definition, one row of the table of prefixes at a time.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let mut row = vec![false; path.len() + 1];
    row[0] = true;
    for wanted in pattern {
        let mut next = vec![false; path.len() + 1];
        for end in 0..=path.len() {
            next[end] = match wanted {
                b'*' => row[end] || (end > 0 && next[end - 1]),
                b'?' => end > 0 && row[end - 1],
                byte => end > 0 && row[end - 1] && path[end - 1] == *byte,
            };
        }
        row = next;
    }
    row[path.len()]
}

/// Every error has the file and one of its lines, and says something.
fn check_error(text: &[u8], error: &ConfigError) {
    let Some(location) = error.location() else {
        unreachable!("an error without a place: {error}");
    };
    assert_eq!(&*location.file, FILE);
    assert!((1..=lines(text)).contains(&location.line), "{error}");
    assert!(!error.message().is_empty());
    assert!(error.to_string().starts_with(FILE));
}

fn check_warnings(text: &[u8], warnings: &[Warning]) {
    for warning in warnings {
        assert!(!warning.message.is_empty());
        if let Some(location) = &warning.location {
            assert_eq!(&*location.file, FILE);
            assert!((1..=lines(text)).contains(&location.line), "{warning}");
        }
    }
}

fn lines(text: &[u8]) -> u32 {
    text.lines().count() as u32
}
