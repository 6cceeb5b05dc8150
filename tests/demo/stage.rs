//! The servers of the demo.

use anyhow::{Context, Result, ensure};
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::{Cluster, Httpd, Subject, Tomcat, Version};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The Tomcats' routes, which are also the names of their workers.
const ROUTES: [&str; 2] = ["a", "b"];
/// What both sides of AJP must know.
const SECRET: &str = "known-to-httpd-and-tomcat";

/// One httpd in front of two Tomcats; all of it ends with this value.
pub struct Stage {
    // Dropped in this order: the web server first.
    pub httpd: Httpd,
    pub cluster: Cluster,
}

impl Stage {
    /// Starts the Tomcats, then httpd.
    pub fn start() -> Result<Stage> {
        println!("starting two Tomcat 9 and httpd ...\n");
        let webapps = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/webapps");
        let cluster = Cluster::start_with(Version::V9, &ROUTES, |tomcat| {
            tomcat.webapps(&webapps).secret(SECRET)
        })?;
        let httpd = Httpd::builder(Subject::Rjk)
            .workers(workers(&cluster))
            .module("authz_host")
            .directives("JkMount /demo/* lb\nJkMount /jkstatus jkstatus")
            .directives("<Location /jkstatus>\n  Require local\n</Location>")
            .log_level("info")
            .start()?;
        Ok(Stage { httpd, cluster })
    }

    /// The Tomcat of that name.
    pub fn tomcat(&mut self, name: &str) -> Result<&mut Tomcat> {
        self.cluster
            .node(name)
            .with_context(|| format!("there is no Tomcat {name}"))
    }

    /// Address of the page.
    pub fn page(&self) -> String {
        format!("http://{}/demo/", self.httpd.address())
    }

    /// Address of the status worker.
    pub fn status_page(&self) -> String {
        format!("http://{}/jkstatus", self.httpd.address())
    }

    /// Says who plays.
    pub fn introduce(&self) {
        println!("  httpd     {}  pid {}", self.page(), self.httpd.pid());
        for tomcat in &self.cluster.nodes {
            println!(
                "  Tomcat {}  AJP 127.0.0.1:{}  pid {}",
                tomcat.route(),
                tomcat.port(),
                tomcat.pid().unwrap_or_default()
            );
        }
        println!("  files     {}/conf", self.httpd.root().display());
    }

    /// The module's log behind the first `from` bytes.
    pub fn jk_log_since(&self, from: usize) -> String {
        self.httpd
            .jk_log()
            .get(from..)
            .unwrap_or_default()
            .to_owned()
    }

    /// Stops everything and makes sure that it is gone.
    pub fn stop(mut self) -> Result<()> {
        let mut pids: Vec<ProcessId> = self.httpd.children();
        pids.push(self.httpd.pid());
        pids.extend(self.cluster.nodes.iter().filter_map(Tomcat::pid));
        self.httpd.stop()?;
        drop(self);
        let left: Vec<ProcessId> = pids
            .into_iter()
            .filter(|pid| process::is_alive(*pid))
            .collect();
        ensure!(left.is_empty(), "still running: {left:?}");
        println!("\nEverything that the demo started is stopped.");
        Ok(())
    }

    /// Copies all logs out of the servers' directories, which go away.
    pub fn save_logs(&self) {
        let mut logs = vec![
            ("jk.log".to_owned(), self.httpd.jk_log()),
            ("error.log".to_owned(), self.httpd.error_log()),
            ("access.log".to_owned(), self.httpd.access_log()),
        ];
        for tomcat in &self.cluster.nodes {
            logs.push((format!("tomcat-{}.log", tomcat.route()), tomcat.log()));
        }
        save(&logs);
    }
}

/// Writes the texts into a directory that stays, and says where they are.
pub fn save(logs: &[(impl AsRef<str>, String)]) {
    let name = format!("rjk-demo-logs-{}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    let written = fs::create_dir_all(&dir).and_then(|()| {
        logs.iter()
            .try_for_each(|(name, text)| fs::write(dir.join(name.as_ref()), text))
    });
    match written {
        Ok(()) => eprintln!("\nThe logs are in {}", dir.display()),
        Err(error) => eprintln!("\nThe logs cannot be kept in {}: {error}", dir.display()),
    }
}

/// workers.properties. A real site leaves `maintain` and `recover_time` at their minute.
fn workers(cluster: &Cluster) -> String {
    let mut text = format!(
        "worker.list=lb,jkstatus\n\
         worker.maintain=1\n\
         worker.lb.type=lb\n\
         worker.lb.balance_workers={}\n\
         worker.lb.recover_time=1\n\
         worker.jkstatus.type=status\n\
         worker.jkstatus.read_only=true\n",
        ROUTES.join(",")
    );
    for tomcat in &cluster.nodes {
        text.push_str(&tomcat.worker(tomcat.route()));
        let _ = writeln!(text, "worker.{}.secret={SECRET}", tomcat.route());
    }
    text
}
