//! Requests that one reader takes for another one than the next reader does. Either httpd refuses them, or
//! exactly one request reaches the backend, with exactly one reading.

use crate::stage::{Front, Stage};
use rjk_testbed::client::{Client, ClientError, Request};
use rjk_testbed::h2::Stream;
use rjk_testbed::http_peer::Received;
use rjk_testbed::httpd::Builder;
use rjk_testbed::tls::Authority;
use rjk_testbed::{HttpPeer, Httpd, Result, Table, Version, Way, ensure, wait, way};
use std::time::Duration;

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// An answer of httpd's own, 4xx or 5xx. The backend gets nothing, or a request whose body never ends.
    Refused,
    /// The backend gets one request, with a body of so many bytes.
    One(usize),
    /// Either: it depends on httpd.
    Any,
}

use Fate::{Any, One, Refused};

/// Longest wait for an answer; nothing here takes long.
const LIMIT: Duration = Duration::from_secs(5);

/// A request that is not to be seen.
const HIDDEN: &str = "GET /w/hidden HTTP/1.1\r\nHost: x\r\n\r\n";

/// Name, the bytes without `Connection: close`, which stands at `@`, and their fate.
type Row = (&'static str, String, Fate);

fn post(fields: &str, body: &str) -> String {
    format!("POST /w/x HTTP/1.1\r\nHost: rjk.test\r\n@{fields}\r\n{body}")
}

#[rustfmt::skip]
fn codings() -> Vec<Row> {
    let chunked = |name, coding: &str, fate| {
        let fields = format!("Transfer-Encoding: {coding}\r\n");
        (name, post(&fields, &format!("5\r\nhello\r\n0\r\n\r\n{HIDDEN}")), fate)
    };
    let length = |name, value: &str, fate| {
        let fields = format!("Content-Length: {value}\r\n");
        (name, post(&fields, &format!("hello{HIDDEN}")), fate)
    };
    vec![
        chunked("chunked", "chunked", One(5)),
        chunked("CHUNKED", "CHUNKED", One(5)),
        chunked("chunked twice", "chunked, chunked", Refused),
        chunked("gzip, chunked", "gzip, chunked", Refused),
        chunked("chunked, gzip", "chunked, gzip", Refused),
        chunked("identity", "identity", Refused),
        chunked("xchunked", "xchunked", Refused),
        chunked("chunked with a parameter", "chunked;a=b", Refused),
        chunked("chunked with a comma", "chunked,", Any),
        chunked("a vertical tab", "\u{b}chunked", Refused),
        chunked("an empty coding", "", Any),
        length("a length", "5", One(5)),
        length("two lengths in a list", "5, 5", Refused),
        length("a signed length", "+5", Refused),
        length("a negative length", "-5", Refused),
        length("a length in hex", "0x5", Refused),
        length("a length with a blank", "5 5", Refused),
        length("an empty length", "", Refused),
    ]
}

#[rustfmt::skip]
fn framing() -> Vec<Row> {
    let both = format!("5\r\nhello\r\n0\r\n\r\n{HIDDEN}");
    let known = format!("hello{HIDDEN}");
    vec![
        ("CL.TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &both), Any),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &both), Any),
        ("CL.0", post("Content-Length: 0\r\n", HIDDEN), One(0)),
        ("TE.TE", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", &both), Refused),
        ("TE.TE, the first unknown", post("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", &both), Refused),
        ("CL.CL", post("Content-Length: 5\r\nContent-Length: 6\r\n", &known), Refused),
        ("CL.CL, the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", &known), Any),
        ("a space ahead of the colon", post("Transfer-Encoding : chunked\r\n", &both), Refused),
        ("a tab ahead of the colon", post("Transfer-Encoding\t: chunked\r\n", &both), Refused),
        ("an underscore", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", &known), One(5)),
        ("a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", &both), Any),
        ("a coding in a folded line", post("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", &known), Any),
        ("a coding behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", &both), Any),
        ("a coding behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", &known), Refused),
        ("a coding behind a NUL", post("X: y\0Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", &known), Refused),
        ("named by Connection", post("Connection: Content-Length\r\nContent-Length: 5\r\n", &known), One(5)),
        ("coding named by Connection", post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", &both), One(5)),
        ("host named by Connection", post("Connection: Host\r\nContent-Length: 5\r\n", &known), One(5)),
    ]
}

#[rustfmt::skip]
fn chunks() -> Vec<Row> {
    let row = |name, body: &str, fate| {
        let head = "POST /w/x HTTP/1.1\r\nHost: rjk.test\r\n@Transfer-Encoding: chunked\r\n\r\n";
        (name, format!("{head}{body}{HIDDEN}"), fate)
    };
    vec![
        row("an extension", "5;a=b\r\nhello\r\n0\r\n\r\n", One(5)),
        row("a quoted line end in an extension", "5;a=\"\r\nhello\r\n0\r\n\r\n", Any),
        row("a bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n", Any),
        row("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", Refused),
        row("a signed size", "+5\r\nhello\r\n0\r\n\r\n", Refused),
        row("a negative size", "-5\r\nhello\r\n0\r\n\r\n", Refused),
        row("a size that overflows", "10000000000000005\r\nhello\r\n0\r\n\r\n", Refused),
        row("no size", "\r\nhello\r\n0\r\n\r\n", Refused),
        row("data that goes on", "5\r\nhelloX\r\n0\r\n\r\n", Refused),
        row("data without an end", "5\r\nhello0\r\n\r\n", Refused),
        row("trailers", "5\r\nhello\r\n0\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n", One(5)),
        row("a trailer that is a host", "5\r\nhello\r\n0\r\nHost: else\r\n\r\n", One(5)),
        row("blanks behind the size", "5 \r\nhello\r\n0\r\n\r\n", Any),
        row("zeros ahead of the size", "000005\r\nhello\r\n000\r\n\r\n", One(5)),
    ]
}

#[rustfmt::skip]
fn targets() -> Vec<Row> {
    let line = |name, line: &str, fate| {
        (name, format!("{line}\r\nHost: rjk.test\r\n@\r\n{HIDDEN}"), fate)
    };
    vec![
        // CVE-2023-25690, CVE-2024-38473: what was coded stays coded.
        line("a coded line end", "GET /w/x%0d%0aX-A:%201 HTTP/1.1", Any),
        line("a coded request", "GET /w/x%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0aGET%20/w/hidden HTTP/1.1", Any),
        line("a coded blank", "GET /w/a%20b HTTP/1.1", One(0)),
        line("a coded line end in the query", "GET /w/x?a=%0d%0aX:%201 HTTP/1.1", One(0)),
        line("a coded NUL", "GET /w/x%00y HTTP/1.1", Refused),
        line("bytes above ASCII", "GET /w/\u{e9} HTTP/1.1", Any),
        line("bytes above ASCII in the query", "GET /w/x?\u{e9} HTTP/1.1", Any),
        line("a tab for a blank", "GET\t/w/x\tHTTP/1.1", Any),
        line("two blanks", "GET  /w/x  HTTP/1.1", Any),
        line("a blank in the target", "GET /w/x y HTTP/1.1", Refused),
        line("a fragment", "GET /w/x#y HTTP/1.1", Any),
        line("version 1.0", "GET /w/x HTTP/1.0", One(0)),
        line("version 1.9", "GET /w/x HTTP/1.9", Any),
        line("version 2.0", "GET /w/x HTTP/2.0", Any),
        line("no version", "GET /w/x", Any),
        line("a method with a control character", "G\u{1}ET /w/x HTTP/1.1", Refused),
        line("a whole URI", "GET http://else.test/w/x HTTP/1.1", One(0)),
        line("CONNECT", "CONNECT /w/x HTTP/1.1", Refused),
        line("CONNECT to a host", "CONNECT rjk.test:80 HTTP/1.1", Refused),
    ]
}

#[rustfmt::skip]
fn fields() -> Vec<Row> {
    let field = |name, field: &str, fate| {
        (name, format!("GET /w/x HTTP/1.1\r\nHost: rjk.test\r\n@{field}\r\n\r\n{HIDDEN}"), fate)
    };
    vec![
        field("a bare CR in a value", "X-A: 1\rX-B: 2", Refused),
        field("a NUL in a value", "X-A: 1\0", Refused),
        field("a control character in a value", "X-A: \u{1}", Refused),
        field("no name", ": 1", Refused),
        field("no colon", "X-A", Refused),
        field("a blank in a name", "X A: 1", Refused),
        field("two hosts", "Host: else.test", Any),
        field("a host that is none", "X: 1\r\nHost:", Any),
        field("a bare LF", "X-A: 1\nX-B: 2", Any),
        field("an upgrade to h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", Any),
        field(
            "an upgrade nobody agrees on",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x",
            Any,
        ),
        field("an expectation", "Expect: 100-continue", One(0)),
        // CVE-2022-31813: what is ours does not go with what Connection names.
        field("X-Forwarded-For named by Connection", "Connection: close, X-Forwarded-For, X-Forwarded-Host", One(0)),
    ]
}

struct Site {
    peer: HttpPeer,
    httpd: Httpd,
}

fn site(front: Front) -> Result<Site> {
    let peer = HttpPeer::start("w", rjk_testbed::http_peer::Script::default())?;
    let authority = Authority::new("Peers")?;
    let site = match front {
        Front::Rjk => way::site(&authority, &[peer.reach("w")], "worker.list=w\n")?
            .directives("JkMount /w/* w"),
        Front::Proxy => ["proxy", "proxy_http"]
            .into_iter()
            .fold(Httpd::plain(), Builder::module)
            .directives(format!("ProxyPass /w http://127.0.0.1:{}/w", peer.port())),
    };
    let site = site.module("http2").directives("Protocols h2c http/1.1");
    let httpd = site.start()?;
    Ok(Site { peer, httpd })
}

impl Site {
    /// Sends bytes; the status, and what reached the peer.
    fn raw(&self, bytes: &str) -> Result<(Option<u16>, Vec<Received>)> {
        let before = self.peer.requests().len();
        let mut client = Client::connect(self.httpd.port())?.timeout(LIMIT)?;
        client.raw(&latin_1(bytes))?;
        let status = match client.response("GET") {
            Ok(answer) => Some(answer.status),
            // HTTP/0.9, or a connection that ended.
            Err(ClientError::BadHead(_) | ClientError::ClosedBeforeAnswer) => None,
            Err(error) => return Err(error.into()),
        };
        // A second answer on this connection would be one to the hidden request.
        let second = client.head().ok().map(|answer| answer.status);
        ensure!(second.is_none(), "a second answer: {second:?}");
        Ok((status, self.peer.requests().split_off(before)))
    }
}

/// mod_proxy_http passes them on as they are.
const PASSED_BY_PROXY: &str = "bytes above ASCII in the query";

fn play(front: Front, rows: Vec<Row>) -> Result {
    let site = site(front)?;
    let mut table = Table::default();
    for (name, bytes, fate) in rows {
        if front == Front::Proxy && name == PASSED_BY_PROXY {
            continue;
        }
        let faults = site.peer.faults().len();
        let (status, got) = site.raw(&bytes.replace('@', "Connection: close\r\n"))?;
        table.check(&format!("{name}: requests"), got.len() <= 1, true);
        table.check(
            &format!("{name}: faults"),
            site.peer.faults().split_off(faults),
            Vec::<String>::new(),
        );
        let hidden = got
            .iter()
            .any(|request| request.target.contains("hidden HTTP") || request.target == "/w/hidden");
        table.check(&format!("{name}: hidden"), hidden, false);
        let whole = got.first().filter(|request| request.is_whole);
        let body = whole.map(|request| request.body.len());
        let is_right = match fate {
            Refused => body.is_none() && status.is_none_or(|status| status >= 400),
            One(length) => body == Some(length) && status == Some(200),
            Any => body.is_some() || status.is_none_or(|status| status >= 400),
        };
        table.check(
            &format!("{name}: {status:?} {body:?}, {fate:?}"),
            is_right,
            true,
        );
        // A connection to the peer that is out of step would show now.
        let (status, next) =
            site.raw("GET /w/next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
        let target = next.first().map(|request| request.target.as_str());
        table.check(
            &format!("{name}: next"),
            (status, target),
            (Some(200), Some("/w/next")),
        );
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// Makes the tests of a table with both fronts.
macro_rules! with_both {
    ($($table:ident)*) => {$(
        mod $table {
            use $crate::stage::Front;

            #[test]
            fn rjk() -> rjk_testbed::Result {
                super::play(Front::Rjk, super::$table())
            }

            #[test]
            fn proxy() -> rjk_testbed::Result {
                super::play(Front::Proxy, super::$table())
            }
        }
    )*};
}
with_both! { codings framing chunks targets fields }

/// The same requests in front of a real Tomcat: it serves one for each that httpd lets through, and never the
/// hidden one.
#[test]
fn rjk_in_front_of_tomcat() -> Result {
    let rows = [codings(), framing(), chunks(), targets(), fields()].concat();
    for version in Version::BOTH {
        let site = Stage::shared(Front::Rjk, version)?.site(Way::HttpTcp)?;
        let before = site
            .tomcat
            .file("logs/access.log")
            .matches("/testbed/next")
            .count();
        for (name, bytes, _) in &rows {
            let bytes = bytes
                .replace("/w/", "/testbed/smuggled/")
                .replace('@', "Connection: close\r\n");
            let mut client = site.connect()?.timeout(LIMIT)?;
            client.raw(&latin_1(&bytes))?;
            let _ = client.response("GET");
            ensure!(client.head().is_err(), "{name}: a second answer");
            let next = site.ask(Request::get("/testbed/next"))?;
            ensure!(next.status == 404, "{name}: {next:?}");
        }
        let log = || site.tomcat.file("logs/access.log");
        let served = || log().matches("/testbed/next").count() - before;
        wait::until("all lines", wait::SOON, || served() >= rows.len())?;
        let is_hidden = |line: &str| line.starts_with("GET /testbed/smuggled/hidden ");
        ensure!(
            !log().lines().any(is_hidden) && served() == rows.len(),
            "{}",
            log()
        );
        site.httpd.assert_clean();
    }
    Ok(())
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// CVE-2021-33193: what HTTP/2 carries in a path or a header is no line of HTTP/1.1.
#[test]
fn rjk_http2() -> Result {
    let site = site(Front::Rjk)?;
    let before = site.peer.requests().len();
    for path in [
        "/w/x",
        "/w/x y",
        "/w/x HTTP/1.1\r\nHost: a\r\n\r\nGET /w/hidden",
    ] {
        let answer = Stream::get(site.httpd.port(), path)?.answer()?;
        ensure!(
            answer
                .status
                .is_none_or(|status| status == 200 || status >= 400),
            "{answer:?}"
        );
    }
    let got = site.peer.requests().split_off(before);
    let targets: Vec<&str> = got.iter().map(|request| request.target.as_str()).collect();
    ensure!(
        targets.iter().all(|target| !target.contains(' ')),
        "{targets:?}"
    );
    ensure!(
        !targets.contains(&"/w/hidden") && targets.contains(&"/w/x"),
        "{targets:?}"
    );
    ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
    let (mut post, bytes) = (
        Stream::post(site.httpd.port(), "/w/body")?,
        b"0\r\n\r\nGET /w/hidden HTTP/1.1\r\n\r\n",
    );
    post.send(bytes)?;
    post.finish()?;
    ensure!(post.answer()?.status == Some(200));
    let last = site.peer.requests().pop().unwrap_or_default();
    ensure!(last.target == "/w/body" && last.body == bytes, "{last:?}");
    ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
    site.httpd.assert_clean();
    Ok(())
}

/// CVE-2021-40438, CVE-2021-44224: no target chooses another backend.
#[test]
fn rjk_targets_choose_no_backend() -> Result {
    let site = site(Front::Rjk)?;
    for target in [
        "/w/unix:/tmp/x.sock|http://x/",
        "/w/x?unix:/tmp/x.sock|http://x/",
        "http://127.0.0.1:1/w/x",
        "unix:/tmp/x.sock|http://x/w/x",
        "//127.0.0.1:1/w/x",
    ] {
        let bytes =
            format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n");
        let (status, got) = site.raw(&bytes)?;
        let answered = status == Some(200) && got.len() == 1;
        let refused = status.is_some_and(|status| status >= 400) && got.is_empty();
        ensure!(answered || refused, "{target}: {status:?} {got:?}");
    }
    ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
    Ok(())
}
