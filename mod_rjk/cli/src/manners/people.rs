//! Times and sizes as people read them.

use std::fmt;
use std::time::Duration;

/// Three digits and a unit: `812 ns`, `1.53 ms`, `2.00 s`; from a minute on `4m 07s`, from an hour on `2h 05m`.
pub fn duration(time: Duration) -> impl fmt::Display {
    People::Time(time)
}

/// Up to three digits and a binary unit: `812 B`, `8.0 KiB`, `1.5 GiB`.
pub fn bytes(count: u64) -> impl fmt::Display {
    People::Size(count)
}

enum People {
    Time(Duration),
    Size(u64),
}

impl fmt::Display for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            People::Time(time) => write_time(time, f),
            People::Size(count) => write_size(count, f),
        }
    }
}

fn write_time(time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seconds = time.as_secs();
    if seconds >= 3600 {
        return write!(f, "{}h {:02}m", seconds / 3600, seconds / 60 % 60);
    }
    if seconds >= 60 {
        return write!(f, "{}m {:02}s", seconds / 60, seconds % 60);
    }
    let nanoseconds = time.as_nanos();
    match nanoseconds {
        0..1_000 => write!(f, "{nanoseconds} ns"),
        1_000..1_000_000 => three_digits(time.as_secs_f64() * 1e6, "µs", f),
        1_000_000..1_000_000_000 => three_digits(time.as_secs_f64() * 1e3, "ms", f),
        _ => three_digits(time.as_secs_f64(), "s", f),
    }
}

fn three_digits(value: f64, unit: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        ..9.995 => write!(f, "{value:.2} {unit}"),
        ..99.95 => write!(f, "{value:.1} {unit}"),
        _ => write!(f, "{value:.0} {unit}"),
    }
}

fn write_size(count: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return write!(f, "{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut value = count as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1023.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    match value {
        ..9.95 => write!(f, "{value:.1} {unit}"),
        _ => write!(f, "{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        for (nanoseconds, text) in [
            (0, "0 ns"),
            (812, "812 ns"),
            (1_534, "1.53 µs"),
            (45_678, "45.7 µs"),
            (456_789, "457 µs"),
            (9_999_999, "10.0 ms"),
            (2_000_000_000, "2.00 s"),
            (59_999_000_000, "60.0 s"),
            (247_000_000_000, "4m 07s"),
            (7_500_000_000_000, "2h 05m"),
        ] {
            assert_eq!(
                duration(Duration::from_nanos(nanoseconds)).to_string(),
                text
            );
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (8192, "8.0 KiB"),
            (12_345_678, "12 MiB"),
            (1_048_500, "1.0 MiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(bytes(count).to_string(), text);
        }
    }
}
