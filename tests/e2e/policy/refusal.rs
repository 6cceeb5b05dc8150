//! A request that the policy refuses: what the client gets, and what is written down of it.

use rjk_testbed::client::Request;
use rjk_testbed::{Plan, Result, Subject, h2, wait};
use std::fs;

const LINE: &str = "worker lb refused the request: policy attempts (all full); the client got 429";

fn plan() -> Result<Plan> {
    Plan::new(Subject::Rjk, &["m1"]).policy("attempts", "", "")
}

fn refused() -> Request {
    Request::get("/x").header("X-Do", "reject")
}

#[test]
fn a_refusal_says_when_to_come_again_and_why() -> Result {
    let mut site = plan()?.start()?;
    let response = site.send(&refused())?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (429, Some("7"))
    );
    let notes = site.notes()?;
    assert_eq!(notes.decided_by, "policy attempts");
    assert_eq!(notes.label, "all full", "a tab is a space");
    site.httpd.expect_log(LINE);
    let response = site.send(&Request::get("/x"))?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (200, None)
    );
    assert_eq!(site.notes()?.label, "number 1");
    Ok(())
}

/// A page of the server's own in the place of the refusal.
#[test]
fn an_error_document_keeps_the_retry_after() -> Result {
    let mut site = plan()?
        .mounts("JkMount /x lb")
        .directives("ErrorDocument 429 /page.html")
        .httpd(|builder| builder.file("htdocs/page.html", "come again"))
        .start()?;
    let response = site.send(&refused())?;
    assert_eq!(
        (response.status, response.header("Retry-After")),
        (429, Some("7"))
    );
    assert_eq!(response.text(), "come again");
    site.httpd.expect_log(LINE);
    Ok(())
}

#[test]
fn http2_has_the_retry_after_too() -> Result {
    let site = plan()?
        .httpd(|builder| builder.module("headers").module("http2"))
        .directives("Protocols h2c http/1.1\nRequestHeader set X-Do reject\nCustomLog logs/h2 \"%H %s %{Retry-After}o\"")
        .start()?;
    let answer = h2::Stream::get(site.httpd.port(), "/x")?.answer()?;
    assert_eq!(answer.status, Some(429));
    wait::until("the line", wait::SOON, || {
        fs::read_to_string(site.httpd.path("logs/h2")).is_ok_and(|log| log == "HTTP/2.0 429 7\n")
    })?;
    site.httpd.expect_log(LINE);
    Ok(())
}
