//! Workers whose name has several addresses (A-03, A-06, BG-12).

use rjk_testbed::client;
use rjk_testbed::peer::Script;
use rjk_testbed::{Peer, Result, Subject, farm};
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
