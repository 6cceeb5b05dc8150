//! The list of candidates.

use crate::Metric;

/// Metrics that one list can hold, the position included.
const MOST: usize = 32;

/// The members that may be chosen for this attempt, in configuration order, with the `N` metrics that
/// were asked for. A metric that was not asked for cannot be read: the rows have no place for it.
#[derive(Clone, Debug)]
pub struct Candidates<const N: usize> {
    /// Rows of a position and `N` numbers.
    numbers: Vec<u64>,
}

impl<const N: usize> Candidates<N> {
    /// Asks for the list by this function.
    pub(crate) fn ask(metrics: [Metric; N], list: impl Fn(&[u32]) -> Vec<u64>) -> Candidates<N> {
        const { assert!(N < MOST, "more metrics than one list can hold") };
        // No heap: the first place is that of the position, metric 0.
        let mut asked = [Metric::POSITION.0; MOST];
        for (place, metric) in asked.iter_mut().skip(1).zip(metrics) {
            *place = metric.0;
        }
        let asked = asked.get(..=N).unwrap_or_default();
        Candidates {
            numbers: list(asked),
        }
    }

    /// Position and numbers of each candidate.
    pub fn iter(&self) -> impl Iterator<Item = (u32, [u64; N])> + '_ {
        self.numbers.chunks_exact(N + 1).map(|row| {
            let numbers = std::array::from_fn(|metric| row[metric + 1]);
            (row[0] as u32, numbers)
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.numbers.len() / (N + 1)
    }

    /// Whether there is none, which no host says.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The candidate at this place of the list, from 0.
    pub fn get(&self, place: usize) -> Option<(u32, [u64; N])> {
        self.iter().nth(place)
    }
}
