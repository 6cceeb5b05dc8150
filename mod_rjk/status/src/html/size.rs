//! Numbers as people read them.

/// Bytes with a suffix, in steps of 1024.
pub(super) fn bytes(count: u64) -> String {
    let mut rest = count;
    for suffix in ["", "K", "M", "G"] {
        if rest < 10_000 {
            return format!("{rest}{suffix}");
        }
        rest /= 1024;
    }
    format!("{rest}T")
}

/// A count, and how many that are in a second since the statistics began.
pub(super) fn rate(count: u64, seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 && count > 0 => {
            format!("{count} ({}/s)", count.div_ceil(seconds))
        }
        _ => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let rows = [
            (0, "0"),
            (9_999, "9999"),
            (10_000, "9K"),
            (10_240_000, "9M"),
            (u64::MAX, "16777215T"),
        ];
        for (count, expected) in rows {
            assert_eq!(bytes(count), expected, "{count}");
        }
    }

    #[test]
    fn a_rate_needs_a_time() {
        assert_eq!(rate(0, 10), "0");
        assert_eq!(rate(5, 0), "5");
        assert_eq!(rate(5, -1), "5");
        assert_eq!(rate(30, 10), "30 (3/s)");
        assert_eq!(rate(1, 10), "1 (1/s)");
    }
}
