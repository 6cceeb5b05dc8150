//! How the request body is announced and what of it arrives (Q-12, D-27, CP-05, CP-07).

use crate::head::mounted;
use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::peer::{BodyPacket, Forwarded};
use rjk_testbed::tls::curl;
use rjk_testbed::{Farm, Result, Subject, Table, both, on_mpm};

both! { q12_content_length d27_ignore_content_length cp05_connection_header cp07_transfer_encoding bodies_over_http2 }
on_mpm! { Worker worker: q12_content_length cp05_connection_header }
on_mpm! { Prefork prefork: q12_content_length cp05_connection_header }

/// Names of the headers about the body, in order, with their values.
fn framing(forwarded: &Forwarded) -> Vec<String> {
    forwarded
        .headers
        .iter()
        .filter(|header| {
            ["content-length", "transfer-encoding"]
                .iter()
                .any(|name| header.name.eq_ignore_ascii_case(name))
        })
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect()
}

fn q12_content_length(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let post = || Request::new("POST", "/app/x");
    let mut table = Table::default();
    for (row, request, expected, body) in [
        ("no body", post(), "content-length: 0", 0),
        (
            "zero",
            post().header("Content-Length", "0"),
            "content-length: 0",
            0,
        ),
        ("GET", Request::get("/app/x"), "content-length: 0", 0),
        ("length", post().body("12345"), "content-length: 5", 5),
        (
            "GET with a body",
            Request::get("/app/x").body("12345"),
            "content-length: 5",
            5,
        ),
        (
            "chunked",
            post().chunked("12345", 2),
            "Transfer-Encoding: chunked",
            5,
        ),
        (
            "leading zeros",
            post().header("Content-Length", "00"),
            "content-length: 00",
            0,
        ),
    ] {
        let forwarded = site.forwarded(request)?;
        table.check(&format!("Q-12 {row}"), framing(&forwarded), [expected]);
        table.check(&format!("BD {row}"), forwarded.body().len(), body);
        if row == "no body" {
            let last = forwarded.headers.last().map(|header| header.name.as_str());
            table.check("Q-12 appended", last, Some("content-length"));
        }
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn d27_ignore_content_length(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .vhosts(vhost(
                "own.test",
                "SetEnvIf Request_URI ^/app/on JK_IGNORE_CL\n\
                 SetEnvIf Request_URI ^/app/empty \"JK_IGNORE_CL=\"\nJkMount /app/* w",
            ))
            .vhosts(vhost(
                "named.test",
                "JkIgnoreCLIndicator NO_CL\nSetEnvIf Request_URI ^/app/on NO_CL\n\
                 SetEnvIf Request_URI ^/app/other JK_IGNORE_CL\nJkMount /app/* w",
            ))
    })?;
    let mut table = Table::default();
    for (host, target, ignored) in [
        ("own.test", "/app/on", true),
        ("own.test", "/app/empty", true),
        ("own.test", "/app/off", false),
        ("named.test", "/app/on", true),
        ("named.test", "/app/other", false),
    ] {
        let row = format!("D-27 {host}{target}");
        let post = Request::new("POST", target).header("Host", host);
        let seen = site.ask(post.body("12345"))?;
        let forwarded = seen.only()?;
        let expected: &[&str] = if ignored { &[] } else { &["content-length: 5"] };
        table.check(&row, framing(&forwarded), expected.to_vec());
        // The echo peer reads what comes unasked only when a length was announced.
        let first = (!ignored).then(|| BodyPacket::Data(b"12345".to_vec()));
        table.check(&row, forwarded.body_packets.first().cloned(), first);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn cp05_connection_header(subject: Subject) -> Result {
    let site = mounted(subject)?;
    for value in [
        ",,; close",
        ",",
        "",
        "close,,keep-alive",
        "\u{1}x",
        "Upgrade, close",
        &"a,".repeat(2000),
    ] {
        let head = format!("GET /app/x HTTP/1.1\r\nHost: a\r\nConnection: {value}\r\n\r\n");
        let status = site.raw("GET", head.as_bytes())?.response.status;
        let expected = if value.starts_with('\u{1}') { 400 } else { 200 };
        assert_eq!(status, expected, "CP-05 {value:?}");
    }
    site.httpd.assert_clean();
    Ok(())
}

/// What the peer reads is what httpd dechunked; length and chunked are never sent at once.
fn cp07_transfer_encoding(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let mut table = Table::default();
    let chunked = "5\r\nhello\r\n0\r\n\r\n";
    for (headers, body, expected) in [
        ("Transfer-Encoding: chunked", chunked, "hello"),
        ("Transfer-Encoding: Chunked", chunked, "hello"),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            chunked,
            "hello",
        ),
        ("Transfer-Encoding: chunked, x", chunked, "refused"),
        ("Transfer-Encoding: x, chunked", chunked, "refused"),
        ("Transfer-Encoding: xchunked", chunked, "refused"),
        ("Transfer-Encoding: identity", chunked, "refused"),
        ("Content-Length: 5\r\nContent-Length: 6", "hello", "refused"),
        ("Content-Length: +5", "hello", "refused"),
        ("Content-Length: 5, 5", "hello", "refused"),
        ("Content-Length: 0x5", "hello", "refused"),
        ("Content-Length: -1", "hello", "refused"),
    ] {
        let text = format!("POST /app/x HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{body}");
        let seen = site.raw("POST", text.as_bytes())?;
        let row = format!("CP-07 {headers:?}");
        let got = match &seen.forwarded {
            None => "refused".to_owned(),
            Some(forwarded) => {
                table.check(&row, framing(forwarded).len(), 1);
                String::from_utf8_lossy(&forwarded.body()).into_owned()
            }
        };
        table.check(&row, got, expected);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// HTTP/2 has bodies without a length and without chunks.
fn bodies_over_http2(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("http2")
            .directives("Protocols h2c http/1.1\nJkMount /app/* w")
            .file("conf/body", "hello")
    })?;
    let url = format!("http://127.0.0.1:{}/app/x", site.httpd.port());
    let data = format!("@{}", site.httpd.path("conf/body").display());
    let h2 = ["--http2-prior-knowledge", url.as_str()];
    for arguments in [
        &["--data-binary", data.as_str(), "-H", "Content-Length:"][..],
        &["--data-binary", data.as_str()],
    ] {
        let answer = curl(&[&h2, arguments].concat())?;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("body=5\n"), "{arguments:?}: {answer}");
        let forwarded = site.w().requests().pop().unwrap_or_default();
        assert_eq!(forwarded.body(), b"hello");
        assert_eq!(forwarded.protocol, "HTTP/2.0", "Q-03");
        assert_eq!(forwarded.headers_named("Host").len(), 1, "HC-11");
    }
    let get = curl(&h2)?;
    assert!(String::from_utf8_lossy(&get).contains("body=0\n"));
    site.httpd.assert_clean();
    Ok(())
}
