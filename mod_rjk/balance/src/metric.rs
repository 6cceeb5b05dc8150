//! The numbers of a member that a policy may ask for.

/// A number of a member; its own number is that of the contract (plugins/wit, interface `members`),
/// where units and meanings stand. New ones are added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Metric {
    /// Index in configuration order.
    Position = 0,
    /// [`crate::State`] as this request sees it.
    State,
    /// Activation as this request sees it: 0 active, 1 disabled, 2 stopped.
    Activation,
    /// Requests in flight on its worker over all children.
    Busy,
    /// Load V of the balancing method (LB-02).
    Load,
    /// Failures charged to the member.
    Errors,
    /// [`crate::MemberSlot::latency_us`].
    LatencyUs,
    /// Milliseconds since the latest sample of that.
    LatencyAgeMs,
    /// Service calls on its worker.
    Requests,
    /// Milliseconds since its first use or its return from an error.
    UsableForMs,
    /// Milliseconds since its last failure.
    FailedBeforeMs,
    /// Failures since its last success.
    FailuresInARow,
    /// `lbfactor`.
    Weight,
    /// `distance`, as the bits of a signed number.
    Distance,
    /// `busy_limit` of its worker; 0 for none.
    BusyLimit,
    /// Open connections of its worker over all children.
    Connected,
    /// Requests without a session that it took.
    Sessions,
}

impl Metric {
    /// All of them, each at its own number.
    pub const ALL: [Metric; 17] = [
        Metric::Position,
        Metric::State,
        Metric::Activation,
        Metric::Busy,
        Metric::Load,
        Metric::Errors,
        Metric::LatencyUs,
        Metric::LatencyAgeMs,
        Metric::Requests,
        Metric::UsableForMs,
        Metric::FailedBeforeMs,
        Metric::FailuresInARow,
        Metric::Weight,
        Metric::Distance,
        Metric::BusyLimit,
        Metric::Connected,
        Metric::Sessions,
    ];

    /// Age of what never happened.
    pub const NEVER: u64 = u64::MAX;

    /// The metric of this number; `None` for one that this host does not know.
    pub fn of(number: u32) -> Option<Metric> {
        Metric::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Its name in records and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Position => "position",
            Metric::State => "state",
            Metric::Activation => "activation",
            Metric::Busy => "busy",
            Metric::Load => "load",
            Metric::Errors => "errors",
            Metric::LatencyUs => "latency-us",
            Metric::LatencyAgeMs => "latency-age-ms",
            Metric::Requests => "requests",
            Metric::UsableForMs => "usable-for-ms",
            Metric::FailedBeforeMs => "failed-before-ms",
            Metric::FailuresInARow => "failures-in-a-row",
            Metric::Weight => "weight",
            Metric::Distance => "distance",
            Metric::BusyLimit => "busy-limit",
            Metric::Connected => "connected",
            Metric::Sessions => "sessions",
        }
    }
}

/// A candidate with all of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index in configuration order.
    pub index: usize,
    numbers: [u64; Metric::ALL.len()],
}

impl Candidate {
    /// An active member that works, of weight 1, and has done nothing yet.
    pub fn new(index: usize) -> Candidate {
        let fresh = Candidate {
            index,
            numbers: [0; Metric::ALL.len()],
        };
        fresh
            .with(Metric::Position, index as u64)
            .with(Metric::State, 1)
            .with(Metric::Weight, 1)
            .with(Metric::LatencyAgeMs, Metric::NEVER)
            .with(Metric::FailedBeforeMs, Metric::NEVER)
    }

    /// The same with another number.
    #[must_use]
    pub fn with(mut self, metric: Metric, number: u64) -> Candidate {
        if let Some(place) = self.numbers.get_mut(metric as usize) {
            *place = number;
        }
        self
    }

    /// One of its numbers.
    pub fn get(&self, metric: Metric) -> u64 {
        self.numbers.get(metric as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_is_at_its_own_number() {
        for (number, metric) in (0..).zip(Metric::ALL) {
            assert_eq!(metric as u32, number);
            assert_eq!(Metric::of(number), Some(metric));
        }
        assert_eq!(Metric::of(17), None);
        assert_eq!(Metric::of(u32::MAX), None);
    }
}
