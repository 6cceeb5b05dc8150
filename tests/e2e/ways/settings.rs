//! What rjk.toml says of a worker, as the worker sees it: which headers tell of the client, the secret,
//! the probe, and where a socket is.

use rjk_testbed::client::{self, Pending, Request};
use rjk_testbed::http_peer::{Received, Script, Step};
use rjk_testbed::httpd::Builder;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::Authority;
use rjk_testbed::way::{self, Reach};
use rjk_testbed::{Context, Gate, HttpPeer, Httpd, Result, Table, ensure, peer, wait};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn site(reaches: &[Reach], lines: &str) -> Result<Builder> {
    let site = way::site(&Authority::new("Peers")?, reaches, lines)?;
    Ok(site.directives("JkMount /w/* w").server_limit(1))
}

/// A peer behind the worker `w` with more lines of its table and of workers.properties.
fn start(table: &str, lines: &str) -> Result<(HttpPeer, Httpd)> {
    let peer = HttpPeer::start("w", Script::default())?;
    let reach = peer.reach("w").more(table);
    let httpd = site(&[reach], &format!("worker.list=w\n{lines}"))?
        .module("remoteip")
        .directives("RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.0/8")
        .start()?;
    Ok((peer, httpd))
}

/// The headers that tell of the client, name and value, but those of port and activation.
fn told(request: &Received) -> Vec<String> {
    let known = [
        "x-forwarded",
        "forwarded",
        "x-rjk-remote-host",
        "x-rjk-local",
    ];
    let is_known = |name: &str| known.iter().any(|known| name.starts_with(known));
    let lines = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value));
    let lines = lines.filter(|(name, _)| is_known(name));
    lines
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

#[test]
#[rustfmt::skip]
fn rjk_which_headers_tell_of_the_client() -> Result {
    const X: [&str; 4] = [
        "x-forwarded-for: 2001:db8::7", "x-forwarded-proto: http",
        "x-forwarded-host: front.test:8080", "x-forwarded-port: 8080",
    ];
    const F: [&str; 1] = ["forwarded: for=\"[2001:db8::7]\";host=\"front.test:8080\";proto=http"];
    const OWN: [&str; 1] = ["x-rjk-local-addr: 127.0.0.1"];
    let mut table = Table::default();
    for (setting, expected) in [
        ("", [&X[..], &OWN].concat()),
        ("forward = \"x-forwarded\"", [&X[..], &OWN].concat()),
        ("forward = \"forwarded\"", [&F[..], &OWN].concat()),
        ("forward = \"both\"", [&X[..], &F, &OWN].concat()),
        ("forward = \"none\"", vec![]),
    ] {
        let (peer, httpd) = start(setting, "")?;
        let request = Request::get("/w/x")
            .header("Host", "front.test:8080")
            .header("X-Client", "2001:db8::7")
            .header("X-Forwarded-For", "192.0.2.1")
            .header("Forwarded", "for=192.0.2.1");
        ensure!(client::send(httpd.port(), request)?.status == 200);
        table.check(setting, told(&peer.only_request()?), expected);
        httpd.assert_clean();
    }
    table.finish()
}

/// The secret goes by the header that is named for it, and the client's of that name does not.
#[test]
fn rjk_the_secret() -> Result {
    for (setting, expected) in [
        ("secret_header = \"X-Own-Secret\"", vec!["word"]),
        ("", vec![]),
    ] {
        let (peer, httpd) = start(setting, "worker.w.secret=word\n")?;
        let name = setting.split('"').nth(1).unwrap_or("X-Own-Secret");
        let request = Request::get("/w/x").header("X-Other", "1");
        let request = match setting {
            "" => request,
            _ => request
                .header(name, "claimed")
                .header(&name.replace('-', "_"), "claimed"),
        };
        ensure!(client::send(httpd.port(), request)?.status == 200);
        let got = peer.only_request()?;
        ensure!(got.all(name) == expected, "{setting}: {got:?}");
        let claimed = got.headers.iter().any(|(_, value)| value == "claimed");
        ensure!(!claimed, "{setting}: {got:?}");
        ensure!(!httpd.jk_log().contains("word"));
    }
    Ok(())
}

/// A connection is checked by a request of its own, where a path is named for it.
#[test]
fn rjk_the_probe() -> Result {
    let (peer, httpd) = start("probe = \"/health?q=1\"", "worker.w.ping_mode=CP\n")?;
    for number in 0..2 {
        ensure!(client::get(httpd.port(), &format!("/w/{number}"))?.status == 200);
    }
    let seen = peer.wait_requests(4)?;
    let line = |request: &Received| format!("{} {}", request.method, request.target);
    let lines: Vec<String> = seen.iter().map(line).collect();
    // A new connection is checked once it is there, and one that is used again ahead of its request.
    let expected = [
        "HEAD /health?q=1",
        "GET /w/0",
        "HEAD /health?q=1",
        "GET /w/1",
    ];
    ensure!(lines == expected, "{lines:?}");
    ensure!(
        peer.connections() == 1 && peer.faults().is_empty(),
        "{:?}",
        peer.faults()
    );
    httpd.assert_clean();
    Ok(())
}

/// an answer that ends its connection, as Tomcat's hundredth does, says nothing of the others.
#[test]
fn rjk_a_probe_that_ends_its_connection() -> Result {
    let (gate, ended) = (Gate::new(), Arc::new(AtomicBool::new(false)));
    let (held, once) = (Step::gate(&gate), Arc::clone(&ended));
    let answers = Step::run(move |connection| {
        let is_probe = connection.request().method == "HEAD";
        if is_probe && !once.swap(true, Ordering::SeqCst) {
            connection
                .send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
            return connection.step(&Step::Close);
        }
        if !is_probe {
            connection.step(&held)?;
        }
        connection.step(&Step::Echo)
    });
    let peer = HttpPeer::start("w", [answers])?;
    let lines = "worker.list=w,status\nworker.status.type=status\nworker.maintain=1\n\
                 worker.w.connection_ping_interval=1\nworker.w.ping_timeout=5000\n";
    let httpd = site(&[peer.reach("w").more("probe = \"/health\"")], lines)?
        .directives("JkMount /status status")
        .start()?;
    let start = |_| Pending::start(httpd.port(), Request::get("/w/x"));
    let pending: Vec<Pending> = (0..3).map(start).collect();
    peer.wait_requests(3)?;
    gate.open();
    for pending in pending {
        ensure!(pending.response()?.status == 200);
    }
    let probes = || {
        peer.requests()
            .iter()
            .filter(|seen| seen.method == "HEAD")
            .count()
    };
    wait::until("all are asked", wait::SOON, || {
        let _ = client::get(httpd.port(), "/status");
        probes() >= 3
    })?;
    ensure!(
        ended.load(Ordering::SeqCst) && peer.open_connections() == 2,
        "{}",
        peer.open_connections()
    );
    Ok(())
}

/// A member that does not answer the probe gets no request: another one does, at once.
#[test]
fn rjk_a_member_that_fails_the_probe() -> Result {
    let is_probe = Step::run(|connection| match connection.request().method.as_str() {
        "HEAD" => connection.step(&Step::Stall),
        _ => connection.step(&Step::Echo),
    });
    let (m1, m2) = (
        HttpPeer::start("m1", [is_probe])?,
        HttpPeer::start("m2", Script::default())?,
    );
    let reaches = [m1.reach("m1").more("probe = \"/health\""), m2.reach("m2")];
    let lines = "worker.list=w\nworker.w.type=lb\nworker.w.balance_workers=m1,m2\n\
                 worker.m1.ping_mode=P\nworker.m1.ping_timeout=200\nworker.m1.retries=1\n";
    let httpd = site(&reaches, lines)?.start()?;
    for _ in 0..4 {
        let post = Request::new("POST", "/w/x").body("hello");
        let answer = client::send(httpd.port(), post)?;
        ensure!(answer.field("peer").as_deref() == Some("m2"), "{answer:?}");
    }
    ensure!(m2.requests().len() == 4, "{}", m2.requests().len());
    ensure!(m1.requests().iter().all(|request| request.method == "HEAD"));
    Ok(())
}

/// There is no CPONG over HTTP, and no packet: the lines say what there is.
#[test]
fn rjk_what_does_not_answer_is_told_in_the_words_of_http() -> Result {
    for (lines, says) in [
        (
            "probe = \"/health\"",
            "failed while waiting for the answer to its probe: timed out; Tomcat accepts",
        ),
        (
            "",
            "failed while waiting for the response: no whole part of the answer within the reply_timeout",
        ),
    ] {
        let peer = HttpPeer::start("w", [Step::Stall])?;
        let reach = peer.reach("w").more(lines);
        let properties = "worker.list=w\nworker.w.retries=1\nworker.w.ping_mode=C\n\
                          worker.w.connect_timeout=200\nworker.w.reply_timeout=200\n";
        let httpd = site(&[reach], properties)?.start()?;
        ensure!(client::get(httpd.port(), "/w/x")?.status >= 503);
        let log = httpd.jk_log();
        ensure!(log.contains(&format!("worker w {says}")), "{log}");
        ensure!(!log.contains("CPONG") && !log.contains("packet"), "{log}");
    }
    Ok(())
}

/// The worker `w` on a unix socket.
fn on_socket(path: &str) -> Reach {
    Reach {
        properties: peer::worker_lines("w", 1),
        toml: format!("[worker.w]\nprotocol = \"http\"\nsocket = {path:?}\n"),
    }
}

/// The one error line of a request that gets 503.
fn refused(httpd: &Httpd) -> Result<String> {
    let status = client::get(httpd.port(), "/w/x")?.status;
    ensure!(status == 503, "{status}");
    let log = httpd.jk_log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("[error]"))
        .collect();
    ensure!(lines.len() == 1, "{lines:#?}");
    Ok(lines[0].to_owned())
}

#[test]
fn rjk_sockets_that_cannot_be_used() -> Result {
    let dir = Dir::new("peer")?;
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let lines = "worker.list=w\nworker.w.retries=1\n";
    // Not there: only a warning at the start, for Tomcat may come later.
    let later = path("later");
    let builder = site(&[on_socket(&later)], lines)?;
    let (accepted, said) = builder.configtest()?;
    ensure!(accepted && said.contains(&later), "{said}");
    let httpd = builder.start()?;
    let line = refused(&httpd)?;
    ensure!(line.contains(&later) && line.contains("worker w"), "{line}");
    drop(httpd);
    // Only its owner may use it, and httpd's children are another user: the line names the permissions.
    if rustix::process::geteuid().is_root() {
        let own = path("own");
        let _listener = UnixListener::bind(&own)?;
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o600))?;
        let httpd = site(&[on_socket(&own)], lines)?.start()?;
        let line = refused(&httpd)?;
        ensure!(line.contains(&own) && line.contains("ermission"), "{line}");
    }
    // Nobody listens any more, as behind a Tomcat that was killed.
    let left = path("left");
    drop(UnixListener::bind(&left)?);
    let httpd = site(&[on_socket(&left)], lines)?.start()?;
    let line = refused(&httpd)?;
    ensure!(line.contains(&left), "{line}");
    Ok(())
}

/// A worker that comes back on the same path is found again.
#[test]
fn rjk_a_socket_that_comes_back() -> Result {
    let first = HttpPeer::unix("w", Script::default())?;
    let path = first.socket().context("no socket")?.to_owned();
    let dir = Dir::new("peer")?;
    let link = dir.join("link");
    std::os::unix::fs::symlink(&path, &link)?;
    let lines = "worker.list=w\nworker.w.retries=1\n";
    let httpd = site(&[on_socket(&link.to_string_lossy())], lines)?.start()?;
    ensure!(client::get(httpd.port(), "/w/1")?.status == 200);
    drop(first);
    ensure!(client::get(httpd.port(), "/w/2")?.status == 503);
    let second = HttpPeer::unix("w", Script::default())?;
    std::fs::remove_file(&link)?;
    std::os::unix::fs::symlink(second.socket().context("no socket")?, &link)?;
    std::thread::sleep(Duration::from_millis(50));
    ensure!(client::get(httpd.port(), "/w/3")?.status == 200);
    ensure!(second.only_request()?.target == "/w/3");
    Ok(())
}
