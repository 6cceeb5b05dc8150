//! The status worker.

use super::balancer::Activation;
use bstr::BString;

/// The status worker (contract §2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSpec {
    /// Worker name.
    pub name: BString,
    /// Stylesheet address (S-01).
    pub css: Option<BString>,
    /// Nothing may be changed through it (S-02).
    pub read_only: bool,
    /// Users that may see it; empty means everybody (S-03).
    pub users: Vec<BString>,
    /// Compare users without case (S-04).
    pub user_case_insensitive: bool,
    /// Members that count as good (S-05).
    pub good: RatingSet,
    /// Members that count as bad, whether they are good or not (S-06).
    pub bad: RatingSet,
    /// What the keys of properties begin with (S-07).
    pub prefix: BString,
    /// What the names of XML elements begin with, with its colon; may be empty (S-08).
    pub ns: BString,
    /// Attributes of the XML root; may be empty (S-09).
    pub xmlns: BString,
    /// A line after the XML declaration (S-10).
    pub doctype: Option<BString>,
}

/// The states of a member as `good` and `bad` tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatedState {
    /// Used, and well.
    Ok,
    /// Well, and not used lately.
    Idle,
    /// At its limit.
    Busy,
    /// Tried again after an error, or about to be.
    Recovering,
    /// In error.
    Error,
}

const STATES: [RatedState; 5] = [
    RatedState::Ok,
    RatedState::Idle,
    RatedState::Busy,
    RatedState::Recovering,
    RatedState::Error,
];

/// Which members a rating covers: pairs of activation and state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RatingSet(u16);

impl RatingSet {
    /// `good` when the file has none: active and not in error.
    pub const GOOD: RatingSet = RatingSet(0b0_1111);
    /// `bad` when the file has none: stopped, or in error.
    pub const BAD: RatingSet = RatingSet(0b11111_10000_10000);

    /// All members of an activation, a state or both; `None` stands for any.
    pub fn of(activation: Option<Activation>, state: Option<RatedState>) -> RatingSet {
        let mut set = RatingSet::default();
        for one in Activation::ALL {
            for other in STATES {
                let is_meant = activation.is_none_or(|wanted| wanted == one)
                    && state.is_none_or(|wanted| wanted == other);
                if is_meant {
                    set.0 |= bit(one, other);
                }
            }
        }
        set
    }

    /// What either covers.
    pub fn union(self, other: RatingSet) -> RatingSet {
        RatingSet(self.0 | other.0)
    }

    /// What both cover.
    pub fn intersection(self, other: RatingSet) -> RatingSet {
        RatingSet(self.0 & other.0)
    }

    /// Whether it covers nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a member is covered.
    pub fn contains(self, activation: Activation, state: RatedState) -> bool {
        self.0 & bit(activation, state) != 0
    }
}

fn bit(activation: Activation, state: RatedState) -> u16 {
    let row = match activation {
        Activation::Active => 0,
        Activation::Disabled => 5,
        Activation::Stopped => 10,
    };
    1 << (row + state as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s05_s06_the_sets_without_a_line_in_the_file() {
        use Activation::*;
        let all = |activation| STATES.map(|state| RatingSet::BAD.contains(activation, state));
        assert_eq!(all(Active), [false, false, false, false, true]);
        assert_eq!(all(Disabled), [false, false, false, false, true]);
        assert_eq!(all(Stopped), [true; 5]);
        let good = RatingSet::of(Some(Active), None);
        assert_eq!(
            good.intersection(RatingSet::of(None, Some(RatedState::Error))),
            RatingSet::of(Some(Active), Some(RatedState::Error))
        );
        for (index, state) in STATES.into_iter().enumerate() {
            assert_eq!(RatingSet::GOOD.contains(Active, state), index < 4);
            assert!(!RatingSet::GOOD.contains(Disabled, state));
            assert!(!RatingSet::GOOD.contains(Stopped, state));
        }
        assert!(RatingSet::GOOD.intersection(RatingSet::BAD).is_empty());
    }
}
