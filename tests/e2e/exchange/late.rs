//! Bytes that a worker sends behind the end of its answer: they are nobody's answer, and empty body
//! packets harm nobody (PL-02, PL-09, CP-08).

use rjk_testbed::client::{self, Request};
use rjk_testbed::gate::Gate;
use rjk_testbed::peer::{Head, Script, Step, body_chunk, end_response, frame};
use rjk_testbed::{Peer, Result, Subject, farm};
use std::sync::mpsc;

/// An answer that belongs to no request.
fn stray() -> Vec<u8> {
    let body = body_chunk(b"stray");
    [Head::ok().packet(), body, end_response(true)].concat()
}

/// Sends one request, then `late` on the idle connection, then another request. What the second one
/// got, the connections that it took, and the log.
fn second_answer(method: &str, late: Vec<u8>) -> Result<(String, usize, String)> {
    let (gate, (sent, arrived)) = (Gate::new(), mpsc::channel());
    let send = Step::run(move |connection| {
        connection.send(&late)?;
        sent.send(()).map_err(std::io::Error::other)
    });
    let peer = Peer::start(Script::new([Step::Echo, gate.step(), send]).then_echo())?;
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w")).start()?;
    assert_eq!(client::get(httpd.port(), "/w/first")?.status, 200);
    gate.open();
    arrived.recv()?;
    let second = client::send(httpd.port(), Request::new(method, "/w/second"))?;
    assert_eq!(second.status, 200);
    httpd.assert_clean();
    let uri = second.field("uri").unwrap_or_else(|| second.text());
    Ok((uri, peer.connections(), httpd.jk_log()))
}

#[test]
fn rjk_late_bytes_answer_nobody() -> Result {
    for method in ["GET", "OPTIONS", "POST"] {
        for late in [stray(), b"A".to_vec(), body_chunk(b"more")] {
            let (uri, connections, log) = second_answer(method, late.clone())?;
            assert_eq!((uri.as_str(), connections), ("/w/second", 2), "{late:02x?}");
            let line = format!("worker w sent {} bytes while its connection", late.len());
            assert!(log.contains(&line), "{log}");
        }
    }
    Ok(())
}

#[test]
fn rjk_late_empty_packets_are_swallowed() -> Result {
    for late in [
        body_chunk(b""),
        frame(&[3, 0, 0]),
        body_chunk(b"").repeat(3),
    ] {
        let (uri, connections, log) = second_answer("GET", late.clone())?;
        assert_eq!((uri.as_str(), connections), ("/w/second", 1), "{late:02x?}");
        assert!(!log.contains("connection is"), "{log}");
    }
    Ok(())
}

/// Right behind END_RESPONSE, in the same write.
#[test]
fn rjk_bytes_right_behind_the_end() -> Result {
    let rows = [
        (body_chunk(b""), 1, None),
        (frame(&[3, 0, 0]), 1, None),
        (stray(), 2, Some("bytes behind the end of its answer")),
        (
            end_response(true),
            2,
            Some("bytes behind the end of its answer"),
        ),
    ];
    for (behind, connections, said) in rows {
        let answer = [Head::ok().packet(), end_response(true), behind].concat();
        let peer = Peer::start(Script::new([Step::Send(answer)]).then_echo())?;
        let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w")).start()?;
        assert_eq!(client::get(httpd.port(), "/w/")?.status, 200);
        assert_eq!(
            client::get(httpd.port(), "/w/")?.field("uri"),
            Some("/w/".into())
        );
        assert_eq!(peer.connections(), connections, "{said:?}");
        let log = httpd.jk_log();
        assert!(said.is_none_or(|line| log.contains(line)), "{log}");
        assert!(!log.contains("END_RESPONSE does not allow"), "{log}");
    }
    Ok(())
}
