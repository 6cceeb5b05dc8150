//! Which worker gets a request (contract G-08).

use super::mapping::{WORKER_NOTE, mount_of};
use super::state;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use bstr::BString;
use rjk_config::model::RuleExtensions;
use rjk_config::uri_map::{Mount, parse_worker_with_extensions};
use rjk_log::{Log, jk_log};
use std::sync::Arc;

/// The worker for a request, and how the choice came about.
pub(super) struct Target<'r> {
    pub(super) worker: BString,
    rule: Rule<'r>,
}

/// Where the extensions come from.
enum Rule<'r> {
    Mapped(&'r RuleExtensions),
    Mount(Arc<Mount>),
    Own(RuleExtensions),
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
            let rule = rule.map_or_else(|| Rule::Own(RuleExtensions::default()), Rule::Mapped);
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
                rule: Rule::Own(rule),
            });
        }
        let mount = mount_of(request, ready)?;
        Some(Target {
            worker: mount.worker.clone(),
            rule: Rule::Mount(mount),
        })
    }

    /// What the rule says beyond its worker.
    pub(super) fn extensions(&self) -> &RuleExtensions {
        match &self.rule {
            Rule::Mapped(rule) => rule,
            Rule::Mount(mount) => &mount.extensions,
            Rule::Own(rule) => rule,
        }
    }
}
