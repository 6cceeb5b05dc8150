//! Maintenance in a thread of its own.

use super::rounds::Rounds;
use crate::log::LogSink;
use crate::server::ready::Child;
use once_cell::sync::OnceCell;
use rjk_log::{Log, jk_log};
use rjk_proxy::way::pool::Budget;
use std::sync::Arc;
use std::time::Duration;

/// The maintenance thread (D-16), if `JkWatchdogInterval` asks for it. Without one, maintenance runs in
/// requests.
pub(super) fn wanted(
    child: &Arc<OnceCell<Child>>,
    sink: &LogSink,
    seconds: u64,
    log: &dyn Log,
) -> Option<Rounds> {
    if seconds == 0 {
        return None;
    }
    let (child, sink) = (child.clone(), sink.clone());
    let round = move || {
        if let Some(child) = child.get() {
            child.dispatcher.maintain(&sink.with_id("WATCHDOG"));
            child
                .dispatcher
                .check_idle(|| Budget::UNLIMITED, &sink.with_id("WATCHDOG"));
        }
    };
    Rounds::start("watchdog", Duration::from_secs(seconds), round)
        .inspect_err(|error| jk_log!(log, Error, "{error}; requests run the maintenance"))
        .ok()
}
