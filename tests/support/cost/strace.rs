//! System calls, by strace.

use super::server::Running;
use super::way::Way;
use crate::{Result, process, wait};
use anyhow::Context;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const FEW: usize = 10;
const MANY: usize = 60;

/// System calls by name, on the average of some requests.
pub type Calls = BTreeMap<String, f64>;

/// The system calls of a request.
pub fn calls(way: &Way) -> Result<Calls> {
    let mut running = Running::start(way, &way.server()?)?;
    let few = traced(&mut running, FEW)?;
    let many = traced(&mut running, MANY)?;
    let each = |name: &String| {
        let count = |calls: &Calls| calls.get(name).copied().unwrap_or(0.0);
        (count(&many) - count(&few)) / (MANY - FEW) as f64
    };
    let names = many.keys().chain(few.keys());
    let all = names.map(|name| (name.clone(), each(name)));
    Ok(all.filter(|(_, count)| *count != 0.0).collect())
}

/// Sends requests; the system calls of the child meanwhile.
fn traced(running: &mut Running, requests: usize) -> Result<Calls> {
    let output = running.httpd.path("logs/strace.log");
    let mut strace = attach(running.child, &output)?;
    let result = running.load(requests);
    process::signal(strace.id(), Signal::INT)?;
    strace.wait()?;
    result?;
    Ok(parse(&std::fs::read_to_string(output)?))
}

fn attach(pid: process::ProcessId, output: &Path) -> Result<Child> {
    let strace = Command::new("strace")
        .args(["-qq", "-f", "-p", &pid.to_string(), "-o"])
        .arg(output)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("strace")?;
    wait::until("strace is attached", wait::SOON, || process::is_traced(pid))?;
    Ok(strace)
}

/// Lines such as `123 read(7, ...) = 5`; a call that began before the trace or ended behind it has a
/// line too.
fn parse(text: &str) -> Calls {
    let mut calls = Calls::new();
    for line in text.lines() {
        let call = line.split_once(' ').map(|(_, call)| call.trim_start());
        let name = call
            .and_then(|call| call.split_once('('))
            .map(|(name, _)| name);
        let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if let Some(name) = name.filter(is_name) {
            *calls.entry(name.to_owned()).or_default() += 1.0;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name() {
        let text = "7 restart_syscall(<... resuming interrupted poll ...>) = 1\n\
                    7 read(9, \"GET (x) \", 8000) = 50\n7 read(9, <unfinished ...>\n\
                    8 <... read resumed>) = 5\n7 --- SIGTERM {si_signo=SIGTERM} ---\n";
        let expected = [("read", 2.0), ("restart_syscall", 1.0)];
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(parse(text), Calls::from(expected));
    }
}
