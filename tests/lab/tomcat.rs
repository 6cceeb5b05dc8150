//! The four Tomcats: one for each site on each was host.

use crate::enclosure::run;
use crate::folders;
use crate::network::Host;
use crate::site::Site;
use anyhow::{Context, Result, bail, ensure};
use rjk_testbed::module::repository;
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::tempdir::copy_tree;
use rjk_testbed::tomcat::{CONTEXT_XML, LOGGING, WEB_XML, class_path};
use rjk_testbed::{Version, wait};
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// Longest start, four at once on a machine that may be busy.
const START_LIMIT: Duration = Duration::from_secs(120);
/// Longest stop.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The page with the ids of all sessions.
pub const SESSIONS: &str = "sessions.jsp";
/// What it says when it is there.
const READY: &str = "Server startup in";

/// What kind of Tomcat it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Which one.
    pub version: Version,
    /// The user, with a group of that name, who owns it and runs it; else it is root's.
    pub user: Option<&'static str>,
}

/// One Tomcat.
pub struct Tomcat {
    /// Its site.
    pub site: Site,
    /// Where it runs.
    pub host: Host,
    kind: Kind,
    base: PathBuf,
    process: Option<Child>,
    starts: usize,
}

impl Tomcat {
    /// Unpacks one: Tomcat's files, ours from httpd-conf, and the application.
    pub fn unpack(site: Site, host: Host, kind: Kind) -> Result<Tomcat> {
        let base = folders::tomcats(host)?.join(site.instance());
        for name in ["logs", "temp", "work", "lib", "conf"] {
            fs::create_dir_all(base.join(name))?;
        }
        let ours = repository().join("httpd-conf/on-premise/tomcat");
        let conf = base.join("conf");
        fs::copy(ours.join("server.xml"), conf.join("server.xml"))?;
        fs::write(conf.join("catalina.properties"), properties(site, host))?;
        fs::write(conf.join("web.xml"), WEB_XML)?;
        fs::write(conf.join("context.xml"), CONTEXT_XML)?;
        fs::write(conf.join("logging.properties"), LOGGING)?;
        application(&base.join("webapps/ROOT"))?;
        if let Some(user) = kind.user {
            let owner = format!("{user}:{user}");
            run("chown", &["-R", &owner, &base.to_string_lossy()])?;
        }
        Ok(Tomcat {
            site,
            host,
            kind,
            base,
            process: None,
            starts: 0,
        })
    }

    /// Its worker's name and jvmRoute.
    pub fn name(&self) -> String {
        self.site.worker(self.host)
    }

    /// Which one it is.
    pub fn version(&self) -> Version {
        self.kind.version
    }

    /// CATALINA_BASE.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.base.join("logs/catalina.out")).unwrap_or_default()
    }

    /// Its process.
    pub fn pid(&self) -> Option<ProcessId> {
        self.process.as_ref().map(Child::id)
    }

    /// Starts it and does not wait.
    pub fn launch(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "{} runs already", self.name());
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.base.join("logs/catalina.out"))?;
        let base = self.base.display();
        let child = self
            .java()
            .args(["-Xmx96m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .args(["-XX:-UsePerfData", "-Xshare:auto"])
            .arg("-Djava.net.preferIPv4Stack=true")
            .arg("-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager")
            .arg(format!(
                "-Djava.util.logging.config.file={base}/conf/logging.properties"
            ))
            .arg(format!("-Dcatalina.home={base}"))
            .arg(format!("-Dcatalina.base={base}"))
            .arg(format!("-Djava.io.tmpdir={base}/temp"))
            .arg(format!("-Drjk.node={}", self.name()))
            .args(["-cp", &class_path(self.kind.version)?])
            .args(["org.apache.catalina.startup.Bootstrap", "start"])
            .current_dir(&self.base)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.process = Some(child);
        self.starts += 1;
        Ok(())
    }

    /// Java on its host, as its user.
    fn java(&self) -> Command {
        let Some(user) = self.kind.user else {
            return self.host.command("java");
        };
        let mut command = self.host.command("setpriv");
        let as_user = ["--reuid", user, "--regid", user, "--init-groups", "java"];
        command.args(as_user);
        command
    }

    /// Waits until it is there.
    pub fn wait_ready(&mut self) -> Result<()> {
        let name = self.name();
        let ready = wait::became(START_LIMIT, || {
            self.has_ended() || self.log().matches(READY).count() >= self.starts
        });
        if !ready || self.has_ended() {
            bail!("Tomcat {name} did not start: {}", self.log());
        }
        Ok(())
    }

    /// Whether it ended by itself.
    fn has_ended(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| !matches!(process.try_wait(), Ok(None)))
    }

    /// [`Tomcat::launch`] and [`Tomcat::wait_ready`].
    pub fn start(&mut self) -> Result<()> {
        self.launch()?;
        self.wait_ready()
    }

    /// As its service would be stopped.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::TERM)
    }

    /// As without power.
    pub fn kill(&mut self) -> Result<()> {
        self.end(Signal::KILL)
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        let mut child = self.process.take().context("it does not run")?;
        process::signal(child.id(), signal)?;
        let gone = wait::became(STOP_LIMIT, || matches!(child.try_wait(), Ok(Some(_))));
        if !gone {
            let _ = child.kill();
            let _ = child.wait();
            bail!("Tomcat {} had to be killed", self.name());
        }
        Ok(())
    }

    /// Stops it in place, or lets it go on.
    pub fn hang(&self, is: bool) -> Result<()> {
        let signal = if is { Signal::STOP } else { Signal::CONT };
        process::signal(self.pid().context("it does not run")?, signal)
    }
}

/// What is different in each.
fn properties(site: Site, host: Host) -> String {
    let (group, group_port, receiver) = site.cluster();
    format!(
        "was.route={}\nwas.address={}\nwas.port={}\nwas.secret={}\n\
         was.group={group}\nwas.group.port={group_port}\nwas.receiver.port={receiver}\n",
        site.worker(host),
        host.address(),
        site.port(),
        site.secret(),
    )
}

/// The page of the demo, one that takes uploads, and one that tells the sessions.
fn application(folder: &Path) -> Result<()> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy_tree(&tests.join("demo/webapps/demo"), folder)?;
    let uploads = tests.join("webapps/testbed/upload.jsp");
    fs::copy(uploads, folder.join("upload.jsp"))?;
    fs::write(folder.join(SESSIONS), include_str!("sessions.jsp"))?;
    Ok(())
}
