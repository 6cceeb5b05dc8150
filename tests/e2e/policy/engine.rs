//! Where the system forbids executable memory, policies are interpreted, and say so.

use crate::site::{self, LB, header_route, header_route_file};
use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::Members;
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::no_exec::NoExec;
use rjk_testbed::{Httpd, Result, ensure};

/// What the log says of the interpreter.
const LINE: &str = "policies run in the interpreter";
/// What helps.
const REMEDY: &str = "setsebool -P httpd_execmem on";

fn site(engine: &str) -> Result<(Members, Builder)> {
    let (peers, site) = site::site(&LB)?;
    let toml = header_route(&header_route_file()?);
    let toml = format!("[wasm]\nengine = {engine:?}\n{toml}");
    Ok((peers, site.file("conf/rjk.toml", toml)))
}

/// The policy decides: without it, the members would take turns.
fn assert_policy_decides(httpd: &Httpd, what: &str) -> Result {
    for member in site::PEERS.into_iter().cycle().take(6).chain(["b", "b"]) {
        let request = Request::get("/lb").header("X-Member", member);
        let served = site::who(&client::send(httpd.port(), request)?)?;
        assert_eq!(served, member, "{what}");
    }
    Ok(())
}

fn restarts(site: Builder, what: &str) -> Result<Httpd> {
    let httpd = site.start()?;
    assert_policy_decides(&httpd, what)?;
    httpd.graceful()?;
    assert_policy_decides(&httpd, &format!("{what}, graceful"))?;
    Ok(httpd)
}

#[test]
fn forbidden_everywhere_it_is_interpreted_and_one_line_says_so() -> Result {
    let forbidden = NoExec::new()?;
    for mpm in [Mpm::Event, Mpm::Prefork] {
        let (_peers, site) = site("auto")?;
        let site = forbidden.everywhere(site.mpm(mpm));
        let (accepted, output) = site.configtest()?;
        ensure!(accepted && output.contains(LINE), "{output}");
        ensure!(output.contains(REMEDY), "{output}");
        let httpd = restarts(site, "forbidden everywhere")?;
        httpd.assert_clean();
    }
    Ok(())
}

/// Native code that the parent made runs in children that could make none.
#[test]
fn forbidden_in_the_children_alone_native_code_goes_on() -> Result {
    let forbidden = NoExec::new()?;
    for engine in ["auto", "native"] {
        for mpm in [Mpm::Event, Mpm::Prefork] {
            let (_peers, site) = site(engine)?;
            let httpd = restarts(forbidden.in_children(site.mpm(mpm)), engine)?;
            ensure!(!httpd.jk_log().contains(LINE), "{}", httpd.jk_log());
            httpd.assert_clean();
        }
    }
    Ok(())
}

#[test]
fn native_where_it_is_forbidden_is_an_error_with_the_remedy() -> Result {
    let (_peers, site) = site("native")?;
    let (accepted, output) = site.configtest()?;
    ensure!(accepted, "allowed: {output}");
    let forbidden = NoExec::new()?;
    let site = forbidden.everywhere(site);
    let (accepted, output) = site.configtest()?;
    ensure!(!accepted && output.contains(REMEDY), "{output}");
    let failed = site.start_expect_failure()?;
    ensure!(failed.text().contains(REMEDY), "{}", failed.text());
    Ok(())
}

#[test]
fn the_interpreter_can_be_asked_for() -> Result {
    let (_peers, site) = site("interpreter")?;
    let httpd = restarts(site, "interpreter")?;
    ensure!(!httpd.jk_log().contains(LINE), "nothing was forbidden");
    httpd.assert_clean();
    Ok(())
}
