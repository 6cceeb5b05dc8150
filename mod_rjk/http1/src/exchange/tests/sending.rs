//! The request body, and the answers that come before it was sent.

use super::*;

const CHUNKED: Expected = Expected {
    body: BodyLength::Chunked,
    ..GET
};

fn known(length: u64) -> Expected {
    Expected {
        body: BodyLength::Known(length),
        ..GET
    }
}

fn waiting(body: BodyLength) -> Expected {
    Expected {
        body,
        awaits_continue: true,
        ..GET
    }
}

fn seal(exchange: &mut Exchange, part: &[u8]) -> Vec<u8> {
    let mut packet = [&[0; ROOM], part].concat();
    exchange.seal(&mut packet).to_vec()
}

fn answer(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n")
}

#[test]
fn a_body_is_sent_without_a_word_of_the_worker() {
    let mut exchange = Exchange::new(known(70_000));
    assert_eq!(exchange.eager_body(), Some(65_536));
    exchange.body_sent(65_536);
    let quota = exchange.push().unwrap();
    assert_eq!((quota.at_least, quota.at_most), (1, 4464));
    assert_eq!(seal(&mut exchange, &[b'x'; 4464]), [b'x'; 4464]);
    assert_eq!(exchange.push(), None);
    assert_eq!(exchange.end_body(), b"");

    let mut exchange = Exchange::new(CHUNKED);
    assert_eq!(exchange.eager_body(), None);
    assert!(exchange.push().is_some());
    assert_eq!(
        seal(&mut exchange, b"0123456789abcdef"),
        b"10\r\n0123456789abcdef\r\n"
    );
    assert_eq!(exchange.end_body(), b"0\r\n\r\n");
    assert_eq!(exchange.push(), None);
}

#[test]
fn no_more_than_the_length_is_sent() {
    let mut exchange = Exchange::new(known(3));
    exchange.body_sent(2);
    assert_eq!(seal(&mut exchange, b"abc"), b"a");
    assert_eq!(exchange.push(), None);
    exchange.body_sent(9);
    let words = step_all(&mut exchange, answer("200 OK").as_bytes());
    assert_eq!(words, ["head 200"]);
    assert_eq!(step_all(&mut exchange, b"hi"), ["Body([104, 105])"]);
    assert_eq!(exchange.step(b"").unwrap(), finish(true));
}

fn finish(reuse: bool) -> Step<'static> {
    Step::Complete {
        action: Action::Finish { reuse },
        consumed: 0,
    }
}

/// Whether the body goes on behind an early answer; cut short, the connection never goes back.
#[test]
fn rfc9112_9_3_an_early_answer_ends_the_body_or_does_not() {
    let close = "200 OK\r\nConnection: close";
    for (status, goes_on) in [
        ("200 OK", true),
        ("302 Found", true),
        ("399 x", true),
        ("400 Bad Request", false),
        ("413 Too Large", false),
        ("503 Busy", false),
        (close, true),
    ] {
        for expected in [known(1000), CHUNKED] {
            let mut exchange = Exchange::new(expected);
            seal(&mut exchange, b"part");
            step_all(&mut exchange, answer(status).as_bytes());
            assert_eq!(exchange.push().is_some(), goes_on, "{status}");
            step_all(&mut exchange, b"hi");
            assert_eq!(exchange.push().is_some(), goes_on, "{status}");
            assert_eq!(exchange.step(b"").unwrap(), finish(false), "{status}");
            assert_eq!(exchange.push(), None, "{status}");
        }
    }
    let mut exchange = Exchange::new(known(9));
    step_all(
        &mut exchange,
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
    );
    assert!(exchange.push().is_some(), "the worker reads on");
    let mut exchange = Exchange::new(known(9));
    step_all(&mut exchange, b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(
        exchange.push().is_some(),
        "its answer ends with the connection"
    );
}

#[test]
fn cve_2022_22720_only_a_whole_request_keeps_the_connection() {
    for (sent, reuse) in [(0, false), (4, false), (9, false), (10, true)] {
        let mut exchange = Exchange::new(known(10));
        seal(&mut exchange, &vec![b'x'; sent]);
        step_all(&mut exchange, answer("200 OK").as_bytes());
        step_all(&mut exchange, b"hi");
        assert_eq!(exchange.step(b"").unwrap(), finish(reuse), "{sent}");
    }
    for (ended, reuse) in [(false, false), (true, true)] {
        let mut exchange = Exchange::new(CHUNKED);
        seal(&mut exchange, b"part");
        if ended {
            exchange.end_body();
        }
        step_all(&mut exchange, answer("200 OK").as_bytes());
        step_all(&mut exchange, b"hi");
        assert_eq!(exchange.step(b"").unwrap(), finish(reuse), "{ended}");
    }
}

#[test]
fn a_body_sent_whole_while_the_answer_came_leaves_the_connection() {
    let mut exchange = Exchange::new(CHUNKED);
    step_all(&mut exchange, answer("200 OK").as_bytes());
    assert_eq!(seal(&mut exchange, b"late"), b"4\r\nlate\r\n");
    step_all(&mut exchange, b"h");
    assert_eq!(exchange.end_body(), b"0\r\n\r\n");
    step_all(&mut exchange, b"i");
    assert_eq!(exchange.step(b"").unwrap(), finish(false));
}

#[test]
fn rfc9110_10_1_1_a_body_that_waits_for_100() {
    for body in [BodyLength::Known(4), BodyLength::Chunked] {
        let mut exchange = Exchange::new(waiting(body));
        assert!(exchange.awaits_continue());
        assert_eq!((exchange.eager_body(), exchange.push()), (None, None));
        let hints = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 102 x\r\n\r\n";
        step_all(&mut exchange, hints);
        assert!(exchange.awaits_continue() && exchange.push().is_none());
        let words = step_all(&mut exchange, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(words, ["continue"]);
        assert!(!exchange.awaits_continue() && exchange.push().is_some());
        assert!(!exchange.head_received());
    }
    let mut exchange = Exchange::new(waiting(BodyLength::Known(4)));
    exchange.stop_awaiting();
    assert!(!exchange.awaits_continue() && exchange.push().is_some());
    for body in [BodyLength::None, BodyLength::Known(0)] {
        assert!(!Exchange::new(waiting(body)).awaits_continue(), "{body:?}");
    }
}

#[test]
fn rfc9110_10_1_1_a_final_answer_in_place_of_100() {
    for (status, goes_on) in [
        // The client will not send what it was not asked for.
        ("200 OK", false),
        ("201 Created\r\nConnection: close", false),
        ("302 Found", false),
        ("401 Unauthorized", false),
        ("417 Expectation Failed", false),
    ] {
        let mut exchange = Exchange::new(waiting(BodyLength::Known(4)));
        step_all(&mut exchange, answer(status).as_bytes());
        assert!(!exchange.awaits_continue(), "{status}");
        assert_eq!(exchange.push().is_some(), goes_on, "{status}");
        exchange.stop_awaiting();
        assert_eq!(exchange.push().is_some(), goes_on, "{status}");
        step_all(&mut exchange, b"hi");
        assert_eq!(exchange.step(b"").unwrap(), finish(false), "{status}");
    }
}

#[test]
fn after_an_error_nothing_is_sent() {
    let mut exchange = Exchange::new(CHUNKED);
    assert!(exchange.push().is_some());
    assert!(exchange.step(b"AB\0\0").is_err());
    assert_eq!(exchange.push(), None);
    assert!(!exchange.finished() && !exchange.head_received());
}
