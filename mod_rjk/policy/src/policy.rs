//! A policy at work in one process.

use crate::breaker::{Breaker, Pass};
use crate::code::{Compiled, wall_clock};
use crate::fault::Fault;
use crate::host::{Call, Shared, log_limit};
use crate::instance::{Instance, Refusal};
use crate::rate::RateLimit;
use parking_lot::Mutex;
use rjk_balance::{
    Answer, Decision, FaultKind, Millis, Observation, PolicySlot, Question, RoutingPolicy,
};
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_config::toml::{Mode, OnFault, PolicySettings};
use std::sync::atomic::Ordering::Relaxed;

/// A policy for one balancer. Threads take instances from a pool and bring them back.
pub struct Policy {
    compiled: Compiled,
    settings: PolicySettings,
    slot: &'static PolicySlot,
    /// Boxed, because an instance is large and moves with each decision.
    #[allow(clippy::vec_box)]
    idle: Mutex<Vec<Box<Instance>>>,
    most_idle: usize,
    breaker: Breaker,
    lines: RateLimit,
    fault_lines: RateLimit,
}

impl Policy {
    /// A policy whose first instance is made by the first request. At most `pool_size` instances
    /// are kept: the number of threads that decide at once. `slot` is shared by all processes and
    /// by all balancers with this policy.
    pub fn new(compiled: Compiled, pool_size: usize, slot: &'static PolicySlot) -> Policy {
        let settings = *compiled.code.settings();
        Policy {
            compiled,
            settings,
            slot,
            idle: Mutex::default(),
            most_idle: pool_size,
            breaker: Breaker::new(settings.max_faults),
            lines: log_limit(),
            fault_lines: RateLimit::new(1),
        }
    }

    /// Instances in the pool now.
    pub fn idle(&self) -> usize {
        self.idle.lock().len()
    }

    /// Runs `body` on an instance, which goes back into the pool only when there was no fault.
    fn with_instance<R>(
        &self,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let pooled = self.idle.lock().pop();
        let mut instance = match pooled {
            Some(instance) => instance,
            None => Box::new(Instance::new(&self.compiled, call).map_err(Fault::from)?),
        };
        let result = body(&mut instance)?;
        let mut idle = self.idle.lock();
        if idle.len() < self.most_idle {
            idle.push(instance);
        }
        Ok(result)
    }

    fn call<'a>(
        &'a self,
        question: Option<&Question<'a>>,
        log: &'a dyn Log,
        now: Millis,
    ) -> Call<'a> {
        Call {
            request: question.map(|question| question.request),
            log,
            now,
            shared: Shared {
                name: self.compiled.code.name(),
                slot: self.slot,
                lines: &self.lines,
            },
        }
    }

    fn ask(&self, pass: Pass, question: &Question<'_>) -> Result<Decision, FaultKind> {
        let call = self.call(Some(question), question.log, question.now);
        let decided = self.with_instance(&call, |instance| {
            instance.choose(&call, question.sticky, question.candidates)
        });
        match decided {
            Ok(decision) => {
                self.slot.count(decision);
                self.breaker.success(pass);
                Ok(decision)
            }
            Err(fault) => {
                self.record_fault(pass, &fault, question.log, question.now);
                Err(fault.kind)
            }
        }
    }

    fn record_fault(&self, pass: Pass, fault: &Fault, log: &dyn Log, now: Millis) {
        self.slot.count_fault(fault.kind);
        let name = self.compiled.code.name();
        if self.breaker.fault(pass, now) {
            self.slot.switched_off.fetch_add(1, Relaxed);
            let limit = self.settings.max_faults;
            jk_log!(
                log,
                Error,
                "policy {name}: {fault}; {limit} faults in a row, it is off for 30 s"
            );
        } else if self.fault_lines.allows(now) {
            jk_log!(log, Warn, "policy {name}: {fault}; {}", self.stand_in());
        }
    }

    fn stand_in(&self) -> &'static str {
        if self.rejects() {
            "the client gets 503"
        } else {
            "the built-in rules decide"
        }
    }

    fn rejects(&self) -> bool {
        self.settings.mode == Mode::Enforce && self.settings.on_fault == OnFault::Reject
    }
}

impl RoutingPolicy for Policy {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let shadow = self.settings.mode == Mode::Shadow;
        let reject = self.rejects();
        let pass = self.breaker.pass(question.now);
        if pass == Pass::Off {
            self.slot.skipped.fetch_add(1, Relaxed);
            return if shadow {
                Answer::Shadow(None)
            } else {
                Answer::Off { reject }
            };
        }
        match self.ask(pass, question) {
            Ok(decision) if shadow => Answer::Shadow(Some(decision)),
            Ok(decision) => Answer::Decided(decision),
            Err(_) if shadow => Answer::Shadow(None),
            Err(kind) => Answer::Fault { kind, reject },
        }
    }

    fn name(&self) -> &str {
        self.compiled.code.name()
    }

    fn compare(&self, shadow: Decision, builtin: Option<usize>) {
        let same = match shadow {
            Decision::Builtin => true,
            Decision::Worker(index) => builtin == Some(index),
            Decision::Reject(_) => false,
        };
        let counter = if same {
            &self.slot.shadow_same
        } else {
            &self.slot.shadow_other
        };
        counter.fetch_add(1, Relaxed);
    }

    fn slot(&self) -> Option<&'static PolicySlot> {
        Some(self.slot)
    }

    fn observe(&self, observation: &Observation, log: &dyn Log) {
        if self.compiled.code.observer().is_none() {
            return;
        }
        let now = wall_clock();
        // A trial is for a decision.
        if !self.breaker.is_on() {
            return;
        }
        let call = self.call(None, log, now);
        let heard = self.with_instance(&call, |instance| instance.observe(&call, observation));
        if let Err(fault) = heard {
            self.record_fault(Pass::On, &fault, log, now);
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Fault(fault) => fault,
            Refusal::Message(message) => Fault::new(FaultKind::Configure, message),
        }
    }
}
