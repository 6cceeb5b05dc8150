//! The members as of one moment: what is recorded is what the policy saw.

use crate::metric::Metric;
use crate::policy::CandidateView;

/// Numbers of all members, and who of them are candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// By member and metric.
    pub numbers: Vec<[u64; Metric::ALL.len()]>,
    /// Indexes in configuration order.
    pub candidates: Vec<usize>,
    /// What the built-in rules would take.
    pub builtin: Option<usize>,
}

impl Frozen {
    /// What a view says now.
    pub fn of(view: &dyn CandidateView) -> Frozen {
        let numbers = (0..).map_while(|index| {
            view.value(index, Metric::Position)?;
            Some(Metric::ALL.map(|metric| view.value(index, metric).unwrap_or(0)))
        });
        Frozen {
            numbers: numbers.collect(),
            candidates: view.indexes(),
            builtin: view.builtin_choice(),
        }
    }
}

impl CandidateView for Frozen {
    fn indexes(&self) -> Vec<usize> {
        self.candidates.clone()
    }

    fn contains(&self, index: usize) -> bool {
        self.candidates.contains(&index)
    }

    fn value(&self, index: usize, metric: Metric) -> Option<u64> {
        self.numbers.get(index)?.get(metric as usize).copied()
    }

    fn builtin_choice(&self) -> Option<usize> {
        self.builtin
    }
}
