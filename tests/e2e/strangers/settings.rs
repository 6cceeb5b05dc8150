//! What both modules' status workers show of the workers.

use rjk_testbed::strangers::Entry;
use rjk_testbed::{Result, ensure};
use std::collections::HashSet;

/// Attributes of workers and members that a file decides on.
const DECIDED: &[&str] = &[
    "type",
    "host",
    "port",
    "sticky_session",
    "sticky_session_force",
    "retries",
    "recover_time",
    "error_escalation_time",
    "max_reply_timeouts",
    "method",
    "lock",
    "member_count",
    "balance_workers",
    "connection_pool_timeout",
    "ping_timeout",
    "connect_timeout",
    "prepost_timeout",
    "reply_timeout",
    "connection_ping_interval",
    "recovery_options",
    "busy_limit",
    "max_packet_size",
    "activation",
    "lbfactor",
    "route",
    "redirect",
    "domain",
    "distance",
    "list",
];

/// Compares what a file decided on, but for what the index says of it.
pub fn compare(entry: &Entry, rjk: &[String], modjk: &[String]) -> Result {
    let (ours, theirs) = (decided(entry, rjk), decided(entry, modjk));
    let lacking = |of: &[&String], than: &[&String]| -> Vec<String> {
        let lines = of.iter().filter(|line| !than.contains(line));
        lines.map(|line| (*line).clone()).collect()
    };
    let (more, less) = (lacking(&ours, &theirs), lacking(&theirs, &ours));
    ensure!(
        ours == theirs,
        "settings: only mod_rjk has {more:#?}, only mod_jk has {less:#?}"
    );
    Ok(())
}

fn decided<'a>(entry: &Entry, lines: &'a [String]) -> Vec<&'a String> {
    let is_decided = |line: &&String| {
        let name = line.split('=').next().unwrap_or_default();
        let attribute = name.rsplit('.').next().unwrap_or_default();
        !name.contains(".map.")
            && DECIDED.contains(&attribute)
            && !entry.settings.iter().any(|known| is_of(known, name))
    };
    // mod_jk shows a worker as often as it is listed.
    let mut seen = HashSet::new();
    let decided = lines.iter().filter(is_decided);
    decided.filter(|line| seen.insert(*line)).collect()
}

/// Whether the name is this one, or begins with this prefix, which ends with a dot.
fn is_of(known: &str, name: &str) -> bool {
    name == known || (known.ends_with('.') && name.starts_with(known))
}
