//! What the client gets of a worker's answer (RS-01…RS-12, G-14, O-10, O-11).

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::farm::vhost;
use rjk_testbed::peer::{Behaviour, Head, Peer, Script, Step, body_chunk, end_response};
use rjk_testbed::{Farm, Gate, Httpd, Result, Subject, Table, both, ensure, on_mpm};
use std::time::Duration;

both! {
    rs01_status_and_reason rs02_to_rs04_headers rs03_the_length_has_its_place rs09_error_page_of_a_head rs07_line_breaks rs08_cookie_after_tomcats
    rs09_bodyless_answers rs12_flushing g14_bodyless_errors unknown_length filters_by_type
}
on_mpm! { Worker worker: rs01_status_and_reason rs09_bodyless_answers rs12_flushing unknown_length filters_by_type }
on_mpm! { Prefork prefork: rs01_status_and_reason rs09_bodyless_answers rs12_flushing unknown_length filters_by_type }

fn mounted(subject: Subject) -> Result<Farm> {
    Farm::with_workers(subject, "worker.w.retries=1\n", |site| {
        site.access_log("%>s %U").directives("JkMount /app/* w")
    })
}

fn rs01_status_and_reason(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let mut table = Table::default();
    for (status, sent, expected) in [
        (200, "OK", "OK"),
        (200, "", "OK"),
        (200, "200", "200"),
        (200, "Fine With Me", "Fine With Me"),
        (404, "404", "404"),
        (404, "", "Not Found"),
        (201, "", "Created"),
        (299, "", "Unknown Reason"),
        (418, "", "Unknown Reason"),
        (418, "Teapot", "Teapot"),
        (451, "", "Unavailable For Legal Reasons"),
        (507, "", "Insufficient Storage"),
        (599, "Last", "Last"),
        (299, "\u{e4}", "\u{e4}"),
    ] {
        let head = Head::new(status).reason(sent).header("Content-Length", "1");
        site.w().set(Script::answer(head, "x"));
        let response = site.on_host("rjk.test", "/app/x")?.response;
        let row = format!("RS-01 {status} {sent:?}");
        table.check(
            &row,
            (response.status, response.reason.as_str()),
            (status, expected),
        );
        table.check(&row, response.text().as_str(), "x");
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn rs02_to_rs04_headers(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let head = Head::new(200)
        .header("Content-Type", "TEXT/Plain; Charset=UTF-8")
        .header("Content-Length", "4")
        .header("Location", "/first")
        .header("Location", "/second")
        .header("Last-Modified", "Sunday, 06-Nov-94 08:49:37 GMT")
        .header("Set-Cookie", "a=1")
        .header("Set-Cookie", "b=2; Path=/")
        .header("X-Twice", "1")
        .header("x-twice", "2")
        .header("X-Empty", "")
        .header("Servlet-Engine", "engine")
        .header("Content-Language", "de")
        .header("ETag", "\"e\"")
        .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    site.w().set(Script::answer(head, "body"));
    let response = site.on_host("rjk.test", "/app/x")?.response;
    let mut table = Table::default();
    for (row, name, expected) in [
        ("RS-02", "Content-Type", vec!["text/plain; Charset=UTF-8"]),
        ("RS-03", "Content-Length", vec!["4"]),
        ("RS-04", "Location", vec!["/second"]),
        (
            "RS-04",
            "Last-Modified",
            vec!["Sun, 06 Nov 1994 08:49:37 GMT"],
        ),
        ("RS-04", "Set-Cookie", vec!["a=1", "b=2; Path=/"]),
        ("RS-04", "X-Twice", vec!["1", "2"]),
        ("RS-04", "X-Empty", vec![""]),
        ("HC-09", "Servlet-Engine", vec!["engine"]),
        ("HC-02", "Content-Language", vec!["de"]),
        ("RS-04", "ETag", vec!["\"e\""]),
    ] {
        table.check(&format!("{row} {name}"), response.all(name), expected);
    }
    table.check("HC-04 one Date", response.all("Date").len(), 1);
    let future = Head::ok().header("Last-Modified", "Sun, 06 Nov 2094 08:49:37 GMT");
    site.w().set(Script::answer(future, "x"));
    let response = site.on_host("rjk.test", "/app/x")?.response;
    let year = response
        .header("Last-Modified")
        .map(|date| date.contains("2094"));
    table.check("RS-04 not in the future", year, Some(false));
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// RS-05, RS-06, BG-08, CP-16: mod_jk passes them on and breaks the framing.
#[test]
fn rs05_rs06_hop_by_hop_headers_and_interim_statuses_stay_behind() -> Result {
    let site = mounted(Subject::Rjk)?;
    site.w().set(Behaviour::HopByHop);
    let response = site.on_host("rjk.test", "/app/x")?.response;
    ensure!(response.end == BodyEnd::Complete, "{response:?}");
    assert_eq!((response.status, response.text().as_str()), (200, "body"));
    assert_eq!(response.header("X-Gone"), None, "RS-05");
    for (behaviour, row) in [
        (Behaviour::StatusContinue, "RS-06"),
        (Behaviour::StatusZero, "RS-06 F-09"),
        (Behaviour::StatusHuge, "RS-06"),
    ] {
        site.w().set(behaviour);
        let response = site.on_host("rjk.test", "/app/x")?.response;
        assert!((500..503).contains(&response.status), "{row}: {response:?}");
        assert_ne!(response.text(), "body", "{row}");
    }
    site.httpd.assert_clean();
    Ok(())
}

/// CP-09, CP-15: one response, and nothing of what was to be smuggled in. httpd refuses such a header
/// by itself and cuts a reason behind mod_jk; we refuse both.
fn rs07_line_breaks(subject: Subject) -> Result {
    let site = mounted(subject)?;
    for behaviour in [Behaviour::SplitsHeader, Behaviour::SplitsReason] {
        site.w().set(behaviour);
        let response = site.on_host("rjk.test", "/app/x")?.response;
        if subject == Subject::Rjk || behaviour == Behaviour::SplitsHeader {
            assert!((500..503).contains(&response.status), "{response:?}");
        }
        assert_eq!(response.header("X-Split"), None, "RS-07 {behaviour:?}");
        assert!(!response.text().contains("HTTP/1.1"), "{response:?}");
    }
    Ok(())
}

fn rs08_cookie_after_tomcats(subject: Subject) -> Result {
    let head = Head::ok()
        .header("Set-Cookie", "own=1")
        .header("X-Last", "1");
    let peer = Peer::named("m", Script::answer(head, "x"))?;
    let httpd = Httpd::builder(subject)
        .workers(format!(
            "worker.list=lb\n{}worker.lb.type=lb\nworker.lb.balance_workers=m,n\n\
             worker.n.reference=worker.m\nworker.n.activation=s\nworker.lb.set_session_cookie=1\n",
            peer.worker("m")
        ))
        .directives("JkMount /app/* lb")
        .start()?;
    let response = rjk_testbed::client::get(httpd.port(), "/app/x")?;
    let cookies = response.all("Set-Cookie");
    assert_eq!(
        cookies,
        ["own=1", "JSESSIONID=.m;PATH=/;HttpOnly"],
        "RS-08 SS-16"
    );
    httpd.assert_clean();
    Ok(())
}

/// BG-07: the cookie that a rule asks for has the rule's name and path; mod_jk takes the worker's.
#[test]
fn x09_x10_bg07_the_rules_cookie_name_and_path() -> Result {
    let peer = Peer::named("m", Script::default())?;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!(
            "worker.list=lb\n{}worker.lb.type=lb\nworker.lb.balance_workers=m,n\n\
             worker.n.reference=worker.m\nworker.n.activation=s\n",
            peer.worker("m")
        ))
        .directives(
            "JkMount /app/* lb;set_session_cookie=1;session_cookie=OWN;session_cookie_path=/app",
        )
        .start()?;
    let response = rjk_testbed::client::get(httpd.port(), "/app/x")?;
    assert_eq!(
        response.all("Set-Cookie"),
        ["OWN=.m;PATH=/app;HttpOnly"],
        "BG-07"
    );
    Ok(())
}

/// HEAD, 204 and 304 have no body whatever the worker sends, and the connection stays in step.
fn rs09_bodyless_answers(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let mut client = Client::connect(site.httpd.port())?;
    for (method, status, length) in [
        ("HEAD", 200, "4"),
        ("HEAD", 404, "4"),
        ("HEAD", 502, ""),
        ("GET", 204, ""),
        ("GET", 304, ""),
        ("GET", 304, "4"),
    ] {
        let head = Head::new(status).header("X-Own", "1");
        let head = match length {
            "" => head,
            length => head.header("Content-Length", length),
        };
        site.w().set(Script::answer(head, "body"));
        let response = client.send(&Request::new(method, "/app/x"))?;
        assert_eq!(response.status, status, "RS-09 {method}");
        assert_eq!(
            response.header("X-Own"),
            Some("1"),
            "RS-09 {method} {status}"
        );
        if method == "HEAD" && !length.is_empty() {
            assert_eq!(response.header("Content-Length"), Some(length), "RS-09");
        }
        site.w().set(Script::default());
        let next = client.send(&Request::get("/app/next"))?;
        assert_eq!(
            next.field("uri").as_deref(),
            Some("/app/next"),
            "{method} {status}"
        );
    }
    site.httpd.assert_clean();
    Ok(())
}

/// RS-12, O-10, O-11, RS-11: what has reached the client while the worker pauses.
fn rs12_flushing(subject: Subject) -> Result {
    let host = |name: &str, options: &str| vhost(name, &format!("JkMount /app/* w\n{options}"));
    let site = Farm::alone(subject, |site| {
        site.vhosts(host("none.test", ""))
            .vhosts(host("header.test", "JkOptions +FlushHeader"))
            .vhosts(host("packets.test", "JkOptions +FlushPackets"))
    })?;
    let (head, chunk) = (Step::Head(Head::ok()), Step::text("early"));
    let after_head = vec![head.clone()];
    let after_chunk = vec![head.clone(), chunk.clone()];
    let explicit = vec![head, chunk, Step::Flush];
    let mut table = Table::default();
    for (row, host, mut steps, is_early) in [
        ("none", "none.test", after_head.clone(), false),
        ("none", "none.test", after_chunk.clone(), false),
        ("RS-11", "none.test", explicit, true),
        ("O-11", "header.test", after_head.clone(), true),
        ("O-11", "header.test", after_chunk.clone(), true),
        ("O-10", "packets.test", after_head, false),
        ("O-10", "packets.test", after_chunk, true),
    ] {
        let row = format!("{row} {host} {steps:?}");
        let gate = Gate::new();
        steps.extend([gate.step(), Step::text("late"), Step::End(true)]);
        site.w().set(Script::new(steps));
        // As long as the gate is shut nothing more comes, so only what is not expected is waited for
        // in vain.
        let patience = Duration::from_millis(if is_early { 10_000 } else { 250 });
        let mut client = Client::connect(site.httpd.port())?.timeout(patience)?;
        client.raw(&Request::get("/app/x").header("Host", host).head_bytes())?;
        table.check(&row, client.head().is_ok(), is_early);
        gate.open();
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// BG-16: passed on empty, as mod_jk does. mod_jk 1.2.48 leaves 4xx and 5xx of HEAD to httpd.
fn g14_bodyless_errors(subject: Subject) -> Result {
    let site = mounted(subject)?;
    for status in [404, 500] {
        let head = Head::new(status).reason("");
        site.w()
            .set(Script::new([Step::Head(head), Step::End(true)]));
        let response = site.on_host("rjk.test", "/app/x")?.response;
        assert_eq!((response.status, response.body.len()), (status, 0), "G-14");
    }
    site.httpd.assert_clean();
    Ok(())
}

/// Without Content-Length httpd frames the body itself: chunked, or closed for HTTP/1.0. Where we had
/// all of it at once httpd even knows the length.
fn unknown_length(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let body = "x".repeat(20_000);
    site.w().set(Script::answer(Head::ok(), body.as_str()));
    let mut client = Client::connect(site.httpd.port())?;
    for _ in 0..2 {
        let response = client.send(&Request::get("/app/x"))?;
        if subject == Subject::ModJk {
            assert_eq!(response.header("Transfer-Encoding"), Some("chunked"));
        }
        assert_eq!(
            (response.end.clone(), response.text()),
            (BodyEnd::Complete, body.clone())
        );
    }
    let old = site.raw("GET", b"GET /app/x HTTP/1.0\r\n\r\n")?.response;
    assert_eq!(old.header("Transfer-Encoding"), None);
    assert_eq!(old.text(), body);
    site.httpd.assert_clean();
    Ok(())
}

/// RS-02: output filters by type, and httpd's own header rules, apply to forwarded answers.
fn filters_by_type(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("filter")
            .module("deflate")
            .module("headers")
            .directives(
                "JkMount /app/* w\nAddOutputFilterByType DEFLATE text/html\n\
                 Header set X-Front 1\nHeader unset X-Hidden",
            )
    })?;
    for (content_type, is_packed) in [("Text/HTML;charset=utf-8", true), ("text/plain", false)] {
        let head = Head::new(200)
            .header("Content-Type", content_type)
            .header("X-Hidden", "1")
            .header("Content-Length", "5000");
        site.w().set(Script::answer(head, "y".repeat(5000)));
        let request = Request::get("/app/x").header("Accept-Encoding", "gzip");
        let response = site.ask(request)?.response;
        let packed = response.header("Content-Encoding") == Some("gzip");
        assert_eq!(
            packed, is_packed,
            "RS-02 {content_type}: {:?}",
            response.headers
        );
        assert_eq!(response.body.len() < 1000, is_packed);
        assert_eq!(response.header("X-Front"), Some("1"));
        assert_eq!(response.header("X-Hidden"), None);
    }
    site.httpd.assert_clean();
    Ok(())
}

/// RS-03: the length stands where Tomcat put it.
fn rs03_the_length_has_its_place(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let head = Head::new(200)
        .header("X-First", "1")
        .header("Content-Length", "2")
        .header("X-Last", "1");
    site.w().set(Script::answer(head, "ok"));
    let response = site.on_host("rjk.test", "/app/x")?.response;
    let names: Vec<&str> = response.headers.iter().map(|(name, _)| &**name).collect();
    let wanted = ["X-First", "Content-Length", "X-Last"];
    let found: Vec<&str> = names.into_iter().filter(|n| wanted.contains(n)).collect();
    assert_eq!(found, wanted);
    Ok(())
}

/// RS-09: the page for a failed HEAD is fetched by GET, and what Tomcat says of it counts, not what
/// its body would come to.
fn rs09_error_page_of_a_head(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives(
            "JkMount /app/* w\nErrorDocument 403 /app/page\n\
             <Location /app/closed>\nRequire all denied\n</Location>",
        )
    })?;
    for announced in [None, Some("4")] {
        let head = Head::new(200).header("Content-Type", "text/plain");
        let head = match announced {
            Some(length) => head.header("Content-Length", length),
            None => head,
        };
        let answer = [head.packet(), body_chunk(b"page"), end_response(true)].concat();
        site.w().set(Script::new([Step::Send(answer)]));
        let seen = site.ask(Request::new("HEAD", "/app/closed"))?;
        assert_eq!(seen.response.header("Content-Length"), announced);
        assert_eq!(
            (seen.response.status, seen.response.text()),
            (200, String::new())
        );
        let page = seen.only()?;
        assert_eq!(
            (page.method.as_str(), page.uri.as_str()),
            ("GET", "/app/page")
        );
    }
    site.httpd.assert_clean();
    Ok(())
}
