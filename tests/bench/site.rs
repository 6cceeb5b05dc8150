//! One httpd under load.

use crate::backends::{Backends, PATH};
use crate::load::{Clients, Pace, Requests, Tally};
use crate::plan::{Backend, Mpm, Point, Variant};
use rjk_testbed::httpd::{self, Builder};
use rjk_testbed::process;
use rjk_testbed::{Context, Httpd, Result, Subject, c_module, peer, policies};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Children of prefork beyond one for each client: it never waits for one to start.
const SPARE: usize = 4;

/// A running server, and connections to it.
pub struct Site {
    pub variant: Variant,
    pub httpd: Httpd,
    clients: Clients,
    /// Fewer of them, at a point that compares the numbers.
    few: Option<Clients>,
}

/// Who loads a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    All,
    Few,
}

impl Site {
    /// Starts a variant for a point.
    pub fn start(variant: Variant, point: &Point, backends: &Backends) -> Result<Httpd> {
        let builder = match variant {
            Variant::Floor => answering("floor", point, backends)?,
            Variant::Limit => answering("limit", point, backends)?,
            Variant::LimitUnix => answering("limit", point, backends)?
                .directives(format!("BenchPeerSocket {:?}", backends.ajp_socket)),
            Variant::ModJk => with_workers(Subject::ModJk, point, backends),
            Variant::ProxyAjp => with_proxy("proxy_ajp", point, |host| {
                format!("ajp://{host}:{}", backends.ajp)
            }),
            Variant::ProxyHttp => with_proxy("proxy_http", point, |host| {
                format!("http://{host}:{}", backends.http)
            }),
            Variant::Rjk => with_workers(Subject::Rjk, point, backends),
            Variant::Again => again(with_workers(Subject::Rjk, point, backends)),
            Variant::Policy => {
                policies::tenants(with_workers(Subject::Rjk, point, backends), "m2")?
            }
            Variant::AjpUnix => reached(point, backends, &socket(&backends.ajp_socket)),
            Variant::Http => {
                let way = format!("protocol = \"http\"\nport = {}\n", backends.http);
                reached(point, backends, &way)
            }
            Variant::HttpUnix => {
                let way = format!("protocol = \"http\"\n{}", socket(&backends.http_socket));
                reached(point, backends, &way)
            }
        };
        sized(builder, point)
            .start()
            .with_context(|| format!("{}: {}", point.name, variant.name()))
    }

    /// With connections to it, which open with the first requests.
    pub fn new(variant: Variant, httpd: Httpd, point: &Point) -> Result<Site> {
        let clients = |count| Clients::new(httpd.address(), count, Requests::new(point, PATH));
        Ok(Site {
            variant,
            clients: clients(point.clients)?,
            few: point.few.map(clients).transpose()?,
            httpd,
        })
    }

    /// CPU time of all children so far.
    pub fn cpu_time(&self) -> Result<Duration> {
        self.httpd
            .children()
            .into_iter()
            .map(process::cpu_time)
            .sum()
    }

    /// Resident memory of the child that has the most, in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        let sizes: Result<Vec<u64>> = self
            .httpd
            .children()
            .into_iter()
            .map(process::rss_kib)
            .collect();
        sizes?.into_iter().max().context("no child")
    }

    /// Runs a load; an error names the server.
    pub fn load(&mut self, pace: &mut impl Pace) -> Result<Tally> {
        self.load_by(Crowd::All, pace)
    }

    /// The same by these clients.
    pub fn load_by(&mut self, crowd: Crowd, pace: &mut impl Pace) -> Result<Tally> {
        let clients = match crowd {
            Crowd::All => &mut self.clients,
            Crowd::Few => self.few.as_mut().context("no few clients")?,
        };
        let tally = clients.run(pace);
        tally.with_context(|| format!("{}: {}", self.variant.name(), self.httpd.error_log()))
    }
}

/// As many threads or children as the point says, and connections that stay open between two visits.
fn sized(builder: Builder, point: &Point) -> Builder {
    let builder = builder.log_level("info").directives("KeepAliveTimeout 600");
    match point.mpm {
        Mpm::Event => builder
            .mpm(httpd::Mpm::Event)
            .server_limit(1)
            .threads_per_child(point.threads),
        Mpm::Prefork => builder
            .mpm(httpd::Mpm::Prefork)
            .start_servers((point.clients + SPARE) as u32),
    }
}

fn answering(handler: &str, point: &Point, backends: &Backends) -> Result<Builder> {
    static MODULE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let compile = || c_module::compile("tests/bench/floor.c").map_err(|error| format!("{error:#}"));
    let module = MODULE.get_or_init(compile).as_ref();
    let module = module.map_err(|error| rjk_testbed::Error::msg(error.clone()))?;
    Ok(Httpd::plain().directives(format!(
        "LoadModule bench_floor_module {module:?}\nBenchHandler {handler}\nBenchAnswer {}\n\
         BenchUpload {}\nBenchPeer {}",
        point.work.answer(),
        point.work.upload(),
        backends.ajp
    )))
}

fn socket(path: &Path) -> String {
    format!("socket = {path:?}\n")
}

fn names(point: &Point) -> Vec<String> {
    (1..=point.members)
        .map(|number| format!("m{number}"))
        .collect()
}

fn with_workers(subject: Subject, point: &Point, backends: &Backends) -> Builder {
    let names = names(point);
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

/// The same build again, or the one that it is to be compared with.
fn again(builder: Builder) -> Builder {
    match std::env::var_os("AGAINST") {
        Some(path) => builder.build_at(path.into()),
        None => builder,
    }
}

fn reached(point: &Point, backends: &Backends, way: &str) -> Builder {
    let tables: String = names(point)
        .iter()
        .map(|name| format!("[worker.{name}]\n{way}"))
        .collect();
    with_workers(Subject::Rjk, point, backends)
        .file("conf/rjk.toml", tables)
        .directives("RjkConfigFile conf/rjk.toml")
}

/// Members with one URL would be one member. The stub does not look at the path; for Tomcat the host
/// is written in two ways.
fn with_proxy(protocol: &str, point: &Point, url: impl Fn(&str) -> String) -> Builder {
    let member = |name: &String| {
        let place = match point.backend {
            Backend::Stub => format!("{}/{name}", url("127.0.0.1")),
            Backend::Tomcat if name == "m1" => url("127.0.0.1"),
            Backend::Tomcat => url("127.1"),
        };
        format!("BalancerMember {place} route={name}\n")
    };
    let members: String = names(point).iter().map(member).collect();
    let modules = [
        "proxy",
        protocol,
        "slotmem_shm",
        "proxy_balancer",
        "lbmethod_byrequests",
    ];
    modules
        .into_iter()
        .fold(Httpd::plain(), Builder::module)
        .directives(format!(
            "<Proxy balancer://lb>\n{members}ProxySet stickysession=JSESSIONID\n</Proxy>\n\
         ProxyPass / balancer://lb/"
        ))
}
