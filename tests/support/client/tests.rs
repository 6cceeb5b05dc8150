use super::*;
use std::net::TcpListener;

/// A client whose server sends `answer` and closes.
fn client_of(answer: &'static [u8]) -> Client {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = Client::connect(listener.local_addr().unwrap().port()).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(answer).unwrap();
    client
}

#[test]
fn bodies_end_by_length_by_chunks_by_close_or_not_at_all() {
    let cases: [(&str, &'static [u8], &[u8]); 5] = [
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcrest", b"abc"),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: 1\r\n\r\n", b"abc"),
        ("GET", b"HTTP/1.0 200 OK\r\n\r\nabc", b"abc"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", b""),
    ];
    for (method, answer, body) in cases {
        let response = client_of(answer).response(method).unwrap();
        assert_eq!(response.body, body, "{}", latin1(answer));
        assert_eq!(response.end, BodyEnd::Complete, "{}", latin1(answer));
    }
}

#[test]
fn broken_bodies_keep_what_arrived() {
    let cases: [&'static [u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcxx\r\n",
    ];
    for answer in cases {
        let response = client_of(answer).response("GET").unwrap();
        assert_eq!(response.body, b"abc", "{}", latin1(answer));
        assert!(
            matches!(response.end, BodyEnd::Broken(_)),
            "{}",
            latin1(answer)
        );
    }
}

#[test]
fn heads_keep_order_reason_and_interim_statuses() {
    let mut client = client_of(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 404\r\nB: 2\r\na: 1\r\nb: 3\r\nSet-Cookie: J=x.y; Path=/\r\nContent-Length: 0\r\n\r\n",
    );
    let response = client.response("GET").unwrap();
    assert_eq!((response.status, response.reason.as_str()), (404, "404"));
    assert_eq!(response.interim, [100]);
    assert_eq!(response.all("b"), ["2", "3"]);
    assert_eq!(response.cookie("J"), Some("J=x.y"));
    assert_eq!(response.cookie("K"), None);
}

#[test]
fn a_silent_close_is_told_from_a_broken_head() {
    let closed = client_of(b"").response("GET");
    assert!(
        matches!(closed, Err(ClientError::ClosedBeforeAnswer)),
        "{closed:?}"
    );
    let broken = client_of(b"HTTP/1.1 200 OK\r\nFoo").response("GET");
    assert!(matches!(broken, Err(ClientError::BadHead(_))), "{broken:?}");
}

#[test]
fn chunked_requests_are_framed() {
    let request = Request::new("POST", "/x")
        .header("Host", "h")
        .chunked("abcde", 2);
    let head = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(latin1(&request.head_bytes()), head);
    assert_eq!(
        latin1(&request.body_bytes()),
        "2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"
    );
}
