//! How long somebody waits at a graceful restart: with a file of httpd's own, with mod_jk, and with mod_rjk.
//!
//! `RJK_RESTARTS=24 cargo test -p rjk-testbed --test measure restart -- --nocapture` shows the figures.

use crate::alone;
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Peer, Step};
use rjk_testbed::{Httpd, Result, Subject, bail, client, ensure, process};
use rustix::process::Signal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Restarts of each site, unless `RJK_RESTARTS` says otherwise.
const RESTARTS: usize = 2;
/// Clients; each request is on a connection of its own.
const CLIENTS: usize = 8;
/// From one restart to the next: longer than what is measured.
const APART: Duration = Duration::from_millis(2100);
/// httpd's own second shows as this at least.
const LONG: Duration = Duration::from_millis(700);
/// That second, and what a busy machine adds.
const LIMIT: Duration = Duration::from_millis(2500);

/// What a usual httpd loads, and reads again: the shortest restart is not the usual one.
const USUAL: [&str; 16] = [
    "socache_shmcb",
    "ssl",
    "rewrite",
    "headers",
    "deflate",
    "filter",
    "alias",
    "dir",
    "setenvif",
    "env",
    "status",
    "negotiation",
    "autoindex",
    "proxy",
    "proxy_http",
    "http2",
];

/// What one site did.
struct Seen {
    requests: usize,
    /// The slowest request of each restart.
    slowest: Vec<Duration>,
}

/// When a request began, and how long it took.
type Timed = (Instant, Duration);

fn click(port: u16, path: &str, ended: &AtomicBool) -> Result<Vec<Timed>> {
    let mut all = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = client::get(port, path)?;
        all.push((began, began.elapsed()));
        ensure!(answer.status == 200, "{answer:?}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(all)
}

/// Restarts again and again, under load.
fn watch(site: &Builder, path: &str, restarts: usize) -> Result<Seen> {
    let httpd = site.start()?;
    let ended = AtomicBool::new(false);
    let mut at = Vec::new();
    let requests = thread::scope(|scope| -> Result<Vec<Timed>> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| click(httpd.port(), path, &ended)))
            .collect();
        let restarted = (0..restarts).try_for_each(|_| {
            thread::sleep(APART);
            at.push(Instant::now());
            process::signal(httpd.pid(), Signal::USR1)
        });
        thread::sleep(APART);
        ended.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for client in clients {
            match client.join() {
                Ok(requests) => all.extend(requests?),
                Err(_) => bail!("a client panicked"),
            }
        }
        restarted?;
        Ok(all)
    })?;
    let around = |restart: &Instant| {
        let began = *restart - APART / 2;
        let its = requests
            .iter()
            .filter(|(at, _)| *at >= began && *at < began + APART);
        its.map(|(_, took)| *took).max().unwrap_or_default()
    };
    Ok(Seen {
        requests: requests.len(),
        slowest: at.iter().map(around).collect(),
    })
}

fn usual(site: Builder, children: u32) -> Builder {
    let site = USUAL.iter().fold(site, |site, name| site.module(name));
    site.start_servers(children)
        .server_limit(children * 4)
        .threads_per_child(25)
        .log_level("info")
}

#[test]
fn a_graceful_restart_under_load() -> Result {
    let _alone = alone();
    let restarts = std::env::var("RJK_RESTARTS").map_or(Ok(RESTARTS), |text| text.parse())?;
    println!(
        "site, children, answer after: requests; restarts with a request of {LONG:?} and more; slowest"
    );
    for (answer, children) in [(0, 2), (20, 2), (20, 8)] {
        let pause = Step::Sleep(Duration::from_millis(answer));
        let peer = Peer::start([pause, Step::Echo])?;
        let jk = |subject| {
            Httpd::builder(subject)
                .workers(peer.only_worker("w"))
                .directives("JkMount /a/* w\nJkWatchdogInterval 60")
        };
        let plain = Httpd::plain().file("htdocs/file", "hello");
        let sites = [
            ("httpd", plain, "/file"),
            ("mod_jk", jk(Subject::ModJk), "/a/x"),
            ("mod_rjk", jk(Subject::Rjk), "/a/x"),
        ];
        for (name, site, path) in sites {
            // httpd's file takes no time, however long the answers of the others take.
            if answer > 0 && name == "httpd" {
                continue;
            }
            let seen = watch(&usual(site, children), path, restarts)?;
            let long = seen.slowest.iter().filter(|took| **took >= LONG).count();
            let slowest = seen.slowest.iter().max().copied().unwrap_or_default();
            println!(
                "{name}, {children}, {answer} ms: {}; {long} of {restarts}; {slowest:.2?}",
                seen.requests
            );
            ensure!(slowest < LIMIT, "{name}: {:?}", seen.slowest);
        }
    }
    Ok(())
}
