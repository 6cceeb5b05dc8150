//! Looking at and signalling processes by id, through /proc.

use crate::Result;
use anyhow::{Context, anyhow, ensure};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, setrlimit};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A process id.
pub type ProcessId = u32;

/// Sends a signal to one process.
pub fn signal(pid: ProcessId, signal: Signal) -> Result {
    rustix::process::kill_process(raw(pid)?, signal).with_context(|| format!("signal to {pid}"))
}

/// Sends a signal to every process of a group that this testbed created.
pub fn signal_group(group: ProcessId, signal: Signal) -> Result {
    rustix::process::kill_process_group(raw(group)?, signal)
        .with_context(|| format!("signal to group {group}"))
}

/// The living children of a process (zombies are not living).
pub fn children(parent: ProcessId) -> Vec<ProcessId> {
    select(|stat| stat.parent == parent)
}

/// The living processes of a group.
pub fn group_members(group: ProcessId) -> Vec<ProcessId> {
    select(|stat| stat.group == group)
}

/// Whether a process lives.
pub fn is_alive(pid: ProcessId) -> bool {
    read_stat(pid).is_some_and(|stat| stat.is_living())
}

/// Whether a process waits for something, and neither runs nor could.
pub fn sleeps(pid: ProcessId) -> bool {
    read_stat(pid).is_some_and(|stat| stat.state == 'S')
}

/// Whether every thread of a process waits for something.
pub fn rests(pid: ProcessId) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    tasks.is_ok_and(|tasks| {
        tasks.flatten().all(|task| {
            // A thread that has ended meanwhile does nothing either.
            stat_in(&task.path()).is_none_or(|stat| stat.state == 'S')
        })
    })
}

/// Resident memory in KiB.
pub fn rss_kib(pid: ProcessId) -> Result<u64> {
    status_number(pid, "VmRSS:")
}

/// Size of the address space in KiB.
pub fn virtual_kib(pid: ProcessId) -> Result<u64> {
    status_number(pid, "VmSize:")
}

/// Lets a process take at most so many KiB more of address space than it has now.
pub fn limit_growth(pid: ProcessId, kib: u64) -> Result {
    let most = (virtual_kib(pid)? + kib) << 10;
    let id = |key| -> Result<u32> { Ok(u32::try_from(status_number(pid, key)?)?) };
    // As the user of the process: root needs a capability that containers do not give.
    let mut command = Command::new("prlimit");
    command.uid(id("Uid:")?).gid(id("Gid:")?);
    command.args([format!("--pid={pid}"), format!("--as={most}")]);
    let output = command.output().context("prlimit")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(())
}

/// CPU time so far, in user and kernel, of the threads that a process has now.
pub fn cpu_time(pid: ProcessId) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // The first field: nanoseconds, where /proc/PID/stat counts ticks of the clock. A thread may
        // end while it is looked at.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let (spent, _) = text.split_once(' ').context("schedstat")?;
        sum += Duration::from_nanos(spent.parse()?);
    }
    Ok(sum)
}

/// Number of threads.
pub fn threads(pid: ProcessId) -> Result<u64> {
    status_number(pid, "Threads:")
}

/// Number of open file descriptors.
pub fn open_fds(pid: ProcessId) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// Lets this process, and what it starts, open as many files as it may (`ulimit -n`): a thousand members
/// have some thousand connections, in httpd and here.
pub fn allow_many_files() -> Result {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, most)?)
}

/// A process that can open no file: see [`limit_files_to_those_open`].
#[must_use = "lift it, or the process stays so"]
pub struct FilesLimit {
    pid: ProcessId,
    before: String,
}

/// Lowers the limit of open files of a process (`ulimit -n`, the soft one) to its lowest free number.
pub fn limit_files_to_those_open(pid: ProcessId) -> Result<FilesLimit> {
    let folder = format!("/proc/{pid}/fd");
    let lowest = (0..).find(|number| !Path::new(&folder).join(number.to_string()).exists());
    let lowest: u32 = lowest.context("no free number")?;
    let limits = fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let before = line.and_then(|line| line.split_whitespace().nth(3));
    let limit = FilesLimit {
        pid,
        before: before.context("no limit of open files")?.to_owned(),
    };
    limit.set(&lowest.to_string())?;
    Ok(limit)
}

impl FilesLimit {
    /// The limit is as it was.
    pub fn lift(self) -> Result {
        self.set(&self.before)
    }

    /// As the user of that process: limits of others take a capability that root may lack.
    fn set(&self, soft: &str) -> Result {
        let owner = fs::metadata(format!("/proc/{}", self.pid))?;
        let output = Command::new("prlimit")
            .args(["--pid", &self.pid.to_string()])
            .arg(format!("--nofile={soft}:"))
            .uid(owner.uid())
            .gid(owner.gid())
            .output()?;
        ensure!(output.status.success(), "prlimit: {output:?}");
        Ok(())
    }
}

struct Stat {
    state: char,
    parent: ProcessId,
    group: ProcessId,
}

impl Stat {
    fn is_living(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

fn raw(pid: ProcessId) -> Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| anyhow!("no process id: {pid}"))
}

fn select(wanted: impl Fn(&Stat) -> bool) -> Vec<ProcessId> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut pids: Vec<ProcessId> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| read_stat(*pid).is_some_and(|stat| stat.is_living() && wanted(&stat)))
        .collect();
    pids.sort_unstable();
    pids
}

fn read_stat(pid: ProcessId) -> Option<Stat> {
    stat_in(Path::new(&format!("/proc/{pid}")))
}

/// Fields 3 to 5 of the file `stat` of a process or thread; field 2, the name, may hold spaces and parentheses.
fn stat_in(folder: &Path) -> Option<Stat> {
    let text = fs::read_to_string(folder.join("stat")).ok()?;
    let mut fields = text[text.rfind(')')? + 1..].split_whitespace();
    Some(Stat {
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
    })
}

fn status_number(pid: ProcessId, key: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix(key)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .ok_or_else(|| anyhow!("process {pid} has no {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait;

    #[test]
    fn own_process_is_alive_and_has_files_and_memory() {
        let pid = std::process::id();
        assert!(is_alive(pid));
        assert!(rss_kib(pid).unwrap() > 100);
        assert!(open_fds(pid).unwrap() >= 3);
        assert!(threads(pid).unwrap() >= 1);
        assert!(virtual_kib(pid).unwrap() >= rss_kib(pid).unwrap());
    }

    #[test]
    fn a_process_rests_when_all_its_threads_do() {
        let becomes = |script: &str, wanted: bool| {
            let mut shell = Command::new("sh").args(["-c", script]).spawn().unwrap();
            let became = wait::until(script, wait::SOON, || rests(shell.id()) == wanted);
            shell.kill().unwrap();
            shell.wait().unwrap();
            became.unwrap();
        };
        becomes("exec sleep 60", true);
        becomes("while :; do :; done", false);
        assert!(!rests(std::process::id()), "this thread runs");
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let pid = std::process::id();
        let before = cpu_time(pid).unwrap();
        let limit = Duration::from_secs(30);
        let worked = || cpu_time(pid).unwrap() >= before + Duration::from_millis(50);
        let start = std::time::Instant::now();
        while !worked() {
            assert!(start.elapsed() < limit);
        }
    }

    #[test]
    fn a_child_is_found_and_a_dead_one_is_not() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        assert!(children(std::process::id()).contains(&pid));
        signal(pid, Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!is_alive(pid));
    }
}
