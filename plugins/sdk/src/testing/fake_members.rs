//! Members as they are at one moment.

use crate::{Activation, Metric, NEVER, State, Tried};
use std::ops::{Deref, DerefMut};

/// What the host would say of one member. Everything may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is a Metric")]
pub struct FakeMember {
    /// Whether it may be chosen for this attempt.
    pub candidate: bool,
    pub state: State,
    pub activation: Activation,
    pub busy: u64,
    pub load: u64,
    pub errors: u64,
    pub latency_us: u64,
    pub latency_age_ms: u64,
    pub requests: u64,
    pub usable_for_ms: u64,
    pub failed_before_ms: u64,
    pub failures_in_a_row: u64,
    pub weight: u64,
    pub distance: i64,
    pub busy_limit: u64,
    pub connected: u64,
    pub sessions: u64,
}

impl Default for FakeMember {
    /// A candidate that is idle and active and has done nothing yet; weight 1.
    fn default() -> FakeMember {
        FakeMember {
            candidate: true,
            state: State::IDLE,
            activation: Activation::ACTIVE,
            busy: 0,
            load: 0,
            errors: 0,
            latency_us: 0,
            latency_age_ms: NEVER,
            requests: 0,
            usable_for_ms: 0,
            failed_before_ms: NEVER,
            failures_in_a_row: 0,
            weight: 1,
            distance: 0,
            busy_limit: 0,
            connected: 0,
            sessions: 0,
        }
    }
}

impl FakeMember {
    /// A metric of this member at this position; 0 for one that has no name.
    pub(super) fn value(&self, position: u32, metric: Metric) -> u64 {
        match metric {
            Metric::POSITION => position.into(),
            Metric::STATE => self.state.0,
            Metric::ACTIVATION => self.activation.0,
            Metric::BUSY => self.busy,
            Metric::LOAD => self.load,
            Metric::ERRORS => self.errors,
            Metric::LATENCY_US => self.latency_us,
            Metric::LATENCY_AGE_MS => self.latency_age_ms,
            Metric::REQUESTS => self.requests,
            Metric::USABLE_FOR_MS => self.usable_for_ms,
            Metric::FAILED_BEFORE_MS => self.failed_before_ms,
            Metric::FAILURES_IN_A_ROW => self.failures_in_a_row,
            Metric::WEIGHT => self.weight,
            Metric::DISTANCE => self.distance.cast_unsigned(),
            Metric::BUSY_LIMIT => self.busy_limit,
            Metric::CONNECTED => self.connected,
            Metric::SESSIONS => self.sessions,
            _ => 0,
        }
    }
}

/// The members for one attempt, at their positions: `now[1].busy = 3`, `now[2].candidate = false`.
#[derive(Clone, Debug, Default)]
pub struct FakeMembers {
    /// The members.
    pub members: Vec<FakeMember>,
    /// Attempts of this request before this one, oldest first.
    pub tried: Vec<Tried>,
    /// What the built-in rules would take, when it is not the sticky member or the nearest, least loaded
    /// active candidate.
    pub builtin_choice: Option<Option<u32>>,
}

impl FakeMembers {
    /// So many members, all of them candidates.
    pub fn all(count: usize) -> FakeMembers {
        FakeMembers {
            members: vec![FakeMember::default(); count],
            ..FakeMembers::default()
        }
    }

    /// The same members, of which only these are candidates.
    #[must_use]
    pub fn only(mut self, candidates: &[u32]) -> FakeMembers {
        for (position, member) in (0..).zip(&mut self.members) {
            member.candidate = candidates.contains(&position);
        }
        self
    }

    pub(super) fn candidates(&self) -> impl Iterator<Item = (u32, &FakeMember)> {
        (0..)
            .zip(&self.members)
            .filter(|(_, member)| member.candidate)
    }

    pub(super) fn is_candidate(&self, position: u32) -> bool {
        self.candidates()
            .any(|(candidate, _)| candidate == position)
    }

    pub(super) fn what_builtin_takes(&self, sticky: Option<u32>) -> Option<u32> {
        if let Some(choice) = self.builtin_choice {
            return choice;
        }
        let active = self
            .candidates()
            .filter(|(_, member)| member.activation == Activation::ACTIVE);
        let best = active.min_by_key(|(_, member)| (member.distance, member.load));
        sticky.or(best.map(|(position, _)| position))
    }
}

impl Deref for FakeMembers {
    type Target = [FakeMember];

    fn deref(&self) -> &[FakeMember] {
        &self.members
    }
}

impl DerefMut for FakeMembers {
    fn deref_mut(&mut self) -> &mut [FakeMember] {
        &mut self.members
    }
}
