//! Mount files that are read again while httpd runs (contract M-20…M-26).

use super::state::{PHASE, request_id};
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use crate::startup::generation::Generation;
use rjk_config::error::Warning;
use rjk_config::server::check_map;
use rjk_config::uri_map::{Reload, UriMap};
use rjk_config::workers::Workers;
use rjk_log::{Log, jk_log};
use std::time::Instant;

/// Has the first request that comes when it is time look at the server's file.
pub(super) fn look_if_due(request: RequestRec<'_>, ready: &Ready) {
    if ready.config.uri_map.is_due(Instant::now) {
        look(request, ready);
    }
}

#[cold]
fn look(request: RequestRec<'_>, ready: &Ready) {
    let Some(sink) = &ready.log else { return };
    // SAFETY: the server of a live request, whose configuration outlives it.
    let generation = unsafe { Generation::of(request.server()) };
    let Some(generation) = generation else { return };
    if let Some(reload) = ready.config.uri_map.check_if_due(Instant::now()) {
        let id = request_id(request, ready, PHASE);
        tell(&reload, ready, &generation.workers, &sink.with_id(id));
    }
}

/// Looks at the files of all servers, for who lists their rules (M-25).
pub(super) fn look_at_all(request: RequestRec<'_>, log: &dyn Log) {
    // SAFETY: see `look`.
    let generation = unsafe { Generation::of(request.server()) };
    let Some(generation) = generation else { return };
    let is_own = |ready: &&Ready| !ready.config.shares_main_map;
    for ready in generation.ready().filter(is_own) {
        if let Some(reload) = ready.config.uri_map.check() {
            tell(&reload, ready, &generation.workers, log);
        }
    }
}

fn tell(reload: &Reload, ready: &Ready, workers: &Workers, log: &dyn Log) {
    let file = ready.config.uri_map.file();
    let file = file.map_or_else(Default::default, |(path, _)| path.to_string_lossy());
    match reload {
        Reload::Failed(error) => {
            jk_log!(
                log,
                Error,
                "JkMountFile {file} has changed and is not taken: {error}; the rules stay as they were"
            );
        }
        Reload::Read { map, warnings } => {
            for warning in warnings.iter().chain(&unknown_workers(map, workers)) {
                jk_log!(log, Warn, "{warning}");
            }
            let rules = map.rules().len();
            jk_log!(
                log,
                Info,
                "JkMountFile {file} has changed and was read again: {rules} rules are in force"
            );
        }
    }
}

fn unknown_workers(map: &UriMap, workers: &Workers) -> Vec<Warning> {
    let mut warnings = Vec::new();
    check_map(map, workers, &mut warnings);
    warnings
}
