use super::*;

type Fields = &'static [(&'static str, &'static str)];

fn control(old: bool, fields: &[(&str, &str)]) -> Control {
    let mut control = Control::new(old);
    for (name, value) in fields {
        control.note(name.as_bytes(), value.as_bytes());
    }
    control
}

const CL: &str = "Content-Length";
const TE: &str = "Transfer-Encoding";

#[test]
fn rfc9112_6_3_where_a_body_ends() {
    let cases: [(Fields, Framing); 9] = [
        (&[], Framing::ToEnd),
        (&[(CL, "0")], Framing::Known(0)),
        (&[("content-LENGTH", "5")], Framing::Known(5)),
        (&[(CL, "0005")], Framing::Known(5)),
        (
            &[(CL, "9223372036854775807")],
            Framing::Known(i64::MAX as u64),
        ),
        (&[(TE, "chunked")], Framing::Chunked),
        (&[("transfer-encoding", "CHUNKED")], Framing::Chunked),
        // Not the same name.
        (
            &[("Content_Length", "5"), ("X-Content-Length", "6")],
            Framing::ToEnd,
        ),
        (
            &[("Transfer_Encoding", "chunked"), (CL, "5")],
            Framing::Known(5),
        ),
    ];
    for (fields, framing) in cases {
        let control = control(false, fields);
        assert_eq!(control.framing(200, false), Ok(framing), "{fields:?}");
    }
}

const BOTH: ProtocolError = ProtocolError::CodingAndLength;
const CODINGS: ProtocolError = ProtocolError::CodingRepeated;
const UNKNOWN: ProtocolError = ProtocolError::CodingUnknown;
const NO_NUMBER: ProtocolError = ProtocolError::LengthNoNumber;

const fn repeated(count: usize) -> ProtocolError {
    ProtocolError::LengthRepeated { count }
}

const CONTRADICTIONS: [(Fields, ProtocolError); 35] = [
    // CL.TE and TE.CL.
    (&[(CL, "5"), (TE, "chunked")], BOTH),
    (&[(TE, "chunked"), (CL, "5")], BOTH),
    (&[(TE, "chunked"), (CL, "0")], BOTH),
    (&[(TE, "identity"), (CL, "5")], BOTH),
    (&[(TE, "chunked"), (CL, "x")], BOTH),
    (&[(TE, "x"), (CL, "5"), (CL, "5")], BOTH),
    // Two lengths.
    (&[(CL, "5"), (CL, "6")], repeated(2)),
    (&[(CL, "5"), (CL, "5")], repeated(2)),
    (
        &[(CL, "5"), ("content-length", "5"), (CL, "5")],
        repeated(3),
    ),
    (&[(CL, "5, 5")], NO_NUMBER),
    (&[(CL, "5,6")], NO_NUMBER),
    (&[(CL, "5,")], NO_NUMBER),
    // Lengths that are none.
    (&[(CL, "")], NO_NUMBER),
    (&[(CL, "+5")], NO_NUMBER),
    (&[(CL, "-5")], NO_NUMBER),
    (&[(CL, "0x5")], NO_NUMBER),
    (&[(CL, "5 5")], NO_NUMBER),
    (&[(CL, "5.0")], NO_NUMBER),
    (&[(CL, "\"5\"")], NO_NUMBER),
    (&[(CL, "\u{665}")], NO_NUMBER),
    (&[(CL, "9223372036854775808")], NO_NUMBER),
    (&[(CL, "18446744073709551621")], NO_NUMBER),
    (&[(CL, "99999999999999999999999")], NO_NUMBER),
    // TE.TE.
    (&[(TE, "chunked"), (TE, "chunked")], CODINGS),
    (&[(TE, "chunked"), (TE, "identity")], CODINGS),
    (&[(TE, "chunked, chunked")], CODINGS),
    (&[(TE, "gzip, chunked")], CODINGS),
    (&[(TE, "chunked, gzip")], CODINGS),
    (&[(TE, "chunked,")], CODINGS),
    (&[(TE, "")], UNKNOWN),
    (&[(TE, "gzip")], UNKNOWN),
    (&[(TE, "xchunked")], UNKNOWN),
    (&[(TE, "chunked;q=1")], UNKNOWN),
    (&[(TE, "\"chunked\"")], UNKNOWN),
    (&[(TE, "chun ked")], UNKNOWN),
];

#[test]
fn cve_2024_24795_what_two_readers_would_read_differently() {
    for (fields, error) in CONTRADICTIONS {
        // The head would go to the client, whether a body follows or not.
        for (status, head_request) in [(200, false), (200, true), (204, false), (304, false)] {
            let result = control(false, fields).framing(status, head_request);
            assert_eq!(result, Err(error), "{fields:?} {status}");
        }
    }
}

#[test]
fn rfc9112_6_1_no_coding_in_http_1_0() {
    for value in ["chunked", "gzip", "", "chunked, chunked"] {
        let control = control(true, &[(TE, value)]);
        assert_eq!(control.framing(200, false), Err(ProtocolError::CodingInOld));
    }
    let old = |fields| control(true, fields).framing(200, false);
    assert_eq!(old(&[(CL, "5")]), Ok(Framing::Known(5)));
    assert_eq!(old(&[]), Ok(Framing::ToEnd));
}

#[test]
fn rfc9112_6_3_responses_without_a_body() {
    for fields in [&[][..], &[(CL, "5")], &[(TE, "chunked")]] {
        let control = control(false, fields);
        for status in [204, 304] {
            assert_eq!(control.framing(status, false), Ok(Framing::None));
        }
        for status in [200, 204, 304, 404] {
            assert_eq!(control.framing(status, true), Ok(Framing::None));
        }
        // HEAD and 304 tell of another response's body, 204 of one that may still come.
        assert!(!control.may_leave_rest(200) && !control.may_leave_rest(304));
        assert_eq!(control.may_leave_rest(204), !fields.is_empty());
    }
    let control = control(false, &[(CL, "0")]);
    assert!(!control.may_leave_rest(204) && !control.announces_body());
}
