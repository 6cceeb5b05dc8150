//! What stands in for a policy that a restart could not load.

use rjk_balance::{Answer, FaultKind, PolicySlot, PolicyState, Question, RoutingPolicy};
use rjk_config::toml::{Mode, PolicySettings};
use rjk_log::{Level, RateLimit, jk_log};

/// A policy that is not there: the built-in rules decide, or the client gets 503 when its settings say
/// `on_fault = "reject"` and it is no shadow.
pub struct Missing {
    name: String,
    reason: String,
    settings: PolicySettings,
    state: Option<PolicyState>,
    lines: RateLimit,
}

impl Missing {
    /// `reason` is what people are told; `state` counts how often it was missed.
    pub fn new(
        name: &str,
        settings: &PolicySettings,
        reason: &str,
        state: Option<PolicyState>,
    ) -> Missing {
        Missing {
            name: name.to_owned(),
            reason: reason.to_owned(),
            settings: *settings,
            state,
            lines: RateLimit::new(1),
        }
    }
}

impl RoutingPolicy for Missing {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let (kind, reject) = (FaultKind::NotLoaded, self.settings.rejects());
        if let Some(state) = self.state {
            state.slot.count_fault(kind);
        }
        let (log, now) = (question.log, question.now.as_millis());
        if log.enabled(Level::Warn) && self.lines.allows(now) {
            let (name, reason) = (&self.name, &self.reason);
            let then = match reject {
                true => "the client gets 503",
                false => "the built-in rules decide",
            };
            jk_log!(log, Warn, "policy {name} is not loaded, {then}: {reason}");
        }
        match self.settings.mode {
            Mode::Shadow => Answer::Shadow(None),
            Mode::Enforce => Answer::Fault { kind, reject },
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn problem(&self) -> Option<&str> {
        Some(&self.reason)
    }

    fn slot(&self) -> Option<&'static PolicySlot> {
        self.state.map(|state| state.slot)
    }
}
