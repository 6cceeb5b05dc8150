//! Namespaces around the lab: network, mounts and processes, which all end with it.
//!
//! The program starts itself again as the first process of a process namespace. When that one ends, or
//! its parent, whatever the reason, the kernel kills all the others; the networks and the folders, which are
//! mounted there alone, go with them.

use crate::folders;
use anyhow::{Context, Result, bail, ensure};
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::wait;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Says to the second start that it is the second one.
const INSIDE: &str = "RJK_LAB_INSIDE";
/// What the lab runs, and where it comes from.
const PROGRAMS: [(&str, &str); 9] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("java", "openjdk-17-jre-headless"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("rotatelogs", "apache2-utils"),
    ("curl", "curl"),
    ("apache2", "apache2-bin"),
    ("sysctl", "procps"),
];
/// Where some of them are, and what not every user's PATH names.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];
/// What ends the lab.
const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
/// Time that it has to end by itself.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Time between two looks.
const STEP: Duration = Duration::from_millis(50);
/// Longest start of the first process inside.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Where everything is; what the machine has there is hidden for the lab and nobody else.
const RUN: &str = "/run";

/// What the first process inside knows of the outside.
pub struct Seat {
    /// Its process id there, for nsenter.
    pub outside_pid: ProcessId,
    /// A signal is an interruption, as long as this is set.
    playing: Arc<AtomicBool>,
}

impl Seat {
    /// From now on, a signal is the usual end, and this is the exit code.
    pub fn stays(&self, code: u8) -> Result<()> {
        for signal in SIGNALS {
            let always = Arc::new(AtomicBool::new(true));
            signal_hook::flag::register_conditional_shutdown(signal, code.into(), always)?;
        }
        self.playing.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// The place inside, if this is the second start.
pub fn inside() -> Result<Option<Seat>> {
    if std::env::var_os(INSIDE).is_none() {
        return Ok(None);
    }
    let pid = std::process::id();
    ensure!(pid == 1, "{INSIDE} is set, but this is process {pid}");
    // The first process of a namespace gets no signal that it has no handler for.
    let playing = Arc::new(AtomicBool::new(true));
    for signal in SIGNALS {
        let code = 128 + signal;
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&playing))?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let outside_pid = line.trim().parse().context("who am I outside?")?;
    run("mount", &["-t", "tmpfs", "-o", "mode=755", "rjk-lab", RUN])?;
    fs::create_dir_all("/run/netns")?;
    folders::furnish()?;
    Ok(Some(Seat {
        outside_pid,
        playing,
    }))
}

/// Starts this program inside, and ends when it ended; it needs these programs besides those of every lab.
pub fn enter(more: &[(&str, &str)]) -> Result<ExitCode> {
    require(more)?;
    let ended = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    let mut unshare = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--mount", "--net", "--pid", "--fork", "--mount-proc"])
        .arg("--kill-child")
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .env("PATH", path()?)
        .stdin(Stdio::piped())
        .spawn()
        .context("setpriv and unshare")?;
    let first = introduce(&mut unshare)?;
    let status = wait_for_end(&mut unshare, first, &ended)?;
    if ended.load(Ordering::Relaxed) {
        eprintln!("\nThe lab was stopped; nothing of it is left.");
    }
    // 130 and the like come through, a signal is a failure.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Tells the first process inside its id; it waits for that.
fn introduce(unshare: &mut Child) -> Result<ProcessId> {
    let parent = unshare.id();
    let mut child = None;
    let found = wait::became(START_LIMIT, || {
        child = process::children(parent).first().copied();
        child.is_some() || !matches!(unshare.try_wait(), Ok(None))
    });
    let Some(child) = child.filter(|_| found) else {
        let _ = unshare.kill();
        bail!("unshare did not start: may this user make namespaces?");
    };
    let mut pipe = unshare.stdin.take().context("a pipe")?;
    writeln!(pipe, "{child}")?;
    Ok(child)
}

/// Waits for its end, and for no more than a few seconds once it is told to end.
fn wait_for_end(unshare: &mut Child, first: ProcessId, ended: &AtomicBool) -> Result<ExitStatus> {
    loop {
        if let Some(status) = unshare.try_wait()? {
            return Ok(status);
        }
        if ended.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(STEP);
    }
    // unshare hears no signal, and Ctrl-C reached the first process already.
    let _ = process::signal(first, Signal::TERM);
    if !wait::became(END_LIMIT, || !matches!(unshare.try_wait(), Ok(None))) {
        // With it goes its child, and with that everything.
        unshare.kill()?;
    }
    Ok(unshare.wait()?)
}

/// Everything that is missing, at once.
fn require(more: &[(&str, &str)]) -> Result<()> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() {
        missing.push("root: namespaces with networks take it (make lab asks sudo)".into());
    }
    let path = path()?;
    for (program, package) in PROGRAMS.iter().chain(more) {
        if !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
            missing.push(format!("{program}: package {package}"));
        }
    }
    if !Path::new("/usr/share/java/tomcat9-catalina.jar").exists() {
        missing.push("Tomcat 9: package libtomcat9-java".into());
    }
    ensure!(
        missing.is_empty(),
        "this is missing:\n    {}\ntests/tools/install-packages lab installs the packages",
        missing.join("\n    ")
    );
    Ok(())
}

/// Where programs are looked for, now and by all that is started inside.
fn path() -> Result<OsString> {
    let users = std::env::var_os("PATH").unwrap_or_default();
    let folders = SYSTEM.into_iter().map(PathBuf::from);
    Ok(std::env::join_paths(
        folders.chain(std::env::split_paths(&users)),
    )?)
}

/// Runs a command that must succeed; what it wrote.
pub fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| program.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {} {said}",
        arguments.join(" "),
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
