//! A component, checked and compiled.

use crate::engine::engine;
use crate::host::HostState;
use crate::limits::MAX_COMPONENT;
use crate::link::{self, Description};
use crate::load_error::LoadError;
use crate::world::{Member, observer, router};
use rjk_config::toml::PolicySettings;
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

/// A checked and compiled component. Clones share the machine code.
#[derive(Clone)]
pub struct Code(Arc<Inner>);

struct Inner {
    name: String,
    settings: PolicySettings,
    description: Description,
    engine: Engine,
    pre: InstancePre<HostState>,
    router: router::GuestIndices,
    observer: Option<observer::GuestIndices>,
}

impl Code {
    /// Checks and compiles the bytes of a component; takes some 10 ms for small ones.
    ///
    /// # Errors
    /// [`LoadError`], all but its `Configure` and `Fault`.
    pub fn load(name: &str, bytes: &[u8], settings: PolicySettings) -> Result<Code, LoadError> {
        check_header(bytes)?;
        let engine = engine(settings.memory).map_err(|e| LoadError::Engine(e.to_string()))?;
        let component = Component::from_binary(&engine, bytes)
            .map_err(|error| LoadError::Invalid(error.root_cause().to_string()))?;
        let description = link::describe(&engine, &component, bytes.len())?;
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
            name: name.to_owned(),
            settings,
            description,
            engine,
            pre,
            router,
            observer,
        })))
    }

    /// Name in rjk.toml.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it looks like from outside.
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    pub(crate) fn settings(&self) -> &PolicySettings {
        &self.0.settings
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

/// Code with what `configure` gets, tried once.
#[derive(Clone)]
pub struct Compiled {
    pub(crate) code: Code,
    pub(crate) members: Arc<[Member]>,
    pub(crate) config: Arc<str>,
}

impl Compiled {
    /// Code with what `configure` gets; not tried yet.
    pub(crate) fn new(code: &Code, members: Vec<Member>, config: &str) -> Compiled {
        Compiled {
            code: code.clone(),
            members: members.into(),
            config: config.into(),
        }
    }

    /// The code, to be configured for another balancer too.
    pub fn code(&self) -> &Code {
        &self.code
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
