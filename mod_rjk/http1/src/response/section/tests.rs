use super::*;

/// The result for `bytes` at once, and whether it is the same when they drip in.
fn end(part: Part, bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
    let whole = Section::new(part).end(bytes);
    let mut section = Section::new(part);
    let mut dripped = Ok(None);
    for length in 0..=bytes.len() {
        dripped = section.end(&bytes[..length]);
        if dripped != Ok(None) {
            break;
        }
        assert_eq!(section.searched, length, "looked at twice");
    }
    assert_eq!(dripped, whole, "it depends on the size of the reads");
    whole
}

#[test]
fn the_empty_line_ends_it() {
    let cases: [(&[u8], Option<usize>); 7] = [
        (b"", None),
        (b"\r", None),
        (b"\r\n", Some(2)),
        (b"\r\n\r\n", Some(2)),
        (b"HTTP/1.1 200 OK\r\n", None),
        (b"HTTP/1.1 200 OK\r\n\r\nbody", Some(19)),
        (b"a: 1\r\nb: 2\r\n\r\n\r\n", Some(14)),
    ];
    for (bytes, result) in cases {
        assert_eq!(
            end(Part::Head, bytes),
            Ok(result),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn rfc9112_2_2_a_lf_alone_ends_nothing() {
    let cases: [(&[u8], usize); 6] = [
        (b"\n", 0),
        (b"a: 1\n\r\n", 4),
        (b"a: 1\r\n\nb: 2\r\n\r\n", 6),
        (b"a: 1\r\n\n", 6),
        (b"a: 1\n\n", 4),
        (b"a: 1\r\nb: \n\r\n", 9),
    ];
    for (bytes, position) in cases {
        let part = Part::Trailers;
        let error = ProtocolError::BareLf { part, position };
        assert_eq!(end(part, bytes), Err(error), "{}", bytes.escape_ascii());
    }
}

/// Lines of these lengths, their ends included.
fn lines(lengths: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for length in lengths {
        bytes.resize(bytes.len() + length - 2, b'x');
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn limits_hold_to_the_byte() {
    let (head, trailers) = (Part::Head, Part::Trailers);
    let long = |part| {
        Err(ProtocolError::LineTooLong {
            part,
            limit: MAX_LINE,
        })
    };
    let large = |part, limit| Err(ProtocolError::TooLarge { part, limit });
    let many = |part| {
        Err(ProtocolError::TooManyFields {
            part,
            limit: MAX_FIELDS,
        })
    };
    let cases = [
        (head, vec![8192, 2], Ok(Some(8194))),
        (head, vec![8193, 2], long(head)),
        (head, vec![20, 8192, 2], Ok(Some(8214))),
        (head, vec![20, 8193, 2], long(head)),
        (
            head,
            vec![8192, 8192, 8192, 8192, 8192, 8192, 8192, 8190, 2],
            Ok(Some(65_536)),
        ),
        (
            head,
            vec![8192, 8192, 8192, 8192, 8192, 8192, 8192, 8191, 2],
            large(head, 65_536),
        ),
        (head, [vec![20; 201], vec![2]].concat(), Ok(Some(4022))),
        (head, [vec![20; 202], vec![2]].concat(), many(head)),
        (trailers, vec![8192, 2], Ok(Some(8194))),
        (trailers, vec![8193, 2], long(trailers)),
        (trailers, vec![8192, 8190, 2], Ok(Some(16_384))),
        (trailers, vec![8192, 8191, 2], large(trailers, 16_384)),
        (trailers, [vec![20; 200], vec![2]].concat(), Ok(Some(4002))),
        (trailers, [vec![20; 201], vec![2]].concat(), many(trailers)),
    ];
    for (part, lengths, result) in cases {
        assert_eq!(end(part, &lines(&lengths)), result, "{part}: {lengths:?}");
    }
}

#[test]
fn a_line_without_end_is_refused_at_its_limit() {
    let endless = vec![b'x'; MAX_LINE + 1];
    assert_eq!(Section::new(Part::Head).end(&endless[..MAX_LINE]), Ok(None));
    let error = ProtocolError::LineTooLong {
        part: Part::Head,
        limit: MAX_LINE,
    };
    assert_eq!(end(Part::Head, &endless), Err(error));
}
