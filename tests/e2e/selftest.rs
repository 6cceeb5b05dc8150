//! The testbed's httpd and Tomcat do what their methods say, with mod_jk loaded.

use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::{Behaviour, Script, Step};
use rjk_testbed::tls::{Certificate, curl, tls};
use rjk_testbed::{Httpd, Peer, Result, Subject, Tomcat, Version, client, process, wait};
use rustix::process::Signal;
use std::time::Duration;

fn site(peer: &Peer) -> rjk_testbed::httpd::Builder {
    Httpd::builder(Subject::ModJk)
        .workers(peer.only_worker("w"))
        .directives("JkMount /* w")
}

#[test]
fn every_mpm_serves_restarts_and_stops() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for mpm in Mpm::ALL {
        let mut httpd = site(&peer).mpm(mpm).start()?;
        assert_eq!(client::get(httpd.port(), "/")?.status, 200, "{mpm:?}");
        let pid = httpd.pid();
        httpd.graceful()?;
        assert_eq!(
            client::get(httpd.port(), "/")?.status,
            200,
            "{mpm:?} after a restart"
        );
        assert_eq!(httpd.pid(), pid);
        httpd.assert_clean();
        let root = httpd.root().to_owned();
        httpd.stop()?;
        assert!(!httpd.is_running() && !process::is_alive(pid));
        drop(httpd);
        assert!(!root.exists(), "{} is left", root.display());
    }
    Ok(())
}

#[test]
fn a_killed_child_is_replaced_and_seen_as_unclean() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer).start()?;
    assert_eq!(client::get(httpd.port(), "/")?.status, 200);
    let child = httpd.children()[0];
    assert!(process::rss_kib(child)? > 1000 && process::open_fds(child)? > 3);
    httpd.kill_child(child)?;
    wait::until("a new child", Duration::from_secs(10), || {
        !httpd.children().is_empty()
    })?;
    assert_eq!(client::get(httpd.port(), "/")?.status, 200);
    // httpd does not log a SIGKILL of a child, as it may have sent it itself.
    httpd.assert_clean();
    process::signal(httpd.children()[0], Signal::SEGV)?;
    wait::until("the log line", Duration::from_secs(10), || {
        httpd.error_log().contains("exit signal")
    })?;
    let unclean = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| httpd.assert_clean()));
    assert!(unclean.is_err(), "{}", httpd.error_log());
    httpd.expect_log("exit signal Segmentation fault");
    httpd.assert_clean();
    Ok(())
}

#[test]
fn a_failed_start_and_configtest_tell_why() -> Result {
    let bad = Httpd::builder(Subject::ModJk).directives("JkNoSuchDirective on");
    let failed = bad.start_expect_failure()?;
    assert!(failed.text().contains("JkNoSuchDirective"), "{failed:?}");
    assert!(bad.start().is_err());
    let (accepted, output) = bad.configtest()?;
    assert!(
        !accepted && output.contains("JkNoSuchDirective"),
        "{output}"
    );
    let peer = Peer::start(Behaviour::Echo)?;
    let (accepted, output) = site(&peer).configtest()?;
    assert!(accepted && output.contains("Syntax OK"), "{output}");
    assert!(site(&peer).start_expect_failure().is_err());
    Ok(())
}

#[test]
fn modules_files_vhosts_and_placeholders_are_there() -> Result {
    let httpd = Httpd::plain()
        .module("mod_headers")
        .module("rewrite")
        .file("htdocs/a.txt", "root=@ROOT@")
        .directives("RewriteEngine On\nRewriteRule ^/b$ /a.txt")
        .vhosts("<VirtualHost 127.0.0.1:@PORT@>\nServerName v\nRewriteEngine On\nRewriteOptions Inherit\nHeader set X-V @PORT@\n</VirtualHost>")
        .start()?;
    let response = client::get(httpd.port(), "/b")?;
    assert_eq!(response.text(), format!("root={}", httpd.root().display()));
    assert_eq!(
        response.header("X-V"),
        Some(httpd.port().to_string().as_str())
    );
    httpd.assert_clean();
    Ok(())
}

#[test]
fn retries_are_seen_by_a_scripted_peer() -> Result {
    let peer = Peer::start(Script::new([Step::Close]).then_echo())?;
    let httpd = site(&peer).start()?;
    assert_eq!(client::get(httpd.port(), "/again")?.status, 200);
    assert_eq!(peer.requests().len(), 2);
    assert!(peer.connections() >= 2);
    Ok(())
}

#[test]
fn tomcat_is_killed_and_comes_back_on_its_port() -> Result {
    let mut tomcat = Tomcat::builder(Version::V10)
        .route("a")
        .secret("s3")
        .packet_size(65536)
        .start()?;
    let port = tomcat.port();
    let workers = format!("worker.list=w\n{}worker.w.secret=s3\n", tomcat.worker("w"));
    let httpd = Httpd::builder(Subject::ModJk)
        .workers(workers)
        .directives("JkMount /* w")
        .start()?;
    let target = "/testbed/status.jsp?code=404&body=gone";
    let answer = client::get(httpd.port(), target)?;
    assert_eq!((answer.status, answer.text().as_str()), (404, "gone"));
    tomcat.kill9()?;
    assert_eq!(client::get(httpd.port(), target)?.status, 503);
    tomcat.start()?;
    assert_eq!(tomcat.port(), port);
    assert_eq!(client::get(httpd.port(), target)?.status, 404);
    tomcat.restart()?;
    assert_eq!(
        client::get(httpd.port(), "/testbed/sleepy.jsp?ms=1&count=3")?.text(),
        "line=1\nline=2\nline=3\n"
    );
    Ok(())
}

#[test]
fn a_tls_site_tells_the_backend_so() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let plain = Httpd::builder(Subject::ModJk).workers(peer.only_worker("w"));
    let certificate = Certificate::self_signed("rjk.test")?;
    let httpd = tls(plain, &certificate, "SSLOptions +StdEnvVars\nJkMount /* w").start()?;
    let answer = curl(&[&format!("https://127.0.0.1:{}/t", httpd.port())])?;
    assert!(
        answer.starts_with(b"peer=peer\n"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let request = peer.only_request()?;
    assert!(
        request.is_ssl && request.attribute("ssl_cipher").is_some(),
        "{request:?}"
    );
    httpd.assert_clean();
    Ok(())
}
