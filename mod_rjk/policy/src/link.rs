//! Imports and exports by name: what is linked, what is stubbed, what is refused.

use crate::host::{HostState, wasi};
use crate::load_error::LoadError;
use crate::world::ObservingPolicy;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Error, Result};
use xxhash_rust::xxh64::xxh64;

/// What a component looks like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Size of the file in bytes.
    pub size: usize,
    /// `XXH64` of the file, which tells it from others.
    pub hash: u64,
    /// Names of the imported interfaces.
    pub imports: Vec<String>,
    /// Names of the exported interfaces.
    pub exports: Vec<String>,
    /// Version of the contract that it was built against.
    pub version: String,
    /// Whether it hears of responses.
    pub observes: bool,
}

const OURS: &str = "rjk:policy/";
const VERSION: &str = "0.1.";
/// Interfaces that a policy may import.
const IMPORTS: [&str; 7] = [
    "types", "request", "sources", "members", "notes", "store", "system",
];
const ROUTER: &str = "router";
const OBSERVER: &str = "observer";

/// Names, after a check of each.
pub(crate) fn describe(
    engine: &Engine,
    component: &Component,
    bytes: &[u8],
) -> Result<Description, LoadError> {
    let kind = component.component_type();
    let mut description = Description {
        size: bytes.len(),
        hash: xxh64(bytes, 0),
        ..Description::default()
    };
    for (name, _) in kind.imports(engine) {
        match ours(name)? {
            Some((interface, _)) if IMPORTS.contains(&interface) => {}
            Some(_) => return Err(LoadError::Version(name.to_owned())),
            _ if name.starts_with("wasi:") => {}
            _ => return Err(LoadError::UnknownImport(name.to_owned())),
        }
        description.imports.push(name.to_owned());
    }
    for (name, _) in kind.exports(engine) {
        match ours(name)? {
            Some((ROUTER, version)) => description.version = version.to_owned(),
            Some((OBSERVER, _)) => description.observes = true,
            _ => {}
        }
        description.exports.push(name.to_owned());
    }
    if description.version.is_empty() {
        return Err(LoadError::NoRouter);
    }
    Ok(description)
}

/// Our host functions, and what there is of WASI.
pub(crate) fn linker(engine: &Engine, component: &Component) -> Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    ObservingPolicy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    for (name, import) in component.component_type().imports(engine) {
        if !name.starts_with("wasi:") {
            continue;
        }
        if let ComponentItem::ComponentInstance(instance) = import.ty {
            let mut functions = linker.instance(name)?;
            for (item, export) in instance.exports(engine) {
                wasi::link(&mut functions, name, item, &export.ty)?;
            }
        }
    }
    Ok(linker)
}

/// All of an error in one line.
pub(crate) fn chain(error: &Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

/// Interface and version of a name of our package; `None` when it is of another package.
fn ours(name: &str) -> Result<Option<(&str, &str)>, LoadError> {
    let Some(rest) = name.strip_prefix(OURS) else {
        return Ok(None);
    };
    let wrong = || LoadError::Version(name.to_owned());
    let (interface, version) = rest.split_once('@').ok_or_else(wrong)?;
    let patch = version.strip_prefix(VERSION).ok_or_else(wrong)?;
    match patch.parse::<u32>() {
        Ok(_) => Ok(Some((interface, version))),
        Err(_) => Err(wrong()),
    }
}
