//! What is between httpd and the backend, and how it is configured.

use super::stub::{self, Protocol};
use crate::client::Request;
use crate::httpd::{Builder, Mpm};
use crate::{Httpd, Result, Subject, c_module, peer, policies};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What is between httpd and the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: a handler answers from memory.
    Floor,
    /// This project's module, with AJP.
    Rjk,
    /// This project's module, with HTTP/1.1.
    RjkHttp,
    /// This project's module, with AJP and the policy header-route.
    RjkPolicy,
    /// Debian's mod_jk.
    ModJk,
    /// mod_proxy with AJP and its balancer.
    ProxyAjp,
    /// mod_proxy with HTTP/1.1 and its balancer.
    ProxyHttp,
}

impl Kind {
    /// All of them, the floor first.
    pub const ALL: [Kind; 7] = [
        Kind::Floor,
        Kind::Rjk,
        Kind::RjkHttp,
        Kind::RjkPolicy,
        Kind::ModJk,
        Kind::ProxyAjp,
        Kind::ProxyHttp,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Floor => "floor",
            Kind::Rjk => "mod_rjk",
            Kind::RjkHttp => "mod_rjk_http",
            Kind::RjkPolicy => "mod_rjk_policy",
            Kind::ModJk => "mod_jk",
            Kind::ProxyAjp => "mod_proxy_ajp",
            Kind::ProxyHttp => "mod_proxy_http",
        }
    }

    /// The modules that do the work, as callgrind names them.
    pub(super) fn objects(self) -> Result<Vec<String>> {
        let paths = match self {
            Kind::Floor => Vec::new(),
            Kind::Rjk | Kind::RjkHttp | Kind::RjkPolicy => vec![Subject::Rjk.path()?],
            Kind::ModJk => vec![Subject::ModJk.path()?],
            Kind::ProxyAjp => proxy_paths("proxy_ajp")?,
            Kind::ProxyHttp => proxy_paths("proxy_http")?,
        };
        Ok(paths
            .iter()
            .map(|path| path.display().to_string())
            .collect())
    }
}

/// The modules of mod_proxy and its balancer, with one protocol.
fn proxy_modules(protocol: &str) -> [&str; 5] {
    [
        "proxy",
        protocol,
        "slotmem_shm",
        "proxy_balancer",
        "lbmethod_byrequests",
    ]
}

fn proxy_paths(protocol: &str) -> Result<Vec<PathBuf>> {
    let folder = crate::httpd::modules_dir()?;
    let paths = proxy_modules(protocol).map(|name| folder.join(format!("mod_{name}.so")));
    Ok(paths.into())
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

/// Nothing is due by time while requests are counted.
const WORKERS: &str =
    "worker.list=lb\nworker.maintain=36000\nworker.lb.type=lb\nworker.lb.balance_workers=";

impl Way {
    /// The server of this way, of one prefork child.
    pub(super) fn server(&self) -> Result<Builder> {
        let builder = match self.kind {
            Kind::Floor => Httpd::plain(),
            Kind::Rjk => self.with_workers(Subject::Rjk, stub::start(Protocol::Ajp)?),
            Kind::RjkHttp => self.with_http_workers(stub::start(Protocol::Http)?),
            Kind::RjkPolicy => {
                let builder = self.with_workers(Subject::Rjk, stub::start(Protocol::Ajp)?);
                policies::tenants(builder, &name(self.members))?
            }
            Kind::ModJk => self.with_workers(Subject::ModJk, stub::start(Protocol::Ajp)?),
            Kind::ProxyAjp => self.with_proxy("ajp", stub::start(Protocol::Ajp)?),
            Kind::ProxyHttp => self.with_proxy("http", stub::start(Protocol::Http)?),
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
        let mut workers = WORKERS.to_owned();
        workers += &self.names().collect::<Vec<_>>().join(",");
        workers.push('\n');
        workers.extend(self.names().map(|name| peer::worker_lines(&name, port)));
        Httpd::builder(subject)
            .workers(workers)
            .directives("JkMount /app/* lb")
    }

    fn with_http_workers(&self, port: u16) -> Builder {
        let table = |name| format!("[worker.{name}]\nprotocol = \"http\"\nport = {port}\n");
        self.with_workers(Subject::Rjk, port)
            .file("conf/rjk.toml", self.names().map(table).collect::<String>())
            .directives("RjkConfigFile conf/rjk.toml")
    }

    /// Members with one URL would be one member: the backend does not look at the path.
    fn with_proxy(&self, scheme: &str, port: u16) -> Builder {
        let mut balancer = "<Proxy balancer://lb>\n".to_owned();
        for name in self.names() {
            let _ = writeln!(
                balancer,
                "BalancerMember {scheme}://127.0.0.1:{port}/{name} route={name}"
            );
        }
        balancer += "ProxySet stickysession=JSESSIONID|jsessionid\n</Proxy>\n";
        balancer += "ProxyPass /app/ balancer://lb/app/";
        proxy_modules(&format!("proxy_{scheme}"))
            .into_iter()
            .fold(Httpd::plain(), Builder::module)
            .directives(balancer)
    }

    /// The request that is counted.
    pub(super) fn request(&self) -> Request {
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
    static MODULE: OnceLock<Result<PathBuf>> = OnceLock::new();
    let module = MODULE.get_or_init(|| c_module::compile("tests/support/cost/cost.c"));
    let module = module
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    Ok(format!(
        "LoadModule test_cost_module \"{}\"",
        module.display()
    ))
}
