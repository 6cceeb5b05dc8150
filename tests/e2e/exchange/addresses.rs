//! Workers whose name has several addresses (A-03, A-06, BG-12).

use rjk_testbed::peer::Script;
use rjk_testbed::{Peer, Result, Subject, client, farm, wait};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const V4_FIRST: &str = "127.0.0.1 tomcat.test\n::1 tomcat.test\n";
const V6_FIRST: &str = "::1 tomcat.test\n127.0.0.1 tomcat.test\n";

fn worker(port: u16, settings: &str) -> String {
    format!("worker.w.type=ajp13\nworker.w.host=tomcat.test\nworker.w.port={port}\n{settings}\n")
}

/// Tomcat listens at one of the two addresses, whatever the order and the preference; its own
/// `server.xml` has `address="::1"`.
#[test]
fn rjk_the_address_that_listens_is_found() -> Result {
    for (listens, hosts, settings) in [
        (V6, V4_FIRST, ""),
        (V6, V6_FIRST, ""),
        (V4, V4_FIRST, ""),
        (V4, V6_FIRST, ""),
        (V4, V6_FIRST, "worker.w.prefer_ipv6=1"),
        (V6, V4_FIRST, "worker.w.prefer_ipv6=1"),
        (V6, V4_FIRST, "worker.w.socket_connect_timeout=2000"),
        (V6, V4_FIRST, "worker.w.source=127.0.0.2"),
    ] {
        let row = format!("{listens} {hosts:?} {settings}");
        let peer = Peer::at(listens, "peer", Script::default())?;
        let server = farm::server(Subject::Rjk, &["w"], &worker(peer.port(), settings));
        let httpd = server.hosts(hosts).start()?;
        assert_eq!(client::get(httpd.port(), "/w/")?.status, 200, "{row}");
        httpd.assert_clean();
    }
    Ok(())
}

/// Both listen: the preferred family is asked.
#[test]
fn rjk_the_preferred_family_comes_first() -> Result {
    for (settings, serves) in [("", "four"), ("worker.w.prefer_ipv6=1", "six")] {
        for hosts in [V4_FIRST, V6_FIRST] {
            let (four, six) = on_one_port()?;
            let server = farm::server(Subject::Rjk, &["w"], &worker(four.port(), settings));
            let httpd = server.hosts(hosts).start()?;
            let answer = client::get(httpd.port(), "/w/")?;
            assert_eq!(answer.field("peer").as_deref(), Some(serves), "{hosts:?}");
            assert_eq!(four.connections() + six.connections(), 1);
        }
    }
    Ok(())
}

/// Two peers on the same port of the two addresses.
fn on_one_port() -> Result<(Peer, Peer)> {
    loop {
        let four = Peer::named("four", Script::default())?;
        if let Ok(six) = Peer::at_port(V6, four.port(), "six", Script::default()) {
            return Ok((four, six));
        }
    }
}

/// Tomcat moves from one address to the other while httpd runs.
#[test]
fn rjk_an_address_that_no_longer_listens() -> Result {
    let (four, six) = on_one_port()?;
    let server = farm::server(Subject::Rjk, &["w"], &worker(four.port(), ""));
    let httpd = server.hosts(V4_FIRST).start()?;
    let serves =
        || -> Result<Option<String>> { Ok(client::get(httpd.port(), "/w/")?.field("peer")) };
    assert_eq!(serves()?.as_deref(), Some("four"));
    drop(four);
    assert_eq!(serves()?.as_deref(), Some("six"));
    assert_eq!(serves()?.as_deref(), Some("six"));
    assert_eq!(six.connections(), 1);
    Ok(())
}

/// `resolve` in rjk.toml: a worker whose name leads elsewhere by now is followed there, though it still
/// answers where it was, and without a restart. A worker without it stays, as mod_jk has it.
#[test]
fn rjk_a_host_is_looked_up_again() -> Result {
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let old = Peer::named("old", Script::default())?;
    let new = Peer::at_port(ELSEWHERE, old.port(), "new", Script::default())?;
    let lines =
        |name: &str| worker(old.port(), "").replace("worker.w.", &format!("worker.{name}."));
    let workers = [lines("follows"), lines("stays")].concat();
    let httpd = farm::server(Subject::Rjk, &["follows", "stays"], &workers)
        .hosts("127.0.0.1 tomcat.test\n")
        .file("conf/rjk.toml", "[worker.follows]\nresolve = \"5s\"\n")
        .directives("RjkConfigFile conf/rjk.toml")
        .expect_log("its host tomcat.test cannot be looked up, its addresses stay")
        .start()?;
    let serves = |name: &str| -> Result<Option<String>> {
        Ok(client::get(httpd.port(), &format!("/{name}/"))?.field("peer"))
    };
    for name in ["follows", "stays"] {
        assert_eq!(serves(name)?.as_deref(), Some("old"));
    }
    httpd.write("conf/hosts", "127.0.0.2 tomcat.test\n")?;
    wait::until("the worker is followed", 3 * wait::SOON, || {
        serves("follows").is_ok_and(|peer| peer.as_deref() == Some("new"))
    })?;
    assert_eq!(serves("stays")?.as_deref(), Some("old"));
    wait::until("connections to where it was are closed", wait::SOON, || {
        old.open_connections() == 1
    })?;
    let moved = "worker follows: its host tomcat.test is now at 127.0.0.2";
    assert_eq!(httpd.jk_log().matches(moved).count(), 1);
    httpd.write("conf/hosts", "127.0.0.2 another.test\n")?;
    wait::until("the name is gone", 3 * wait::SOON, || {
        httpd.jk_log().contains("cannot be looked up")
    })?;
    assert_eq!(serves("follows")?.as_deref(), Some("new"));
    assert_eq!(new.open_connections(), 1);
    Ok(())
}
