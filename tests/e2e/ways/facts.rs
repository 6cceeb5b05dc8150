//! What an application is told of the client: the same over HTTP as over AJP, with the valves and the filter
//! of docs/http-headers.md. What a client claims by these names reaches nobody.

use crate::stage::AJP;
use rjk_testbed::client::{self, Request, Response};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::{Authority, Certificate, Chain, curl, tls};
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::{Httpd, Result, Table, Version, Way, ensure, java, way};

/// Prints what a page can ask for.
const PAGE: &str = r#"<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8"
    import="java.util.*,java.security.cert.X509Certificate" %><%!
  private static Object of(HttpServletRequest request, String name) {
    Object value = request.getAttribute("jakarta.servlet.request." + name);
    return value != null ? value : request.getAttribute("javax.servlet.request." + name);
  }
%><%
  X509Certificate[] all = (X509Certificate[]) of(request, "X509Certificate");
  StringBuilder text = new StringBuilder();
  text.append("addr=" + request.getRemoteAddr() + "\nhost=" + request.getRemoteHost());
  text.append("\nport=" + request.getRemotePort() + "\nscheme=" + request.getScheme());
  text.append("\nsecure=" + request.isSecure() + "\nserver=" + request.getServerName());
  text.append("\nserverPort=" + request.getServerPort() + "\nprotocol=" + request.getProtocol());
  text.append("\nurl=" + request.getRequestURL() + "\nuser=" + request.getRemoteUser());
  text.append("\nprincipal=" + (request.getUserPrincipal() == null ? null : request.getUserPrincipal().getName()));
  text.append("\nkind=" + request.getAuthType() + "\nvariable=" + request.getAttribute("SSL_CLIENT_S_DN"));
  text.append("\ncipher=" + of(request, "cipher_suite") + "\nsize=" + of(request, "key_size"));
  text.append("\nsession=" + (of(request, "ssl_session_id") != null));
  text.append("\nversion=" + request.getAttribute("org.apache.tomcat.util.net.secure_protocol_version"));
  text.append("\ncertificates=" + (all == null ? 0 : all.length));
  text.append("\nsubject=" + (all == null ? null : all[0].getSubjectX500Principal().getName()));
  text.append("\nserial=" + (all == null ? null : all[0].getSerialNumber()));
  for (String name : Collections.list(request.getHeaderNames()))
    for (String value : Collections.list(request.getHeaders(name)))
      text.append("\nheader." + name + "=" + value);
  out.print(text + "\n");
%>"#;

const WEB_XML: &str = r#"<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.1" metadata-complete="true">
  <filter><filter-name>facts</filter-name><filter-class>RjkFacts</filter-class></filter>
  <filter-mapping><filter-name>facts</filter-name><url-pattern>/*</url-pattern></filter-mapping>
</web-app>"#;

/// A Tomcat with the page behind the filter, and the valves.
struct Stage {
    _dir: Dir,
    authority: Authority,
    tomcat: Tomcat,
    /// httpd's own certificate, and a client's.
    own: Certificate,
    chain: Chain,
}

impl Stage {
    fn start(version: Version) -> Result<Stage> {
        let dir = Dir::new("webapps")?;
        dir.write("apps/facts/facts.jsp", PAGE)?;
        dir.write("apps/facts/WEB-INF/web.xml", WEB_XML)?;
        let filter = java::documented("docs/http-headers.md", "RjkFacts")?;
        java::compile(
            version,
            "RjkFacts",
            &filter,
            &dir.join("apps/facts/WEB-INF/classes"),
        )?;
        let authority = Authority::new("Ways")?;
        let tomcat = Tomcat::builder(version)
            .webapps(dir.join("apps"))
            .route("t1")
            .doors(&Door::ALL)
            .door_attributes("maxHttpHeaderSize=\"65536\"")
            .tls(&authority)?
            .connector("tomcatAuthentication=\"false\"")
            .valve(
                "RemoteIpValve",
                "remoteIpHeader=\"X-Forwarded-For\" protocolHeader=\"X-Forwarded-Proto\" \
                 portHeader=\"X-Forwarded-Port\"",
            )
            .valve("SSLValve", "")
            .start()?;
        Ok(Stage {
            _dir: dir,
            authority,
            tomcat,
            own: Certificate::self_signed("rjk.test")?,
            chain: Chain::of("ann")?,
        })
    }

    /// A server that leads there; over TLS with `rules` of its own.
    fn site(&self, way: Way, is_tls: bool) -> Result<Httpd> {
        const RULES: &str = "JkMount /facts/* w\nSetEnvIf X-User (.+) JK_REMOTE_USER=$1 JK_AUTH_TYPE=Own\n\
            RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.0/8\nJkEnvVar SSL_CLIENT_S_DN none";
        let reach = self.tomcat.reach(way, "w")?;
        let site = way::site(&self.authority, &[reach], "worker.list=w\n")?
            .module("remoteip")
            .module("setenvif");
        let site = match is_tls {
            false => site.directives(RULES),
            true => {
                let rules = format!(
                    "SSLCACertificateFile conf/root.pem\nSSLVerifyDepth 3\nSSLVerifyClient optional\n\
                     SSLOptions +StdEnvVars +ExportCertData\n{RULES}"
                );
                let shown = format!("{}{}", self.chain.client.certificate, self.chain.between);
                tls(site, &self.own, &rules)
                    .file("conf/root.pem", self.chain.root.as_str())
                    .file("conf/client.pem", shown)
                    .file("conf/client.key", self.chain.client.key.as_str())
            }
        };
        site.start()
    }
}

/// A fact by its key on the page, how it is over other ways than most, and why.
type Fact = (&'static str, &'static str, &'static [Other]);
type Other = (&'static [Way], &'static str, &'static str);

const LATIN: &[Other] = &[(
    &AJP,
    "ann b\u{c3}\u{a4}r",
    "Tomcat takes strings of AJP for Latin-1",
)];
const INNER: &str = "what nobody tells Tomcat of the client's TLS it has of its own with httpd";

#[rustfmt::skip]
const CLEAR: [Fact; 16] = [
    ("addr", "198.51.100.7", &[]),
    ("host", "198.51.100.7", &[]),
    ("scheme", "http", &[]),
    ("secure", "false", &[]),
    ("server", "front.test", &[]),
    ("serverPort", "4711", &[]),
    ("url", "http://front.test:4711/facts/facts.jsp", &[]),
    ("protocol", "HTTP/1.1", &[]),
    ("user", "ann b\u{e4}r", LATIN),
    ("principal", "ann b\u{e4}r", LATIN),
    ("kind", "Own", &[]),
    ("variable", "none", &[]),
    ("cipher", "null", &[(&[Way::Https], "TLS_AES_256_GCM_SHA384", INNER)]),
    ("size", "null", &[(&[Way::Https], "256", INNER)]),
    ("session", "false", &[(&[Way::Https], "true", INNER)]),
    ("certificates", "0", &[]),
];

#[rustfmt::skip]
const SECRET: [Fact; 13] = [
    ("addr", "198.51.100.7", &[]),
    ("scheme", "https", &[]),
    ("secure", "true", &[]),
    ("server", "127.0.0.1", &[]),
    ("user", "null", &[]),
    ("cipher", "TLS_AES_256_GCM_SHA384", &[]),
    ("size", "256", &[]),
    ("session", "true", &[]),
    ("certificates", "1", &[]),
    ("subject", "O=Testbed,CN=ann", &[]),
    ("variable", "O=Testbed,CN=ann", &[]),
    ("protocol", "HTTP/1.1", &[]),
    ("version", "TLSv1.3", &[(&[Way::HttpTcp, Way::HttpUnix], "null", "SSLValve knows the header from Tomcat 11 on")]),
];

fn check(table: &mut Table, way: Way, facts: &[Fact], seen: &Response) {
    table.check(&format!("{way} status"), seen.status, 200);
    for (key, usual, others) in facts {
        let other = others.iter().find(|(ways, ..)| ways.contains(&way));
        let (expected, reason) = other.map_or((usual, &""), |(_, value, reason)| (value, reason));
        let row = format!("{way} {key} {reason}");
        table.check(&row, seen.field(key).as_deref(), Some(*expected));
    }
}

fn facts(version: Version) -> Result {
    let stage = Stage::start(version)?;
    let mut table = Table::default();
    let mut serials = Vec::new();
    for way in Way::ALL {
        let clear = stage.site(way, false)?;
        let request = Request::get("/facts/facts.jsp")
            .header("Host", "front.test:4711")
            .header("X-Client", "198.51.100.7")
            .header("X-User", "ann b\u{e4}r");
        check(
            &mut table,
            way,
            &CLEAR,
            &client::send(clear.port(), request)?,
        );
        let secret = stage.site(way, true)?;
        let seen = over_tls(&secret, true)?;
        check(&mut table, way, &SECRET, &seen);
        let port = secret.port().to_string();
        table.check(
            &format!("{way} serverPort"),
            seen.field("serverPort"),
            Some(port),
        );
        serials.push(seen.field("serial"));
        let without = over_tls(&secret, false)?;
        table.check(
            &format!("{way} nobody"),
            without.field("certificates").as_deref(),
            Some("0"),
        );
        table.check(
            &format!("{way} nobody"),
            without.field("scheme").as_deref(),
            Some("https"),
        );
        claims(&mut table, &clear, way)?;
        clear.assert_clean();
        secret.assert_clean();
    }
    serials.dedup();
    ensure!(serials.len() == 1, "{serials:?}");
    table.finish()
}

/// The page over TLS, with the client's certificate or without; only its text is looked at.
fn over_tls(httpd: &Httpd, shows: bool) -> Result<Response> {
    let url = format!("https://127.0.0.1:{}/facts/facts.jsp", httpd.port());
    let path = |name: &str| httpd.path(name).to_string_lossy().into_owned();
    let (pem, key) = (path("conf/client.pem"), path("conf/client.key"));
    let mut arguments = vec!["--tlsv1.3", "-H", "X-Client: 198.51.100.7", &url];
    if shows {
        arguments.extend(["--cert", &pem, "--key", &key]);
    }
    Ok(Response {
        version: "HTTP/1.1".into(),
        status: 200,
        reason: String::new(),
        headers: Vec::new(),
        body: curl(&arguments)?,
        end: client::BodyEnd::Complete,
        interim: Vec::new(),
    })
}

/// What nobody but httpd may say to an application behind HTTP.
#[rustfmt::skip]
const OURS: [&str; 28] = [
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
    "X-Forwarded-By", "X-Forwarded", "Forwarded", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP",
    "Proxy-Client-IP", "WL-Proxy-Client-IP", "WL-Proxy-SSL", "X-Proxied-Https", "Front-End-Https", "X-Url-Scheme",
    "ssl_client_cert", "ssl_client_escaped_cert", "ssl_cipher", "ssl_session_id", "ssl_cipher_usekeysize",
    "ssl_secure_protocol", "X-Rjk-Remote-User", "X-Rjk-Auth-Type", "X-Rjk-Env-SSL_CLIENT_S_DN", "X-Rjk-Route",
    "X-Rjk-Own",
];

/// In other cases, with other characters between the words, twice, named by `Connection`.
fn claims(table: &mut Table, httpd: &Httpd, way: Way) -> Result {
    const CLAIM: &str = "claimed-by-the-client";
    if !way.is_http() {
        return Ok(());
    }
    let mut client = client::Client::connect(httpd.port())?;
    for name in OURS {
        let spellings = [
            name.to_owned(),
            name.to_ascii_uppercase(),
            name.to_ascii_lowercase(),
            name.replace('-', "_"),
            name.replace('_', "-"),
            name.replacen(['-', '_'], ".", 1),
        ];
        for spelled in spellings {
            let get = Request::get("/facts/facts.jsp").header("X-Client", "198.51.100.7");
            let get = get.header(&spelled, CLAIM).header(&spelled, CLAIM);
            for request in [
                get.clone(),
                get.header("Connection", &format!("keep-alive, {spelled}")),
            ] {
                let seen = client.send(&request)?;
                let row = format!("{way} {spelled}");
                table.check(&row, seen.text().contains(CLAIM), false);
                let told = [
                    "addr",
                    "scheme",
                    "secure",
                    "user",
                    "certificates",
                    "variable",
                ];
                let told = told.map(|key| seen.field(key).unwrap_or_default());
                let told: Vec<&str> = told.iter().map(String::as_str).collect();
                table.check(
                    &row,
                    told,
                    ["198.51.100.7", "http", "false", "null", "0", "none"],
                );
            }
        }
    }
    Ok(())
}

#[test]
fn rjk_tomcat9() -> Result {
    facts(Version::V9)
}

#[test]
fn rjk_tomcat10() -> Result {
    facts(Version::V10)
}

/// A connector that only lets httpd in. What no header tells is then Tomcat's own: for a user without a
/// certificate an application sees httpd's, so such a connector is not for applications that ask for one.
fn httpd_shows_a_certificate(version: Version) -> Result {
    let stage = Stage::start(version)?;
    let client = stage.authority.client("httpd")?;
    let door = stage.tomcat.door_port(Door::HttpsForKnown)?;
    let mut reach = stage.tomcat.reach(Way::Https, "w")?;
    let port = stage.tomcat.door_port(Door::Https)?;
    reach.toml = reach
        .toml
        .replace(&format!("port = {port}"), &format!("port = {door}"));
    let without = way::site(&stage.authority, &[reach.clone()], "worker.list=w\n")?
        .directives("JkMount /facts/* w")
        .start()?;
    ensure!(client::get(without.port(), "/facts/facts.jsp")?.status == 503);
    let log = without.jk_log();
    ensure!(
        log.contains("worker w failed while") && log.contains("certificate"),
        "{log}"
    );
    let identity = ", cert = \"@ROOT@/conf/own.pem\", key = \"@ROOT@/conf/own.key\" }";
    reach.toml = reach.toml.replace(" }", identity);
    let httpd = way::site(&stage.authority, &[reach], "worker.list=w\n")?
        .file("conf/own.pem", client.certificate)
        .private_file("conf/own.key", client.key)
        .directives("JkMount /facts/* w")
        .start()?;
    let seen = client::get(httpd.port(), "/facts/facts.jsp")?;
    ensure!(seen.status == 200, "{} {}", seen.status, seen.text());
    ensure!(
        seen.field("subject").as_deref() == Some("O=Testbed,CN=httpd"),
        "{}",
        seen.text()
    );
    httpd.assert_clean();
    Ok(())
}

#[test]
fn rjk_httpd_shows_a_certificate() -> Result {
    Version::BOTH
        .into_iter()
        .try_for_each(httpd_shows_a_certificate)
}
