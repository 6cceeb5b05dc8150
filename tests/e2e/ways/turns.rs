//! Request and answer that take turns: the client sends a part of its body when it has seen the answer to the
//! part before. Over AJP, Tomcat asks for each part; over HTTP, both sides are waited for.

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use rjk_testbed::h2::{End, Stream};
use rjk_testbed::httpd::Builder;
use rjk_testbed::tls::{Authority, Certificate, tls};
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::{Context, Httpd, Result, Version, Way, ensure, process, way};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const HTTP: [Way; 3] = [Way::HttpTcp, Way::HttpUnix, Way::Https];
const PATIENCE: Duration = Duration::from_secs(10);
const HEAD: &[u8] =
    b"POST /testbed/turns.jsp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Stage {
    authority: Authority,
    tomcat: Tomcat,
}

impl Stage {
    fn start(version: Version) -> Result<Stage> {
        let authority = Authority::new("Turns")?;
        let tomcat = Tomcat::builder(version)
            .doors(&Door::ALL)
            .tls(&authority)?
            .start()?;
        Ok(Stage { authority, tomcat })
    }

    fn site(&self, way: Way) -> Result<Builder> {
        let reach = self.tomcat.reach(way, "w")?;
        let site = way::site(&self.authority, &[reach], "worker.list=w\n")?;
        Ok(site.server_limit(1).directives("JkMount /testbed/* w"))
    }
}

/// Reads until these words have come.
fn until(stream: &mut impl Read, words: &str) -> Result {
    let (mut seen, mut piece) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&seen).contains(words) {
        let read = stream.read(&mut piece);
        let read = read.with_context(|| format!("{words} after {}", seen.escape_ascii()))?;
        ensure!(read > 0, "the end before {words}: {}", seen.escape_ascii());
        seen.extend_from_slice(&piece[..read]);
    }
    Ok(())
}

/// Three turns; the answers come in chunks, and a part of the body is cut within one.
fn turns(mut stream: impl Read + Write) -> Result {
    stream.write_all(HEAD)?;
    for word in ["one", "two", "three"] {
        std::thread::sleep(Duration::from_millis(100));
        let chunk = format!("{:x}\r\n{word}\r\n", word.len());
        let (first, rest) = chunk.split_at(2);
        stream.write_all(first.as_bytes())?;
        std::thread::sleep(Duration::from_millis(30));
        stream.write_all(rest.as_bytes())?;
        until(&mut stream, &format!("{}*", word.to_uppercase()))?;
    }
    stream.write_all(b"0\r\n\r\n")?;
    until(&mut stream, "end")
}

fn connect(httpd: &Httpd) -> Result<TcpStream> {
    let stream = TcpStream::connect(httpd.address())?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn over_http(version: Version) -> Result {
    let stage = Stage::start(version)?;
    for way in HTTP {
        let httpd = stage.site(way)?.start()?;
        turns(connect(&httpd)?).with_context(|| format!("over {way}"))?;
        httpd.assert_clean();
    }
    Ok(())
}

#[test]
fn tomcat9_takes_turns() -> Result {
    over_http(Version::V9)
}

#[test]
fn tomcat10_takes_turns() -> Result {
    over_http(Version::V10)
}

#[test]
fn rjk_clients_in_tls_take_turns() -> Result {
    let stage = Stage::start(Version::V10)?;
    let own = Certificate::self_signed("rjk.test")?;
    for way in HTTP {
        let httpd = tls(stage.site(way)?, &own, "JkMount /testbed/* w").start()?;
        let mut connector = SslConnector::builder(SslMethod::tls_client())?;
        connector.set_verify(SslVerifyMode::NONE);
        let stream = connector.build().connect("rjk.test", connect(&httpd)?)?;
        turns(stream).with_context(|| format!("over {way}"))?;
        httpd.assert_clean();
    }
    Ok(())
}

/// Nor does a child work while both sides are silent.
#[test]
fn rjk_streams_of_http2_take_turns() -> Result {
    let stage = Stage::start(Version::V10)?;
    for way in HTTP {
        let site = stage
            .site(way)?
            .module("http2")
            .directives("Protocols h2c http/1.1");
        let httpd = site.start()?;
        let mut stream = Stream::post(httpd.port(), "/testbed/turns.jsp")?;
        for word in ["one", "two", "three"] {
            std::thread::sleep(Duration::from_millis(100));
            stream.send(word.as_bytes())?;
            let turn = stream.wait_for(&format!("{}*", word.to_uppercase()));
            turn.with_context(|| format!("{word} over {way}"))?;
        }
        let child = httpd.only_child()?;
        let before = process::cpu_time(child)?;
        std::thread::sleep(Duration::from_secs(2));
        let spent = process::cpu_time(child)?.saturating_sub(before);
        ensure!(
            spent < Duration::from_millis(200),
            "{way}: {spent:?} of work"
        );
        stream.finish()?;
        let answer = stream.answer()?;
        ensure!(
            answer.end == End::Whole && answer.text.ends_with("end"),
            "{answer:?}"
        );
        httpd.assert_clean();
    }
    Ok(())
}

/// httpd's limits for a body hold while both are waited for.
#[test]
fn rjk_a_client_that_stops_gets_408() -> Result {
    let stage = Stage::start(Version::V10)?;
    let limits = [
        ("Timeout 2", None),
        ("RequestReadTimeout body=2", Some("reqtimeout")),
    ];
    for (limit, module) in limits {
        for way in [Way::AjpTcp, Way::HttpTcp, Way::Https] {
            let site = stage.site(way)?.directives(limit);
            let site = module.into_iter().fold(site, Builder::module);
            let httpd = site.start()?;
            let mut stream = connect(&httpd)?;
            let began = Instant::now();
            stream.write_all(HEAD)?;
            until(&mut stream, "HTTP/1.1 408 ").with_context(|| format!("{limit} over {way}"))?;
            let took = began.elapsed();
            let due = Duration::from_millis(1500)..Duration::from_secs(6);
            ensure!(due.contains(&took), "{limit} over {way}: {took:?}");
        }
    }
    Ok(())
}
