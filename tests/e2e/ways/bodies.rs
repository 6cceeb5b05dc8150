//! Bodies in both directions, and what is said ahead of them.

use crate::over_every_way;
use crate::stage::{AJP, Case, Site};
use rjk_testbed::client::{BodyEnd, Request};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::{Result, ensure};
use std::time::{Duration, Instant};

over_every_way! { control: uploads expectations streams; own: lengths downloads early_answers }

/// 0, 1, around a packet of AJP, many packets, and more than any buffer on the way.
const SIZES: [usize; 7] = [0, 1, 8186, 8187, 16_384, 100_000, 3 * 1024 * 1024 + 1];

fn upload(site: &Site, target: &str, size: usize, chunk: Option<usize>) -> Result<String> {
    let sent = bytes(5, size);
    let post = Request::new("POST", target).header("Content-Type", "application/octet-stream");
    let request = match chunk {
        Some(chunk) => post.chunked(sent.clone(), chunk),
        None => post.body(sent.clone()),
    };
    let answer = site.whole(request)?;
    let same = answer.field("sha256") == Some(sha256_hex(&sent));
    let length = answer.field("bytes").unwrap_or_default();
    Ok(format!("{} {length} {same}", answer.status))
}

fn uploads() -> Vec<Case> {
    let case = |size: usize, chunk: Option<usize>| {
        let how = chunk.map_or("a length".to_owned(), |chunk| format!("chunks of {chunk}"));
        let name = format!("upload of {size} with {how}");
        Case::new(name, format!("200 {size} true"), move |site| {
            upload(site, "/testbed/upload.jsp", size, chunk)
        })
    };
    let chunks = [None, Some(5000), Some(8192), Some(1_000_000)];
    let sizes = SIZES.into_iter();
    let mut cases: Vec<Case> = sizes
        .flat_map(|size| chunks.map(|chunk| case(size, chunk)))
        .collect();
    cases.push(case(700, Some(1)));
    cases.push(Case::new(
        "a slow reader of an upload",
        "200 300000 true",
        |site| upload(site, "/testbed/upload.jsp?pause=20", 300_000, None),
    ));
    cases
}

/// What an application is told of the length.
fn lengths() -> Vec<Case> {
    let told = |name: &str, expected: &str, request: fn() -> Request| {
        Case::new(format!("length: {name}"), expected, move |site| {
            let answer = site.whole(request())?;
            let field = answer.field("contentLength").unwrap_or_default();
            Ok(format!("{} {field}", answer.status))
        })
    };
    const AS_MOD_JK: &str = "mod_jk announces a length of 0";
    vec![
        told("GET", "200 -1", || Request::get("/testbed/echo.jsp")).but(&AJP, "200 0", AS_MOD_JK),
        told("POST without a body", "200 0", || {
            Request::new("POST", "/testbed/echo.jsp")
        }),
        told("POST of 0 bytes", "200 0", || {
            Request::new("POST", "/testbed/echo.jsp").body("")
        }),
        told("POST of 5 bytes", "200 5", || {
            Request::new("POST", "/testbed/echo.jsp").body("12345")
        }),
        told("GET with a body", "200 5", || {
            Request::get("/testbed/echo.jsp").body("12345")
        }),
        told("POST in chunks", "200 -1", || {
            Request::new("POST", "/testbed/echo.jsp").chunked("12345", 2)
        }),
    ]
}

fn download(site: &Site, size: usize, more: &str) -> Result<String> {
    let target = format!("/testbed/download.jsp?bytes={size}&seed=5{more}");
    let answer = site.whole(Request::get(&target))?;
    let announced = answer.header("Content-Length").unwrap_or("-").to_owned();
    let same = answer.body == bytes(5, size);
    Ok(format!("{} {announced} {same}", answer.status))
}

fn downloads() -> Vec<Case> {
    let mut cases = Vec::new();
    for size in SIZES {
        let name = format!("download of {size} with a length");
        cases.push(Case::new(name, format!("200 {size} true"), move |site| {
            download(site, size, "&length=1")
        }));
        // What comes in one piece may be framed by httpd.
        let name = format!("download of {size} without a length");
        cases.push(Case::new(name, "200 true", move |site| {
            let got = download(site, size, "")?;
            Ok(got.replace(&format!(" {size} "), " ").replace(" - ", " "))
        }));
    }
    for more in [
        "&flush=1&chunk=1",
        "&flush=1&chunk=700",
        "&length=1&flush=1&chunk=701",
    ] {
        cases.push(Case::new(
            format!("download in pieces {more}"),
            "200 true",
            move |site| {
                let got = download(site, 3001, more)?;
                Ok(got.replace(" 3001 ", " ").replace(" - ", " "))
            },
        ));
    }
    cases.push(Case::new("HEAD of a download", "200 100000 0", |site| {
        let target = "/testbed/download.jsp?bytes=100000&length=1";
        let answer = site.whole(Request::new("HEAD", target))?;
        let length = answer.header("Content-Length").unwrap_or("-");
        Ok(format!("{} {length} {}", answer.status, answer.body.len()))
    }));
    cases
}

/// An answer may come before the body was read, or all of it was sent.
fn early_answers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (code, size, chunk) in [
        (413, 3_000_000, None),
        (413, 3_000_000, Some(10_000)),
        (401, 100_000, None),
        (403, 20_000_000, None),
        (200, 100_000, Some(1000)),
    ] {
        let name = format!("{code} to an upload of {size} that nobody reads, {chunk:?}");
        cases.push(Case::new(name, format!("{code} told"), move |site| {
            let post = Request::new(
                "POST",
                &format!("/testbed/status.jsp?code={code}&body=told"),
            );
            let body = vec![b'x'; size];
            let answer = site.ask(match chunk {
                Some(chunk) => post.chunked(body, chunk),
                None => post.body(body),
            })?;
            ensure!(answer.end == BodyEnd::Complete, "{answer:?}");
            Ok(format!("{} {}", answer.status, answer.text()))
        }));
    }
    cases.extend(partly_read());
    cases
}

fn partly_read() -> [Case; 2] {
    [
        Case::new("an upload that is read in part", "200 1000", |site| {
            let post = Request::new("POST", "/testbed/upload.jsp?limit=1000");
            let answer = site.whole(post.body(vec![b'x'; 3_000_000]))?;
            let bytes = answer.field("bytes").unwrap_or_default();
            Ok(format!("{} {bytes}", answer.status))
        }),
        Case::new("the next request on the connection", "200 200", |site| {
            let mut client = site.connect()?;
            let mut statuses = Vec::new();
            let post = Request::new("POST", "/testbed/upload.jsp?limit=10");
            let post = post.body(vec![b'x'; 50_000]);
            for request in [post, Request::get("/testbed/echo.jsp")] {
                let answer = client.send(&request)?;
                ensure!(!answer.closes(), "{answer:?}");
                statuses.push(answer.status.to_string());
            }
            Ok(statuses.join(" "))
        }),
    ]
}

/// `Expect: 100-continue`: the client waits for the word before it sends.
fn expectations() -> Vec<Case> {
    vec![
        Case::new("a client that waits for 100", "[100] 200 5", |site| {
            let mut client = site.connect()?;
            client.raw(
                b"POST /testbed/upload.jsp HTTP/1.1\r\nHost: rjk.test\r\nContent-Length: 5\r\n\
                  Expect: 100-continue\r\nConnection: close\r\n\r\n",
            )?;
            let interim = client.head()?;
            client.raw(b"hello")?;
            let answer = client.response("POST")?;
            let length = answer.field("bytes").unwrap_or_default();
            Ok(format!("[{}] {} {length}", interim.status, answer.status))
        }),
        Case::new("a client that expects what nobody knows", "417", |site| {
            let get = Request::get("/testbed/echo.jsp").header("Expect", "tea");
            Ok(site.whole(get)?.status.to_string())
        }),
    ]
}

/// What an application flushes reaches the client at once.
fn streams() -> Vec<Case> {
    vec![
        Case::new(
            "lines as they come",
            "200 first ahead of the last",
            |site| {
                let mut client = site.connect()?;
                client
                    .raw(b"GET /testbed/sleepy.jsp?count=4&ms=200 HTTP/1.1\r\nHost: x\r\n\r\n")?;
                let mut answer = client.head()?;
                client.read_some(1)?;
                let first = Instant::now();
                // The first byte was taken; what follows is the rest of a chunk's head.
                let ahead = loop {
                    match client.read_some(4096) {
                        Ok(piece) if !piece.ends_with(b"0\r\n\r\n") && !piece.is_empty() => {}
                        _ => break first.elapsed() > Duration::from_millis(400),
                    }
                };
                answer.end = BodyEnd::Complete;
                let order = if ahead { "ahead of" } else { "with" };
                Ok(format!("{} first {order} the last", answer.status))
            },
        ),
        Case::new("an answer that takes long", "200 slept=700", |site| {
            let answer = site.whole(Request::get("/testbed/slow.jsp?ms=700"))?;
            let text = answer.text();
            Ok(format!(
                "{} {}",
                answer.status,
                text.lines().next().unwrap_or_default()
            ))
        }),
        Case::new("as many at once as there are threads", "20 of 20", |site| {
            let port = site.httpd.port();
            let one = move || rjk_testbed::client::get(port, "/testbed/slow.jsp?ms=300");
            let threads: Vec<_> = (0..20).map(|_| std::thread::spawn(one)).collect();
            let good = threads
                .into_iter()
                .filter_map(|thread| thread.join().ok()?.ok());
            let good =
                good.filter(|answer| answer.status == 200 && answer.end == BodyEnd::Complete);
            Ok(format!("{} of 20", good.count()))
        }),
    ]
}
