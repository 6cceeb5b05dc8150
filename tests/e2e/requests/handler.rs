//! Which requests the handler takes, and to which worker (G-01…G-15, E-01, E-02, D-17).

use rjk_testbed::client::{Client, Request};
use rjk_testbed::digest::bytes;
use rjk_testbed::farm::vhost;
use rjk_testbed::peer::{Head, Script, Step};
use rjk_testbed::{Farm, Httpd, Result, Subject, Table, both, ensure, on_mpm};

both! {
    g01_g08_set_handler_and_indicator e01_no_jk g03_version g04_proxy_requests_are_not_mapped g13_access_log
    g15_unread_body_is_drained g16_startup_failures g02_everything_is_mounted
}
on_mpm! { Worker worker: g01_g08_set_handler_and_indicator g15_unread_body_is_drained }
on_mpm! { Prefork prefork: g01_g08_set_handler_and_indicator g15_unread_body_is_drained }

fn g01_g08_set_handler_and_indicator(subject: Subject) -> Result {
    let sections = "\
<Location /set>
SetHandler jakarta-servlet
SetEnv JK_WORKER_NAME w
</Location>
<Location /early>
SetHandler jakarta-servlet
</Location>
SetEnvIf Request_URI ^/early/ JK_WORKER_NAME=w;fail_on_status=200
<Location /nobody>
SetHandler jakarta-servlet
</Location>
<Location /unknown>
SetHandler jakarta-servlet
SetEnv JK_WORKER_NAME nosuch
</Location>
<Location /other>
SetHandler jakarta-servlet2
SetEnv JK_WORKER_NAME w
</Location>
<Location /env-only>
SetEnv JK_WORKER_NAME w
</Location>
<Location /mounted>
SetEnv JK_WORKER_NAME nosuch
</Location>
JkMount /mounted/* w
RewriteEngine On
RewriteRule ^/rewritten/ - [E=JK_WORKER_NAME:w,H=jakarta-servlet]
<Location /own>
SetHandler jakarta-servlet
SetEnv MY_WORKER w
</Location>
";
    let site = Farm::alone(subject, |site| {
        site.module("env")
            .module("setenvif")
            .module("rewrite")
            .access_log("%>s %U %{JK_WORKER_NAME}n %{JK_WORKER_TYPE}n")
            .vhosts(vhost("rjk.test", sections))
            .vhosts(vhost(
                "own.test",
                &format!("JkWorkerIndicator MY_WORKER\n{sections}"),
            ))
    })?;
    let mut table = Table::default();
    for (row, host, target, expected) in [
        ("G-08.2", "rjk.test", "/set/a;x/../b", "/set/b"),
        ("G-08.2 as it came", "rjk.test", "/set/a;x/b", "/set/a;x/b"),
        ("G-08.4", "rjk.test", "/nobody/a", "404"),
        ("G-09", "rjk.test", "/unknown/a", "500"),
        ("G-01", "rjk.test", "/other/a", "404"),
        ("G-08 handler", "rjk.test", "/env-only/a", "404"),
        ("E-02 mount first", "rjk.test", "/mounted/a", "/mounted/a"),
        ("E-02", "rjk.test", "/rewritten/a;b", "/rewritten/a;b"),
        ("D-17", "own.test", "/own/a", "/own/a"),
        ("D-17", "own.test", "/set/a", "404"),
        ("D-17", "rjk.test", "/own/a", "404"),
    ] {
        let seen = site.on_host(host, target)?;
        table.check(&format!("{row} {host}{target}"), seen.outcome(), expected);
    }
    table.finish()?;
    // E-02: extensions behind the worker's name. One attempt more or less is not the question here.
    let response = rjk_testbed::client::get(site.httpd.port(), "/early/a")?;
    assert_eq!(response.status, 503, "E-02 X-05");
    let lines = site.sorted_log(12)?;
    let has = |line: &str| lines.iter().any(|found| found == line);
    for line in [
        "200 /set/b w ajp13",
        "200 /mounted/a w ajp13",
        "500 /unknown/a nosuch -",
    ] {
        assert!(has(line), "T-01 T-02: {line} in {lines:?}");
    }
    site.httpd.assert_clean();
    Ok(())
}

fn e01_no_jk(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("env")
            .module("setenvif")
            .directives(
                "SetEnvIf Request_URI ^/app/local no-jk\n\
                 SetEnvIf Request_URI ^/app/empty \"no-jk=\"\n\
                 <Location /app/late.txt>\nSetEnv no-jk 0\n</Location>\n\
                 JkMount /app/* w",
            )
            .file("htdocs/app/local.txt", "file")
            .file("htdocs/app/late.txt", "file")
            .file("htdocs/app/x.txt", "file")
    })?;
    for (target, expected) in [
        ("/app/x.txt", "/app/x.txt"),
        ("/app/local.txt", "200"),
        ("/app/local-none", "404"),
        ("/app/empty", "404"),
        // Mapped before fixups set it: the handler declines, and there is no file name to serve.
        ("/app/late.txt", "404"),
    ] {
        assert_eq!(
            site.on_host("rjk.test", target)?.outcome(),
            expected,
            "E-01"
        );
    }
    site.httpd.assert_clean();
    Ok(())
}

fn g13_access_log(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.access_log("%>s %m %U %b")
            .directives("JkMount /app/* w\nLimitRequestFieldSize 16000")
    })?;
    let empty = |status: u16| Script::new([Step::Head(Head::new(status)), Step::End(true)]);
    for status in [200, 204, 304, 404, 500] {
        site.w().set(empty(status));
        site.on_host("rjk.test", "/app/x")?;
    }
    site.w().set(Script::answer(
        Head::ok().header("Content-Length", "3"),
        "abc",
    ));
    site.on_host("rjk.test", "/app/body")?;
    site.ask(Request::new("HEAD", "/app/head"))?;
    let large = Request::get("/app/large").header("X-Large", &"x".repeat(9000));
    let seen = site.ask(large)?;
    assert_eq!(seen.outcome(), "413", "F-04 G-13");
    let lines = site.sorted_log(8)?;
    assert_eq!(
        lines[..6],
        [
            "200 GET /app/body 3",
            "200 GET /app/x -",
            "200 HEAD /app/head -",
            "204 GET /app/x -",
            "304 GET /app/x -",
            "404 GET /app/x -",
        ]
    );
    assert_eq!(lines[7], "500 GET /app/x -");
    assert!(lines[6].starts_with("413 GET /app/large "), "{lines:?}");
    site.httpd.assert_clean();
    Ok(())
}

/// G-15: an answer before the body was read leaves the client's connection usable.
fn g15_unread_body_is_drained(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| site.directives("JkMount /app/* w"))?;
    let mut client = Client::connect(site.httpd.port())?;
    for request in [
        Request::new("POST", "/app/early").body(bytes(1, 200_000)),
        Request::new("POST", "/app/early").chunked(bytes(2, 200_000), 5000),
    ] {
        site.w().set(Script::new([
            Step::Head(Head::new(403).header("Content-Length", "2")),
            Step::text("no"),
            Step::End(true),
        ]));
        let early = client.send(&request)?;
        ensure!(
            (early.status, early.text()) == (403, "no".into()),
            "{early:?}"
        );
        site.w().set(Script::default());
        let next = client.send(&Request::get("/app/next"))?;
        assert_eq!(next.field("uri").as_deref(), Some("/app/next"), "G-15");
    }
    site.httpd.assert_clean();
    Ok(())
}

fn g03_version(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("ServerTokens Full\nJkMount /app/* w")
    })?;
    let server = site.on_host("rjk.test", "/app/x")?.response;
    let server = server.header("Server").unwrap_or_default();
    let token = match subject {
        Subject::ModJk => "mod_jk/1.2.",
        Subject::Rjk => "mod_rjk/",
    };
    assert!(server.contains(token), "G-03: {server}");
    Ok(())
}

/// G-04: what mod_proxy took is not mapped. (It sets the handler last, so that nothing reaches G-10.)
fn g04_proxy_requests_are_not_mapped(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("proxy")
            .module("proxy_http")
            .directives("JkMount /app/* w\nProxyRequests On")
    })?;
    let port = site.w().port();
    let target = |path: &str| format!("http://127.0.0.1:{port}{path}");
    // The peer gets HTTP from mod_proxy and hangs up: proof that it was not ours.
    let proxied = site.on_host("other.test", &target("/app/x"))?;
    assert_eq!(proxied.outcome(), "502", "G-04");
    assert_eq!(site.on_host("rjk.test", "/app/x")?.outcome(), "/app/x");
    Ok(())
}

fn g16_startup_failures(subject: Subject) -> Result {
    for (what, workers, directives) in [
        ("type", "worker.list=w\nworker.w.type=AJP13\n", ""),
        (
            "reference",
            "worker.list=w\nworker.w.reference=worker.none\n",
            "",
        ),
        ("attribute", "worker.list=w\nworker.w.nosuch=1\n", ""),
        ("log", "worker.list=w\n", "JkLogFile @ROOT@/nosuch/jk.log"),
        ("shm", "worker.list=w\n", "JkShmFile @ROOT@/nosuch/jk.shm"),
    ] {
        let failed = Httpd::builder(subject)
            .workers(workers)
            .directives(directives)
            .start_expect_failure()?;
        assert_ne!(failed.code, Some(0), "G-16 {what}: {}", failed.text());
    }
    Ok(())
}

/// G-02: with `JkMount /*` other modules keep what they had, as the hooks' order has it.
fn g02_everything_is_mounted(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("alias")
            .module("status")
            .module("dir")
            .module("setenvif")
            .directives(
                "JkMount /* w\nAlias /static @ROOT@/htdocs/static\nRedirect /old http://x.test/new\n\
                 SetEnvIf Request_URI ^/local no-jk\nErrorDocument 403 /denied\n\
                 <Location /server-status>\nSetHandler server-status\n</Location>\n\
                 <Location /none>\nSetHandler None\n</Location>\n\
                 <Location /closed>\nRequire all denied\n</Location>",
            )
            .file("htdocs/static/x.txt", "static")
            .file("htdocs/local.txt", "local")
    })?;
    let mut table = Table::default();
    for (target, expected) in [
        ("/", "/"),
        ("/a/", "/a/"),
        ("/none/x", "/none/x"),
        ("/local.txt", "200"),
        ("/server-status", "200"),
        ("/old/x", "302"),
        // An Alias alone does not take a request off the mount.
        ("/static/x.txt", "/static/x.txt"),
        // The error page is mounted too.
        ("/closed/x", "/denied"),
    ] {
        let seen = site.on_host("rjk.test", target)?;
        table.check(target, seen.outcome(), expected);
    }
    // A mounted error page for a request whose body nobody read.
    let refused = site.ask(Request::new("POST", "/closed/x").body("12345"))?;
    table.check("POST", refused.outcome().as_str(), "/denied");
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}
