//! When a connection becomes a WebSocket, and when it does not.

use super::{ON, plain};
use rjk_testbed::client::{Client, Request};
use rjk_testbed::http_peer::Script;
use rjk_testbed::websocket::{self, open, wish};
use rjk_testbed::{Result, client, ensure};

/// Where it is off, and where it is no WebSocket, the peer sees no wish for one.
#[test]
fn rjk_what_is_no_websocket_is_not_forwarded_as_one() -> Result {
    let off = plain(Script::default(), "")?;
    let answer = open(off.httpd.port(), "/w/ws")?;
    ensure!(answer.response().status == 200, "{:?}", answer.response());
    let on = plain(Script::default(), ON)?;
    let own = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";
    for (name, head) in [
        (
            "another protocol",
            "GET /w/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own/1\r\n\r\n"
                .to_owned(),
        ),
        (
            "two of them",
            format!(
                "GET /w/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own, websocket\r\n{own}\r\n"
            ),
        ),
        (
            "not in Connection",
            format!("GET /w/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n{own}\r\n"),
        ),
        (
            "POST",
            format!(
                "POST /w/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n{own}\r\nhi"
            ),
        ),
        (
            "HTTP/1.0",
            format!(
                "GET /w/x HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{own}\r\n"
            ),
        ),
    ] {
        let mut client = Client::connect(on.httpd.port())?;
        client.raw(head.as_bytes())?;
        let status = client.response("GET")?.status;
        ensure!(status == 200, "{name}: {status}");
    }
    for site in [&off, &on] {
        ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
        for request in site.peer.requests() {
            ensure!(request.header("Upgrade").is_none(), "{request:?}");
        }
        site.httpd.assert_clean();
    }
    Ok(())
}

/// The peer's answer when it does not agree, and answers that are no agreement.
#[test]
fn rjk_what_is_no_agreement() -> Result {
    const NOT: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let site = plain(Script::answer(NOT), ON)?;
    let refused = open(site.httpd.port(), "/w/ws")?;
    ensure!((refused.response().status, refused.response().text()) == (403, "no".to_owned()));
    // 426 says what it wants instead (RFC 9110, 15.5.22), 200 is an answer, too.
    for status in [200, 404, 426, 500] {
        site.peer.set(Script::answer(&format!(
            "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"
        )));
        let answer = open(site.httpd.port(), "/w/ws")?;
        ensure!(
            answer.response().status == status,
            "{:?}",
            answer.response()
        );
    }
    for (name, head) in false_agreements() {
        site.peer.set(Script::answer(&head));
        let answer = open(site.httpd.port(), "/w/ws")?;
        ensure!(
            answer.response().status == 502,
            "{name}: {:?}",
            answer.response()
        );
        site.peer.set(Script::default());
        ensure!(
            client::get(site.httpd.port(), "/w/x")?.status == 200,
            "{name}"
        );
    }
    ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
    site.httpd.assert_clean();
    Ok(())
}

/// A 101 that is none to this wish.
#[rustfmt::skip]
fn false_agreements() -> [(&'static str, String); 6] {
    let accepts = format!("Sec-WebSocket-Accept: {}\r\n", websocket::accept_key("x"));
    let with = |version: &str, fields: &str| format!("HTTP/{version} 101 X\r\n{fields}{accepts}\r\n");
    [
        ("nothing", "HTTP/1.1 101 X\r\n\r\n".to_owned()),
        ("no protocol", with("1.1", "Connection: Upgrade\r\n")),
        ("no connection", with("1.1", "Upgrade: websocket\r\n")),
        ("another", with("1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n")),
        ("two", with("1.1", "Connection: Upgrade\r\nUpgrade: websocket, own\r\n")),
        ("old", with("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n")),
    ]
}

/// The client's wish in HTTP/1.1 stays a request that can be followed by others when it was refused.
#[test]
fn rjk_a_refused_wish_leaves_the_connection() -> Result {
    let site = plain(
        Script::answer("HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno").then_echo(),
        ON,
    )?;
    let mut client = Client::connect(site.httpd.port())?;
    client.raw(wish("/w/ws", "").as_bytes())?;
    ensure!(client.response("GET")?.status == 403);
    let next = client.send(&Request::get("/w/next"))?;
    ensure!(
        next.field("target").as_deref() == Some("/w/next"),
        "{next:?}"
    );
    site.httpd.assert_clean();
    Ok(())
}
