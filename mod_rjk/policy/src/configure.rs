//! The first run of `configure`, when the configuration is checked.

use crate::compiled::{Code, Compiled};
use crate::host::{Call, Shared, log_limit};
use crate::instance::{Instance, Refusal};
use crate::load_error::LoadError;
use crate::world::Member;
use rjk_balance::{Moment, PolicySlot};
use rjk_log::Log;

/// Runs `configure` once, for the members of a balancer and the policy's own settings as JSON
/// text. Counters of the policy that it touches here are not kept.
///
/// # Errors
/// [`LoadError::Configure`] or [`LoadError::Fault`].
pub fn configure(
    code: &Code,
    members: Vec<Member>,
    config: &str,
    log: &dyn Log,
) -> Result<Compiled, LoadError> {
    let compiled = Compiled::new(code, members, config);
    let call = Call {
        question: None,
        log,
        // One call with a limit of its own: the time does not matter.
        now: Moment::NEVER,
        shared: Shared {
            name: code.name(),
            slot: &PolicySlot::default(),
            lines: &log_limit(),
        },
    };
    match Instance::new(&compiled, &call) {
        Ok(_) => Ok(compiled),
        Err(Refusal::Message(message)) => Err(LoadError::Configure(message)),
        Err(Refusal::Fault(fault)) => Err(LoadError::Fault(fault)),
    }
}
