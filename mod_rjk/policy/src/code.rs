//! A component: checked, compiled, and configured for a balancer.

mod link;

use crate::engine::engine;
use crate::fault::Fault;
use crate::host::{Call, HostState, Shared, log_limit};
use crate::instance::{Instance, Refusal};
use crate::limits::MAX_COMPONENT;
use crate::world::{Member, observer, router};
use rjk_balance::{Millis, PolicySlot};
use rjk_config::toml::PolicySettings;
use rjk_log::Log;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

/// Why a component is no policy; its text follows the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Larger than [`MAX_COMPONENT`].
    #[error("{0} bytes, a policy may have {MAX_COMPONENT}")]
    TooLarge(usize),
    /// Not WebAssembly.
    #[error("this is no WebAssembly; name a component, the .wasm file that a policy is built into")]
    NotWasm,
    /// A core module.
    #[error(
        "this is a WebAssembly core module; make a component of it, for instance with `wasm-tools component new`"
    )]
    CoreModule,
    /// Cut off, damaged, or with features that are off.
    #[error("no valid component: {0}")]
    Invalid(String),
    /// An import that policies do not get.
    #[error("it imports {0}; a policy can import rjk:policy/host@0.1 only")]
    UnknownImport(String),
    /// An interface of ours in a version that we do not have.
    #[error(
        "it wants {0}, this module has rjk:policy@0.1; build it against plugins/wit of this release"
    )]
    Version(String),
    /// Nothing to call.
    #[error("it exports no rjk:policy/router@0.1; a policy does")]
    NoRouter,
    /// Imports or exports have other types than the contract.
    #[error("it does not fit rjk:policy@0.1: {0}")]
    Mismatch(String),
    /// `configure` returned an error.
    #[error("its configure says: {0}")]
    Configure(String),
    /// Making an instance or `configure` ended in a fault.
    #[error("its configure failed: {0}")]
    Fault(Fault),
    /// wasmtime could not be started here.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
}

/// What a component looks like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Size of the file in bytes.
    pub size: usize,
    /// Names of the imported interfaces.
    pub imports: Vec<String>,
    /// Names of the exported interfaces.
    pub exports: Vec<String>,
    /// Version of the contract that it was built against.
    pub version: String,
    /// Whether it hears of responses.
    pub observes: bool,
}

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

    /// Runs `configure` once, for the members of a balancer and the policy's own settings as JSON
    /// text. Counters of the policy that it touches here are not kept.
    ///
    /// # Errors
    /// [`LoadError::Configure`] or [`LoadError::Fault`].
    pub fn configure(
        &self,
        members: Vec<Member>,
        config: &str,
        log: &dyn Log,
    ) -> Result<Compiled, LoadError> {
        let compiled = Compiled {
            code: self.clone(),
            members: members.into(),
            config: config.into(),
        };
        let call = Call {
            question: None,
            log,
            now: wall_clock(),
            shared: Shared {
                name: self.name(),
                slot: &PolicySlot::default(),
                lines: &log_limit(),
            },
        };
        match Instance::new(&compiled, &call) {
            Ok(_) => Ok(compiled),
            Err(Refusal::Message(message)) => Err(LoadError::Configure(message)),
            Err(Refusal::Fault(fault)) => Err(LoadError::Fault(fault)),
        }
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
    /// [`Code::load`] and [`Code::configure`].
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn check(
        name: &str,
        bytes: &[u8],
        settings: PolicySettings,
        members: Vec<Member>,
        config: &str,
        log: &dyn Log,
    ) -> Result<Compiled, LoadError> {
        Code::load(name, bytes, settings)?.configure(members, config, log)
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

pub(crate) fn wall_clock() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    })
}
