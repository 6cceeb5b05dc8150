//! What is known of a member's latency: one cell of the store, so that all children know the same.

/// Microseconds and when they were noted: a peak that is forgotten slowly. 0 as a cell is nobody's
/// estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    /// At least 1.
    micros: u32,
    /// Low half of the milliseconds of the clock that all children have; ages are right up to 49 days.
    at_ms: u32,
}

/// A moment of [`Estimate`].
pub(crate) fn at_ms(monotonic_us: u64) -> u32 {
    (monotonic_us / 1000) as u32
}

impl Estimate {
    /// What a cell of the store holds.
    pub(crate) fn of_cell(cell: u64) -> Option<Estimate> {
        let (micros, at_ms) = ((cell >> 32) as u32, cell as u32);
        (micros > 0).then_some(Estimate { micros, at_ms })
    }

    pub(crate) fn cell(self) -> u64 {
        u64::from(self.micros) << 32 | u64::from(self.at_ms)
    }

    /// The latest microseconds, as if they had been noted now.
    pub(crate) fn micros(self) -> u64 {
        self.micros.into()
    }

    /// They halve with each `half_ms` without a new one.
    pub(crate) fn aged(self, now_ms: u32, half_ms: u64) -> u64 {
        halved(
            self.micros.into(),
            now_ms.wrapping_sub(self.at_ms).into(),
            half_ms,
        )
    }

    /// The estimate after one more sample: a peak counts at once and whole, what is below it counts the
    /// more the longer the last one is ago. None when nothing changes, so that times too short to
    /// count one by one count together.
    pub(crate) fn with(
        old: Option<Estimate>,
        sample: u64,
        now_ms: u32,
        half_ms: u64,
    ) -> Option<Estimate> {
        let sample = u32::try_from(sample).unwrap_or(u32::MAX).max(1);
        let micros = match old {
            Some(old) if old.micros > sample => {
                let above = u64::from(old.micros - sample);
                let left = halved(above, now_ms.wrapping_sub(old.at_ms).into(), half_ms);
                sample + u32::try_from(left).unwrap_or(u32::MAX - sample)
            }
            _ => sample,
        };
        let new = Estimate {
            micros,
            at_ms: now_ms,
        };
        old.is_none_or(|old| sample >= old.micros || micros != old.micros)
            .then_some(new)
    }
}

/// `value` after `age`, when it halves with each `half`.
fn halved(value: u64, age: u64, half: u64) -> u64 {
    (value as f64 * (-(age as f64 / half as f64)).exp2()) as u64
}
