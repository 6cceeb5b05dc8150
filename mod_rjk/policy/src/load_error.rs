//! Why a file is no policy.

use crate::denied::REMEDY;
use crate::fault::Fault;
use crate::limits::MAX_COMPONENT;

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
    #[error("this is a WebAssembly core module; make a component of it with `rjk policy pack`")]
    CoreModule,
    /// More than the compiler may be given: its time and memory would be without bounds.
    #[error("it has {value} {what}; a policy may have {most}")]
    TooMuch {
        /// What was counted, and where.
        what: String,
        /// How much there is.
        value: u64,
        /// How much there may be.
        most: u64,
    },
    /// More memory than it may have, in bytes.
    #[error("it starts with {0} bytes of memory, and may have {1}; raise its memory in rjk.toml")]
    Memory(u64, u64),
    /// Components with code inside of it.
    #[error("it is composed of several components; a policy is one")]
    Composed,
    /// Cut off, damaged, or with features that are off.
    #[error("no valid component: {0}")]
    Invalid(String),
    /// An import that policies do not get.
    #[error("it imports {0}; a policy can import interfaces of rjk:policy@0.1 only")]
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
    /// Executable memory is forbidden, and the processor has to run policies.
    #[error(
        "[wasm] engine is \"native\", but the system forbids executable memory: {0}; {REMEDY}, or write engine = \"auto\" for the slower interpreter"
    )]
    Denied(String),
    /// It could not be given the checks of the stack that the interpreter needs.
    #[error(
        "the interpreter cannot run it, its code takes no checks of the stack: {0}; [wasm] engine = \"native\" in rjk.toml runs it"
    )]
    Headroom(String),
    /// wasmtime could not be started here.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
}
