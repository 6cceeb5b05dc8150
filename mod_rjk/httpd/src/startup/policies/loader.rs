//! From the tables of rjk.toml to policies that were tried, or to what stands in for them.

use super::super::sources::Sources;
use super::bound::{Bound, Made};
use super::load::Lasting;
use crate::ffi::stack;
use rjk_balance::Membership;
use rjk_config::error::{ConfigError, Location};
use rjk_config::model::LbSpec;
use rjk_config::toml::{PolicySpec, RjkToml};
use rjk_config::uri_map::FileText;
use rjk_config::workers::Workers;
use rjk_log::NoLog;
use rjk_policy::limits::CHECK_STACK;
use rjk_policy::{Code, LoadError, Setup, configure};
use std::sync::Arc;

/// Loads what the file says.
pub(super) struct Loader<'a, 'p> {
    pub(super) sources: &'a mut Sources<'p>,
    pub(super) file: &'a RjkToml,
    /// Why this is not the file as it is now.
    pub(super) problem: Option<String>,
    pub(super) lasting: &'a Lasting,
}

impl Loader<'_, '_> {
    /// Each balancer that has a policy, with it.
    ///
    /// # Errors
    /// At a start: what is wrong, with file and line.
    pub(super) fn load(mut self, workers: &Workers) -> Result<Vec<Bound>, ConfigError> {
        let file = self.file;
        let mut uses: Vec<(&LbSpec, &PolicySpec)> = Vec::new();
        for bound in file.bind(workers) {
            match bound {
                Ok(bound) => uses.extend(bound.policy.map(|policy| (bound.lb, policy))),
                Err(error) if self.sources.is_restart() => {
                    self.sources.go_on(&error, "no policy for it");
                }
                Err(error) => return Err(error),
            }
        }
        let mut all = Vec::new();
        for spec in &file.policies {
            let mut uses = uses
                .iter()
                .filter(|(_, used)| std::ptr::eq(*used, spec))
                .peekable();
            // What no balancer uses is not even read.
            if uses.peek().is_none() {
                continue;
            }
            let (code, spec) = (self.code(spec), Arc::new(spec.clone()));
            for (lb, _) in uses {
                all.push(self.bind(lb, &spec, code.as_ref())?);
            }
        }
        Ok(all)
    }

    /// The compiled component of a policy.
    fn code(&self, spec: &PolicySpec) -> Result<Code, ConfigError> {
        let refused = |reason: &dyn std::fmt::Display| refusal(spec, &spec.location, reason);
        let file = FileText::read(&spec.component);
        let bytes = file
            .map_err(|error| refused(&format!("cannot be read: {error}")))?
            .text;
        let (codes, engine) = (&self.lasting.codes, self.file.engine);
        let memory = spec.settings.memory;
        stack::once(CHECK_STACK, || codes.get(bytes, memory, engine))
            .map_err(|problem| refused(&problem))?
            .map_err(|error| refused(&error))
    }

    /// A balancer with its policy; at a restart with the one that it had where this one fails.
    fn bind(
        &mut self,
        lb: &LbSpec,
        spec: &Arc<PolicySpec>,
        code: Result<&Code, &ConfigError>,
    ) -> Result<Bound, ConfigError> {
        let made = code
            .map_err(Clone::clone)
            .and_then(|code| make(lb, spec, code));
        let error = match made {
            Ok(made) => return Ok(Bound::new(lb, spec, Ok(made), self.problem.clone())),
            Err(error) => error,
        };
        if !self.sources.is_restart() {
            return Err(error);
        }
        let last = self.lasting.good.borrow().get(&lb.name).cloned();
        if let Some(Ok(made)) = last.map(|last| make(lb, &last.spec, &last.code)) {
            let with = format!(
                "the policy {} that balancer {} had",
                made.spec.name, lb.name
            );
            let problem = self.sources.go_on(&error, &with);
            let problem = self.also(problem);
            let spec = made.spec.clone();
            return Ok(Bound::new(lb, &spec, Ok(made), Some(problem)));
        }
        let with = match spec.settings.rejects() {
            true => format!("503 for all requests of balancer {}", lb.name),
            false => format!("the built-in rules for balancer {}", lb.name),
        };
        let reason = self.sources.go_on(&error, &with);
        Ok(Bound::new(lb, spec, Err(self.also(reason)), None))
    }

    /// Behind what is wrong with the file.
    fn also(&self, problem: String) -> String {
        match &self.problem {
            Some(of_file) => format!("{of_file}; {problem}"),
            None => problem,
        }
    }
}

/// A policy for a balancer, tried once.
fn make(lb: &LbSpec, spec: &Arc<PolicySpec>, code: &Code) -> Result<Made, ConfigError> {
    let setup = Setup {
        name: &spec.name,
        settings: spec.settings,
        config: &spec.config,
        trace: None,
    };
    let membership = Arc::new(Membership::of(lb));
    let tried = stack::once(CHECK_STACK, || configure(code, &setup, &membership, &NoLog));
    let refused = |location: &Location, reason: &dyn std::fmt::Display| {
        let reason = format!("for balancer {}: {reason}", lb.name);
        refusal(spec, location, &reason)
    };
    let tried = tried.map_err(|problem| refused(&spec.location, &problem))?;
    let compiled = tried.map_err(|error| match &error {
        LoadError::Configure(message) => refused(&spec.places.of(message), &error),
        _ => refused(&spec.location, &error),
    })?;
    Ok(Made {
        spec: spec.clone(),
        code: code.clone(),
        compiled,
    })
}

fn refusal(spec: &PolicySpec, location: &Location, reason: &dyn std::fmt::Display) -> ConfigError {
    let (name, component) = (&spec.name, spec.component.display());
    let message = format!("policy {name}: {component}: {reason}");
    ConfigError::new(Some(location.clone()), message)
}
