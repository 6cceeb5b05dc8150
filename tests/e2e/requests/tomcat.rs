//! A few of the rows as a real Tomcat understands them.

use rjk_testbed::client::{self, Client, Request};
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, Subject, Table, Tomcat, Version, both};

both! { what_a_servlet_sees cv09_private_paths answers_of_a_servlet }

fn start(subject: Subject, describe: impl FnOnce(Builder) -> Builder) -> Result<Httpd> {
    let tomcat = Tomcat::shared(Version::V10)?;
    let builder = Httpd::builder(subject)
        .workers(format!("worker.list=w\n{}", tomcat.worker("w")))
        .log_level("info");
    describe(builder).start()
}

fn what_a_servlet_sees(subject: Subject) -> Result {
    let httpd = start(subject, |site| {
        site.module("setenvif")
            .directives("JkMount /testbed/* w\nSetEnvIf X-User (.+) JK_REMOTE_USER=$1")
    })?;
    let target = "/testbed/echo.jsp;jsessionid=abc;x=1?q=%20x&y";
    let request = Request::get(target)
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header("X-User", "ann")
        .header("Accept-Encoding", "none")
        .header("Host", "front.test:4711");
    let echo = client::send(httpd.port(), request)?;
    assert_eq!(echo.status, 200, "{echo:?}");
    let mut table = Table::default();
    for (row, key, expected) in [
        ("U-02", "requestURI", "/testbed/echo.jsp;jsessionid=abc;x=1"),
        ("U-15 AT-04", "queryString", "q=%20x&y"),
        ("Q-02", "method", "GET"),
        ("Q-03", "protocol", "HTTP/1.1"),
        ("Q-05", "remoteAddr", "127.0.0.1"),
        ("Q-07", "serverName", "front.test"),
        ("Q-08", "serverPort", "4711"),
        ("Q-09", "secure", "false"),
        ("Q-09", "scheme", "http"),
        ("AT-13", "localAddr", "127.0.0.1"),
        ("AT-14", "known.JK_LB_ACTIVATION", "ACT"),
        ("Q-11", "header.X-Twice", "1, 2"),
        ("HC-03", "header.accept-encoding", "none"),
        ("Q-12", "contentLength", "0"),
        ("U-02", "requestedSessionId", "abc"),
    ] {
        let field = echo.field(key).or_else(|| echo.field(&spelled(key)));
        table.check(&format!("{row} {key}"), field.as_deref(), Some(expected));
    }
    table.finish()?;
    httpd.assert_clean();
    Ok(())
}

/// mod_jk 1.2.48 sends Accept-Encoding by its name, so that Tomcat shows the client's spelling.
fn spelled(key: &str) -> String {
    key.replace("accept-encoding", "Accept-Encoding")
}

/// Each of these is a name of /testbed/echo.jsp to Tomcat, and must be one to httpd.
fn cv09_private_paths(subject: Subject) -> Result {
    let httpd = start(subject, |site| {
        site.directives(
            "JkMount /testbed/* w\nJkMount /other/* w\nMergeSlashes Off\n\
             <Location /testbed/echo.jsp>\nRequire all denied\n</Location>",
        )
    })?;
    let mut client = Client::connect(httpd.port())?;
    for target in [
        "/testbed/echo.jsp",
        "/testbed/echo.jsp;x",
        "/testbed/;x/echo.jsp",
        "/testbed//echo.jsp",
        "//testbed/echo.jsp",
        "/testbed;p/echo.jsp",
        "/testbed/x/..;/echo.jsp",
        "/testbed/./echo.jsp",
        "/testbed/.;y/echo.jsp",
        "/testbed/%65cho.jsp",
        "/other/..;/testbed/echo.jsp",
        "/testbed/echo.jsp/",
        "/testbed/echo.jsp/info",
        "/testbed/x/%2e%2e;/echo.jsp",
    ] {
        let response = client.send(&Request::get(target))?;
        assert_eq!(response.status, 403, "CV-09 {target}: {}", response.text());
    }
    // What httpd lets through because it is another name must not be that page to Tomcat.
    for target in [
        "/testbed/%2565cho.jsp",
        "/testbed/x%255c..%255cecho.jsp",
        "/testbed/x\\..\\echo.jsp",
        "/testbed/x%5C..%5Cecho.jsp",
        "/testbed/x%252f..%252fecho.jsp",
        "/testbed/ECHO.jsp",
        "/testbed/echo.jsp%00",
        "/testbed/echo.jsp%20",
        "/testbed/echo.jsp%09",
    ] {
        let response = client::get(httpd.port(), target)?;
        assert_eq!(response.field("method"), None, "CV-03 CV-04 {target}");
        assert!(response.status >= 400, "{target}: {}", response.status);
    }
    httpd.assert_clean();
    Ok(())
}

fn answers_of_a_servlet(subject: Subject) -> Result {
    let httpd = start(subject, |site| site.directives("JkMount /testbed/* w"))?;
    let mut client = Client::connect(httpd.port())?;
    for (query, status, body) in [
        ("code=200&body=text", 200, "text"),
        ("code=201&body=text", 201, "text"),
        ("code=204", 204, ""),
        ("code=299&body=odd", 299, "odd"),
        ("code=404&body=own", 404, "own"),
        ("code=418&body=own", 418, "own"),
        ("code=302&location=/x", 302, ""),
    ] {
        let response = client.send(&Request::get(&format!("/testbed/status.jsp?{query}")))?;
        assert_eq!(response.status, status, "RS-01 {query}");
        assert_eq!(response.text(), body, "{query}");
    }
    let sent = client.send(&Request::get("/testbed/status.jsp?code=404&error=1"))?;
    assert_eq!(sent.status, 404);
    assert!(sent.text().contains("404"), "Tomcat's own page");
    let head = client.send(&Request::new("HEAD", "/testbed/status.jsp?body=text"))?;
    assert_eq!((head.status, head.body.len()), (200, 0), "RS-09");
    httpd.assert_clean();
    Ok(())
}
