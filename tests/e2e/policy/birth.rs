//! Instances are made when a child is born, and cost no request their time.

use crate::site::{self, LB};
use rjk_guest::Guest;
use rjk_testbed::client::{self, Request};
use rjk_testbed::{Httpd, Result, ensure, wait};

const THREADS: u32 = 4;

/// A policy that says so when it is configured; once for each instance.
fn telling() -> Vec<u8> {
    let guest = Guest {
        data: "I am configured",
        configure: "(call $log (i32.const 2) (i32.const 1024) (i32.const 15)) (i32.const 64)",
        ..Guest::default()
    };
    guest.component()
}

/// How many instances the child made so far.
fn made(httpd: &Httpd) -> Result<usize> {
    let child = format!("[{}:", httpd.only_child()?);
    let log = httpd.jk_log();
    let of_child = log.lines().filter(|line| line.contains(&child));
    Ok(of_child
        .filter(|line| line.contains("I am configured"))
        .count())
}

#[test]
fn a_child_has_an_instance_for_each_thread_before_its_first_request() -> Result {
    let (_peers, site) = site::site(&LB)?;
    let toml = "[policy.p]\ncomponent = \"p.wasm\"\n[balancer.lb]\npolicy = \"p\"\n";
    let site = site
        .file("conf/p.wasm", telling())
        .file("conf/rjk.toml", toml);
    let httpd = site.threads_per_child(THREADS).log_level("info").start()?;
    for life in ["start", "graceful"] {
        wait::until("an instance for each thread", wait::SOON, || {
            made(&httpd).is_ok_and(|made| made == THREADS as usize)
        })?;
        for _ in 0..10 {
            let response = client::send(httpd.port(), Request::get("/lb"))?;
            ensure!(response.status == 200, "{response:?}");
        }
        assert_eq!(
            made(&httpd)?,
            THREADS as usize,
            "{life}: requests made none"
        );
        if life == "start" {
            let old = httpd.only_child()?;
            httpd.graceful()?;
            wait::until("the old child is gone", wait::SOON, || {
                httpd.only_child().is_ok_and(|child| child != old)
            })?;
        }
    }
    httpd.assert_clean();
    Ok(())
}
