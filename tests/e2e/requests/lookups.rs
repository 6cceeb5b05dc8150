//! Modules look up mounted paths on behalf of a request. Only mod_dir's index files make the request
//! itself one that is forwarded, after its authorization; mod_jk takes any look for that (G-06, G-07).

use rjk_testbed::client::Request;
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Farm, Result, Subject, Table, both};

both! { g06_who_only_looks g06_index_files_and_fallback g06_variants g07_a_mounted_page_stays_one }

/// The modules that look things up, and a folder that is closed to all.
fn site(site: Builder) -> Builder {
    [
        "dir",
        "rewrite",
        "autoindex",
        "env",
        "setenvif",
        "headers",
        "include",
        "mime",
    ]
    .into_iter()
    .fold(site, Builder::module)
    .access_log("%U %{JK_WORKER_NAME}n")
    .directives("TypesConfig /dev/null\nJkMount /app/* w\nJkMount /*.jsp w")
    .directives("<Directory @ROOT@/htdocs/closed>\nRequire all denied\n</Directory>")
}

/// Before the authorization of the page, in it, after it, and while it is sent.
const LOOKS: &str = "RewriteEngine On\n\
    RewriteCond /app/x -U\nRewriteRule ^/closed/url - [E=A:1]\n\
    RewriteCond @ROOT@/htdocs/closed/x.jsp -F\nRewriteRule ^/closed/file - [E=A:1]\n\
    RewriteRule ^/closed/ahead /app/ahead\n\
    RewriteCond %{IS_SUBREQ} =false\nRewriteCond %{LA-U:REMOTE_USER} ^$\nRewriteRule ^/app/ahead /closed/ahead\n\
    SetEnvIfExpr \"%{REQUEST_URI} =~ m#^/closed/env# && -U '/app/x'\" A=1\n\
    <Location /closed/if>\n<If \"-U '/app/x'\">\nSetEnv A 1\n</If>\n</Location>\n\
    <Location /open/require>\nRequire expr \"-U '/app/x'\"\n</Location>\n\
    <Location /open/header>\nRequestHeader set A 1 \"expr=-U '/app/x'\"\n</Location>\n\
    <Directory @ROOT@/htdocs/open/perdir>\nRewriteEngine On\n\
    RewriteCond /app/x -U\nRewriteRule ^ - [E=A:1]\n</Directory>\n\
    AcceptPathInfo On\nAddOutputFilter INCLUDES .shtml\n\
    <Directory @ROOT@/htdocs/open>\nOptions +Includes\n</Directory>\n\
    <Directory @ROOT@/htdocs/list>\nOptions +Indexes\nHeaderName /app/head\n</Directory>";

fn g06_who_only_looks(subject: Subject) -> Result {
    let farm = Farm::alone(subject, |builder| {
        ["require", "header/x", "perdir/x"]
            .into_iter()
            .fold(site(builder).directives(LOOKS), |builder, name| {
                builder.file(&format!("htdocs/open/{name}"), "local")
            })
            .file("htdocs/closed/x.jsp", "")
            .file("htdocs/list/x.jsp", "")
            .file(
                "htdocs/open/s.shtml",
                "<!--#flastmod virtual=\"/app/x\" -->",
            )
    })?;
    let mut table = Table::default();
    for (target, wanted, mod_jk) in [
        ("/closed/url", "403 -", "/closed/url w"),
        ("/closed/file", "403 -", "403 -"),
        ("/closed/ahead", "403 -", "/closed/ahead w"),
        ("/closed/env", "403 -", "/closed/env w"),
        ("/closed/if", "403 -", "/closed/if w"),
        ("/open/require", "200 -", "/open/require w"),
        ("/open/header/", "403 -", "/open/header/ w"),
        ("/open/header/x", "200 -", "/open/header/x w"),
        ("/open/perdir/", "403 -", "/open/perdir/ w"),
        ("/open/perdir/x", "200 -", "/open/perdir/x w"),
        ("/list/", "200 -", "200 w"),
        ("/open/s.shtml", "200 -", "200 w"),
        ("/open/s.shtml/app/x", "200 -", "200 w"),
    ] {
        let expected = if subject == Subject::Rjk {
            wanted
        } else {
            mod_jk
        };
        table.check(&format!("G-06 {target}"), outcome(&farm, target)?, expected);
    }
    table.finish()
}

/// Where a request went, and the worker's note.
fn outcome(farm: &Farm, target: &str) -> Result<String> {
    let before = farm.httpd.access_log().lines().count();
    let seen = farm.ask(Request::get(target).header("Host", "rjk.test"))?;
    let lines = farm.httpd.access_lines(before + 1)?;
    let note = lines.last().and_then(|line| line.rsplit(' ').next());
    Ok(format!("{} {}", seen.outcome(), note.unwrap_or_default()))
}

/// mod_dir: index files at any place, one that is denied, and what stands in for missing files.
fn g06_index_files_and_fallback(subject: Subject) -> Result {
    let farm = Farm::alone(subject, |builder| {
        ["none/x", "far/x", "denied/x", "closed/x", "both/index.html"]
            .into_iter()
            .fold(site(builder), |builder, name| {
                builder.file(&format!("htdocs/{name}"), "local")
            })
            .directives(
                "DirectoryIndex index.jsp index.html\nFallbackResource disabled\n\
                 <Directory @ROOT@/htdocs/far>\nDirectoryIndex /app/index\n</Directory>\n\
                 <Location /denied/index.jsp>\nRequire all denied\n</Location>\n\
                 <Directory @ROOT@/htdocs/none>\nFallbackResource /app/front\n</Directory>",
            )
    })?;
    let mut table = Table::default();
    for (target, wanted, mod_jk) in [
        ("/none/", "/none/ w", "/none/ w"),
        ("/none/missing", "/none/missing w", "/none/missing w"),
        ("/none/x", "200 -", "200 -"),
        ("/far/", "/far/ w", "/far/ w"),
        ("/denied/", "403 -", "403 w"),
        ("/closed/", "403 -", "403 -"),
        ("/both/", "200 -", "200 w"),
    ] {
        let expected = if subject == Subject::Rjk {
            wanted
        } else {
            mod_jk
        };
        table.check(target, outcome(&farm, target)?.as_str(), expected);
    }
    table.finish()
}

/// mod_negotiation takes a mounted variant, or one that is a file.
fn g06_variants(subject: Subject) -> Result {
    let farm = Farm::alone(subject, |builder| {
        site(builder)
            .module("negotiation")
            .directives(
                "AddType text/html .html\nAddType text/plain .jsp\n\
                 <Directory @ROOT@/htdocs>\nOptions +MultiViews\n</Directory>",
            )
            .file("htdocs/page.html", "local")
            .file("htdocs/page.jsp", "a longer one")
    })?;
    for (accept, expected) in [("text/html", "200"), ("text/plain", "/page.jsp")] {
        let request = Request::get("/page").header("Host", "rjk.test");
        let seen = farm.ask(request.header("Accept", accept))?;
        assert_eq!(seen.outcome(), expected, "{accept}");
    }
    Ok(())
}

/// What is mounted is forwarded whoever looks at what.
fn g07_a_mounted_page_stays_one(subject: Subject) -> Result {
    let farm = Farm::alone(subject, |builder| {
        site(builder).directives(
            "RewriteEngine On\nRewriteCond /app/y -U\nRewriteRule ^/app/x - [E=A:1]\n\
             RewriteCond /nowhere -U\nRewriteRule ^/app/z - [E=A:1]",
        )
    })?;
    for target in ["/app/x", "/app/z"] {
        assert_eq!(outcome(&farm, target)?, format!("{target} w"));
    }
    Ok(())
}
