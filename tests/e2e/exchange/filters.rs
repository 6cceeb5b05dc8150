//! Filters of httpd that fail, refuse or say nothing: the client is there and is not left waiting
//! (RS-07).

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::peer::{BodyPacket, Head, Script, Step};
use rjk_testbed::wait::SOON;
use rjk_testbed::{Gate, Httpd, Peer, Result, Subject, farm, filters, wait};

fn with(peer: &Peer, directive: &str) -> Result<Httpd> {
    farm::server(Subject::Rjk, &["w"], &peer.worker("w"))
        .directives(filters::load_module()?)
        .directives(directive)
        .start()
}

/// A first part, and a second one behind a gate.
fn two_parts(gate: &Gate) -> Script {
    let head = Step::Head(Head::ok());
    let (first, second) = (Step::text("first"), Step::text("second"));
    Script::new([
        Step::ReadBody,
        head,
        first,
        Step::Flush,
        gate.step(),
        second,
        Step::Flush,
        Step::End(true),
    ])
}

/// Before the head has gone out the client gets 500.
#[test]
fn rjk_refused_at_once() -> Result {
    for filter in ["TEST_REFUSES", "TEST_FAILS"] {
        let gate = Gate::new();
        let peer = Peer::start(two_parts(&gate))?;
        let httpd = with(
            &peer,
            &format!("<Location /w/x>\nSetOutputFilter {filter}\n</Location>"),
        )?;
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        gate.open();
        let answer = client.send(&Request::get("/w/x"))?;
        assert_eq!(
            (answer.status, &answer.end),
            (500, &BodyEnd::Complete),
            "{filter}"
        );
        assert!(
            httpd
                .jk_log()
                .contains("refused its response, see the error log; the client got 500"),
            "{filter}"
        );
        farm::wait_idle(&httpd)?;
        httpd.assert_clean();
    }
    Ok(())
}

/// After it, the response breaks off and the connection closes.
#[test]
fn rjk_refused_later() -> Result {
    for filter in ["TEST_REFUSES_LATER", "TEST_FAILS_LATER"] {
        let gate = Gate::new();
        let peer = Peer::start(two_parts(&gate))?;
        let httpd = with(
            &peer,
            &format!("<Location /w/x>\nSetOutputFilter {filter}\n</Location>"),
        )?;
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        let answer = client.send_and_then(&Request::get("/w/x"), || gate.open())?;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "first"),
            "{filter}"
        );
        let waited = format!("{:?}", answer.end).contains("unavailable");
        assert!(
            answer.end != BodyEnd::Complete && !waited,
            "{filter}: {answer:?}"
        );
        assert!(client.head().is_err(), "{filter}");
        farm::wait_idle(&httpd)?;
        httpd.assert_clean();
    }
    Ok(())
}

/// An input filter that gives nothing, and one that claims to have answered: 500, and the worker
/// is not told that the body is whole.
#[test]
fn rjk_input_filters() -> Result {
    for filter in ["TEST_NOTHING", "TEST_CLAIMS"] {
        for chunked in [false, true] {
            let peer = Peer::start(Script::default())?;
            let httpd = with(
                &peer,
                &format!("<Location /w/x>\nSetInputFilter {filter}\n</Location>"),
            )?;
            let post = Request::new("POST", "/w/x");
            let post = if chunked {
                post.chunked("12345", 2)
            } else {
                post.body("12345")
            };
            let answer = Client::connect(httpd.port())?.timeout(SOON)?.send(&post)?;
            assert_eq!(
                (answer.status, &answer.end),
                (500, &BodyEnd::Complete),
                "{filter}"
            );
            wait::until("no connection in use", SOON, || {
                peer.open_connections() == 0
            })?;
            for request in peer.requests() {
                assert!(!request.body_packets.contains(&BodyPacket::End), "{filter}");
            }
            farm::wait_idle(&httpd)?;
            httpd.assert_clean();
        }
    }
    Ok(())
}
