//! Which worker gets a request (contract G-08).

use super::mapping::{WORKER_NOTE, mount_of};
use super::state;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use bstr::BString;
use rjk_config::model::RuleExtensions;
use rjk_config::uri_map::parse_worker_with_extensions;
use rjk_log::{Log, jk_log};
use std::borrow::Cow;

/// The worker for a request, and how the choice came about.
pub(super) struct Target<'r> {
    pub(super) worker: BString,
    pub(super) rule: Cow<'r, RuleExtensions>,
}

impl<'r> Target<'r> {
    /// The choices of G-08 in their order.
    pub(super) fn choose(
        request: RequestRec<'r>,
        ready: &'static Ready,
        log: &dyn Log,
    ) -> Option<Target<'r>> {
        if let Some(worker) = request.notes().get(WORKER_NOTE) {
            let rule = state::of(request).and_then(|state| state.extensions());
            let rule = rule.map_or_else(Cow::default, Cow::Borrowed);
            return Some(Target {
                worker: worker.into(),
                rule,
            });
        }
        if let Some(value) = request.env().get(&ready.env.worker) {
            let mut warnings = Vec::new();
            let (worker, rule) = parse_worker_with_extensions(value, &mut warnings);
            for warning in warnings {
                jk_log!(log, Warn, "{}: {warning}", ready.config.indicators.worker);
            }
            return Some(Target {
                worker,
                rule: Cow::Owned(rule),
            });
        }
        let mount = mount_of(request, ready)?;
        Some(Target {
            worker: mount.worker.clone(),
            rule: Cow::Borrowed(&mount.extensions),
        })
    }
}
