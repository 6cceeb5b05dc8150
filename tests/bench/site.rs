//! One httpd under load.

use super::backend::Backends;
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Context, Httpd, Result, Subject, bail, ensure, peer, policies, process};
use std::path::Path;
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
    server: Server,
}

/// What is between httpd and its backend.
enum Server {
    /// mod_rjk, as rjk.toml says how the backend is reached.
    Rjk(fn(&Backends) -> String),
    /// mod_rjk with AJP over TCP and a routing policy.
    WithPolicy,
    ModJk,
    /// mod_proxy with its balancer, and members with this URL.
    Proxy(&'static [&'static str], fn(&Backends) -> String),
}

/// What is compared, and first what it is compared with.
pub const KINDS: [Kind; 9] = [
    kind("mod_rjk", Server::Rjk(|_| String::new())),
    kind("the same again", Server::Rjk(|_| String::new())),
    kind("with a policy", Server::WithPolicy),
    kind("over a socket", Server::Rjk(|at| socket(&at.ajp_socket))),
    kind(
        "over HTTP",
        Server::Rjk(|at| format!("protocol = \"http\"\nport = {}\n", at.http)),
    ),
    kind(
        "HTTP, a socket",
        Server::Rjk(|at| format!("protocol = \"http\"\n{}", socket(&at.http_socket))),
    ),
    kind("mod_jk", Server::ModJk),
    kind(
        "mod_proxy_ajp",
        Server::Proxy(&["proxy", "proxy_ajp"], |at| {
            format!("ajp://127.0.0.1:{}", at.ajp)
        }),
    ),
    kind(
        "mod_proxy_http",
        Server::Proxy(&["proxy", "proxy_http"], |at| {
            format!("http://127.0.0.1:{}", at.http)
        }),
    ),
];

const fn kind(name: &'static str, server: Server) -> Kind {
    Kind { name, server }
}

fn socket(path: &Path) -> String {
    format!("socket = {path:?}\n")
}

fn with_workers(subject: Subject, backends: &Backends) -> Builder {
    let names: Vec<String> = (1..=MEMBERS).map(|number| format!("m{number}")).collect();
    let members: String = names
        .iter()
        .map(|name| peer::worker_lines(name, backends.ajp))
        .collect();
    let workers = format!(
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers={}\n{members}",
        names.join(",")
    );
    Httpd::builder(subject)
        .workers(workers)
        .directives("JkMount /* lb")
}

fn reached(builder: Builder, way: &str) -> Builder {
    if way.is_empty() {
        return builder;
    }
    let tables: String = (1..=MEMBERS)
        .map(|number| format!("[worker.m{number}]\n{way}"))
        .collect();
    builder
        .file("conf/rjk.toml", tables)
        .directives("RjkConfigFile conf/rjk.toml")
}

/// Members with one URL would be one member: the backends do not look at the path.
fn with_proxy(modules: &[&str], url: &str) -> Builder {
    let members: String = (1..=MEMBERS)
        .map(|number| format!("BalancerMember {url}/m{number}\n"))
        .collect();
    let all = ["slotmem_shm", "proxy_balancer", "lbmethod_byrequests"];
    let mut builder = Httpd::plain();
    for name in modules.iter().chain(&all) {
        builder = builder.module(name);
    }
    builder.directives(format!(
        "<Proxy balancer://lb>\n{members}</Proxy>\nProxyPass / balancer://lb/"
    ))
}

/// A running server.
pub struct Site {
    name: &'static str,
    httpd: Httpd,
}

impl Site {
    /// One of each kind.
    pub fn all(backends: &Backends) -> Result<Vec<Site>> {
        KINDS
            .iter()
            .map(|kind| Site::start(kind, backends))
            .collect()
    }

    fn start(kind: &Kind, backends: &Backends) -> Result<Site> {
        let builder = match &kind.server {
            Server::Rjk(way) => reached(with_workers(Subject::Rjk, backends), &way(backends)),
            Server::WithPolicy => policies::tenants(with_workers(Subject::Rjk, backends), "m2")?,
            Server::ModJk => with_workers(Subject::ModJk, backends),
            Server::Proxy(modules, url) => with_proxy(modules, &url(backends)),
        };
        let httpd = builder
            .server_limit(1)
            .threads_per_child(THREADS)
            .log_level("info")
            .start()?;
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
