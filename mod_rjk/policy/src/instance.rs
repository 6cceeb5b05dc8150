//! One instance of a policy: its memory, and the ways in.

use crate::compiled::Compiled;
use crate::fault::Fault;
use crate::host::{Call, HostState};
use crate::limits::{CONFIGURE_FUEL, MAX_CONFIGURE_BYTES, MAX_HANDLES, MAX_HOSTCALL_BYTES};
use crate::world::{number, observer, router};
use rjk_balance::{Decision, FaultKind, Observation, Question};
use wasmtime::Store;

/// A configured instance. It is used by one thread at a time, and thrown away after a fault.
pub(crate) struct Instance {
    store: Store<HostState>,
    router: router::Guest,
    observer: Option<observer::Guest>,
    fuel: u64,
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
    pub(crate) fn new(compiled: &Compiled, call: &Call<'_>) -> Result<Instance, Refusal> {
        call.scope(|| {
            let mut instance = Instance::unconfigured(compiled)
                .map_err(|error| Refusal::Fault(Fault::of(&error, FaultKind::Instantiate)))?;
            let (store, config) = (&mut instance.store, &compiled.config);
            match instance
                .router
                .call_configure(store, &compiled.members, config)
            {
                Ok(Ok(())) => {
                    instance.store.set_hostcall_fuel(MAX_HOSTCALL_BYTES);
                    instance.store.data_mut().set_configured();
                    Ok(instance)
                }
                Ok(Err(message)) => Err(Refusal::Message(crate::host::printable(&message))),
                Err(error) => Err(Refusal::Fault(Fault::of(&error, FaultKind::Configure))),
            }
        })
    }

    fn unconfigured(compiled: &Compiled) -> wasmtime::Result<Instance> {
        let code = &compiled.code;
        let settings = code.settings();
        let state = HostState::new(settings.memory);
        let mut store = Store::new(code.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_CONFIGURE_BYTES);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_fuel(CONFIGURE_FUEL)?;
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
            fuel: settings.fuel,
        })
    }

    /// Asks for a decision; it is among what may be decided. The question is that of the call.
    pub(crate) fn choose(
        &mut self,
        call: &Call<'_>,
        question: &Question<'_>,
    ) -> Result<Decision, Fault> {
        let (store, sticky) = (&mut self.store, question.sticky.map(number));
        let called = refill(store, self.fuel)
            .and_then(|()| call.scope(|| self.router.call_choose(store, sticky)));
        let decision = match called {
            Ok(decision) => Decision::from(decision),
            Err(error) => return Err(Fault::of(&error, FaultKind::Trap)),
        };
        match question.candidates.fault_of(decision) {
            None => Ok(decision),
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
