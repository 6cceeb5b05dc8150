//! A policy at work in one process.

use crate::compiled::Compiled;
use crate::fault::Fault;
use crate::host::{Call, Shared, Trace, log_limit};
use crate::instance::Instance;
use crate::limits::DECISION_STACK;
use crate::pool::Pool;
use crate::stack::{Stacks, elsewhere};
use arc_swap::ArcSwap;
use rjk_balance::{
    Answer, Decision, FaultKind, Membership, Moment, Observation, Pass, PolicySlot, PolicyState,
    Question, RoutingPolicy, Verdict,
};
use rjk_config::toml::{Mode, PolicySettings};
use rjk_log::{Level, Log, RateLimit, jk_log};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// A policy for one balancer.
pub struct Policy {
    compiled: Compiled,
    /// As in `compiled`, but near at hand: each request reads these.
    name: Arc<str>,
    settings: PolicySettings,
    observes: bool,
    state: PolicyState,
    pool: Pool,
    /// What the latest instance was configured with.
    membership: ArcSwap<Membership>,
    stacks: &'static dyn Stacks,
    lines: RateLimit,
    /// One for each kind: a frequent fault does not hide another.
    fault_lines: [RateLimit; FaultKind::ALL.len()],
    observer_fault_lines: [RateLimit; FaultKind::ALL.len()],
    problem: Option<String>,
}

/// What a tool learns of one call.
pub struct Trial<T> {
    /// What came of it.
    pub result: Result<T, Fault>,
    /// Fuel that it took; 0 when no instance could be made.
    pub fuel: u64,
}

impl Policy {
    /// A policy without instances, see [`Policy::prepare`]. At most `pool_size` instances are kept: the
    /// number of threads that decide at once. `state` is shared by all processes. It runs on what
    /// `stacks` gives.
    pub fn new(
        compiled: Compiled,
        pool_size: usize,
        state: PolicyState,
        stacks: &'static dyn Stacks,
    ) -> Policy {
        let settings = compiled.settings;
        let line_a_second = || [0; FaultKind::ALL.len()].map(|_: u8| RateLimit::new(1));
        Policy {
            name: compiled.name.clone(),
            settings,
            observes: compiled.code.observer().is_some(),
            membership: ArcSwap::new(compiled.membership.clone()),
            compiled,
            state,
            stacks,
            pool: Pool::new(pool_size),
            lines: log_limit(),
            fault_lines: line_a_second(),
            observer_fault_lines: line_a_second(),
            problem: None,
        }
    }

    /// The same, with why it is not what the configuration asks for.
    pub fn with_problem(self, problem: Option<String>) -> Policy {
        Policy { problem, ..self }
    }

    /// Makes instances before the first requests come, until the pool is full or the time is up; what
    /// fails will fail again in a request, and is told there.
    pub fn prepare(&self, until: Instant, log: &dyn Log, now: Moment) {
        let membership = self.membership();
        let call = self.call(None, log, now, None);
        let fill = || {
            self.pool.fill(|| {
                let in_time = Instant::now() < until;
                let instance = in_time.then(|| Instance::new(&self.compiled, &membership, &call));
                instance?.ok().map(Box::new)
            });
        };
        if self.stacks.has(DECISION_STACK) {
            return fill();
        }
        let _ = elsewhere(self.stacks, fill);
    }

    /// One decision for a tool: no breaker, no counters, and `trace` hears of all.
    pub fn try_choose(&self, question: &Question<'_>, trace: &dyn Trace) -> Trial<Verdict> {
        let call = self.call(Some(question), question.log, question.now, Some(trace));
        self.trial(question.membership, &call, |instance| {
            instance.choose(&call, question)
        })
    }

    /// The same for what an observer is told.
    pub fn try_observe(
        &self,
        observation: &Observation,
        now: Moment,
        log: &dyn Log,
        trace: &dyn Trace,
    ) -> Trial<()> {
        let call = self.call(None, log, now, Some(trace));
        let membership = self.membership();
        self.trial(&membership, &call, |instance| {
            instance.observe(&call, observation)
        })
    }

    fn trial<R>(
        &self,
        membership: &Arc<Membership>,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Trial<R> {
        let mut fuel = 0;
        let result = self.with_instance(membership, call, |instance| {
            let result = body(instance);
            fuel = self.settings.fuel.saturating_sub(instance.fuel_left());
            result
        });
        Trial { result, fuel }
    }

    /// What the latest instance was configured with.
    pub(crate) fn membership(&self) -> Arc<Membership> {
        self.membership.load_full()
    }

    /// Instances in the pool now; those at work do not count.
    pub fn idle(&self) -> usize {
        self.pool.idle()
    }

    /// Runs `body` on an instance, where there is enough stack for it.
    fn with_instance<R>(
        &self,
        membership: &Arc<Membership>,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        if self.stacks.has(DECISION_STACK) {
            return self.on_instance(membership, call, body);
        }
        elsewhere(self.stacks, || self.on_instance(membership, call, body))
            .unwrap_or_else(|refused| Err(Fault::new(FaultKind::NoStack, refused)))
    }

    /// The instance goes back into the pool only when there was no fault.
    /// Inlined twice: called, it would cost each decision more than the look at the stack does.
    #[inline(always)]
    fn on_instance<R>(
        &self,
        membership: &Arc<Membership>,
        call: &Call<'_>,
        body: impl FnOnce(&mut Instance) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let mut place = self.pool.place();
        let idle = place.as_mut().and_then(|place| place.take());
        let mut instance = match idle.filter(|instance| instance.knows(membership)) {
            Some(instance) => instance,
            None => self.new_instance(membership, call)?,
        };
        let result = body(&mut instance)?;
        if let Some(place) = &mut place {
            **place = Some(instance);
        }
        Ok(result)
    }

    #[cold]
    fn new_instance(
        &self,
        membership: &Arc<Membership>,
        call: &Call<'_>,
    ) -> Result<Box<Instance>, Fault> {
        let instance = Instance::new(&self.compiled, membership, call).map_err(Fault::from)?;
        self.membership.store(membership.clone());
        Ok(Box::new(instance))
    }

    fn call<'a>(
        &'a self,
        question: Option<&'a Question<'a>>,
        log: &'a dyn Log,
        now: Moment,
        trace: Option<&'a dyn Trace>,
    ) -> Call<'a> {
        Call {
            question,
            log,
            now,
            shared: Shared {
                name: &self.name,
                state: Some(&self.state),
                lines: &self.lines,
            },
            trace,
        }
    }

    fn ask(&self, pass: Pass, question: &Question<'_>) -> Result<Verdict, FaultKind> {
        let call = self.call(Some(question), question.log, question.now, None);
        let decided = self.with_instance(question.membership, &call, |instance| {
            instance.choose(&call, question)
        });
        match decided {
            Ok(verdict) => {
                self.state.slot.count(verdict.decision);
                self.state.slot.breaker.success(pass);
                Ok(verdict)
            }
            Err(fault) => {
                self.record_fault(pass, &fault, question.log, question.now);
                Err(fault.kind)
            }
        }
    }

    fn record_fault(&self, pass: Pass, fault: &Fault, log: &dyn Log, now: Moment) {
        let (name, slot) = (&self.name, self.state.slot);
        slot.count_fault(fault.kind);
        let (most, tally) = (self.settings.max_faults, slot.decision_tally());
        if let Some(tripped) = slot.breaker.fault(pass, most, tally, now) {
            slot.switched_off.fetch_add(1, Relaxed);
            jk_log!(
                log,
                Error,
                "policy {name}: {fault}; {tripped}, it is off for 30 s"
            );
        } else if log.enabled(Level::Warn)
            && self.fault_lines[fault.kind as usize].allows(now.as_millis())
        {
            jk_log!(log, Warn, "policy {name}: {fault}; {}", self.stand_in());
        }
    }

    fn record_observer_fault(&self, pass: Pass, fault: &Fault, log: &dyn Log, now: Moment) {
        let (name, slot) = (&self.name, self.state.slot);
        slot.observer_faults.fetch_add(1, Relaxed);
        let (most, tally) = (self.settings.max_faults, slot.observer_tally());
        if let Some(tripped) = slot.observer_breaker.fault(pass, most, tally, now) {
            slot.observer_switched_off.fetch_add(1, Relaxed);
            jk_log!(
                log,
                Error,
                "policy {name}: observe: {fault}; {tripped}, its observer is off for 30 s, \
                 decisions go on"
            );
        } else if log.enabled(Level::Warn)
            && self.observer_fault_lines[fault.kind as usize].allows(now.as_millis())
        {
            jk_log!(
                log,
                Warn,
                "policy {name}: observe: {fault}; decisions go on"
            );
        }
    }

    fn stand_in(&self) -> &'static str {
        if self.settings.rejects() {
            "the client gets 503"
        } else {
            "the built-in rules decide"
        }
    }
}

impl RoutingPolicy for Policy {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let shadow = self.settings.mode == Mode::Shadow;
        let reject = self.settings.rejects();
        let pass = self.state.slot.breaker.pass(question.now);
        if pass == Pass::Off {
            self.state.slot.skipped.fetch_add(1, Relaxed);
            let again = || self.state.slot.breaker.seconds_off(question.now);
            return if shadow {
                Answer::Shadow(None)
            } else {
                Answer::Off {
                    reject: reject.then(again),
                }
            };
        }
        match self.ask(pass, question) {
            Ok(verdict) if shadow => Answer::Shadow(Some(verdict)),
            Ok(verdict) => Answer::Decided(verdict),
            Err(_) if shadow => Answer::Shadow(None),
            Err(kind) => Answer::Fault { kind, reject },
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> u64 {
        self.compiled.code.description().hash
    }

    fn compare(&self, shadow: Decision, builtin: Option<usize>) {
        let same = match shadow {
            Decision::Builtin => true,
            Decision::Worker(index) => builtin == Some(index),
            Decision::Reject(_) => false,
        };
        let counter = if same {
            &self.state.slot.shadow_same
        } else {
            &self.state.slot.shadow_other
        };
        counter.fetch_add(1, Relaxed);
    }

    fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn slot(&self) -> Option<&'static PolicySlot> {
        Some(self.state.slot)
    }

    fn observes(&self) -> bool {
        self.observes
    }

    fn observe(&self, observation: &Observation, now: Moment, log: &dyn Log) {
        if !self.observes {
            return;
        }
        let pass = self.state.slot.observer_breaker.pass(now);
        if pass == Pass::Off {
            self.state.slot.observer_skipped.fetch_add(1, Relaxed);
            return;
        }
        let call = self.call(None, log, now, None);
        let membership = self.membership.load();
        let heard = self.with_instance(&membership, &call, |instance| {
            instance.observe(&call, observation)
        });
        match heard {
            Ok(()) => {
                self.state.slot.observed.fetch_add(1, Relaxed);
                self.state.slot.observer_breaker.success(pass);
            }
            Err(fault) => self.record_observer_fault(pass, &fault, log, now),
        }
    }
}
