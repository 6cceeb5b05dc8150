//! A reader that goes away changes nothing of what a verb does, and nothing of how it ends.
#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A status worker whose members always have a request in flight.
struct Host {
    url: String,
    is_drained: Arc<AtomicBool>,
}

impl Host {
    /// One that changes its member `m1`, or says so and does not.
    fn start(obeys: bool) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/st", listener.local_addr().unwrap());
        let is_drained = Arc::new(AtomicBool::new(false));
        let kept = Arc::clone(&is_drained);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), obeys, &kept);
            }
        });
        Host { url, is_drained }
    }
}

fn answer(mut stream: TcpStream, obeys: bool, is_drained: &AtomicBool) {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().unwrap().unwrap();
    for line in lines {
        if line.unwrap().is_empty() {
            break;
        }
    }
    if obeys && request.contains("cmd=update") {
        is_drained.store(true, Ordering::SeqCst);
    }
    let body = list(is_drained.load(Ordering::SeqCst)).to_string();
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).unwrap();
}

fn list(is_drained: bool) -> Value {
    let member = |name: &str, activation: &str| {
        json!({
            "name": name, "route": name, "activation": activation, "state": "OK",
            "busy": 1, "elected": 1, "errors": 0, "last_reset_at": 0,
        })
    };
    let first = if is_drained { "DIS" } else { "ACT" };
    json!({
        "result": {"type": "OK", "message": ""},
        "time": {"unix": 7}, "software": {"jk_version": "mod_rjk/1"},
        "balancers": [{"name": "lb", "members": [member("m1", first), member("m2", "ACT")]}],
    })
}

/// `rjk` where nobody reads standard output.
fn unread(arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut rjk = Command::new(env!("CARGO_BIN_EXE_rjk"));
    rjk.args(arguments).stdout(writer).output().unwrap()
}

#[test]
fn a_drain_waits_all_the_same() {
    for json in [&[][..], &["--json"]] {
        let host = Host::start(true);
        let arguments = [
            "drain",
            "--wait",
            "--timeout",
            "300ms",
            &host.url,
            "lb",
            "m1",
        ];
        let output = unread(&[&arguments, json].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(host.is_drained.load(Ordering::SeqCst), "{said}");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("not drained after"), "{said}");
        assert!(said.contains("m1: busy 1"), "{said}");
    }
}

#[test]
fn a_host_that_was_not_changed_is_told() {
    let host = Host::start(false);
    let output = unread(&["stop", &host.url, "lb", "m1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("not as it should be"), "{said}");
}

#[test]
fn what_was_found_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workers.properties");
    std::fs::write(&file, "worker.list=w\nworker.w.prot=1\n").unwrap();
    for json in [&[][..], &["--json"]] {
        let check = [&["check", file.to_str().unwrap()], json].concat();
        assert_eq!(unread(&check).status.code(), Some(1), "{json:?}");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = format!("http://{}/st", listener.local_addr().unwrap());
        drop(listener);
        let status = [&["status", gone.as_str()], json].concat();
        assert_eq!(unread(&status).status.code(), Some(1), "{json:?}");
    }
    assert_eq!(unread(&["schema"]).status.code(), Some(0));
}

#[test]
fn all_manual_pages_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = unread(&["manual", "--into", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(folder.path().join("man5/rjk.toml.5").is_file());
}

/// Neither does one of standard error.
#[test]
fn words_that_nobody_reads_change_no_ending() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut rjk = Command::new(env!("CARGO_BIN_EXE_rjk"));
    let host = Host::start(false);
    let status = rjk
        .args(["stop", &host.url, "lb", "m1"])
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}
