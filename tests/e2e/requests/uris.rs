//! Which form of the path is matched, and which one is sent.

use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::{Farm, Result, Subject, Table, both};

both! { u01_to_u16_forwarded_forms n01_to_n07_cv_what_is_matched encoded_slashes m08_cv02_long_uris }

/// Hosts by their ForwardURI option, in the order of the contract's table.
const MODES: [(&str, &str); 4] = [
    ("proxy.test", ""),
    ("unparsed.test", "JkOptions +ForwardURICompatUnparsed"),
    ("compat.test", "JkOptions +ForwardURICompat"),
    ("escaped.test", "JkOptions +ForwardURIEscaped"),
];

/// Row, request target, then what is sent by Proxy, CompatUnparsed, Compat and Escaped.
const U_TABLE: [(&str, &str, [&str; 4]); 18] = [
    (
        "U-01",
        "/app/a%20b/c",
        ["/app/a%20b/c", "/app/a%20b/c", "/app/a b/c", "/app/a%20b/c"],
    ),
    (
        "U-02",
        "/app/a;jsessionid=1.m1",
        ["/app/a;jsessionid=1.m1"; 4],
    ),
    (
        "U-03",
        "/app/a%3Bx=1/b",
        [
            "/app/a;x=1/b",
            "/app/a%3Bx=1/b",
            "/app/a;x=1/b",
            "/app/a;x=1/b",
        ],
    ),
    ("U-04", "/app//b", ["/app/b", "/app//b", "/app/b", "/app/b"]),
    (
        "U-05",
        "/app/x/../y",
        ["/app/y", "/app/x/../y", "/app/y", "/app/y"],
    ),
    (
        "U-06",
        "/app/%2e%2e/app/y",
        ["/app/y", "/app/%2e%2e/app/y", "/app/y", "/app/y"],
    ),
    (
        "U-07",
        "/app/a%25b",
        ["/app/a%25b", "/app/a%25b", "/app/a%b", "/app/a%25b"],
    ),
    (
        "U-08",
        "/app/a%5Cb",
        ["/app/a%5Cb", "/app/a%5Cb", "/app/a\\b", "/app/a%5cb"],
    ),
    (
        "U-09",
        "/app/%E4%F6",
        [
            "/app/%E4%F6",
            "/app/%E4%F6",
            "/app/\u{e4}\u{f6}",
            "/app/%e4%f6",
        ],
    ),
    (
        "U-10",
        "/app/a%3Fb",
        ["/app/a%3Fb", "/app/a%3Fb", "/app/a?b", "/app/a%3fb"],
    ),
    (
        "U-11",
        "/app/a%23b",
        ["/app/a%23b", "/app/a%23b", "/app/a#b", "/app/a%23b"],
    ),
    (
        "U-12",
        "/app/a|b",
        ["/app/a%7Cb", "/app/a|b", "/app/a|b", "/app/a%7cb"],
    ),
    ("U-13", "/app/a&b=c+d~e", ["/app/a&b=c+d~e"; 4]),
    ("U-13", "/app/a,b:c@d", ["/app/a,b:c@d"; 4]),
    ("U-13", "/app/a'(b)*!", ["/app/a'(b)*!"; 4]),
    (
        "U-14",
        "/app/rw/p%20q",
        [
            "/app/new/p%20q",
            "/app/rw/p%20q",
            "/app/new/p q",
            "/app/new/p%20q",
        ],
    ),
    ("U-15", "/app/a?q=%20x&y", ["/app/a"; 4]),
    ("U-16", "/app/..;/app/q", ["/app/..;/app/q"; 4]),
];

fn u01_to_u16_forwarded_forms(subject: Subject) -> Result {
    const RULES: &str = "JkMount /app|/* w\nRewriteEngine On\n\
                         RewriteRule ^/app/rw/(.*)$ /app/new/$1 [PT]\n";
    let hosts: String = MODES
        .iter()
        .map(|(name, option)| vhost(name, &format!("{RULES}{option}")))
        .collect();
    let site = Farm::alone(subject, |site| site.module("rewrite").vhosts(hosts))?;
    for (row, target, expected) in U_TABLE {
        for ((host, _), sent) in MODES.iter().zip(expected) {
            let seen = site.on_host(host, target)?;
            assert_eq!(seen.outcome(), sent, "{row} {host} {target}");
            let query = target.split_once('?').map(|(_, query)| query);
            let forwarded = seen.only()?;
            assert_eq!(forwarded.attribute("query_string"), query, "{row} {host}");
        }
    }
    site.httpd.assert_clean();
    Ok(())
}

/// Request target and what becomes of it: the forwarded URI or the status.
const MATCHED: [(&str, &str, &str); 32] = [
    ("N-02", "/app;x=1/a;y", "/app;x=1/a;y"),
    ("N-02", "/app/a;b;c=d;/e", "/app/a;b;c=d;/e"),
    ("N-02", "/other;/app/x", "404"),
    ("N-03 CV-06", "/app///b", "/app///b"),
    ("N-03 CV-06", "//app/b", "/app/b"),
    ("N-03 CV-06", "/app//priv/x", "404"),
    ("N-03 CV-06", "//app/priv/x", "404"),
    ("N-03 CV-06", "/app/priv//x", "404"),
    ("N-04", "/app/.;x/a", "/app/.;x/a"),
    ("N-04", "/app/.;x/priv/a", "404"),
    ("N-05", "/..;/x", "400"),
    ("N-05", "/app/..;a=b/..;c/x", "400"),
    ("N-05", "/../app/x", "400"),
    ("N-06 CV-09", "/app/..;/x", "404"),
    ("N-06 CV-09", "/app/..;/app/q", "/app/..;/app/q"),
    ("N-06 CV-09", "/x/..;/app/q", "/x/..;/app/q"),
    ("CV-09", "/app/priv;x/a", "404"),
    ("CV-09", "/app/priv;/a", "404"),
    ("CV-09", "/app/..;/app/priv/a", "404"),
    ("CV-09", "/app/x/..;/priv/a", "404"),
    ("CV-09", "/app/pri%3bv/a", "/app/pri;v/a"),
    ("CV-09", "/app/priv%3b/a", "404"),
    ("CV-09", "/app/x/%2e%2e%3b/priv/a", "404"),
    ("CV-03", "/app/%5C../admin", "/app/%5C../admin"),
    ("CV-03", "/app/..%5Cadmin", "/app/..%5Cadmin"),
    (
        "N-07 CV-04",
        "/app/%252e%252e/admin",
        "/app/%252e%252e/admin",
    ),
    ("N-07 CV-08", "/app/%25%32%65/a", "/app/%252e/a"),
    ("N-07", "/APP/x", "404"),
    ("N-07 CP-10", "/app/a%253Fb", "/app/a%253Fb"),
    ("U-04", "/app", "404"),
    ("M-07", "/app/", "/app/"),
    ("CP-10", "/app/a%3Bx/b", "/app/a;x/b"),
];

fn n01_to_n07_cv_what_is_matched(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMount /app/* w\nJkUnMount /app/priv/* w\nMergeSlashes Off")
    })?;
    let mut table = Table::default();
    for (row, target, expected) in MATCHED {
        let seen = site.on_host("rjk.test", target)?;
        table.check(&format!("{row} {target}"), seen.outcome(), expected);
    }
    table.finish()?;
    // N-01: the star passes and matches nothing; a target without `/` is refused.
    let star = site.ask(Request::new("OPTIONS", "*"))?;
    assert_eq!(star.outcome(), "200", "N-01: {:?}", star.response);
    let bare = site.raw("GET", b"GET app/x HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(bare.outcome(), "400", "N-01: {:?}", bare.response);
    // An absolute target is only another spelling.
    let absolute = site.on_host("rjk.test", "http://rjk.test/app/x")?;
    assert_eq!(absolute.outcome(), "/app/x");
    // N-05: a traversal is logged at emerg.
    site.httpd.expect_log(match subject {
        Subject::Rjk => "is refused: the path leads above the root",
        Subject::ModJk => "tries to escape above the root",
    });
    let log = site.httpd.jk_log();
    let lines = log.lines().filter(|line| line.contains("emerg]")).count();
    assert!(lines >= 2, "{log}");
    Ok(())
}

/// CP-10 and AllowEncodedSlashes: httpd refuses `%2F` by itself, decodes it, or leaves it.
fn encoded_slashes(subject: Subject) -> Result {
    let mounts = "JkMount /app/* w\nJkUnMount /app/priv/* w";
    let site = Farm::alone(subject, |site| {
        site.vhosts(vhost("rjk.test", mounts))
            .vhosts(vhost(
                "decode.test",
                &format!("{mounts}\nAllowEncodedSlashes On"),
            ))
            .vhosts(vhost(
                "keep.test",
                &format!("{mounts}\nAllowEncodedSlashes NoDecode"),
            ))
    })?;
    let mut table = Table::default();
    for (host, target, expected) in [
        ("rjk.test", "/app/a%2Fb", "404"),
        ("decode.test", "/app/a%2Fb", "/app/a/b"),
        ("decode.test", "/app/x%2F..%2Fpriv/a", "404"),
        ("decode.test", "/app/x%2F..;%2Fpriv/a", "404"),
        ("decode.test", "/app%2Fpriv%2Fa", "404"),
        ("keep.test", "/app/a%2Fb", "/app/a%2Fb"),
        ("keep.test", "/app/x%2F..%2Fpriv/a", "/app/x%2F..%2Fpriv/a"),
    ] {
        // mod_jk encodes the slash a second time.
        let expected = match subject {
            Subject::ModJk => expected.replace("%2F", "%252F"),
            Subject::Rjk => expected.to_owned(),
        };
        let seen = site.on_host(host, target)?;
        table.check(&format!("{host} {target}"), seen.outcome(), expected);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// O-01…O-04 with `AllowEncodedSlashes NoDecode`: the target, and what Tomcat gets with each of [`MODES`].
const KEPT: [(&str, [&str; 4]); 9] = [
    ("/app/a%2Fb", ["/app/a%2Fb"; 4]),
    ("/app/a%2fb", ["/app/a%2fb"; 4]),
    (
        "/app/a%252Fb",
        ["/app/a%252Fb", "/app/a%252Fb", "/app/a%2Fb", "/app/a%252Fb"],
    ),
    (
        "/app/a%25b%2Fc",
        [
            "/app/a%25b%2Fc",
            "/app/a%25b%2Fc",
            "/app/a%b%2Fc",
            "/app/a%25b%2Fc",
        ],
    ),
    (
        "/app/a%3Bb%2Fc",
        [
            "/app/a;b%2Fc",
            "/app/a%3Bb%2Fc",
            "/app/a;b%2Fc",
            "/app/a;b%2Fc",
        ],
    ),
    (
        "/app/%252F/../a%2Fb%7Ec",
        [
            "/app/a%2Fb~c",
            "/app/%252F/../a%2Fb%7Ec",
            "/app/a%2Fb~c",
            "/app/a%2Fb~c",
        ],
    ),
    (
        "/app//a%2F%252F?x=%2F",
        [
            "/app/a%2F%252F",
            "/app//a%2F%252F",
            "/app/a%2F%2F",
            "/app/a%2F%252F",
        ],
    ),
    (
        "http://x.test/app/a%252F%2F",
        [
            "/app/a%252F%2F",
            "http://x.test/app/a%252F%2F",
            "/app/a%2F%2F",
            "/app/a%252F%2F",
        ],
    ),
    // Rewritten: every one counts as a slash that was kept.
    (
        "/old/a%2Fb",
        ["/app/a%2Fb", "/old/a%2Fb", "/app/a%2Fb", "/app/a%2Fb"],
    ),
];

#[test]
fn rjk_kept_slashes_in_every_form() -> Result {
    let site = Farm::alone(Subject::Rjk, |site| {
        let rules = "RewriteEngine On\nRewriteRule ^/old/(.*)$ /app/$1 [PT]";
        let common = format!("JkMount /app/* w\nAllowEncodedSlashes NoDecode\n{rules}");
        MODES
            .iter()
            .fold(site.module("rewrite"), |site, (host, options)| {
                site.vhosts(vhost(host, &format!("{common}\n{options}")))
            })
    })?;
    let mut table = Table::default();
    for (target, expected) in KEPT {
        for ((host, _), expected) in MODES.iter().zip(expected) {
            // The host of an absolute target counts, whatever the header says.
            let target = target.replace("x.test", host);
            let expected = expected.replace("x.test", host);
            let seen = site.on_host(host, &target)?;
            table.check(&format!("{host} {target}"), seen.outcome(), expected);
        }
    }
    table.finish()
}

fn m08_cv02_long_uris(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("LimitRequestLine 20000\nJkMount /app/* w")
    })?;
    let of_length = |length: usize| format!("/app/{}", "a".repeat(length - 5));
    for length in [4094, 4095] {
        let target = of_length(length);
        assert_eq!(site.on_host("rjk.test", &target)?.outcome(), target, "M-08");
    }
    // Handled locally; no file has so long a name, and httpd says so with 403.
    for length in [4096, 4097, 9000, 16_000] {
        let outcome = site.on_host("rjk.test", &of_length(length))?.outcome();
        assert!(
            outcome == "404" || outcome == "403",
            "M-08 CV-02 {length}: {outcome}"
        );
    }
    // What counts is the normalised form.
    let parameter = format!("/app/a;{}", "p".repeat(4000));
    assert_eq!(site.on_host("rjk.test", &parameter)?.outcome(), parameter);
    site.httpd.assert_clean();
    Ok(())
}
