//! Pages whose parts are forwarded too: each part is a sub-request of a request that still has its
//! place in the pool.

use rjk_testbed::client::{self, BodyEnd, Request};
use rjk_testbed::farm::Plan;
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::peer::{Connection, Head, Script, Step};
use rjk_testbed::{Peer, Result, Subject, farm};
use std::io;
use std::time::{Duration, Instant};

const INCLUDES: &str = "<Location />\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>";
const FAILED: &str = "[an error occurred while processing this directive]";

/// Answers `/…/2` with a page of level 2, which includes two of level 1, and so on.
fn pages() -> Script {
    Script::new([Step::run(page)])
}

fn page(connection: &mut Connection) -> io::Result<()> {
    let uri = connection.request().uri.clone();
    let (folder, level) = uri.rsplit_once('/').unwrap_or_default();
    let level: u32 = level.parse().map_err(io::Error::other)?;
    let part = |next| format!("<!--#include virtual=\"{folder}/{next}\" -->");
    let parts = level.checked_sub(1).map(part).unwrap_or_default();
    connection.step(&Step::Head(Head::ok().header("Content-Type", "text/html")))?;
    // The end comes apart from what is before it: the parts run in between.
    connection.step(&Step::text(&format!("{level}{parts}{parts}")))?;
    connection.step(&Step::Flush)?;
    connection.step(&Step::text("."))?;
    connection.step(&Step::End(true))
}

/// One thread per child.
fn single(builder: Builder, mpm: Mpm) -> Builder {
    let builder = builder.module("include").directives(INCLUDES);
    builder.mpm(mpm).threads_per_child(1)
}

#[test]
fn rjk_a14_a_page_and_its_parts_several_levels_deep() -> Result {
    for mpm in Mpm::ALL {
        let peer = Peer::start(pages())?;
        let builder = farm::server(Subject::Rjk, &["w"], &peer.worker("w"));
        let httpd = single(builder, mpm).max_request_workers(1).start()?;
        for _ in 0..3 {
            let page = client::get(httpd.port(), "/w/3")?;
            assert_eq!(page.text(), "3210.0..10.0...210.0..10.0....", "{mpm:?}");
        }
        assert_eq!(peer.connections(), 4, "one for each level, kept: {mpm:?}");
    }
    Ok(())
}

/// A part's end passes the filters of its page, and is not the page's.
#[test]
fn rjk_a_filter_behind_the_one_that_includes() -> Result {
    let peer = Peer::start(pages())?;
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w"))
        .module("include")
        .module("substitute")
        .directives(
            "<Location />\nOptions +Includes\nSetOutputFilter INCLUDES;SUBSTITUTE\n\
             Substitute s/0/zero/\n</Location>",
        )
        .start()?;
    for _ in 0..3 {
        let page = client::get(httpd.port(), "/w/2")?;
        assert_eq!(page.text().replace("zero", "0"), "210.0..10.0...");
        assert_eq!(page.end, BodyEnd::Complete);
    }
    Ok(())
}

/// The part of a session's page stays with its member, whose place is taken by the page.
#[test]
fn rjk_ss_parts_stay_with_the_session() -> Result {
    let plan = Plan::new(Subject::Rjk, &["a", "b"]);
    let farm = plan
        .script("a", pages())
        .script("b", pages())
        .httpd(|builder| single(builder, Mpm::Prefork))
        .start()?;
    for (route, expected) in [("a", [3, 0]), ("b", [3, 3])] {
        let cookie = format!("JSESSIONID=1.{route}");
        let request = Request::get("/1").header("Cookie", &cookie);
        let page = client::send(farm.httpd.port(), request)?;
        assert_eq!(page.text(), "10.0..");
        assert_eq!(farm.counts(), expected, "{route}");
    }
    Ok(())
}

/// A configured size is a bound. Its only place is the page's own: nothing is waited for.
#[test]
fn rjk_a17_the_only_place_is_the_pages_own() -> Result {
    let peer = Peer::start(pages())?;
    let settings = "worker.w.connection_pool_size=1\nworker.w.connection_acquire_timeout=20000\n";
    let workers = peer.worker("w") + settings;
    let builder = farm::server(Subject::Rjk, &["w"], &workers);
    let httpd = single(builder, Mpm::Prefork).start()?;
    let start = Instant::now();
    let page = client::get(httpd.port(), "/w/1")?;
    assert_eq!(page.text(), format!("1{FAILED}{FAILED}."));
    assert!(start.elapsed() < Duration::from_secs(15));
    assert_eq!(client::get(httpd.port(), "/w/0")?.text(), "0.");
    Ok(())
}
