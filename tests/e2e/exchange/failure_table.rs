//! Every way a request can fail that a test can cause: the status for the client, and the one error
//! line that says so (§4.10, J-04). `grep -F '[error]'` finds what clients noticed, and that only.

use rjk_testbed::client::{BodyEnd, Client, ClientError, Request};
use rjk_testbed::peer::{Behaviour, Head, Script, Step, worker_lines};
use rjk_testbed::ports::Refusing;
use rjk_testbed::{Httpd, Peer, Result, Subject, client, farm, ports, wait};
use std::time::Duration;

/// What the client saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Status(u16),
    BrokenOff,
}

use Told::{BrokenOff, Status};

/// Worker and mount, what its peer does, more lines of its own, what the client sees, what the line
/// says behind the worker's name and before what the client got.
type Row = (
    &'static str,
    Script,
    &'static str,
    Told,
    &'static [&'static str],
);

fn rows() -> Vec<Row> {
    let mut rows = at_once();
    rows.extend(by_bad_peers());
    rows
}

/// Failures before anything of the request was sent.
#[rustfmt::skip]
fn at_once() -> Vec<Row> {
    let echo = Script::default;
    vec![
        ("head", echo(), "", Status(413),
            &["failed while sending the request: the request head takes", "raise max_packet_size"]),
        ("list", echo(), "", Status(500), &["is not in worker.list", "add it"]),
        ("legacy", echo(), "worker.legacy.type=ajp12", Status(500),
            &["has type=ajp12, which is not supported", "write worker.legacy.type=ajp13"]),
        ("refused", echo(), "worker.refused.port=@CLOSED@", Status(503),
            &["failed while connecting: Connection refused", "check that Tomcat runs"]),
        ("port0", echo(), "worker.port0.port=0", Status(503),
            &["failed while connecting: the worker has no address", "set host and port"]),
        ("name", echo(), "worker.name.host=nowhere.invalid", Status(503),
            &["failed while connecting: the worker has no address", "set host and port"]),
        ("pool", echo(), "worker.pool.connection_pool_size=0", Status(503),
            &["failed while waiting for a free connection", "raise connection_pool_size"]),
        ("ping", Behaviour::NoCpong.script(), "worker.ping.connect_timeout=100", Status(503),
            &["failed while waiting for CPONG", "Tomcat accepts connections but does not answer"]),
        ("member", echo(), "worker.member.type=lb\nworker.member.balance_workers=gone\n\
            worker.gone.host=127.0.0.1\nworker.gone.port=@CLOSED@", Status(503), &["failed while"]),
        ("stopped", echo(), "worker.stopped.type=lb\nworker.stopped.balance_workers=out\n\
            worker.out.host=127.0.0.1\nworker.out.activation=stopped", Status(503),
            &["failed while choosing a member: all members are busy, in error, disabled or stopped"]),
    ]
}

/// Failures of the worker once it has the request.
#[rustfmt::skip]
fn by_bad_peers() -> Vec<Row> {
    use Behaviour::*;
    const AWAIT: &str = "failed while waiting for the response";
    const RECEIVE: &str = "failed while receiving the response";
    const PORT: &str = "check that the port is Tomcat's AJP connector";
    // Too long for one read: what comes in one piece is framed by httpd.
    let head = Head::ok().header("Content-Length", "500000");
    let shorter = Script::answer(head, vec![b'x'; 400_000]);
    vec![
        ("stalls", Stalls.script(), "worker.stalls.reply_timeout=200", Status(504),
            &[AWAIT, ": no whole part of the answer within the reply_timeout of 200ms; raise reply_timeout"]),
        ("closes", ClosesBeforeAnswer.script(), "", Status(502), &[AWAIT, "closed the connection"]),
        ("resets", Resets.script(), "", Status(502), &[AWAIT, "see Tomcat's log"]),
        ("magic", WrongMagic.script(), "", Status(502), &[AWAIT, PORT]),
        ("packet", UnknownPacket.script(), "", Status(500), &[AWAIT, PORT]),
        ("status", StatusContinue.script(), "", Status(500), &["failed while"]),
        ("fail", Echo.script(), "worker.fail.fail_on_status=200", Status(503),
            &[RECEIVE, ": the worker answered 200, which fail_on_status names"]),
        ("cut", ClosesMidBody.script(), "", BrokenOff, &[RECEIVE, "the worker closed the connection"]),
        ("shorter", shorter, "", BrokenOff,
            &["Content-Length of the response announced 500000 bytes", "sets a wrong Content-Length"]),
    ]
}

struct Table {
    rows: Vec<Row>,
    _peers: Vec<Peer>,
    _nobody: Refusing,
    httpd: Httpd,
}

impl Table {
    fn start() -> Result<Table> {
        let rows = rows();
        let nobody = ports::refusing()?;
        let closed = nobody.port.to_string();
        let (mut workers, mut peers) = (String::new(), Vec::new());
        for (name, script, more, ..) in &rows {
            let peer = Peer::named(name, script.clone())?;
            // The last of two lines counts.
            workers += &format!("{}worker.{name}.retries=1\n{more}\n", peer.worker(name));
            peers.push(peer);
        }
        let listed: Vec<String> = rows
            .iter()
            .map(|row| row.0.to_owned())
            .filter(|name| name != "list")
            .collect();
        let httpd = farm::server(Subject::Rjk, &listed, &workers.replace("@CLOSED@", &closed))
            .directives("JkMount /list/* list")
            .start()?;
        Ok(Table {
            rows,
            _peers: peers,
            _nobody: nobody,
            httpd,
        })
    }

    fn ask(&self, name: &str) -> Result<Told> {
        let mut request = Request::get(&format!("/{name}/x"));
        if name == "head" {
            for header in ["X-A", "X-B"] {
                request = request.header(header, &"x".repeat(6000));
            }
        }
        match Client::connect(self.httpd.port())?.send(&request) {
            Ok(response) if response.end == BodyEnd::Complete => Ok(Status(response.status)),
            Ok(_) | Err(ClientError::BadHead(_)) => Ok(BrokenOff),
            Err(error) => Err(error.into()),
        }
    }
}

#[test]
fn each_failed_request_has_one_error_line_with_its_status() -> Result {
    let table = Table::start()?;
    let mut wrong = Vec::new();
    for (name, _, _, told, says) in &table.rows {
        let before = table.httpd.jk_log().lines().count();
        let seen = table.ask(name)?;
        let end = match told {
            Status(status) => format!("; the client got {status}"),
            BrokenOff => "; the response to the client broke off".to_owned(),
        };
        let lines = || -> Vec<String> {
            let log = table.httpd.jk_log();
            log.lines().skip(before).map(str::to_owned).collect()
        };
        // A client sees its response before the line is written.
        let _ = wait::until("an error line", Duration::from_secs(5), || {
            lines().iter().any(|line| line.contains("[error]"))
        });
        let lines = lines();
        let errors: Vec<&String> = lines
            .iter()
            .filter(|line| line.contains("[error]"))
            .collect();
        let is_right = |line: &str| {
            let start = format!(": worker {name} ");
            let text = line.split_once(&start).map_or("", |(_, text)| text);
            text.ends_with(&end) && says.iter().all(|said| text.contains(said))
        };
        if seen != *told || errors.len() != 1 || !lines.last().is_some_and(|line| is_right(line)) {
            wrong.push(format!("{name}: {seen:?}, expected {told:?}: {lines:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    table.httpd.assert_clean();
    Ok(())
}

/// F-01: a refused path has no worker; leading above the root is graver (N-05, J-12).
#[test]
fn f01_a_refused_path_has_its_line() -> Result {
    let httpd = farm::server(Subject::Rjk, &["ajp13"], "")
        .directives("JkMount /app/* status")
        .expect_log("the path leads above the root")
        .start()?;
    for target in ["/..;/x", "/app/..;/..;/x"] {
        let mut client = Client::connect(httpd.port())?;
        client.raw(format!("GET {target} HTTP/1.1\r\nHost: rjk.test\r\n\r\n").as_bytes())?;
        assert_eq!(client.response("GET")?.status, 400);
        let log = httpd.jk_log();
        let last = log.lines().last().unwrap_or_default();
        let right = last.contains("[emerg]") && last.ends_with("; the client got 400");
        assert!(right && last.contains(target), "{target}: {log}");
    }
    Ok(())
}

/// F-05: one request is in flight, and no more may be.
#[test]
fn f05_busy_limit_has_its_line() -> Result {
    let peer = Peer::start(Behaviour::Stalls)?;
    let workers = format!(
        "{}worker.busy.busy_limit=1\nworker.busy.retries=1\n",
        peer.worker("busy")
    );
    let httpd = farm::server(Subject::Rjk, &["busy"], &workers).start()?;
    let mut first = Client::connect(httpd.port())?;
    first.raw(b"GET /busy/1 HTTP/1.1\r\nHost: rjk.test\r\n\r\n")?;
    peer.wait_requests(1)?;
    assert_eq!(client::get(httpd.port(), "/busy/2")?.status, 503);
    let log = httpd.jk_log();
    let last = log.lines().last().unwrap_or_default();
    let text = "[error]";
    assert!(
        last.contains(text) && last.contains("worker busy failed while"),
        "{log}"
    );
    assert!(
        last.contains("busy_limit 1 is reached; raise busy_limit"),
        "{log}"
    );
    assert!(last.ends_with("; the client got 503"), "{log}");
    peer.close_connections();
    Ok(())
}

/// F-14, F-15: nobody is told anything where the client left: no error line.
#[test]
fn f14_f15_a_client_that_left_is_no_error() -> Result {
    let endless = Script::new([
        Step::Head(Head::ok()),
        Step::run(|connection| {
            loop {
                connection.step(&Step::Chunk(vec![b'x'; 8000]))?;
            }
        }),
    ]);
    let peer = Peer::start(endless)?;
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w")).start()?;
    let mut reader = Client::connect(httpd.port())?;
    reader.raw(b"GET /w/1 HTTP/1.1\r\nHost: rjk.test\r\n\r\n")?;
    reader.read_some(1000)?;
    reader.abort()?;
    let left = |count| {
        wait::until("the line", Duration::from_secs(10), || {
            httpd.jk_log().matches("nothing to do on this side").count() == count
        })
    };
    left(1)?;
    peer.set(Behaviour::Echo);
    let mut writer = Client::connect(httpd.port())?;
    writer.raw(b"POST /w/2 HTTP/1.1\r\nHost: rjk.test\r\nContent-Length: 100\r\n\r\n12")?;
    writer.abort()?;
    left(2)?;
    let log = httpd.jk_log();
    assert!(
        !log.contains("[error]") && log.contains("the client went away"),
        "{log}"
    );
    Ok(())
}

/// How the body is framed, what comes of it, the status, and the remedy.
#[rustfmt::skip]
fn refused_bodies() -> [(&'static str, String, u16, &'static str); 5] {
    const CHUNKED: &str = "Transfer-Encoding: chunked";
    let large = "x".repeat(2000);
    let chunk = format!("7d0\r\n{large}\r\n0\r\n\r\n");
    [
        ("Content-Length: 2000", large, 413, "see LimitRequestBody"),
        (CHUNKED, chunk, 413, "see LimitRequestBody"),
        (CHUNKED, "zz\r\n".to_owned(), 400, "not what its head announced"),
        (CHUNKED, "64\r\nhalf".to_owned(), 408, "see RequestReadTimeout"),
        ("Content-Length: 100", "half".to_owned(), 408, "see RequestReadTimeout"),
    ]
}

/// F-14: a refused body is the client's fault, and the line names what refuses it.
#[test]
fn f14_a_refused_body_has_its_line() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w"))
        .module("reqtimeout")
        .directives("LimitRequestBody 1000\nRequestReadTimeout body=1")
        .start()?;
    for (framing, body, status, remedy) in refused_bodies() {
        let before = httpd.jk_log().lines().count();
        let mut client = Client::connect(httpd.port())?;
        let head = format!("POST /w/x HTTP/1.1\r\nHost: rjk.test\r\n{framing}\r\n\r\n");
        client.raw(format!("{head}{body}").as_bytes())?;
        assert_eq!(
            client.response("POST")?.status,
            status,
            "{framing} {remedy}"
        );
        let lines = new_lines(&httpd, before)?;
        let end = format!("; the client got {status}");
        let said = ["[error]", "worker w failed while ", remedy, &end];
        let is_right = said.iter().all(|text| lines[0].contains(text));
        assert!(
            is_right && lines.len() == 1,
            "{framing} {remedy}: {lines:#?}"
        );
    }
    Ok(())
}

/// F-14: also when no worker is there to be told.
#[test]
fn f14_a_refused_body_keeps_its_status_without_a_worker() -> Result {
    let nobody = ports::refusing()?;
    let workers = worker_lines("w", nobody.port) + "worker.w.retries=1\n";
    let httpd = farm::server(Subject::Rjk, &["w"], &workers)
        .module("reqtimeout")
        .directives("RequestReadTimeout body=1")
        .start()?;
    let mut client = Client::connect(httpd.port())?;
    client.raw(b"POST /w/x HTTP/1.1\r\nHost: rjk.test\r\nContent-Length: 100\r\n\r\nhalf")?;
    assert_eq!(client.response("POST")?.status, 408);
    let whole = Request::new("POST", "/w/x").body("whole");
    assert_eq!(client::send(httpd.port(), whole)?.status, 503);
    Ok(())
}

/// The lines behind the first `before`, once there is one.
fn new_lines(httpd: &Httpd, before: usize) -> Result<Vec<String>> {
    let lines = || -> Vec<String> {
        let log = httpd.jk_log();
        log.lines().skip(before).map(str::to_owned).collect()
    };
    wait::until("a line", Duration::from_secs(10), || !lines().is_empty())?;
    Ok(lines())
}
