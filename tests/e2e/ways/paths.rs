//! A path that goes as httpd decoded it, or as the client sent it: what an application is told of it.

use crate::over_every_way;
use crate::stage::{AJP, Case, Site};
use rjk_testbed::Result;
use rjk_testbed::client::Request;

over_every_way! { control: ; own: decoded as_sent }

/// What Tomcat has of a path below `/testbed/path/`, or the status without it.
fn seen(site: &Site, host: &str, path: &str) -> Result<String> {
    let target = format!("/testbed/path/{path}");
    let answer = site.ask(Request::get(&target).header("Host", host))?;
    if answer.status != 200 {
        return Ok(answer.status.to_string());
    }
    let field = |key| answer.field(key).unwrap_or_else(|| "-".to_owned());
    let uri = field("requestURI").replace("/testbed/path/", "");
    Ok(format!(
        "{} {} in {uri}",
        field("pathInfo"),
        field("queryString")
    ))
}

fn case(host: &'static str, path: &'static str, expected: String) -> Case {
    let name = format!("{path} of {host}");
    Case::new(name, expected, move |site| seen(site, host, path))
}

/// With `JkOptions +ForwardURICompat` the meaning is the same. A request line cannot hold all of it as it is.
#[rustfmt::skip]
fn decoded() -> Vec<Case> {
    const SHOWN: &str = "getRequestURI shows what came";
    // What is asked for, path and query that Tomcat makes of it, and the path as it comes: over HTTP, and over AJP.
    let rows = [
        ("a%23b", "/a#b null", "a%23b", "a#b"),
        ("a%23?q=1", "/a# q=1", "a%23", "a#"),
        ("a%23%3fb", "/a#?b null", "a%23%3Fb", "a#?b"),
        ("a%23/../b", "/b null", "b", "b"),
        ("a%3fb?q=1", "/a?b q=1", "a%3Fb", "a?b"),
        ("a%20b", "/a b null", "a%20b", "a b"),
        ("a%01b", "/a\u{1}b null", "a%01b", "a\u{1}b"),
        ("a%09b", "/a\tb null", "a%09b", "a\tb"),
        ("a%7fb", "/a\u{7f}b null", "a%7Fb", "a\u{7f}b"),
        ("a%0d%0aX:%20y", "/a\\r\\nX: y null", "a%0D%0AX:%20y", "a\\r\\nX: y"),
        ("a%22%3c%3e%5b%5d%5e%60%7b%7c%7db", "/a\"<>[]^`{|}b null", "a%22%3C%3E%5B%5D%5E%60%7B%7C%7Db", "a\"<>[]^`{|}b"),
        ("caf%C3%A9", "/caf\u{e9} null", "caf%C3%A9", "caf\u{c3}\u{a9}"),
        // Decoded twice, over either.
        ("a%2541", "/aA null", "a%41", "a%41"),
        ("a%2523b", "/a#b null", "a%23b", "a%23b"),
        ("a%252e%252e/b", "/a../b null", "a%2e%2e/b", "a%2e%2e/b"),
        ("a%3bjsessionid=1", "/a null", "a;jsessionid=1", "a;jsessionid=1"),
    ];
    let told = rows.map(|(path, meaning, http, ajp)| {
        case("compat.test", path, format!("{meaning} in {http}"))
            .but(&AJP, format!("{meaning} in {ajp}"), SHOWN)
    });
    let refused = ["a%25", "a%25zz", "a%252fb", "a%5cb"];
    let refused = refused.map(|path| case("compat.test", path, "400".to_owned()));
    told.into_iter().chain(refused).collect()
}

/// With `JkOptions +ForwardURICompatUnparsed` what is encoded stays so; a `#` that is not httpd refuses.
fn as_sent() -> Vec<Case> {
    let kept = [
        ("a%23b", "/a#b null"),
        ("a%3fb?q=1", "/a?b q=1"),
        ("a%20b", "/a b null"),
    ];
    let kept = kept.map(|(path, meaning)| {
        let sent = path.split('?').next().unwrap_or(path);
        case("unparsed.test", path, format!("{meaning} in {sent}"))
    });
    let fragment = case("unparsed.test", "a#/../b", "400".to_owned());
    kept.into_iter().chain([fragment]).collect()
}
