//! Interface `members`.

use super::HostState;
use crate::fault::Excess;
use crate::world::{members, number, types};
use rjk_balance::{CandidateView, Metric, Tried};
use wasmtime::{Error, Result};

/// Metrics that one list may have: more than there are, less than what could hurt.
const MAX_COLUMNS: usize = 64;

impl members::Host for HostState {
    fn candidates(&mut self, metrics: Vec<u32>) -> Result<Vec<u64>> {
        self.ask("members.candidates", &metrics, |state, question| {
            if metrics.len() > MAX_COLUMNS {
                return Err(Error::new(Excess::Columns));
            }
            let view = question.candidates;
            let indexes = view.indexes();
            let mut rows = Vec::with_capacity(indexes.len() * metrics.len());
            for index in indexes {
                rows.extend(metrics.iter().map(|metric| known(view, index, *metric)));
            }
            state.budget.copy_list(size_of_val(&rows[..]))?;
            Ok(rows)
        })
    }

    fn is_candidate(&mut self, member: u32) -> Result<bool> {
        self.ask("members.is-candidate", &member, |_, question| {
            Ok(usize::try_from(member).is_ok_and(|index| question.candidates.contains(index)))
        })
    }

    fn value(&mut self, member: u32, metric: u32) -> Result<u64> {
        self.ask("members.value", &(member, metric), |_, question| {
            let index = usize::try_from(member).unwrap_or(usize::MAX);
            // Also of an unknown metric: whether there is such a member is known of each.
            let known = Metric::of(metric);
            let asked = known.unwrap_or(Metric::Position);
            let value = question.candidates.value(index, asked);
            let value = value.ok_or_else(|| Error::new(Excess::NoMember(member)))?;
            Ok(known.map_or(0, |_| value))
        })
    }

    fn knows(&mut self, metric: u32) -> Result<bool> {
        self.call("members.knows", &metric, |_, _| {
            Ok(Metric::of(metric).is_some())
        })
    }

    fn builtin_choice(&mut self) -> Result<Option<u32>> {
        self.ask("members.builtin-choice", &(), |_, question| {
            Ok(question.candidates.builtin_choice().map(number))
        })
    }

    fn attempt(&mut self) -> Result<u32> {
        self.ask("members.attempt", &(), |_, question| Ok(question.attempt))
    }

    fn tried(&mut self) -> Result<Vec<types::Earlier>> {
        self.ask("members.tried", &(), |state, question| {
            let tried = question.tried.iter().map(earlier);
            let tried: Vec<types::Earlier> = tried.collect();
            state.budget.copy(size_of_val(&tried[..]))?;
            Ok(tried)
        })
    }
}

fn known(view: &dyn CandidateView, index: usize, metric: u32) -> u64 {
    let metric = Metric::of(metric);
    let value = metric.and_then(|metric| view.value(index, metric));
    value.unwrap_or(0)
}

fn earlier(tried: &Tried) -> types::Earlier {
    types::Earlier {
        member: number(tried.index),
        ended: tried.ended as u32,
    }
}
