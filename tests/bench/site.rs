//! One httpd under load.

use rjk_testbed::module::repository;
use rjk_testbed::{Context, Httpd, Result, Subject, bail, ensure, peer, process};
use std::process::Command;
use std::time::Duration;

/// Threads of the child.
const THREADS: u32 = 32;
/// Connections of the load generator.
const CONNECTIONS: u32 = 16;
/// Members of the balancer.
const MEMBERS: usize = 8;
const RJK_TOML: &str = r#"
[policy.tenants]
component = "policies/header-route.wasm"
[policy.tenants.config]
header = "X-Tenant"
[policy.tenants.config.workers]
blue = "m2"
[balancer.lb]
policy = "tenants"
"#;

/// A server and its name in the report.
pub struct Site {
    pub name: &'static str,
    httpd: Httpd,
}

impl Site {
    /// mod_rjk without a policy, which the others are compared with, mod_rjk with one, and mod_jk.
    pub fn all(backend: u16) -> Result<Vec<Site>> {
        Ok(vec![
            Site::start("mod_rjk", Subject::Rjk, false, backend)?,
            Site::start("with a policy", Subject::Rjk, true, backend)?,
            Site::start("mod_jk", Subject::ModJk, false, backend)?,
        ])
    }

    fn start(name: &'static str, subject: Subject, policy: bool, backend: u16) -> Result<Site> {
        let names: Vec<String> = (1..=MEMBERS).map(|number| format!("m{number}")).collect();
        let members: String = names
            .iter()
            .map(|name| peer::worker_lines(name, backend))
            .collect();
        let workers = format!(
            "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers={}\n{members}",
            names.join(",")
        );
        let mut builder = Httpd::builder(subject)
            .workers(workers)
            .directives("JkMount /* lb")
            .server_limit(1)
            .threads_per_child(THREADS)
            .log_level("info");
        if policy {
            let file = repository().join("target/policies/header-route.wasm");
            let component = std::fs::read(&file)
                .with_context(|| format!("{}: plugins/build header-route", file.display()))?;
            builder = builder
                .file("conf/policies/header-route.wasm", component)
                .file("conf/rjk.toml", RJK_TOML)
                .directives("RjkConfigFile conf/rjk.toml");
        }
        let httpd = builder.start()?;
        Ok(Site { name, httpd })
    }

    /// Loads it for that long; microseconds of CPU time for each request.
    pub fn load(&self, seconds: u32) -> Result<f64> {
        let [child] = self.httpd.children()[..] else {
            bail!("{}: not one child", self.name)
        };
        let before = process::cpu_time(child)?;
        let requests = self.run_wrk(seconds)?;
        let spent: Duration = process::cpu_time(child)?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / requests)
    }

    /// Number of requests that were answered; an error when one was not.
    fn run_wrk(&self, seconds: u32) -> Result<f64> {
        let output = Command::new("wrk")
            // Not in the table: the policy looks it up, and the load is shared out as without it.
            .args(["-t1", "-H", "X-Tenant: green"])
            .arg(format!("-c{CONNECTIONS}"))
            .arg(format!("-d{seconds}"))
            .arg(format!("http://{}/app/page", self.httpd.address()))
            .output()
            .context("wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = text.contains("Non-2xx") || text.contains("Socket errors");
        ensure!(!failed, "{}: {text}", self.name);
        let line = text
            .lines()
            .find_map(|line| line.trim().split_once(" requests in "));
        let (count, _) = line.with_context(|| format!("wrk said {text}"))?;
        Ok(count.parse()?)
    }
}
