//! A balancer with its policy, or with what stands in for it.

use super::super::shm::LastingMemory;
use crate::ffi::stack;
use bstr::BString;
use once_cell::sync::OnceCell;
use rjk_balance::{PolicySlot, PolicyState, RoutingPolicy, StoreSize};
use rjk_config::model::LbSpec;
use rjk_config::toml::PolicySpec;
use rjk_log::Log;
use rjk_policy::{Code, Compiled, Missing, Policy, Stacks};
use rjk_proxy::clock::now;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A balancer with its policy.
pub(super) struct Bound {
    pub(super) balancer: BString,
    members: Vec<BString>,
    /// As the file says, or as it said when what serves was loaded.
    spec: Arc<PolicySpec>,
    /// What decides, or why nothing does.
    made: Result<Made, String>,
    /// Why this is not what the file asks for.
    problem: Option<String>,
    state: OnceCell<PolicyState>,
}

/// A policy that serves.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) spec: Arc<PolicySpec>,
    pub(super) code: Code,
    pub(super) compiled: Compiled,
}

/// Longest time that a child takes for the instances of a policy before it accepts requests: children are also
/// made when the load rises, and then none of them may keep clients waiting for long.
const PREPARATION: Duration = Duration::from_millis(100);

/// The stack of the thread that asks, or one that it keeps for policies.
struct OfThread;

impl Stacks for OfThread {
    fn has(&self, bytes: usize) -> bool {
        stack::left() >= bytes
    }

    fn run(&self, bytes: usize, body: &mut dyn FnMut()) -> Result<(), String> {
        stack::kept(bytes, body)
    }
}

impl Bound {
    /// `made`: what decides, or why nothing does; `problem`: why it is not what the file asks for.
    pub(super) fn new(
        lb: &LbSpec,
        spec: &Arc<PolicySpec>,
        made: Result<Made, String>,
        problem: Option<String>,
    ) -> Bound {
        Bound {
            balancer: lb.name.clone(),
            members: lb
                .members
                .iter()
                .map(|member| member.ajp.name.clone())
                .collect(),
            spec: spec.clone(),
            made,
            problem,
            state: OnceCell::new(),
        }
    }

    /// What decides.
    pub(super) fn made(&self) -> Option<&Made> {
        self.made.as_ref().ok()
    }

    /// Gets the memory that all children share. What it learned is there again when neither its
    /// members nor the sizes of its store have changed.
    ///
    /// # Errors
    /// Memory is out.
    pub(super) fn share(&self, memory: &LastingMemory) -> io::Result<()> {
        let size = self.made().map(|made| made.compiled.store_size());
        let size = size.unwrap_or_default();
        let slot: &[PolicySlot] = memory.part(&self.name_of("policy", size), 1)?;
        let cells = size.total(self.members.len()).unwrap_or(0);
        let cells = memory.part(&self.name_of("cells", size), cells)?;
        if let Some(slot) = slot.first() {
            // Who restarts may have mended it.
            slot.breaker.switch_on();
            slot.observer_breaker.switch_on();
            let _ = self.state.set(PolicyState { slot, cells });
        }
        Ok(())
    }

    fn name_of(&self, part: &str, size: StoreSize) -> Vec<BString> {
        let StoreSize {
            cells,
            member_cells,
        } = size;
        let policy = self.spec.name.as_str();
        let sizes = format!("{cells}, {member_cells} of each member");
        let mut name: Vec<BString> = vec![part.into(), policy.into(), sizes.into()];
        name.push(self.balancer.clone());
        name.extend(self.members.iter().cloned());
        name
    }

    /// Who decides, for the log.
    pub(super) fn line(&self) -> String {
        let (balancer, policy) = (&self.balancer, &self.spec.name);
        let component = self.spec.component.display();
        match &self.made {
            Ok(_) => format!("balancer {balancer}: policy {policy}, {component}"),
            Err(_) => format!("balancer {balancer}: policy {policy} is missing"),
        }
    }

    /// The policy for a child with that many threads, with its instances: made here, at the birth of the
    /// child, they cost no request its time. What the time was too short for, requests make.
    pub(super) fn for_child(&self, threads: usize, log: &dyn Log) -> Arc<dyn RoutingPolicy> {
        let missing = |reason: &str| {
            let (name, settings) = (&self.spec.name, &self.spec.settings);
            Missing::new(name, settings, reason, self.state.get().copied())
        };
        match (&self.made, self.state.get()) {
            (Ok(made), Some(state)) => {
                let policy = Policy::new(made.compiled.clone(), threads, *state, &OfThread);
                policy.prepare(Instant::now() + PREPARATION, log, now());
                Arc::new(policy.with_problem(self.problem.clone()))
            }
            (Ok(_), None) => Arc::new(missing("there is no memory for what its instances share")),
            (Err(reason), _) => Arc::new(missing(reason)),
        }
    }
}
