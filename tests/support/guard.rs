//! A server process that cannot outlive the test binary.
//!
//! `Drop` does not run for statics, nor when a test binary is killed. So every server runs in a
//! process group of its own, beside a small shell that waits on a pipe from the test binary: when
//! the pipe closes without a word, the shell kills the group and removes its directory.

use crate::process::{self, ProcessId};
use crate::{Result, wait};
use anyhow::Context;
use rustix::process::Signal;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// What the shell does; `$1` is the process group, `$2` the directory.
const SCRIPT: &str = r#"read -r word; [ "$word" = done ] && exit 0
kill -s KILL -- "-$1" 2>/dev/null; sleep 0.1; rm -rf -- "$2""#;

/// Time between a kill and the complaint that something is left.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// A running server, leader of its own process group.
#[derive(Debug)]
pub struct Guarded {
    leader: Child,
    watcher: Child,
}

impl Guarded {
    /// Starts `command` in a new process group; `dir` is removed if this process dies first.
    pub fn spawn(command: &mut Command, dir: &Path) -> Result<Guarded> {
        Guarded::spawn_with(command, Stdio::null(), dir)
    }

    /// The same for one that is told what to do by its standard input, see [`Guarded::tell`].
    pub fn spawn_told(command: &mut Command, dir: &Path) -> Result<Guarded> {
        Guarded::spawn_with(command, Stdio::piped(), dir)
    }

    fn spawn_with(command: &mut Command, input: Stdio, dir: &Path) -> Result<Guarded> {
        let leader = command.process_group(0).stdin(input).spawn()?;
        let watcher = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh", &leader.id().to_string()])
            .arg(dir)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Guarded { leader, watcher })
    }

    /// The leader's process id, which is also the id of its group.
    pub fn pid(&self) -> ProcessId {
        self.leader.id()
    }

    /// Writes to the leader's standard input.
    pub fn tell(&mut self, text: &str) -> Result {
        let input = self.leader.stdin.as_mut().context("no input")?;
        Ok(input.write_all(text.as_bytes())?)
    }

    /// The exit status, once the leader ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.leader.try_wait().ok().flatten()
    }

    /// Sends a signal to the leader and waits up to `limit` until it ended; whether it did.
    pub fn signal_and_wait(&mut self, signal: Signal, limit: Duration) -> bool {
        if self.exited().is_none() {
            let _ = process::signal(self.pid(), signal);
        }
        wait::became(limit, || self.exited().is_some())
    }

    /// Kills what is left of the group, reaps the leader, and reports what could not be killed.
    pub fn kill(&mut self) -> Vec<ProcessId> {
        let group = self.pid();
        // As long as the leader is not reaped its id, and so the group's, is not given to others.
        if self.exited().is_none() || !process::group_members(group).is_empty() {
            let _ = process::signal_group(group, Signal::KILL);
        }
        wait::became(KILL_LIMIT, || {
            self.exited().is_some() && process::group_members(group).is_empty()
        });
        process::group_members(group)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let left = self.kill();
        if let Some(mut pipe) = self.watcher.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.watcher.wait();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "processes left alive: {left:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tempdir::Dir;

    fn sleeper(dir: &Dir) -> Guarded {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 60 & sleep 60"]);
        Guarded::spawn(&mut command, dir.path()).unwrap()
    }

    #[test]
    fn drop_kills_the_whole_group() {
        let dir = Dir::new("guard").unwrap();
        let guarded = sleeper(&dir);
        let group = guarded.pid();
        assert!(wait::became(KILL_LIMIT, || process::group_members(group)
            .len()
            >= 2));
        drop(guarded);
        assert!(process::group_members(group).is_empty());
        assert!(dir.path().exists());
    }

    #[test]
    fn a_closed_pipe_kills_the_group_and_removes_the_directory() {
        let dir = Dir::new("guard").unwrap();
        let mut guarded = sleeper(&dir);
        let group = guarded.pid();
        guarded.watcher.stdin.take();
        assert!(wait::became(KILL_LIMIT, || process::group_members(group).is_empty()));
        assert!(wait::became(KILL_LIMIT, || !dir.path().exists()));
    }
}
