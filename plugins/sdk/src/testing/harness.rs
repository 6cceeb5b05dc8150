//! A configured policy and the world around it.

use super::instance::{Instance, Told};
use super::shared::Shared;
use super::{FakeMembers, FakeRequest, Fault, Notes, Value};
use crate::{Balancer, Decision, Level, Member, Observer, Outcome, Policy, StoreCell};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Instances of a policy and what they share: clocks, randomness, log, store and counters.
pub struct Harness<P> {
    instances: Vec<Instance<P>>,
    told: Rc<Told>,
    shared: Rc<Shared>,
    last: Rc<Cell<(u32, Notes)>>,
}

impl<P: Policy> Harness<P> {
    /// Configures one instance of the policy, through JSON text as the host does, for [`balancer`].
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn new(members: Vec<Member>, config: Value) -> Result<Harness<P>, String> {
        Harness::with_instances(1, members, config)
    }

    /// Configures several instances that share a store and counters, as those of several children.
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn with_instances(
        count: usize,
        members: Vec<Member>,
        config: Value,
    ) -> Result<Harness<P>, String> {
        Harness::for_balancer(count, balancer(), members, config)
    }

    /// The same for another balancer.
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn for_balancer(
        count: usize,
        balancer: Balancer,
        members: Vec<Member>,
        config: Value,
    ) -> Result<Harness<P>, String> {
        let told = Told {
            balancer,
            members,
            config: config.to_string(),
        };
        let mut harness = Harness {
            instances: Vec::new(),
            told: Rc::new(told),
            shared: Rc::new(Shared::default()),
            last: Rc::new(Cell::default()),
        };
        harness.make_instances(count)?;
        Ok(harness)
    }

    fn make_instances(&mut self, count: usize) -> Result<(), String> {
        let instance = |_| Instance::new(self.told.clone(), self.shared.clone(), self.last.clone());
        self.instances = (0..count.max(1)).map(instance).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// httpd restarts: all instances are made anew, store and counters stay.
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn restart(&mut self) -> Result<(), String> {
        self.make_instances(self.instances.len())
    }

    /// The balancer gets other members: all instances are made anew, and so are store and counters when
    /// there are more or fewer members than before, or others.
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn change_members(&mut self, members: Vec<Member>) -> Result<(), String> {
        let names = |members: &[Member]| -> Vec<String> {
            members.iter().map(|m| m.name.clone()).collect()
        };
        if names(&members) != names(&self.told.members) {
            self.shared.clear();
        }
        let told = Told {
            members,
            ..(*self.told).clone()
        };
        self.told = Rc::new(told);
        self.restart()
    }

    /// An instance, from 0; one that does not exist is the last.
    pub fn on(&self, instance: usize) -> &Instance<P> {
        &self.instances[instance.min(self.instances.len() - 1)]
    }

    /// All members as candidates: idle, active, nothing in flight. To be changed before it is handed
    /// to [`Harness::choose`].
    pub fn all(&self) -> FakeMembers {
        FakeMembers::all(self.told.members.len())
    }

    /// One decision of the first instance. `members` are what the policy gets when it asks for them.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn choose(
        &self,
        request: &FakeRequest,
        sticky: Option<u32>,
        members: &FakeMembers,
    ) -> Result<Decision, Fault> {
        self.on(0).choose(request, sticky, members)
    }

    /// What went along with the last decision.
    pub fn notes(&self) -> Notes {
        let (calls, notes) = self.last.take();
        self.last.set((calls, notes.clone()));
        notes
    }

    /// How often the policy called the host for its last decision, or for its last outcome: what it
    /// pays.
    pub fn calls(&self) -> u32 {
        let (calls, notes) = self.last.take();
        self.last.set((calls, notes));
        calls
    }

    /// Sets the wall clock: milliseconds since the Unix epoch. Both clocks stand at 0 and never move
    /// by themselves.
    pub fn set_now_ms(&self, now: u64) {
        self.shared.now_ms.set(now);
    }

    /// Both clocks go on.
    pub fn advance(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let us = &self.shared.monotonic_us;
        let before = us.get();
        us.set(before + micros);
        // Whole milliseconds of the sum, so that many small steps count.
        let ms = &self.shared.now_ms;
        ms.set(ms.get() + (us.get() / 1000 - before / 1000));
    }

    /// Starts the random numbers anew; the same seed gives the same numbers.
    pub fn seed(&self, seed: u64) {
        self.shared.random_state.set(seed);
    }

    /// Value of a counter; 0 for a key that does not exist.
    pub fn counter(&self, key: u32) -> u64 {
        let counters = self.shared.counters.borrow();
        counters.get(key as usize).copied().unwrap_or(0)
    }

    /// Value of a cell of the store; none when the policy did not ask for it.
    pub fn cell(&self, cell: StoreCell) -> Option<u64> {
        self.shared.cell(cell.member, cell.cell, |value| value)
    }

    /// The log lines so far, oldest first.
    pub fn log_lines(&self) -> Vec<(Level, String)> {
        self.shared.log.borrow().clone()
    }

    /// The policy of the first instance.
    pub fn policy(&self) -> Rc<P> {
        self.on(0).policy()
    }
}

impl<P: Observer> Harness<P> {
    /// Tells the first instance what became of an attempt.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn observe(&self, outcome: &Outcome) -> Result<(), Fault> {
        self.on(0).observe(outcome)
    }
}

/// The balancer `lb`: method `Request`, with sticky sessions that are not forced.
pub fn balancer() -> Balancer {
    Balancer {
        name: "lb".to_string(),
        method: "Request".to_string(),
        sticky: true,
        sticky_force: false,
    }
}

/// Members with these worker names: route equal to the name, no domain.
pub fn members(names: &[&str]) -> Vec<Member> {
    let member = |name: &&str| Member {
        name: name.to_string(),
        route: name.to_string(),
        domain: None,
    };
    names.iter().map(member).collect()
}
