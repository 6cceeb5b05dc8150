use super::*;

fn read(head: &[u8]) -> Result<Received, ProtocolError> {
    Received::read(head)
}

fn fields(received: &Received) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let head = received.head.as_ref().unwrap();
    head.headers().map(|(n, v)| (text(n), text(v))).collect()
}

/// A head, its status, its reason and its fields.
type Meant = (
    &'static [u8],
    u16,
    &'static [u8],
    &'static [(&'static str, &'static str)],
);

const MEANT: [Meant; 11] = [
    (b"HTTP/1.1 200 OK\r\n\r\n", 200, b"OK", &[]),
    (b"HTTP/1.1 200 \r\n\r\n", 200, b"", &[]),
    (b"HTTP/1.1 200\r\n\r\n", 200, b"", &[]),
    (b"HTTP/1.0 999 ?\r\n\r\n", 999, b"?", &[]),
    (
        b"HTTP/1.1 404 not\there, 'no'  \r\n\r\n",
        404,
        b"not\there, 'no'  ",
        &[],
    ),
    // Latin-1 and UTF-8 reasons are what Tomcat's users see in their language.
    (
        b"HTTP/1.1 404 nicht gef\xfcnden\r\n\r\n",
        404,
        b"nicht gef\xfcnden",
        &[],
    ),
    (
        b"HTTP/1.1 200 OK\r\nA: 1\r\nb:2\r\nC: \t 3 \t\r\n\r\n",
        200,
        b"OK",
        &[("A", "1"), ("b", "2"), ("C", "3")],
    ),
    (
        b"HTTP/1.1 200 OK\r\nA:\r\nA: \r\na:  x  y\t\r\n\r\n",
        200,
        b"OK",
        &[("A", ""), ("A", ""), ("a", "x  y")],
    ),
    (
        b"HTTP/1.1 200 OK\r\nX: \xe4\xff: \"\r\n\r\n",
        200,
        b"OK",
        &[("X", "\\xe4\\xff: \\\"")],
    ),
    (
        b"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: v\r\n\r\n",
        200,
        b"OK",
        &[("!#$%&\\'*+-.^_`|~09azAZ", "v")],
    ),
    (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        103,
        b"Early Hints",
        &[("Link", "</a>")],
    ),
];

#[test]
fn heads_as_they_are_meant() {
    for (bytes, status, reason, expected) in MEANT {
        let name = bytes.escape_ascii();
        let received = read(bytes).unwrap();
        assert_eq!(received.status, status, "{name}");
        let head = received.head.as_ref().unwrap();
        assert_eq!(head.reason(), reason, "{name}");
        let owned = |&(n, v): &(&str, &str)| (n.to_owned(), v.to_owned());
        let expected: Vec<_> = expected.iter().map(owned).collect();
        assert_eq!(fields(&received), expected, "{name}");
    }
}

#[test]
fn rfc9110_15_2_interim_heads_that_tell_nothing_are_read_and_dropped() {
    for status in [100, 102, 104, 199] {
        let head = format!("HTTP/1.1 {status} x\r\nA: b\r\n\r\n");
        let received = read(head.as_bytes()).unwrap();
        assert_eq!((received.status, received.head), (status, None));
        let head = format!("HTTP/1.1 {status} x\r\nA: b\x01\r\n\r\n");
        assert!(read(head.as_bytes()).is_err(), "{status}");
    }
}

#[test]
fn rfc9112_4_status_lines_that_are_none() {
    let version = |found: &[u8; 3]| ProtocolError::Version { found: *found };
    let line = |position, byte| ProtocolError::StatusLine { position, byte };
    let cases: [(&[u8], ProtocolError); 22] = [
        (b"HTTP/2.0 200 OK", version(b"2.0")),
        (b"HTTP/2 200 OK", version(b"2 2")),
        (b"HTTP/0.9 200 OK", version(b"0.9")),
        (b"HTTP/1.2 200 OK", version(b"1.2")),
        (b"HTTP/1,1 200 OK", version(b"1,1")),
        (b"HTTP/1", version(b"   ")),
        (b"HTTP/ 1.1 200 OK", version(b" 1.")),
        (b"HTTP/11.1 200 OK", version(b"11.")),
        (b"HTTP/1.1", line(8, b'\r')),
        (b"HTTP/1.10 200 OK", line(8, b'0')),
        (b"HTTP/1.1\t200 OK", line(8, b'\t')),
        (b"HTTP/1.1 ", line(9, b'\r')),
        (b"HTTP/1.1  200 OK", line(9, b' ')),
        (b"HTTP/1.1 20 OK", line(11, b' ')),
        (b"HTTP/1.1 20x OK", line(11, b'x')),
        (b"HTTP/1.1 2000 OK", line(12, b'0')),
        (b"HTTP/1.1 200OK", line(12, b'O')),
        (b"HTTP/1.1 200\tOK", line(12, b'\t')),
        (b"HTTP/1.1 +20 OK", line(9, b'+')),
        (b"HTTP/1.1 -20 OK", line(9, b'-')),
        (b"HTTP/1.1 099 OK", ProtocolError::Status { status: 99 }),
        (b"HTTP/1.1 000 OK", ProtocolError::Status { status: 0 }),
    ];
    for (status_line, error) in cases {
        let head = [status_line, b"\r\nA: b\r\n\r\n"].concat();
        assert_eq!(read(&head), Err(error), "{}", status_line.escape_ascii());
    }
}

#[test]
fn cve_2026_33523_what_would_split_the_status_line() {
    for byte in (0..=u8::MAX).filter(u8::is_ascii_control) {
        let head = [b"HTTP/1.1 200 O", &[byte][..], b"K\r\n\r\n"].concat();
        let result = read(&head);
        match byte {
            b'\t' => assert!(result.is_ok()),
            // The line ends are looked at before: see `Section`.
            b'\n' => assert!(result.is_err()),
            byte => assert_eq!(result, Err(ProtocolError::Reason { byte })),
        }
    }
}

#[test]
fn cve_2022_37436_2023_27522_a_bad_field_ends_no_head() {
    let part = Part::Head;
    let name = |byte| ProtocolError::FieldName {
        part,
        field: 1,
        byte,
    };
    let folded = ProtocolError::Folded { part, field: 1 };
    let cases: [(&[u8], ProtocolError); 19] = [
        (b"no colon", name(b' ')),
        (b"nocolon", name(b'\r')),
        (b": no name", name(b':')),
        (b":", name(b':')),
        (b"B : blank before the colon", name(b' ')),
        (b"B\t: tab before the colon", name(b'\t')),
        (b"B\0: x", name(0)),
        (b"B\rC: x", name(b'\r')),
        (b"\rC: x", name(b'\r')),
        (b"B\x0b: x", name(0x0b)),
        (b"(B): x", name(b'(')),
        (b"B\xc3\xa4: x", name(0xc3)),
        (b"B\x7f: x", name(0x7f)),
        (b"\"B\": x", name(b'"')),
        (b"B{}: x", name(b'{')),
        (b" folded", folded),
        (b"\tfolded", folded),
        (b" B: indented", folded),
        (b" ", folded),
    ];
    for (field, error) in cases {
        let head = [b"HTTP/1.1 200 OK\r\nA: 1\r\n", field, b"\r\nC: 1\r\n\r\n"].concat();
        assert_eq!(read(&head), Err(error), "{}", field.escape_ascii());
    }
}

#[test]
fn rfc9112_2_2_the_first_field_is_not_indented() {
    for blank in [" ", "\t", " \t"] {
        let head = format!("HTTP/1.1 200 OK\r\n{blank}Content-Length: 1\r\n\r\n");
        let error = ProtocolError::Folded {
            part: Part::Head,
            field: 0,
        };
        assert_eq!(read(head.as_bytes()), Err(error));
    }
}

#[test]
fn cve_2023_38709_2024_42516_what_would_split_a_field() {
    for byte in (0..=u8::MAX).filter(u8::is_ascii_control) {
        let field = [b"Content-Type: text/html;", &[byte][..], b"x=y"].concat();
        let head = [b"HTTP/1.1 200 OK\r\nA: 1\r\n", &field[..], b"\r\n\r\n"].concat();
        let error = ProtocolError::FieldValue {
            part: Part::Head,
            field: 1,
            byte,
        };
        match byte {
            b'\t' => assert!(read(&head).is_ok()),
            b'\n' => assert!(read(&head).is_err()),
            _ => assert_eq!(read(&head), Err(error)),
        }
    }
}

#[test]
fn at_its_limit_of_fields_a_head_is_whole() {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for _ in 0..MAX_FIELDS {
        head.extend_from_slice(b"A: b\r\n");
    }
    head.extend_from_slice(b"\r\n");
    assert_eq!(fields(&read(&head).unwrap()).len(), MAX_FIELDS);
}
