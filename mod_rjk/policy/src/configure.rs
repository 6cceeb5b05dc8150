//! The first run of `configure`, when the configuration is checked.

use crate::compiled::{Code, Compiled};
use crate::fault::{Excess, Fault};
use crate::host::{Call, Shared, Trace, log_limit};
use crate::instance::{Instance, Refusal};
use crate::limits::MAX_CELLS;
use crate::load_error::LoadError;
use rjk_balance::{FaultKind, Membership, Moment};
use rjk_config::toml::PolicySettings;
use rjk_log::Log;
use std::sync::Arc;

/// What makes a policy of a [`Code`].
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Name in rjk.toml.
    pub name: &'a str,
    /// Its settings there.
    pub settings: PolicySettings,
    /// Its own table there, as the text of a JSON object.
    pub config: &'a str,
    /// Who hears of what `configure` does.
    pub trace: Option<&'a dyn Trace>,
}

/// Runs `configure` once, for a balancer.
///
/// # Errors
/// [`LoadError::Configure`] or [`LoadError::Fault`].
pub fn configure(
    code: &Code,
    setup: &Setup<'_>,
    membership: &Arc<Membership>,
    log: &dyn Log,
) -> Result<Compiled, LoadError> {
    let untried = Compiled {
        code: code.clone(),
        name: setup.name.into(),
        settings: setup.settings,
        membership: membership.clone(),
        config: setup.config.into(),
        store: None,
        tables: Arc::default(),
    };
    let call = Call {
        question: None,
        log,
        // One call with a limit of its own: the time does not matter.
        now: Moment::NEVER,
        shared: Shared {
            name: setup.name,
            state: None,
            lines: &log_limit(),
        },
        trace: setup.trace,
    };
    let instance = match Instance::new(&untried, membership, &call) {
        Ok(instance) => instance,
        Err(Refusal::Message(message)) => return Err(LoadError::Configure(message)),
        Err(Refusal::Fault(fault)) => return Err(LoadError::Fault(fault)),
    };
    let store = instance.store_size();
    let members = membership.facts().members.len();
    if store.total(members).is_none_or(|cells| cells > MAX_CELLS) {
        let text = Excess::Store.to_string();
        return Err(LoadError::Fault(Fault::new(FaultKind::Memory, text)));
    }
    Ok(Compiled {
        store: Some(store),
        ..untried
    })
}
