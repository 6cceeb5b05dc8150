use super::*;

#[test]
fn a_body_of_known_length_ends_where_it_was_said() {
    let mut body = Body::new(Framing::Known(5)).unwrap();
    assert_eq!(body.step(b""), Ok(Piece::Incomplete { needed: 1 }));
    let piece = body.step(b"hel");
    let expected = Piece::Data {
        data: b"hel",
        consumed: 3,
    };
    assert_eq!(piece, Ok(expected));
    let short = ProtocolError::EndInBody { have: 3, length: 5 };
    assert_eq!(body.at_end(0), Err(short));
    let piece = body.step(b"loHTTP/1.1 200 OK");
    let expected = Piece::Data {
        data: b"lo",
        consumed: 2,
    };
    assert_eq!(piece, Ok(expected));
    assert_eq!(body.step(b"HTTP"), Ok(Piece::End { consumed: 0 }));
}

#[test]
fn a_body_of_the_greatest_length() {
    let mut body = Body::new(Framing::Known(u64::MAX)).unwrap();
    let piece = body.step(b"x");
    let expected = Piece::Data {
        data: b"x",
        consumed: 1,
    };
    assert_eq!(piece, Ok(expected));
    let short = ProtocolError::EndInBody {
        have: 1,
        length: u64::MAX,
    };
    assert_eq!(body.at_end(0), Err(short));
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let mut body = Body::new(Framing::ToEnd).unwrap();
    let data = b"0\r\n\r\n";
    assert_eq!(body.step(data), Ok(Piece::Data { data, consumed: 5 }));
    assert_eq!(body.step(b""), Ok(Piece::Incomplete { needed: 1 }));
    assert_eq!(body.at_end(0), Ok(()));
    // To end it here would cut it short.
    assert_eq!(body.at_end(3), Err(ProtocolError::Unread { bytes: 3 }));
}

#[test]
fn no_body() {
    assert!(Body::new(Framing::None).is_none());
    assert!(Body::new(Framing::Known(0)).is_none());
}
