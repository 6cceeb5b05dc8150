//! A running httpd.

use super::{Builder, FailedStart, Site};
use crate::guard::Guarded;
use crate::module::Subject;
use crate::process::{self, ProcessId};
use crate::{Result, wait};
use anyhow::{Context, bail, ensure};
use rustix::process::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest start or graceful restart.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Time to stop before SIGKILL; httpd itself gives its children about 10 s.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// The line that follows every start and restart, once the children were created.
const READY_LINE: &str = "resuming normal operations";
/// What must not be in a log after a test.
const BAD_SIGNS: [&str; 5] = [
    "emerg]",
    "crit]",
    "exit signal",
    "panicked",
    "AddressSanitizer",
];
/// A child of the event MPM may crash while it is stopped at once: its main thread looks at each connection that is
/// worked on, and another thread may just be freeing it. A httpd without either module does so too, in one or two of
/// a hundred stops.
const LATE_CRASH: &str = "exit signal Segmentation fault";

/// A running httpd. On drop it is stopped and checked to be gone, and its logs are checked as by
/// [`Httpd::assert_clean`].
#[derive(Debug)]
pub struct Httpd {
    process: Guarded,
    site: Site,
    /// Parts of lines that would be bad signs, were they not what the test is about.
    expected: Mutex<Vec<String>>,
    /// What nobody expected in the logs when the stop began.
    before_stop: Option<Vec<String>>,
}

impl Httpd {
    /// Describes a server that loads `subject`.
    pub fn builder(subject: Subject) -> Builder {
        Builder::new(Some(subject))
    }

    /// Describes a server without either module, for controls.
    pub fn plain() -> Builder {
        Builder::new(None)
    }

    pub(super) fn start(site: Site) -> Result<Httpd> {
        match Httpd::launch(site)? {
            Ok(httpd) => Ok(httpd),
            Err(failed) => bail!(
                "httpd did not start (code {:?}): {}",
                failed.code,
                failed.text()
            ),
        }
    }

    pub(super) fn launch(site: Site) -> Result<Result<Httpd, FailedStart>> {
        let output = fs::File::create(site.dir.join("logs/output.log"))?;
        let mut command = site.command(&["-D", "FOREGROUND", "-k", "start"])?;
        command.stdout(output.try_clone()?).stderr(output);
        let mut process = Guarded::spawn(&mut command, site.dir.path())?;
        let ready = || ready_count(&site) > 0;
        let mut status = None;
        wait::until("httpd serves", START_LIMIT, || {
            status = process.exited();
            status.is_some() || ready()
        })
        .with_context(|| logs(&site))?;
        Ok(match status {
            None => Ok(Httpd {
                expected: Mutex::new(site.builder.expected.clone()),
                before_stop: None,
                process,
                site,
            }),
            Some(status) => Err(FailedStart {
                code: status.code(),
                output: site.dir.read("logs/output.log"),
                error_log: site.dir.read("logs/error.log"),
                jk_log: site.dir.read("logs/jk.log"),
            }),
        })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.site.port
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    /// The server root.
    pub fn root(&self) -> &Path {
        self.site.dir.path()
    }

    /// A file below the server root.
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.dir.join(name)
    }

    /// A file below the server root as the server process sees it, where it has mounts of its own.
    pub fn seen(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let below = path.strip_prefix("/").unwrap_or(&path);
        Path::new(&format!("/proc/{}/root", self.pid())).join(below)
    }

    /// Replaces a file below the server root, `conf/workers.properties` for instance.
    pub fn write(&self, name: &str, content: impl AsRef<str>) -> Result<PathBuf> {
        self.site.dir.write(name, self.site.fill(content.as_ref()))
    }

    /// `-t` with the files as they are now.
    pub fn configtest(&self) -> Result<(bool, String)> {
        self.site.configtest()
    }

    /// `-k graceful`, and waits until the new children were created.
    pub fn graceful(&self) -> Result {
        let (accepted, output) = self.try_graceful()?;
        ensure!(accepted, "graceful restart refused: {output}");
        Ok(())
    }

    /// `-k graceful`: whether the command was accepted, and what it said; waits as [`Self::graceful`].
    pub fn try_graceful(&self) -> Result<(bool, String)> {
        let before = ready_count(&self.site);
        let (accepted, output) = self.command(&["-k", "graceful"])?;
        if accepted {
            wait::until("httpd restarted", START_LIMIT, || {
                ready_count(&self.site) > before
            })
            .with_context(|| logs(&self.site))?;
        }
        Ok((accepted, output))
    }

    /// A signal to the parent, `USR1` or `HUP`, which no check comes before; waits until the new
    /// children were created. `HUP` stops the old ones at once: they have to be idle, or one may crash
    /// (see [`LATE_CRASH`]).
    pub fn restart_by(&self, signal: Signal) -> Result {
        if signal == Signal::HUP {
            wait::until("the children are idle", STOP_LIMIT, || {
                self.children().into_iter().all(process::rests)
            })?;
        }
        let before = ready_count(&self.site);
        process::signal(self.pid(), signal)?;
        wait::until("httpd restarted", START_LIMIT, || {
            ready_count(&self.site) > before
        })
        .with_context(|| logs(&self.site))
    }

    /// The lines of httpd's error log at level emerg.
    pub fn emergencies(&self) -> Vec<String> {
        let log = self.error_log();
        let lines = log.lines().filter(|line| line.contains("emerg]"));
        lines.map(str::to_owned).collect()
    }

    /// Runs the server's program once more with this configuration and `arguments`: whether it was
    /// content, and what it said.
    pub fn command(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let mut command = self.site.command(arguments)?;
        let output = command.stdin(Stdio::null()).output()?;
        Ok((output.status.success(), super::text_of(&output)))
    }

    /// Waits until the server has ended by itself.
    pub fn wait_for_end(&mut self) -> Result {
        wait::until("httpd ended", STOP_LIMIT, || {
            self.process.exited().is_some()
        })
        .with_context(|| logs(&self.site))
    }

    /// The parent process.
    pub fn pid(&self) -> ProcessId {
        self.process.pid()
    }

    /// The children that live now.
    pub fn children(&self) -> Vec<ProcessId> {
        process::children(self.pid())
    }

    /// The child, when there is exactly one.
    pub fn only_child(&self) -> Result<ProcessId> {
        let children = self.children();
        ensure!(children.len() == 1, "{children:?}");
        Ok(children[0])
    }

    /// Kills a child with SIGKILL, and waits until it is gone.
    pub fn kill_child(&self, pid: ProcessId) -> Result {
        ensure!(
            self.children().contains(&pid),
            "{pid} is not a child of httpd {}",
            self.pid()
        );
        process::signal(pid, Signal::KILL)?;
        wait::until("the child is gone", STOP_LIMIT, || !process::is_alive(pid))
    }

    /// Whether the parent still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.exited().is_none()
    }

    /// Stops at once (SIGTERM, then SIGKILL); an error when SIGKILL was needed.
    pub fn stop(&mut self) -> Result {
        self.stop_with(Signal::TERM)
    }

    /// Lets requests in flight end first (SIGWINCH), for at most 5 s.
    pub fn graceful_stop(&mut self) -> Result {
        self.stop_with(Signal::WINCH)
    }

    /// The module's log.
    pub fn jk_log(&self) -> String {
        self.site.dir.read("logs/jk.log")
    }

    /// httpd's error log, with what it wrote to stderr.
    pub fn error_log(&self) -> String {
        self.site.dir.read("logs/output.log") + &self.site.dir.read("logs/error.log")
    }

    /// The access log's lines so far; httpd writes a line after the answer, so tests wait for it.
    pub fn access_log(&self) -> String {
        self.site.dir.read("logs/access.log")
    }

    /// Waits until the access log has `count` lines and returns them.
    pub fn access_lines(&self, count: usize) -> Result<Vec<String>> {
        let lines = || {
            self.access_log()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        wait::until("access log lines", Duration::from_secs(5), || {
            lines().len() >= count
        })?;
        Ok(lines())
    }

    /// Lines with this text in the logs are what the test is about, however bad: they are no reason to
    /// fail, but that there is none is, at the end.
    pub fn expect_log(&self, text: &str) {
        self.expected().push(text.to_owned());
    }

    /// What [`Httpd::assert_clean`] would fail for, and what was expected of the logs and is not there.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.late_problems();
        let missing = self.missing().into_iter();
        problems.extend(missing.map(|text| format!("not logged: {text}")));
        problems
    }

    /// Lets everything in the logs pass, once it was looked at.
    pub fn forgive(&mut self) {
        self.before_stop = Some(Vec::new());
        let mut expected = self.expected();
        expected.clear();
        expected.push(String::new());
    }

    /// Fails the test when a log holds an emergency, a crash or a panic that nobody expects.
    pub fn assert_clean(&self) {
        let problems = self.late_problems();
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// What nobody expected in the logs; a crash only if it was before the stop.
    fn late_problems(&self) -> Vec<String> {
        match &self.before_stop {
            None => self.unexpected(),
            Some(before) => {
                let after = self.unexpected().into_iter();
                let after = after.filter(|line| !line.contains(LATE_CRASH));
                before.iter().cloned().chain(after).collect()
            }
        }
    }

    fn expected(&self) -> MutexGuard<'_, Vec<String>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bad signs in the logs that nobody expects.
    fn unexpected(&self) -> Vec<String> {
        let expected = self.expected();
        let is_expected = |line: &str| expected.iter().any(|text| line.contains(text));
        let all = self.error_log() + &self.jk_log();
        let bad = all.lines().filter(|line| is_bad(line));
        bad.filter(|line| !is_expected(line))
            .map(str::to_owned)
            .collect()
    }

    /// What was expected of the logs and is not there.
    fn missing(&self) -> Vec<String> {
        let all = self.error_log() + &self.jk_log();
        let expected = self.expected();
        let missing = expected.iter().filter(|text| !all.contains(text.as_str()));
        missing.cloned().collect()
    }

    fn stop_with(&mut self, signal: Signal) -> Result {
        if self.before_stop.is_none() {
            self.before_stop = Some(self.unexpected());
        }
        let stopped = self.process.signal_and_wait(signal, STOP_LIMIT);
        let left = self.process.kill();
        ensure!(left.is_empty(), "processes left alive: {left:?}");
        ensure!(stopped, "httpd had to be killed: {}", logs(&self.site));
        Ok(())
    }
}

impl Drop for Httpd {
    fn drop(&mut self) {
        let result = self.stop();
        if !std::thread::panicking() {
            assert!(result.is_ok(), "{result:?}");
            self.assert_clean();
            let missing = self.missing();
            assert!(missing.is_empty(), "not logged: {missing:?}");
        }
    }
}

fn is_bad(line: &str) -> bool {
    BAD_SIGNS.iter().any(|sign| line.contains(sign))
}

fn ready_count(site: &Site) -> usize {
    site.dir.read("logs/error.log").matches(READY_LINE).count()
}

fn logs(site: &Site) -> String {
    let names = ["logs/output.log", "logs/error.log", "logs/jk.log"];
    names
        .map(|name| format!("--- {name}\n{}", tail(&site.dir.read(name))))
        .concat()
}

/// The last part of a log; a trace log can be very long.
fn tail(text: &str) -> &str {
    const MOST: usize = 8000;
    let start = text.len().saturating_sub(MOST);
    text.get(text.ceil_char_boundary(start)..).unwrap_or(text)
}
