//! The two web hosts: httpd with the files of httpd-conf/on-premise, Debian's on one and RHEL's on the other, each
//! where its distribution has them.

use crate::folders;
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
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

/// Longest start: a process of the module compiles nothing here.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Longest stop.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// Modules that a distribution loads, too.
const MODULES: [&str; 7] = [
    "mpm_event",
    "unixd",
    "authz_core",
    "authz_host",
    "log_config",
    "setenvif",
    "headers",
];
/// Waits that the lab shortens, to be done in minutes: what the file says, and what is played.
pub const SHORTENED: [(&str, &str, &str); 3] = [
    ("worker.maintain", "30", "2"),
    ("worker.balancer.recover_time", "30", "2"),
    ("worker.template.reply_timeout", "60000", "10000"),
];

/// A distribution.
pub struct Flavour {
    /// Its files in httpd-conf/on-premise.
    pub files: &'static str,
    /// Its service.
    pub service: &'static str,
    /// ServerRoot.
    root: &'static str,
    /// The main file, in ServerRoot.
    main: &'static str,
    /// Where workers.properties and rjk.toml are, in ServerRoot.
    conf: &'static str,
    /// Where jk.conf is, in ServerRoot.
    jk: &'static str,
    /// Logs.
    log: &'static str,
    /// What else it writes.
    run: &'static str,
}

const DEBIAN: Flavour = Flavour {
    files: "debian",
    service: "apache2",
    root: "/etc/apache2",
    main: "apache2.conf",
    conf: ".",
    jk: "conf-enabled/jk.conf",
    log: "/var/log/apache2",
    run: "/run/apache2",
};

const RHEL: Flavour = Flavour {
    files: "rhel",
    service: "httpd",
    root: "/etc/httpd",
    main: "conf/httpd.conf",
    conf: "conf",
    jk: "conf.d/jk.conf",
    log: "/var/log/httpd",
    run: "/run/httpd",
};

impl Flavour {
    /// That of a host.
    pub fn of(host: Host) -> &'static Flavour {
        match host {
            Host::Web01 => &DEBIAN,
            _ => &RHEL,
        }
    }

    /// The folder of workers.properties and rjk.toml on a host, for this program.
    pub fn conf_folder(&self, host: Host) -> PathBuf {
        folders::etc(host, self.service).join(self.conf)
    }

    /// The file with our directives on a host, for this program.
    pub fn jk_conf(&self, host: Host) -> PathBuf {
        folders::etc(host, self.service).join(self.jk)
    }

    /// The main file, as the host sees it.
    pub fn main(&self) -> PathBuf {
        Path::new(self.root).join(self.main)
    }
}

/// A web server.
pub struct Web {
    /// Where it runs.
    pub host: Host,
    /// Which files it has.
    pub flavour: &'static Flavour,
    process: Option<Child>,
}

impl Web {
    /// Writes its configuration.
    pub fn configure(host: Host, subject: Subject) -> Result<Web> {
        let flavour = Flavour::of(host);
        // What is written here is in ServerRoot there.
        let root = folders::etc(host, flavour.service);
        for name in ["htdocs/static", "modules", flavour.conf] {
            fs::create_dir_all(root.join(name))?;
        }
        for folder in [flavour.log, flavour.run] {
            fs::create_dir_all(folder)?;
        }
        // As RHEL has it.
        symlink(flavour.run, root.join("run"))?;
        symlink(subject.path()?, root.join("modules/mod_rjk.so"))?;
        let from = repository()
            .join("httpd-conf/on-premise")
            .join(flavour.files);
        let jk = fs::read_to_string(from.join("jk.conf"))?;
        let place = root.join(flavour.jk);
        fs::create_dir_all(place.parent().context("a folder")?)?;
        fs::write(place, placed(&jk)?)?;
        let conf = root.join(flavour.conf);
        let workers = fs::read_to_string(from.join("workers.properties"))?;
        fs::write(conf.join("workers.properties"), shortened(&workers)?)?;
        fs::copy(from.join("rjk.toml"), conf.join("rjk.toml"))?;
        fs::write(root.join(flavour.main), main_conf(flavour)?)?;
        Ok(Web {
            host,
            flavour,
            process: None,
        })
    }

    /// The main file, as the host sees it.
    pub fn conf(&self) -> PathBuf {
        self.flavour.main()
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
        let out = fs::File::create(Path::new(self.flavour.log).join("start.log"))?;
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
        for entry in fs::read_dir(self.flavour.log).into_iter().flatten() {
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

/// jk.conf with the places of this machine, whichever of the two distributions it is for: what an administrator
/// changes, and nothing else.
fn placed(text: &str) -> Result<String> {
    let places = [
        ("LoadModule jk_module ", "modules/mod_rjk.so"),
        ("Define JK_ROTATE ", "/usr/bin/rotatelogs"),
    ];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (start, place) in places {
        let line = lines.iter_mut().find(|line| line.starts_with(start));
        let line = line.with_context(|| format!("no {start}in jk.conf"))?;
        *line = format!("{start}{place}");
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
fn main_conf(flavour: &Flavour) -> Result<String> {
    let modules = modules_dir()?;
    let Flavour {
        root, log, run, jk, ..
    } = flavour;
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
         PidFile {run}/httpd.pid\nDefaultRuntimeDir {run}\nMutex file:{run} default\n\
         ErrorLog {log}/error.log\nDocumentRoot htdocs\nTimeout 60\nGracefulShutdownTimeout 30\n\
         StartServers 2\nServerLimit 8\nThreadsPerChild 25\nMaxRequestWorkers 200\n\
         <Directory />\n  AllowOverride None\n  Require all granted\n</Directory>\n\
         Include {jk}\n"
    );
    Ok(text)
}
