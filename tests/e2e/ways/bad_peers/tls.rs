//! TLS that fails, or that stops in the middle.

use super::{Told, errors, in_front_of, told};
use openssl::ssl::SslVersion;
use rjk_testbed::client::Request;
use rjk_testbed::http_peer::{Script, Step, TlsSettings};
use rjk_testbed::tls::{Authority, Days};
use rjk_testbed::way::CA_FILE;
use rjk_testbed::{HttpPeer, Httpd, Result, Table, client, ensure, wait};
use std::time::Duration;

const NAME: &str = "peer.test";

/// A peer with TLS, in a row of a table: name, the peer, what the client gets, words of the line.
type Row = (&'static str, HttpPeer, Told, &'static [&'static str]);

/// Plays rows in one server.
fn play(authority: &Authority, rows: &[Row]) -> Result {
    let reaches: Vec<_> = rows
        .iter()
        .map(|(name, peer, ..)| peer.reach(name))
        .collect();
    let names: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    let httpd = in_front_of(authority, &reaches, &names, "")?;
    let mut table = Table::default();
    for (name, _, expected, says) in rows {
        let seen = told(&httpd, &Request::get(&format!("/{name}/x")))?;
        table.check(name, seen, expected.clone());
        if says.is_empty() {
            continue;
        }
        table.check(name, line_of(&httpd, name, says), true);
    }
    table.finish()?;
    httpd.assert_clean();
    Ok(())
}

fn line_of(httpd: &Httpd, name: &str, says: &[&str]) -> bool {
    wait::became(Duration::from_secs(5), || !errors(httpd, name).is_empty());
    let lines = errors(httpd, name);
    let is_right = |line: &String| says.iter().all(|said| line.contains(said));
    let right = lines.len() == 1 && lines.iter().all(is_right);
    if !right {
        println!("{name}: {lines:#?}, wanted {says:?}");
    }
    right
}

/// Each way a handshake can fail has a line of its own.
#[test]
#[rustfmt::skip]
fn rjk_handshakes_that_fail() -> Result {
    let (own, other) = (Authority::new("Own")?, Authority::new("Other")?);
    let with = |certificate| TlsSettings::new(certificate, NAME);
    let good = || -> Result<TlsSettings> { Ok(with(own.server(&[NAME])?)) };
    let known = || -> Result<TlsSettings> { Ok(TlsSettings { clients: Some(own.clone()), ..good()? }) };
    let until = |settings, version| TlsSettings { at_most: Some(version), ..settings };
    let row = |name, settings: TlsSettings, told, says| -> Result<Row> {
        Ok((name, HttpPeer::tls(name, Script::default(), &settings)?, told, says))
    };
    let echo = Told::Whole("peer=good\nmethod=GET\ntarget=/good/x\nbody=0\n".into());
    let failed = || Told::Status(503);
    let rows = [
        row("good", good()?, echo, &[])?,
        row("unknown", with(other.server(&[NAME])?), failed(), &["ca"])?,
        row("name", with(own.server(&["other.test"])?), failed(), &["other.test", NAME])?,
        row("expired", with(own.server_valid(&[NAME], Days::PAST)?), failed(), &["expired"])?,
        row("early", with(own.server_valid(&[NAME], Days::FUTURE)?), failed(), &["valid from"])?,
        row("purpose", with(own.client(NAME)?), failed(), &["certificate"])?,
        // TLS 1.3 says so behind the handshake, TLS 1.2 in it: no request was seen either way.
        row("known", known()?, failed(), &["certificate"])?,
        row("known12", until(known()?, SslVersion::TLS1_2), failed(), &["certificate"])?,
        row("old", until(good()?, SslVersion::TLS1), failed(), &["sslEnabledProtocols"])?,
    ];
    play(&own, &rows)
}

/// With a certificate of ours a peer that wants one is content.
#[test]
fn rjk_a_client_certificate() -> Result {
    let own = Authority::new("Own")?;
    let mut settings = TlsSettings::new(own.server(&[NAME])?, NAME);
    settings.clients = Some(own.clone());
    let peer = HttpPeer::tls("w", Script::default(), &settings)?;
    let client = own.client("httpd")?;
    let mut reach = peer.reach("w");
    reach.toml = reach.toml.replace(
        " }",
        ", cert = \"@ROOT@/conf/client.pem\", key = \"@ROOT@/conf/client.key\" }",
    );
    let httpd = rjk_testbed::way::site(&own, &[reach], "worker.list=w\n")?
        .file("conf/client.pem", client.certificate)
        .private_file("conf/client.key", client.key)
        .directives("JkMount /w/* w")
        .start()?;
    ensure!(client::get(httpd.port(), "/w/x")?.status == 200);
    Ok(())
}

/// Clear text where TLS is expected, and the other way round.
#[test]
fn rjk_tls_and_clear_text_mixed_up() -> Result {
    let own = Authority::new("Own")?;
    let settings = TlsSettings::new(own.server(&[NAME])?, NAME);
    let plain = HttpPeer::start("plain", Script::default())?;
    let talks = HttpPeer::start(
        "talks",
        Script::default().on_accept([Step::text("HTTP/1.1 400 Bad\r\n\r\n")]),
    )?;
    let secret = HttpPeer::tls("secret", Script::default(), &settings)?;
    let tls = format!("tls = {{ ca = \"@ROOT@/{CA_FILE}\", server_name = \"{NAME}\" }}");
    let mut clear = secret.reach("secret");
    clear.toml = clear
        .toml
        .lines()
        .filter(|line| !line.starts_with("tls"))
        .fold(String::new(), |text, line| text + line + "\n");
    let reaches = [
        plain.reach("plain").more(&tls),
        talks.reach("talks").more(&tls),
        clear,
    ];
    let httpd = in_front_of(
        &own,
        &reaches,
        &["plain", "talks", "secret"],
        "worker.plain.socket_connect_timeout=1000\nworker.plain.socket_timeout=2\n",
    )?;
    let mut table = Table::default();
    for (name, says) in [
        ("talks", &["TLS"][..]),
        ("plain", &["TLS"]),
        ("secret", &["failed while"]),
    ] {
        let seen = told(&httpd, &Request::get(&format!("/{name}/x")))?;
        table.check(name, matches!(seen, Told::Status(502 | 503)), true);
        table.check(name, line_of(&httpd, name, says), true);
    }
    table.finish()
}

/// Bytes below TLS, and the end without a word.
fn below(bytes: &[u8]) -> Vec<Step> {
    vec![Step::SendBelow(bytes.to_vec()), Step::Cut]
}

#[test]
#[rustfmt::skip]
fn rjk_tls_that_stops() -> Result {
    const AWAIT: &[&str] = &["waiting for the response"];
    const RECEIVE: &[&str] = &["receiving the response"];
    let own = Authority::new("Own")?;
    let settings = TlsSettings::new(own.server(&[NAME])?, NAME);
    let half = |framing: &str| vec![
        Step::text(&format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\nhalf")),
        Step::Sleep(Duration::from_millis(150)),
    ];
    let known = || half("Content-Length: 1000");
    let to_end = || half("Connection: close");
    let row = |name, steps: Vec<Vec<Step>>, told, says| -> Result<Row> {
        Ok((name, HttpPeer::tls(name, Script::new(steps.concat()), &settings)?, told, says))
    };
    // A record's head says how long it is: half of it, all of it with a wrong sum, an alert that is none.
    let half_record = || below(&[&[0x17, 3, 3, 0, 200][..], &[7; 40]].concat());
    let forged = || below(&[&[0x17, 3, 3, 0, 40][..], &[7; 40]].concat());
    let alert = || below(&[0x15, 9, 9, 0, 2, 2, 40]);
    let (failed, broken, whole) = (|| Told::Status(502), || Told::BrokenOff, || Told::Whole("half".to_owned()));
    let rows = [
        row("record-for-head", vec![half_record()], failed(), AWAIT)?,
        row("clear-for-head", vec![below(b"HTTP/1.1 200 OK\r\n\r\n")], failed(), AWAIT)?,
        row("record-in-body", vec![known(), half_record()], broken(), RECEIVE)?,
        row("forged-in-body", vec![known(), forged()], broken(), RECEIVE)?,
        row("alert-in-body", vec![known(), alert()], broken(), RECEIVE)?,
        row("cut-in-body", vec![known(), vec![Step::Cut]], broken(), RECEIVE)?,
        // An answer that ends with the connection is whole only if TLS says so.
        row("cut-at-the-end", vec![to_end(), vec![Step::Cut]], broken(), RECEIVE)?,
        row("closed-at-the-end", vec![to_end(), vec![Step::Close]], whole(), &[])?,
        row("cut-behind-a-length", vec![half("Content-Length: 4"), vec![Step::Cut]], whole(), &[])?,
    ];
    play(&own, &rows)
}

/// A handshake that does not go on is ended by the time limit of connecting.
#[test]
fn rjk_a_handshake_that_stands_still() -> Result {
    let own = Authority::new("Own")?;
    let silent = Script::default().on_accept([Step::Run(std::sync::Arc::new(|connection| {
        while !connection.is_stopping() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }))]);
    let peer = HttpPeer::start("w", silent)?;
    let tls = format!("tls = {{ ca = \"@ROOT@/{CA_FILE}\", server_name = \"{NAME}\" }}");
    let reach = peer.reach("w").more(&tls);
    let httpd = in_front_of(
        &own,
        &[reach],
        &["w"],
        "worker.w.socket_connect_timeout=500\nworker.w.retries=1\n",
    )?;
    let began = std::time::Instant::now();
    let seen = told(&httpd, &Request::get("/w/x"))?;
    ensure!(seen == Told::Status(503), "{seen:?}");
    ensure!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    ensure!(line_of(&httpd, "w", &["TLS"]));
    Ok(())
}

/// Connections are used again, sessions are resumed, and session tickets, which come behind the handshake,
/// are no bytes of an answer.
#[test]
fn rjk_connections_with_tickets_are_reused() -> Result {
    let own = Authority::new("Own")?;
    for (tickets, at_most) in [
        (0, None),
        (2, None),
        (5, None),
        (2, Some(SslVersion::TLS1_2)),
    ] {
        let mut settings = TlsSettings::new(own.server(&[NAME])?, NAME);
        (settings.tickets, settings.at_most) = (tickets, at_most);
        let peer = HttpPeer::tls("w", Script::default(), &settings)?;
        let httpd = in_front_of(&own, &[peer.reach("w")], &["w"], "")?;
        for number in 0..6 {
            let target = format!("/w/{number}");
            let answer = client::get(httpd.port(), &target)?;
            ensure!(answer.field("target") == Some(target), "{answer:?}");
            std::thread::sleep(Duration::from_millis(30));
        }
        ensure!(
            peer.connections() == 1,
            "{tickets} {at_most:?}: {}",
            peer.connections()
        );
    }
    Ok(())
}
