//! From a core module to a component.

use super::shape::Shape;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract that this command was built with.
const CONTRACT: &str = include_str!("../../../../../plugins/wit/policy.wit");

/// Why a module does not become a component.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not WebAssembly, or cut off.
    #[error("no WebAssembly module: {0}; name the .wasm file that the compiler made")]
    NotWasm(wasmparser::Error),
    /// Nothing that a host could call.
    #[error(
        "it exports no rjk:policy/router, so that it decides nothing; in Rust write \
         `rjk_policy_sdk::export!(MyPolicy);` once, at the top level of the crate"
    )]
    NoRouter,
    /// The output would be the input.
    #[error("the component would be written over the module; name another file with -o")]
    OverItself,
    /// The module does not fit the contract.
    #[error("no component can be made of it: {0}")]
    Unfit(String),
}

/// A component, and what is worth to be said about how it was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    pub(super) notes: Vec<&'static str>,
}

/// Makes a component of the bytes of a module. Its type stands in the module, where the tools for
/// the component model leave it; for one without, the contract is taken as this command has it.
///
/// # Errors
/// [`PackError`].
pub(super) fn component(mut bytes: Vec<u8>) -> Result<Made, PackError> {
    let shape = Shape::of(&bytes).map_err(PackError::NotWasm)?;
    if !shape.exports_interface("router") {
        return Err(PackError::NoRouter);
    }
    let mut notes = Vec::new();
    if shape.component {
        notes.push("is a component already, it stays as it is");
        return Ok(Made { bytes, notes });
    }
    if !shape.typed {
        notes.push("does not say its component type, that of this rjk's contract is taken");
        let world = world(&shape);
        embed_contract(&mut bytes, world)?;
    }
    let wants_wasi = |name: &String| name == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let wasi = shape.imports.iter().any(wants_wasi);
    if wasi {
        notes.push("calls WASI preview 1, the adapter to wasi:* of preview 2 goes along");
    }
    let bytes = encode(&bytes, wasi)?;
    Ok(Made { bytes, notes })
}

fn encode(module: &[u8], wasi: bool) -> Result<Vec<u8>, PackError> {
    let encoder = ComponentEncoder::default().module(module).map_err(unfit)?;
    let mut encoder = encoder.validate(true);
    if wasi {
        encoder = encoder
            .adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )
            .map_err(unfit)?;
    }
    encoder.encode().map_err(unfit)
}

/// Writes the type of a world of the contract into the module, as its compiler could have done.
fn embed_contract(module: &mut Vec<u8>, world: &str) -> Result<(), PackError> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", CONTRACT).map_err(unfit)?;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(unfit)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8).map_err(unfit)
}

/// The world of the contract that the exports belong to.
fn world(shape: &Shape) -> &'static str {
    if shape.exports_interface("observer") {
        "observing-policy"
    } else {
        "policy"
    }
}

/// All causes in one line.
fn unfit(error: impl std::fmt::Display) -> PackError {
    let text = format!("{error:#}");
    PackError::Unfit(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
