//! Which worker gets a request (contract G-08).

use super::mapping::mount_of;
use super::state;
use crate::ffi::request::RequestRec;
use crate::server::note_names;
use crate::server::ready::Ready;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::RuleExtensions;
use rjk_config::uri_map::{Mount, parse_worker_with_extensions};
use rjk_log::{Log, jk_log};
use rjk_proxy::dispatcher::{Dispatcher, Worker};
use std::sync::LazyLock;

/// The worker for a request, and how the choice came about.
pub(super) enum Target<'r> {
    /// A note names the worker: mapping wrote it, or another module.
    Noted {
        worker: &'r BStr,
        /// The rule that mapping found.
        rule: Option<&'r Mount>,
    },
    /// An environment variable does, which is rare: boxed, so that all others are small.
    Named(Box<(BString, RuleExtensions)>),
    /// A rule does for a request that no hook mapped.
    Mounted(&'r Mount),
}

impl<'r> Target<'r> {
    /// The choices of G-08 in their order.
    pub(super) fn choose(
        request: RequestRec<'r>,
        ready: &'static Ready,
        log: &dyn Log,
    ) -> Option<Target<'r>> {
        if let Some(worker) = request.notes().get_ours(note_names::WORKER) {
            return Some(Target::Noted {
                worker: worker.as_bstr(),
                rule: state::of(request).and_then(|state| state.mount),
            });
        }
        if let Some(value) = request.env().get(&ready.env.worker) {
            let mut warnings = Vec::new();
            let (worker, extensions) = parse_worker_with_extensions(value, &mut warnings);
            for warning in warnings {
                jk_log!(log, Warn, "{}: {warning}", ready.config.indicators.worker);
            }
            return Some(Target::Named(Box::new((worker, extensions))));
        }
        mount_of(request, ready).map(Target::Mounted)
    }

    /// The worker's name.
    pub(super) fn worker(&self) -> &BStr {
        match self {
            Target::Noted { worker, .. } => worker,
            Target::Named(named) => named.0.as_bstr(),
            Target::Mounted(rule) => rule.worker.as_bstr(),
        }
    }

    /// The worker, if there is one of that name.
    pub(super) fn find<'d>(&self, dispatcher: &'d Dispatcher) -> Option<&'d Worker> {
        match self {
            Target::Noted {
                worker,
                rule: Some(rule),
            } if rule.worker == *worker => dispatcher.worker_of(rule),
            Target::Mounted(rule) => dispatcher.worker_of(rule),
            _ => dispatcher.worker(self.worker()),
        }
    }

    /// What the rule says beyond its worker.
    pub(super) fn extensions(&self) -> &RuleExtensions {
        static NONE: LazyLock<RuleExtensions> = LazyLock::new(RuleExtensions::default);
        match self {
            Target::Noted { rule, .. } => rule.map_or(&*NONE, |rule| &rule.extensions),
            Target::Named(named) => &named.1,
            Target::Mounted(rule) => &rule.extensions,
        }
    }
}
