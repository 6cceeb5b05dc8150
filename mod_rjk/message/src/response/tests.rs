use super::*;
use proptest::prelude::*;

fn head(headers: &[(&str, &str)]) -> ResponseHead {
    let mut builder = ResponseHead::builder(200).unwrap();
    for (name, value) in headers {
        builder.header(name.as_bytes(), value.as_bytes()).unwrap();
    }
    builder.build()
}

#[test]
fn what_went_in_comes_out() {
    let mut builder = ResponseHead::builder(404).unwrap().with_capacity(2, 20);
    builder.reason(b"not\there \xe4").unwrap();
    builder
        .known_header(KnownName::new("Content-Type").unwrap(), b"text/html")
        .unwrap();
    builder.header(b"X-One", b"").unwrap();
    builder.header(b"x-ONE", b"2\t").unwrap();
    let head = builder.build();
    assert_eq!(
        (head.status(), head.reason()),
        (404, &b"not\there \xe4"[..])
    );
    let expected: [(&[u8], &[u8]); 3] = [
        (b"Content-Type", b"text/html"),
        (b"X-One", b""),
        (b"x-ONE", b"2\t"),
    ];
    assert_eq!(head.headers().collect::<Vec<_>>(), expected);
    assert_eq!(head.header(b"x-one"), Some(&b""[..]));
    assert_eq!(head.header(b"X-Two"), None);
    let values: Vec<&[u8]> = head.values(b"X-one").collect();
    assert_eq!(values, [&b""[..], b"2\t"]);
}

#[test]
fn f09_rs06_statuses() {
    for status in [0, 99, 1000, u16::MAX] {
        let refused = ResponseHead::builder(status).err();
        assert_eq!(refused, Some(HeadError::Status { status }));
    }
    for status in [100, 103, 199] {
        let refused = ResponseHead::builder(status).err();
        assert_eq!(refused, Some(HeadError::InterimStatus { status }));
    }
    for status in [200, 999] {
        assert_eq!(
            ResponseHead::builder(status).unwrap().build().status(),
            status
        );
    }
}

#[test]
fn interim_statuses_that_mean_something() {
    for status in [101, 103] {
        let mut builder = ResponseHead::interim(status).unwrap();
        builder.header(b"Link", b"</a.css>").unwrap();
        let head = builder.build();
        assert_eq!(head.status(), status);
        assert_eq!(head.header(b"link"), Some(&b"</a.css>"[..]));
        let mut builder = ResponseHead::interim(status).unwrap();
        let split = builder.header(b"Link", b"a\r\nB: c");
        assert_eq!(
            split,
            Err(HeadError::Value {
                index: 0,
                byte: b'\r'
            })
        );
    }
    for status in [100, 102, 104, 199] {
        let refused = ResponseHead::interim(status).err();
        assert_eq!(refused, Some(HeadError::InterimStatus { status }));
    }
    for status in [0, 99, 200, 999, 1000, u16::MAX] {
        let refused = ResponseHead::interim(status).err();
        assert_eq!(refused, Some(HeadError::Status { status }));
    }
}

#[test]
fn cp09_cp15_what_would_split_a_response() {
    let mut builder = ResponseHead::builder(200).unwrap();
    builder.header(b"A", b"1").unwrap();
    for name in [&b""[..], b"a b", b"a:", b"a\r\nb", b"a\0", b"\xe4", b"(a)"] {
        let error = HeadError::Name { index: 1 };
        assert_eq!(builder.header(name, b"v"), Err(error));
    }
    let known = KnownName::new("B").unwrap();
    for byte in [0, b'\r', b'\n'] {
        let error = Err(HeadError::Value { index: 1, byte });
        assert_eq!(builder.header(b"B", &[b'a', byte]), error);
        assert_eq!(builder.known_header(known, &[b'a', byte]), error);
        assert_eq!(
            builder.reason(&[b'a', byte]),
            Err(HeadError::Reason { byte })
        );
    }
    // What was refused left nothing behind.
    assert_eq!(builder.build(), head(&[("A", "1")]));
}

#[test]
fn rs03_all_fields_of_the_name_decide_the_length() {
    let cases: [(&[(&str, &str)], ContentLength); 4] = [
        (&[("X", "1")], ContentLength::Absent),
        (&[("content-LENGTH", " 7")], ContentLength::Known(7)),
        (
            &[
                ("Content-Length", "10"),
                ("X", "1"),
                ("content-length", "100"),
            ],
            ContentLength::Several,
        ),
        (&[("Content-Length", "10, 10")], ContentLength::NoNumber),
    ];
    for (headers, length) in cases {
        assert_eq!(head(headers).content_length(), length, "{headers:?}");
    }
}

/// BG-08: however the field came.
#[test]
fn bg08_a_known_connection_field_names_others() {
    let known = KnownName::new("Connection").unwrap();
    for spelled in [true, false] {
        let mut builder = ResponseHead::builder(200).unwrap();
        builder.header(b"X-Hop", b"1").unwrap();
        match spelled {
            true => builder.header(b"connection", b"x-hop").unwrap(),
            false => builder.known_header(known, b"x-hop").unwrap(),
        }
        builder.header(b"X-End", b"2").unwrap();
        let head = builder.build();
        let kept: Vec<_> = head.end_to_end_headers().collect();
        assert_eq!(kept, [(&b"X-End"[..], &b"2"[..])]);
    }
}

proptest! {
    #[test]
    fn cp09_any_bytes_are_refused_or_safe(
        name in proptest::collection::vec(any::<u8>(), 0..4),
        value in proptest::collection::vec(any::<u8>(), 0..6),
        reason in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut builder = ResponseHead::builder(200).unwrap();
        let _ = builder.reason(&reason);
        let _ = builder.header(&name, &value);
        let head = builder.build();
        prop_assert!(!head.reason().iter().any(|byte| byte.is_ascii_control() && *byte != b'\t'));
        for (name, value) in head.headers() {
            prop_assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
            prop_assert!(!value.iter().any(|byte| b"\0\r\n".contains(byte)));
        }
    }
}
