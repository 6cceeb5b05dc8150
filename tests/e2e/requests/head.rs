//! The forward request as the peer sees it: methods, headers, attributes (§5.2…§5.5).

use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::{Farm, Result, Subject, Table, both, on_mpm};

both! { me01_me02_methods hc_codes_q11_order_and_duplicates q03_to_q09_fields at_order_and_values }
on_mpm! { Worker worker: q03_to_q09_fields }
on_mpm! { Prefork prefork: q03_to_q09_fields }

const METHODS: [&str; 27] = [
    "OPTIONS",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "ACL",
    "REPORT",
    "VERSION-CONTROL",
    "CHECKIN",
    "CHECKOUT",
    "UNCHECKOUT",
    "SEARCH",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "BASELINE-CONTROL",
    "MKACTIVITY",
];

pub fn mounted(subject: Subject) -> Result<Farm> {
    Farm::alone(subject, |site| site.directives("JkMount /app/* w"))
}

fn me01_me02_methods(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let mut table = Table::default();
    for (index, method) in METHODS.iter().enumerate() {
        if *method == "TRACE" {
            // httpd answers it by itself, before any handler.
            let seen = site.ask(Request::new(method, "/app/x"))?;
            table.check("TRACE", seen.outcome(), "200");
            continue;
        }
        let forwarded = site.forwarded(Request::new(method, "/app/x"))?;
        let got = (
            forwarded.method_code,
            forwarded.has_attribute("stored_method"),
        );
        table.check(&format!("ME-01 {method}"), got, (index as u8 + 1, false));
    }
    // CP-03: an unknown method is no failure of the worker.
    for method in ["PATCH", "FOOBAR", "get", "Post"] {
        let forwarded = site.forwarded(Request::new(method, "/app/x"))?;
        let got = (forwarded.method_code, forwarded.method.as_str());
        table.check(&format!("ME-02 CP-03 {method}"), got, (0xFF, method));
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// Header lines as the client sends them.
const SENT: &str = "X-First: 1\r\nACCEPT: a/b\r\naccept-charset: c\r\nAccept-Encoding: gzip\r\n\
    Accept-language: de\r\nAuthorization: Own x\r\nConnection: close, X-Hop\r\n\
    X-Hop: hop\r\nContent-Type: text/x\r\ncontent-LENGTH: 0\r\nCookie: a=1\r\n\
    Cookie2: b\r\nHost: head.test:4711\r\nPragma: no-cache\r\nReferer: r\r\n\
    User-Agent: ua\r\nX-MiXed: Two words \r\nx-empty:\r\nX-Twice: 1\r\nX-Other: o\r\n\
    x-twice: 2\r\nCookie: c=2\r\nExpect-Not: e\r\nX-Latin: \u{e4}";

/// The same as the peer must see them: `=` marks a coded name. httpd itself joins repeated headers,
/// before any module sees them.
const RECEIVED: [&str; 22] = [
    "X-First: 1",
    "=accept: a/b",
    "=accept-charset: c",
    "=accept-encoding: gzip",
    "=accept-language: de",
    "=authorization: Own x",
    "=connection: close, X-Hop",
    "X-Hop: hop",
    "=content-type: text/x",
    "=content-length: 0",
    "=cookie: a=1, c=2",
    "=cookie2: b",
    "=host: head.test:4711",
    "=pragma: no-cache",
    "=referer: r",
    "=user-agent: ua",
    "X-MiXed: Two words",
    "x-empty: ",
    "X-Twice: 1, 2",
    "X-Other: o",
    "Expect-Not: e",
    "X-Latin: \u{e4}",
];

fn hc_codes_q11_order_and_duplicates(subject: Subject) -> Result {
    let site = mounted(subject)?;
    let bytes: Vec<u8> = format!("GET /app/x HTTP/1.1\r\n{SENT}\r\n\r\n")
        .chars()
        .map(|character| character as u8)
        .collect();
    let seen = site.raw("GET", &bytes)?;
    assert_eq!(seen.response.status, 200);
    let forwarded = seen.only()?;
    let shown = forwarded.headers.iter().map(|header| {
        let name = header.name.to_ascii_lowercase();
        match subject {
            // mod_jk 1.2.48 does not find the codes of Accept-… (HC-02…HC-04), which Tomcat does
            // not tell apart from the spelled names.
            Subject::ModJk if name.starts_with("accept-") => format!("={name}: {}", header.value),
            _ if header.coded => format!("={}: {}", header.name, header.value),
            _ => format!("{}: {}", header.name, header.value),
        }
    });
    assert_eq!(shown.collect::<Vec<_>>(), RECEIVED, "Q-11 HC-01…HC-14");
    site.httpd.assert_clean();
    Ok(())
}

fn q03_to_q09_fields(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.vhosts(vhost("own.test", "JkMount /app/* w"))
            .vhosts(vhost(
                "canonical.test",
                "UseCanonicalName On\nServerAlias alias.test\nJkMount /app/* w",
            ))
            .vhosts(vhost("lookup.test", "HostnameLookups On\nJkMount /app/* w"))
    })?;
    let mut table = Table::default();
    let ask = |host: &str| site.forwarded(Request::get("/app/x").header("Host", host));
    let own = ask("own.test")?;
    table.check("Q-03", own.protocol.as_str(), "HTTP/1.1");
    table.check("Q-05", own.remote_addr.as_deref(), Some("127.0.0.1"));
    table.check("Q-06", own.remote_host.as_deref(), None::<&str>);
    table.check("Q-07", own.server_name.as_deref(), Some("own.test"));
    table.check("Q-08", own.server_port, 80);
    table.check("Q-09", own.is_ssl, false);
    let port = ask("own.test:4711")?;
    table.check("Q-07", port.server_name.as_deref(), Some("own.test"));
    table.check("Q-08", port.server_port, 4711);
    let canonical = ask("alias.test:4711")?;
    table.check(
        "Q-07",
        canonical.server_name.as_deref(),
        Some("canonical.test"),
    );
    let looked_up = ask("lookup.test")?;
    table.check("Q-06 looked up", looked_up.remote_host.is_some(), true);
    let old = site.raw("GET", b"GET /app/x HTTP/1.0\r\n\r\n")?.only()?;
    table.check("Q-03 old", old.protocol.as_str(), "HTTP/1.0");
    table.check("Q-07 no Host", old.server_name.as_deref(), Some("own.test"));
    table.check("Q-11 no Host", old.header("host"), None);
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// All attributes at once, in order (AT-01…AT-15); TLS facts come from variables here.
fn at_order_and_values(subject: Subject) -> Result {
    let site = Farm::with_workers(subject, "worker.w.secret=s3cret\n", |site| {
        site.module("setenvif").directives(
            "JkMount /app/* w\nJkEnvVar OWN\nJkEnvVar WITH default\n\
             SetEnvIf Request_URI ^/app/all JK_REMOTE_USER=ann JK_AUTH_TYPE=Own JK_ROUTE=r1 \
             HTTPS=On SSL_CLIENT_CERT=pem SSL_CIPHER=aes SSL_SESSION_ID=0a SSL_CIPHER_USEKEYSIZE=256 \
             SSL_PROTOCOL=TLSv1.3 JK_REMOTE_PORT=77 JK_LOCAL_ADDR=192.0.2.1 OWN=mine",
        )
    })?;
    let forwarded = site.forwarded(Request::new("PATCH", "/app/all?"))?;
    let got: Vec<String> = forwarded
        .attributes
        .iter()
        .map(|attribute| {
            let value = attribute.value.as_deref().unwrap_or("null");
            format!("{:02x} {}={value}", attribute.code, attribute.name)
        })
        .collect();
    let expected = [
        "0c secret=s3cret",
        "03 remote_user=ann",
        "04 auth_type=Own",
        "05 query_string=",
        "06 route=r1",
        "07 ssl_cert=pem",
        "08 ssl_cipher=aes",
        "09 ssl_session=0a",
        "0b ssl_key_size=256",
        "0d stored_method=PATCH",
        "0a AJP_SSL_PROTOCOL=TLSv1.3",
        "0a AJP_REMOTE_PORT=77",
        "0a AJP_LOCAL_ADDR=192.0.2.1",
        "0a JK_LB_ACTIVATION=ACT",
        "0a OWN=mine",
        "0a WITH=default",
    ];
    assert_eq!(got, expected, "AT-01…AT-15");
    assert!(
        forwarded.is_ssl,
        "Q-09 D-29: the case of the value does not count"
    );
    let plain = site.forwarded(Request::get("/app/plain"))?;
    let names: Vec<&str> = plain.attributes.iter().map(|a| a.name.as_str()).collect();
    let always = [
        "secret",
        "AJP_REMOTE_PORT",
        "AJP_LOCAL_ADDR",
        "JK_LB_ACTIVATION",
        "WITH",
    ];
    assert_eq!(names, always, "AT-12…AT-14 always, AT-16 never");
    let port = plain
        .attribute("AJP_REMOTE_PORT")
        .and_then(|p| p.parse::<u16>().ok());
    assert!(port.is_some_and(|port| port > 0), "AT-12: {plain:?}");
    assert_eq!(plain.attribute("AJP_LOCAL_ADDR"), Some("127.0.0.1"));
    site.httpd.assert_clean();
    Ok(())
}
