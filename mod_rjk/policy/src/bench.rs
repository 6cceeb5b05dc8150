//! How long decisions take.

use crate::policy::Policy;
pub use rjk_balance::SampleRequest;
use rjk_balance::{
    Answer, Candidate, Decision, Facts, FaultKind, MemberFacts, Membership, Metric, Moment,
    Question, RequestView, RoutingPolicy,
};
use rjk_log::NoLog;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Batches of samples; the lowest median of them stands for an undisturbed machine.
pub const BATCHES: usize = 15;
const SAMPLES: usize = 400;
/// Decisions of one sample, so that the clock does not count.
const GROUP: u32 = 16;

/// What was measured for one number of candidates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Number of candidates.
    pub candidates: usize,
    /// Lowest of the medians of [`BATCHES`] batches: nanoseconds of one decision.
    pub lowest_ns: f64,
    /// 99 of 100 single decisions took at most this long, the clock included.
    pub p99: Duration,
    /// What the policy decided last.
    pub decision: Decision,
}

/// Measures decisions of a policy, all else of [`RoutingPolicy::decide`] included.
///
/// # Errors
/// The first fault, or the policy is off.
pub fn measure(
    policy: &Policy,
    request: &dyn RequestView,
    candidates: usize,
) -> Result<Figures, Option<FaultKind>> {
    let list = list(candidates);
    let membership = policy.membership();
    let question = question(request, &list, &membership);
    let mut decision = decide(policy, &question)?;
    let mut lowest = f64::INFINITY;
    let mut singles = Vec::with_capacity(BATCHES * SAMPLES);
    for _ in 0..BATCHES {
        let mut samples = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let start = Instant::now();
            for _ in 0..GROUP {
                decision = decide(policy, &question)?;
            }
            samples.push(start.elapsed());
            let start = Instant::now();
            decide(policy, &question)?;
            singles.push(start.elapsed());
        }
        let median = part(&mut samples, 50).as_secs_f64() * 1e9;
        lowest = lowest.min(median / f64::from(GROUP));
    }
    Ok(Figures {
        candidates,
        lowest_ns: lowest,
        p99: part(&mut singles, 99),
        decision,
    })
}

/// Makes that many decisions and looks at no clock, for tools that count instructions: they know it by its name.
///
/// # Errors
/// As [`measure`].
#[inline(never)]
pub fn repeat(
    policy: &Policy,
    request: &dyn RequestView,
    candidates: usize,
    decisions: u32,
) -> Result<(), Option<FaultKind>> {
    let list = list(candidates);
    let membership = policy.membership();
    let question = question(request, &list, &membership);
    (0..decisions).try_for_each(|_| decide(policy, &question).map(drop))
}

/// What a policy is told of a balancer `lb` with these members, whose routes are their names.
pub fn membership<S: AsRef<str>>(members: &[S]) -> Arc<Membership> {
    let member = |name: &S| MemberFacts {
        name: name.as_ref().to_owned(),
        route: name.as_ref().to_owned(),
        domain: None,
    };
    Arc::new(Membership::new(Facts {
        balancer: "lb".to_owned(),
        method: "Request",
        sticky: true,
        sticky_force: false,
        members: members.iter().map(member).collect(),
    }))
}

fn list(candidates: usize) -> Vec<Candidate> {
    (0..candidates).map(candidate).collect()
}

fn question<'a>(
    request: &'a dyn RequestView,
    candidates: &'a Vec<Candidate>,
    membership: &'a Arc<Membership>,
) -> Question<'a> {
    Question {
        request,
        sticky: None,
        candidates,
        attempt: 1,
        tried: &[],
        membership,
        now: Moment::NEVER,
        log: &NoLog,
    }
}

fn decide(policy: &Policy, question: &Question<'_>) -> Result<Decision, Option<FaultKind>> {
    match policy.decide(question) {
        Answer::Decided(verdict) | Answer::Shadow(Some(verdict)) => Ok(verdict.decision),
        Answer::Fault { kind, .. } => Err(Some(kind)),
        Answer::Shadow(None) | Answer::Off { .. } => Err(None),
    }
}

fn candidate(index: usize) -> Candidate {
    let count = index as u64;
    Candidate::new(index)
        .with(Metric::Busy, count % 5)
        .with(Metric::Load, 100 + count * 7 % 13)
        .with(Metric::LatencyUs, 1500 + count * 10)
        .with(Metric::Requests, 1000 + count)
        .with(Metric::UsableForMs, 60_000)
}

/// The value that `percent` of the samples do not exceed.
fn part(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    let rank = (samples.len() * percent / 100).min(samples.len().saturating_sub(1));
    samples.get(rank).copied().unwrap_or_default()
}
