//! One httpd under load.

use rjk_testbed::{Context, Httpd, Result, Subject, bail, ensure, peer, policies, process};
use std::process::Command;

/// Threads of the child.
const THREADS: u32 = 32;
/// Connections of the load generator.
const CONNECTIONS: u32 = 16;
/// Members of the balancer.
const MEMBERS: usize = 8;

/// A kind of server.
pub struct Kind {
    pub name: &'static str,
    subject: Subject,
    policy: bool,
}

/// What is compared, and first what it is compared with.
pub const KINDS: [Kind; 4] = [
    kind("mod_rjk", Subject::Rjk, false),
    kind("the same again", Subject::Rjk, false),
    kind("with a policy", Subject::Rjk, true),
    kind("mod_jk", Subject::ModJk, false),
];

const fn kind(name: &'static str, subject: Subject, policy: bool) -> Kind {
    Kind {
        name,
        subject,
        policy,
    }
}

/// A running server.
pub struct Site {
    name: &'static str,
    httpd: Httpd,
}

impl Site {
    /// One of each kind.
    pub fn all(backend: u16) -> Result<Vec<Site>> {
        KINDS
            .iter()
            .map(|kind| Site::start(kind, backend))
            .collect()
    }

    fn start(kind: &Kind, backend: u16) -> Result<Site> {
        let names: Vec<String> = (1..=MEMBERS).map(|number| format!("m{number}")).collect();
        let members: String = names
            .iter()
            .map(|name| peer::worker_lines(name, backend))
            .collect();
        let workers = format!(
            "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers={}\n{members}",
            names.join(",")
        );
        let mut builder = Httpd::builder(kind.subject)
            .workers(workers)
            .directives("JkMount /* lb")
            .server_limit(1)
            .threads_per_child(THREADS)
            .log_level("info");
        if kind.policy {
            builder = policies::tenants(builder, "m2")?;
        }
        let httpd = builder.start()?;
        Ok(Site {
            name: kind.name,
            httpd,
        })
    }

    /// Loads it with that many requests; microseconds of CPU time for each.
    pub fn load(&self, requests: u32) -> Result<f64> {
        let [child] = self.httpd.children()[..] else {
            bail!("{}: not one child", self.name)
        };
        let before = process::cpu_time(child)?;
        self.send(requests)?;
        let spent = process::cpu_time(child)?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(requests))
    }

    /// An error when a request was not answered as it should be.
    fn send(&self, requests: u32) -> Result {
        let output = Command::new("ab")
            // Not in the table: the policy looks it up, and the load is shared out as without it.
            .args(["-q", "-k", "-H", "X-Tenant: green"])
            .args([format!("-c{CONNECTIONS}"), format!("-n{requests}")])
            .arg(format!("http://{}/app/page", self.httpd.address()))
            .output()
            .context("ab")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let number = |key| text.lines().find_map(|line| line.strip_prefix(key));
        let complete = number("Complete requests:").map(str::trim);
        let good = complete == Some(&requests.to_string())
            && number("Failed requests:").map(str::trim) == Some("0")
            && number("Non-2xx responses:").is_none();
        ensure!(good, "{}: {text}", self.name);
        Ok(())
    }
}
