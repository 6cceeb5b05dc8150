//! Workers that move: their hosts are looked up again, in a thread of its own.

use super::rounds::Rounds;
use crate::log::LogSink;
use crate::server::ready::Child;
use once_cell::sync::OnceCell;
use rjk_log::{Log, jk_log};
use rjk_proxy::dispatcher::LookUps;
use std::sync::Arc;
use std::time::Duration;

/// The thread, if a worker has `resolve` in rjk.toml. All children have one: what the first of them finds
/// is news to none of the others.
pub(super) fn wanted(
    child: &Arc<OnceCell<Child>>,
    period: Option<Duration>,
    sink: &LogSink,
    log: &dyn Log,
) -> Option<Rounds> {
    let period = period?;
    let (child, sink) = (child.clone(), sink.clone());
    let mut last = LookUps::default();
    let round = move || {
        if let Some(child) = child.get() {
            child
                .dispatcher
                .look_up(&mut last, &sink.with_id("RESOLVER"));
        }
    };
    Rounds::start("resolver", period, round)
        .inspect_err(|error| jk_log!(log, Error, "{error}; hosts are not looked up again"))
        .ok()
}
