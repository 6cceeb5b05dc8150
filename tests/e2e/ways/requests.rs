//! What of a request reaches an application: methods, targets, headers.

use crate::over_every_way;
use crate::stage::{AJP, Case, Site};
use rjk_testbed::client::Request;
use rjk_testbed::{Context, Result, ensure};
use std::sync::atomic::{AtomicUsize, Ordering};

over_every_way! { control: methods targets; own: headers hop_by_hop }

/// Headers of a request.
type Sent = &'static [(&'static str, &'static str)];

/// Requests are told apart in Tomcat's log.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// Method and target as Tomcat logged them, and the status. Tomcat's pages take GET, POST, HEAD and OPTIONS only.
#[rustfmt::skip]
fn methods() -> Vec<Case> {
    let asked = [
        ("GET", "200"),
        ("POST", "200"),
        ("HEAD", "200"),
        ("OPTIONS", "200"),
        ("PUT", "405"),
        ("DELETE", "405"),
        ("PATCH", "405"),
        ("PROPFIND", "405"),
        ("REPORT", "405"),
        ("VERSION-CONTROL", "405"),
        ("MKACTIVITY", "405"),
        ("M-SEARCH", "405"),
        ("BREW", "405"),
        ("get", "405"),
        ("LONGMETHODNAMEWITHMANYLETTERS", "405"),
    ];
    let case = |(method, status): (&'static str, &str)| {
        Case::new(
            format!("method {method}"),
            format!("{status}: {method} /testbed/echo.jsp?METHOD HTTP/1.1 {status}"),
            move |site| {
                let word = format!("?METHOD-{} ", NUMBER.fetch_add(1, Ordering::Relaxed));
                let target = format!("/testbed/echo.jsp{}", word.trim_end());
                let answer = site.whole(Request::new(method, &target))?;
                let lines = site.logged(&word)?;
                ensure!(lines.len() == 1, "{lines:?}");
                let line = lines[0].replace(&word, "?METHOD ");
                Ok(format!("{}: {line}", answer.status))
            },
        )
    };
    asked.into_iter().map(case).collect()
}

/// Fields of the page that shows the request.
fn shown(site: &Site, request: Request, keys: &[&str]) -> Result<String> {
    let answer = site.whole(request)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    let field = |key: &&str| answer.field(key).unwrap_or_else(|| "-".to_owned());
    Ok(keys.iter().map(field).collect::<Vec<_>>().join(" "))
}

#[rustfmt::skip]
fn targets() -> Vec<Case> {
    const KEYS: [&str; 4] = [
        "requestURI",
        "queryString",
        "servletPath",
        "requestedSessionId",
    ];
    let asked = [
        ("/testbed/echo.jsp", "/testbed/echo.jsp null /echo.jsp null"),
        ("/testbed/echo.jsp?", "/testbed/echo.jsp  /echo.jsp null"),
        ("/testbed/echo.jsp?a=b&c=%20d", "/testbed/echo.jsp a=b&c=%20d /echo.jsp null"),
        ("/testbed/echo.jsp;jsessionid=x?q", "/testbed/echo.jsp;jsessionid=x q /echo.jsp x"),
        ("/testbed/%65cho.jsp", "/testbed/echo.jsp null /echo.jsp null"),
        ("/testbed/x/../echo.jsp", "/testbed/echo.jsp null /echo.jsp null"),
        ("/testbed//echo.jsp", "/testbed/echo.jsp null /echo.jsp null"),
        ("http://other.test/testbed/echo.jsp?q", "/testbed/echo.jsp q /echo.jsp null"),
    ];
    let case = |(target, expected): (&'static str, &str)| {
        Case::new(format!("target {target}"), expected, move |site| {
            shown(site, Request::get(target), &KEYS)
        })
    };
    asked.into_iter().map(case).collect()
}

#[rustfmt::skip]
fn headers() -> Vec<Case> {
    let long = "v".repeat(7000);
    let asked: [(&str, Sent, &str, &str); 12] = [
        ("a value", &[("X-One", "1")], "X-One", "1"),
        ("a name twice", &[("X-Two", "1"), ("X-Two", "2")], "X-Two", "1, 2"),
        ("an empty value", &[("X-Empty", "")], "X-Empty", ""),
        ("blanks inside", &[("X-Blank", "a  b\tc")], "X-Blank", "a  b\tc"),
        ("bytes above ASCII", &[("X-Latin", "caf\u{e9}")], "X-Latin", "caf\u{c3}\u{a9}"),
        ("an underscore", &[("X_Under", "1")], "X_Under", "1"),
        ("two cookie lines", &[("Cookie", "a=1"), ("Cookie", "b=2")], "cookie", "a=1, b=2"),
        ("credentials", &[("Authorization", "Basic eDp5")], "authorization", "Basic eDp5"),
        ("a type", &[("Content-Type", "text/x; charset=utf-8")], "content-type", "text/x; charset=utf-8"),
        ("codings", &[("Accept-Encoding", "br, gzip;q=0")], "accept-encoding", "br, gzip;q=0"),
        ("host and port", &[("Host", "front.test:4711")], "host", "front.test:4711"),
        ("a date", &[("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")], "if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ];
    let case =
        |(name, sent, wanted, expected): (&str, Sent, &'static str, &str)| {
            Case::new(format!("header: {name}"), expected, move |site| {
                named(
                    site,
                    Request::get("/testbed/echo.jsp").headers(sent),
                    wanted,
                )
            })
        };
    let mut cases: Vec<Case> = asked.into_iter().map(case).collect();
    let value = long.clone();
    cases.push(Case::new("header: of 7,000 bytes", "7000", move |site| {
        let request = Request::get("/testbed/echo.jsp").header("X-Long", &value);
        Ok(named(site, request, "X-Long")?.len().to_string())
    }));
    cases.push(Case::new("header: eighty of them", "80", |site| {
        let each = |request: Request, n: u32| request.header(&format!("X-Many-{n}"), "1");
        let request = (0..80).fold(Request::get("/testbed/echo.jsp"), each);
        let text = site.whole(request)?.text().to_ascii_lowercase();
        Ok(text.matches("header.x-many-").count().to_string())
    }));
    cases
}

/// All values of a header as the page shows them; names come in any case.
fn named(site: &Site, request: Request, name: &str) -> Result<String> {
    let answer = site.whole(request)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    let text = answer.text();
    let values: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("header.")?.split_once('='))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect();
    values.first().context("not forwarded")?;
    Ok(values.join(", "))
}

/// What is between the client and httpd only. AJP is no HTTP connection: what it carries of these
/// headers, as mod_jk does, means nothing to Tomcat.
#[rustfmt::skip]
fn hop_by_hop() -> Vec<Case> {
    const AS_MOD_JK: &str = "mod_jk forwards it, and to AJP it means nothing";
    let asked: [(&str, Sent, &str); 8] = [
        ("named by Connection", &[("Connection", "X-Gone"), ("X-Gone", "1")], "X-Gone"),
        ("named in another case", &[("Connection", "x-GONE, y"), ("X-Gone", "1")], "X-Gone"),
        ("Keep-Alive", &[("Keep-Alive", "timeout=5")], "Keep-Alive"),
        ("TE", &[("TE", "trailers, deflate")], "TE"),
        ("Trailer", &[("Trailer", "X-T")], "Trailer"),
        ("Upgrade", &[("Connection", "Upgrade"), ("Upgrade", "h2c")], "Upgrade"),
        ("Proxy-Connection", &[("Proxy-Connection", "keep-alive")], "Proxy-Connection"),
        ("Proxy-Authorization", &[("Proxy-Authorization", "Basic eDp5")], "Proxy-Authorization"),
    ];
    let case = |(name, sent, wanted): (&str, Sent, &'static str)| {
        let forwarded = sent.iter().find(|(name, _)| *name == wanted);
        let value = forwarded.map_or("", |(_, value)| *value);
        Case::new(
            format!("hop by hop: {name}"),
            "error: not forwarded",
            move |site| {
                let get = Request::get("/testbed/echo.jsp").headers(sent);
                named(site, get, wanted)
            },
        )
        .but(&AJP, value, AS_MOD_JK)
    };
    let mut cases: Vec<Case> = asked.into_iter().map(case).collect();
    // Ours, between httpd and Tomcat, is never the client's.
    cases.push(
        Case::new("hop by hop: close", "keep-alive", |site| {
            let get = Request::get("/testbed/echo.jsp").header("Connection", "close");
            named(site, get, "Connection")
        })
        .but(&AJP, "close, close", AS_MOD_JK),
    );

    cases
}
