//! Numbers as C programs read them out of a text.

/// The number that a text begins with: white space, a sign, digits. 0 when there are none; what is too
/// large for 64 bits becomes the largest.
pub fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.split_first() {
        Some((b'-', rest)) => (-1, rest),
        Some((b'+', rest)) => (1, rest),
        _ => (1, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0_i64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    sign * number
}

/// C's `atoi`, as all numbers of rules and of environment variables are read: what does not fit is the
/// nearest bound.
pub(crate) fn atoi(text: &[u8]) -> i32 {
    let number = leading_number(text).clamp(i32::MIN.into(), i32::MAX.into());
    number as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_begins_with() {
        #[rustfmt::skip]
        let rows = [("3", 3), ("3x", 3), (" 7", 7), ("+6", 6), ("-5", -5), ("", 0), ("x", 0), ("0x3", 0),
            ("99999999999", 99_999_999_999), ("99999999999999999999", i64::MAX), ("--1", 0)];
        for (text, expected) in rows {
            assert_eq!(leading_number(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn atoi_reads_like_c() {
        for (text, number) in [
            ("", 0),
            ("12", 12),
            (" \t-7x", -7),
            ("+3", 3),
            ("x1", 0),
            ("--1", 0),
            ("99999999999", i32::MAX),
            ("-99999999999", i32::MIN),
        ] {
            assert_eq!(atoi(text.as_bytes()), number, "{text}");
        }
    }
}
