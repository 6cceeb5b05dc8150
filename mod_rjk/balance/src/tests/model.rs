//! The five methods against brute force: a balancer as the contract tells it (§4.2, §4.5, §4.9), with
//! plain numbers, no atomics and no ledger, beside the real one.

use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::{Activation, BalanceMethod, RuleExtensions};
use rjk_log::NoLog;
use std::time::Duration;

const MAINTAIN: u64 = 60_000;
const INTERVAL: Duration = Duration::from_millis(MAINTAIN);
const RECOVER: u64 = 60_000;
const ESCALATE: u64 = 30_000;

#[derive(Clone, Debug)]
struct Config {
    factor: u32,
    distance: i32,
    activation: Activation,
}

#[derive(Clone, Debug)]
enum Step {
    /// A request comes: the member of its session, or none; stateless or not.
    Begin(Option<usize>, bool),
    /// One of the attempts under way ends.
    End(usize, Outcome, Traffic),
    /// One of them is given up, as by a panic.
    GiveUp(usize),
    /// So many intervals later.
    Maintain(u64),
    /// So many milliseconds go by.
    Wait(u64),
}

/// A member, as the contract speaks of it.
#[derive(Debug)]
struct Member {
    config: Config,
    m: u64,
    v: u64,
    state: State,
    first_error: Option<u64>,
    last_error: Option<u64>,
    used: u64,
    used_before: u64,
    sessions: u64,
}

#[derive(Debug)]
struct Model {
    method: BalanceMethod,
    members: Vec<Member>,
    offset: usize,
    maintained: u64,
}

/// An attempt under way: the member, whether it probes.
type Attempt = (usize, bool);

impl Model {
    fn new(method: BalanceMethod, configs: &[Config]) -> Model {
        let factors = configs.iter().map(|c| u64::from(c.factor));
        let common = (1..).find(|n| factors.clone().all(|f| n % f == 0)).unwrap();
        let members = configs.iter().map(|config| Member {
            config: config.clone(),
            m: common / u64::from(config.factor),
            v: 0,
            state: State::Idle,
            first_error: None,
            last_error: None,
            used: 0,
            used_before: 0,
            sessions: 0,
        });
        Model {
            method,
            members: members.collect(),
            offset: 0,
            maintained: 0,
        }
    }

    fn begin(&mut self, session: Option<usize>, stateless: bool) -> Option<Attempt> {
        let mut index = self.choose(session, stateless);
        if index.is_none() {
            // TR-20.
            let errors = self.members.iter_mut().filter(|m| m.state == State::Error);
            errors.for_each(|m| m.state = State::Force);
            index = self.choose(session, stateless);
        }
        let index = index?;
        let member = &mut self.members[index];
        let probing = member.state == State::Recover;
        if probing {
            member.state = State::Probe;
        }
        member.used += 1;
        let new = session.is_none() && !stateless;
        member.sessions += u64::from(new);
        let counts = match self.method {
            BalanceMethod::Request | BalanceMethod::Busyness => true,
            BalanceMethod::Session | BalanceMethod::Next => new,
            BalanceMethod::Traffic => false,
        };
        if counts {
            member.v += member.m;
        }
        Some((index, probing))
    }

    fn choose(&mut self, session: Option<usize>, stateless: bool) -> Option<usize> {
        let in_order = |m: &Member| m.state as u32 <= State::Force as u32;
        if let Some(index) = session {
            let member = &self.members[index];
            if in_order(member) && member.config.activation != Activation::Stopped {
                return Some(index);
            }
        }
        let mut best: Option<usize> = None;
        for step in 0..self.members.len() {
            let index = (self.offset + step) % self.members.len();
            let candidate = &self.members[index];
            if !in_order(candidate) || candidate.config.activation != Activation::Active {
                continue;
            }
            let better = best.is_none_or(|best| {
                let best = &self.members[best];
                let (near, far) = (candidate.config.distance, best.config.distance);
                near < far || (near == far && !stateless && candidate.v < best.v)
            });
            if better {
                best = Some(index);
            }
        }
        if let Some(index) = best {
            self.offset = index + 1;
        }
        best
    }

    fn end(&mut self, (index, probing): Attempt, outcome: Outcome, traffic: Traffic, now: u64) {
        let member = &mut self.members[index];
        match self.method {
            BalanceMethod::Busyness => member.v = member.v.saturating_sub(member.m),
            BalanceMethod::Traffic => member.v += (traffic.read + traffic.sent) * member.m,
            _ => {}
        }
        match outcome {
            Outcome::Success | Outcome::ClientError | Outcome::StatusSoft => {
                member.state = State::Ok;
                (member.first_error, member.last_error) = (None, None);
            }
            Outcome::StatusHard => {
                member.state = State::Error;
                (member.first_error, member.last_error) = (Some(now), Some(now));
            }
            Outcome::Protocol if member.state != State::Error => member.state = State::Ok,
            Outcome::Internal | Outcome::Aborted if probing && member.state == State::Probe => {
                member.state = State::Recover;
            }
            _ => {}
        }
    }

    fn maintain(&mut self, now: u64) {
        let k = (now - self.maintained) / MAINTAIN;
        self.maintained = now;
        self.decay(k);
        let highest = self.members.iter().map(|m| m.v).max().unwrap();
        for member in &mut self.members {
            let unused = member.used == member.used_before;
            member.used_before = member.used;
            let age = |time: Option<u64>| time.map(|time| now - time);
            if member.state == State::Error {
                if age(member.last_error).is_none_or(|age| age > RECOVER) {
                    member.state = State::Recover;
                    if self.method != BalanceMethod::Busyness {
                        member.v = highest;
                    }
                }
            } else if member.state != State::Recover
                && age(member.first_error).is_some_and(|age| age >= ESCALATE)
            {
                member.state = State::Error;
            } else if member.state == State::Ok && unused {
                member.state = State::Idle;
            }
        }
        if self.members.iter().all(|m| m.state == State::Error) {
            self.members.iter_mut().for_each(|m| m.state = State::Force);
        }
    }

    fn decay(&mut self, k: u64) {
        let common = self
            .members
            .iter()
            .filter(|m| m.config.activation == Activation::Active)
            .filter(|m| !matches!(m.state, State::Error | State::Probe | State::Busy))
            .map(|m| m.v)
            .min();
        for member in &mut self.members {
            member.v = match self.method {
                BalanceMethod::Busyness => member.v,
                BalanceMethod::Next => member.v.saturating_sub(common.unwrap_or(0)),
                _ => (0..k.min(64)).fold(member.v, |v, _| v / 2),
            };
        }
    }

    fn seen(&self) -> Vec<(u64, u64, u64, State)> {
        let seen = |m: &Member| (m.v, m.sessions, m.used, m.state);
        self.members.iter().map(seen).collect()
    }
}

fn seen(balancer: &Balancer) -> Vec<(u64, u64, u64, State)> {
    let snapshots = (0..balancer.spec().members.len()).map(|index| balancer.note(index).unwrap());
    snapshots
        .map(|s| (s.value, s.sessions, s.accessed, s.state))
        .collect()
}

fn config() -> impl Strategy<Value = Config> {
    let activation = prop_oneof![
        8 => Just(Activation::Active),
        1 => Just(Activation::Disabled),
        1 => Just(Activation::Stopped),
    ];
    let distance = prop_oneof![4 => Just(0), 1 => -1..2_i32];
    (1..8_u32, distance, activation).prop_map(|(factor, distance, activation)| Config {
        factor,
        distance,
        activation,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let session = prop_oneof![3 => Just(None), 2 => (0..6_usize).prop_map(Some)];
    let outcome = prop_oneof![
        8 => Just(Outcome::Success),
        1 => Just(Outcome::ClientError),
        1 => Just(Outcome::Protocol),
        1 => Just(Outcome::StatusSoft),
        2 => Just(Outcome::StatusHard),
        1 => Just(Outcome::Internal),
    ];
    let traffic = (0..100_000_u64, 0..9000_u64).prop_map(|(read, sent)| Traffic { read, sent });
    prop_oneof![
        9 => (session, prop::bool::weighted(0.2)).prop_map(|(s, stateless)| Step::Begin(s, stateless)),
        8 => (0..9_usize, outcome, traffic).prop_map(|(which, o, t)| Step::End(which, o, t)),
        1 => (0..9_usize).prop_map(Step::GiveUp),
        1 => prop_oneof![6 => 1..3_u64, 1 => 60..70_u64].prop_map(Step::Maintain),
        1 => (0..20_000_u64).prop_map(Step::Wait),
    ]
}

fn method() -> impl Strategy<Value = BalanceMethod> {
    prop::sample::select(BalanceMethod::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// The same members take the same requests, and V, sessions, uses and states are the same after
    /// each step.
    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn every_method_agrees_with_brute_force(
        method in method(),
        configs in proptest::collection::vec(config(), 2..6),
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        run(method, &configs, &steps)?;
    }
}

fn run(method: BalanceMethod, configs: &[Config], steps: &[Step]) -> Result<(), TestCaseError> {
    let balancer = real(method, configs);
    let overrides = ActivationOverrides::default();
    let cookies: Vec<String> = (1..=configs.len())
        .map(|n| format!("JSESSIONID=a.m{n}"))
        .collect();
    let inputs: Vec<RoutingInput<'_>> = steps
        .iter()
        .map(|step| input(&balancer, step, &cookies, &overrides))
        .collect();
    let mut model = Model::new(method, configs);
    maintain(&balancer, INTERVAL, T0, &NoLog);
    let mut now = 0;
    let mut held: Vec<(Lease<'_>, Attempt)> = Vec::new();
    for (step, input) in std::iter::zip(steps, &inputs) {
        match step {
            Step::Begin(session, stateless) => {
                let session = session.map(|index| index % configs.len());
                let attempt = model.begin(session, *stateless);
                let lease = begin(&balancer, input, now);
                prop_assert_eq!(lease.as_ref().map(Lease::index), attempt.map(|a| a.0));
                held.extend(lease.zip(attempt));
            }
            Step::End(which, outcome, traffic) => {
                if let Some((lease, attempt)) = take(&mut held, *which) {
                    model.end(attempt, *outcome, *traffic, now);
                    let _ = lease.finish(*outcome, *traffic, Duration::ZERO, later(now));
                }
            }
            Step::GiveUp(which) => {
                if let Some((lease, attempt)) = take(&mut held, *which) {
                    model.end(attempt, Outcome::Aborted, Traffic::default(), now);
                    drop(lease);
                }
            }
            Step::Maintain(periods) => {
                let due = (now - model.maintained).div_ceil(MAINTAIN);
                now = model.maintained + due.max(*periods) * MAINTAIN;
                model.maintain(now);
                prop_assert!(maintain(&balancer, INTERVAL, later(now), &NoLog));
            }
            Step::Wait(time) => now += time,
        }
        prop_assert_eq!(model.seen(), seen(&balancer), "{:?}", step);
    }
    Ok(())
}

fn real(method: BalanceMethod, configs: &[Config]) -> Balancer {
    plain(configs.len(), |spec| {
        spec.method = method;
        spec.recover_time = Duration::from_millis(RECOVER);
        spec.error_escalation_time = Duration::from_millis(ESCALATE);
        for (member, config) in std::iter::zip(&mut spec.members, configs) {
            member.lbfactor = config.factor;
            member.distance = config.distance;
            member.activation = config.activation;
        }
    })
}

fn input<'a>(
    balancer: &Balancer,
    step: &Step,
    cookies: &'a [String],
    overrides: &'a ActivationOverrides,
) -> RoutingInput<'a> {
    let (session, stateless) = match step {
        Step::Begin(session, stateless) => (*session, *stateless),
        _ => (None, false),
    };
    let cookie = session.map(|index| cookies[index % cookies.len()].as_bytes());
    RoutingInput {
        routes: balancer
            .roster()
            .session_routes(&RuleExtensions::default(), None, b"/", cookie),
        jk_route: None,
        stateless,
        overrides,
        request: SampleRequest::plain(),
    }
}

fn begin<'a>(balancer: &'a Balancer, input: &'a RoutingInput<'a>, now: u64) -> Option<Lease<'a>> {
    let mut selection = Selection::begin(
        balancer,
        balancer.roster(),
        input,
        &|_| true,
        later(now),
        &NoLog,
    );
    match selection.pick(later(now)) {
        Pick::Member(choice) => Some(Lease::begin(&mut selection, &choice)),
        _ => None,
    }
}

fn take<T>(held: &mut Vec<T>, which: usize) -> Option<T> {
    (!held.is_empty()).then(|| held.swap_remove(which % held.len()))
}
