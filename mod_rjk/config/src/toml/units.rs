//! Sizes and times as people write them.

use std::time::Duration;

/// Bytes of a text such as "512KiB".
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

/// A size in the largest unit that it is a multiple of.
pub(super) fn as_bytes(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = |shift: u32| bytes.trailing_zeros() >= shift;
    match units.into_iter().find(|(shift, _)| fits(*shift)) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// The units of times in milliseconds, the largest first.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The time of a text such as "60s"; a number alone could be of any unit, and is none.
pub(super) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let (_, factor) = TIMES.into_iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(factor).map(Duration::from_millis)
}

/// A time in the largest unit that it is a multiple of.
pub fn as_time(time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let fits = |factor: u64| millis > 0 && millis.is_multiple_of(factor);
    match TIMES.into_iter().find(|(_, factor)| fits(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None => "0s".to_owned(),
    }
}

/// Digits, and the unit behind them.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits =
        text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let unit = text.get(digits.len()..)?.trim_start();
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_number)?;
    Some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in 1..u64::MAX, size in 0..u64::MAX, any in ".{0,9}") {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(time(&as_time(duration)), Some(duration));
            prop_assert_eq!(bytes(&as_bytes(size)), Some(size));
            // Neither ends with what is no number.
            let _ = (time(&any), bytes(&any));
        }
    }

    #[test]
    fn times_have_units() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("60s", Some(60_000)),
            ("10 m", Some(600_000)),
            ("24h", Some(86_400_000)),
            ("60", None),
            ("+60s", None),
            ("-60s", None),
            ("1.5s", None),
            ("1d", None),
            ("s", None),
            ("", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(time(text), millis.map(Duration::from_millis), "{text}");
        }
        for (millis, text) in [
            (0, "0s"),
            (1, "1ms"),
            (1_500, "1500ms"),
            (5_000, "5s"),
            (600_000, "10m"),
            (86_400_000, "24h"),
        ] {
            assert_eq!(as_time(Duration::from_millis(millis)), text);
        }
    }
}
