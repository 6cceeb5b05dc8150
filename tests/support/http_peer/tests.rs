//! The peers against clients that send byte by byte.

use super::*;
use crate::client::{BodyEnd, Client, Request};
use crate::tls::Authority;
use openssl::ssl::{SslConnector, SslMethod};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

fn client(peer: &HttpPeer) -> Client {
    Client::connect(peer.port()).unwrap()
}

#[test]
fn requests_are_recorded_with_their_bodies() {
    let peer = HttpPeer::start("p", Script::default()).unwrap();
    let mut client = client(&peer);
    let post = || Request::new("POST", "/x?q");
    for request in [post().body("12345"), post().chunked("12345", 2)] {
        let answer = client.send(&request.header("X-A", "1")).unwrap();
        assert_eq!(answer.field("body").as_deref(), Some("5"), "{answer:?}");
    }
    let requests = peer.wait_requests(2).unwrap();
    for request in &requests {
        assert!(request.is_whole);
        assert_eq!(
            (request.target.as_str(), request.header("x-a")),
            ("/x?q", Some("1"))
        );
        assert_eq!(
            (request.body.as_slice(), request.connection),
            (&b"12345"[..], 0)
        );
    }
    assert_eq!((peer.connections(), peer.faults()), (1, vec![]));
}

/// What comes, and a word of the fault.
#[rustfmt::skip]
const FAULTS: &[(&str, &str)] = &[
        ("GET /x HTTP/1.1\nHost: a\r\n\r\n", "request line"),
        ("GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", "request line"),
        ("GET /x HTTP/1.0\r\nHost: a\r\n\r\n", "version"),
        ("G(T /x HTTP/1.1\r\nHost: a\r\n\r\n", "method"),
        ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", "target"),
        ("GET /x HTTP/1.1\r\n\r\n", "0 Host"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "2 Host"),
        ("GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "name"),
        ("GET /x HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "no colon"),
        ("GET /x HTTP/1.1\r\nHost: a\rb\r\n\r\n", "value of Host"),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n",
            "value of X",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "chunked",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
            "Chunked",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "Content-Length",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            "Content-Length",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\n\r\n",
            "chunk size",
        ),
        (
            "GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
            "a chunk that goes on",
        ),
    ];

#[test]
fn what_has_two_readings_is_a_fault() {
    for (bytes, why) in FAULTS {
        let peer = HttpPeer::start("p", Script::default()).unwrap();
        let mut client = client(&peer);
        client.raw(bytes.as_bytes()).unwrap();
        let seen = wait::became(SEEN_LIMIT, || !peer.faults().is_empty());
        assert!(
            seen && peer.faults()[0].contains(why),
            "{bytes:?}: {:?}",
            peer.faults()
        );
    }
}

#[test]
fn scripts_go_on_request_by_request_and_the_last_repeats() {
    const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";
    let peer = HttpPeer::start("p", Script::answer(EMPTY).then_echo()).unwrap();
    let mut client = client(&peer);
    let statuses = [0; 3].map(|_| client.send(&Request::get("/")).unwrap().status);
    assert_eq!(statuses, [204, 200, 200]);
}

#[test]
fn connections_end_in_each_way() {
    let half = Step::text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    for (end, ending) in [
        (Step::Close, "closed by the script"),
        (Step::Reset, "reset by the script"),
        (Step::FinishSending, "closed by the client"),
    ] {
        let peer = HttpPeer::start(
            "p",
            [half.clone(), Step::Sleep(Duration::from_millis(50)), end],
        );
        let peer = peer.unwrap();
        let mut client = client(&peer);
        let answer = client.send(&Request::get("/")).unwrap();
        assert!(matches!(answer.end, BodyEnd::Broken(_)), "{answer:?}");
        drop(client);
        assert!(
            wait::became(SEEN_LIMIT, || peer.endings() == [ending]),
            "{:?}",
            peer.endings()
        );
    }
}

#[test]
fn a_stalling_peer_sees_the_client_go() {
    let peer = HttpPeer::start("p", [Step::Stall]).unwrap();
    let mut client = client(&peer);
    client.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    peer.wait_requests(1).unwrap();
    assert_eq!(peer.open_connections(), 1);
    drop(client);
    assert!(wait::became(SEEN_LIMIT, || peer.endings() == ["closed by the client"]));
}

const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn a_peer_listens_on_a_unix_socket() {
    let peer = HttpPeer::unix("p", Script::default()).unwrap();
    let Place::Socket(path, _) = &peer.place else {
        panic!("no socket")
    };
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(GET).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[test]
fn a_peer_speaks_tls() {
    let authority = Authority::new("own").unwrap();
    let settings = TlsSettings::new(authority.server(&["a.test"]).unwrap(), "a.test");
    let peer = HttpPeer::tls("p", Script::default(), &settings).unwrap();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let root = openssl::x509::X509::from_pem(authority.root().unwrap().as_bytes()).unwrap();
    connector.cert_store_mut().add_cert(root).unwrap();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, peer.port())).unwrap();
    let mut stream = connector.build().connect("a.test", stream).unwrap();
    stream.write_all(GET).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(peer.only_request().unwrap().target, "/x");
}
