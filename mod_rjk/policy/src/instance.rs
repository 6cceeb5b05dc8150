//! One instance of a policy: its memory, and the ways in.

use crate::compiled::Compiled;
use crate::fault::{Excess, Fault};
use crate::host::{Call, HostState};
use crate::limits::{MAX_CONFIGURE_BYTES, MAX_HANDLES, MAX_HOSTCALL_BYTES};
use crate::world::{number, observer, router};
use rjk_balance::{Decision, FaultKind, Membership, Observation, Question, StoreSize, Verdict};
use wasmtime::Store;

/// A configured instance. It is used by one thread at a time, and thrown away after a fault.
pub(crate) struct Instance {
    store: Store<HostState>,
    router: router::Guest,
    observer: Option<observer::Guest>,
    fuel: u64,
    /// Of the membership that it is configured with.
    stamp: u64,
}

/// Why there is no configured instance.
pub(crate) enum Refusal {
    Fault(Fault),
    /// `configure` returned this message.
    Message(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Fault(fault) => fault,
            Refusal::Message(message) => Fault::new(FaultKind::Configure, message),
        }
    }
}

impl Instance {
    /// Makes an instance and configures it.
    pub(crate) fn new(
        compiled: &Compiled,
        membership: &Membership,
        call: &Call<'_>,
    ) -> Result<Instance, Refusal> {
        let instance = call.scope(|| {
            let mut instance = Instance::unconfigured(compiled, membership.stamp())
                .map_err(|error| Refusal::Fault(Fault::of(&error, FaultKind::Instantiate)))?;
            instance.configure(compiled, membership)?;
            Ok(instance)
        })?;
        if compiled
            .store
            .is_some_and(|size| size != instance.store_size())
        {
            let text = Excess::OtherStore.to_string();
            return Err(Refusal::Fault(Fault::new(FaultKind::Configure, text)));
        }
        Ok(instance)
    }

    fn unconfigured(compiled: &Compiled, stamp: u64) -> wasmtime::Result<Instance> {
        let code = &compiled.code;
        let state = HostState::new(code.memory(), compiled.tables.clone());
        let mut store = Store::new(code.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_CONFIGURE_BYTES);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_fuel(compiled.settings.configure_fuel)?;
        let instance = code.pre().instantiate(&mut store)?;
        let router = code.router().load(&mut store, &instance)?;
        let observer = code
            .observer()
            .map(|indices| indices.load(&mut store, &instance))
            .transpose()?;
        Ok(Instance {
            store,
            router,
            observer,
            fuel: compiled.settings.fuel,
            stamp,
        })
    }

    fn configure(&mut self, compiled: &Compiled, membership: &Membership) -> Result<(), Refusal> {
        let facts = membership.facts();
        let members: Vec<_> = facts.members.iter().map(Into::into).collect();
        let (store, config) = (&mut self.store, &compiled.config);
        match self
            .router
            .call_configure(store, &facts.into(), &members, config)
        {
            Ok(Ok(())) => {
                self.store.set_hostcall_fuel(MAX_HOSTCALL_BYTES);
                self.store.data_mut().set_configured();
                Ok(())
            }
            Ok(Err(message)) => Err(Refusal::Message(crate::host::printable(&message))),
            Err(error) => Err(Refusal::Fault(Fault::of(&error, FaultKind::Configure))),
        }
    }

    /// The store that its `configure` asked for.
    pub(crate) fn store_size(&self) -> StoreSize {
        self.store.data().store()
    }

    /// Whether it is configured with that membership.
    pub(crate) fn knows(&self, membership: &Membership) -> bool {
        self.stamp == membership.stamp()
    }

    /// Fuel that the last call left.
    pub(crate) fn fuel_left(&self) -> u64 {
        self.store.get_fuel().unwrap_or(0)
    }

    /// Asks for a decision; it is among what may be decided. The question is that of the call.
    pub(crate) fn choose(
        &mut self,
        call: &Call<'_>,
        question: &Question<'_>,
    ) -> Result<Verdict, Fault> {
        let (store, sticky) = (&mut self.store, question.sticky.map(number));
        let called = refill(store, self.fuel)
            .and_then(|()| call.scope(|| self.router.call_choose(store, sticky)));
        let decision = match called {
            Ok(decision) => Decision::from(decision),
            Err(error) => return Err(Fault::of(&error, FaultKind::Trap)),
        };
        match question.candidates.fault_of(decision) {
            None => {
                let notes = self.store.data().notes;
                Ok(Verdict {
                    decision,
                    token: notes.token,
                    label: notes.label,
                    retry_after: notes.retry_after,
                })
            }
            Some(kind) => Err(Fault::new(kind, format!("it decided {decision:?}"))),
        }
    }

    /// Tells what became of a request.
    pub(crate) fn observe(
        &mut self,
        call: &Call<'_>,
        observation: &Observation,
    ) -> Result<(), Fault> {
        let Some(observer) = &self.observer else {
            return Ok(());
        };
        let store = &mut self.store;
        refill(store, self.fuel)
            .and_then(|()| call.scope(|| observer.call_observe(store, observation.into())))
            .map_err(|error| Fault::of(&error, FaultKind::Trap))
    }
}

fn refill(store: &mut Store<HostState>, fuel: u64) -> wasmtime::Result<()> {
    store.data_mut().refill();
    store.set_fuel(fuel)
}
