//! The list of candidates.

use crate::{Activation, Metric};

/// Metrics that one list can hold, those that the SDK asks for itself included.
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
        Candidates {
            numbers: rows([Metric::POSITION], metrics, list),
        }
    }

    /// The same of the active ones at the lowest distance.
    pub(crate) fn nearest(
        metrics: [Metric; N],
        list: impl Fn(&[u32]) -> Vec<u64>,
    ) -> Candidates<N> {
        const { assert!(N + 2 < MOST, "more metrics than one list can hold") };
        let lead = [Metric::POSITION, Metric::ACTIVATION, Metric::DISTANCE];
        let all = rows(lead, metrics, list);
        let active = || {
            let all = all.chunks_exact(N + lead.len());
            all.filter(|row| Activation(row[1]) == Activation::ACTIVE)
        };
        let lowest = active().map(|row| Metric::signed(row[2])).min();
        let near = active().filter(|row| Some(Metric::signed(row[2])) == lowest);
        Candidates {
            numbers: near
                .flat_map(|row| [&row[..1], &row[lead.len()..]])
                .flatten()
                .copied()
                .collect(),
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

/// The list with first these metrics and then those.
fn rows<const L: usize, const N: usize>(
    lead: [Metric; L],
    metrics: [Metric; N],
    list: impl Fn(&[u32]) -> Vec<u64>,
) -> Vec<u64> {
    // No heap for the question.
    let mut asked = [Metric::POSITION.0; MOST];
    for (place, metric) in asked.iter_mut().zip(lead.into_iter().chain(metrics)) {
        *place = metric.0;
    }
    list(asked.get(..L + N).unwrap_or_default())
}
