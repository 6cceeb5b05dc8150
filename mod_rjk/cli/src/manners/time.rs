//! Times as people write them on the command line.

use std::time::Duration;

/// Units, and their milliseconds. A number without one is in seconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("", 1_000),
];

/// `500ms`, `30s`, `5m`, `2h`, or seconds: for clap's `value_parser`.
///
/// # Errors
/// The words for the person.
pub fn time(text: &str) -> Result<Duration, String> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = UNITS.iter().find(|(known, _)| *known == unit);
    let millis = unit.and_then(|(_, millis)| number.parse::<u64>().ok()?.checked_mul(*millis));
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "write a whole number with ms, s, m or h, such as 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        for (text, millis) in [
            ("0", Some(0)),
            ("7", Some(7_000)),
            ("250ms", Some(250)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            ("", None),
            ("s", None),
            ("-1", None),
            ("1.5s", None),
            ("3d", None),
            ("99999999999999999999h", None),
            ("18446744073709551615h", None),
        ] {
            let read = time(text).ok();
            assert_eq!(read, millis.map(Duration::from_millis), "{text}");
        }
    }
}
