//! The log of one request.

use super::state::request_id;
use crate::ffi::request::RequestRec;
use crate::log::LogSink;
use crate::server::ready::Ready;
use rjk_log::{Level, Log, Origin};
use std::fmt;

/// Writes the id of the request into each line. Most requests have none to write: it is looked for only
/// then.
#[derive(Clone, Copy)]
pub(super) struct RequestLog<'r> {
    pub(super) sink: &'static LogSink,
    pub(super) request: RequestRec<'r>,
    pub(super) ready: &'static Ready,
}

impl Log for RequestLog<'_> {
    fn enabled(&self, level: Level) -> bool {
        level >= self.sink.level
    }

    fn write(&self, level: Level, origin: Origin, message: fmt::Arguments<'_>) {
        let id = request_id(self.request, self.ready, "NO-ID");
        self.sink.with_id(id).write(level, origin, message);
    }
}
