use super::*;

#[test]
fn rfc9110_5_5_values_without_control_characters() {
    for byte in 0..=u8::MAX {
        let (part, field) = (Part::Trailers, 7);
        let is_refused = matches!(byte, 0..=8 | 10..=31 | 127);
        let result = match is_refused {
            true => Err(ProtocolError::FieldValue { part, field, byte }),
            false => Ok(()),
        };
        assert_eq!(check_value(part, field, &[b'a', byte, 1 << 5]), result);
    }
    let first = ProtocolError::FieldValue {
        part: Part::Head,
        field: 0,
        byte: 0,
    };
    assert_eq!(check_value(Part::Head, 0, b"\0\r"), Err(first));
}
