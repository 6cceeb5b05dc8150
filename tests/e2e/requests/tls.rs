//! A real TLS connection with a client certificate, and the variables one by one (D-28…D-35, E-08,
//! AT-06…AT-11).

use crate::environment::{Show, attribute, settable, setting};
use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::tls::{Certificate, curl, tls};
use rjk_testbed::{Context, Farm, Result, Subject, Table, both};
use std::fmt::Write;

both! { d28_e08_tls_with_a_client_certificate d28_to_d35_tls_facts d35_o08_certificate_chain }

const RULES: &str = "JkMount /app/* w\nSSLVerifyClient optional_no_ca\n\
                     SSLOptions +StdEnvVars +ExportCertData\n\
                     <Location /app/quiet>\nSSLOptions -StdEnvVars -ExportCertData\n</Location>";

/// A site with a certificate of its own, and curl's arguments for one of a client.
fn start(subject: Subject) -> Result<(Farm, Certificate, [String; 4])> {
    let own = Certificate::self_signed("rjk.test")?;
    let client = Certificate::self_signed("client.test")?;
    let site = Farm::alone(subject, |site| {
        tls(site, &own, RULES)
            .file("conf/client.pem", client.certificate.as_str())
            .file("conf/client-key.pem", client.key.as_str())
    })?;
    let path = |name: &str| site.httpd.path(name).to_string_lossy().into_owned();
    let (cert, key) = (path("conf/client.pem"), path("conf/client-key.pem"));
    Ok((site, client, ["--cert".into(), cert, "--key".into(), key]))
}

fn d28_e08_tls_with_a_client_certificate(subject: Subject) -> Result {
    let (site, client, with_certificate) = start(subject)?;
    let with_certificate = with_certificate.each_ref().map(String::as_str);
    let mut table = Table::default();
    for (path, arguments, has_cert) in [
        ("/app/x", &with_certificate[..], true),
        ("/app/x", &[][..], false),
        ("/app/quiet", &with_certificate[..], false),
    ] {
        let url = format!("https://127.0.0.1:{}{path}", site.httpd.port());
        let body = curl(&[arguments, &[url.as_str()]].concat())?;
        assert!(String::from_utf8_lossy(&body).contains("peer=w"));
        let seen = site.w().requests().pop().context("not forwarded")?;
        let is_known = path != "/app/quiet";
        let row = format!("{path} {}", arguments.len());
        // mod_ssl says HTTPS=on whatever SSLOptions say.
        table.check(&format!("D-29 {row}"), seen.is_ssl, true);
        let pem = seen.attribute("ssl_cert").map(str::trim);
        let expected = has_cert.then(|| client.certificate.trim());
        table.check(&format!("D-31 AT-06 {row}"), pem, expected);
        let size = seen
            .attribute("ssl_key_size")
            .and_then(|bits| bits.parse().ok());
        table.check(
            &format!("D-34 AT-09 {row}"),
            size.is_some_and(|bits: u16| bits >= 128),
            is_known,
        );
        for (name, expected) in [("ssl_cipher", is_known), ("AJP_SSL_PROTOCOL", is_known)] {
            table.check(&format!("{name} {row}"), seen.has_attribute(name), expected);
        }
        let protocol = seen.attribute("AJP_SSL_PROTOCOL").unwrap_or_default();
        table.check(
            &format!("AT-11 {row}"),
            protocol.starts_with("TLSv1."),
            is_known,
        );
        table.check(&format!("Q-08 {row}"), seen.server_port, site.httpd.port());
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// Row, directive, variable, what it changes, a value, what an empty one makes of it.
const TLS_FACTS: [(&str, &str, &str, Show, &str, &str); 5] = [
    (
        "D-30",
        "JkSSLPROTOCOLIndicator",
        "SSL_PROTOCOL",
        |r| attribute(r, "AJP_SSL_PROTOCOL"),
        "TLSv1.3",
        "absent",
    ),
    (
        "D-31",
        "JkCERTSIndicator",
        "SSL_CLIENT_CERT",
        |r| attribute(r, "ssl_cert"),
        "pem",
        "absent",
    ),
    (
        "D-32",
        "JkCIPHERIndicator",
        "SSL_CIPHER",
        |r| attribute(r, "ssl_cipher"),
        "aes",
        "",
    ),
    (
        "D-33",
        "JkSESSIONIndicator",
        "SSL_SESSION_ID",
        |r| attribute(r, "ssl_session"),
        "0a0b",
        "",
    ),
    (
        "D-34",
        "JkKEYSIZEIndicator",
        "SSL_CIPHER_USEKEYSIZE",
        |r| attribute(r, "ssl_key_size"),
        "256",
        "0",
    ),
];

fn d28_to_d35_tls_facts(subject: Subject) -> Result {
    let mut rules = settable(&["HTTPS", "MY_HTTPS"]);
    let mut renamed = "JkHTTPSIndicator MY_HTTPS\n".to_owned();
    for (_, directive, name, ..) in TLS_FACTS {
        rules.push_str(&settable(&[name, &format!("MY_{name}")]));
        let _ = writeln!(renamed, "{directive} MY_{name}");
    }
    rules.push_str("JkMount /app/* w\n");
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .vhosts(vhost("plain.test", &rules))
            .vhosts(vhost("renamed.test", &format!("{rules}{renamed}")))
            .vhosts(vhost("off.test", &format!("{rules}JkExtractSSL Off")))
            .vhosts(vhost(
                "no-size.test",
                &format!("{rules}JkOptions -ForwardKeySize"),
            ))
    })?;
    let mut table = Table::default();
    for (row, _, name, show, value, empty) in TLS_FACTS {
        let no_size = if row == "D-34" { "absent" } else { value };
        for (host, https, prefix, expected) in [
            ("plain.test", "on", "", value),
            ("plain.test", "ON", "", value),
            ("plain.test", "1", "", "absent"),
            ("plain.test", "", "", "absent"),
            ("renamed.test", "on", "MY_", value),
            ("renamed.test", "on", "", "absent"),
            ("off.test", "on", "", "absent"),
            ("no-size.test", "on", "", no_size),
        ] {
            let request = setting(host, &format!("{prefix}{name}"), value);
            let request = request.header(&format!("X-Set-{prefix}HTTPS"), &format!("={https}"));
            let forwarded = site.forwarded(request)?;
            let cell = format!("{row} {host} {prefix}HTTPS={https}");
            table.check(&cell, show(&forwarded).as_str(), expected);
            table.check(
                &cell,
                forwarded.is_ssl,
                https.eq_ignore_ascii_case("on")
                    && host != "off.test"
                    && (host != "renamed.test" || prefix == "MY_"),
            );
        }
        let request = setting("plain.test", name, "").header("X-Set-HTTPS", "=on");
        let got = show(&site.forwarded(request)?);
        table.check(&format!("{row} empty"), got.as_str(), empty);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn d35_o08_certificate_chain(subject: Subject) -> Result {
    let rules = "SetEnvIf Request_URI ^/app/ HTTPS=on SSL_CLIENT_CERT=own. \
                 SSL_CLIENT_CERT_CHAIN_0=first. ssl_client_cert_chain_1=second. MY_CHAIN_0=mine.\n\
                 JkMount /app/* w\n";
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .vhosts(vhost("off.test", rules))
            .vhosts(vhost(
                "on.test",
                &format!("{rules}JkOptions +ForwardSSLCertChain"),
            ))
            .vhosts(vhost(
                "own.test",
                &format!("{rules}JkOptions +ForwardSSLCertChain\nJkCERTCHAINPrefix my_chain_"),
            ))
    })?;
    for (host, expected) in [
        ("off.test", "own."),
        ("on.test", "own.first.second."),
        ("own.test", "own.mine."),
    ] {
        let forwarded = site.forwarded(Request::get("/app/x").header("Host", host))?;
        assert_eq!(
            attribute(&forwarded, "ssl_cert"),
            expected,
            "D-35 O-08 {host}"
        );
    }
    site.httpd.assert_clean();
    Ok(())
}
