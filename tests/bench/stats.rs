//! Medians, quartiles and percentiles.

use serde::Serialize;

/// The middle of a set of figures, and where its middle half lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    /// First and third quartile.
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// Of figures in any order; `None` of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Spread {
            median: quantile(&sorted, 0.5)?,
            low: quantile(&sorted, 0.25)?,
            high: quantile(&sorted, 0.75)?,
        })
    }
}

/// Between the two nearest figures, in proportion.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}

/// Figures of the same rounds, divided one by one: what met both of them in a round cancels out.
pub fn ratios(figures: &[f64], others: &[f64]) -> Option<Spread> {
    Spread::of(
        figures
            .iter()
            .zip(others)
            .map(|(figure, other)| figure / other),
    )
}

/// The smallest value that at least this share of all values does not exceed.
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_quartiles_in_any_order() {
        let spread = Spread::of([9.0, 1.0, 5.0, 3.0, 7.0]);
        let expected = Spread {
            median: 5.0,
            low: 3.0,
            high: 7.0,
        };
        assert_eq!(spread, Some(expected));
        let even = Spread::of([4.0, 1.0, 2.0, 3.0]).map(|spread| (spread.low, spread.median));
        assert_eq!(even, Some((1.75, 2.5)));
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([2.0]).map(|spread| spread.high), Some(2.0));
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The second round was slow for both.
        let spread = ratios(&[2.0, 20.0, 2.2], &[1.0, 10.0, 1.0]).unwrap();
        assert_eq!(spread.median, 2.0);
        assert!(spread.high < 2.2);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=1000).collect();
        assert_eq!(percentile(&values, 0.5), Some(500));
        assert_eq!(percentile(&values, 0.99), Some(990));
        assert_eq!(percentile(&values, 0.999), Some(999));
        assert_eq!(percentile(&values, 1.0), Some(1000));
        assert_eq!(percentile(&[7], 0.999), Some(7));
        assert_eq!(percentile::<u64>(&[], 0.5), None);
    }
}
