//! Files that httpd serves itself although the server has mounts: JkAutoAlias and JkStripSession
//! (contract §1.5, D-08, D-09).

use rjk_testbed::client::Request;
use rjk_testbed::farm::{Seen, vhost};
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Farm, Result, Subject, Table, both};
use std::os::unix::fs::symlink;

both! {
    aa01_to_aa05_auto_alias aa01_rules_of_httpd_hold d09_strip_session
    d07_d08_d09_what_virtual_hosts_inherit e01_no_jk_is_for_these_too
    d08_d09_servers_without_mounts
}

/// The files of two folders; each says where it is.
const FILES: [&str; 28] = [
    "apps/index.html",
    "apps/file.txt",
    "apps/app.war",
    "apps/WEB-INF/web.xml",
    "apps/ctx/index.html",
    "apps/ctx/a.txt",
    "apps/ctx/a b.txt",
    "apps/ctx/x.jsp",
    "apps/ctx/WEB-INF/web.xml",
    "apps/ctx/WEB-INFO/a.txt",
    "apps/ctx/META-INF/context.xml",
    "apps/ctx/sub/WEB-INF/deep.txt",
    "apps/ctx/list/one.txt",
    "apps/ctx/none/one.txt",
    "apps/dir.war/x.txt",
    "apps/a%b/c.txt",
    "apps/closed/x.txt",
    "apps/folder/x.txt",
    "outside/x.txt",
    "htdocs/index.html",
    "htdocs/app.war",
    "htdocs/s.txt",
    "htdocs/s.txt;x=1",
    "htdocs/sub/s.txt",
    "htdocs/ctx/only.txt",
    "htdocs/ctx/list/index.html",
    "htdocs/pub/x.txt",
    "htdocs/closed/x.txt",
];

const ALIAS: &str = "JkMount /*.jsp w\nJkMount /ctx/dyn/* w\nJkAutoAlias @ROOT@/apps\n";

fn files(site: Builder) -> Builder {
    let site = site.module("dir").directives("DirectoryIndex index.html");
    FILES.iter().fold(site, |site, name| site.file(name, *name))
}

fn site(subject: Subject, directives: &str) -> Result<Farm> {
    Farm::alone(subject, |site| files(site).directives(directives))
}

/// The worker's URI, the text of a file, where the client is sent, or the status.
fn outcome(seen: &Seen) -> String {
    let response = &seen.response;
    match (&seen.forwarded, response.status) {
        (Some(forwarded), _) => format!("-> {}", forwarded.uri),
        (None, 200) => response.text(),
        (None, 301) => {
            let place = response.header("Location").unwrap_or_default();
            let path = place.splitn(4, '/').nth(3).unwrap_or_default();
            format!("301 /{path}")
        }
        (None, status) => status.to_string(),
    }
}

fn check(site: &Farm, rows: &[(&str, &str, &str)]) -> Result {
    let mut table = Table::default();
    for (row, target, expected) in rows {
        let seen = site.ask(Request::get(target))?;
        table.check(&format!("{row} {target}"), outcome(&seen), *expected);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

const AUTO_ALIAS: &[(&str, &str, &str)] = &[
    ("a mount", "/ctx/x.jsp", "-> /ctx/x.jsp"),
    ("a mount", "/ctx/x.jsp;a=b", "-> /ctx/x.jsp;a=b"),
    ("a mount", "/ctx/dyn/a.txt", "-> /ctx/dyn/a.txt"),
    ("AA-01", "/ctx/a.txt", "apps/ctx/a.txt"),
    ("AA-01", "/ctx/a%20b.txt", "apps/ctx/a b.txt"),
    ("AA-01", "/ctx/a.txt;jsessionid=1", "apps/ctx/a.txt"),
    ("AA-01", "/ctx;x=1/a.txt", "apps/ctx/a.txt"),
    ("AA-01", "/x/../ctx/a.txt", "apps/ctx/a.txt"),
    ("AA-01", "/a%25b/c.txt", "apps/a%b/c.txt"),
    ("AA-01", "/ctx", "301 /ctx/"),
    ("AA-01", "/ctx/", "apps/ctx/index.html"),
    ("AA-01", "/ctx/only.txt", "404"),
    ("AA-01", "/ctx/a.txt/info", "404"),
    ("no application", "/", "htdocs/index.html"),
    ("no application", "/file.txt", "404"),
    ("no application", "/s.txt", "htdocs/s.txt"),
    ("AA-02", "/ctx/WEB-INF/web.xml", "404"),
    ("AA-02", "/ctx/web-inf/web.xml", "404"),
    ("AA-02", "/ctx/WEB-INF", "404"),
    ("AA-02", "/ctx/WEB-INF/", "404"),
    ("AA-02", "/ctx/%57EB-INF/web.xml", "404"),
    ("AA-02", "/ctx;x/WEB-INF;y/web.xml", "404"),
    ("AA-02", "/ctx//WEB-INF/web.xml", "404"),
    ("AA-02", "/ctx/./WEB-INF/web.xml", "404"),
    ("AA-02", "/ctx/x/..;a/WEB-INF/web.xml", "404"),
    ("AA-02", "/ctx/META-INF/context.xml", "404"),
    ("AA-02", "/ctx/WEB-INFO/a.txt", "apps/ctx/WEB-INFO/a.txt"),
    (
        "AA-02 deeper",
        "/ctx/sub/WEB-INF/deep.txt",
        "apps/ctx/sub/WEB-INF/deep.txt",
    ),
    ("AA-03", "/app.war", "403"),
    ("AA-03", "/APP.WAR", "403"),
    ("AA-03", "/app.war;jsessionid=1", "403"),
    ("AA-03", "/app.war/x", "403"),
    ("AA-03", "/none.war", "403"),
    ("AA-03 a folder", "/dir.war/x.txt", "apps/dir.war/x.txt"),
    ("AA-04", "/ctx/list/", "htdocs/ctx/list/index.html"),
    ("AA-04", "/ctx/none/", "404"),
];

fn aa01_to_aa05_auto_alias(subject: Subject) -> Result {
    let site = site(subject, ALIAS)?;
    check(&site, AUTO_ALIAS)?;
    for (method, expected) in [("HEAD", 200), ("OPTIONS", 200)] {
        let seen = site.ask(Request::new(method, "/ctx/a.txt"))?;
        assert_eq!(seen.response.status, expected, "{method}");
    }
    Ok(())
}

/// AA-02: a folder that is a web application itself has its secrets at the first segment, and mod_jk
/// hands them out.
#[test]
fn aa02_the_folder_is_a_web_application() -> Result {
    let rows = [
        ("AA-02", "/WEB-INF/web.xml", "404"),
        ("AA-02", "/WEB-INF/", "404"),
    ];
    check(&site(Subject::Rjk, ALIAS)?, &rows)
}

const CLOSED: &str = "<Location /closed>\nRequire all denied\n</Location>\n\
                      <Directory @ROOT@/apps/folder>\nRequire all denied\n</Directory>\n\
                      <Directory @ROOT@/apps/ctx/dir>\nOptions -FollowSymLinks\n</Directory>\n";

fn aa01_rules_of_httpd_hold(subject: Subject) -> Result {
    let site = site(subject, &format!("{ALIAS}JkStripSession On\n{CLOSED}"))?;
    let link = |name: &str| symlink(site.httpd.path("outside"), site.httpd.path(name));
    link("apps/ctx/link")?;
    std::fs::create_dir(site.httpd.path("apps/ctx/dir"))?;
    link("apps/ctx/dir/link")?;
    check(
        &site,
        &[
            ("Location", "/closed/x.txt", "403"),
            ("Location", "/closed;jsessionid=1/x.txt", "403"),
            ("Directory", "/folder/x.txt", "403"),
            ("Directory", "/folder;x=1/x.txt", "403"),
            ("a link", "/ctx/link/x.txt", "outside/x.txt"),
            ("a link", "/ctx/dir/link/x.txt", "403"),
            ("N-05", "/ctx/%2e%2e/%2e%2e/outside/x.txt", "400"),
        ],
    )
}

/// N-02, G-05: mod_jk leaves the URI as the client wrote it, and rules of `<Location>` do not see the
/// path that is served. With mod_jk all three are 200.
#[test]
fn aa01_d09_a_location_goes_by_what_is_served() -> Result {
    let site = site(Subject::Rjk, &format!("{ALIAS}JkStripSession On\n{CLOSED}"))?;
    check(
        &site,
        &[
            ("AA-01", "/closed;x=1/x.txt", "403"),
            ("AA-01", "/ctx/..;x/closed/x.txt", "403"),
            ("D-09", "/pub/..;jsessionid=1/closed/x.txt", "403"),
        ],
    )?;
    let site = self::site(
        Subject::Rjk,
        &format!("JkMount /*.jsp w\nJkStripSession On\n{CLOSED}"),
    )?;
    check(
        &site,
        &[
            ("D-09", "/pub/..;jsessionid=1/closed/x.txt", "404"),
            ("D-09", "/pub/.;jsessionid=1/x.txt", "404"),
            ("D-09", "/;jsessionid=1/closed/x.txt", "404"),
            ("D-09", "/closed;jsessionid=1/x.txt", "403"),
        ],
    )
}

/// With mod_jk the first is the file's text.
#[test]
fn d09_a_name_that_is_no_parameter_cuts_nothing() -> Result {
    let rows = [
        ("D-09", "/s.txtsid", "404"),
        ("D-09", "/s.txt;sid=1", "404"),
        ("D-09", "/s.txt", "htdocs/s.txt"),
    ];
    let site = site(Subject::Rjk, "JkMount /*.jsp w\nJkStripSession On sid")?;
    check(&site, &rows)
}

fn d09_strip_session(subject: Subject) -> Result {
    let mounts = "JkMount /*.jsp w\nJkStripSession";
    let rows = [
        ("/s.txt;jsessionid=1", "htdocs/s.txt", "404"),
        ("/s.txt;jsessionid=1;x=1", "htdocs/s.txt;x=1", "404"),
        ("/s.txt;x=1;jsessionid=1", "htdocs/s.txt;x=1", "404"),
        ("/sub;jsessionid=9/s.txt", "htdocs/sub/s.txt", "404"),
        ("/sub/;jsessionid=9", "404", "404"),
        ("/;jsessionid=9", "htdocs/index.html", "404"),
        ("/s.txt;JSESSIONID=1", "404", "404"),
        ("/sub/s.txt;jsessionid=1;jsessionid=2", "404", "404"),
        ("/s.txt;sid=1", "404", "htdocs/s.txt"),
        (
            "/x.jsp;jsessionid=1",
            "-> /x.jsp;jsessionid=1",
            "-> /x.jsp;jsessionid=1",
        ),
    ];
    for (arguments, column) in [("On", 0), ("On ;sid", 1)] {
        let site = site(subject, &format!("{mounts} {arguments}"))?;
        let rows = rows.map(|(target, with, other)| (arguments, target, [with, other][column]));
        check(&site, &rows)?;
    }
    // A main server has a mount table in any case.
    for (directives, expected) in [
        ("JkMount /*.jsp w", "404"),
        ("JkMount /*.jsp w\nJkStripSession Off", "404"),
        ("JkStripSession On", "htdocs/s.txt"),
    ] {
        let site = site(subject, directives)?;
        check(&site, &[(directives, "/s.txt;jsessionid=1", expected)])?;
    }
    Ok(())
}

/// D-08, D-09: a virtual host that has nothing of its own and copies what the main server has not.
fn d08_d09_servers_without_mounts(subject: Subject) -> Result {
    let site = site(subject, "JkAutoAlias @ROOT@/apps")?;
    check(&site, &[("D-08 main", "/ctx/a.txt", "apps/ctx/a.txt")])?;
    let site = Farm::alone(subject, |site| {
        files(site)
            .directives("JkStripSession On\nJkAutoAlias @ROOT@/apps")
            .vhosts(vhost("copied.test", "JkMountCopy On"))
            .vhosts(vhost(
                "file.test",
                "JkMountFile conf/empty\nJkAutoAlias @ROOT@/apps",
            ))
            .vhosts(vhost("none.test", "JkAutoAlias @ROOT@/apps"))
            .file("conf/empty", "")
    })?;
    let mut table = Table::default();
    for (host, is_served) in [
        ("copied.test", true),
        ("file.test", true),
        ("none.test", false),
    ] {
        for (target, file) in [
            ("/ctx/a.txt", "apps/ctx/a.txt"),
            ("/s.txt;jsessionid=1", "htdocs/s.txt"),
        ] {
            let seen = site.on_host(host, target)?;
            let expected = if is_served { file } else { "404" };
            table.check(&format!("{host}{target}"), outcome(&seen), expected);
        }
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn d07_d08_d09_what_virtual_hosts_inherit(subject: Subject) -> Result {
    let own = "JkMount /own/* w\n";
    let site = Farm::alone(subject, |site| {
        files(site)
            .directives(format!("{ALIAS}JkStripSession On"))
            .vhosts(vhost("first.test", ""))
            .vhosts(vhost("mounts.test", own))
            .vhosts(vhost("shared.test", "JkMountCopy On"))
            .vhosts(vhost("copied.test", &format!("JkMountCopy On\n{own}")))
            .vhosts(vhost("none.test", "JkAutoAlias @ROOT@/apps"))
            .vhosts(vhost(
                "own.test",
                &format!("JkAutoAlias @ROOT@/apps\n{own}JkStripSession Off"),
            ))
    })?;
    let mut table = Table::default();
    for (host, aliased, stripped) in [
        ("first.test", "404", "404"),
        ("mounts.test", "404", "htdocs/s.txt"),
        ("shared.test", "apps/ctx/a.txt", "htdocs/s.txt"),
        ("copied.test", "apps/ctx/a.txt", "htdocs/s.txt"),
        ("none.test", "404", "404"),
        ("own.test", "apps/ctx/a.txt", "404"),
    ] {
        for (row, target, expected) in [
            ("D-08", "/ctx/a.txt", aliased),
            ("D-09", "/s.txt;jsessionid=1", stripped),
        ] {
            let seen = site.on_host(host, target)?;
            table.check(&format!("{row} {host}"), outcome(&seen), expected);
        }
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn e01_no_jk_is_for_these_too(subject: Subject) -> Result {
    let kept = "JkStripSession On\nSetEnvIf Request_URI . no-jk";
    let site = Farm::alone(subject, |site| {
        files(site)
            .module("setenvif")
            .directives(format!("{ALIAS}{kept}"))
    })?;
    check(
        &site,
        &[
            ("E-01", "/ctx/a.txt", "404"),
            ("E-01", "/ctx/only.txt", "htdocs/ctx/only.txt"),
            ("E-01", "/app.war", "htdocs/app.war"),
            ("E-01", "/s.txt;jsessionid=1", "404"),
        ],
    )
}
