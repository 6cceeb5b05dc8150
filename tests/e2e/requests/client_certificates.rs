//! Client certificates that a real authority signed: the chain, sections that ask for one, who the user
//! is, over HTTP/1.1 and HTTP/2 (D-28, D-31, D-35, O-08, AT-02, AT-03, AT-06, E-07, E-08).

use rjk_testbed::peer::Forwarded;
use rjk_testbed::tls::{Certificate, Chain, curl, tls};
use rjk_testbed::{Context, Farm, Result, Subject, Table, both};

both! { d35_the_chain_of_a_client g05_sections_that_want_a_certificate at02_users_of_certificates }

/// A site that trusts the root of a chain, and curl's arguments of a client that shows all of it.
struct Site {
    farm: Farm,
    chain: Chain,
    shows: [String; 4],
}

impl Site {
    fn start(subject: Subject, rules: &str) -> Result<Site> {
        let own = Certificate::self_signed("rjk.test")?;
        let chain = Chain::of("ann")?;
        let shown = format!("{}{}", chain.client.certificate, chain.between);
        let rules = format!(
            "Protocols h2 http/1.1\nSSLCACertificateFile conf/root.pem\nSSLVerifyDepth 3\n\
             JkMount /app/* w\n{rules}"
        );
        let farm = Farm::alone(subject, |site| {
            let modules = ["http2", "rewrite", "setenvif", "env"];
            let site = modules
                .into_iter()
                .fold(site, |site, name| site.module(name));
            tls(site, &own, &rules)
                .file("conf/root.pem", chain.root.as_str())
                .file("conf/client.pem", shown.as_str())
                .file("conf/client.key", chain.client.key.as_str())
        })?;
        let path = |name: &str| farm.httpd.path(name).to_string_lossy().into_owned();
        let shows = [
            "--cert".to_owned(),
            path("conf/client.pem"),
            "--key".to_owned(),
            path("conf/client.key"),
        ];
        Ok(Site { farm, chain, shows })
    }

    /// The status, and what was forwarded, of a GET with these arguments of curl.
    fn get(&self, path: &str, http: &[&str], shows: bool) -> Result<(String, Option<Forwarded>)> {
        let before = self.farm.w().requests().len();
        let url = format!("https://127.0.0.1:{}{path}", self.farm.httpd.port());
        let mut arguments = vec!["-o", "/dev/null", "-w", "%{http_code}"];
        arguments.extend(http);
        if shows {
            arguments.extend(self.shows.iter().map(String::as_str));
        }
        arguments.push(&url);
        // A handshake that fails is an answer too.
        let status = curl(&arguments).unwrap_or_else(|_| b"none".to_vec());
        let forwarded = self.farm.w().requests().split_off(before).pop();
        Ok((String::from_utf8_lossy(&status).into_owned(), forwarded))
    }
}

const TLS12: &[&str] = &["--http1.1", "--tls-max", "1.2"];
const TLS13: &[&str] = &["--http1.1", "--tlsv1.3"];
const HTTP2: &[&str] = &["--http2"];

fn d35_the_chain_of_a_client(subject: Subject) -> Result {
    const EXPORT: &str = "SSLVerifyClient optional\nSSLOptions +StdEnvVars +ExportCertData\n";
    let mut table = Table::default();
    for (options, has_chain) in [("", false), ("JkOptions +ForwardSSLCertChain", true)] {
        let site = Site::start(subject, &format!("{EXPORT}{options}"))?;
        let own = site.chain.client.certificate.as_str();
        let whole = format!("{own}{}", site.chain.between);
        for http in [TLS12, TLS13, HTTP2] {
            let row = format!("D-35 O-08 AT-06 {options} {http:?}");
            let (status, forwarded) = site.get("/app/x", http, true)?;
            table.check(&row, status, "200");
            let forwarded = forwarded.context("not forwarded")?;
            let wanted = if has_chain { whole.as_str() } else { own };
            table.check(&row, forwarded.attribute("ssl_cert"), Some(wanted));
            let (status, forwarded) = site.get("/app/x", http, false)?;
            table.check(&row, status, "200");
            let forwarded = forwarded.context("not forwarded")?;
            table.check(&row, forwarded.is_ssl, true);
            table.check(&row, forwarded.attribute("ssl_cert"), None);
        }
        site.farm.httpd.assert_clean();
    }
    table.finish()
}

/// Asked for when the section is known: TLS 1.2 negotiates anew, TLS 1.3 asks behind the handshake.
fn g05_sections_that_want_a_certificate(subject: Subject) -> Result {
    let site = Site::start(
        subject,
        "<Location /app/closed>\nSSLVerifyClient require\n\
         SSLOptions +StdEnvVars +ExportCertData\n</Location>\n\
         <Location /app/only>\nSSLVerifyClient optional\n\
         SSLRequire %{SSL_CLIENT_S_DN_CN} eq \"ann\"\n</Location>",
    )?;
    let mut table = Table::default();
    for (path, http, shows, wanted) in [
        ("/app/closed", TLS12, true, "200"),
        ("/app/closed", TLS12, false, "none"),
        ("/app/closed", TLS13, true, "200"),
        ("/app/closed", TLS13, false, "none"),
        ("/app/only", TLS12, true, "200"),
        ("/app/only", TLS12, false, "403"),
        ("/app/open", TLS13, true, "200"),
        ("/app/open", HTTP2, false, "200"),
    ] {
        let row = format!("G-05 {path} {http:?} {shows}");
        let (status, forwarded) = site.get(path, http, shows)?;
        table.check(&row, status.as_str(), wanted);
        table.check(&row, forwarded.is_some(), wanted == "200");
        let cert = forwarded.and_then(|f| f.attribute("ssl_cert").map(str::to_owned));
        let own = site.chain.client.certificate.clone();
        let exported = path == "/app/closed" && wanted == "200";
        table.check(&row, cert, exported.then_some(own));
    }
    table.finish()?;
    site.farm.httpd.assert_clean();
    Ok(())
}

fn at02_users_of_certificates(subject: Subject) -> Result {
    let site = Site::start(
        subject,
        "SSLVerifyClient optional\nJkEnvVar SSL_CLIENT_S_DN_O none\nRewriteEngine On\n\
         RewriteRule ^/app/rule - [E=JK_REMOTE_USER:%{SSL:SSL_CLIENT_S_DN_CN}]\n\
         <Location /app/user>\nSSLUserName SSL_CLIENT_S_DN_CN\nSSLOptions +StdEnvVars\n</Location>",
    )?;
    let mut table = Table::default();
    for (path, http, shows, user, kind, organisation) in [
        (
            "/app/user",
            TLS12,
            true,
            Some("ann"),
            Some("ClientCert"),
            "Testbed",
        ),
        (
            "/app/user",
            TLS13,
            true,
            Some("ann"),
            Some("ClientCert"),
            "Testbed",
        ),
        (
            "/app/user",
            HTTP2,
            true,
            Some("ann"),
            Some("ClientCert"),
            "Testbed",
        ),
        ("/app/user", TLS13, false, None, None, "none"),
        ("/app/rule", TLS13, true, Some("ann"), None, "none"),
        ("/app/rule", HTTP2, false, None, None, "none"),
        ("/app/x", TLS13, true, None, None, "none"),
    ] {
        let row = format!("AT-02 AT-03 E-07 {path} {http:?} {shows}");
        let (status, forwarded) = site.get(path, http, shows)?;
        table.check(&row, status, "200");
        let forwarded = forwarded.context("not forwarded")?;
        table.check(&row, forwarded.attribute("remote_user"), user);
        table.check(&row, forwarded.attribute("auth_type"), kind);
        let own = forwarded.attribute("SSL_CLIENT_S_DN_O");
        table.check(&row, own, Some(organisation));
    }
    table.finish()?;
    site.farm.httpd.assert_clean();
    Ok(())
}
