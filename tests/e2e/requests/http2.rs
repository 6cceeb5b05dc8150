//! HTTP/2 in front: httpd's modules do the same for its streams as for requests of HTTP/1.1, and Tomcat
//! sees the same (G-04…G-07, G-13, Q-03, Q-07, Q-11, AT-02, BD-01, BD-09, E-02, U-14).

use rjk_testbed::peer::Forwarded;
use rjk_testbed::tls::curl;
use rjk_testbed::{Farm, Result, Subject, Table, both, both_on_each_mpm, httpd::Mpm};

both! { the_same_as_over_http1 }
both_on_each_mpm! { a_stream_of_each_kind }

const RULES: &str = "TypesConfig /dev/null\nProtocols h2c http/1.1\n\
    JkMount /app/* w\nJkMount /*.jsp w\nDirectoryIndex index.jsp index.html\n\
    RewriteEngine On\nRewriteRule ^/pt/(.*)$ /app/$1 [PT]\n\
    RewriteRule ^/env/ - [E=JK_WORKER_NAME:w,H=jakarta-servlet]\n\
    RewriteRule ^/app/away/(.*)$ http://other.test/$1 [R]\n\
    <Location /app/members>\nAuthType Basic\nAuthName m\nAuthUserFile conf/users\n\
    Require valid-user\n</Location>\n\
    <Location /app/closed>\nRequire all denied\n</Location>\nErrorDocument 403 /app/sorry\n\
    AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
    <Directory @ROOT@/htdocs>\nOptions +Includes\n</Directory>\n\
    RequestHeader set X-Front 1\nHeader set X-Back 1";

fn site(subject: Subject, mpm: Mpm) -> Result<Farm> {
    Farm::alone(subject, |site| {
        let modules = [
            "http2",
            "rewrite",
            "dir",
            "mime",
            "headers",
            "include",
            "auth_basic",
            "authn_core",
            "authn_file",
            "authz_user",
        ];
        let site = modules
            .into_iter()
            .fold(site, |site, name| site.module(name));
        site.mpm(mpm)
            .directives(RULES)
            // ann:secret, as plain SHA-1
            .file("conf/users", "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
            .file("conf/body", "hello")
            .file("htdocs/none/x.txt", "")
            .file(
                "htdocs/page.shtml",
                "(<!--#include virtual=\"/app/part\" -->)",
            )
    })
}

/// What curl wrote of a request: the status, then the body; and what was forwarded.
fn ask(farm: &Farm, http: &str, path: &str, more: &[&str]) -> Result<(String, Vec<Forwarded>)> {
    let before = farm.w().requests().len();
    let url = format!("http://127.0.0.1:{}{path}", farm.httpd.port());
    let mut arguments = vec![
        http,
        "--path-as-is",
        "-w",
        "|%{http_code} %header{x-back} %header{location}",
    ];
    arguments.extend(["-H", "Host: rjk.test", "-H", "User-Agent:", "-H", "Accept:"]);
    arguments.extend(more);
    arguments.push(&url);
    let answer = String::from_utf8_lossy(&curl(&arguments)?).into_owned();
    Ok((answer, farm.w().requests().split_off(before)))
}

const HTTP1: &str = "--http1.1";
const HTTP2: &str = "--http2-prior-knowledge";
const ANN: &[&str] = &["-u", "ann:secret"];

/// A request, its status, and the path that Tomcat gets, or none.
type Row = (
    &'static str,
    &'static [&'static str],
    u16,
    Option<&'static str>,
);

#[rustfmt::skip]
const ROWS: [Row; 16] = [
    ("/app/x?q=1", &[], 200, Some("/app/x")),
    ("/app/a%20b;jsessionid=1", &[], 200, Some("/app/a%20b;jsessionid=1")),
    ("/pt/a%20b", &[], 200, Some("/app/a%20b")),
    ("/env/x", &[], 200, Some("/env/x")),
    ("/app/away/x", &[], 302, None),
    ("/none/", &[], 200, Some("/none/")),
    ("/x.jsp", &[], 200, Some("/x.jsp")),
    ("/app/members/x", ANN, 200, Some("/app/members/x")),
    ("/app/members/x", &[], 401, None),
    ("/app/x/..;/members/x", &[], 401, None),
    ("/app/closed", &[], 200, Some("/app/sorry")),
    ("/app/;/closed", &[], 200, Some("/app/sorry")),
    ("/page.shtml", &[], 200, Some("/app/part")),
    ("/nosuch", &[], 404, None),
    ("/app/x", &["-X", "PUT", "-d", "hello"], 200, Some("/app/x")),
    ("/app/x", &["-X", "PROPFIND"], 200, Some("/app/x")),
];

fn the_same_as_over_http1(subject: Subject) -> Result {
    let farm = site(subject, Mpm::Event)?;
    let mut table = Table::default();
    for (path, more, status, uri) in ROWS {
        let row = format!("{path} {more:?}");
        let (text1, seen1) = ask(&farm, HTTP1, path, more)?;
        let (text2, seen2) = ask(&farm, HTTP2, path, more)?;
        let wanted = format!("|{status} ");
        table.check(&row, text2.contains(&wanted), true);
        table.check(&row, text2.as_str(), text1.as_str());
        let uris: Vec<&str> = seen2.iter().map(|seen| seen.uri.as_str()).collect();
        table.check(&row, uris, uri.into_iter().collect::<Vec<_>>());
        for (one, two) in seen1.iter().zip(&seen2) {
            let is_part = path == "/page.shtml";
            let protocol = if is_part { "INCLUDED" } else { "HTTP/2.0" };
            table.check(&row, two.protocol.as_str(), protocol);
            table.check(&row, facts(two), facts(one));
        }
    }
    table.finish()?;
    farm.httpd.assert_clean();
    Ok(())
}

/// All but the protocol, the order of headers and the client's port.
fn facts(seen: &Forwarded) -> Vec<String> {
    let mut headers: Vec<String> = seen
        .headers
        .iter()
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect();
    headers.sort();
    let attributes = seen
        .attributes
        .iter()
        .filter(|attribute| attribute.name != "AJP_REMOTE_PORT")
        .map(|attribute| format!("{} {:?}", attribute.name, attribute.value));
    let server = (&seen.server_name, seen.server_port, &seen.remote_addr);
    let start = [
        format!("{} {} {server:?}", seen.method, seen.uri),
        format!("{:?}", seen.body()),
    ];
    start.into_iter().chain(headers).chain(attributes).collect()
}

fn a_stream_of_each_kind(subject: Subject, mpm: Mpm) -> Result {
    let farm = site(subject, mpm)?;
    let data = format!("@{}", farm.httpd.path("conf/body").display());
    let mut table = Table::default();
    for (path, more, uri, body) in [
        ("/app/x", &[][..], "/app/x", ""),
        (
            "/pt/x",
            &["--data-binary", data.as_str()][..],
            "/app/x",
            "hello",
        ),
        ("/page.shtml", &[][..], "/app/part", ""),
    ] {
        let row = format!("{path} {more:?}");
        let (text, seen) = ask(&farm, HTTP2, path, more)?;
        table.check(&row, text.contains("|200 1 "), true);
        let seen: Vec<(String, Vec<u8>)> = seen
            .into_iter()
            .map(|s| (s.uri.clone(), s.body()))
            .collect();
        table.check(&row, seen, vec![(uri.to_owned(), body.as_bytes().to_vec())]);
    }
    table.finish()?;
    farm.httpd.assert_clean();
    Ok(())
}
