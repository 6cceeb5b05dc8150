//! A policy in a balancer's place, and ways to ask it.

use crate::bench::SampleRequest;
use crate::{Ample, Code, Compiled, LoadError, Member, Policy, configure};
use rjk_balance::*;
use rjk_config::model::Activation;
use rjk_config::toml::PolicySettings;
use rjk_guest::Guest;
use rjk_log::{Level, Log, NoLog, Origin};
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

pub const T0: Moment = Moment::from_millis(1_000_000_000);

/// That many milliseconds after [`T0`].
pub fn after(millis: u64) -> Moment {
    T0 + Duration::from_millis(millis)
}

/// Never off, so that every fault shows.
pub fn settings() -> PolicySettings {
    PolicySettings {
        max_faults: 0,
        ..PolicySettings::default()
    }
}

pub fn three_members() -> Vec<Member> {
    let member = |index| Member {
        index,
        name: format!("m{index}"),
        route: format!("r{index}"),
        domain: None,
        weight: 1,
        distance: 0,
    };
    (0..3).map(member).collect()
}

pub fn compile(guest: &Guest, settings: PolicySettings) -> Compiled {
    let bytes = guest.component();
    let code = Code::load("p", &bytes, settings).unwrap();
    configure(&code, three_members(), "{}", &NoLog).unwrap()
}

/// Why these bytes are refused.
pub fn refused(bytes: &[u8]) -> LoadError {
    let loaded = Code::load("p", bytes, settings());
    let configured = loaded.and_then(|code| configure(&code, three_members(), "{}", &NoLog));
    configured.err().expect("it was loaded")
}

pub fn policy_with(guest: &Guest, settings: PolicySettings) -> Policy {
    Policy::new(compile(guest, settings), 2, PolicySlot::leaked(), &Ample)
}

pub fn policy(guest: &Guest) -> Policy {
    policy_with(guest, settings())
}

/// Keeps the lines from a level on.
#[derive(Default)]
pub struct Lines {
    kept: Mutex<Vec<String>>,
    from: Option<Level>,
}

impl Log for Lines {
    fn enabled(&self, level: Level) -> bool {
        level >= self.from.unwrap_or(Level::Info)
    }
    fn write(&self, level: Level, _: Origin, message: fmt::Arguments<'_>) {
        let line = format!("{} {message}", level.as_str());
        self.kept.lock().unwrap().push(line);
    }
}

impl Lines {
    pub fn from(level: Level) -> Lines {
        Lines {
            from: Some(level),
            ..Lines::default()
        }
    }

    pub fn all(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }
}

pub fn candidates() -> Vec<Candidate> {
    let candidate = |index: usize| Candidate {
        index,
        busy: 10 + index as u64,
        value: 20 + index as u64,
        errors: 30,
        latency_us: 40,
        requests: 50,
        usable_for_ms: 60,
        state: State::Force,
        activation: Activation::Disabled,
    };
    (0..3).map(candidate).collect()
}

/// One question at `now`.
pub fn ask_at(policy: &Policy, sticky: Option<usize>, now: Moment, log: &dyn Log) -> Answer {
    let request = SampleRequest {
        path: "/some/path".into(),
        headers: vec![("X-Tenant".into(), "blue".into())],
        ..SampleRequest::default()
    };
    policy.decide(&Question {
        request: &request,
        sticky,
        candidates: &candidates(),
        now,
        log,
    })
}

pub fn ask(policy: &Policy) -> Answer {
    ask_at(policy, None, T0, &NoLog)
}

pub fn fault(kind: FaultKind) -> Answer {
    Answer::Fault {
        kind,
        reject: false,
    }
}

pub fn worker(index: usize) -> Answer {
    Answer::Decided(Decision::Worker(index))
}
