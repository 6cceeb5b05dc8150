//! What a start makes of the tables of rjk.toml: what it compiles, what it leaves alone, and where it says
//! that something is wrong.

use crate::site::{self, LB, fixture, header_route, header_route_file};
use rjk_testbed::client::{self, Request};
use rjk_testbed::{Httpd, Result};
use std::fs;

/// The component of the tests.
const COMPONENT: &str = "conf/policies/p.wasm";

/// How many components were compiled since the start, as the log says at each start.
fn compiled(httpd: &Httpd) -> Option<u64> {
    let log = httpd.jk_log();
    let said = "components of policies compiled since httpd was started: ";
    let line = log.lines().rfind(|line| line.contains(said))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// httpd reads its configuration twice in each start: a component is compiled once, for two policies too,
/// and not again while its bytes are the same.
#[test]
fn equal_components_are_compiled_once() -> Result {
    let (_peers, site) = site::site(&["lb", "two"])?;
    let second = header_route("policies/same.wasm")
        .replace(".p", ".q")
        .replace("\"p\"", "\"q\"")
        .replace("lb-", "two-")
        .replace(".lb]", ".two]");
    let (route, noop) = (fs::read(header_route_file()?)?, fs::read(fixture("noop")?)?);
    let httpd = site
        .file("conf/rjk.toml", header_route("policies/p.wasm") + &second)
        .file(COMPONENT, route.as_slice())
        .file("conf/policies/same.wasm", route.as_slice())
        .start()?;
    assert_eq!(compiled(&httpd), Some(1), "{}", httpd.jk_log());
    httpd.graceful()?;
    assert_eq!(compiled(&httpd), Some(1), "the bytes are the same");
    fs::write(httpd.path(COMPONENT), noop)?;
    httpd.graceful()?;
    assert_eq!(compiled(&httpd), Some(2), "one has changed");
    httpd.assert_clean();
    Ok(())
}

/// It is not even read; `-t` and the log say so.
#[test]
fn a_policy_that_no_balancer_uses_costs_nothing_and_is_warned_of() -> Result {
    let (_peers, site) = site::site(&LB)?;
    let unused = "[policy.none]\ncomponent = \"none.wasm\"\n";
    let said = "conf/rjk.toml:1: no balancer uses policy none";
    let site = site
        .file(
            "conf/rjk.toml",
            unused.to_owned() + &header_route("policies/p.wasm"),
        )
        .file(COMPONENT, fs::read(header_route_file()?)?)
        .expect_log("no balancer uses policy none");
    let (accepted, output) = site.configtest()?;
    assert!(accepted && output.contains(said), "{output}");
    let httpd = site.start()?;
    for _ in 0..3 {
        let request = Request::get("/lb").header("X-Member", "b");
        assert_eq!(site::who(&client::send(httpd.port(), request)?)?, "b");
    }
    for log in [httpd.error_log(), httpd.jk_log()] {
        assert!(log.contains(said), "{log}");
    }
    Ok(())
}

/// An error of `configure` stands at the line that it is about.
#[test]
fn what_configure_refuses_has_its_own_line() -> Result {
    let good = header_route(&header_route_file()?);
    for (wrong, said) in [
        (good.replace("header =", "heder ="), ":4: policy p: "),
        (
            good.replace("b = \"lb-b\"", "b = \"lb-x\""),
            ":7: policy p: ",
        ),
        (
            good.replace("header = \"X-Member\"\n", ""),
            ":3: policy p: ",
        ),
    ] {
        let (_peers, site) = site::site(&LB)?;
        let (accepted, output) = site.file("conf/rjk.toml", wrong.as_str()).configtest()?;
        assert!(!accepted && output.contains(said), "{wrong}: {output}");
    }
    Ok(())
}
