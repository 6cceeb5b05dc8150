//! A httpd that is to end or to begin anew does not wait for its tunnels for ever.

use crate::site::{echo, open, peer, site};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Httpd, Result, ensure, process, wait};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How long a tunnel goes on in a child that was asked to end.
const AFTER_STOP: Duration = Duration::from_secs(30);
/// What httpd and a busy machine may take on top of it.
const SLACK: Duration = Duration::from_secs(15);

/// At a graceful restart a tunnel goes on for a while in its old child; then that is gone.
fn a_graceful_restart(mpm: Mpm) -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "").mpm(mpm).start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.echoes(b"before")?;
    let old = httpd.children();
    httpd.graceful()?;
    let began = Instant::now();
    tunnel.echoes(b"after")?;
    let mut fresh = open(&httpd)?;
    fresh.echoes(b"in a new child")?;
    tunnel.ends()?;
    let lasted = began.elapsed();
    ensure!(lasted + Duration::from_secs(2) > AFTER_STOP, "{lasted:?}");
    ensure!(lasted < AFTER_STOP + SLACK, "{lasted:?}");
    wait::until("the old children are gone", SLACK, || {
        !httpd.children().iter().any(|child| old.contains(child))
    })?;
    fresh.echoes(b"still there")?;
    ensure!(httpd.jk_log().contains("httpd stops"), "{}", httpd.jk_log());
    httpd.assert_clean();
    Ok(())
}

#[test]
fn a_graceful_restart_of_event() -> Result {
    a_graceful_restart(Mpm::Event)
}

#[test]
fn a_graceful_restart_of_worker() -> Result {
    a_graceful_restart(Mpm::Worker)
}

#[test]
fn a_graceful_restart_of_prefork() -> Result {
    a_graceful_restart(Mpm::Prefork)
}

/// A stop does not wait for tunnels.
fn a_stop(mpm: Mpm) -> Result {
    let peer = peer(echo)?;
    let mut httpd: Httpd = site(&peer, "").mpm(mpm).start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.echoes(b"words")?;
    let began = Instant::now();
    process::signal(httpd.pid(), Signal::TERM)?;
    tunnel.ends()?;
    httpd.wait_for_end()?;
    let lasted = began.elapsed();
    ensure!(lasted < Duration::from_secs(8), "{mpm:?}: {lasted:?}");
    let log = httpd.error_log();
    ensure!(!log.contains("still did not exit"), "{mpm:?}: {log}");
    Ok(())
}

#[test]
fn a_stop_with_each_mpm() -> Result {
    Mpm::ALL.into_iter().try_for_each(a_stop)
}
