//! A real TLS connection with a client certificate (D-28…D-34, E-08, AT-06…AT-11).

use crate::site::{Site, Table, both};
use rjk_testbed::tls::{Certificate, curl, tls};
use rjk_testbed::{Context, Result, Subject};

both! { d28_e08_tls_with_a_client_certificate }

const RULES: &str = "JkMount /app/* w\nSSLVerifyClient optional_no_ca\n\
                     SSLOptions +StdEnvVars +ExportCertData\n\
                     <Location /app/quiet>\nSSLOptions -StdEnvVars -ExportCertData\n</Location>";

/// A site with a certificate of its own, and curl's arguments for one of a client.
fn start(subject: Subject) -> Result<(Site, Certificate, [String; 4])> {
    let own = Certificate::self_signed("rjk.test")?;
    let client = Certificate::self_signed("client.test")?;
    let site = Site::start(subject, |site| {
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
        let seen = site.peer.requests().pop().context("not forwarded")?;
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
