//! Users that httpd let in, as a real Tomcat takes them: their name, their roles and their certificate
//! (AT-02, AT-03, AT-06, AT-07, AT-09, D-22, D-23, G-05, Q-09).

use rjk_testbed::client::{self, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::{Certificate, Chain, curl, tls};
use rjk_testbed::{Httpd, Result, Subject, Table, Tomcat, Version, both};

both! { at02_users_and_roles at06_a_certificate }

const PAGE: &str = "<%@ page session=\"false\" trimDirectiveWhitespaces=\"true\" \
    contentType=\"text/plain\" %><%\n\
    java.security.cert.X509Certificate[] all = (java.security.cert.X509Certificate[]) \
    request.getAttribute(\"jakarta.servlet.request.X509Certificate\");\n\
    out.print(\"user=\" + request.getRemoteUser() + \"\\nkind=\" + request.getAuthType()\n\
    + \"\\nmember=\" + request.isUserInRole(\"member\") + \"\\nsecure=\" + request.isSecure()\n\
    + \"\\nsize=\" + request.getAttribute(\"jakarta.servlet.request.key_size\")\n\
    + \"\\nsuite=\" + (request.getAttribute(\"jakarta.servlet.request.cipher_suite\") != null)\n\
    + \"\\nsubject=\" + (all == null ? null : all[0].getSubjectX500Principal().getName())\n\
    + \"\\ncertificates=\" + (all == null ? 0 : all.length) + \"\\n\");\n%>";

/// `closed/` is for the role `member`, by Tomcat's own rules.
const WEB_XML: &str = "<web-app xmlns=\"http://xmlns.jcp.org/xml/ns/javaee\" version=\"3.1\">\n\
    <security-constraint><web-resource-collection><web-resource-name>c</web-resource-name>\
    <url-pattern>/closed/*</url-pattern></web-resource-collection>\
    <auth-constraint><role-name>member</role-name></auth-constraint></security-constraint>\n\
    <login-config><auth-method>BASIC</auth-method><realm-name>own</realm-name></login-config>\n\
    <security-role><role-name>member</role-name></security-role>\n</web-app>";

/// A Tomcat whose realm knows the roles of `ann`, with more attributes of its connector.
fn tomcat(connector: &str) -> Result<(Dir, Tomcat)> {
    let dir = Dir::new("webapps")?;
    let users = dir.write(
        "users.xml",
        "<tomcat-users><user username=\"ann\" password=\"secret\" roles=\"member\"/></tomcat-users>",
    )?;
    let realm = "org.apache.catalina.realm.MemoryRealm";
    let context = format!(
        "<Context><Realm className=\"{realm}\" pathname=\"{}\"/></Context>",
        users.display()
    );
    for (name, text) in [
        ("META-INF/context.xml", context.as_str()),
        ("WEB-INF/web.xml", WEB_XML),
        ("page.jsp", PAGE),
        ("closed/page.jsp", PAGE),
    ] {
        dir.write(format!("apps/own/{name}"), text)?;
    }
    let builder = Tomcat::builder(Version::V10).webapps(dir.join("apps"));
    let tomcat = builder.connector(connector).start()?;
    Ok((dir, tomcat))
}

fn site(subject: Subject, tomcat: &Tomcat) -> Builder {
    let modules = [
        "auth_basic",
        "authn_core",
        "authn_file",
        "authz_user",
        "setenvif",
    ];
    let site = Httpd::builder(subject)
        .workers(format!("worker.list=w\n{}", tomcat.worker("w")))
        .log_level("info");
    modules
        .into_iter()
        .fold(site, Builder::module)
        // ann:secret and bob:secret, as plain SHA-1
        .file(
            "conf/users",
            "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nbob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n",
        )
}

const RULES: &str = "JkMount /own/* w\n\
    <LocationMatch \"^/own/(page|closed/page).jsp\">\nAuthType Basic\nAuthName m\n\
    AuthUserFile conf/users\nRequire valid-user\n</LocationMatch>\n\
    SetEnvIf X-User (.+) JK_REMOTE_USER=$1 JK_AUTH_TYPE=Own";

/// Path, credentials, header X-User: the status, and user, kind and role in a servlet.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    u16,
    [&'static str; 3],
);

const ANN: &str = "Basic YW5uOnNlY3JldA==";
const BOB: &str = "Basic Ym9iOnNlY3JldA==";

/// Attributes of the connector, and what is asked of it.
#[rustfmt::skip]
const CASES: [(&str, &[Row]); 3] = [
    (
        "tomcatAuthentication=\"false\"",
        &[
            ("/own/page.jsp", ANN, "", 200, ["ann", "Basic", "false"]),
            ("/own/page.jsp", ANN, "eve", 200, ["eve", "Own", "false"]),
            ("/own/page.jsp", "", "", 401, ["", "", ""]),
            ("/own/closed/page.jsp", ANN, "", 403, ["", "", ""]),
        ],
    ),
    (
        "tomcatAuthorization=\"true\"",
        &[
            ("/own/page.jsp", ANN, "", 200, ["null", "Basic", "false"]),
            ("/own/closed/page.jsp", ANN, "", 200, ["ann", "Basic", "true"]),
            ("/own/closed/page.jsp", BOB, "", 403, ["", "", ""]),
            ("/own/;x/closed/page.jsp", "", "", 401, ["", "", ""]),
        ],
    ),
    (
        "",
        &[
            ("/own/page.jsp", BOB, "", 200, ["null", "null", "false"]),
            ("/own/closed/page.jsp", ANN, "", 200, ["ann", "BASIC", "true"]),
            ("/own/closed/page.jsp", BOB, "", 401, ["", "", ""]),
        ],
    ),
];

/// httpd's users are Tomcat's with `tomcatAuthentication="false"`; their roles are Tomcat's to find
/// with `tomcatAuthorization="true"`, where a page asks for one.
fn at02_users_and_roles(subject: Subject) -> Result {
    let mut table = Table::default();
    for (connector, rows) in CASES {
        let (_dir, tomcat) = tomcat(connector)?;
        let httpd = site(subject, &tomcat).directives(RULES).start()?;
        for (path, login, user, status, facts) in rows {
            let row = format!("AT-02 AT-03 {connector} {path} {login} {user}");
            let answer = ask(&httpd, path, login, user)?;
            table.check(&row, answer.status, *status);
            let fields = ["user", "kind", "member"].map(|key| answer.field(key));
            let got = fields
                .each_ref()
                .map(|field| field.as_deref().unwrap_or_default());
            table.check(&row, got, *facts);
        }
        httpd.assert_clean();
    }
    table.finish()
}

fn ask(httpd: &Httpd, path: &str, login: &str, user: &str) -> Result<Response> {
    let mut request = Request::get(path);
    for (name, value) in [("Authorization", login), ("X-User", user)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    Ok(client::send(httpd.port(), request)?)
}

/// Tomcat reads the certificates of the client, with the one between if it is sent.
fn at06_a_certificate(subject: Subject) -> Result {
    let (_dir, tomcat) = tomcat("tomcatAuthentication=\"false\"")?;
    let own = Certificate::self_signed("rjk.test")?;
    let chain = Chain::of("ann")?;
    let shown = format!("{}{}", chain.client.certificate, chain.between);
    let mut table = Table::default();
    for (option, count) in [("", "1"), ("JkOptions +ForwardSSLCertChain", "2")] {
        let rules = format!(
            "SSLCACertificateFile conf/root.pem\nSSLVerifyDepth 3\nSSLVerifyClient optional\n\
             SSLOptions +StdEnvVars +ExportCertData\nJkMount /own/* w\n{option}"
        );
        let httpd = tls(site(subject, &tomcat), &own, &rules)
            .file("conf/root.pem", chain.root.as_str())
            .file("conf/client.pem", shown.as_str())
            .file("conf/client.key", chain.client.key.as_str())
            .start()?;
        let path = |name: &str| httpd.path(name).to_string_lossy().into_owned();
        let (pem, key) = (path("conf/client.pem"), path("conf/client.key"));
        let url = format!("https://127.0.0.1:{}/own/page.jsp", httpd.port());
        let text = curl(&["--cert", &pem, "--key", &key, &url])?;
        let text = String::from_utf8_lossy(&text).into_owned();
        for wanted in [
            "secure=true".to_owned(),
            "suite=true".to_owned(),
            "size=256".to_owned(),
            "subject=O=Testbed,CN=ann".to_owned(),
            format!("certificates={count}"),
        ] {
            let row = format!("AT-06 AT-07 AT-09 Q-09 {option} {wanted}: {text}");
            table.check(&row, text.lines().any(|line| line == wanted), true);
        }
        httpd.assert_clean();
    }
    table.finish()
}
