//! `rjk get`: what it sends, and where the answer goes.

use super::{assert_documented, command, run, url};
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Gate, Peer, Result};
use std::io::{Read, Write};
use std::process::Stdio;

fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(20_000).collect()
}

fn answers_every_byte() -> Script {
    Script::answer(Head::ok(), every_byte())
}

#[test]
fn the_body_comes_as_it_is() -> Result {
    let peer = Peer::start(answers_every_byte())?;
    let output = command(&["get", &url(peer.port(), "/x")])?.output()?;
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(output.stdout == every_byte());
    let dir = Dir::new("get")?;
    let path = dir.join("body");
    let said = run(&[
        "get",
        "-o",
        &path.to_string_lossy(),
        &url(peer.port(), "/x"),
    ])?;
    assert_eq!(
        (said.code, said.out, said.err),
        (Some(0), String::new(), String::new())
    );
    assert!(std::fs::read(path)? == every_byte());
    Ok(())
}

#[test]
fn the_head_goes_before_it() -> Result {
    let head = Head::new(404)
        .reason("Gone fishing")
        .header("X-A", "1")
        .header("X-A", "2");
    let peer = Peer::start(Script::answer(head, "text"))?;
    let said = run(&["get", "-i", &url(peer.port(), "/x")])?;
    assert_eq!(said.out, "AJP/1.3 404 Gone fishing\nX-A: 1\nX-A: 2\n\ntext");
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let said = run(&["get", "-I", &url(peer.port(), "/x")])?;
    assert_eq!(said.out, "AJP/1.3 404 Gone fishing\nX-A: 1\nX-A: 2\n\n");
    assert_eq!(peer.requests()[1].method, "HEAD");
    Ok(())
}

#[test]
fn the_status_decides_the_exit_code() -> Result {
    for (status, code) in [(200, 0), (204, 0), (302, 0), (399, 0), (400, 1), (503, 1)] {
        let peer = Peer::start(Script::new([
            Step::Head(Head::new(status)),
            Step::End(true),
        ]))?;
        let said = run(&["get", &url(peer.port(), "/x")])?;
        assert_eq!((said.code, said.err.as_str()), (Some(code), ""), "{status}");
    }
    Ok(())
}

#[test]
fn a_request_as_curl_would_send_it() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let said = run(&[
        "get",
        "-X",
        "PATCH",
        "-H",
        "X-A: 1",
        "-H",
        "Host: www.example.org",
        "-H",
        "Accept:",
        "-d",
        "a=1&b=2",
        "--attribute",
        "TEAM=blue",
        &url(peer.port(), "/app/x;v=1?q=%20#part"),
    ])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let request = peer.only_request()?;
    assert_eq!(
        (request.method.as_str(), request.uri.as_str()),
        ("PATCH", "/app/x;v=1")
    );
    assert_eq!(request.attribute("query_string"), Some("q=%20"));
    assert_eq!(request.header("X-A"), Some("1"));
    assert_eq!(request.headers_named("Host"), ["www.example.org"]);
    assert_eq!(request.header("Accept"), None);
    assert_eq!(
        request.header("Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        (request.server_name.as_deref(), request.server_port),
        (Some("www.example.org"), 80)
    );
    assert_eq!(request.remote_addr.as_deref(), Some("127.0.0.1"));
    assert_eq!(request.attribute("TEAM"), Some("blue"));
    assert_eq!(
        (request.content_length(), request.body()),
        (7, b"a=1&b=2".to_vec())
    );
    assert!(!request.has_attribute("secret") && peer.pings() == 1);
    Ok(())
}

#[test]
fn headers_of_a_file_are_on_no_command_line() -> Result {
    let (peer, dir) = (Peer::start(Behaviour::Echo)?, Dir::new("get")?);
    let file = dir.write("headers", "Authorization: Basic aHVzaA==\nX-B: 2\n\n")?;
    let said = run(&[
        "get",
        "-H",
        &format!("@{}", file.display()),
        &url(peer.port(), "/"),
    ])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let request = peer.only_request()?;
    assert_eq!(request.header("Authorization"), Some("Basic aHVzaA=="));
    assert_eq!(request.header("X-B"), Some("2"));
    Ok(())
}

#[test]
fn a_body_of_a_file_and_of_a_pipe() -> Result {
    let (peer, dir) = (Peer::start(Behaviour::Echo)?, Dir::new("get")?);
    let file = dir.write("body", every_byte())?;
    let said = run(&[
        "get",
        "-d",
        &format!("@{}", file.display()),
        &url(peer.port(), "/"),
    ])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    for (index, name) in ["-", "@-"].into_iter().enumerate() {
        let mut process = command(&["get", "-d", name, &url(peer.port(), "/")])?
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        process
            .stdin
            .take()
            .context("no pipe")?
            .write_all(&every_byte())?;
        assert!(process.wait()?.success());
        let request = peer.requests().swap_remove(index + 1);
        assert!(request.is_chunked(), "{:?}", request.headers);
        assert!(
            request.body() == every_byte(),
            "{} bytes",
            request.body().len()
        );
    }
    let request = peer.requests().swap_remove(0);
    assert_eq!(
        (request.method.as_str(), request.content_length()),
        ("POST", 20_000)
    );
    assert!(request.body() == every_byte());
    // A file as standard input has a length.
    let mut rjk = command(&["get", "-d", "-", &url(peer.port(), "/")])?;
    let output = rjk.stdin(std::fs::File::open(&file)?).output()?;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(peer.requests().swap_remove(3).content_length(), 20_000);
    Ok(())
}

#[test]
fn what_has_come_is_written_at_once() -> Result {
    let gate = Gate::new();
    let steps = [
        Step::Head(Head::ok()),
        Step::text("first"),
        Step::Flush,
        gate.step(),
        Step::text(" second"),
        Step::End(true),
    ];
    let peer = Peer::start(steps)?;
    let mut rjk = command(&["get", "-i", &url(peer.port(), "/x")])?;
    let mut process = rjk.stdout(Stdio::piped()).spawn()?;
    let mut out = process.stdout.take().context("no pipe")?;
    let expected = b"AJP/1.3 200\nContent-Type: text/plain\n\nfirst";
    let mut begin = vec![0; expected.len()];
    out.read_exact(&mut begin)?;
    assert_eq!(begin, expected);
    gate.open();
    let mut rest = String::new();
    out.read_to_string(&mut rest)?;
    assert_eq!(rest, " second");
    assert!(process.wait()?.success());
    Ok(())
}

#[test]
fn a_reader_that_leaves_changes_no_result() -> Result {
    let peer = Peer::start(Script::answer(Head::new(500), vec![b'x'; 1 << 20]))?;
    let mut rjk = command(&["get", &url(peer.port(), "/x")])?;
    let mut process = rjk.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    process
        .stdout
        .take()
        .context("no pipe")?
        .read_exact(&mut [0; 10])?;
    let output = process.wait_with_output()?;
    assert_eq!((output.status.code(), output.stderr), (Some(1), Vec::new()));
    Ok(())
}

#[test]
fn what_cannot_be_written_could_not_run() -> Result {
    let peer = Peer::start(answers_every_byte())?;
    for (path, part) in [
        ("/nonexistent/body", "/nonexistent/body: No such file"),
        ("/dev/full", "/dev/full: No space left on device"),
    ] {
        let said = run(&["get", "-o", path, &url(peer.port(), "/x")])?;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.err.contains(part) && said.err.contains("-o"),
            "{said:?}"
        );
    }
    Ok(())
}

#[test]
fn times_and_sizes() -> Result {
    let peer = Peer::start(answers_every_byte())?;
    let said = run(&["get", "-w", "-o", "/dev/null", &url(peer.port(), "/x")])?;
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    let start = format!("127.0.0.1:{}  connect ", peer.port());
    assert!(
        said.err.starts_with(&start) && said.err.lines().count() == 1,
        "{said:?}"
    );
    for part in [
        ", CPONG ",
        ", head ",
        ", total ",
        "; body 20 KiB, sent ",
        ", received 20 KiB",
    ] {
        assert!(said.err.contains(part), "{part} {said:?}");
    }
    Ok(())
}

#[test]
fn the_same_as_json() -> Result {
    let head = Head::new(201)
        .reason("Made")
        .header("X-A", "1")
        .header("Set-Cookie", "a=b");
    let (peer, dir) = (Peer::start(Script::answer(head, "text"))?, Dir::new("get")?);
    let (path, to) = (dir.join("body"), url(peer.port(), "/x"));
    let said = run(&[
        "get",
        "--json",
        "-i",
        "-w",
        "-o",
        &path.to_string_lossy(),
        &to,
    ])?;
    let json = said.json()?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out.lines().count(), 1);
    assert_documented("get", &json)?;
    assert_eq!(json["url"], to.as_str());
    assert_eq!(json["address"], format!("127.0.0.1:{}", peer.port()));
    assert_eq!(
        (&json["status"], &json["reason"]),
        (&201.into(), &"Made".into())
    );
    let headers = serde_json::json!([
        { "name": "X-A", "value": "1" },
        { "name": "Set-Cookie", "value": "a=b" },
    ]);
    assert_eq!(json["headers"], headers);
    assert_eq!(
        (&json["body_bytes"], &json["keeps_connection"]),
        (&4.into(), &true.into())
    );
    for name in [
        "sent_bytes",
        "received_bytes",
        "connect_ms",
        "cpong_ms",
        "head_ms",
        "total_ms",
    ] {
        assert!(json[name].as_f64() > Some(0.0), "{name} {json}");
    }
    assert!(json["problem"].is_null() && json["hint"].is_null());
    assert_eq!(std::fs::read(path)?, b"text");
    let said = run(&["get", "--json", &to])?;
    assert_eq!(said.json()?["body_bytes"], 4);
    Ok(())
}
