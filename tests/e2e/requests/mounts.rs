//! Which server's mounts a request meets: JkMount, JkUnMount, JkMountCopy, virtual hosts.

use rjk_testbed::client::Request;
use rjk_testbed::farm::vhost;
use rjk_testbed::{Farm, Httpd, Peer, Result, Subject, Table, both};

both! {
    d05_d06_mounts d05_d06_d07_bad_arguments d07_g17_mount_copy_on_and_off d07_mount_copy_all
    d07_o13_a_shared_map_brings_its_own_reject_unsafe_uri g09_unlisted_workers
}

fn outcomes(site: &Farm, rows: &[(&str, &str, &str, &str)]) -> Result {
    let mut table = Table::default();
    for (row, host, target, expected) in rows {
        let seen = site.on_host(host, target)?;
        table.check(&format!("{row} {host}{target}"), seen.outcome(), *expected);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn d05_d06_mounts(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives(
            "JkMount /exact w\nJkMount /bar|/* w\nJkMount /q?.do w\n\
             JkMount /last/* nosuch\nJkMount /last/* w\n\
             JkUnMount /bar/static/* w\nJkUnMount /bar/*.gif *\nJkUnMount /bar/other/* x\n\
             <Location /section>\nJkMount w\n</Location>\n\
             <Location /bar/section>\nJkUnMount w\n</Location>",
        )
    })?;
    let h = "rjk.test";
    outcomes(
        &site,
        &[
            ("M-06", h, "/exact", "/exact"),
            ("M-06", h, "/exact/", "404"),
            ("M-06", h, "/exact/x", "404"),
            ("M-05", h, "/bar", "/bar"),
            ("M-05", h, "/bar/", "/bar/"),
            ("M-05", h, "/bar/a/b", "/bar/a/b"),
            ("M-05", h, "/barn", "404"),
            ("M-07", h, "/q1.do", "/q1.do"),
            ("M-07", h, "/q/.do", "/q/.do"),
            ("M-07", h, "/q.do", "404"),
            ("M-07", h, "/q12.do", "404"),
            ("D-05 last wins", h, "/last/x", "/last/x"),
            ("D-06", h, "/bar/static/x", "404"),
            ("D-06 *", h, "/bar/x/y.gif", "404"),
            ("D-06 other worker", h, "/bar/other/x", "/bar/other/x"),
            ("D-05 section", h, "/section", "/section"),
            ("D-05 section", h, "/section/x", "404"),
            ("D-06 section", h, "/bar/section", "404"),
            ("D-06 section", h, "/bar/section/x", "/bar/section/x"),
        ],
    )
}

/// BG-14: mod_jk keeps only the last of two exclusions of one path, which exposes what the first hid.
#[test]
fn d06_bg14_two_exclusions_of_one_path() -> Result {
    let site = Farm::with_workers(Subject::Rjk, "worker.list=v\nworker.v.port=1\n", |site| {
        site.directives("JkMount /app/* w\nJkUnMount /app/priv/* w\nJkUnMount /app/priv/* v")
    })?;
    outcomes(
        &site,
        &[
            ("BG-14", "rjk.test", "/app/priv/x", "404"),
            ("BG-14", "rjk.test", "/app/x", "/app/x"),
        ],
    )
}

fn d05_d06_d07_bad_arguments(subject: Subject) -> Result {
    let mut table = Table::default();
    for (lines, word) in [
        ("JkMount app w", "JkMount"),
        ("JkMount /app", "JkMount"),
        ("JkMount /app w x", "JkMount"),
        ("JkUnMount app w", "JkUnMount"),
        ("JkUnMount /app", "JkUnMount"),
        ("<Location /x>\nJkMount /y w\n</Location>", "JkMount"),
        ("JkMountCopy Some", "JkMountCopy"),
        (
            "<VirtualHost *>\nJkMountCopy All\n</VirtualHost>",
            "JkMountCopy",
        ),
        ("JkOptions +NoSuchFlag", "NoSuchFlag"),
        ("JkOptions +ForwardSSLKeySize", "ForwardSSLKeySize"),
        ("JkOptions -ForwardURIProxy", "ForwardURIProxy"),
        ("JkOptions -ForwardURICompat", "ForwardURICompat"),
        ("JkExtractSSL maybe", "JkExtractSSL"),
        ("JkEnvVar", "JkEnvVar"),
    ] {
        let (accepted, text) = Httpd::builder(subject).directives(lines).configtest()?;
        table.check(lines, (accepted, text.contains(word)), (false, true));
    }
    for lines in [
        "JkMountCopy all",
        "JkOptions +forwarduriproxy -FORWARDKEYSIZE",
    ] {
        let (accepted, text) = Httpd::builder(subject).directives(lines).configtest()?;
        table.check(&format!("{lines}: {text}"), accepted, true);
    }
    table.finish()
}

fn d07_g17_mount_copy_on_and_off(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMount /main/* w\nJkMount /both/* w\nJkUnMount /main/no/* w")
            .vhosts(vhost("plain.test", ""))
            .vhosts(vhost("option.test", "JkOptions +FlushHeader"))
            .vhosts(vhost("off.test", "JkMountCopy Off\nJkMount /own/* w"))
            .vhosts(vhost("shared.test", "JkMountCopy On"))
            .vhosts(vhost(
                "copied.test",
                "JkMountCopy On\nJkMount /own/* w\nJkMount /both/* nosuch",
            ))
    })?;
    outcomes(
        &site,
        &[
            ("G-17", "plain.test", "/main/x", "404"),
            ("D-07", "option.test", "/main/x", "404"),
            ("D-07 Off", "off.test", "/main/x", "404"),
            ("D-07 Off", "off.test", "/own/x", "/own/x"),
            ("D-07 On", "shared.test", "/main/x", "/main/x"),
            ("D-07 On", "shared.test", "/main/no/x", "404"),
            ("D-07 On", "shared.test", "/own/x", "404"),
            ("D-07 On", "copied.test", "/main/x", "/main/x"),
            ("D-07 On", "copied.test", "/main/no/x", "404"),
            ("D-07 On", "copied.test", "/own/x", "/own/x"),
            ("D-07 own wins, G-09", "copied.test", "/both/x", "500"),
        ],
    )
}

fn d07_mount_copy_all(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMountCopy All\nJkMount /main/* w")
            .vhosts(vhost("plain.test", ""))
            .vhosts(vhost("own.test", "JkMount /own/* w"))
            .vhosts(vhost("off.test", "JkMountCopy Off\nJkMount /own/* w"))
    })?;
    outcomes(
        &site,
        &[
            ("D-07 All", "plain.test", "/main/x", "/main/x"),
            ("D-07 All", "own.test", "/main/x", "/main/x"),
            ("D-07 All", "own.test", "/own/x", "/own/x"),
            ("D-07 All", "off.test", "/main/x", "404"),
            ("D-07 All", "off.test", "/own/x", "/own/x"),
        ],
    )
}

fn d07_o13_a_shared_map_brings_its_own_reject_unsafe_uri(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.directives("JkMount /app/* w\nJkOptions +RejectUnsafeURI")
            .vhosts(vhost(
                "shared.test",
                "JkMountCopy On\nJkOptions -RejectUnsafeURI",
            ))
            .vhosts(vhost(
                "removed.test",
                "JkMount /app/* w\nJkOptions -RejectUnsafeURI",
            ))
            .vhosts(vhost("inherited.test", "JkMount /app/* w"))
    })?;
    outcomes(
        &site,
        &[
            ("D-07", "shared.test", "/app/a%25b", "404"),
            ("D-07", "shared.test", "/app/ab", "/app/ab"),
            ("O-13 OM-02", "removed.test", "/app/a%25b", "/app/a%25b"),
            ("O-13 M-14", "inherited.test", "/app/a%25b", "404"),
            ("O-13 M-14", "inherited.test", "/app/a%5Cb", "404"),
            ("O-13", "inherited.test", "/app/a%3Fb", "/app/a%3Fb"),
        ],
    )
}

fn g09_unlisted_workers(subject: Subject) -> Result {
    let peer = Peer::start(rjk_testbed::peer::Script::default())?;
    let workers = format!("{}{}", peer.only_worker("w"), peer.worker("hidden"));
    let httpd = Httpd::builder(subject)
        .workers(workers)
        .log_level("info")
        .access_log("%>s %{JK_WORKER_NAME}n %{JK_WORKER_TYPE}n")
        .directives("JkMount /hidden/* hidden\nJkMount /none/* none\nJkMount /app/* w")
        .start()?;
    for target in ["/hidden/x", "/none/x", "/app/x"] {
        rjk_testbed::client::send(httpd.port(), Request::get(target))?;
    }
    let mut lines = httpd.access_lines(3)?;
    lines.sort();
    assert_eq!(
        lines,
        ["200 w ajp13", "500 hidden -", "500 none -"],
        "G-09 T-02"
    );
    assert!(httpd.jk_log().contains("none"), "G-09: {}", httpd.jk_log());
    httpd.assert_clean();
    Ok(())
}
