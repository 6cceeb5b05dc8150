//! Sections of a component that is written anew.

use wasm_encoder::reencode::Error;
use wasm_encoder::{Component, RawSection};
use wasmparser::Payload;

/// Adds a section as it is; `whole` is what the payload was read from. What is no section adds nothing.
pub(crate) fn copy(
    component: &mut Component,
    payload: &Payload<'_>,
    whole: &[u8],
) -> Result<(), Error> {
    if let Some((id, range)) = payload.as_section() {
        let data = whole.get(range).ok_or(Error::InvalidCodeSectionSize)?;
        component.section(&RawSection { id, data });
    }
    Ok(())
}
