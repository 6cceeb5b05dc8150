//! `make lab` is in its own namespaces: the machine sees nothing of it, and nothing is left, however it ends.

use rjk_testbed::module::module_path;
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Result, ensure, wait};
use rustix::process::Signal;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest start: four Tomcats on a machine that may be busy.
const START_LIMIT: Duration = Duration::from_secs(240);
const END_LIMIT: Duration = Duration::from_secs(20);

/// A lab that runs, and what the machine looked like before.
struct Running {
    lab: Child,
    dir: Dir,
    before: String,
}

impl Running {
    fn start(arguments: &[&str], module: &Path) -> Result<Running> {
        // Not in the time of the lab.
        rjk()?;
        let dir = Dir::new("lab")?;
        let before = machine()?;
        let log = fs::File::create(dir.join("lab.log"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        let lab = command
            .args(arguments)
            .env("RJK_MODULE", module)
            .env("TMPDIR", dir.path())
            .env("RJK_LAB_REPORTS", dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Running { lab, dir, before })
    }

    fn said(&self) -> String {
        self.dir.read("lab.log")
    }

    /// Waits for a text, and for the processes that are there then.
    fn wait(&mut self, text: &str) -> Result<Vec<ProcessId>> {
        wait::until(text, START_LIMIT, || {
            self.has_ended() || self.said().contains(text)
        })?;
        ensure!(!self.has_ended(), "the lab ended: {}", self.said());
        Ok(descendants(self.lab.id()))
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.lab.try_wait(), Ok(None))
    }

    /// It ended with this code; its processes are gone, and the machine is as it was.
    fn assert_gone(&mut self, code: Option<i32>, processes: &[ProcessId]) -> Result {
        wait::until("the lab ends", END_LIMIT, || self.has_ended())?;
        assert_eq!(self.lab.wait()?.code(), code, "{}", self.said());
        wait::until("all processes end", END_LIMIT, || {
            !processes.iter().any(|pid| process::is_alive(*pid))
        })?;
        assert_eq!(machine()?, self.before);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.lab.kill();
        let _ = self.lab.wait();
    }
}

fn descendants(of: ProcessId) -> Vec<ProcessId> {
    let mut all = process::children(of);
    let further: Vec<ProcessId> = all.iter().flat_map(|pid| descendants(*pid)).collect();
    all.extend(further);
    all
}

/// What a lab could leave: links, routes, named networks, mounts, folders.
fn machine() -> Result<String> {
    let mut text = String::new();
    let looks = [&["-o", "link"][..], &["route"], &["netns"]];
    for arguments in looks {
        let output = Command::new("ip").args(arguments).output()?;
        text.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let ours = mounts
        .lines()
        .filter(|line| line.contains("rjk-lab") || line.contains("netns"));
    text.extend(ours);
    text.push_str(&format!("{}", Path::new("/run/lab").exists()));
    Ok(text)
}

/// The line with which somebody gets in.
fn entrance(said: &str) -> Result<Vec<String>> {
    let line = said
        .lines()
        .find(|line| line.contains("curl -H 'Host: site-a"));
    let words = line.context("no line with curl")?.split_whitespace();
    Ok(words.map(|word| word.replace('\'', "")).collect())
}

#[test]
fn what_is_missing_is_said_at_once() -> Result {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .env("PATH", "/nowhere")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines = [
        "java: package openjdk-17-jre-headless",
        "rotatelogs: package apache2-utils",
        "tests/tools/install-packages lab",
    ];
    for line in lines {
        assert!(said.contains(line), "{line}: {said}");
    }
    Ok(())
}

#[test]
fn it_stays_up_is_reached_and_leaves_nothing_after_ctrl_c() -> Result {
    let module = module_path()?;
    let mut running = Running::start(&["--keep", "--steps", "9"], &module)?;
    let processes = running.wait("Ctrl-C stops everything.")?;
    let said = running.said();
    for step in [
        "reachability",
        "secret",
        "firewall",
        "the how-to",
        "the other pages",
        "balancing",
        "stickiness",
    ] {
        assert!(said.contains(&format!("{step}: ")), "{said}");
    }
    assert!(!said.contains("FAILED"), "{said}");
    assert!(
        processes.len() > 10,
        "four Tomcats, two httpd: {processes:?}"
    );
    // The machine's own network has nothing of it.
    assert_eq!(machine()?, running.before);

    let words = entrance(&said)?;
    let at = words.iter().position(|word| word == "-H").context("-H")?;
    let (command, rest) = words.split_at(at);
    let host = rest[1..3].join(" ");
    let output = Command::new(&command[0])
        .args(&command[1..])
        .args(["-s", "-m", "20", "-H", &host, &rest[3]])
        .output()?;
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(page.contains("Tomcat a-was"), "{words:?} {page} {output:?}");

    process::signal_group(running.lab.id(), Signal::INT)?;
    running.assert_gone(Some(0), &processes)
}

/// Before its end Ctrl-C is an interruption; only the first process is told.
#[test]
fn nothing_is_left_when_it_is_interrupted() -> Result {
    let module = module_path()?;
    let mut running = Running::start(&["--steps", "1"], &module)?;
    running.wait("building the network")?;
    std::thread::sleep(Duration::from_secs(2));
    let processes = descendants(running.lab.id());
    assert!(processes.len() > 2, "{processes:?}");
    process::signal(running.lab.id(), Signal::TERM)?;
    running.assert_gone(Some(143), &processes)?;
    let said = running.said();
    assert!(said.contains("nothing of it is left"), "{said}");
    Ok(())
}

#[test]
fn nothing_is_left_when_it_is_killed() -> Result {
    let module = module_path()?;
    let mut running = Running::start(&["--steps", "1"], &module)?;
    let processes = running.wait("building the network")?;
    assert!(!processes.is_empty());
    // Somewhere in its start.
    std::thread::sleep(Duration::from_secs(2));
    let later = descendants(running.lab.id());
    assert!(later.len() > processes.len(), "{later:?}");
    running.lab.kill()?;
    running.assert_gone(None, &later)
}

#[test]
fn nothing_is_left_when_it_fails() -> Result {
    let dir = Dir::new("no-module")?;
    let module = dir.write("libmod_rjk.so", "no module")?;
    let mut running = Running::start(&["--steps", "1"], &module)?;
    let processes = running.wait("building the network")?;
    wait::until("it ends", START_LIMIT, || running.has_ended())?;
    let said = running.said();
    assert!(
        said.contains("FAILED") && said.contains("Cannot load"),
        "{said}"
    );
    running.assert_gone(Some(1), &processes)
}
