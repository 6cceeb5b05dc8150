//! Balancing methods: what the load value V of a member means (contract §4.2).
//!
//! Which members are eligible, distances and the rotation of ties are the same for all methods; a
//! method compares and updates.

mod busyness;
mod method;
mod next;
mod request;
mod session;
mod traffic;

pub use busyness::Busyness;
pub use method::{Aged, Method};
pub use next::Next;
pub use request::Request;
pub use session::Session;
pub use traffic::Traffic;

use rjk_config::model::{BalanceMethod, LbSpec};

/// The implementation of a configured method (L-04).
pub fn of(method: BalanceMethod) -> &'static dyn Method {
    match method {
        BalanceMethod::Request => &Request,
        BalanceMethod::Traffic => &Traffic,
        BalanceMethod::Busyness => &Busyness,
        BalanceMethod::Session => &Session,
        BalanceMethod::Next => &Next,
    }
}

/// The multipliers of a balancer's members.
pub(crate) fn multipliers_of(spec: &LbSpec) -> Vec<u64> {
    let factors: Vec<u32> = spec.members.iter().map(|member| member.lbfactor).collect();
    multipliers(&factors)
}

/// Multipliers M = LCM(F) / F of the factors (LB-01), so that V rises in whole numbers.
///
/// When the least common multiple leaves 2^40, 2^40 itself stands in for it: V cannot overflow
/// between two decays, and a share is off by less than its factor / 2^40.
pub fn multipliers(factors: &[u32]) -> Vec<u64> {
    const LIMIT: u64 = 1 << 40;
    let factor = |factor: &u32| u64::from((*factor).max(1));
    let common = factors.iter().map(factor).try_fold(1_u64, |lcm, factor| {
        (lcm / gcd(lcm, factor))
            .checked_mul(factor)
            .filter(|&lcm| lcm <= LIMIT)
    });
    factors
        .iter()
        .map(|f| common.unwrap_or(LIMIT) / factor(f))
        .collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
