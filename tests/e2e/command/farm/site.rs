//! Two web hosts with the same balancer.

use rjk_testbed::client::{self, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject};

/// Two web hosts, and their members `m1` and `m2`.
pub struct Site {
    pub hosts: Vec<Httpd>,
    pub peers: Vec<Peer>,
}

const WORKERS: &str = "\
worker.list=lb,alone,st,ro,us
worker.lb.type=lb
worker.lb.balance_workers=m1,m2
worker.alone.host=127.0.0.1
worker.alone.port=1
worker.st.type=status
worker.ro.type=status
worker.ro.read_only=true
worker.us.type=status
worker.us.user=ann
";

const DIRECTIVES: &str = "\
JkMount /app/* lb
JkMount /hold lb
JkMount /st st
JkMount /ro ro
JkMount /us us
";

impl Site {
    pub fn start() -> Result<Site> {
        let peers = peers()?;
        let hosts = vec![host(&peers, same)?, host(&peers, same)?];
        Ok(Site { hosts, peers })
    }

    /// The status workers of both hosts at a path.
    pub fn urls(&self, path: &str) -> Vec<String> {
        self.hosts.iter().map(|host| url(host, path)).collect()
    }

    /// What a host is called: `127.0.0.1:PORT`.
    pub fn label(&self, index: usize) -> String {
        self.hosts[index].address().to_string()
    }

    /// A request to a host.
    pub fn send(&self, index: usize, request: Request) -> Result<Response> {
        Ok(client::send(self.hosts[index].port(), request)?)
    }
}

/// `m1` and `m2`.
pub fn peers() -> Result<Vec<Peer>> {
    Ok(vec![
        Peer::named("m1", Behaviour::Echo)?,
        Peer::named("m2", Behaviour::Echo)?,
    ])
}

/// A web host in front of peers `m1` and `m2`.
pub fn host(peers: &[Peer], change: impl FnOnce(Builder) -> Builder) -> Result<Httpd> {
    let members = peers.iter().zip(["m1", "m2"]);
    let members: String = members.map(|(peer, name)| peer.worker(name)).collect();
    let builder = Httpd::builder(Subject::Rjk)
        .workers(format!("{WORKERS}{members}"))
        .directives(DIRECTIVES)
        .server_limit(1)
        .log_level("info");
    change(builder).start()
}

/// As it is.
pub fn same(builder: Builder) -> Builder {
    builder
}

/// The address of a path.
pub fn url(host: &Httpd, path: &str) -> String {
    format!("http://{}{path}", host.address())
}

/// Debian's mod_jk with a status worker at `/st`.
pub fn mod_jk() -> Result<Httpd> {
    Httpd::builder(Subject::ModJk)
        .workers("worker.list=st,lb\nworker.st.type=status\nworker.lb.type=lb\nworker.lb.balance_workers=m1\n\
                  worker.m1.port=1\n")
        .directives("JkMount /st st")
        .start()
}
