//! `JkRequestLogFormat`: which requests have a line, and which request of a chain of internal redirects
//! it is of (D-13, R-06).

use super::request_lines::{lines, plan};
use rjk_testbed::client::{Client, Request};
use rjk_testbed::gate::gated;
use rjk_testbed::h2;
use rjk_testbed::{Result, Subject, both, on_mpm};

both! {
    d13_a_failure_is_logged_as_it_was_asked_for d13_requests_that_have_no_line
    d13_index_files_and_rewritten_requests d13_http2 d13_clients_that_leave
}

on_mpm! { Worker worker: d13_http2 d13_clients_that_leave }
on_mpm! { Prefork prefork: d13_a_failure_is_logged_as_it_was_asked_for d13_clients_that_leave }

const FORMAT: &str = "JkRequestLogFormat \"req|%m|%U|%s|%B|%w\"";

/// The line is of the request that the client sent, with its own status: whatever page follows, from
/// here or from a worker, changes nothing of it, and has no line.
fn d13_a_failure_is_logged_as_it_was_asked_for(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.directives(FORMAT)
            .directives(
                "JkMount /limit/* ok\n<Location /limit>\nLimitRequestBody 2\n</Location>\n\
                 JkMount /nosuch/* nosuch\n\
                 ErrorDocument 503 /ok/page\nErrorDocument 500 /page.html\nErrorDocument 413 \"too much\"",
            )
            .file("htdocs/page.html", "a page")
    })
    .start()?;
    farm.stop("gone")?;
    let page = farm.send(&Request::get("/gone/a"))?;
    assert_eq!(
        (page.status, page.text().as_str()),
        (200, "hello world"),
        "the page's worker said 200"
    );
    let page = farm.send(&Request::new("HEAD", "/gone/a"))?;
    assert_eq!(page.status, 200);
    let page = farm.send(&Request::get("/nosuch/a"))?;
    assert_eq!((page.status, page.text().as_str()), (500, "a page"));
    let page = farm.send(&Request::new("POST", "/limit/a").body("too long"))?;
    assert_eq!((page.status, page.text().as_str()), (413, "too much"));
    // The page of the worker is the answer.
    let page = farm.send(&Request::get("/bad/a"))?;
    assert_eq!((page.status, page.text().as_str()), (404, "not here"));
    let mut lines = lines(&farm.httpd, 5)?;
    lines.sort();
    let expected = [
        "GET|/bad/a|404|8|bad",
        "GET|/gone/a|503|0|gone",
        "GET|/nosuch/a|500|0|nosuch",
        "HEAD|/gone/a|503|0|gone",
        "POST|/limit/a|413|8|ok",
    ];
    assert_eq!(lines, expected);
    Ok(())
}

/// Those that the handler did not take as the client sent them: answered here, refused while they were
/// mapped, kept here, fetched as an error page or as a part of a page, or redirected to a worker.
fn d13_requests_that_have_no_line(subject: Subject) -> Result {
    let above_root = match subject {
        Subject::Rjk => "[/..;/x]",
        Subject::ModJk => "[/../x]",
    };
    let mut farm = plan(subject, |site| {
        site.module("setenvif")
            .module("include")
            .module("rewrite")
            .module("mime")
            .directives(FORMAT)
            .directives(
                "SetEnvIf X-Stay .+ no-jk=1\nErrorDocument 404 /ok/missing\n\
                 TypesConfig /dev/null\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
                 <Directory @ROOT@/htdocs>\nOptions +Includes +FollowSymLinks\nRewriteEngine On\n\
                 RewriteRule ^there$ /ok/there\n</Directory>\n\
                 <Location /none>\nSetHandler jakarta-servlet\n</Location>",
            )
            .file("htdocs/a.txt", "a file")
            .file(
                "htdocs/page.shtml",
                "<!--#include virtual=\"/ok/part\" -->!",
            )
            .expect_log(above_root)
    })
    .start()?;
    for (target, text) in [
        ("/a.txt", "a file"),
        ("/nothing", "hello world"),
        ("/page.shtml", "hello world!"),
        ("/there", "hello world"),
        ("/none/x", "hello world"),
    ] {
        assert_eq!(farm.send(&Request::get(target))?.text(), text, "{target}");
    }
    assert_eq!(farm.send(&Request::get("/..;/x"))?.status, 400);
    let stays = Request::get("/ok/a").header("X-Stay", "1");
    assert_eq!(farm.send(&stays)?.status, 404);
    farm.send(&Request::get("/ok/last"))?;
    farm.httpd.access_lines(8)?;
    assert_eq!(lines(&farm.httpd, 1)?, ["GET|/ok/last|200|11|ok"]);
    Ok(())
}

/// G-06: a folder whose index file is mounted is the worker's; `[PT]` maps once more.
fn d13_index_files_and_rewritten_requests(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.module("dir")
            .module("rewrite")
            .directives(FORMAT)
            .directives(
                "DirectoryIndex index.html index.jsp\nJkMount /*.jsp ok\n\
                 RewriteEngine On\nRewriteRule ^/pt/(.*) /ok/$1 [PT]",
            )
            .file("htdocs/none/x.txt", "")
            .file("htdocs/html/index.html", "local")
    })
    .start()?;
    assert_eq!(farm.send(&Request::get("/none/"))?.text(), "hello world");
    assert_eq!(farm.send(&Request::get("/html/"))?.text(), "local");
    assert_eq!(farm.send(&Request::get("/pt/a?b"))?.text(), "hello world");
    let mut lines = lines(&farm.httpd, 2)?;
    lines.sort();
    assert_eq!(lines, ["GET|/none/|200|11|ok", "GET|/ok/a|200|11|ok"]);
    Ok(())
}

fn d13_http2(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.module("http2")
            .directives("Protocols h2c http/1.1\nErrorDocument 503 /ok/page")
            .directives("JkRequestLogFormat \"req|%m|%H|%U|%s|%B|%w|%r\"")
    })
    .start()?;
    farm.stop("gone")?;
    let port = farm.httpd.port();
    assert_eq!(
        h2::Stream::get(port, "/ok/a")?.answer()?.text,
        "hello world"
    );
    assert_eq!(
        h2::Stream::get(port, "/gone/a")?.answer()?.text,
        "hello world"
    );
    let mut post = h2::Stream::post(port, "/ok/b")?;
    post.send(b"body")?;
    post.finish()?;
    assert_eq!(post.answer()?.text, "hello world");
    let mut lines = lines(&farm.httpd, 3)?;
    lines.sort();
    let expected = [
        "GET|HTTP/2.0|/gone/a|503|0|gone|GET /gone/a HTTP/2.0",
        "GET|HTTP/2.0|/ok/a|200|11|ok|GET /ok/a HTTP/2.0",
        "POST|HTTP/2.0|/ok/b|200|11|ok|POST /ok/b HTTP/2.0",
    ];
    assert_eq!(lines, expected);
    Ok(())
}

/// A client that leaves has a line, with what was sent to it.
fn d13_clients_that_leave(subject: Subject) -> Result {
    let (gate, script) = gated();
    let farm = plan(subject, |site| site.directives(FORMAT))
        .script("ok", script)
        .start()?;
    let mut client = Client::connect(farm.httpd.port())?;
    client.raw(b"GET /ok/a HTTP/1.1\r\nHost: rjk.test\r\n\r\n")?;
    farm.peer("ok")?.wait_requests(1)?;
    client.abort()?;
    gate.open();
    let lines = lines(&farm.httpd, 1)?;
    assert!(
        lines[0].starts_with("GET|/ok/a|200|") && lines[0].ends_with("|ok"),
        "{lines:?}"
    );
    // One that leaves in the middle of its body.
    let mut client = Client::connect(farm.httpd.port())?;
    client.raw(b"POST /ok/b HTTP/1.1\r\nHost: rjk.test\r\nContent-Length: 100\r\n\r\nbody")?;
    client.abort()?;
    let lines = super::request_lines::lines(&farm.httpd, 2)?;
    assert!(
        lines[1].starts_with("POST|/ok/b|400|") && lines[1].ends_with("|ok"),
        "{lines:?}"
    );
    Ok(())
}
