//! Texts that a policy looks for.

use crate::Source;

/// Texts that requests are compared with, and what of a request is compared: made once, in
/// [`Policy::configure`](crate::Policy::configure), asked by
/// [`Request::look_up`](crate::Request::look_up). The host keeps the texts and does the comparing, so a
/// request pays for neither. At most 16 tables for each policy, with 256 KiB of text in all, 24 bytes
/// for each text included; more is a fault.
#[derive(Debug)]
pub struct Table {
    #[cfg(target_arch = "wasm32")]
    pub(crate) number: u32,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) source: Source,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) texts: Vec<String>,
}

impl Table {
    /// A table of these texts.
    pub fn new(source: Source, texts: impl IntoIterator<Item = impl Into<String>>) -> Table {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        #[cfg(target_arch = "wasm32")]
        return Table {
            number: crate::bindings::policy::rjk::policy::host::table(&source, &texts),
        };
        #[cfg(not(target_arch = "wasm32"))]
        Table { source, texts }
    }
}
