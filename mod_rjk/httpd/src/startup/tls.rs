//! TLS with workers: files are read by the parent, which may read the keys, and children inherit what was
//! made of them.

use super::sources::Sources;
use bstr::{BStr, ByteSlice as _};
use rjk_config::error::ConfigError;
use rjk_config::model::TlsSpec;
use rjk_config::toml::Reached;
use rjk_proxy::way::tls::{TlsContext, TlsSetupError};
use rjk_proxy::worker::setup::TlsContexts;
use std::time::SystemTime;

/// What was made of the files as they are now.
#[derive(Default)]
pub(super) struct Loaded {
    contexts: TlsContexts,
    /// By worker.
    errors: Vec<(Reached, ConfigError)>,
}

impl Loaded {
    /// Reads the files of all workers that are spoken to in TLS.
    pub(super) fn of(reached: &[Reached]) -> Loaded {
        let mut loaded = Loaded::default();
        for one in reached {
            match one.way.tls().map(load) {
                Some(Ok(context)) => {
                    loaded.contexts.insert(one.worker.clone(), context);
                }
                Some(Err(error)) => loaded.errors.push((one.clone(), error.refusal(one))),
                None => {}
            }
        }
        loaded
    }

    /// Why a start does not take them.
    pub(super) fn refusals(&self) -> impl Iterator<Item = ConfigError> {
        self.errors.iter().map(|(_, error)| error.clone())
    }
}

#[cfg(feature = "tls")]
fn load(spec: &TlsSpec) -> Result<TlsContext, TlsSetupError> {
    TlsContext::load(spec, Some(crate::ffi::resumption::resume))
}

#[cfg(not(feature = "tls"))]
fn load(spec: &TlsSpec) -> Result<TlsContext, TlsSetupError> {
    TlsContext::load(spec, None)
}

impl Sources<'_> {
    /// Workers are spoken to in TLS as loaded. One whose files are wrong at a restart goes on with what was
    /// made of them before; without that it takes no requests: in clear text nobody wanted it.
    pub(super) fn secure(&mut self, loaded: Loaded, reached: &[Reached]) {
        let mut contexts = loaded.contexts;
        for one in reached {
            self.tell_of_ends(one, &contexts);
        }
        for (one, error) in loaded.errors {
            match self.last_context(one.worker.as_bstr()) {
                Some(context) => {
                    self.go_on(&error, "the certificates that it had");
                    contexts.insert(one.worker, context);
                }
                None => {
                    let worker = &one.worker;
                    self.go_on(&error, &format!("worker {worker} taking no requests"));
                }
            }
        }
        self.keep_contexts(contexts);
    }

    fn tell_of_ends(&mut self, one: &Reached, contexts: &TlsContexts) {
        let now = SystemTime::now();
        let context = contexts.get(&one.worker);
        let ends = context.map(TlsContext::expiries).unwrap_or_default();
        for warning in ends.iter().filter_map(|end| end.notice(one, now)) {
            self.warn(warning);
        }
    }

    fn last_context(&self, worker: &BStr) -> Option<TlsContext> {
        self.last()?.contexts.get(worker).cloned()
    }
}
