//! What one cell of the store counts: requests in flight of one tenant on one member.
//!
//! A request of which nobody tells that it ended (its child was killed, or the observer was switched off)
//! must not count forever. So time goes by in periods, each as long as the longest request; a request counts in
//! the period in which it began and in the next one, and then no more.

/// Requests by the period in which they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Number of the latest period that anybody saw.
    pub(crate) period: u32,
    /// Those that began in the period before.
    before: u16,
    /// Those that began in this one.
    now: u16,
}

impl Count {
    pub(crate) fn of_cell(cell: u64) -> Count {
        Count {
            period: (cell >> 32) as u32,
            before: (cell >> 16) as u16,
            now: cell as u16,
        }
    }

    pub(crate) fn cell(self) -> u64 {
        u64::from(self.period) << 32 | u64::from(self.before) << 16 | u64::from(self.now)
    }

    /// The same in a later period. Another child may have seen that one begin already: what it saw stays.
    fn at(self, period: u32) -> Count {
        match period.wrapping_sub(self.period).cast_signed() {
            1 => Count {
                period,
                before: self.now,
                now: 0,
            },
            later if later > 1 => Count {
                period,
                before: 0,
                now: 0,
            },
            _ => self,
        }
    }

    /// With one request more; none when there are `quota` already.
    pub(crate) fn taken(self, period: u32, quota: u64) -> Option<Count> {
        let count = self.at(period);
        let all = u64::from(count.before) + u64::from(count.now);
        let now = count.now.checked_add(1).filter(|_| all < quota)?;
        Some(Count { now, ..count })
    }

    /// With one request less that began in a period with these last bits; none when it counts no more.
    pub(crate) fn released(self, period: u16) -> Option<Count> {
        match (self.period as u16).wrapping_sub(period) {
            0 => Some(Count {
                now: self.now.checked_sub(1)?,
                ..self
            }),
            1 => Some(Count {
                before: self.before.checked_sub(1)?,
                ..self
            }),
            _ => None,
        }
    }
}

/// What comes back with the outcome: where a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Which store: cells that begin anew do not know the requests of before.
    pub(crate) store: u32,
    /// Last bits of the period in which it began.
    pub(crate) period: u16,
    /// The member's cell, counted over all members.
    pub(crate) place: u16,
}

impl Ticket {
    /// Never 0, since no store is.
    pub(crate) fn token(self) -> u64 {
        u64::from(self.store) << 32 | u64::from(self.period) << 16 | u64::from(self.place)
    }

    pub(crate) fn of_token(token: u64) -> Ticket {
        Ticket {
            store: (token >> 32) as u32,
            period: (token >> 16) as u16,
            place: token as u16,
        }
    }
}
