//! One instance of a policy: what a child of httpd holds.

use super::backend::Call;
use super::names::Names;
use super::shared::Shared;
use super::{Backend, FakeMembers, FakeRequest, Fault, Notes};
use crate::{Balancer, Decision, Host, Member, Observer, Outcome, Policy, Request, Setup};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// What instances are configured with.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) balancer: Balancer,
    pub(super) members: Vec<Member>,
    pub(super) config: String,
}

/// An instance of the policy. After a fault it is thrown away and made anew, as the host does it.
pub struct Instance<P> {
    policy: RefCell<Rc<P>>,
    names: RefCell<Rc<Names>>,
    told: Rc<Told>,
    shared: Rc<Shared>,
    last: Rc<Cell<(u32, Notes)>>,
}

impl<P: Policy> Instance<P> {
    pub(super) fn new(
        told: Rc<Told>,
        shared: Rc<Shared>,
        last: Rc<Cell<(u32, Notes)>>,
    ) -> Result<Instance<P>, String> {
        let (policy, names) = configure(&told, &shared)?;
        shared.size(names.store(), told.members.len());
        Ok(Instance {
            policy: RefCell::new(Rc::new(policy)),
            names: RefCell::new(names),
            told,
            shared,
            last,
        })
    }

    /// One decision.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn choose(
        &self,
        request: &FakeRequest,
        sticky: Option<u32>,
        members: &FakeMembers,
    ) -> Result<Decision, Fault> {
        let call = Call::new(request.clone(), members.clone(), sticky);
        self.run(call, |policy, backend| {
            let decision = policy.choose(&Request::new(backend), sticky);
            check(&decision, members);
            decision
        })
    }

    /// The policy itself, as it is until the next fault.
    pub fn policy(&self) -> Rc<P> {
        self.policy.borrow().clone()
    }

    fn run<R>(&self, call: Call, act: impl FnOnce(&P, Backend) -> R) -> Result<R, Fault> {
        let call = Rc::new(call);
        let backend = Backend {
            shared: self.shared.clone(),
            names: self.names.borrow().clone(),
            call: call.clone(),
        };
        let policy = self.policy();
        let done = catch_unwind(AssertUnwindSafe(|| act(&policy, backend)));
        self.last.set((call.calls.get(), call.notes.take()));
        done.map_err(|payload| {
            self.renew();
            Fault::of(&*payload)
        })
    }

    /// A configuration that was good once is good again.
    fn renew(&self) {
        if let Ok((policy, names)) = configure(&self.told, &self.shared) {
            self.policy.replace(Rc::new(policy));
            self.names.replace(names);
        }
    }
}

impl<P: Observer> Instance<P> {
    /// Tells this instance what became of an attempt.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn observe(&self, outcome: &Outcome) -> Result<(), Fault> {
        let call = Call::new(FakeRequest::get("/"), FakeMembers::default(), None);
        self.run(call, |policy, backend| {
            policy.observe(&Host::new(backend), outcome);
        })
    }
}

fn configure<P: Policy>(told: &Told, shared: &Rc<Shared>) -> Result<(P, Rc<Names>), String> {
    let names = Rc::new(Names::new(told.members.len()));
    let backend = Backend {
        shared: shared.clone(),
        names: names.clone(),
        call: Rc::new(Call::configure()),
    };
    let setup = Setup::new(backend, told.balancer.clone(), told.members.clone());
    let made = catch_unwind(AssertUnwindSafe(|| {
        crate::glue::configure(&setup, &told.config)
    }));
    let policy = made.unwrap_or_else(|payload| Err(Fault::of(&*payload).to_string()))?;
    Ok((policy, names))
}

fn check(decision: &Decision, members: &FakeMembers) {
    match decision {
        Decision::Worker(member) if !members.is_candidate(*member) => {
            Fault::BadMember(*member).raise()
        }
        Decision::Reject(status) if !(400..=599).contains(status) => {
            Fault::BadStatus(*status).raise()
        }
        _ => {}
    }
}
