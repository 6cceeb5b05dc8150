//! A policy at work in one process.

use crate::breaker::{Breaker, Pass};
use crate::compiled::Compiled;
use crate::fault::Fault;
use crate::host::{Call, Shared, log_limit};
use crate::instance::Instance;
use crate::limits::DECISION_STACK;
use crate::stack::{Stacks, elsewhere};
use parking_lot::Mutex;
use rjk_balance::{
    Answer, Decision, FaultKind, Moment, Observation, PolicySlot, Question, RoutingPolicy,
};
use rjk_config::toml::{Mode, OnFault, PolicySettings};
use rjk_log::{Level, Log, RateLimit, jk_log};
use std::sync::atomic::Ordering::Relaxed;

/// A policy for one balancer. A thread takes the first place of the pool that is free: so few
/// instances are in use when few threads decide at once, and those stay in the processor's caches.
pub struct Policy {
    compiled: Compiled,
    /// As in `compiled`, but near at hand: each request reads these.
    name: String,
    settings: PolicySettings,
    observes: bool,
    slot: &'static PolicySlot,
    pool: Box<[Mutex<Option<Box<Instance>>>]>,
    stacks: &'static dyn Stacks,
    breaker: Breaker,
    /// Of the observer alone: what it does says nothing about decisions.
    observer_breaker: Breaker,
    lines: RateLimit,
    fault_lines: RateLimit,
    observer_fault_lines: RateLimit,
}

impl Policy {
    /// A policy whose first instance is made by the first request. At most `pool_size` instances
    /// are kept: the number of threads that decide at once. `slot` is shared by all processes and
    /// by all balancers with this policy. It runs on what `stacks` gives.
    pub fn new(
        compiled: Compiled,
        pool_size: usize,
        slot: &'static PolicySlot,
        stacks: &'static dyn Stacks,
    ) -> Policy {
        let settings = *compiled.code.settings();
        Policy {
            name: compiled.code.name().to_owned(),
            settings,
            observes: compiled.code.observer().is_some(),
            compiled,
            slot,
            stacks,
            pool: (0..pool_size).map(|_| Mutex::default()).collect(),
            breaker: Breaker::new(settings.max_faults),
            observer_breaker: Breaker::new(settings.max_faults),
            lines: log_limit(),
            fault_lines: RateLimit::new(1),
            observer_fault_lines: RateLimit::new(1),
        }
    }

    /// Instances in the pool now; those at work do not count.
    pub fn idle(&self) -> usize {
        let places = self.pool.iter().filter_map(Mutex::try_lock);
        places.filter(|place| place.is_some()).count()
    }

    /// Runs `body` on an instance, where there is enough stack for it.
    fn with_instance<R>(
        &self,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        if self.stacks.has(DECISION_STACK) {
            return self.on_instance(call, body);
        }
        elsewhere(self.stacks, || self.on_instance(call, body))
            .unwrap_or_else(|refused| Err(Fault::new(FaultKind::NoStack, refused)))
    }

    /// The instance goes back into the pool only when there was no fault.
    /// Inlined twice: called, it would cost each decision more than the look at the stack does.
    #[inline(always)]
    fn on_instance<R>(
        &self,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let mut place = self.pool.iter().find_map(Mutex::try_lock);
        let mut instance = match place.as_mut().and_then(|place| place.take()) {
            Some(instance) => instance,
            None => Box::new(Instance::new(&self.compiled, call).map_err(Fault::from)?),
        };
        let result = body(&mut instance)?;
        if let Some(place) = &mut place {
            **place = Some(instance);
        }
        Ok(result)
    }

    fn call<'a>(
        &'a self,
        question: Option<&'a Question<'a>>,
        log: &'a dyn Log,
        now: Moment,
    ) -> Call<'a> {
        Call {
            question,
            log,
            now,
            shared: Shared {
                name: &self.name,
                slot: self.slot,
                lines: &self.lines,
            },
        }
    }

    fn ask(&self, pass: Pass, question: &Question<'_>) -> Result<Decision, FaultKind> {
        let call = self.call(Some(question), question.log, question.now);
        let decided = self.with_instance(&call, |instance| instance.choose(&call, question));
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

    fn record_fault(&self, pass: Pass, fault: &Fault, log: &dyn Log, now: Moment) {
        self.slot.count_fault(fault.kind);
        let name = &self.name;
        if self.breaker.fault(pass, now) {
            self.slot.switched_off.fetch_add(1, Relaxed);
            let limit = self.settings.max_faults;
            jk_log!(
                log,
                Error,
                "policy {name}: {fault}; {limit} faults in a row, it is off for 30 s"
            );
        } else if log.enabled(Level::Warn) && self.fault_lines.allows(now.as_millis()) {
            jk_log!(log, Warn, "policy {name}: {fault}; {}", self.stand_in());
        }
    }

    fn record_observer_fault(&self, pass: Pass, fault: &Fault, log: &dyn Log, now: Moment) {
        self.slot.observer_faults.fetch_add(1, Relaxed);
        let name = &self.name;
        if self.observer_breaker.fault(pass, now) {
            self.slot.observer_switched_off.fetch_add(1, Relaxed);
            let limit = self.settings.max_faults;
            jk_log!(
                log,
                Error,
                "policy {name}: observe: {fault}; {limit} faults in a row, its observer is off for 30 s, \
                 decisions go on"
            );
        } else if log.enabled(Level::Warn) && self.observer_fault_lines.allows(now.as_millis()) {
            jk_log!(
                log,
                Warn,
                "policy {name}: observe: {fault}; decisions go on"
            );
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
        &self.name
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

    fn observes(&self) -> bool {
        self.observes
    }

    fn observe(&self, observation: &Observation, now: Moment, log: &dyn Log) {
        if !self.observes {
            return;
        }
        let pass = self.observer_breaker.pass(now);
        if pass == Pass::Off {
            self.slot.observer_skipped.fetch_add(1, Relaxed);
            return;
        }
        let call = self.call(None, log, now);
        let heard = self.with_instance(&call, |instance| instance.observe(&call, observation));
        match heard {
            Ok(()) => {
                self.slot.observed.fetch_add(1, Relaxed);
                self.observer_breaker.success(pass);
            }
            Err(fault) => self.record_observer_fault(pass, &fault, log, now),
        }
    }
}
