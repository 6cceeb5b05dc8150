//! A component, checked and compiled.

use crate::bounds;
use crate::denied;
use crate::engine::{Runner, engine};
use crate::entry;
use crate::headroom;
use crate::host::HostState;
use crate::limits::MAX_COMPONENT;
use crate::link::{self, Description};
use crate::load_error::LoadError;
use crate::table::SharedTables;
use crate::world::{observer, router};
use rjk_balance::{Membership, PolicyState, StoreSize};
use rjk_config::toml::{EngineKind, PolicySettings};
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

/// A checked and compiled component, for all policies that are made of it. Clones share the machine
/// code.
#[derive(Clone)]
pub struct Code(Arc<Inner>);

struct Inner {
    memory: usize,
    denied: Option<String>,
    description: Description,
    engine: Engine,
    pre: InstancePre<HostState>,
    router: router::GuestIndices,
    observer: Option<observer::GuestIndices>,
}

impl Code {
    /// Checks and compiles the bytes of a component, whose instances have so many bytes of memory;
    /// takes some 10 ms for small ones. `kind` says what runs it.
    ///
    /// # Errors
    /// [`LoadError`], all but its `Configure` and `Fault`.
    pub fn load(bytes: &[u8], memory: usize, kind: EngineKind) -> Result<Code, LoadError> {
        check_header(bytes)?;
        bounds::check(bytes, memory)?;
        let choice = denied::choose(kind)?;
        let engine = engine(memory, choice.runner).map_err(|e| LoadError::Engine(e.to_string()))?;
        let handed = entry::handed_through(bytes);
        let compiled = handed.as_deref().unwrap_or(bytes);
        let component = match choice.runner {
            Runner::Processor => Component::from_binary(&engine, compiled),
            Runner::Interpreter => Component::from_binary(&engine, &headroom::probed(compiled)?),
        }
        .map_err(|error| LoadError::Invalid(error.root_cause().to_string()))?;
        let description = link::describe(&engine, &component, bytes)?;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch(link::chain(&error));
        let linker = link::linker(&engine, &component).map_err(mismatch)?;
        let pre = linker.instantiate_pre(&component).map_err(mismatch)?;
        let router = router::GuestIndices::new(&pre).map_err(mismatch)?;
        let observer = description
            .observes
            .then(|| observer::GuestIndices::new(&pre))
            .transpose()
            .map_err(mismatch)?;
        Ok(Code(Arc::new(Inner {
            memory,
            denied: choice.denied,
            description,
            engine,
            pre,
            router,
            observer,
        })))
    }

    /// What it looks like from outside.
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// Why the interpreter runs it although [`EngineKind::Auto`] was wanted: what the system said to
    /// executable memory. [`denied_line`](crate::denied_line) makes a line for the log of it.
    pub fn denied(&self) -> Option<&str> {
        self.0.denied.as_deref()
    }

    /// Bytes that the memories of an instance may have.
    pub(crate) fn memory(&self) -> usize {
        self.0.memory
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn pre(&self) -> &InstancePre<HostState> {
        &self.0.pre
    }

    pub(crate) fn router(&self) -> &router::GuestIndices {
        &self.0.router
    }

    pub(crate) fn observer(&self) -> Option<&observer::GuestIndices> {
        self.0.observer.as_ref()
    }
}

/// Code with what `configure` gets, tried once: a policy of one balancer.
#[derive(Clone)]
pub struct Compiled {
    pub(crate) code: Code,
    pub(crate) name: Arc<str>,
    pub(crate) settings: PolicySettings,
    pub(crate) membership: Arc<Membership>,
    pub(crate) config: Arc<str>,
    /// What the first `configure` asked for; later ones have to ask for the same.
    pub(crate) store: Option<StoreSize>,
    pub(crate) tables: Arc<SharedTables>,
}

impl Compiled {
    /// The store that all instances share.
    pub fn store_size(&self) -> StoreSize {
        self.store.unwrap_or_default()
    }

    /// Shared memory of this process alone, never freed: for tests and for tools.
    pub fn leaked_state(&self) -> PolicyState {
        PolicyState::leaked(self.store_size(), self.membership.facts().members.len())
    }
}

/// Tells the kinds of wrong files apart before the compiler says something general.
fn check_header(bytes: &[u8]) -> Result<(), LoadError> {
    const MODULE: &[u8] = &[1, 0, 0, 0];
    if bytes.len() > MAX_COMPONENT {
        return Err(LoadError::TooLarge(bytes.len()));
    }
    match bytes.strip_prefix(b"\0asm") {
        None => Err(LoadError::NotWasm),
        Some(rest) if rest.starts_with(MODULE) => Err(LoadError::CoreModule),
        Some(_) => Ok(()),
    }
}
