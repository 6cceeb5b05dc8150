//! A policy in a balancer's place, and ways to ask it.

use crate::bench::{SampleRequest, membership};
use crate::{Ample, Code, Compiled, LoadError, Policy, Setup, configure};
use rjk_balance::*;
use rjk_config::toml::{EngineKind, PolicySettings};
use rjk_guest::Guest;
use rjk_log::{Level, Log, NoLog, Origin};
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex};
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

pub fn three_members() -> Arc<Membership> {
    membership(&["m0", "m1", "m2"])
}

thread_local! {
    /// What the policies of this thread's test run on.
    static ENGINE: Cell<EngineKind> = const { Cell::new(EngineKind::Native) };
}

/// A test with the interpreter.
pub fn interpreted(test: impl FnOnce()) {
    ENGINE.set(EngineKind::Interpreter);
    test();
    ENGINE.set(EngineKind::Native);
}

/// What `configure` makes of a code.
pub fn configured(code: &Code, settings: PolicySettings) -> Result<Compiled, LoadError> {
    let setup = Setup {
        name: "p",
        settings,
        config: "{}",
        trace: None,
    };
    configure(code, &setup, &three_members(), &NoLog)
}

pub fn load(bytes: &[u8]) -> Result<Code, LoadError> {
    Code::load(bytes, settings().memory, ENGINE.get())
}

pub fn compile(guest: &Guest, settings: PolicySettings) -> Compiled {
    let code = Code::load(&guest.component(), settings.memory, ENGINE.get()).unwrap();
    configured(&code, settings).unwrap()
}

/// Why these bytes are refused.
pub fn refused(bytes: &[u8]) -> LoadError {
    let configured = load(bytes).and_then(|code| configured(&code, settings()));
    configured.err().expect("it was loaded")
}

/// A policy of one instance, as long as nothing happens to it: with more, each processor has one.
pub fn at_work(compiled: Compiled) -> Policy {
    let state = compiled.leaked_state();
    Policy::new(compiled, 1, state, &Ample)
}

pub fn policy_with(guest: &Guest, settings: PolicySettings) -> Policy {
    at_work(compile(guest, settings))
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

/// Each number of a candidate is another one: ten times the metric's, and the index.
pub fn candidates() -> Vec<Candidate> {
    let candidate = |index: usize| {
        let number = |metric| 10 * metric as u64 + index as u64;
        let numbers = Metric::ALL
            .into_iter()
            .map(|metric| (metric, number(metric)));
        numbers.fold(Candidate::new(index), |candidate, (metric, number)| {
            candidate.with(metric, number)
        })
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
        attempt: 2,
        tried: &[Tried {
            index: 1,
            ended: Ended::Timeout,
        }],
        membership: &three_members(),
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
    Answer::Decided(Decision::Worker(index).into())
}

pub fn builtin() -> Answer {
    Answer::Decided(Decision::Builtin.into())
}
