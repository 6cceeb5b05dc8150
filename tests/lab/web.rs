//! The two web hosts: httpd with the files of httpd-conf/on-premise, Debian's on one and RHEL's on the other.

use crate::network::Host;
use anyhow::{Context, Result, ensure};
use rjk_testbed::httpd::modules_dir;
use rjk_testbed::module::repository;
use rjk_testbed::process;
use rjk_testbed::{Subject, wait};
use rustix::process::Signal;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

/// Longest start: a process of the module compiles nothing here.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Longest stop.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// Modules that a distribution loads, too.
const MODULES: [&str; 6] = [
    "mpm_event",
    "unixd",
    "authz_core",
    "authz_host",
    "log_config",
    "setenvif",
];
/// Waits that the lab shortens, to be done in minutes: what the file says, and what is played.
pub const SHORTENED: [(&str, &str, &str); 3] = [
    ("worker.maintain", "30", "2"),
    ("worker.balancer.recover_time", "30", "2"),
    ("worker.template.reply_timeout", "60000", "10000"),
];

/// A web server.
pub struct Web {
    /// Where it runs.
    pub host: Host,
    root: PathBuf,
    process: Option<Child>,
}

impl Web {
    /// Writes its configuration.
    pub fn configure(host: Host, subject: Subject) -> Result<Web> {
        let root = Path::new("/run/lab").join(host.name());
        for name in ["conf", "logs", "run", "htdocs/static", "modules"] {
            fs::create_dir_all(root.join(name))?;
        }
        let from = repository()
            .join("httpd-conf/on-premise")
            .join(flavour(host));
        let module = root.join("modules/module.so");
        std::os::unix::fs::symlink(subject.path()?, &module)?;
        let jk = fs::read_to_string(from.join("jk.conf"))?;
        fs::write(root.join("conf/jk.conf"), placed(&jk, &root, &module)?)?;
        let workers = fs::read_to_string(from.join("workers.properties"))?;
        fs::write(root.join("conf/workers.properties"), shortened(&workers)?)?;
        fs::copy(from.join("rjk.toml"), root.join("conf/rjk.toml"))?;
        fs::write(root.join("conf/httpd.conf"), main_conf(&root)?)?;
        Ok(Web {
            host,
            root,
            process: None,
        })
    }

    /// The main file.
    pub fn conf(&self) -> PathBuf {
        self.root.join("conf/httpd.conf")
    }

    /// `httpd -t`: what it said.
    pub fn configtest(&self) -> Result<String> {
        let conf = self.conf();
        let conf = conf.to_string_lossy();
        let output = self.host.output("apache2", &["-t", "-f", &conf])?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(output.status.success(), "{said}");
        Ok(said)
    }

    /// Starts it and waits until it takes connections.
    pub fn start(&mut self) -> Result<()> {
        let out = fs::File::create(self.root.join("logs/start.log"))?;
        let child = self
            .host
            .command("apache2")
            .arg("-f")
            .arg(self.conf())
            .arg("-DFOREGROUND")
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        self.process = Some(child);
        let address = (self.host.address(), 80);
        let mut ended = false;
        let up = wait::became(START_LIMIT, || {
            let process = self.process.as_mut();
            ended = process.is_none_or(|process| !matches!(process.try_wait(), Ok(None)));
            ended || TcpStream::connect(address).is_ok()
        });
        ensure!(
            up && !ended,
            "httpd on {} did not start: {}",
            self.host.name(),
            self.logs()
        );
        Ok(())
    }

    /// `apache2 -k graceful`.
    pub fn graceful(&self) -> Result<()> {
        let conf = self.conf();
        let conf = conf.to_string_lossy();
        let arguments = ["-f", &conf, "-k", "graceful"];
        let output = self.host.output("apache2", &arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        Ok(())
    }

    /// Stops it.
    pub fn stop(&mut self) -> Result<()> {
        let mut child = self.process.take().context("it does not run")?;
        process::signal(child.id(), Signal::TERM)?;
        let gone = wait::became(STOP_LIMIT, || matches!(child.try_wait(), Ok(Some(_))));
        ensure!(gone, "httpd on {} does not stop", self.host.name());
        Ok(())
    }

    /// All that it wrote but for the access logs.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.root.join("logs")).into_iter().flatten() {
            let Ok(entry) = entry else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("site-") {
                let content = fs::read(entry.path()).unwrap_or_default();
                let content = String::from_utf8_lossy(&content);
                let _ = writeln!(text, "== {name}\n{content}");
            }
        }
        text
    }
}

/// Which files a host has.
pub fn flavour(host: Host) -> &'static str {
    match host {
        Host::Web01 => "debian",
        _ => "rhel",
    }
}

/// jk.conf with the folders of this host: what an administrator changes, and nothing else.
fn placed(text: &str, root: &Path, module: &Path) -> Result<String> {
    let places = [
        ("LoadModule jk_module ", module.to_owned()),
        ("Define JK_CONF ", root.join("conf")),
        ("Define JK_LOG ", root.join("logs")),
        ("Define JK_RUN ", root.join("run")),
        ("Define JK_ROTATE ", "/usr/bin/rotatelogs".into()),
    ];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (start, place) in places {
        let line = lines.iter_mut().find(|line| line.starts_with(start));
        let line = line.with_context(|| format!("no {start}in jk.conf"))?;
        *line = format!("{start}{}", place.display());
    }
    Ok(lines.join("\n") + "\n")
}

fn shortened(text: &str) -> Result<String> {
    let mut text = text.to_owned();
    for (name, from, to) in SHORTENED {
        let line = format!("\n{name}={from}\n");
        ensure!(
            text.contains(&line),
            "workers.properties has no {name}={from}"
        );
        text = text.replace(&line, &format!("\n{name}={to}\n"));
    }
    Ok(text)
}

/// What a distribution's own files say, in short.
fn main_conf(root: &Path) -> Result<String> {
    let modules = modules_dir()?;
    let root = root.display();
    let mut text = format!("ServerRoot {root}\n");
    for name in MODULES {
        let file = modules.join(format!("mod_{name}.so"));
        if file.exists() {
            let _ = writeln!(text, "LoadModule {name}_module {}", file.display());
        }
    }
    let _ = write!(
        text,
        "Listen 80\nServerName localhost\nUser www-data\nGroup www-data\n\
         PidFile run/httpd.pid\nDefaultRuntimeDir run\nMutex file:{root}/run default\n\
         ErrorLog logs/error.log\nDocumentRoot htdocs\nTimeout 60\nGracefulShutdownTimeout 30\n\
         StartServers 2\nServerLimit 8\nThreadsPerChild 25\nMaxRequestWorkers 200\n\
         <Directory />\n  AllowOverride None\n  Require all granted\n</Directory>\n\
         Include conf/jk.conf\n"
    );
    Ok(text)
}
