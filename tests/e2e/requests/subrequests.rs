//! Sub-requests, directories and index files (G-06, G-07, O-05, BD-09, CV-10).

use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::peer::{Head, Script};
use rjk_testbed::{Farm, Result, Subject, Table, both, on_mpm};

both! { g06_g07_directory_index o05_e02_forward_directories bd09_server_side_include g14_a_part_that_failed g07_listings u14_rewritten_requests }
on_mpm! { Worker worker: g06_g07_directory_index }
on_mpm! { Prefork prefork: g06_g07_directory_index }

fn g06_g07_directory_index(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("dir")
            .directives("DirectoryIndex index.html index.jsp\nJkMount /*.jsp w")
            .file("htdocs/none/x.txt", "")
            .file("htdocs/jsp/index.jsp", "source of a JSP")
            .file("htdocs/html/index.html", "local")
            .file("htdocs/html/index.jsp", "source of a JSP")
    })?;
    let mut table = Table::default();
    for (row, target, expected) in [
        // No local index file: the directory itself goes to Tomcat.
        ("G-06 DD-19", "/none/", "/none/"),
        ("G-07", "/jsp/", "/jsp/index.jsp"),
        ("G-07", "/html/", "200"),
        ("G-06", "/none", "301"),
        ("G-06", "/nosuch/", "404"),
        ("G-07", "/jsp/index.jsp", "/jsp/index.jsp"),
    ] {
        let seen = site.on_host("rjk.test", target)?;
        table.check(&format!("{row} {target}"), seen.outcome(), expected);
    }
    table.finish()?;
    let html = site.on_host("rjk.test", "/html/")?.response;
    assert_eq!(html.text(), "local");
    site.httpd.assert_clean();
    Ok(())
}

/// CV-10: without a worker a directory is never forwarded. mod_jk 1.2.48 still has that defect.
fn o05_e02_forward_directories(subject: Subject) -> Result {
    let rules = "SetEnvIf Request_URI ^/dirs/ JK_WORKER_NAME=w\nJkMount /x w";
    let on = format!("{rules}\nJkOptions +ForwardDirectories");
    let site = Farm::alone(subject, |site| {
        site.module("dir")
            .module("setenvif")
            .vhosts(vhost("off.test", rules))
            .vhosts(vhost("on.test", &on))
            .file("htdocs/dirs/a.txt", "")
            .file("htdocs/free/a.txt", "")
    })?;
    let mut table = Table::default();
    for (row, host, target, expected) in [
        ("O-05", "off.test", "/dirs/", "404"),
        ("O-05 E-02", "on.test", "/dirs/", "/dirs/"),
        ("CV-10", "off.test", "/free/", "404"),
        ("CV-10", "on.test", "/free/", "404"),
        ("O-05", "on.test", "/dirs/a.txt", "200"),
    ] {
        if subject == Subject::Rjk || (row, host) != ("CV-10", "on.test") {
            let seen = site.on_host(host, target)?;
            table.check(&format!("{row} {host}{target}"), seen.outcome(), expected);
        }
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn bd09_server_side_include(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("include")
            .module("mime")
            .directives(
                "TypesConfig /dev/null\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
                 <Directory @ROOT@/htdocs>\nOptions +Includes\n</Directory>\nJkMount /app/* w",
            )
            .file(
                "htdocs/page.shtml",
                "<p><!--#include virtual=\"/app/part;x?y=1\" --></p>",
            )
    })?;
    let seen = site.ask(
        Request::get("/page.shtml")
            .header("X-Own", "1")
            .header("Content-Type", "text/own"),
    )?;
    let text = seen.response.text();
    assert!(
        text.starts_with("<p>peer=w\n") && text.ends_with("</p>"),
        "{text}"
    );
    assert_eq!(seen.response.header("Content-Type"), Some("text/html"));
    let part = seen.only()?;
    assert_eq!(part.uri, "/app/part;x", "G-06");
    assert_eq!(part.attribute("query_string"), Some("y=1"));
    assert_eq!(part.header("X-Own"), Some("1"));
    assert_eq!(part.headers_named("Content-Length"), ["0"], "BD-09 Q-12");
    site.httpd.assert_clean();
    Ok(())
}

/// Internal redirects by mod_rewrite: per-directory rules map a second time.
fn u14_rewritten_requests(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("rewrite")
            .directives(
                "JkMount /app/* w\nRewriteEngine On\n\
                 RewriteRule ^/pt/(.*)$ /app/$1 [PT]\n\
                 RewriteRule ^/query/(.*)$ /app/$1?q=$1 [PT,QSA]\n\
                 RewriteRule ^/away/(.*)$ http://other.test/$1 [R]\n\
                 RewriteRule ^/env/ - [E=no-jk:1]\nJkMount /env/* w\n\
                 <Directory @ROOT@/htdocs>\nRewriteEngine On\n\
                 RewriteRule ^local/(.*)$ /app/$1\n</Directory>",
            )
            .file("htdocs/local/x", "local")
    })?;
    let mut table = Table::default();
    for (target, expected, query) in [
        ("/pt/a%20b", "/app/a%20b", None),
        ("/query/a?b=c", "/app/a", Some("q=a&b=c")),
        ("/away/x", "302", None),
        ("/env/x", "404", None),
        ("/local/x", "/app/x", None),
    ] {
        let seen = site.on_host("rjk.test", target)?;
        table.check(&format!("U-14 {target}"), seen.outcome(), expected);
        let forwarded = seen.forwarded.unwrap_or_default();
        table.check(target, forwarded.attribute("query_string"), query);
    }
    table.finish()?;
    // The body of a redirected request belongs to it.
    let post = site.forwarded(Request::new("POST", "/local/x").body("12345"))?;
    assert_eq!(
        (post.uri.as_str(), post.body()),
        ("/app/x", b"12345".to_vec())
    );
    site.httpd.assert_clean();
    Ok(())
}

/// mod_autoindex asks for each file as a sub-request: mounted ones are listed like all others.
fn g07_listings(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("dir")
            .module("autoindex")
            .directives(
                "<Directory @ROOT@/htdocs>\nOptions +Indexes\n</Directory>\n\
                 IndexOptions FancyIndexing\nDirectoryIndex index.html\nJkMount /*.jsp w",
            )
            .file("htdocs/dir/page.jsp", "12345")
            .file("htdocs/dir/text.txt", "12345")
    })?;
    let seen = site.on_host("rjk.test", "/dir/")?;
    assert_eq!(seen.outcome(), "200");
    let text = seen.response.text();
    assert!(
        text.contains("page.jsp") && text.contains("text.txt"),
        "{text}"
    );
    site.httpd.assert_clean();
    Ok(())
}

/// G-14: what a part says stays on the page, and mod_include shows that it failed, or what stands in
/// for it. Not so for a part that went well, whatever it says.
fn g14_a_part_that_failed(subject: Subject) -> Result {
    const PARTS: [(&str, &str); 5] = [
        ("404", "said[failed]"),
        ("500", "said[failed]"),
        ("400", "said[failed]"),
        ("399", "said"),
        ("200", "said"),
    ];
    let site = Farm::alone(subject, |site| {
        let site = site.module("include").module("mime").directives(
            "TypesConfig /dev/null\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
             <Directory @ROOT@/htdocs>\nOptions +Includes\n</Directory>\n\
             SSIErrorMsg \"[failed]\"\nJkMount /app/* w",
        );
        PARTS.into_iter().fold(site, |site, (status, _)| {
            let page = format!("(<!--#include virtual=\"/app/{status}\" -->)");
            site.file(&format!("htdocs/{status}.shtml"), page)
        })
    })?;
    let mut table = Table::default();
    for (status, expected) in PARTS {
        let head = Head::new(status.parse()?).header("Content-Type", "text/plain");
        site.w().set(Script::answer(head, "said"));
        let page = format!("/{status}.shtml");
        let seen = site.on_host("rjk.test", &page)?;
        table.check(&page, seen.response.status, 200);
        table.check(&page, seen.response.text(), format!("({expected})"));
        table.check(&page, seen.only()?.uri, format!("/app/{status}"));
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}
