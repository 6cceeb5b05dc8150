mod framing;
mod headers;
mod host;
mod target;
mod upgrade;

use super::*;
use rjk_message::Attributes;

type Field = (&'static [u8], &'static [u8]);

const HOST: Field = (b"Host", b"www.example");

fn get(headers: &[Field]) -> RequestHead<'_> {
    RequestHead {
        method: b"GET",
        protocol: b"HTTP/1.1",
        uri: b"/app/x",
        remote_addr: Some(b"192.0.2.7"),
        remote_host: None,
        server_name: b"server.example",
        server_port: 8443,
        is_ssl: false,
        headers,
        body: BodyLength::None,
        attributes: Attributes::default(),
    }
}

fn text(head: &RequestHead<'_>, told: &Told<'_>) -> Result<String, RequestError> {
    let mut out = Vec::new();
    encode(head, told, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// The lines, without what is said in every request.
fn lines(head: &RequestHead<'_>, told: &Told<'_>) -> Vec<String> {
    let text = text(head, told).unwrap();
    let head = text.strip_suffix("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").map(str::to_owned);
    lines
        .filter(|line| line != "Connection: keep-alive" && line != "X-Rjk-Activation: ACT")
        .collect()
}

fn target(head: &RequestHead<'_>) -> Result<String, String> {
    let text = text(head, &Told::default()).map_err(|error| error.to_string())?;
    let line = text.split("\r\n").next().unwrap();
    let target = line.strip_prefix("GET ").unwrap();
    Ok(target.strip_suffix(" HTTP/1.1").unwrap().to_owned())
}

/// What is passed on of these headers.
fn passed(headers: &[Field], told: &Told<'_>) -> Vec<String> {
    let all: Vec<Field> = [&[HOST], headers].concat();
    lines(&get(&all), told).split_off(2)
}

fn error(head: &RequestHead<'_>) -> String {
    let mut out = b"before".to_vec();
    let error = encode(head, &Told::default(), &mut out).unwrap_err();
    assert_eq!(out, b"before");
    assert_eq!(error.status(), 400);
    error.to_string()
}

#[test]
fn a_small_request_byte_for_byte() {
    let head = get(&[(b"User-Agent", b"x"), HOST]);
    let expected = "GET /app/x HTTP/1.1\r\nHost: www.example\r\nUser-Agent: x\r\nConnection: keep-alive\r\nX-Rjk-Activation: ACT\r\n\r\n";
    assert_eq!(text(&head, &Told::default()).unwrap(), expected);
}

#[test]
fn what_was_there_before_stays() {
    let mut out = b"a".to_vec();
    encode(&get(&[HOST]), &Told::default(), &mut out).unwrap();
    assert!(out.starts_with(b"aGET "));
}
