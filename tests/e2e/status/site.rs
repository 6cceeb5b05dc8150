//! The site of these tests: a balancer of three members, a worker by itself, maps, two virtual hosts.

use rjk_testbed::client::{self, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, ensure};

/// A running site.
pub struct Site {
    pub httpd: Httpd,
    pub peers: Vec<(&'static str, Peer)>,
    /// Those of the peers, stopped or not.
    pub ports: Vec<(&'static str, u16)>,
}

const WORKERS: &str = "\
worker.list=lb,alone,st,ro,us,named,bare
worker.lb.type=lb
worker.lb.balance_workers=m1,m2,m3
worker.lb.sticky_session_force=1
worker.template.secret=hush-hush
worker.template.reply_timeout=30000
worker.m1.reference=worker.template
worker.m1.lbfactor=3
worker.m2.lbfactor=6
worker.m2.domain=d1
worker.m2.redirect=m1
worker.m2.source=127.0.0.1
worker.m2.activation=d
worker.m3.route=r3.x
worker.m3.distance=2
worker.m3.connection_ping_interval=17
worker.alone.busy_limit=5
worker.lb.mount=/wm/* !/wm/x -/wm3
worker.st.type=status
worker.ro.type=status
worker.ro.read_only=true
worker.us.type=status
worker.us.user=ann
worker.named.type=status
worker.named.prefix=own
worker.named.ns=x:
worker.named.xmlns=xmlns:x=\"urn:x\"
worker.named.doctype=<!DOCTYPE x>
worker.named.good=a.o
worker.named.bad=s,d
worker.bare.type=status
worker.bare.ns=-
worker.bare.xmlns=-
";

const DIRECTIVES: &str = "\
ServerName localhost:80
JkMountFile conf/map.properties
JkWorkerProperty worker.extra.host=example.org
JkMount /app/* lb
JkUnMount /app/static/* lb
JkMount /alone/* alone;reply_timeout=500;fail_on_status=503,-404;sticky_ignore=1;stateless=1;use_server_errors=500
JkMount /app2|/* lb;active=m1,m2;disabled=m3;reply_timeout=0
JkUnMount /nobody/* *
JkMount /st st
JkMount /ro ro
JkMount /us us
JkMount /named named
JkMount /bare bare
";

const MAP: &str = "\
/map/*=lb
!/map/*.gif=lb
-/dis/*=lb
!/all/*=*
/map2/*=alone;reply_timeout=7
/ex=alone
";

impl Site {
    pub fn start(subject: Subject) -> Result<Site> {
        Site::with(subject, |builder| builder)
    }

    pub fn with(subject: Subject, change: impl FnOnce(Builder) -> Builder) -> Result<Site> {
        Site::of(subject, "", change)
    }

    /// With more lines of workers.properties.
    pub fn of(
        subject: Subject,
        lines: &str,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Result<Site> {
        let mut peers = Vec::new();
        let mut workers = WORKERS.to_owned();
        for name in ["m1", "m2", "m3", "alone"] {
            let peer = Peer::named(name, Behaviour::Echo)?;
            workers += &peer.worker(name);
            peers.push((name, peer));
        }
        let builder = Httpd::builder(subject)
            .workers(workers + lines)
            .directives(DIRECTIVES)
            .file("conf/map.properties", MAP)
            .server_limit(1)
            .log_level("info");
        let httpd = change(builder).start()?;
        let ports = peers.iter().map(|(name, peer)| (*name, peer.port()));
        Ok(Site {
            httpd,
            ports: ports.collect(),
            peers,
        })
    }

    /// The answer of the worker `st` to a query.
    pub fn ask(&self, query: &str) -> Result<String> {
        let answer = self.send(Request::get(&format!("/st?{query}")))?;
        ensure!(answer.status == 200, "{query}: {answer:?}");
        Ok(answer.text())
    }

    /// The value of a key of `mime=prop`.
    pub fn value(&self, key: &str) -> Result<String> {
        let answer = self.send(Request::get("/st?mime=prop"))?;
        let value = answer.field(&format!("worker.{key}"));
        value.with_context(|| format!("no {key} in {}", answer.text()))
    }

    pub fn send(&self, request: Request) -> Result<Response> {
        Ok(client::send(self.httpd.port(), request)?)
    }

    /// A running peer.
    pub fn peer(&self, name: &str) -> Result<&Peer> {
        let found = self.peers.iter().find(|(known, _)| *known == name);
        let (_, peer) = found.with_context(|| format!("no peer {name}"))?;
        Ok(peer)
    }

    /// Lines of the Jk log with these texts.
    pub fn log_lines(&self, texts: &[&str]) -> Vec<String> {
        let log = self.httpd.jk_log();
        let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
        log.lines().filter(has_all).map(str::to_owned).collect()
    }
}
