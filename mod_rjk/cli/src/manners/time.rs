//! Times as people write them on the command line.

use std::time::Duration;

/// Units, and their seconds. A number without one is in seconds.
const UNITS: [(&str, f64); 5] = [
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("", 1.0),
];

/// `500ms`, `0.5s`, `30s`, `5m`, `2h`, or seconds: for clap's `value_parser`.
///
/// # Errors
/// The words for the person.
pub fn time(text: &str) -> Result<Duration, String> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = UNITS.iter().find(|(known, _)| *known == unit);
    let seconds = unit.and_then(|(_, seconds)| Some(number.parse::<f64>().ok()? * seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number with ms, s, m or h, such as 30s".to_owned())
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
            ("1.5s", Some(1_500)),
            ("0.1", Some(100)),
            (".", None),
            ("1.2.3", None),
            ("1e3", None),
            ("3d", None),
            ("99999999999999999999h", None),
            ("18446744073709551615h", None),
        ] {
            let read = time(text).ok();
            assert_eq!(read, millis.map(Duration::from_millis), "{text}");
        }
    }
}
