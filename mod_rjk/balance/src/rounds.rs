//! How often a request may try the members of a balancer (contract §4.6 step 2, FO-01).

use std::time::Duration;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Pick a member and try it.
    Attempt,
    /// Sleep this long, call [`crate::Selection::next_round`] and ask again.
    NewRound(Duration),
    /// Give up.
    Exhausted,
}

/// Counts the attempts of one request.
#[derive(Clone, Debug)]
pub struct Rounds {
    attempts: usize,
    limit: usize,
    rounds_left: u32,
    pause: Duration,
}

impl Rounds {
    /// `retries` rounds (L-06) of `lb_retries` attempts (L-07), but of no more attempts than there
    /// are members, with a pause in between (L-08).
    pub fn new(members: usize, lb_retries: u32, retries: u32, pause: Duration) -> Rounds {
        let limit = members
            .min(usize::try_from(lb_retries).unwrap_or(usize::MAX))
            .max(1);
        Rounds {
            attempts: 0,
            limit,
            rounds_left: retries.max(1) - 1,
            pause,
        }
    }

    /// Called before the first attempt and after each one that may be repeated.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Round {
        if self.attempts < self.limit {
            self.attempts += 1;
            return Round::Attempt;
        }
        if self.rounds_left == 0 {
            return Round::Exhausted;
        }
        self.rounds_left -= 1;
        self.attempts = 0;
        Round::NewRound(self.pause)
    }
}
