//! The peers against a client that speaks AJP byte by byte.

use super::*;
use packet::string;

/// `POST /p?q=1` with one header of each kind and every kind of attribute.
fn forward_request(content_length: &str) -> Vec<u8> {
    let mut payload = vec![0x02, 4];
    payload.extend(string("HTTP/1.1"));
    payload.extend(string("/p"));
    payload.extend(string("192.0.2.1"));
    payload.extend([0xFF, 0xFF]);
    payload.extend(string("rjk.test"));
    payload.extend([0x1F, 0x90, 1, 0, 2, 0xA0, 0x08]);
    payload.extend(string(content_length));
    payload.extend(string("X-Own"));
    payload.extend(string("é"));
    payload.push(0x05);
    payload.extend(string("q=1"));
    payload.extend([0x0B, 0x01, 0x00, 0x0A]);
    payload.extend(string("NULLED"));
    payload.extend([0xFF, 0xFF, 0x06]);
    payload.extend(string("r1"));
    payload.push(0xFF);
    payload
}

fn to_backend(payload: &[u8]) -> Vec<u8> {
    frame_with([0x12, 0x34], packet::cut(payload.len()), payload)
}

fn connect(peer: &Peer) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, peer.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn read_packet(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[..2], [0x41, 0x42]);
    let mut payload = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
    stream.read_exact(&mut payload).unwrap();
    payload
}

#[test]
fn q_a_forward_request_is_decoded_field_by_field() {
    let request = Forwarded::decode(&forward_request("5")).unwrap();
    assert_eq!(
        (request.method.as_str(), request.uri.as_str()),
        ("POST", "/p")
    );
    assert_eq!(request.remote_addr.as_deref(), Some("192.0.2.1"));
    assert_eq!(request.remote_host, None);
    assert_eq!((request.server_port, request.is_ssl), (8080, true));
    assert_eq!(request.header("Content-Length"), Some("5"));
    assert_eq!(request.header("x-own"), Some("é"));
    assert_eq!(
        request.headers.iter().map(|h| h.coded).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(request.attribute("query_string"), Some("q=1"));
    assert_eq!(request.attribute("ssl_key_size"), Some("256"));
    assert!(request.has_attribute("NULLED") && request.attribute("NULLED").is_none());
}

#[test]
fn q_a_cut_or_longer_forward_request_is_refused() {
    let whole = forward_request("5");
    for length in 0..whole.len() {
        assert!(
            Forwarded::decode(&whole[..length]).is_err(),
            "cut to {length}"
        );
    }
    assert!(Forwarded::decode(&[&whole[..], &[0]].concat()).is_err());
}

#[test]
fn k04_k05_k06_body_packets() {
    let decode = |payload: &[u8]| BodyPacket::decode(payload).unwrap();
    assert_eq!(decode(&[]), BodyPacket::End);
    assert_eq!(decode(&[0, 0]), BodyPacket::Broken);
    assert_eq!(decode(&[0, 1, 7]), BodyPacket::Data(vec![7]));
    assert!(BodyPacket::decode(&[0, 2, 7]).is_err());
}

#[test]
fn k07_pings_are_answered_and_counted() {
    let peer = Peer::start(Behaviour::Echo).unwrap();
    ping(peer.port(), Duration::from_secs(5)).unwrap();
    assert_eq!(peer.pings(), 1);
    peer.set(Behaviour::NoCpong);
    assert!(ping(peer.port(), Duration::from_millis(100)).is_err());
    peer.set(Behaviour::WrongCpong);
    assert!(ping(peer.port(), Duration::from_secs(5)).is_err());
}

#[test]
fn bd01_the_echo_peer_reads_the_eager_packet_and_asks_for_the_rest() {
    let peer = Peer::named("p1", Behaviour::Echo).unwrap();
    let mut stream = connect(&peer);
    stream
        .write_all(&to_backend(&forward_request("5")))
        .unwrap();
    stream
        .write_all(&to_backend(&[0, 3, b'a', b'b', b'c']))
        .unwrap();
    assert_eq!(read_packet(&mut stream)[0], 0x06);
    stream.write_all(&to_backend(&[0, 2, b'd', b'e'])).unwrap();
    assert_eq!(read_packet(&mut stream)[0], 0x04);
    let chunk = read_packet(&mut stream);
    let text = String::from_utf8_lossy(&chunk[3..chunk.len() - 1]).into_owned();
    assert!(
        text.starts_with("peer=p1\nroute=r1\nmethod=POST\n"),
        "{text}"
    );
    assert!(text.ends_with("body=5\n"), "{text}");
    assert_eq!(read_packet(&mut stream), [0x05, 1]);
    assert_eq!(peer.only_request().unwrap().body(), b"abcde");
}

#[test]
fn scripts_go_on_request_by_request_and_the_last_repeats() {
    let end = |reuse| [Step::Head(Head::ok()), Step::End(reuse)];
    let peer = Peer::start(Script::new(end(false)).then(end(true))).unwrap();
    let mut stream = connect(&peer);
    for reuse in [0, 1, 1] {
        stream
            .write_all(&to_backend(&forward_request("0")))
            .unwrap();
        read_packet(&mut stream);
        assert_eq!(read_packet(&mut stream), [0x05, reuse]);
    }
    assert_eq!((peer.connections(), peer.requests().len()), (1, 3));
}

#[test]
fn a_reset_reaches_the_client_as_one() {
    let peer = Peer::start(Behaviour::Resets).unwrap();
    let mut stream = connect(&peer);
    stream
        .write_all(&to_backend(&forward_request("0")))
        .unwrap();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn every_behaviour_ends_or_hangs_as_it_says_and_stops_with_its_peer() {
    let handles: Vec<_> = Behaviour::ALL
        .into_iter()
        .map(|b| (b, std::thread::spawn(move || reads_something(b))))
        .collect();
    for (behaviour, handle) in handles {
        let answered = handle.join().unwrap();
        let speaks_first = [Behaviour::StallsMidBody, Behaviour::AsksForever].contains(&behaviour);
        assert_eq!(
            answered,
            !behaviour.hangs() || speaks_first,
            "{behaviour:?}"
        );
    }
}

/// Whether bytes or the end of the connection arrive within two seconds.
fn reads_something(behaviour: Behaviour) -> bool {
    let peer = Peer::start(behaviour).unwrap();
    let mut stream = connect(&peer);
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let _ = stream.write_all(&to_backend(&forward_request("0")));
    match stream.peek(&mut [0; 1]) {
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        Ok(_) => true,
    }
}

#[test]
fn all_lists_each_behaviour_once() {
    for (index, behaviour) in Behaviour::ALL.iter().enumerate() {
        assert!(
            !Behaviour::ALL[..index].contains(behaviour),
            "{behaviour:?}"
        );
        assert_eq!(*behaviour as usize, index);
    }
}

#[test]
fn endings_and_open_connections_are_recorded() {
    let peer = Peer::start(Behaviour::Stalls).unwrap();
    let mut stream = connect(&peer);
    stream
        .write_all(&to_backend(&forward_request("0")))
        .unwrap();
    peer.wait_requests(1).unwrap();
    assert_eq!(peer.open_connections(), 1);
    drop(stream);
    assert!(wait::became(SEEN_LIMIT, || peer.endings() == ["closed by the client"]));
    assert_eq!(peer.open_connections(), 0);
}
