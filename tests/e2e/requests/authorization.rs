//! httpd's own access control sees the path that Tomcat will see (G-05, CV-09).

use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::{Farm, Result, Subject, both};

both! { g05_cv09_location_sees_the_normalised_path g07_no_directory_walk g05_log_and_env_see_the_normalised_path }

fn g05_cv09_location_sees_the_normalised_path(subject: Subject) -> Result {
    const RULES: &str = "JkMount /app/* w\n\
        <Location /app/private>\nRequire all denied\n</Location>\n\
        <LocationMatch ^/app/secret>\nRequire all denied\n</LocationMatch>";
    let site = Farm::alone(subject, |site| {
        site.vhosts(vhost("rjk.test", RULES))
            .vhosts(vhost(
                "merge-off.test",
                &format!("{RULES}\nMergeSlashes Off"),
            ))
            .vhosts(vhost(
                "unparsed.test",
                &format!("{RULES}\nJkOptions +ForwardURICompatUnparsed"),
            ))
    })?;
    for host in ["rjk.test", "merge-off.test", "unparsed.test"] {
        for target in [
            "/app/private",
            "/app/private/x",
            "/app/x/..;/private",
            "/app/x/..;a=b/private/y",
            "/app/private;x",
            "/app/private;x/y",
            "/app;p/private",
            "/app//private",
            "/app/;x/private",
            "/app/./private",
            "/app/.;/private",
            "/app/%70rivate",
            "/app/x/%2e%2e;/private",
            "/app/x/%2e%2e%3b/private",
            "/app/private%3bx",
            "/x/..;/app/private",
            "/app/x/../private",
            "/app/x/..;/secret",
            "/app/secret;a",
        ] {
            let seen = site.on_host(host, target)?;
            assert_eq!(seen.outcome(), "403", "CV-09 {host} {target}");
        }
        for target in ["/app/Private", "/app/privat", "/app/private/..;/public"] {
            let seen = site.on_host(host, target)?;
            assert_eq!(seen.outcome(), target, "G-05 {host}");
        }
    }
    site.httpd.assert_clean();
    Ok(())
}

/// `<Directory>`, `<Files>` and .htaccess do not concern what is forwarded (G-07).
fn g07_no_directory_walk(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives(
            "<Directory @ROOT@/htdocs>\nAllowOverride All\nRequire all denied\n</Directory>\n\
             <Files \"x.jsp\">\nRequire all denied\n</Files>\nJkMount /app/* w",
        )
        .file("htdocs/app/.htaccess", "Require all denied\n")
        .file("htdocs/app/x.txt", "local")
        .file("htdocs/x.txt", "local")
    })?;
    assert_eq!(
        site.on_host("rjk.test", "/app/x.txt")?.outcome(),
        "/app/x.txt"
    );
    assert_eq!(site.on_host("rjk.test", "/x.txt")?.outcome(), "403");
    site.httpd.assert_clean();
    Ok(())
}

fn g05_log_and_env_see_the_normalised_path(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.access_log("%>s %U %{JK_WORKER_NAME}n")
            .directives("JkMount /app/* w")
    })?;
    let forwarded = site.forwarded(Request::get("/app;p/a/..;x/b//c?q"))?;
    assert_eq!(forwarded.uri, "/app;p/a/..;x/b/c");
    site.on_host("rjk.test", "/none;p")?;
    assert_eq!(site.sorted_log(2)?, ["200 /app/b/c w", "404 /none;p -"]);
    site.httpd.assert_clean();
    Ok(())
}
