//! recovery_options and fail_on_status: what is sent again, and what never (RO-01…RO-08, SV-03…SV-05,
//! BD-06, BD-07, BG-01, BG-18, F-07, F-12, A-19…A-22).

use rjk_testbed::client::{self, Client, Request};
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Peer, Result, Subject, both, farm, on_mpm};

both! { options retries fail_on_status }
on_mpm! { Worker worker: options retries fail_on_status }
on_mpm! { Prefork prefork: retries fail_on_status }

/// Options, method, where the worker fails, and how many requests it sees: mod_rjk, mod_jk.
type Row = (&'static str, &'static str, Fails, usize, usize);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fails {
    /// Before the head (RO-01).
    BeforeHead,
    /// After it (RO-02).
    AfterHead,
    /// After a GET_BODY_CHUNK (BD-06).
    AfterBody,
}

const NONE: &str = "";
const ROWS: [Row; 22] = [
    (NONE, "GET", Fails::BeforeHead, 2, 2),
    (NONE, "HEAD", Fails::BeforeHead, 2, 2),
    (NONE, "OPTIONS", Fails::BeforeHead, 2, 2),
    (NONE, "GET", Fails::AfterHead, 2, 2),
    // BG-01: mod_jk repeats any method.
    (NONE, "POST", Fails::BeforeHead, 1, 2),
    (NONE, "PUT", Fails::BeforeHead, 1, 2),
    (NONE, "DELETE", Fails::BeforeHead, 1, 2),
    (NONE, "POST", Fails::AfterHead, 1, 2),
    ("0", "POST", Fails::BeforeHead, 2, 2),
    ("0", "DELETE", Fails::BeforeHead, 2, 2),
    ("0", "POST", Fails::AfterHead, 2, 2),
    ("0", "POST", Fails::AfterBody, 1, 1),
    ("4", "POST", Fails::BeforeHead, 1, 2),
    ("1", "GET", Fails::BeforeHead, 1, 1),
    ("1", "GET", Fails::AfterHead, 2, 2),
    ("2", "GET", Fails::BeforeHead, 2, 2),
    ("2", "GET", Fails::AfterHead, 1, 1),
    ("9", "HEAD", Fails::BeforeHead, 2, 2),
    ("9", "GET", Fails::BeforeHead, 1, 1),
    ("17", "GET", Fails::BeforeHead, 2, 2),
    ("17", "HEAD", Fails::BeforeHead, 1, 1),
    // BG-18: with bit 8 mod_jk forgets bit 16.
    ("25", "GET", Fails::BeforeHead, 2, 1),
];

fn fails(at: Fails) -> Vec<Step> {
    match at {
        Fails::BeforeHead => vec![Step::ReadBody, Step::Close],
        Fails::AfterHead => vec![Step::ReadBody, Step::Head(Head::ok()), Step::Close],
        Fails::AfterBody => vec![Step::ReadPacket, Step::GetBody(100), Step::Close],
    }
}

fn options(subject: Subject) -> Result {
    for (bits, method, at, rjk, modjk) in ROWS {
        let expected = if subject == Subject::Rjk { rjk } else { modjk };
        let peer = Peer::start(Script::new(fails(at)).then_echo())?;
        let mut workers = peer.worker("w") + "worker.w.retry_interval=10\n";
        if !bits.is_empty() {
            workers += &format!("worker.w.recovery_options={bits}\n");
        }
        workers += "worker.w.connection_acquire_timeout=200\n";
        let httpd = farm::server(subject, &["w"], &workers).start()?;
        let mut request = Request::new(method, "/w/");
        if matches!(method, "POST" | "PUT") {
            let length = if at == Fails::AfterBody { 9000 } else { 10 };
            request = request.body(vec![b'x'; length]);
        }
        let answer = Client::connect(httpd.port())?.send(&request)?;
        let row = format!("recovery_options={bits} {method} {at:?}");
        let status = if expected == 2 { 200 } else { 502 };
        assert_eq!(
            (answer.status, peer.requests().len()),
            (status, expected),
            "{row}"
        );
        if expected == 2 && method == "POST" {
            // BD-07: the kept packet is sent again.
            assert_eq!(answer.field("body").as_deref(), Some("10"), "{row}");
        }
    }
    Ok(())
}

/// A-19, SV-03: so many attempts, and A-20: a pause before each but the first.
fn retries(subject: Subject) -> Result {
    for (retries, expected) in [(1, 1), (2, 2), (4, 4)] {
        let peer = Peer::start(Behaviour::ClosesBeforeAnswer)?;
        let settings = format!("worker.w.retries={retries}\nworker.w.retry_interval=60\n");
        let workers = peer.worker("w") + &settings;
        let httpd = farm::server(subject, &["w"], &workers).start()?;
        let begin = std::time::Instant::now();
        assert_eq!(client::get(httpd.port(), "/w/")?.status, 502, "F-07");
        assert!(begin.elapsed().as_millis() >= 60 * (expected as u128 - 1));
        assert_eq!(peer.requests().len(), expected);
        if subject == Subject::Rjk {
            let page = farm::status_page(&httpd)?;
            assert_eq!(page.numbers("errors"), [1], "SV-05");
        }
    }
    Ok(())
}

/// RO-08, F-12: hard and soft entries, and a status that is not listed. A POST is not sent again
/// (mod_jk sends it to every member).
fn fail_on_status(subject: Subject) -> Result {
    let rjk = subject == Subject::Rjk;
    for (list, status, method, client_status, seen) in [
        ("503", 503, "GET", 503, 2),
        ("-503", 503, "GET", 503, 2),
        ("404,-500 502", 500, "GET", 503, 2),
        ("404", 503, "GET", 503, 1),
        ("500", 200, "GET", 200, 1),
        ("500", 500, "POST", 503, if rjk { 1 } else { 2 }),
    ] {
        let peer = Peer::start(Script::answer(Head::new(status), "from the worker"))?;
        let settings = format!("worker.w.fail_on_status={list}\nworker.w.retry_interval=50\n");
        let workers = peer.worker("w") + &settings;
        let httpd = farm::server(subject, &["w"], &workers).start()?;
        let mut request = Request::new(method, "/w/");
        if method == "POST" {
            request = request.body("data");
        }
        let answer = client::send(httpd.port(), request)?;
        let row = format!("fail_on_status={list} {status} {method}");
        assert_eq!(
            (answer.status, peer.requests().len()),
            (client_status, seen),
            "{row}"
        );
        let listed = client_status != status || seen > 1;
        assert_eq!(answer.text() == "from the worker", !listed, "{row}");
    }
    Ok(())
}
