//! Moments as people see them (OUT-02).

/// A moment of the wall clock, in local time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WallTime {
    /// Seconds since 1970.
    pub unix: i64,
    /// Year.
    pub year: i32,
    /// Month from 1.
    pub month: i32,
    /// Day of the month from 1.
    pub day: i32,
    /// Hour.
    pub hour: i32,
    /// Minute.
    pub minute: i32,
    /// Second.
    pub second: i32,
    /// Seconds that local time is ahead of UTC.
    pub offset: i32,
}

impl WallTime {
    /// `YYYYMMDDhhmmss`.
    pub fn compact(&self) -> String {
        let (year, month, day) = (self.year, self.month, self.day);
        let (hour, minute, second) = (self.hour, self.minute, self.second);
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// `YYYY-MM-DD hh:mm:ss ±zzzz`.
    pub fn readable(&self) -> String {
        let (year, month, day) = (self.year, self.month, self.day);
        let (hour, minute, second) = (self.hour, self.minute, self.second);
        let zone = self.zone();
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {zone}")
    }

    /// `±hhmm`.
    pub fn zone(&self) -> String {
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out02_forms() {
        let time = WallTime {
            unix: 1_795_691_021,
            year: 2026,
            month: 1,
            day: 2,
            hour: 3,
            minute: 4,
            second: 5,
            offset: 19_800,
        };
        assert_eq!(time.compact(), "20260102030405");
        assert_eq!(time.readable(), "2026-01-02 03:04:05 +0530");
        let zone = |offset| {
            WallTime {
                offset,
                ..WallTime::default()
            }
            .zone()
        };
        assert_eq!((zone(0), zone(-34_200)), ("+0000".into(), "-0930".into()));
    }
}
