//! Standard input, which is empty, and standard output and error, whose lines go to the log.

use super::super::{Call, HostState};
use crate::limits::MAX_LOG_LINE;
use crate::world::Level;
use bstr::ByteSlice as _;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lower, Resource};

pub(super) struct InputStream;
pub(super) struct OutputStream;
/// Why a stream failed; there never is one.
pub(super) struct IoError;

/// Which stream it is, as the number of its resource.
pub(super) const STDOUT: u32 = 0;
pub(super) const STDERR: u32 = 1;

/// Bytes that one write may have; WASI asks for as many at least.
const PERMIT: u64 = 4096;

/// `stream-error` of wasi:io/streams.
#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
pub(super) enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "the type has it, and it never happens")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// What was written to standard output and error and is no whole line yet.
#[derive(Default)]
pub(crate) struct Stdio([Vec<u8>; 2]);

/// A stream alone.
pub(super) type Stream = (Resource<OutputStream>,);
/// A stream, and what is written to it.
pub(super) type Write = (Resource<OutputStream>, Vec<u8>);

pub(super) fn permit() -> Result<std::result::Result<u64, StreamError>> {
    Ok(Ok(PERMIT))
}

pub(super) fn flushed() -> Result<std::result::Result<(), StreamError>> {
    Ok(Ok(()))
}

pub(super) fn nothing_to_read(
    _: &mut HostState,
    _: &Call<'_>,
    _: &(Resource<InputStream>, u64),
) -> Result<std::result::Result<Vec<u8>, StreamError>> {
    Ok(Err(StreamError::Closed))
}

impl HostState {
    /// Logs each line that is complete now. A line costs a call of the host, as with `system.log`; the
    /// first of a write is paid for.
    pub(super) fn write_lines(
        &mut self,
        call: &Call<'_>,
        (stream, bytes): &Write,
    ) -> Result<std::result::Result<(), StreamError>> {
        let (level, pending) = match (stream.rep(), &mut self.stdio.0) {
            (STDERR, [_, pending]) => (Level::Warn, pending),
            (_, [pending, _]) => (Level::Info, pending),
        };
        let mut paid = true;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LOG_LINE.saturating_sub(pending.len());
            pending.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                let line = pending.trim_ascii();
                if !line.is_empty() {
                    if !std::mem::take(&mut paid) {
                        self.budget.spend()?;
                    }
                    call.write(level, &line.to_str_lossy());
                }
                pending.clear();
            }
        }
        Ok(Ok(()))
    }
}
