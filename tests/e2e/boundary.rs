//! The boundary to httpd: what a worker sends that httpd refuses, and what is left of a child that
//! ends in order.

use rjk_testbed::client::{self, BodyEnd, Client, Request};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Context, Gate, Httpd, Peer, Result, Subject, ensure, farm, wait};
use std::time::Duration;

fn in_front_of(peer: &Peer) -> Result<Httpd> {
    Httpd::builder(Subject::Rjk)
        .workers(peer.only_worker("w"))
        .directives("JkMount /* w")
        .access_log("%>s %X")
        .start()
}

/// RS-07: httpd refuses a control character in a header value and answers 500 itself. The client
/// is still there and gets that answer.
#[test]
fn rs07_a_header_that_httpd_refuses_gives_500() -> Result {
    let odd = Head::ok().header("X-Odd", "a\u{1}b");
    let peer = Peer::start(Script::answer(odd, "secret"))?;
    let httpd = in_front_of(&peer)?;
    let response = client::get(httpd.port(), "/x")?;
    assert_eq!(response.status, 500, "{response:?}");
    assert_eq!(response.end, BodyEnd::Complete);
    assert!(!response.text().contains("secret"), "{response:?}");
    assert_eq!(httpd.access_lines(1)?, ["500 -"]);
    httpd.assert_clean();
    Ok(())
}

/// RS-03: what is no number does not frame the response to the client.
#[test]
fn rs03_a_content_length_that_is_no_number_is_dropped() -> Result {
    for odd in ["abc", "-5", "+5", "5, 5", "", "99999999999999999999999"] {
        let peer = Peer::start(Script::default())?;
        let httpd = in_front_of(&peer)?;
        let mut client = Client::connect(httpd.port())?;
        for _ in 0..2 {
            let gate = Gate::new();
            peer.set(Script::new([
                Step::ReadBody,
                Step::Head(Head::ok().header("Content-Length", odd)),
                Step::Flush,
                gate.step(),
                Step::text("hello"),
                Step::End(true),
            ]));
            let response = client.send_and_then(&Request::get("/x"), || gate.open())?;
            assert_eq!(response.text(), "hello", "{odd}: {response:?}");
            assert_eq!(response.header("Content-Length"), None, "{odd}");
            assert_eq!(response.end, BodyEnd::Complete, "{odd}");
        }
    }
    Ok(())
}

/// RS-03: a head that says more than one length says none, to the client and to our own check.
#[test]
fn rs03_more_than_one_content_length_is_dropped() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = in_front_of(&peer)?;
    let mut client = Client::connect(httpd.port())?;
    for (first, second) in [
        ("10", "abc"),
        ("abc", "10"),
        ("10", "200"),
        ("10", "10"),
        ("", "10"),
    ] {
        let head = Head::ok().header("Content-Length", first);
        let head = Step::Head(head.header("Content-Length", second));
        // Asking for the body keeps the head of the answer apart from its body.
        let body = Step::Chunk(vec![b'x'; 100]);
        let steps = [head, Step::Flush, Step::ReadBody, body, Step::End(true)];
        peer.set(Script::new(steps));
        let response = client.send(&Request::new("POST", "/x").chunked("body", 4))?;
        let case = format!("{first:?} {second:?}: {response:?}");
        assert_eq!((response.status, response.body.len()), (200, 100), "{case}");
        assert_eq!(response.end, BodyEnd::Complete, "{case}");
        assert!(response.all("Content-Length").is_empty(), "{case}");
    }
    httpd.assert_clean();
    Ok(())
}

/// LB-05, H-09: the connections of children that ended in order are taken off once.
#[test]
fn h09_connections_of_ended_children_are_taken_off_once() -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w"))
        .mpm(Mpm::Prefork)
        .directives("MaxConnectionsPerChild 2")
        .start()?;
    for _ in 0..12 {
        let response = client::get(httpd.port(), "/w/x")?;
        ensure!(response.status == 200, "{response:?}");
    }
    // With some in use a total that went below zero cannot pass for zero.
    peer.set(Behaviour::Stalls);
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(httpd.port())?;
        client.raw(&Request::get("/w/x").head_bytes())?;
        clients.push(client);
    }
    peer.wait_requests(14)?;
    wait::until("the counts agree", Duration::from_secs(10), || {
        let open = peer.open_connections();
        open >= 2 && connected(&httpd).is_ok_and(|shown| shown == open as u64)
    })
    .with_context(|| {
        format!(
            "{} open, {:?} shown",
            peer.open_connections(),
            connected(&httpd)
        )
    })?;
    Ok(())
}

/// The connections of the worker, by the status page.
fn connected(httpd: &Httpd) -> Result<u64> {
    let numbers = farm::status_page(httpd)?.numbers("connected");
    numbers.first().copied().context("no row")
}
