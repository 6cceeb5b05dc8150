//! Routing policies: from `RjkConfigFile` to the balancers of a child. Without the feature `policy`
//! the directive is refused, and nothing of wasmtime is in the module.

use rjk_balance::PolicySlot;
use rjk_config::error::{ConfigError, Location};
use rjk_config::workers::Workers;
use rjk_proxy::worker::setup::Policies;

/// What becomes of a policy that cannot be loaded: an error ends the start.
pub(crate) type OnFailure<'a> = &'a dyn Fn(ConfigError) -> Result<(), ConfigError>;

#[cfg(feature = "policy")]
mod enabled {
    use super::*;
    use crate::ffi::stack;
    use bstr::BString;
    use rjk_balance::{Membership, PolicyState, RoutingPolicy};
    use rjk_config::model::LbSpec;
    use rjk_config::toml::{EngineKind, PolicyFile, PolicySpec};
    use rjk_log::NoLog;
    use rjk_policy::limits::CHECK_STACK;
    use rjk_policy::{Code, Compiled, Policy, Setup, Stacks, configure};
    use std::io::ErrorKind;
    use std::path::Path;
    use std::sync::Arc;

    /// The policies of one configuration, compiled and tried.
    #[derive(Default)]
    pub(crate) struct LoadedPolicies {
        bound: Vec<Bound>,
        count: usize,
    }

    /// The stack of the thread that asks, or one that it keeps for policies.
    struct OfThread;

    impl Stacks for OfThread {
        fn has(&self, bytes: usize) -> bool {
            stack::left() >= bytes
        }

        fn run(&self, bytes: usize, body: &mut dyn FnMut()) -> Result<(), String> {
            stack::kept(bytes, body)
        }
    }

    struct Bound {
        balancer: BString,
        /// Index of the policy's shared record.
        slot: usize,
        compiled: Compiled,
    }

    impl LoadedPolicies {
        /// Reads the file, compiles each component once, and runs its `configure` for each balancer.
        ///
        /// # Errors
        /// What is wrong, with file and line; of a single policy or balancer only what `on_failure`
        /// gives back.
        pub(crate) fn load(
            file: &str,
            location: &Location,
            workers: &Workers,
            on_failure: OnFailure<'_>,
        ) -> Result<LoadedPolicies, ConfigError> {
            let text = std::fs::read_to_string(file).map_err(|error| {
                let message = match error.kind() {
                    ErrorKind::NotFound => format!("RjkConfigFile: {file} does not exist"),
                    _ => format!("RjkConfigFile: cannot read {file}: {error}"),
                };
                ConfigError::new(Some(location.clone()), message)
            })?;
            let file = PolicyFile::parse(&text, file)?;
            let mut balancers = Vec::new();
            for bound in file.bind(workers) {
                match bound {
                    Ok(bound) => balancers.push(bound),
                    Err(error) => on_failure(error)?,
                }
            }
            let mut loaded = LoadedPolicies {
                bound: Vec::new(),
                count: file.policies.len(),
            };
            for (slot, spec) in file.policies.iter().enumerate() {
                let uses = balancers
                    .iter()
                    .filter(|bound| bound.policy.is_some_and(|policy| policy.name == spec.name));
                let uses: Vec<&LbSpec> = uses.map(|bound| bound.lb).collect();
                for bound in load_one(slot, spec, &uses, file.engine) {
                    match bound {
                        Ok(bound) => loaded.bound.push(bound),
                        Err(error) => on_failure(error)?,
                    }
                }
            }
            give_memory_back();
            Ok(loaded)
        }

        /// How many shared records are needed.
        pub(crate) fn count(&self) -> usize {
            self.count
        }

        /// The policies for a child with that many threads.
        pub(crate) fn for_child(&self, slots: &'static [PolicySlot], threads: usize) -> Policies {
            let policy = |bound: &Bound| -> Option<(BString, Arc<dyn RoutingPolicy>)> {
                let slot = slots.get(bound.slot)?;
                let state = PolicyState { slot, cells: &[] };
                let policy = Policy::new(bound.compiled.clone(), threads, state, &OfThread);
                Some((bound.balancer.clone(), Arc::new(policy)))
            };
            self.bound.iter().filter_map(policy).collect()
        }
    }

    /// A policy for each of its balancers; one error when the policy itself is at fault.
    fn load_one(
        slot: usize,
        spec: &PolicySpec,
        balancers: &[&LbSpec],
        engine: EngineKind,
    ) -> Vec<Result<Bound, ConfigError>> {
        let failed = |reason: String| {
            let message = format!(
                "policy {}: {}: {reason}",
                spec.name,
                spec.component.display()
            );
            ConfigError::new(Some(spec.location.clone()), message)
        };
        let tried = read_component(&spec.component).and_then(|bytes| {
            stack::once(CHECK_STACK, || {
                try_one(slot, spec, balancers, engine, &bytes)
            })
            .and_then(|tried| tried)
        });
        match tried {
            Ok(tried) => tried
                .into_iter()
                .map(|bound| bound.map_err(&failed))
                .collect(),
            Err(reason) => vec![Err(failed(reason))],
        }
    }

    /// Compiles a policy and configures it for each of its balancers.
    fn try_one(
        slot: usize,
        spec: &PolicySpec,
        balancers: &[&LbSpec],
        engine: EngineKind,
        bytes: &[u8],
    ) -> Result<Vec<Result<Bound, String>>, String> {
        let code =
            Code::load(bytes, spec.settings.memory, engine).map_err(|error| error.to_string())?;
        let setup = Setup {
            name: &spec.name,
            settings: spec.settings,
            config: &spec.config,
            trace: None,
        };
        let bind = |lb: &&LbSpec| {
            configure(&code, &setup, &Arc::new(Membership::of(lb)), &NoLog)
                .map(|compiled| Bound {
                    balancer: lb.name.clone(),
                    slot,
                    compiled,
                })
                .map_err(|error| format!("for balancer {}: {error}", lb.name))
        };
        Ok(balancers.iter().map(bind).collect())
    }

    /// What the compiler used and freed goes back to the system, before each child inherits it.
    fn give_memory_back() {
        // SAFETY: the function has no preconditions; it may be called at any time.
        #[cfg(target_env = "gnu")]
        unsafe {
            libc::malloc_trim(0)
        };
    }

    /// Not more than one byte above the limit, which the loader then refuses.
    fn read_component(path: &Path) -> Result<Vec<u8>, String> {
        use std::io::Read as _;
        let limit = rjk_policy::limits::MAX_COMPONENT as u64 + 1;
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        Ok(bytes)
    }
}

#[cfg(feature = "policy")]
pub(crate) use enabled::LoadedPolicies;

#[cfg(not(feature = "policy"))]
mod disabled {
    use super::*;

    /// Stands in where the module was built without policies.
    #[derive(Default)]
    pub(crate) struct LoadedPolicies;

    impl LoadedPolicies {
        pub(crate) fn load(
            _file: &str,
            location: &Location,
            _workers: &Workers,
            _on_failure: OnFailure<'_>,
        ) -> Result<LoadedPolicies, ConfigError> {
            let message = "RjkConfigFile: this module was built without the feature policy";
            Err(ConfigError::new(Some(location.clone()), message))
        }

        pub(crate) fn count(&self) -> usize {
            0
        }

        pub(crate) fn for_child(&self, _slots: &'static [PolicySlot], _threads: usize) -> Policies {
            Policies::new()
        }
    }
}

#[cfg(not(feature = "policy"))]
pub(crate) use disabled::LoadedPolicies;
