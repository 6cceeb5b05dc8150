//! The testbed proves itself: either module in front of real Tomcats and a scripted peer.

use rjk_testbed::client::{self, BodyEnd, Client, Request, Response};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::{Cluster, Context, Httpd, Peer, Result, Subject, Tomcat, Version, both, ensure};

both! { tomcat9 tomcat10 peer_echoes session_tomcat9 session_tomcat10 }

/// Size of the large bodies: many packets, and not a multiple of one.
const LARGE: usize = 3 * 1024 * 1024 + 17;

fn in_front_of(tomcat: &Tomcat, subject: Subject) -> Result<Httpd> {
    Httpd::builder(subject)
        .workers(format!("worker.list=w\n{}", tomcat.worker("w")))
        .directives("JkMount /testbed/* w")
        .log_level("info")
        .start()
}

/// echo.jsp, a large upload and a large download.
fn tomcat_serves(subject: Subject, version: Version) -> Result {
    let tomcat = Tomcat::shared(version)?;
    let httpd = in_front_of(tomcat, subject)?;
    let mut client = Client::connect(httpd.port())?;

    let echo = client.send(&Request::get("/testbed/echo.jsp?a=b").header("X-Own", "1"))?;
    ensure!(echo.status == 200, "{echo:?}");
    for (key, value) in [
        ("method", "GET"),
        ("queryString", "a=b"),
        ("remoteAddr", "127.0.0.1"),
    ] {
        assert_eq!(echo.field(key).as_deref(), Some(value), "{}", echo.text());
    }
    assert_eq!(echo.field("header.X-Own").as_deref(), Some("1"));
    assert_eq!(echo.field("known.JK_LB_ACTIVATION").as_deref(), Some("ACT"));

    let sent = bytes(7, LARGE);
    for request in [
        Request::new("POST", "/testbed/upload.jsp").body(sent.clone()),
        Request::new("POST", "/testbed/upload.jsp").chunked(sent.clone(), 10_000),
    ] {
        let upload = client.send(&request)?;
        assert_eq!(
            upload.field("bytes"),
            Some(LARGE.to_string()),
            "{}",
            upload.text()
        );
        assert_eq!(upload.field("sha256"), Some(sha256_hex(&sent)));
    }

    for length in [0, 1] {
        let target = format!("/testbed/download.jsp?bytes={LARGE}&seed=7&length={length}");
        let download = client.send(&Request::get(&target))?;
        assert_eq!(download.end, BodyEnd::Complete);
        assert_eq!(
            sha256_hex(&download.body),
            sha256_hex(&sent),
            "length={length}"
        );
        assert_eq!(download.header("Content-Length").is_some(), length == 1);
    }
    httpd.assert_clean();
    Ok(())
}

fn peer_echoes(subject: Subject) -> Result {
    let peer = Peer::named("p1", rjk_testbed::peer::Behaviour::Echo)?;
    let httpd = Httpd::builder(subject)
        .workers(peer.only_worker("w"))
        .directives("JkMount /* w")
        .access_log("%>s %{JK_WORKER_NAME}n")
        .start()?;
    let response = client::get(httpd.port(), "/x?y")?;
    assert_eq!(response.field("peer").as_deref(), Some("p1"));
    let request = peer.only_request()?;
    assert_eq!(
        (request.uri.as_str(), request.attribute("query_string")),
        ("/x", Some("y"))
    );
    assert_eq!(httpd.access_lines(1)?, ["200 w"]);
    httpd.assert_clean();
    Ok(())
}

fn count(port: u16, cookie: Option<&str>) -> Result<Response> {
    let request = Request::get("/testbed/counter.jsp");
    let request = cookie
        .iter()
        .fold(request, |request, value| request.header("Cookie", value));
    let response = client::send(port, request)?;
    ensure!(response.status == 200, "{response:?}");
    Ok(response)
}

fn session_survives(subject: Subject, version: Version) -> Result {
    let mut cluster = Cluster::start(version, &["a", "b"])?;
    let httpd = Httpd::builder(subject)
        .workers(cluster.balancer("lb"))
        .directives("JkMount /testbed/* lb")
        .start()?;
    let first = count(httpd.port(), None)?;
    let cookie = first.cookie("JSESSIONID").context("no session cookie")?;
    let home = first.field("node").context("no node")?;
    for expected in 2..6 {
        let next = count(httpd.port(), Some(cookie))?;
        assert_eq!(next.field("counter"), Some(expected.to_string()));
        assert_eq!(
            next.field("node").as_ref(),
            Some(&home),
            "the session must stick"
        );
    }
    cluster.node(&home).context("no such node")?.kill9()?;
    let moved = count(httpd.port(), Some(cookie))?;
    assert_eq!(
        moved.field("counter").as_deref(),
        Some("6"),
        "the counter must go on"
    );
    assert_ne!(moved.field("node").as_ref(), Some(&home));
    httpd.assert_clean();
    Ok(())
}

fn tomcat9(subject: Subject) -> Result {
    tomcat_serves(subject, Version::V9)
}

fn tomcat10(subject: Subject) -> Result {
    tomcat_serves(subject, Version::V10)
}

fn session_tomcat9(subject: Subject) -> Result {
    session_survives(subject, Version::V9)
}

fn session_tomcat10(subject: Subject) -> Result {
    session_survives(subject, Version::V10)
}
