//! Rule extensions as requests show them (X-01…X-11).

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Farm, Httpd, Peer, Result, Subject, Table, both, ensure};

both! {
    x01_reply_timeout x05_fail_on_status x06_use_server_errors x06_401_keeps_the_challenge
    x06_error_document_on_tomcat x02_x04_x07_x08_x09_balancer_rules x11_unknown_extensions
}

fn answer(status: u16, body: &str) -> Script {
    let head = Head::new(status)
        .header("Content-Type", "text/plain")
        .header("X-Backend", "1")
        .header("Content-Length", &body.len().to_string());
    Script::answer(head, body)
}

fn x01_reply_timeout(subject: Subject) -> Result {
    let site = Farm::with_workers(
        subject,
        "worker.w.retries=1\nworker.w.reply_timeout=150\n",
        |site| site.directives("JkMount /app/* w\nJkMount /long/* w;reply_timeout=20000"),
    )?;
    site.w().set(Behaviour::Stalls);
    let seen = site.on_host("rjk.test", "/app/x")?;
    assert_eq!(seen.response.status, 504, "A-18");
    site.w().set(Script::new([
        Step::Sleep(std::time::Duration::from_millis(400)),
        Step::Echo,
    ]));
    let seen = site.on_host("rjk.test", "/long/x")?;
    assert_eq!(seen.response.status, 200, "X-01 replaces the worker's");
    Ok(())
}

fn x05_fail_on_status(subject: Subject) -> Result {
    let site = Farm::with_workers(
        subject,
        "worker.w.fail_on_status=500\nworker.w.retries=1\n",
        |site| {
            site.directives(
                "JkMount /app/* w\nJkMount /own/* w;fail_on_status=404,-410\n\
                 JkMount /none/* w;fail_on_status=418",
            )
        },
    )?;
    let mut table = Table::default();
    for (target, status, expected) in [
        ("/app/x", 500, 503),
        ("/app/x", 404, 404),
        ("/own/x", 404, 503),
        ("/own/x", 410, 503),
        ("/own/x", 500, 500),
        ("/none/x", 500, 500),
        ("/none/x", 503, 503),
    ] {
        site.w().set(answer(status, "text"));
        let response = site.on_host("rjk.test", target)?.response;
        table.check(
            &format!("X-05 {target} {status}"),
            response.status,
            expected,
        );
        let passed = response.text() == "text";
        table.check(&format!("{target} {status}"), passed, status == expected);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn x06_use_server_errors(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.access_log("%>s %U").directives(
            "JkMount /app/* w;use_server_errors=500\nJkMount /strict/* w;use_server_errors=400\n\
             ErrorDocument 500 /error.html\nErrorDocument 404 \"own text\"",
        )
        .file("htdocs/error.html", "local page")
    })?;
    let mut table = Table::default();
    for (target, status, body) in [
        ("/app/x", 200, "from Tomcat"),
        ("/app/x", 404, "from Tomcat"),
        ("/app/x", 500, "local page"),
        ("/strict/x", 404, "own text"),
        ("/strict/x", 302, "from Tomcat"),
    ] {
        site.w().set(answer(status, "from Tomcat"));
        let response = site.on_host("rjk.test", target)?.response;
        let row = format!("X-06 {target} {status}");
        table.check(&row, response.status, status);
        table.check(&row, response.text().as_str(), body);
        let backend = response.header("X-Backend").is_some();
        table.check(&row, backend, body == "from Tomcat");
    }
    // A page that httpd makes itself.
    site.w().set(answer(503, "from Tomcat"));
    let response = site.on_host("rjk.test", "/app/x")?.response;
    table.check(
        "X-06",
        response.text().contains("Service Unavailable"),
        true,
    );
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn x06_401_keeps_the_challenge(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMount /app/* w;use_server_errors=400")
    })?;
    let head = Head::new(401)
        .header("WWW-Authenticate", "Negotiate")
        .header("WWW-Authenticate", "Basic realm=\"r\"")
        .header("X-Backend", "1");
    site.w().set(Script::answer(head, "from Tomcat"));
    let response = site.on_host("rjk.test", "/app/x")?.response;
    assert_eq!(response.status, 401);
    let challenges = response.all("WWW-Authenticate").join(", ");
    let expected = match subject {
        // The last one only: a client that speaks the first is locked out.
        Subject::ModJk => "Basic realm=\"r\"",
        Subject::Rjk => "Negotiate, Basic realm=\"r\"",
    };
    assert_eq!(challenges, expected, "X-06");
    assert_eq!(response.header("X-Backend"), None);
    assert!(!response.text().contains("from Tomcat"));
    site.httpd.assert_clean();
    Ok(())
}

/// The error page comes from Tomcat too: a GET of its own, whatever the request was. For a POST the
/// body is gone by then.
fn x06_error_document_on_tomcat(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.access_log("%>s %m %U").directives(
            "JkMount /app/* w;use_server_errors=500\nJkMount /page/* w\n\
             ErrorDocument 500 /page/error",
        )
    })?;
    let failing =
        || Script::new([Step::ReadBody, Step::Head(Head::new(500)), Step::End(true)]).then_echo();
    for request in [
        Request::get("/app/x"),
        Request::new("POST", "/app/x").body("12345"),
        Request::new("POST", "/app/x").chunked("12345", 2),
    ] {
        if subject == Subject::ModJk && request.head_bytes().starts_with(b"POST") {
            // mod_jk asks for the body again, which is gone, and drops the connection unanswered.
            continue;
        }
        site.w().set(failing());
        let before = site.w().requests().len();
        let response = client::send(site.httpd.port(), request)?;
        assert_eq!(response.status, 200, "Tomcat's status of the page");
        assert_eq!(
            response.field("uri").as_deref(),
            Some("/page/error"),
            "{response:?}"
        );
        let page = site.w().requests().split_off(before).pop();
        let page = page.unwrap_or_default();
        ensure!(page.method == "GET", "{page:?}");
        assert_eq!((page.content_length(), page.is_chunked()), (0, false));
    }
    site.httpd.assert_clean();
    Ok(())
}

/// Two members; what a rule says of stickiness, cookies and activation.
fn x02_x04_x07_x08_x09_balancer_rules(subject: Subject) -> Result {
    let peers = ["m1", "m2"].map(|name| Peer::named(name, Script::default()));
    let [first, second] = peers;
    let (first, second) = (first?, second?);
    let httpd = Httpd::builder(subject)
        .workers(format!(
            "worker.list=lb\n{}{}worker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n",
            first.worker("m1"),
            second.worker("m2")
        ))
        .access_log("%U %{JK_WORKER_NAME}n %{JK_WORKER_TYPE}n %{JK_WORKER_ROUTE}n %{JK_LB_FIRST_NAME}n %{JK_LB_LAST_NAME}n %{JK_LB_LAST_STATE}n %{JK_LB_LAST_ACTIVATION}n")
        .directives(
            "JkMount /sticky/* lb\nJkMount /ignore/* lb;sticky_ignore=1\n\
             JkMount /stopped/* lb;stopped=m1\nJkMount /disabled/* lb;disabled=m1\n\
             JkMount /cookie/* lb;session_cookie=OWN\nJkMount /path/* lb;session_path=;own\n\
             JkMount /set/* lb;set_session_cookie=1",
        )
        .start()?;
    let members = |target: &str, cookie: &str| -> Result<Vec<String>> {
        (0..4)
            .map(|_| {
                let request = Request::get(target).header("Cookie", cookie);
                let response = client::send(httpd.port(), request)?;
                Ok(response.field("peer").unwrap_or_default())
            })
            .collect()
    };
    // m2 was used more before: without a session it is m1's turn.
    let balanced = |seen: &[String]| seen.iter().any(|member| member == "m1");
    let only = |seen: &[String], name: &str| seen.iter().all(|member| member == name);
    let m2 = "JSESSIONID=x.m2";
    let mut table = Table::default();
    table.check("sticky", only(&members("/sticky/x", m2)?, "m2"), true);
    table.check("sticky", balanced(&members("/sticky/x", "a=b")?), true);
    table.check("X-02", balanced(&members("/ignore/x", m2)?), true);
    let m1 = "JSESSIONID=x.m1";
    table.check(
        "X-04 stopped",
        only(&members("/stopped/x", m1)?, "m2"),
        true,
    );
    table.check(
        "X-04 disabled",
        only(&members("/disabled/x", "a=b")?, "m2"),
        true,
    );
    table.check(
        "X-04 disabled sticky",
        only(&members("/disabled/x", m1)?, "m1"),
        true,
    );
    table.check("X-07", only(&members("/cookie/x", "OWN=x.m2")?, "m2"), true);
    table.check("X-07", balanced(&members("/cookie/x", m2)?), true);
    table.check(
        "X-08",
        only(&members("/path/x;own=1.m2", "a=b")?, "m2"),
        true,
    );
    table.check(
        "X-08",
        balanced(&members("/path/x;jsessionid=1.m2", "a=b")?),
        true,
    );
    let set = client::get(httpd.port(), "/set/x")?;
    let route = set.field("route").unwrap_or_default();
    table.check(
        "X-09",
        set.header("Set-Cookie").map(str::to_owned),
        Some(format!("JSESSIONID=.{route};PATH=/;HttpOnly")),
    );
    let activations: Vec<Option<String>> = first
        .requests()
        .iter()
        .filter(|request| request.uri.starts_with("/disabled"))
        .map(|request| request.attribute("JK_LB_ACTIVATION").map(str::to_owned))
        .collect();
    table.check("X-04 AT-14", activations, vec![Some("DIS".to_owned()); 4]);
    table.finish()?;
    let lines = httpd.access_lines(41)?;
    let line = "/disabled/x lb lb m1 m1 m1 OK ACT".to_owned();
    assert!(lines.contains(&line), "T-01…T-24: {lines:#?}");
    httpd.assert_clean();
    Ok(())
}

fn x11_unknown_extensions(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMount /app/* w;nosuch=1;fail_on_status=404")
    })?;
    assert!(
        site.httpd.jk_log().contains("nosuch"),
        "{}",
        site.httpd.jk_log()
    );
    site.w().set(answer(404, "text"));
    let response = client::get(site.httpd.port(), "/app/x")?;
    assert_eq!(response.status, 503, "X-11: the rest of the rule counts");
    site.httpd.assert_clean();
    Ok(())
}
