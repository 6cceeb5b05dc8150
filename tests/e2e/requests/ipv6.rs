//! IPv6 from end to end: the client, httpd and the workers on `::1` (Q-05…Q-08, AT-13, A-01, A-09).

use rjk_testbed::client::{Client, Request, Response};
use rjk_testbed::peer::{Behaviour, Script};
use rjk_testbed::{Httpd, Peer, Result, Subject, both, farm};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

both! { a_worker_and_a_client }

const HERE: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn ask(httpd: &Httpd, target: &str) -> Result<Response> {
    let address = SocketAddr::from((HERE, httpd.port()));
    let host = address.to_string();
    Ok(Client::to(address)?.send(&Request::get(target).header("Host", &host))?)
}

fn a_worker_and_a_client(subject: Subject) -> Result {
    let peer = Peer::at(HERE, "w", Script::default())?;
    let workers = peer.worker("w") + "worker.w.ping_mode=A\n";
    let httpd = farm::server(subject, &["w"], &workers)
        .directives("Listen [::1]:@PORT@")
        .start()?;
    for _ in 0..2 {
        assert_eq!(ask(&httpd, "/w/x")?.field("peer").as_deref(), Some("w"));
    }
    let seen = peer.requests().swap_remove(1);
    assert_eq!(seen.remote_addr.as_deref(), Some("::1"), "Q-05");
    assert_eq!(
        seen.server_name.as_deref(),
        Some("::1"),
        "Q-07: as httpd has it"
    );
    assert_eq!(seen.server_port, httpd.port(), "Q-08");
    assert_eq!(seen.attribute("AJP_LOCAL_ADDR"), Some("::1"), "AT-13");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 2));
    assert!(peer.pings() >= 2, "A-09");
    Ok(())
}

/// A balancer over both families: the other member takes over, and what is logged names the address.
#[test]
fn rjk_a_member_on_ipv6_fails_over_to_one_on_ipv4() -> Result {
    let six = Peer::at(HERE, "six", Behaviour::Echo)?;
    let four = Peer::named("four", Behaviour::Echo)?;
    let workers = six.worker("six")
        + &four.worker("four")
        + "worker.four.distance=1\nworker.lb.type=lb\nworker.lb.balance_workers=six,four\n";
    let httpd = farm::server(Subject::Rjk, &["lb"], &workers).start()?;
    let served =
        || -> Result<String> { Ok(farm::who(&rjk_testbed::client::get(httpd.port(), "/lb/")?)) };
    assert_eq!(served()?, "six");
    drop(six);
    assert_eq!(served()?, "four");
    assert_eq!(farm::status_page(&httpd)?.member("six")?.state, "ERR");
    Ok(())
}
