//! What is compared, at which points, and how often.
//!
//! Not every combination is measured: there is a base point, and each other point varies one axis of
//! it (or two, where a bar of the project asks for the combination).

use rjk_testbed::{Result, ensure};
use serde::Serialize;
use std::time::Duration;

/// What stands between httpd and the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// A handler that answers from memory: what httpd itself costs.
    Floor,
    /// A handler that writes a fixed AJP request and reads the answer, once each, with nothing parsed; and
    /// likewise for each packet of an upload.
    Limit,
    /// The same over a unix socket.
    LimitUnix,
    ModJk,
    ProxyAjp,
    ProxyHttp,
    Rjk,
    /// mod_rjk once more: what differs between the two is chance.
    Again,
    Policy,
    AjpUnix,
    Http,
    HttpUnix,
}

use Variant::{
    Again, AjpUnix, Floor, Http, HttpUnix, Limit, LimitUnix, ModJk, Policy, ProxyAjp, ProxyHttp,
    Rjk,
};

impl Variant {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Floor => "floor",
            Limit => "limit",
            LimitUnix => "limit, unix",
            ModJk => "mod_jk",
            ProxyAjp => "mod_proxy_ajp",
            ProxyHttp => "mod_proxy_http",
            Rjk => "mod_rjk",
            Again => "mod_rjk again",
            Policy => "mod_rjk, policy",
            AjpUnix => "mod_rjk, AJP/unix",
            Http => "mod_rjk, HTTP",
            HttpUnix => "mod_rjk, HTTP/unix",
        }
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A GET whose answer has so many bytes.
    Down(u64),
    /// A POST with a body of so many bytes; the answer is [`SMALL`].
    Up(u64),
    /// A GET with so many bytes of headers; the answer is [`SMALL`].
    Headers(usize),
}

/// Bytes of a small answer.
pub const SMALL: u64 = 1 << 10;
const KIB: u64 = 1 << 10;
const LARGE: u64 = 100_000_000;

impl Work {
    /// Bytes of the answer's body.
    pub fn answer(self) -> u64 {
        match self {
            Work::Down(bytes) => bytes,
            Work::Up(_) | Work::Headers(_) => SMALL,
        }
    }

    /// Bytes of the request's body.
    pub fn upload(self) -> u64 {
        match self {
            Work::Up(bytes) => bytes,
            Work::Down(_) | Work::Headers(_) => 0,
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// A thread of this program that answers at once, always the same.
    Stub,
    /// Tomcat 10.1 with static files.
    Tomcat,
}

/// Which of httpd's multi-processing modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mpm {
    Event,
    Prefork,
}

/// One point of the comparison.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    /// How it is asked for by `POINTS=`.
    pub name: &'static str,
    /// As headings name it.
    pub title: &'static str,
    pub backend: Backend,
    pub work: Work,
    pub members: usize,
    /// Connections of the load generator.
    pub clients: usize,
    /// In each round the same servers are visited by so many clients, too, to see what more of them cost.
    pub few: Option<usize>,
    /// Threads of httpd's child; prefork has a child for each client instead, and some more.
    pub threads: u32,
    /// Each request names a member by its session id; otherwise none has a session.
    pub sticky: bool,
    pub keep_alive: bool,
    pub mpm: Mpm,
    /// Percentiles at a fixed rate, too.
    pub paced: bool,
    /// System calls, too.
    pub traced: bool,
    /// Instructions and allocations, too, where they can be counted.
    pub counted: bool,
    /// Part of `QUICK=1`.
    pub quick: bool,
    /// What is compared there.
    pub variants: &'static [Variant],
}

const ALL: &[Variant] = &[
    Floor, Limit, LimitUnix, ModJk, ProxyAjp, ProxyHttp, Rjk, Again, Policy, AjpUnix, Http,
    HttpUnix,
];
/// The limit's one read would not do, and a policy sees nothing of a body.
const WORKS: &[Variant] = &[
    Floor, ModJk, ProxyAjp, ProxyHttp, Rjk, Again, AjpUnix, Http, HttpUnix,
];
/// Of an upload it takes one packet after the other, and its answer is small.
const UPLOADS: &[Variant] = &[
    Floor, Limit, LimitUnix, ModJk, ProxyAjp, ProxyHttp, Rjk, Again, AjpUnix, Http, HttpUnix,
];
const BALANCED: &[Variant] = &[Floor, ModJk, ProxyAjp, Rjk, Again, Policy];
const CONNECTIONS: &[Variant] = &[
    Floor, Limit, ModJk, ProxyAjp, ProxyHttp, Rjk, Again, AjpUnix, Http,
];
const WITH_TOMCAT: &[Variant] = &[
    Floor, ModJk, ProxyAjp, ProxyHttp, Rjk, Again, Policy, AjpUnix, Http, HttpUnix,
];

/// Small GETs of 16 clients over connections that stay open.
const BASE: Point = Point {
    name: "base",
    title: "Small GET (1 KiB)",
    backend: Backend::Stub,
    work: Work::Down(SMALL),
    members: 2,
    clients: 16,
    few: None,
    threads: 64,
    sticky: false,
    keep_alive: true,
    mpm: Mpm::Event,
    paced: true,
    traced: false,
    counted: true,
    quick: true,
    variants: ALL,
};

/// What other points have that vary one thing of it.
const OTHER: Point = Point {
    paced: false,
    counted: false,
    quick: false,
    ..BASE
};
const BODY: Point = Point {
    variants: WORKS,
    ..OTHER
};
const UPLOAD: Point = Point {
    variants: UPLOADS,
    ..OTHER
};
/// So few that each transfer is long against what surrounds it.
const CLIENTS_OF_HUGE: usize = 2;
const MANY: Point = Point {
    counted: true,
    variants: BALANCED,
    ..OTHER
};
const STICKY: Point = Point {
    sticky: true,
    ..MANY
};
/// As many threads at each, so that only the clients differ; more than clients, for without a free thread
/// httpd closes idle connections.
const CLIENTS: Point = Point {
    threads: 320,
    variants: CONNECTIONS,
    ..OTHER
};
const TOMCAT: Point = Point {
    backend: Backend::Tomcat,
    variants: WITH_TOMCAT,
    ..OTHER
};

/// All points, in the order in which they are measured.
#[rustfmt::skip]
pub const POINTS: &[Point] = &[
    BASE,
    Point { name: "down-16k", title: "Download of 16 KiB", work: Work::Down(16 * KIB), ..BODY },
    Point { name: "down-256k", title: "Download of 256 KiB", work: Work::Down(256 * KIB), quick: true, ..BODY },
    Point { name: "down-100m", title: "Download of 100 MB", work: Work::Down(LARGE), clients: CLIENTS_OF_HUGE, quick: true, ..BODY },
    Point { name: "up-16k", title: "Upload of 16 KiB", work: Work::Up(16 * KIB), ..UPLOAD },
    Point { name: "up-256k", title: "Upload of 256 KiB", work: Work::Up(256 * KIB), traced: true, quick: true, ..UPLOAD },
    Point { name: "up-100m", title: "Upload of 100 MB", work: Work::Up(LARGE), clients: CLIENTS_OF_HUGE, quick: true, ..UPLOAD },
    Point { name: "headers", title: "Small GET with 6 KiB of headers", work: Work::Headers(6 << 10), ..BODY },
    Point { name: "members-20", title: "20 members", members: 20, ..MANY },
    Point { name: "members-200", title: "200 members", members: 200, ..MANY },
    Point { name: "members-1000", title: "1,000 members", members: 1_000, quick: true, ..MANY },
    Point { name: "sticky", title: "2 members, sticky", quick: true, ..STICKY },
    Point { name: "sticky-1000", title: "1,000 members, sticky", members: 1_000, quick: true, ..STICKY },
    Point { name: "clients-1", title: "1 client", clients: 1, ..CLIENTS },
    Point { name: "clients-16", title: "16 clients", ..CLIENTS },
    Point { name: "clients-64", title: "64 clients", clients: 64, ..CLIENTS },
    Point { name: "clients-256", title: "256 clients", clients: 256, few: Some(BASE.clients), quick: true, ..CLIENTS },
    Point { name: "close", title: "A connection for each request", keep_alive: false, variants: CONNECTIONS, ..OTHER },
    Point { name: "prefork", title: "Prefork instead of event", mpm: Mpm::Prefork, traced: true, quick: true, variants: ALL, ..OTHER },
    Point { name: "tomcat", title: "Real Tomcat, small GET", paced: true, quick: true, ..TOMCAT },
    Point { name: "tomcat-256k", title: "Real Tomcat, download of 256 KiB", work: Work::Down(256 * KIB), ..TOMCAT },
];

/// How often and how long.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scale {
    /// Times that all servers of a point are started anew.
    pub series: u32,
    /// Visits to each server in a series.
    pub rounds: u32,
    /// Length of a visit in milliseconds.
    pub visit_ms: u64,
    /// Visits at a fixed rate in a series, where there are such: short ones, for a stall of the machine
    /// makes a visit useless, and many.
    pub paced_rounds: u32,
    /// Length of one in milliseconds.
    pub paced_ms: u64,
    /// Requests during which system calls are counted.
    pub traced: u32,
}

/// For figures that are quoted.
const FULL: Scale = Scale {
    series: 3,
    rounds: 8,
    visit_ms: 220,
    paced_rounds: 16,
    paced_ms: 300,
    traced: 500,
};
/// For a look within minutes.
const QUICK: Scale = Scale {
    series: 1,
    rounds: 5,
    visit_ms: 120,
    paced_rounds: 5,
    paced_ms: 300,
    traced: 400,
};

/// One run of the program.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub scale: Scale,
    pub points: Vec<&'static Point>,
}

impl Plan {
    /// `quick`, or all of it; of all or of the points with these names.
    pub fn new(quick: bool, names: &[String]) -> Result<Plan> {
        let known = |name: &String| POINTS.iter().any(|point| point.name == name);
        let unknown: Vec<&String> = names.iter().filter(|name| !known(name)).collect();
        let all: Vec<&str> = POINTS.iter().map(|point| point.name).collect();
        ensure!(
            unknown.is_empty(),
            "no such points: {unknown:?}; there are {}",
            all.join(", ")
        );
        let wanted = |point: &&Point| match names {
            [] => point.quick || !quick,
            names => names.iter().any(|name| name == point.name),
        };
        Ok(Plan {
            scale: if quick { QUICK } else { FULL },
            points: POINTS.iter().filter(wanted).collect(),
        })
    }

    /// About how long it will take.
    pub fn estimate(&self) -> Duration {
        let scale = &self.scale;
        let of = |point: &&Point| {
            let paced = u64::from(point.paced) * u64::from(scale.paced_rounds) * scale.paced_ms;
            // Each client sends one request at least, and one more visit warms the server up.
            let bytes = point.work.upload() * point.clients as u64;
            let visit = scale.visit_ms.max(bytes / UPLOADED_IN_A_MS);
            let visits = u64::from(scale.rounds + 1) * visit;
            let visits = visits * (1 + u64::from(point.few.is_some()));
            let traced = u64::from(point.traced) * TRACE_MS;
            let each = u64::from(scale.series) * (START_MS + visits + paced) + traced;
            point.variants.len() as u64 * each + u64::from(point.counted) * COUNT_MS
        };
        Duration::from_millis(self.points.iter().map(of).sum())
    }
}

/// For each server, to start and to stop it; for each, to trace it; for each point, to count instructions.
const START_MS: u64 = 700;
const TRACE_MS: u64 = 1_000;
const COUNT_MS: u64 = 10_000;
/// Bytes of large bodies, as the mean of all variants.
const UPLOADED_IN_A_MS: u64 = 330_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn points_have_names_of_their_own_and_something_to_compare() {
        let names: BTreeSet<_> = POINTS.iter().map(|point| point.name).collect();
        assert_eq!(names.len(), POINTS.len());
        for point in POINTS {
            let variants: BTreeSet<_> = point.variants.iter().collect();
            assert_eq!(variants.len(), point.variants.len(), "{}", point.name);
            for wanted in [Floor, ModJk, Rjk, Again] {
                assert!(variants.contains(&wanted), "{}: {wanted:?}", point.name);
            }
            let clients = point.clients + point.few.unwrap_or(0);
            assert!(clients <= point.threads as usize, "{}", point.name);
        }
    }

    /// What the issue asks for, value by value.
    #[test]
    fn each_axis_has_its_values() {
        let values =
            |of: fn(&Point) -> usize| -> BTreeSet<usize> { POINTS.iter().map(of).collect() };
        assert_eq!(values(|p| p.members), [2, 20, 200, 1_000].into());
        assert!(values(|p| p.clients).is_superset(&[1, 16, 64, 256].into()));
        for size in [16 * KIB, 256 * KIB, LARGE] {
            for work in [Work::Down(size), Work::Up(size)] {
                assert!(POINTS.iter().any(|p| p.work == work), "{work:?}");
            }
        }
        assert!(POINTS.iter().any(|p| p.work == Work::Headers(6 << 10)));
        assert!(POINTS.iter().any(|p| p.mpm == Mpm::Prefork));
        assert!(POINTS.iter().any(|p| p.backend == Backend::Tomcat));
        assert!(POINTS.iter().any(|p| !p.keep_alive));
        assert!(POINTS.iter().any(|p| p.sticky && p.members == 1_000));
    }

    #[test]
    fn a_quick_run_is_a_part_that_ends_within_five_minutes() -> Result {
        let (quick, full) = (Plan::new(true, &[])?, Plan::new(false, &[])?);
        assert_eq!(full.points.len(), POINTS.len());
        assert!(quick.points.len() < full.points.len());
        assert!(
            quick.estimate() < Duration::from_secs(280),
            "{:?}",
            quick.estimate()
        );
        assert!(full.estimate() > quick.estimate());
        println!("quick {:?}, all {:?}", quick.estimate(), full.estimate());
        Ok(())
    }

    #[test]
    fn points_are_chosen_by_name() -> Result {
        let plan = Plan::new(true, &["members-20".to_owned()])?;
        assert_eq!(plan.points.len(), 1);
        assert_eq!(plan.points[0].members, 20);
        let error = Plan::new(true, &["members-21".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("members-20,"), "{error}");
        Ok(())
    }
}
