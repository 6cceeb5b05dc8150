//! Answers: statuses, headers, cookies, redirects.

use crate::over_every_way;
use crate::stage::{Case, Site};
use rjk_testbed::Result;
use rjk_testbed::client::{Request, Response};

over_every_way! { control: statuses conditional; own: answer_headers }

/// Status and body.
fn told(answer: &Response) -> String {
    format!("{} {}", answer.status, answer.text())
}

#[rustfmt::skip]
const WITH_BODY: [u16; 45] = [
    200, 201, 202, 203, 206, 226, 299, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 409, 410, 411,
    412, 413, 414, 415, 416, 417, 418, 421, 422, 429, 451, 499, 500, 501, 502, 503, 504, 507, 511, 599, 600, 999,
];

fn statuses() -> Vec<Case> {
    let with_body = WITH_BODY.into_iter().map(|code| {
        Case::new(
            format!("status {code}"),
            format!("{code} text"),
            move |site| {
                let target = format!("/testbed/status.jsp?code={code}&body=text");
                Ok(told(&site.whole(Request::get(&target))?))
            },
        )
    });
    let pages = [400, 404, 500, 503].into_iter().map(|code| {
        Case::new(
            format!("Tomcat's page for {code}"),
            format!("{code} page"),
            move |site| {
                let target = format!("/testbed/status.jsp?code={code}&error=1");
                let answer = site.whole(Request::get(&target))?;
                let is_page = answer.text().contains(&format!("HTTP Status {code}"));
                Ok(format!(
                    "{} {}",
                    answer.status,
                    if is_page { "page" } else { "another" }
                ))
            },
        )
    });
    let bodiless = [
        ("GET", 204),
        ("GET", 304),
        ("HEAD", 200),
        ("HEAD", 404),
        ("OPTIONS", 200),
    ];
    let bodiless = bodiless.into_iter().map(|(method, code)| {
        let expected = format!("{code} , then 200");
        Case::new(
            format!("{method} {code} has no body"),
            expected,
            move |site| {
                let mut client = site.connect()?;
                let target = format!("/testbed/status.jsp?code={code}");
                let answer = client.send(&Request::new(method, &target))?;
                let next = client.send(&Request::get("/testbed/echo.jsp"))?;
                Ok(format!("{}, then {}", told(&answer), next.status))
            },
        )
    });
    with_body.chain(pages).chain(bodiless).collect()
}

/// All values of a header of the answer to a page that sets it.
fn set(site: &Site, query: &str, name: &str) -> Result<String> {
    let target = format!("/testbed/status.jsp?code=200&{query}");
    let answer = site.whole(Request::get(&target))?;
    Ok(answer.all(name).join(" | "))
}

#[rustfmt::skip]
fn answer_headers() -> Vec<Case> {
    let asked = [
        ("one", "header=X-A:1", "X-A", "1"),
        ("twice", "header=X-A:1&header=X-A:2", "X-A", "1 | 2"),
        ("in another case", "header=x-lower:1", "X-LOWER", "1"),
        ("empty", "header=X-Empty:", "X-Empty", ""),
        ("cookies", "header=Set-Cookie:a%3D1&header=Set-Cookie:b%3D2", "Set-Cookie", "a=1 | b=2"),
        ("a place of another host", "location=http://else.test/x?a%26b", "Location", "http://else.test/x?a&b"),
        ("a place here", "location=/testbed/y%3Fq", "Location", "/testbed/y?q"),
        ("a cache's rule", "header=Cache-Control:no-store", "Cache-Control", "no-store"),
        ("a tag", "header=ETag:%22x%22", "ETag", "\"x\""),
        ("a coding", "header=Content-Encoding:x-own", "Content-Encoding", "x-own"),
        ("a type", "header=X-B:1", "Content-Type", "text/plain;charset=UTF-8"),
        ("credentials wanted", "header=WWW-Authenticate:Basic realm%3D%22x%22", "WWW-Authenticate", "Basic realm=\"x\""),
        ("what Connection names", "header=Connection:X-Gone&header=X-Gone:1", "X-Gone", ""),
        ("Keep-Alive is httpd's", "header=Keep-Alive:timeout%3D99", "Keep-Alive", ""),
        ("Upgrade is httpd's", "header=Upgrade:h9", "Upgrade", ""),
        ("Proxy-Authenticate", "header=Proxy-Connection:x", "Proxy-Connection", ""),
        ("a line end in a value", "header=X-Split:a%0D%0AX-Other:%201", "X-Other", ""),
    ];
    let case = |(name, query, header, expected): (&str, &'static str, &'static str, &str)| {
        let query = query.replace(' ', "%20");
        Case::new(format!("answer's header: {name}"), expected, move |site| {
            set(site, &query, header)
        })
    };
    let mut cases: Vec<Case> = asked.into_iter().map(case).collect();
    cases.push(Case::new(
        "answer's header: of 6,000 bytes",
        "6000",
        |site| {
            let query = format!("header=X-Long:{}", "v".repeat(6000));
            Ok(set(site, &query, "X-Long")?.len().to_string())
        },
    ));
    cases.push(Case::new("answer's header: forty of them", "40", |site| {
        let each = |n: u32| format!("header=X-N{n}:1");
        let query = (0..40).map(each).collect::<Vec<_>>().join("&");
        let answer = site.whole(Request::get(&format!("/testbed/status.jsp?{query}")))?;
        let many = answer
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("X-N"));
        Ok(many.count().to_string())
    }));
    cases
}

/// A file of the default servlet: tags, ranges, dates.
fn conditional() -> Vec<Case> {
    fn file(site: &Site, name: &str, value: &str) -> Result<String> {
        let answer = site.whole(Request::get("/testbed/plain.txt").header(name, value))?;
        let range = answer.header("Content-Range").unwrap_or("-");
        Ok(format!(
            "{} {range} {}",
            answer.status,
            answer.text().trim_end()
        ))
    }
    let asked = [
        ("a range", "Range", "bytes=2-4", "206 bytes 2-4/11 cde"),
        (
            "a range at the end",
            "Range",
            "bytes=-2",
            "206 bytes 9-10/11 j",
        ),
        (
            "a range behind the end",
            "Range",
            "bytes=99-",
            "416 bytes */11 *",
        ),
        (
            "a date ahead",
            "If-Modified-Since",
            "Fri, 01 Jan 2038 00:00:00 GMT",
            "304 - ",
        ),
        ("any tag", "If-None-Match", "*", "304 - "),
        ("another tag", "If-Match", "\"x\"", "412 - *"),
        ("nothing", "X-None", "1", "200 - abcdefghij"),
    ];
    let case = |(name, header, value, expected): (&str, &'static str, &'static str, &str)| {
        let is_page = expected.ends_with('*');
        let expected = expected.trim_end_matches('*').to_owned();
        Case::new(format!("file: {name}"), expected.clone(), move |site| {
            let got = file(site, header, value)?;
            Ok(match is_page && got.starts_with(&expected) {
                true => expected.clone(),
                false => got,
            })
        })
    };
    asked.into_iter().map(case).collect()
}
