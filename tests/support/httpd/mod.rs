//! A real httpd with a configuration of its own.
//!
//! [`Httpd::builder`] describes it, [`Builder::start`] runs it. In every text that a test hands in,
//! `@ROOT@` stands for the server root (a temporary directory) and `@PORT@` for the port.

mod config;
mod server;

pub use server::Httpd;

use crate::module::{self, Subject};
use crate::tempdir::Dir;
use crate::{Result, ports};
use anyhow::{anyhow, bail};
use std::cell::Cell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The multi-processing module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mpm {
    /// Threads and an event loop.
    #[default]
    Event,
    /// Threads.
    Worker,
    /// One process per connection.
    Prefork,
}

thread_local! {
    /// What servers that are described in this thread run with.
    static USUAL: Cell<Mpm> = const { Cell::new(Mpm::Event) };
}

impl Mpm {
    /// All three.
    pub const ALL: [Mpm; 3] = [Mpm::Event, Mpm::Worker, Mpm::Prefork];

    /// Runs a test whose servers have this MPM unless they ask for another; it must describe them in
    /// its own thread.
    pub fn during(self, test: impl FnOnce() -> Result) -> Result {
        let before = USUAL.replace(self);
        let result = test();
        USUAL.set(before);
        result
    }
}

/// Where the module of [`Builder::panics`] reads the names of the places that panic.
pub const PANICS: &str = "conf/panics";

/// What a test wants of its httpd; see the methods for the defaults.
#[derive(Clone, Debug)]
pub struct Builder {
    subject: Option<Subject>,
    other_build: Option<PathBuf>,
    mpm: Mpm,
    threads_per_child: u32,
    start_servers: u32,
    server_limit: u32,
    max_request_workers: Option<u32>,
    workers: Option<String>,
    directives: String,
    vhosts: String,
    modules: Vec<String>,
    modules_behind: bool,
    log_level: String,
    access_log: String,
    files: Vec<(String, Vec<u8>)>,
    private: Vec<String>,
    env: Vec<(String, String)>,
    jk_defaults: bool,
    umask: Option<u32>,
    /// Has a hosts file of its own.
    hosts: bool,
    /// Folders that are small file systems, with their sizes in KiB.
    disks: Vec<(String, u32)>,
    injecting: bool,
    stack_kib: Option<u32>,
    memory_kib: Option<u32>,
    /// The program that runs the server, with its arguments.
    below: Vec<String>,
    expected: Vec<String>,
}

/// Where [`Builder::hosts`] puts its file.
const HOSTS: &str = "conf/hosts";

/// What an httpd that was not to start said.
#[derive(Clone, Debug)]
pub struct FailedStart {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it wrote to stderr and stdout.
    pub output: String,
    /// Its error log.
    pub error_log: String,
    /// The module's own log.
    pub jk_log: String,
}

impl FailedStart {
    /// All three texts together.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}", self.output, self.error_log, self.jk_log)
    }
}

impl Builder {
    pub(crate) fn new(subject: Option<Subject>) -> Builder {
        Builder {
            subject,
            other_build: None,
            mpm: USUAL.get(),
            threads_per_child: 8,
            start_servers: 1,
            server_limit: 2,
            max_request_workers: None,
            workers: None,
            directives: String::new(),
            vhosts: String::new(),
            modules: Vec::new(),
            modules_behind: false,
            log_level: "debug".into(),
            access_log: "%h \\\"%r\\\" %>s %b".into(),
            files: Vec::new(),
            private: Vec::new(),
            env: Vec::new(),
            jk_defaults: true,
            umask: None,
            hosts: false,
            disks: Vec::new(),
            injecting: false,
            stack_kib: None,
            memory_kib: None,
            below: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// The MPM; event by default.
    pub fn mpm(mut self, mpm: Mpm) -> Self {
        self.mpm = mpm;
        self
    }

    /// `ThreadsPerChild`; 8 by default, ignored by prefork.
    pub fn threads_per_child(mut self, threads: u32) -> Self {
        self.threads_per_child = threads;
        self
    }

    /// `StartServers`; 1 by default, and never more children are kept idle than this.
    pub fn start_servers(mut self, servers: u32) -> Self {
        self.start_servers = servers;
        self.server_limit = self.server_limit.max(servers);
        self
    }

    /// `ServerLimit`; 2 by default (prefork: at least 8).
    pub fn server_limit(mut self, servers: u32) -> Self {
        self.server_limit = servers;
        self
    }

    /// `MaxRequestWorkers`; by default what the two limits allow.
    pub fn max_request_workers(mut self, workers: u32) -> Self {
        self.max_request_workers = Some(workers);
        self
    }

    /// The text of workers.properties; without it there is no `JkWorkersFile`.
    pub fn workers(mut self, text: impl Into<String>) -> Self {
        self.workers = Some(text.into());
        self
    }

    /// Adds lines to the main server.
    pub fn directives(mut self, text: impl AsRef<str>) -> Self {
        self.directives.push_str(text.as_ref());
        self.directives.push('\n');
        self
    }

    /// Adds lines at the end of the file, for `<VirtualHost 127.0.0.1:@PORT@>` sections.
    pub fn vhosts(mut self, text: impl AsRef<str>) -> Self {
        self.vhosts.push_str(text.as_ref());
        self.vhosts.push('\n');
        self
    }

    /// Loads one of httpd's modules: `mod_rewrite` or `rewrite`.
    pub fn module(mut self, name: &str) -> Self {
        self.modules
            .push(name.trim_start_matches("mod_").to_owned());
        self
    }

    /// Loads httpd's modules behind ours: hooks of one place run in the order of LoadModule.
    pub fn modules_behind(mut self) -> Self {
        self.modules_behind = true;
        self
    }

    /// `JkLogLevel`; debug by default.
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = level.to_owned();
        self
    }

    /// The format of the access log, as it stands between the quotes of `LogFormat`.
    pub fn access_log(mut self, format: &str) -> Self {
        self.access_log = format.to_owned();
        self
    }

    /// Writes a file below the server root before the start, `htdocs/x.html` for instance.
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// As [`Builder::file`], for its owner alone: a private key.
    pub fn private_file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.private.push(name.to_owned());
        self.file(name, content)
    }

    /// An environment variable of the server process.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The hosts file that the server sees instead of the system's, in a mount namespace of its own.
    pub fn hosts(mut self, lines: &str) -> Self {
        self.hosts = true;
        self.file(HOSTS, lines)
    }

    /// What a shell does before it becomes the server.
    fn prelude(&self) -> String {
        let umask = self.umask.map(|mask| format!("umask {mask:04o}; "));
        let stack = self.stack_kib.map(|limit| format!("ulimit -s {limit}; "));
        let memory = self.memory_kib.map(|limit| format!("ulimit -v {limit}; "));
        let mount = "mount --bind \"$RJK_HOSTS\" /etc/hosts || exit 1; ".to_owned();
        let hosts = self.hosts.then_some(mount);
        let disk = |(name, kib): &(String, u32)| {
            format!("mount -t tmpfs -o size={kib}k,mode=755 tmpfs \"@ROOT@/{name}\" || exit 1; ")
        };
        let disks = self.disks.iter().map(disk);
        let all = [umask, stack, memory, hosts].into_iter().flatten();
        all.chain(disks).collect()
    }

    /// The umask of the server process; by default that of the test.
    pub fn umask(mut self, mask: u32) -> Self {
        self.umask = Some(mask);
        self
    }

    /// The limit of the server process's stack in KiB, as `ulimit -s` sets it; by default that of the
    /// test.
    pub fn stack_kib(mut self, limit: u32) -> Self {
        self.stack_kib = Some(limit);
        self
    }

    /// The limit of the server process's address space in KiB, as `ulimit -v` sets it.
    pub fn memory_kib(mut self, limit: u32) -> Self {
        self.memory_kib = Some(limit);
        self
    }

    /// Loads this build of the module in the place of the subject's.
    pub fn build_at(mut self, path: PathBuf) -> Self {
        self.other_build = Some(path);
        self
    }

    /// Another program runs the server: valgrind, with its arguments.
    pub fn below(mut self, program: &[&str]) -> Self {
        self.below = program.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The folder `name` below the server root is a file system of its own, of so many KiB, which the
    /// server process and its children alone see; [`Httpd::seen`] leads to it from outside.
    pub fn small_disk(mut self, name: &str, kib: u32) -> Self {
        self.disks.push((name.to_owned(), kib));
        self.file(&format!("{name}/below"), "")
    }

    /// Bad signs in the logs that the test is about, see [`Httpd::expect_log`].
    pub fn expect_log(mut self, text: &str) -> Self {
        self.expected.push(text.to_owned());
        self
    }

    /// Loads our module without policies, built to panic where [`PANICS`] says; a name is a line.
    pub fn panics(mut self, name: &str) -> Self {
        self.injecting = true;
        self.file(PANICS, name)
            .env("RJK_INJECT_PANICS", &format!("@ROOT@/{PANICS}"))
    }

    /// Leaves out `JkLogFile`, `JkLogLevel` and `JkShmFile`, for tests of their defaults.
    pub fn without_jk_defaults(mut self) -> Self {
        self.jk_defaults = false;
        self
    }

    /// Starts the server and waits until it serves.
    pub fn start(&self) -> Result<Httpd> {
        ports::with_retry(|port| Httpd::start(Site::new(self.clone(), port)?))
    }

    /// Starts the server, or says why it did not start.
    pub fn try_start(&self) -> Result<Result<Httpd, FailedStart>> {
        ports::with_retry(|port| {
            let started = Httpd::launch(Site::new(self.clone(), port)?)?;
            match started {
                // Another process was faster.
                Err(failed) if failed.text().contains("could not bind to address") => {
                    bail!("{}", failed.text())
                }
                started => Ok(started),
            }
        })
    }

    /// Starts a server that must not come up; an error when it does.
    pub fn start_expect_failure(&self) -> Result<FailedStart> {
        match Httpd::launch(Site::new(self.clone(), ports::free()?)?)? {
            Err(failed) => Ok(failed),
            Ok(_) => bail!("httpd started although it must not"),
        }
    }

    /// The text of httpd.conf, its placeholders as they are: to find a line by its number.
    pub fn config_text(&self) -> Result<String> {
        let module = match &self.other_build {
            Some(path) => Some(path.clone()),
            None if self.injecting => Some(module::injecting_path()?),
            None => self.subject.map(Subject::path).transpose()?,
        };
        config::render(self, &modules_dir()?, module.as_deref())
    }

    /// `-t`: whether the configuration is accepted, and what was said about it.
    pub fn configtest(&self) -> Result<(bool, String)> {
        Site::new(self.clone(), ports::free()?)?.configtest()
    }
}

/// A configuration on disk.
#[derive(Debug)]
pub(crate) struct Site {
    dir: Dir,
    port: u16,
    builder: Builder,
}

impl Site {
    fn new(builder: Builder, port: u16) -> Result<Site> {
        let site = Site {
            dir: Dir::new("httpd")?,
            port,
            builder,
        };
        site.write()?;
        Ok(site)
    }

    fn write(&self) -> Result {
        for dir in ["conf", "logs", "run", "htdocs"] {
            std::fs::create_dir_all(self.dir.join(dir))?;
        }
        let text = self.builder.config_text()?;
        self.dir.write("conf/httpd.conf", self.fill(&text))?;
        if let Some(workers) = &self.builder.workers {
            self.dir
                .write("conf/workers.properties", self.fill(workers))?;
        }
        for (name, content) in &self.builder.files {
            match std::str::from_utf8(content) {
                Ok(text) => self.dir.write(name, self.fill(text))?,
                Err(_) => self.dir.write(name, content)?,
            };
        }
        for name in &self.builder.private {
            std::fs::set_permissions(self.dir.join(name), Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@ROOT@", &self.dir.path().to_string_lossy())
            .replace("@PORT@", &self.port.to_string())
    }

    /// The server's command line with this configuration and `arguments`.
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let prelude = self.fill(&self.builder.prelude());
        let script = prelude + "exec \"$0\" \"$@\"";
        let shell = ["/bin/sh", "-c", script.as_str()];
        let mut command = if self.builder.hosts || !self.builder.disks.is_empty() {
            let mut unshare = Command::new("unshare");
            unshare.arg("-m").args(shell);
            unshare.env("RJK_HOSTS", self.dir.join(HOSTS));
            unshare
        } else {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]);
            command
        };
        command.args(self.builder.below.iter().map(|word| self.fill(word)));
        command.arg(binary()?);
        command
            .arg("-f")
            .arg(self.dir.join("conf/httpd.conf"))
            .args(arguments);
        let env = self.builder.env.iter();
        command.envs(env.map(|(name, value)| (name, self.fill(value))));
        Ok(command)
    }

    fn configtest(&self) -> Result<(bool, String)> {
        let output = self.command(&["-t"])?.output()?;
        Ok((output.status.success(), text_of(&output)))
    }
}

fn text_of(output: &Output) -> String {
    [&output.stderr, &output.stdout]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// The server's binary: `apache2` or `httpd`, from PATH or /usr/sbin.
pub fn binary() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    dirs.push("/usr/sbin".into());
    dirs.iter()
        .flat_map(|dir| ["apache2", "httpd"].map(|name| dir.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| anyhow!("neither apache2 nor httpd is installed (apache2-bin)"))
}

/// The directory of httpd's own modules: `RJK_HTTPD_MODULES` or the distribution's.
pub fn modules_dir() -> Result<PathBuf> {
    let configured = std::env::var_os("RJK_HTTPD_MODULES").map(PathBuf::from);
    let usual = [
        "/usr/lib/apache2/modules",
        "/usr/lib64/httpd/modules",
        "/usr/lib/httpd/modules",
    ];
    configured
        .into_iter()
        .chain(usual.map(PathBuf::from))
        .find(|dir| Path::is_dir(dir))
        .ok_or_else(|| anyhow!("no directory of httpd modules found; set RJK_HTTPD_MODULES"))
}
