//! What each failure is called.

use super::site::{host, mod_jk, peers, same, url};
use crate::said::{Said, run, run_with};
use rjk_testbed::httpd::Builder;
use rjk_testbed::tls::{Certificate, tls};
use rjk_testbed::{Result, ports};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A URL, what is said of it, and the word of JSON.
fn told(url: &str, words: &str, kind: &str) -> Result {
    let said = run(&["status", url])?;
    assert_eq!(said.code, Some(1), "{url}: {said:?}");
    assert!(said.out.contains(words), "{url}: {said:?}");
    let json = run(&["status", url, "--json"])?.json()?;
    assert_eq!(json["hosts"][0]["problem"]["kind"], kind, "{url}");
    Ok(())
}

#[test]
fn who_is_no_status_worker_is_told_so() -> Result {
    let peers = peers()?;
    let web = host(&peers, |builder| {
        builder
            .module("alias")
            .file("conf/page.html", "<html>")
            .file("conf/other.json", "{\"up\":true}")
            .directives(
                "Alias /page @ROOT@/conf/page.html\nAlias /other @ROOT@/conf/other.json\n\
                 Redirect /old http://127.0.0.9/st\nRedirect 503 /sick\n\
                 <Directory @ROOT@/conf>\nRequire all granted\n</Directory>",
            )
    })?;
    for (path, words, kind) in [
        ("/page", "no status worker of mod_rjk", "no_status_worker"),
        ("/other", "no status worker of mod_rjk", "no_status_worker"),
        ("/none", "404", "not_found"),
        ("/old", "sends on to http://127.0.0.9/st", "moved"),
        ("/sick", "status 503", "status"),
        ("/us", "list of users", "denied"),
    ] {
        told(&url(&web, path), words, kind)?;
    }
    Ok(())
}

#[test]
fn mod_jk_is_named() -> Result {
    told(&url(&mod_jk()?, "/st"), "status worker of mod_jk", "mod_jk")
}

#[test]
fn a_host_that_does_not_answer() -> Result {
    let nobody = ports::refusing()?;
    let gone = format!("http://127.0.0.1:{}/st", nobody.port);
    told(&gone, "nobody listens there", "refused")?;
    told(
        "http://no-such-host.invalid/st",
        "name of this host is not known",
        "unknown_host",
    )?;
    // It keeps nobody waiting for longer than it may take, and no other host's line from coming.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent = format!("http://{}/st", silent.local_addr()?);
    let peers = peers()?;
    let web = host(&peers, same)?;
    let start = Instant::now();
    let said = run(&[
        "status",
        "--answer-within",
        "300ms",
        &silent,
        &url(&web, "/st"),
    ])?;
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("no answer within 300 ms"), "{said:?}");
    assert!(said.out.contains(" lb "), "{said:?}");
    Ok(())
}

/// Two places that httpd guards.
fn guarded(builder: Builder) -> Builder {
    ["auth_basic", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest"]
        .into_iter()
        .fold(builder, Builder::module)
        .file("conf/users", "ann:{SHA}0n6oCh2SUzvYHMw/ZHiCE+3JZhY=\n")
        .directives(
            "<Location /us>\nAuthType Basic\nAuthName m\nAuthUserFile conf/users\nRequire valid-user\n</Location>\n\
             <Location /st>\nAuthType Digest\nAuthName m\nAuthUserFile conf/users\nRequire valid-user\n</Location>\n\
             <Location /ro>\nRequire all denied\n</Location>",
        )
}

#[test]
fn a_user_and_a_password() -> Result {
    let peers = peers()?;
    let web = host(&peers, guarded)?;
    let us = url(&web, "/us");
    told(
        &us,
        "401: it wants a user; give --user NAME",
        "unauthorized",
    )?;
    told(&url(&web, "/ro"), "403", "forbidden")?;
    told(&url(&web, "/st"), "by Digest", "unauthorized")?;
    let right = web
        .write("conf/right", "hush-hush\n")?
        .display()
        .to_string();
    let wrong = web.write("conf/wrong", "not-it\n")?.display().to_string();
    let ask = |file: &str| run(&["status", &us, "--user", "ann", "--password-file", file]);
    let said = ask(&right)?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = ask(&wrong)?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains("does not accept the user ann"),
        "{said:?}"
    );
    assert!(!shows(&said, "not-it"), "{said:?}");
    let said = run_with(
        &["status", &us, "--user", "ann"],
        &[("RJK_PASSWORD", "hush-hush")],
    )?;
    assert_eq!(said.code, Some(0), "{said:?}");
    Ok(())
}

/// Nobody reads any more: the command ends as it would have ended, and says on standard error what it always does.
#[test]
fn a_closed_pipe_changes_no_result() -> Result {
    let nobody = ports::refusing()?;
    let gone = format!("http://127.0.0.1:{}/st", nobody.port);
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let mut rjk = std::process::Command::new(rjk_testbed::rjk::rjk()?);
    let output = rjk.args(["status", &gone]).stdout(writer).output()?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), err.as_str()), (Some(1), ""));
    Ok(())
}

fn shows(said: &Said, text: &str) -> bool {
    said.out.contains(text) || said.err.contains(text)
}

#[test]
fn arguments_that_cannot_be() -> Result {
    let rows: [(&[&str], &str); 7] = [
        (&["status"], "URL"),
        (&["status", "www1/jkstatus"], "by its URL"),
        (&["status", "http://h/s", "http://h/s"], "named twice"),
        (
            &["status", "http://h/s", "--user", "ann"],
            "no password for the user ann",
        ),
        (
            &[
                "status",
                "http://h/s",
                "--user",
                "ann",
                "--password-file",
                "/none",
            ],
            "/none: ",
        ),
        (
            &["status", "http://h/s", "--ca", "/dev/null"],
            "no certificate in it",
        ),
        (&["status", "http://ann:hush-hush@h/s"], "--password-file"),
    ];
    for (arguments, words) in rows {
        let said = run(arguments)?;
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
    Ok(())
}

#[test]
fn tls_and_its_mistakes() -> Result {
    let certificate = Certificate::self_signed("localhost")?;
    let peers = peers()?;
    let web = host(&peers, |builder| {
        tls(builder, &certificate, "JkMountCopy On")
    })?;
    let port = web.port();
    let good = format!("https://localhost:{port}/st");
    told(&good, "certificate is not accepted", "tls")?;
    told(
        &format!("http://127.0.0.1:{port}/st"),
        "begin the URL with https://",
        "tls",
    )?;
    let ca = web.path("conf/cert.pem").display().to_string();
    let said = run(&["status", &good, "--ca", &ca])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let other_name = format!("https://127.0.0.1:{port}/st");
    let said = run(&["status", &other_name, "--ca", &ca])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("certificate is not accepted"), "{said:?}");
    let plain = host(&peers, same)?;
    let said = run(&["status", &format!("https://{}/st", plain.address())])?;
    assert!(said.out.contains("begin the URL with http://"), "{said:?}");
    Ok(())
}
