use super::*;
use proptest::prelude::*;

fn packet(body: &[u8]) -> Vec<u8> {
    let mut packet = vec![b'#'; ROOM];
    packet.extend_from_slice(body);
    packet
}

#[test]
fn eager_part() {
    let cases = [
        (BodyLength::None, false, None),
        (BodyLength::Known(0), false, None),
        (BodyLength::Known(1), false, Some(1)),
        (BodyLength::Known(65_536), false, Some(65_536)),
        (BodyLength::Known(65_537), false, Some(65_536)),
        (BodyLength::Known(u64::MAX), false, Some(65_536)),
        (BodyLength::Chunked, false, None),
        (BodyLength::Known(1), true, None),
        (BodyLength::Chunked, true, None),
    ];
    for (length, held, eager) in cases {
        assert_eq!(
            Upload::new(length, held).eager(),
            eager,
            "{length:?} {held}"
        );
    }
}

#[test]
fn a_body_of_known_length() {
    let mut upload = Upload::new(BodyLength::Known(20_000), false);
    let quota = |at_most| {
        Some(BodyQuota {
            at_least: 1,
            at_most,
        })
    };
    assert_eq!(upload.quota(), quota(16_384));
    assert_eq!(upload.count(10_000), 10_000);
    assert_eq!(upload.quota(), quota(10_000));
    assert_eq!(upload.seal(&mut packet(&[b'x'; 9_999])), [b'x'; 9_999]);
    assert_eq!((upload.quota(), upload.is_whole()), (quota(1), false));
    // What is too much would be another request to the worker.
    assert_eq!(upload.seal(&mut packet(b"yGET / HTTP/1.1\r\n")), b"y");
    assert_eq!((upload.quota(), upload.is_whole()), (None, true));
    assert_eq!(upload.seal(&mut packet(b"z")), b"");
    assert_eq!(upload.end(), b"");
    assert!(upload.is_whole());
}

#[test]
fn a_body_of_unknown_length() {
    let mut upload = Upload::new(BodyLength::Chunked, false);
    assert_eq!(upload.seal(&mut packet(b"hello")), b"5\r\nhello\r\n");
    // An empty chunk would end the body.
    assert_eq!(upload.seal(&mut packet(b"")), b"");
    assert!(upload.quota().is_some() && !upload.is_whole());
    assert_eq!(upload.end(), b"0\r\n\r\n");
    assert_eq!(upload.end(), b"");
    assert_eq!((upload.quota(), upload.is_whole()), (None, true));
}

#[test]
fn no_body() {
    for length in [BodyLength::None, BodyLength::Known(0)] {
        let mut upload = Upload::new(length, true);
        assert!(!upload.is_held() && upload.is_whole());
        assert_eq!(upload.quota(), None);
        assert_eq!(upload.seal(&mut packet(b"x")), b"");
        assert_eq!(upload.end(), b"");
    }
}

#[test]
fn a_body_that_waits() {
    let mut upload = Upload::new(BodyLength::Known(3), true);
    assert!(upload.is_held());
    assert_eq!(upload.quota(), None);
    upload.release();
    assert!(!upload.is_held() && upload.quota().is_some());
    upload.stop();
    assert_eq!((upload.quota(), upload.is_whole()), (None, false));
}

#[test]
fn a_buffer_without_room_sends_nothing() {
    for length in [BodyLength::Known(9), BodyLength::Chunked] {
        let mut upload = Upload::new(length, false);
        assert_eq!(upload.seal(&mut vec![b'x'; ROOM - 1]), b"");
        assert_eq!(upload.seal(&mut Vec::new()), b"");
        assert!(!upload.is_whole());
    }
}

#[test]
fn the_largest_chunk_size_has_room() {
    let mut room = vec![b'#'; ROOM];
    assert_eq!(write_size(&mut room, usize::MAX), 0);
    assert_eq!(room, b"ffffffffffffffff\r\n");
}

proptest! {
    #[test]
    fn chunk_sizes_are_read_as_they_were_meant(size in 1..100_000_usize) {
        let mut upload = Upload::new(BodyLength::Chunked, false);
        let mut packet = packet(&vec![b'x'; size]);
        let sent = upload.seal(&mut packet);
        let read = httparse::parse_chunk_size(sent);
        let digits = sent.iter().position(|byte| *byte == b'\r').unwrap();
        prop_assert_eq!(read, Ok(httparse::Status::Complete((digits + 2, size as u64))));
        prop_assert_eq!(sent.len(), digits + 2 + size + 2);
    }
}
