//! Policies have the stack that they may use, however little the threads of httpd have: one that uses
//! all of it ends in a fault, one that does nothing decides, and the children live.

use crate::site::{self, fixture};
use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::Notes;
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::tls::curl;
use rjk_testbed::{Httpd, Result, ensure, process, wait};

/// A balancer each, and what the note says of its requests.
const POLICIES: [(&str, &str); 2] = [("noop", "builtin"), ("deep-recursion", "fault trap")];
/// Requests to each balancer.
const REQUESTS: usize = 12;
/// KiB that `ulimit -s` allows; the default is that of the machine. With less than the last, httpd without
/// the module begins to fail: at 32 it does not start.
const LIMITS: [Option<u32>; 4] = [None, Some(256), Some(128), Some(48)];
/// Bytes of `ThreadStackSize`. The last is too little for mod_http2 and an unoptimised module.
const SIZES: [u32; 3] = [262_144, 131_072, 65_536];

/// Both policies with so much fuel that only the stack ends a recursion.
fn site() -> Result<(rjk_testbed::farm::Members, Builder)> {
    site_on("auto")
}

/// The same with this engine.
pub fn site_on(engine: &str) -> Result<(rjk_testbed::farm::Members, Builder)> {
    let (peers, site) = site::site(&POLICIES.map(|(name, _)| name))?;
    let mut toml = format!("[wasm]\nengine = {engine:?}\n");
    for (name, _) in POLICIES {
        let component = fixture(name)?;
        toml += &format!(
            "[policy.{name}]\ncomponent = {component:?}\nfuel = 100_000_000\nmax_faults = 0\n\
             [balancer.{name}]\npolicy = \"{name}\"\n"
        );
    }
    Ok((peers, site.file("conf/rjk.toml", toml)))
}

fn get(httpd: &Httpd, path: &str) -> Result {
    let response = client::send(httpd.port(), Request::get(path))?;
    ensure!(response.status == 200, "{path}: {response:?}");
    Ok(())
}

/// Every request of this round is answered, the policies decide as always, and no child ends.
fn assert_round(httpd: &Httpd, round: &str, get: impl Fn(&str) -> Result) -> Result {
    let mut children = httpd.children();
    for (name, note) in POLICIES {
        let path = format!("/{name}/{round}");
        for _ in 0..REQUESTS {
            get(&path)?;
        }
        for notes in Notes::of(httpd, &path, REQUESTS)? {
            assert_eq!(notes.decided_by, note, "{name}");
            children.push(notes.pid);
        }
    }
    let left = httpd.children();
    let gone = children.iter().find(|child| !left.contains(child));
    assert_eq!(gone, None, "of {children:?}, {left:?} are left");
    Ok(())
}

/// `-t`, a start, requests, a graceful restart, requests.
pub fn assert_lives(site: &Builder) -> Result {
    let (accepted, said) = site.configtest()?;
    ensure!(accepted, "-t: {said}");
    let httpd = site.start()?;
    assert_round(&httpd, "start", |path| get(&httpd, path))?;
    let old = httpd.children();
    httpd.graceful()?;
    wait::until("the old children are gone", wait::SOON, || {
        let children = httpd.children();
        !children.is_empty() && !children.iter().any(|child| old.contains(child))
    })?;
    assert_round(&httpd, "graceful", |path| get(&httpd, path))?;
    httpd.assert_clean();
    Ok(())
}

fn assert_lives_with_each_limit(mpm: Mpm) -> Result {
    let (_peers, site) = site()?;
    for limit in LIMITS {
        println!("{mpm:?}, ulimit -s {limit:?}");
        let site = site.clone().mpm(mpm);
        assert_lives(&limit.map_or(site.clone(), |limit| site.stack_kib(limit)))?;
    }
    Ok(())
}

fn assert_lives_with_each_size(mpm: Mpm) -> Result {
    let (_peers, site) = site()?;
    for size in SIZES {
        println!("{mpm:?}, ThreadStackSize {size}");
        let size = format!("ThreadStackSize {size}");
        assert_lives(&site.clone().mpm(mpm).directives(size))?;
    }
    Ok(())
}

#[test]
fn event_with_a_small_limit() -> Result {
    assert_lives_with_each_limit(Mpm::Event)
}

#[test]
fn worker_with_a_small_limit() -> Result {
    assert_lives_with_each_limit(Mpm::Worker)
}

#[test]
fn prefork_with_a_small_limit() -> Result {
    assert_lives_with_each_limit(Mpm::Prefork)
}

#[test]
fn event_with_small_threads() -> Result {
    assert_lives_with_each_size(Mpm::Event)
}

#[test]
fn worker_with_small_threads() -> Result {
    assert_lives_with_each_size(Mpm::Worker)
}

/// The interpreter has a stack of its own for the policy, and needs some of the thread's.
#[test]
fn the_interpreter_with_small_threads() -> Result {
    let (_peers, site) = site_on("interpreter")?;
    for size in SIZES {
        println!("the interpreter, ThreadStackSize {size}");
        let size = format!("ThreadStackSize {size}");
        assert_lives(&site.clone().mpm(Mpm::Event).directives(size))?;
    }
    Ok(())
}

/// mod_http2 calls from threads of its own.
#[test]
fn http2_with_small_threads() -> Result {
    let (_peers, site) = site()?;
    for size in &SIZES[..2] {
        let site = site.clone().module("http2").directives("Protocols h2c");
        let httpd = site.directives(format!("ThreadStackSize {size}")).start()?;
        let get = |path: &str| -> Result {
            let url = format!("http://{}{path}", httpd.address());
            let answer = curl(&["--http2-prior-knowledge", "--fail", &url])?;
            ensure!(!answer.is_empty(), "{path}: no answer");
            Ok(())
        };
        assert_round(&httpd, "h2", get)?;
        httpd.assert_clean();
    }
    Ok(())
}

/// There is memory for everything but a stack.
#[test]
fn without_memory_for_a_stack_the_built_in_rules_decide() -> Result {
    let (_peers, site) = site::site(&["lb", "none"])?;
    let component = fixture("noop")?;
    let toml = format!("[policy.p]\ncomponent = {component:?}\n[balancer.lb]\npolicy = \"p\"\n");
    let site = site.file("conf/rjk.toml", toml).threads_per_child(1);
    let httpd = site.directives("ThreadStackSize 131072").start()?;
    // The thread has what it needs for a request.
    (0..REQUESTS).try_for_each(|_| get(&httpd, "/none"))?;
    process::limit_growth(httpd.only_child()?, 384)?;
    get(&httpd, "/lb")?;
    assert_eq!(Notes::of(&httpd, "/lb", 1)?[0].decided_by, "fault no-stack");
    let line = "policy p: no-stack (it needs 384 KiB of stack, this thread has 1";
    let (log, remedy) = (httpd.jk_log(), "ThreadStackSize");
    ensure!(log.contains(line) && log.contains(remedy), "{log}");
    Ok(())
}
