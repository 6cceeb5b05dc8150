//! A server whose requests are counted, and its only client.

use super::stub;
use crate::client::{Client, Request};
use crate::httpd::{Builder, Mpm};
use crate::process::{self, ProcessId};
use crate::{Httpd, Result, Subject, c_module, peer};
use anyhow::ensure;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longest time between an answer and the wait for the next request.
const SLEEP_LIMIT: Duration = Duration::from_secs(20);

/// The modules of [`Kind::ProxyAjp`].
pub(super) const PROXY_MODULES: [&str; 5] = [
    "proxy",
    "proxy_ajp",
    "slotmem_shm",
    "proxy_balancer",
    "lbmethod_byrequests",
];

/// What is between httpd and the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: a handler answers from memory.
    Floor,
    /// This project's module.
    Rjk,
    /// Debian's mod_jk.
    ModJk,
    /// mod_proxy with AJP and its balancer.
    ProxyAjp,
}

impl Kind {
    /// All four, the floor first.
    pub const ALL: [Kind; 4] = [Kind::Floor, Kind::Rjk, Kind::ModJk, Kind::ProxyAjp];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Floor => "floor",
            Kind::Rjk => "mod_rjk",
            Kind::ModJk => "mod_jk",
            Kind::ProxyAjp => "mod_proxy_ajp",
        }
    }
}

/// Whether requests belong to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// None yet.
    New,
    /// One on the last member.
    Sticky,
}

impl Session {
    /// Both.
    pub const ALL: [Session; 2] = [Session::New, Session::Sticky];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Session::New => "new",
            Session::Sticky => "sticky",
        }
    }
}

/// The way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What forwards it.
    pub kind: Kind,
    /// Members of the balancer; all are one backend.
    pub members: usize,
    /// Its session.
    pub session: Session,
}

impl Way {
    /// The server of this way, of one prefork child.
    pub(super) fn server(&self) -> Result<Builder> {
        let port = if self.kind == Kind::Floor {
            0
        } else {
            stub::start()?
        };
        let builder = match self.kind {
            Kind::Floor => Httpd::plain(),
            Kind::Rjk => self.with_workers(Subject::Rjk, port),
            Kind::ModJk => self.with_workers(Subject::ModJk, port),
            Kind::ProxyAjp => self.with_proxy(port),
        };
        Ok(builder
            .mpm(Mpm::Prefork)
            .max_request_workers(1)
            .directives(load_module()?)
            .directives("KeepAliveTimeout 60")
            .log_level("info"))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        (1..=self.members).map(name)
    }

    fn with_workers(&self, subject: Subject, port: u16) -> Builder {
        let mut workers =
            "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=".to_owned();
        workers += &self.names().collect::<Vec<_>>().join(",");
        workers.push('\n');
        workers.extend(self.names().map(|name| peer::worker_lines(&name, port)));
        Httpd::builder(subject)
            .workers(workers)
            .directives("JkMount /app/* lb")
    }

    /// Members with one URL would be one member: the backend does not look at the path.
    fn with_proxy(&self, port: u16) -> Builder {
        let mut balancer = "<Proxy balancer://lb>\n".to_owned();
        for name in self.names() {
            let _ = writeln!(
                balancer,
                "BalancerMember ajp://127.0.0.1:{port}/{name} route={name}"
            );
        }
        balancer += "ProxySet stickysession=JSESSIONID|jsessionid\n</Proxy>\nProxyPass /app/ balancer://lb/app/";
        PROXY_MODULES
            .into_iter()
            .fold(Httpd::plain(), Builder::module)
            .directives(balancer)
    }

    fn request(&self) -> Request {
        let target = match self.kind {
            Kind::Floor => "/cost/memory",
            _ => "/app/page",
        };
        let request = Request::get(target).headers(&[("User-Agent", "cost"), ("Accept", "*/*")]);
        match self.session {
            Session::New => request,
            Session::Sticky => {
                let cookie = format!("JSESSIONID=0123456789ABCDEF.{}", name(self.members));
                request.header("Cookie", &cookie)
            }
        }
    }
}

/// None begins with another one: mod_proxy would take the two for one member.
fn name(number: usize) -> String {
    format!("m{number:04}")
}

fn load_module() -> Result<String> {
    static MODULE: OnceLock<Result<std::path::PathBuf>> = OnceLock::new();
    let module = MODULE.get_or_init(|| c_module::compile("tests/support/cost/cost.c"));
    let module = module
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    Ok(format!(
        "LoadModule test_cost_module \"{}\"",
        module.display()
    ))
}

/// A running server and the connection to its child.
pub(super) struct Running {
    pub(super) httpd: Httpd,
    pub(super) child: ProcessId,
    client: Client,
    request: Request,
}

impl Running {
    /// Starts it, and sends so many requests that each member has been used and has its connection.
    pub(super) fn start(way: &Way, builder: &Builder) -> Result<Running> {
        let httpd = builder.start()?;
        let child = httpd.only_child()?;
        let client = Client::connect(httpd.port())?;
        let request = way.request();
        let mut running = Running {
            httpd,
            child,
            client,
            request,
        };
        let rounds = if way.session == Session::New {
            way.members
        } else {
            0
        };
        running.load(50 + 2 * rounds)?;
        Ok(running)
    }

    /// That many requests, one after the other.
    pub(super) fn load(&mut self, count: usize) -> Result {
        let request = self.request.clone();
        (0..count).try_for_each(|_| self.send(&request))
    }

    /// Asks the module of the testbed to do something.
    pub(super) fn tell(&mut self, word: &str) -> Result {
        self.send(&Request::get(&format!("/cost/{word}")))
    }

    fn send(&mut self, request: &Request) -> Result {
        let answer = self.client.send(request)?;
        let good = answer.status == 200 && answer.body.len() == stub::BODY;
        ensure!(good, "{request:?}: {answer:?}");
        self.wait_for_sleep()
    }

    /// Until the child waits for the next request: it has left nothing to do behind the answer.
    fn wait_for_sleep(&self) -> Result {
        let begin = Instant::now();
        while !process::sleeps(self.child) {
            ensure!(
                begin.elapsed() < SLEEP_LIMIT,
                "the child does not come to rest"
            );
            std::thread::yield_now();
        }
        Ok(())
    }
}
