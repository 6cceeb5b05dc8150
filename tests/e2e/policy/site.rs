//! A site with policies over two scripted peers, `a` and `b`.

use rjk_testbed::client::Response;
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Script;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, policies};

/// The names of the peers.
pub const PEERS: [&str; 2] = ["a", "b"];

/// The access log: path, status, process, who decided, separated by `|`.
pub const FORMAT: &str = "%U|%>s|%P|%{RJK_DECIDED_BY}n";

/// The two peers of a site.
pub struct Peers([Peer; 2]);

/// A line of the access log.
#[derive(Debug)]
pub struct Line {
    /// Path without query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// The child.
    pub pid: u32,
    /// The note.
    pub decided_by: String,
}

impl Peers {
    /// Starts both, echoing.
    pub fn start() -> Result<Peers> {
        let [a, b] = PEERS.map(|name| Peer::named(name, Script::default()));
        Ok(Peers([a?, b?]))
    }

    /// Lines of workers.properties: balancers of these names with members `NAME-a` and `NAME-b`.
    pub fn balancers(&self, names: &[String]) -> String {
        let mut text = format!("worker.list={}\n", names.join(","));
        for name in names {
            let members = PEERS.map(|peer| format!("{name}-{peer}"));
            text += &format!(
                "worker.{name}.type=lb\nworker.{name}.balance_workers={}\n",
                members.join(",")
            );
            for (member, peer) in members.iter().zip(&self.0) {
                text += &peer.worker(member);
            }
        }
        text
    }
}

/// httpd with one child and these balancers, each mounted at `/NAME` and below; `conf/rjk.toml` is to be added.
pub fn httpd(peers: &Peers, balancers: &[String]) -> Builder {
    let mounts = balancers
        .iter()
        .map(|name| format!("JkMount /{name}|/* {name}\n"));
    Httpd::builder(Subject::Rjk)
        .server_limit(1)
        .threads_per_child(16)
        .log_level("info")
        .access_log(FORMAT)
        .workers(peers.balancers(balancers))
        .directives("RjkConfigFile conf/rjk.toml")
        .directives(mounts.collect::<String>())
}

/// `header-route` as the policy `p` of the balancer `lb`: header `X-Member: b` leads to member b.
pub fn header_route(component: &str) -> String {
    format!(
        "[policy.p]\ncomponent = {component:?}\n[policy.p.config]\nheader = \"X-Member\"\n\
         [policy.p.config.workers]\na = \"lb-a\"\nb = \"lb-b\"\n[balancer.lb]\npolicy = \"p\"\n"
    )
}

/// The one balancer of most sites.
pub fn lb() -> [String; 1] {
    ["lb".to_owned()]
}

/// The path of a test policy's component as a text for rjk.toml.
pub fn fixture(name: &str) -> Result<String> {
    Ok(policies::fixture(name)?.to_string_lossy().into_owned())
}

/// The path of `header-route`.
pub fn header_route_file() -> Result<String> {
    Ok(policies::built("header-route")?
        .to_string_lossy()
        .into_owned())
}

/// Who served, if the answer is whole.
pub fn who(response: &Response) -> Result<String> {
    rjk_testbed::ensure!(response.status == 200, "{response:?}");
    response.field("peer").context("the answer names no peer")
}

/// Reads a line of [`FORMAT`].
pub fn parse(line: &str) -> Result<Line> {
    let fields: Vec<&str> = line.split('|').collect();
    let [path, status, pid, decided_by] = fields[..] else {
        rjk_testbed::bail!("{line:?}");
    };
    Ok(Line {
        path: path.to_owned(),
        status: status.parse()?,
        pid: pid.parse()?,
        decided_by: decided_by.to_owned(),
    })
}
