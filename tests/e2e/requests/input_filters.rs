//! Filters of httpd that change the request body: Tomcat gets all of it, and no length that is not
//! its (Q-12, BD-01, BD-03).

use rjk_testbed::client::{self, Request};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{BodyPacket, Forwarded};
use rjk_testbed::{Context, Farm, Httpd, Result, Subject, Table, Tomcat, Version, wait};
use std::io::Write;
use std::process::{Command, Stdio};

/// `data` as gzip makes it.
fn gzip(data: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "-n", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut pipe = gzip.stdin.take().context("gzip has no input")?;
    let data = data.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&data));
    let output = gzip.wait_with_output()?;
    writer
        .join()
        .map_err(|_| rjk_testbed::Error::msg("no writer"))??;
    Ok(output.stdout)
}

fn site(describe: impl FnOnce(Builder) -> Builder) -> Result<Farm> {
    Farm::alone(Subject::Rjk, |site| {
        describe(site.directives("JkMount /app/* w"))
    })
}

fn framing(forwarded: &Forwarded) -> (Option<&str>, Option<&str>) {
    (
        forwarded.header("content-length"),
        forwarded.header("transfer-encoding"),
    )
}

const UNKNOWN: (Option<&str>, Option<&str>) = (None, Some("chunked"));

#[test]
fn rjk_inflated_uploads() -> Result {
    let site = site(|site| site.module("deflate").directives("SetInputFilter DEFLATE"))?;
    let mut table = Table::default();
    for data in [vec![b'x'; 5], bytes(3, 600).repeat(50), bytes(3, 300_000)] {
        let packed = gzip(&data)?;
        for chunked in [false, true] {
            let row = format!("{} {chunked}", data.len());
            let post = Request::new("POST", "/app/x").header("Content-Encoding", "gzip");
            let post = if chunked {
                post.chunked(packed.clone(), 40)
            } else {
                post.body(packed.clone())
            };
            let forwarded = site.forwarded(post)?;
            table.check(&row, forwarded.body() == data, true);
            table.check(&row, framing(&forwarded), UNKNOWN);
            table.check(&row, forwarded.header("content-encoding"), None::<&str>);
        }
    }
    table.finish()
}

/// What a servlet reads of it.
#[test]
fn rjk_inflated_for_a_servlet() -> Result {
    let tomcat = Tomcat::shared(Version::V10)?;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!("worker.list=testbed\n{}", tomcat.worker("testbed")))
        .module("deflate")
        .directives("JkMount /testbed/* testbed\nSetInputFilter DEFLATE")
        .start()?;
    for data in [bytes(3, 600).repeat(50), bytes(3, 300_000)] {
        let post = Request::new("POST", "/testbed/upload.jsp")
            .header("Content-Encoding", "gzip")
            .header("Content-Type", "application/octet-stream")
            .body(gzip(&data)?);
        let answer = client::send(httpd.port(), post)?;
        assert_eq!(answer.field("bytes"), Some(data.len().to_string()));
        assert_eq!(answer.field("sha256"), Some(sha256_hex(&data)));
    }
    Ok(())
}

/// A filter and its directives, what it makes of a body, and whether the announced length can stand
/// for a short body and for a long one.
type Row = (&'static str, &'static str, fn(&[u8]) -> Vec<u8>, [bool; 2]);

const ROWS: [Row; 6] = [
    ("env", "", <[u8]>::to_vec, [true, true]),
    (
        "request",
        "<Location />\nKeptBodySize 1000000\n</Location>",
        <[u8]>::to_vec,
        [true, true],
    ),
    (
        "buffer",
        "SetInputFilter BUFFER",
        <[u8]>::to_vec,
        [true, false],
    ),
    (
        "case_filter_in",
        "CaseFilterIn On",
        <[u8]>::to_ascii_uppercase,
        [true, false],
    ),
    (
        "ext_filter",
        "ExtFilterDefine TR mode=input cmd=\"/usr/bin/tr a-z A-Z\"\nSetInputFilter TR",
        <[u8]>::to_ascii_uppercase,
        [true, false],
    ),
    (
        "ext_filter",
        "ExtFilterDefine SED mode=input cmd=\"/bin/sed s/x/yyy/g\"\nSetInputFilter SED",
        |body| body.iter().flat_map(|_| *b"yyy").collect(),
        [false, false],
    ),
];

/// The common case keeps its Content-Length: no filter, one that changes nothing, a short body whose
/// length a filter left as it was.
#[test]
fn rjk_filters_of_httpd() -> Result {
    let mut table = Table::default();
    for (module, directives, change, stays) in ROWS {
        let site = site(|site| site.module(module).directives(directives))?;
        for (size, stays) in [5_000, 200_000].into_iter().zip(stays) {
            let row = format!("{module} {size}");
            let data = vec![b'x'; size];
            let post = Request::new("POST", "/app/x").body(data.clone());
            let forwarded = site.forwarded(post)?;
            table.check(&row, forwarded.body() == change(&data), true);
            let length = size.to_string();
            let same = (Some(length.as_str()), None);
            let expected = if stays { same } else { UNKNOWN };
            table.check(&row, framing(&forwarded), expected);
        }
        let get = site.forwarded(Request::get("/app/x"))?;
        table.check(module, framing(&get), (Some("0"), None));
    }
    table.finish()
}

/// A body that a filter refuses is no whole one, whatever was read ahead.
#[test]
fn rjk_a_body_that_is_no_gzip() -> Result {
    let site = site(|site| site.module("deflate").directives("SetInputFilter DEFLATE"))?;
    let mut broken = gzip(&bytes(3, 200_000))?;
    broken[150_000..150_100].fill(0);
    for body in [
        b"no gzip at all, but long enough to be one".to_vec(),
        broken,
    ] {
        let post = Request::new("POST", "/app/x").header("Content-Encoding", "gzip");
        let answer = client::send(site.httpd.port(), post.body(body))?;
        assert!(answer.status >= 400, "{answer:?}");
        wait::until("no exchange", wait::SOON, || {
            site.w().open_connections() == 0
        })?;
        for request in site.w().requests() {
            assert!(!request.body_packets.contains(&BodyPacket::End));
        }
    }
    Ok(())
}
