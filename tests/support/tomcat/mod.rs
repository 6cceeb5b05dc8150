//! Real Tomcats, each with a CATALINA_BASE of its own, an AJP connector and the [`Door`]s that a test
//! asks for.
//!
//! The web applications are those of tests/webapps; each directory is one context, `/testbed` for
//! instance. A Tomcat takes a few seconds to start, so tests of one binary may share one per version
//! ([`Tomcat::shared`]).

mod cluster;
mod config;
mod door;

pub use cluster::Cluster;
pub use config::{CONTEXT_XML, LOGGING, WEB_XML};
pub use door::{Door, TLS_NAME};

use crate::guard::Guarded;
use crate::process::ProcessId;
use crate::tempdir::{Dir, copy_tree};
use crate::tls::Authority;
use crate::{Result, peer, ports, wait};
use anyhow::{Context, anyhow, bail, ensure};
use config::Settings;
use door::Opened;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Longest start; a machine with two cores may be busy.
const START_LIMIT: Duration = Duration::from_secs(90);
/// Longest stop before SIGKILL.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Where Debian puts the jars.
const JARS: &str = "/usr/share/java";

/// Which Tomcat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 9.0: javax.
    V9,
    /// 10.1: jakarta.
    V10,
}

impl Version {
    /// Both.
    pub const BOTH: [Version; 2] = [Version::V9, Version::V10];

    fn jar_prefix(self) -> &'static str {
        match self {
            Version::V9 => "tomcat9-",
            Version::V10 => "tomcat10-",
        }
    }
}

/// What a test wants of its Tomcat.
#[derive(Clone, Debug)]
pub struct Builder {
    version: Version,
    settings: Settings,
    webapps: PathBuf,
}

impl Builder {
    /// `jvmRoute`, also the node's name in the JSPs; none by default.
    pub fn route(mut self, route: &str) -> Self {
        self.settings.route = Some(route.to_owned());
        self
    }

    /// The connector's `secret`; by default none is required.
    pub fn secret(mut self, secret: &str) -> Self {
        self.settings.secret = Some(secret.to_owned());
        self
    }

    /// The connector's `packetSize` in bytes, 8192 to 65536.
    pub fn packet_size(mut self, bytes: u32) -> Self {
        self.settings.packet_size = Some(bytes);
        self
    }

    /// The connector's `maxThreads`; 50 by default.
    pub fn max_threads(mut self, threads: u32) -> Self {
        self.settings.max_threads = threads;
        self
    }

    /// More attributes of the connector, `tomcatAuthentication="false"` for instance.
    pub fn connector(mut self, attributes: &str) -> Self {
        self.settings.connector.push_str(attributes);
        self.settings.connector.push(' ');
        self
    }

    /// The connector's `allowedRequestAttributesPattern`; `.*` by default, `None` leaves it out.
    pub fn allowed_attributes(mut self, pattern: Option<&str>) -> Self {
        self.settings.allowed_attributes = pattern.map(str::to_owned);
        self
    }

    /// Connectors beside the AJP one; those for TLS need [`Builder::tls`].
    pub fn doors(mut self, doors: &[Door]) -> Self {
        self.settings.doors.doors.extend(doors);
        self
    }

    /// The certificate of [`TLS_NAME`], signed by this authority.
    pub fn tls(mut self, authority: &Authority) -> Result<Self> {
        let own = authority.server(&[TLS_NAME, "localhost", "127.0.0.1"])?;
        self.settings.doors.tls = Some((authority.clone(), own));
        Ok(self)
    }

    /// More attributes of the connectors of [`Builder::doors`].
    pub fn door_attributes(mut self, attributes: &str) -> Self {
        self.settings.doors.attributes.push_str(attributes);
        self
    }

    /// A valve of the engine: its class below `org.apache.catalina.valves`, and attributes.
    pub fn valve(mut self, class: &str, attributes: &str) -> Self {
        self.settings.valves.push_str(&format!(
            "<Valve className=\"org.apache.catalina.valves.{class}\" {attributes}/>\n"
        ));
        self
    }

    /// The directory of its web applications; tests/webapps by default.
    pub fn webapps(mut self, directory: impl Into<PathBuf>) -> Self {
        self.webapps = directory.into();
        self
    }

    /// Starts it and waits until it answers a CPING.
    pub fn start(&self) -> Result<Tomcat> {
        ports::with_retry(|port| Tomcat::new(self.clone(), port)?.started())
    }
}

/// A Tomcat; stopped, and checked to be gone, on drop.
#[derive(Debug)]
pub struct Tomcat {
    process: Option<Guarded>,
    dir: Dir,
    port: u16,
    opened: Opened,
    builder: Builder,
}

impl Tomcat {
    /// Describes one.
    pub fn builder(version: Version) -> Builder {
        Builder {
            version,
            settings: Settings::default(),
            webapps: Path::new(env!("CARGO_MANIFEST_DIR")).join("webapps"),
        }
    }

    /// One without route or secret that all tests of this process share; it lives until the end.
    pub fn shared(version: Version) -> Result<&'static Tomcat> {
        static V9: OnceLock<Result<Tomcat, String>> = OnceLock::new();
        static V10: OnceLock<Result<Tomcat, String>> = OnceLock::new();
        let cell = match version {
            Version::V9 => &V9,
            Version::V10 => &V10,
        };
        let start = || {
            Tomcat::builder(version)
                .start()
                .map_err(|error| format!("{error:#}"))
        };
        cell.get_or_init(start)
            .as_ref()
            .map_err(|error| anyhow!("{error}"))
    }

    fn new(builder: Builder, port: u16) -> Result<Tomcat> {
        let dir = Dir::new("tomcat")?;
        for name in ["logs", "temp", "work", "lib"] {
            std::fs::create_dir_all(dir.join(name))?;
        }
        let opened = Opened::choose(&builder.settings.doors, &dir)?;
        dir.write(
            "conf/server.xml",
            config::server_xml(&builder.settings, port, &opened),
        )?;
        dir.write("conf/web.xml", config::WEB_XML)?;
        dir.write("conf/context.xml", config::CONTEXT_XML)?;
        dir.write("conf/logging.properties", config::LOGGING)?;
        copy_tree(&builder.webapps, &dir.join("webapps"))?;
        Ok(Tomcat {
            process: None,
            dir,
            port,
            opened,
            builder,
        })
    }

    fn started(mut self) -> Result<Tomcat> {
        self.start()?;
        Ok(self)
    }

    /// The AJP connector's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of another connector.
    pub fn door_port(&self, door: Door) -> Result<u16> {
        self.opened.port(door)
    }

    /// The unix socket of another connector.
    pub fn door_socket(&self, door: Door) -> Result<PathBuf> {
        self.opened.socket(door)
    }

    /// Its `jvmRoute`, empty if it has none.
    pub fn route(&self) -> &str {
        self.builder.settings.route.as_deref().unwrap_or_default()
    }

    /// The process id, when it runs.
    pub fn pid(&self) -> Option<ProcessId> {
        self.process.as_ref().map(Guarded::pid)
    }

    /// Whether it was started and has ended since, by whatever.
    pub fn has_ended(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|process| process.exited().is_some())
    }

    /// Its log.
    pub fn log(&self) -> String {
        self.dir.read("logs/catalina.out")
    }

    /// The text of a file below its directory, as far as it was written.
    pub fn file(&self, name: &str) -> String {
        self.dir.read(name)
    }

    /// Lines of workers.properties for an ajp13 worker `name` that leads here.
    pub fn worker(&self, name: &str) -> String {
        peer::worker_lines(name, self.port)
    }

    /// Starts it (again), on the same port, and waits until it answers a CPING.
    pub fn start(&mut self) -> Result {
        ensure!(self.process.is_none(), "Tomcat runs already");
        self.launch()?;
        self.wait_ready()
    }

    /// Ends it with SIGKILL.
    pub fn kill9(&mut self) -> Result {
        let mut process = self.process.take().context("Tomcat does not run")?;
        let left = process.kill();
        ensure!(left.is_empty(), "processes left alive: {left:?}");
        Ok(())
    }

    /// Ends it with SIGTERM, which runs its shutdown; an error when SIGKILL was needed.
    pub fn stop(&mut self) -> Result {
        let mut process = self.process.take().context("Tomcat does not run")?;
        let stopped = process.signal_and_wait(Signal::TERM, STOP_LIMIT);
        ensure!(stopped, "Tomcat had to be killed");
        Ok(())
    }

    /// [`Self::stop`] and [`Self::start`].
    pub fn restart(&mut self) -> Result {
        self.stop()?;
        self.start()
    }

    /// Stops the process in place (SIGSTOP), as a long garbage collection would.
    pub fn freeze(&self) -> Result {
        self.signal(Signal::STOP)
    }

    /// Ends [`Self::freeze`].
    pub fn thaw(&self) -> Result {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result {
        crate::process::signal(self.pid().context("Tomcat does not run")?, signal)
    }

    fn launch(&mut self) -> Result {
        self.opened.remove_left_sockets();
        let base = self.dir.path().to_string_lossy().into_owned();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("logs/catalina.out"))?;
        let mut command = Command::new("java");
        command
            .args([
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
            ])
            .arg("-XX:-UsePerfData")
            .arg("-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager")
            .arg(format!(
                "-Djava.util.logging.config.file={base}/conf/logging.properties"
            ))
            .arg(format!("-Dcatalina.home={base}"))
            .arg(format!("-Dcatalina.base={base}"))
            .arg(format!("-Djava.io.tmpdir={base}/temp"))
            .arg(format!("-Drjk.node={}", self.route()))
            .arg("-cp")
            .arg(class_path(self.builder.version)?)
            .args(["org.apache.catalina.startup.Bootstrap", "start"])
            .current_dir(self.dir.path())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.process = Some(Guarded::spawn(&mut command, self.dir.path())?);
        Ok(())
    }

    /// Waits for a CPONG; a process that ended or could not bind its port is an error at once.
    fn wait_ready(&mut self) -> Result {
        let mut failed = false;
        let port = self.port;
        wait::until("Tomcat answers CPING", START_LIMIT, || {
            failed = self
                .process
                .as_mut()
                .is_none_or(|process| process.exited().is_some())
                || self.log().contains("Address already in use");
            failed || peer::ping(port, Duration::from_secs(1)).is_ok()
        })
        .with_context(|| self.log())?;
        if failed {
            bail!("Tomcat did not start: {}", self.log());
        }
        Ok(())
    }
}

impl Drop for Tomcat {
    fn drop(&mut self) {
        // Nothing in it is worth an orderly shutdown; the guard checks that it is gone.
        self.process.take();
    }
}

/// Debian's jars of that version: the links without a version number, and the JSP compiler.
pub fn class_path(version: Version) -> Result<String> {
    let prefix = version.jar_prefix();
    let mut jars: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(JARS).with_context(|| JARS)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(part) = name
            .strip_prefix(prefix)
            .and_then(|n| n.strip_suffix(".jar"))
        else {
            continue;
        };
        if !part.contains("i18n") && !part.contains(|c: char| c.is_ascii_digit()) {
            jars.push(Path::new(JARS).join(&name));
        }
    }
    ensure!(!jars.is_empty(), "no jars {JARS}/{prefix}*");
    jars.push(Path::new(JARS).join("eclipse-jdt-core.jar"));
    jars.sort();
    Ok(jars
        .iter()
        .map(|jar| jar.to_string_lossy())
        .collect::<Vec<_>>()
        .join(":"))
}
