//! System calls for each request, by name, as strace counts them.
//!
//! With prefork, where a child is a thread: those with which threads wake each other are of httpd alone,
//! and there are more of them the slower strace makes it.

use crate::load::Counted;
use crate::site::Site;
use rjk_testbed::guard::Guarded;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Result, ensure, wait};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// Time for strace to come and to go.
const LIMIT: Duration = Duration::from_secs(20);
/// What is rarer is not of the requests: timers of httpd, for instance.
const RARE: f64 = 0.05;

/// Those of the server's children during so many requests.
pub fn of(site: &mut Site, requests: u32) -> Result<BTreeMap<String, f64>> {
    let folder = Dir::new("strace")?;
    let (table, said) = (folder.join("table"), folder.join("said"));
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(&table);
    for child in site.httpd.children() {
        command.arg(format!("--attach={child}"));
    }
    command.stderr(std::fs::File::create(&said)?);
    let mut strace = Guarded::spawn(&mut command, folder.path()).context("strace")?;
    wait::until("strace is attached", LIMIT, || {
        strace.exited().is_some() || folder.read("said").contains("attached")
    })?;
    ensure!(strace.exited().is_none(), "{}", folder.read("said").trim());
    let loaded = site.load(&mut Counted(u64::from(requests)));
    let ended = strace.signal_and_wait(Signal::INT, LIMIT);
    loaded?;
    ensure!(ended, "strace does not end");
    Ok(per_request(&folder.read("table"), requests))
}

/// The table of `strace -c`: time, seconds, µs for a call, calls, errors if any, name.
fn per_request(table: &str, requests: u32) -> BTreeMap<String, f64> {
    let row = |line: &str| -> Option<(String, f64)> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let calls: f64 = fields.get(3)?.parse().ok()?;
        let name = fields.get(4..)?.last()?;
        let each = calls / f64::from(requests);
        (*name != "total" && each >= RARE).then(|| ((*name).to_owned(), each))
    };
    table.lines().filter_map(row).collect()
}

/// How many more there are than others, to a tenth: less is of the tracing, as the call in which it met a
/// child.
pub fn beyond(calls: &BTreeMap<String, f64>, others: &BTreeMap<String, f64>) -> f64 {
    let more = calls.values().sum::<f64>() - others.values().sum::<f64>();
    (more * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           3       200           writev
 30.00    0.000300           1       300       100 read
 10.00    0.000100           1         2           restart_syscall
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           2       502       100 total
";

    #[test]
    fn calls_are_shared_out_over_the_requests() {
        let calls = per_request(TABLE, 100);
        let expected = [("read".to_owned(), 3.0), ("writev".to_owned(), 2.0)];
        assert_eq!(calls, expected.clone().into());
        assert_eq!(beyond(&calls, &[("read".to_owned(), 1.52)].into()), 3.5);
    }
}
