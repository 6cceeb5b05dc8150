//! Balancers over every way: sessions stay with their Tomcat, move when it is killed, and come back; under
//! load nothing is lost. One balancer has a member by each of two ways.

use rjk_testbed::client::{BodyEnd, Kept, Request, Response};
use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::Door;
use rjk_testbed::{Cluster, Context, Httpd, Result, Version, Way, ensure, wait, way};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How the members `a` and `b` are reached.
#[derive(Clone, Copy, Debug)]
struct Ways(Way, Way);

impl fmt::Display for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.0, self.1)
    }
}

const ALL: [Ways; 7] = [
    Ways(Way::AjpTcp, Way::AjpTcp),
    Ways(Way::AjpUnix, Way::AjpUnix),
    Ways(Way::HttpTcp, Way::HttpTcp),
    Ways(Way::HttpUnix, Way::HttpUnix),
    Ways(Way::Https, Way::Https),
    // On the way off AJP, one member at a time.
    Ways(Way::AjpTcp, Way::Https),
    Ways(Way::HttpUnix, Way::AjpUnix),
];

struct Stage {
    cluster: Cluster,
    sites: Vec<(Ways, Httpd)>,
}

impl Stage {
    fn start(version: Version) -> Result<Stage> {
        let authority = Authority::new("Ways")?;
        let tls = authority.clone();
        let cluster = Cluster::start_with(version, &["a", "b"], move |builder| {
            let doors = [Door::AjpSocket, Door::Http, Door::HttpSocket, Door::Https];
            let builder = builder.doors(&doors);
            builder.clone().tls(&tls).unwrap_or(builder)
        })?;
        let site = |ways: Ways| -> Result<(Ways, Httpd)> {
            let [a, b] = [(0, ways.0), (1, ways.1)].map(|(index, way)| {
                let node = &cluster.nodes[index];
                node.reach(way, node.route())
            });
            let lines = "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=a,b\n\
                         worker.lb.recover_time=1\nworker.maintain=1\n";
            let site = way::site(&authority, &[a?, b?], lines)?
                .directives("JkMount /testbed/* lb")
                .threads_per_child(24)
                .server_limit(1);
            Ok((ways, site.start()?))
        };
        let sites = ALL.into_iter().map(site).collect::<Result<_>>()?;
        Ok(Stage { cluster, sites })
    }
}

/// One user.
struct User {
    client: Kept,
    cookie: Option<String>,
    counter: u64,
}

impl User {
    fn new(httpd: &Httpd) -> User {
        User {
            client: Kept::new(httpd.port()),
            cookie: None,
            counter: 0,
        }
    }

    fn get(&mut self, target: &str) -> Result<Response> {
        let request = Request::get(target);
        let request = match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        };
        Ok(self.client.send(&request)?)
    }

    /// Counts in the session; the node that answered.
    fn count(&mut self) -> Result<String> {
        let answer = self.get("/testbed/counter.jsp")?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
        ensure!(answer.end == BodyEnd::Complete, "{answer:?}");
        let counter: u64 = answer.field("counter").context("no counter")?.parse()?;
        ensure!(counter > self.counter, "from {} to {counter}", self.counter);
        self.counter = counter;
        let cookie = answer.cookie("JSESSIONID").map(str::to_owned);
        self.cookie = cookie.or(self.cookie.take());
        answer.field("node").context("no node")
    }

    /// One with a session at `node`.
    fn at(httpd: &Httpd, node: &str) -> Result<User> {
        for _ in 0..20 {
            let mut user = User::new(httpd);
            if user.count()? == node {
                return Ok(user);
            }
        }
        rjk_testbed::bail!("nobody came to {node}")
    }
}

#[test]
fn rjk_sessions_move_with_their_tomcat() -> Result {
    let mut stage = Stage::start(Version::V10)?;
    let mut users = Vec::new();
    for (ways, httpd) in &stage.sites {
        let mut user = User::at(httpd, "a").with_context(|| ways.to_string())?;
        for _ in 0..5 {
            ensure!(user.count()? == "a", "{ways}: not sticky");
        }
        let cookie = user.cookie.clone().unwrap_or_default();
        ensure!(cookie.ends_with(".a"), "{ways}: {cookie}");
        users.push(user);
    }
    stage.cluster.node("a").context("no a")?.kill9()?;
    for ((ways, _), user) in stage.sites.iter().zip(&mut users) {
        let (before, node) = (
            user.counter,
            user.count().with_context(|| ways.to_string())?,
        );
        ensure!(
            (node.as_str(), user.counter) == ("b", before + 1),
            "{ways}: {node}"
        );
        let cookie = user.cookie.clone().unwrap_or_default();
        ensure!(cookie.ends_with(".b"), "{ways}: {cookie}");
    }
    stage.cluster.node("a").context("no a")?.start()?;
    for (ways, httpd) in &stage.sites {
        let back = || User::at(httpd, "a").is_ok();
        wait::until("a is used again", Duration::from_secs(20), back)
            .with_context(|| ways.to_string())?;
        httpd.assert_clean();
    }
    Ok(())
}

/// Users of one site.
const USERS: usize = 4;
/// Bytes of a longer answer.
const LONG: usize = 100_000;

/// What the users of a site saw.
#[derive(Debug, Default)]
struct Tally {
    answers: AtomicU64,
    by_a: AtomicU64,
    /// Users whose longer answer broke off.
    broken: Mutex<Vec<usize>>,
    failures: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts, and reads a longer answer now and then, until the end.
fn go_on(number: usize, httpd: &Httpd, tally: &Tally, stop: &AtomicBool) -> Result {
    let mut user = User::new(httpd);
    for turn in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if turn % 8 == 0 {
            let target = format!("/testbed/download.jsp?bytes={LONG}&seed=7&length=1&pause=2");
            let answer = user.get(&target)?;
            ensure!(answer.status == 200, "long: {}", answer.status);
            match answer.end {
                BodyEnd::Complete => ensure!(answer.body.len() == LONG, "long"),
                BodyEnd::Broken(_) => lock(&tally.broken).push(number),
            }
        } else if user.count()? == "a" {
            tally.by_a.fetch_add(1, Ordering::Relaxed);
        }
        tally.answers.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Kills node `a` under load and starts it again; every site must have used it before and after.
fn kill_and_start(cluster: &mut Cluster, tallies: &[Tally]) -> Result {
    let more = |by: fn(&Tally) -> &AtomicU64, count: u64| {
        let now = |tally: &Tally| by(tally).load(Ordering::Relaxed);
        let wanted: Vec<u64> = tallies.iter().map(|tally| now(tally) + count).collect();
        let enough = || {
            tallies
                .iter()
                .zip(&wanted)
                .all(|(tally, wanted)| now(tally) >= *wanted)
        };
        wait::until("answers", Duration::from_secs(60), enough)
    };
    more(|tally| &tally.by_a, 30)?;
    let node = cluster.node("a").context("no a")?;
    node.kill9()?;
    more(|tally| &tally.answers, 60)?;
    node.start()?;
    more(|tally| &tally.answers, 60)
}

#[test]
fn rjk_nothing_is_lost_when_a_tomcat_is_killed() -> Result {
    let mut stage = Stage::start(Version::V9)?;
    let tallies: Vec<Tally> = ALL.iter().map(|_| Tally::default()).collect();
    let stop = AtomicBool::new(false);
    let (cluster, sites) = (&mut stage.cluster, &stage.sites);
    let done = std::thread::scope(|scope| {
        for ((_, httpd), tally) in sites.iter().zip(&tallies) {
            for number in 0..USERS {
                let stop = &stop;
                scope.spawn(move || {
                    if let Err(error) = go_on(number, httpd, tally, stop) {
                        lock(&tally.failures).push(format!("{number}: {error:#}"));
                    }
                });
            }
        }
        let done = kill_and_start(cluster, &tallies);
        stop.store(true, Ordering::Relaxed);
        done
    });
    for ((ways, httpd), tally) in sites.iter().zip(&tallies) {
        let failures = lock(&tally.failures);
        ensure!(failures.is_empty(), "{ways}: {failures:#?}");
        // At most the one answer of each that was under way.
        let broken = lock(&tally.broken);
        let once: BTreeSet<&usize> = broken.iter().collect();
        ensure!(once.len() == broken.len(), "{ways}: {broken:?}");
        httpd.assert_clean();
    }
    done
}
