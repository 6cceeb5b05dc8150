//! Both ends against each other, and against frames of the specification.

use super::*;
use crate::HttpPeer;
use crate::http_peer::Script;

#[test]
fn frames_are_those_of_the_specification() {
    let hello = Frame::whole(Kind::Text, "Hello");
    assert_eq!(hello.bytes(None), b"\x81\x05Hello");
    let masked = hello.bytes(Some([0x37, 0xfa, 0x21, 0x3d]));
    assert_eq!(masked, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(Frame::part(Kind::Text, "Hel").bytes(None), b"\x01\x03Hel");
    for length in [0, 125, 126, 127, 65_535, 65_536] {
        let frame = Frame::whole(Kind::Binary, vec![7; length]);
        for mask in [None, Some([1, 2, 3, 4])] {
            let bytes = frame.bytes(mask);
            let read = Frame::read(&mut bytes.as_slice(), mask.is_some()).unwrap();
            assert_eq!(read.as_ref(), Some(&frame), "{length}");
            let other = Frame::read(&mut bytes.as_slice(), mask.is_none());
            assert!(other.is_err());
        }
    }
}

#[test]
fn the_key_is_that_of_the_specification() {
    assert_eq!(
        accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}

#[test]
fn both_ends_understand_each_other() {
    let peer = HttpPeer::start("p", [echo()]).unwrap();
    let mut socket = open(peer.port(), "/ws").unwrap().opened().unwrap();
    assert_eq!(socket.ask("hello").unwrap(), "hello");
    socket
        .send_frame(&Frame::part(Kind::Binary, [1, 2]))
        .unwrap();
    socket.send(&Message::Ping(vec![9])).unwrap();
    assert_eq!(socket.expect().unwrap(), Message::Pong(vec![9]));
    socket
        .send_frame(&Frame::whole(Kind::Continuation, [3]))
        .unwrap();
    assert_eq!(socket.expect().unwrap(), Message::Binary(vec![1, 2, 3]));
    socket.send(&Message::Close(Some(1000))).unwrap();
    assert_eq!(socket.expect().unwrap(), Message::Close(Some(1000)));
    assert_eq!(socket.receive().unwrap(), None);
}

#[test]
fn a_refusal_is_an_answer() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let peer = HttpPeer::start("p", Script::answer(refusal)).unwrap();
    let upgrade = open(peer.port(), "/ws").unwrap();
    assert_eq!(
        (upgrade.response().status, upgrade.response().text()),
        (403, "no".into())
    );
    assert!(upgrade.opened().is_err());
}
