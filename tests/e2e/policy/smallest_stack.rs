//! The smallest stacks: where httpd itself still has room for what it does, a policy works too.
//!
//! httpd 2.4 keeps 32 KiB on the stack of a thread while it closes a connection (event), and two texts
//! of 8 KiB while it writes a line into its error log. With less it goes on in the memory of another
//! thread, or ends.

use crate::stack::{assert_lives, site_on};
use rjk_testbed::client::{self, Request};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::wide_guard::WideGuard;
use rjk_testbed::{Context, Httpd, Result, ensure, wait};

/// Bytes of a page, the steps in which stacks are tried.
const PAGE: u32 = 4096;
/// `ThreadStackSize` with which httpd certainly has room, in bytes.
const ENOUGH: u32 = 65_536;
/// The least that the C library makes.
const LEAST: u32 = 16_384;
const CRASH: &str = "exit signal Segmentation fault";

/// Whether httpd without the module serves with stacks of that size: a file, and a path that is not
/// there, of which it writes a line.
fn httpd_serves(guard: &WideGuard, mpm: Mpm, size: u32) -> Result<bool> {
    let site = guard.of(Httpd::plain().mpm(mpm)).file("htdocs/here", "");
    let httpd = site.directives(format!("ThreadStackSize {size}")).start()?;
    let before = httpd.children();
    let answers =
        ["/here", "/missing"].iter().cycle().take(12).map(|path| {
            client::send(httpd.port(), Request::get(path)).map(|response| response.status)
        });
    let whole = answers.filter_map(Result::ok).collect::<Vec<_>>();
    let serves = whole == [200, 404].repeat(6) && httpd.children() == before;
    if serves {
        httpd.assert_clean();
    } else {
        httpd.expect_log(CRASH);
        wait::until("httpd says that a child crashed", wait::SOON, || {
            httpd.error_log().contains(CRASH)
        })?;
    }
    Ok(serves)
}

/// The smallest stack with which httpd serves, and that one page less is not enough for it.
fn smallest(guard: &WideGuard, mpm: Mpm) -> Result<u32> {
    let mut smallest = None;
    for size in (LEAST..=ENOUGH).rev().step_by(PAGE as usize) {
        if !httpd_serves(guard, mpm, size)? {
            println!("{mpm:?}: httpd alone ends with {size} bytes of stack");
            return smallest.context("httpd does not serve at all");
        }
        smallest = Some(size);
    }
    smallest.context("no size was tried")
}

fn assert_lives_where_httpd_does(mpm: Mpm) -> Result {
    let guard = WideGuard::new()?;
    let size = smallest(&guard, mpm)?;
    println!("{mpm:?}: httpd alone serves with {size} bytes of stack");
    ensure!(
        size < ENOUGH,
        "a stack that is too small for httpd was to be found"
    );
    for engine in ["native", "interpreter"] {
        println!("{mpm:?}: {engine}");
        let (_peers, site) = site_on(engine)?;
        let site = site.mpm(mpm).directives(format!("ThreadStackSize {size}"));
        assert_lives(&guard.of(site))?;
    }
    Ok(())
}

#[test]
fn event_with_the_smallest_threads() -> Result {
    assert_lives_where_httpd_does(Mpm::Event)
}

#[test]
fn worker_with_the_smallest_threads() -> Result {
    assert_lives_where_httpd_does(Mpm::Worker)
}
