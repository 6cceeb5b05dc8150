//! `rjk ping` and `rjk get` over HTTP: what a peer gets, and what is told.

use super::{assert_documented, run, run_with};
use crate::said::Said;
use rjk_testbed::http_peer::{Script, Step, TlsSettings};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::{Authority, Certificate};
use rjk_testbed::{HttpPeer, Result};
use serde_json::{Value, json};
use std::path::PathBuf;

const AGENT: &str = concat!("rjk/", env!("CARGO_PKG_VERSION"));

fn http(peer: &HttpPeer, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", peer.port())
}

fn https(peer: &HttpPeer, path: &str) -> String {
    format!("https://127.0.0.1:{}{path}", peer.port())
}

/// An authority, its file, and a certificate of it for this host.
pub struct Trust {
    pub authority: Authority,
    pub own: Certificate,
    dir: Dir,
}

impl Trust {
    pub fn new() -> Result<Trust> {
        let (authority, dir) = (Authority::new("Internal")?, Dir::new("trust")?);
        dir.write("ca.pem", authority.root()?)?;
        Ok(Trust {
            own: authority.server(&["127.0.0.1", "was1.test"])?,
            authority,
            dir,
        })
    }

    pub fn ca(&self) -> String {
        self.path("ca.pem").to_string_lossy().into_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A client's certificate and its key, which only this user can read.
    pub fn client(&self, by: &Authority) -> Result<[String; 2]> {
        let client = by.client("web1")?;
        let cert = self.dir.write("client.pem", &client.certificate)?;
        let key = self.dir.write("client.key", &client.key)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key, mode)?;
        Ok([cert, key].map(|path| path.to_string_lossy().into_owned()))
    }

    pub fn settings(&self) -> TlsSettings {
        TlsSettings::new(self.own.clone(), "was1.test")
    }
}

/// Everything that was asked is one sound request.
fn assert_sound(peer: &HttpPeer) {
    assert_eq!(peer.faults(), Vec::<String>::new());
}

#[test]
fn a_probe_asks_for_a_path_and_says_what_came() -> Result {
    let answer = "HTTP/1.1 503 Warming up\r\nContent-Length: 5\r\n\r\n";
    let peer = HttpPeer::start("was1", Script::answer(answer))?;
    let to = http(&peer, "/health?of=db");
    let said = run(&["ping", "-c", "3", "-i", "10ms", &to])?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let lines = said.lines();
    let place = format!("127.0.0.1:{}", peer.port());
    assert_eq!(lines[0], format!("HEAD {to}: {place}"));
    for (line, number) in lines[1..4].iter().zip(1..) {
        let start = format!("{number} {place} connect ");
        let parts = line.contains(", HEAD ") && line.ends_with(", status 503");
        assert!(line.starts_with(&start) && parts, "{line}");
    }
    assert_eq!(lines[4], "3 probes, 3 answered, 0% lost");
    assert!(lines[5].starts_with("connect min ") && lines[6].starts_with("HEAD min "));
    assert_eq!((lines.len(), peer.connections()), (7, 3));
    for request in peer.requests() {
        let head = format!("HEAD /health?of=db HTTP/1.1\r\nHost: {place}\r\n");
        let sent = String::from_utf8_lossy(&request.raw_head).into_owned();
        assert!(sent.starts_with(&head), "{sent}");
    }
    assert_sound(&peer);
    Ok(())
}

#[test]
fn a_probe_without_a_path_and_on_one_connection() -> Result {
    let peer = HttpPeer::start("was1", Script::default())?;
    let said = run(&["ping", "-k", "-c", "4", "-i", "0", &http(&peer, "")])?;
    assert_eq!((said.code, peer.connections()), (Some(0), 1), "{said:?}");
    let targets: Vec<String> = peer.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/"; 4]);
    assert_eq!(said.out.matches("connect ").count(), 2, "{said:?}");
    Ok(())
}

#[test]
fn an_answer_that_ends_the_connection_is_a_failed_check() -> Result {
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let peer = HttpPeer::start("was1", Script::answer(answer))?;
    let said = run(&["ping", "-c", "1", &http(&peer, "/")])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let expected = "lost: it answers HEAD, and ends the connection with the answer; the module takes that for a failed check";
    assert!(said.out.contains(expected), "{said:?}");
    let said = run(&["--json", "ping", "-c", "1", &http(&peer, "/")])?;
    assert_eq!(
        said.json()?["probes"][0]["problem"]["kind"],
        "ends_connection"
    );
    Ok(())
}

#[test]
fn what_tls_comes_to_is_told_once() -> Result {
    let trust = Trust::new()?;
    let peer = HttpPeer::tls("was1", Script::default(), &trust.settings())?;
    let (ca, to) = (trust.ca(), https(&peer, "/health"));
    let said = run(&["ping", "--ca", &ca, "-c", "3", "-i", "0", &to])?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let lines = said.lines();
    assert_eq!(lines[0], format!("HEAD {to}: 127.0.0.1:{}", peer.port()));
    let agreed = "TLSv1.3, TLS_";
    let whose = "; certificate of CN=127.0.0.1, O=Testbed, issued by CN=Internal, O=Testbed, valid until 20";
    assert!(
        lines[1].starts_with(agreed) && lines[1].contains(whose),
        "{said:?}"
    );
    assert_eq!(said.out.matches(agreed).count(), 1, "{said:?}");
    assert_eq!(said.out.matches(", TLS ").count(), 3, "{said:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("TLS min ")),
        "{said:?}"
    );
    let json = run(&["--json", "ping", "--cacert", &ca, "-c", "1", &to])?.json()?;
    for value in [&json, &json["probes"][0], &json["tls"]] {
        assert_documented("ping", value)?;
    }
    assert_eq!(json["target"], to.as_str());
    assert_eq!(
        (&json["tls"]["version"], &json["tls"]["verified"]),
        (&json!("TLSv1.3"), &json!(true))
    );
    assert_eq!(json["tls"]["issuer"], "CN=Internal, O=Testbed");
    let probe = &json["probes"][0];
    assert_eq!(
        (&probe["status"], &probe["cpong_ms"]),
        (&json!(200), &Value::Null)
    );
    for time in ["connect_ms", "tls_ms", "head_ms"] {
        assert!(probe[time].as_f64() > Some(0.0) && json[time]["max"].as_f64() > Some(0.0));
    }
    assert_eq!(json["cpong_ms"], Value::Null);
    assert_sound(&peer);
    Ok(())
}

#[test]
fn a_get_is_what_the_module_would_send() -> Result {
    let peer = HttpPeer::start("was1", Script::default())?;
    let said = run(&["get", &http(&peer, "/a%20b;v=1?x=%2F#part")])?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("target=/a%20b;v=1?x=%2F\n"), "{said:?}");
    let request = peer.only_request()?;
    let own = request
        .header("X-Rjk-Remote-Port")
        .unwrap_or_default()
        .to_owned();
    let port = peer.port();
    let expected = format!(
        "GET /a%20b;v=1?x=%2F HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {AGENT}\r\n\
         Accept: */*\r\nConnection: keep-alive\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n\
         X-Forwarded-Host: 127.0.0.1:{port}\r\nX-Forwarded-Port: {port}\r\n\
         X-Rjk-Remote-Port: {own}\r\nX-Rjk-Local-Addr: 127.0.0.1\r\nX-Rjk-Activation: ACT\r\n\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&request.raw_head), expected);
    assert!(own.parse::<u16>().is_ok(), "{own}");
    assert_sound(&peer);
    Ok(())
}

#[test]
fn facts_of_another_client() -> Result {
    let peer = HttpPeer::start("was1", Script::default())?;
    let client = ["--client", "192.0.2.7", "--client-scheme", "https"];
    let host = ["-H", "Host: shop.test", "--attribute", "TEAM=a b"];
    let kind = ["--forward", "both"];
    let to = http(&peer, "/");
    let said = run(&[&["get"][..], &client, &host, &kind, &[&to]].concat())?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let request = peer.only_request()?;
    for (name, value) in [
        ("Host", "shop.test"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("Forwarded", "for=192.0.2.7;host=shop.test;proto=https"),
        ("X-Rjk-Env-TEAM", "a%20b"),
    ] {
        assert_eq!(request.all(name), [value], "{name}");
    }
    assert_eq!(request.header("X-Rjk-Remote-Port"), None);
    run(&["get", "--forward", "none", &to])?;
    let request = &peer.requests()[1];
    for name in ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"] {
        assert_eq!(request.header(name), None);
    }
    assert_sound(&peer);
    Ok(())
}

#[test]
fn what_the_module_tells_nobody_else_does() -> Result {
    let peer = HttpPeer::start("was1", Script::default())?;
    for header in [
        "X-Forwarded-For: 1.2.3.4",
        "Connection: close",
        "X-Rjk-Route: a",
    ] {
        let said = run(&["get", "-H", header, &http(&peer, "/")])?;
        assert_eq!(said.code, Some(2), "{said:?}");
        let name = header.split(':').next().unwrap_or_default();
        let expected = format!("over HTTP the module tells {name} itself");
        assert!(
            said.err.contains(&expected) && said.err.contains("--client"),
            "{said:?}"
        );
    }
    assert_eq!(peer.requests(), []);
    Ok(())
}

#[test]
fn a_secret_has_a_header() -> Result {
    let (peer, dir) = (
        HttpPeer::start("was1", Script::default())?,
        Dir::new("secret")?,
    );
    let (file, to) = (dir.write("secret", "hush word\n")?, http(&peer, "/"));
    let file = file.to_string_lossy();
    let said = run(&["get", "--secret-file", &file, &to])?;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("give --secret-header NAME"), "{said:?}");
    let named = [
        "get",
        "--secret-file",
        &file,
        "--secret-header",
        "X-Worker-Secret",
        &to,
    ];
    assert_eq!(run(&named)?.code, Some(0));
    assert_eq!(
        peer.only_request()?.header("X-Worker-Secret"),
        Some("hush word")
    );
    // What is set for a peer of AJP is for nobody else.
    let said = run_with(&["get", &to], &[("RJK_SECRET", "hush word")])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!String::from_utf8_lossy(&peer.requests()[1].raw_head).contains("hush"));
    Ok(())
}

#[test]
fn bodies_of_known_and_of_unknown_length() -> Result {
    let (peer, dir) = (
        HttpPeer::start("was1", Script::default())?,
        Dir::new("body")?,
    );
    let text = "a=1&b=2".repeat(10_000);
    let file = dir.write("body", &text)?;
    let from = format!("@{}", file.display());
    let said = run(&["get", "-d", &from, &http(&peer, "/up")])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let mut piped = super::command(&["get", "-d", "-", "-X", "PUT", &http(&peer, "/up")])?;
    let cat = std::process::Command::new("cat")
        .arg(&file)
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let output = piped
        .stdin(cat.stdout.unwrap_or_else(|| panic!("no pipe")))
        .output()?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let requests = peer.requests();
    let methods: Vec<&str> = requests.iter().map(|r| r.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PUT"]);
    assert!(
        requests
            .iter()
            .all(|request| request.body == text.as_bytes())
    );
    let length = text.len().to_string();
    assert_eq!(requests[0].header("Content-Length"), Some(length.as_str()));
    assert_eq!(requests[1].header("Transfer-Encoding"), Some("chunked"));
    assert_sound(&peer);
    Ok(())
}

#[test]
fn the_head_of_an_answer() -> Result {
    let answer = "HTTP/1.1 404 Gone fishing\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\n";
    let body = Script::answer(&format!("{answer}text"));
    let peer = HttpPeer::start("was1", body.then([Step::text(answer)]))?;
    let head = "HTTP/1.1 404 Gone fishing\nX-A: 1\nX-A: 2\nContent-Length: 4\n\n";
    let said = run(&["get", "-i", &http(&peer, "/x")])?;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(1), format!("{head}text").as_str())
    );
    let said = run(&["get", "-I", &http(&peer, "/x")])?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), head), "{said:?}");
    Ok(())
}

#[test]
fn a_get_in_tls_and_its_times() -> Result {
    let trust = Trust::new()?;
    let peer = HttpPeer::tls("was1", Script::default(), &trust.settings())?;
    let (ca, to) = (trust.ca(), https(&peer, "/x"));
    let said = run(&["get", "-w", "--ca", &ca, &to])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<&str> = said.err.lines().collect();
    assert!(lines[0].starts_with("TLSv1.3, TLS_"), "{said:?}");
    let start = format!("127.0.0.1:{}  connect ", peer.port());
    assert!(
        lines[1].starts_with(&start) && lines[1].contains(", TLS "),
        "{said:?}"
    );
    assert!(
        lines[1].contains(", head ") && !lines[1].contains("CPONG"),
        "{said:?}"
    );
    // Whoever asks in TLS is a client in TLS, unless it is said otherwise.
    let proto = |at: usize| {
        peer.requests()[at]
            .header("X-Forwarded-Proto")
            .map(str::to_owned)
    };
    assert_eq!(proto(0).as_deref(), Some("https"));
    let json = run(&["--json", "get", "--ca", &ca, "--client-scheme", "http", &to])?.json()?;
    assert_eq!(proto(1).as_deref(), Some("http"));
    for value in [&json, &json["tls"]] {
        let verb = if value["version"].is_null() {
            "get"
        } else {
            "ping"
        };
        assert_documented(verb, value)?;
    }
    assert_eq!(json["address"], format!("127.0.0.1:{}", peer.port()));
    assert!(
        json["tls_ms"].as_f64() > Some(0.0) && json["cpong_ms"].is_null(),
        "{json}"
    );
    assert_sound(&peer);
    Ok(())
}

/// It works, and says each time that nobody knows who answers.
#[test]
fn a_certificate_that_nobody_looks_at() -> Result {
    let trust = Trust::new()?;
    let peer = HttpPeer::tls("was1", Script::default(), &trust.settings())?;
    let said = run(&["get", "--insecure", &https(&peer, "/x")])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.starts_with("rjk: TLSv1.3, "), "{said:?}");
    assert!(said.err.ends_with("; NOT VERIFIED\n"), "{said:?}");
    let said = run(&["ping", "--insecure", "-c", "1", &https(&peer, "/x")])?;
    assert_eq!(
        (said.code, said.out.matches("; NOT VERIFIED\n").count()),
        (Some(0), 1)
    );
    let json = run(&["--json", "get", "--insecure", &https(&peer, "/x")])?.json()?;
    assert_eq!(json["tls"]["verified"], json!(false));
    Ok(())
}

#[test]
fn a_client_with_a_certificate() -> Result {
    let trust = Trust::new()?;
    let settings = TlsSettings {
        clients: Some(trust.authority.clone()),
        ..trust.settings()
    };
    let peer = HttpPeer::tls("was1", Script::default(), &settings)?;
    let [cert, key] = trust.client(&trust.authority)?;
    let (ca, to) = (trust.ca(), https(&peer, "/x"));
    let shown = ["--ca", &ca, "--cert", &cert, "--key", &key, &to];
    for verb in [&["get"][..], &["ping", "-c", "1"]] {
        let said = run(&[verb, &shown].concat())?;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    Ok(())
}

/// The socket says where, the URL what.
#[test]
fn through_a_unix_socket() -> Result {
    let peer = HttpPeer::unix("was1", Script::default())?;
    let path = peer.socket().unwrap_or_else(|| panic!("no socket"));
    let path = path.to_string_lossy().into_owned();
    let to = "http://shop.test/x";
    let said = run(&["get", "-w", "--unix-socket", &path, to])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.err.starts_with(&format!("{path}  connect ")),
        "{said:?}"
    );
    let request = peer.only_request()?;
    assert_eq!(request.header("Host"), Some("shop.test"));
    assert_eq!(request.header("X-Forwarded-For"), Some("127.0.0.1"));
    let said = run(&["ping", "-c", "1", "--socket", &path, to])?;
    let lines = said.lines();
    assert_eq!(lines[0], format!("HEAD http://shop.test:80/x: {path}"));
    assert!(
        lines[1].starts_with(&format!("1 {path} connect ")),
        "{said:?}"
    );
    let json = run(&["--json", "ping", "-c", "1", "--socket", &path, to])?.json()?;
    assert_eq!(
        (&json["addresses"], &json["probes"][0]["address"]),
        (&json!([path]), &json!(path))
    );
    let json = run(&["--json", "get", "--socket", &path, to])?.json()?;
    assert_eq!(
        (&json["address"], &json["status"]),
        (&json!(path), &json!(200))
    );
    assert_sound(&peer);
    Ok(())
}

fn refused(said: &Said, code: i32, part: &str) {
    assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{said:?}");
    assert!(said.err.contains(part), "{said:?}");
}

#[test]
fn what_cannot_run() -> Result {
    let trust = Trust::new()?;
    let [cert, key] = trust.client(&trust.authority)?;
    let open = trust.path("open.key").to_string_lossy().into_owned();
    std::fs::copy(&key, &open)?;
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    let to = "https://127.0.0.1:1/";
    for (arguments, part) in [
        (
            &["--ca", "f", "http://127.0.0.1:1/"][..],
            "--ca is for TLS; write https://",
        ),
        (&["--insecure", "127.0.0.1:1"], "--insecure is for TLS"),
        (
            &["--ca", "/nonexistent/ca.pem", to],
            "/nonexistent/ca.pem cannot be read",
        ),
        (&["--ca", &key, to], "has no certificate in it"),
        (
            &["--cert", &cert, "--key", &open, to],
            "can be read by anybody",
        ),
        (&["--cert", &cert, to], "--key <FILE>"),
        (&["--worker", "w", "/"], "--conf <FILE>"),
    ] {
        refused(&run(&[&["get"], arguments].concat())?, 2, part);
    }
    let peer = HttpPeer::start("was1", Script::default())?;
    let said = run(&["get", "-X", "CONNECT", &http(&peer, "/")])?;
    refused(&said, 2, "the method CONNECT is not for a worker; ");
    assert_eq!(peer.requests(), []);
    Ok(())
}
