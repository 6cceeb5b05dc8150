//! Which worker a path goes to: the mount rules of one server and the lookup in them (contract §3).

mod builder;
mod extensions;
mod index;
mod live;
mod normalize;
mod pattern;
mod place;
mod watch;

pub use builder::UriMapBuilder;
pub use extensions::parse_worker_with_extensions;
pub use live::{FileText, Found, LiveMap, Reload};
pub use normalize::{MAX_MATCHED, UriError, normalize};
pub use place::Place;
pub use watch::Stamp;

pub(crate) use pattern::{is_plain_pattern, pattern_problem, pattern_remedy};

use crate::error::{ConfigError, Location, Warning};
use crate::model::{LbSpec, RuleExtensions, WorkerSpec};
use crate::wildcard;
use bstr::BString;
use index::RuleIndex;
use std::cmp::Reverse;
use std::sync::Arc;

/// Where a rule comes from; the last tie-breaker of the priority, the greatest first (M-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `worker.N.mount` in workers.properties (W-05).
    WorkerDefinition,
    /// `JkMount` or `JkUnMount` (D-05, D-06).
    JkMount,
    /// The file of `JkMountFile` (D-03).
    UriWorkerMap,
}

impl Source {
    /// The word of the status worker (OUT-08).
    pub fn as_str(self) -> &'static str {
        match self {
            Source::WorkerDefinition => "worker definition",
            Source::JkMount => "JkMount",
            Source::UriWorkerMap => "uriworkermap",
        }
    }
}

/// What a rule does with a path that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Sends it to the worker.
    Mount,
    /// Cancels a mount of the worker (M-12); the worker `*` stands for all.
    Unmount,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// The pattern, which starts with `/`; with `*` or `?` it is a wildcard pattern (M-06).
    pub pattern: BString,
    /// Worker name without extensions.
    pub worker: BString,
    /// What stands after the worker name (contract §3.3).
    pub extensions: RuleExtensions,
    /// Where the rule comes from.
    pub source: Source,
    /// Mount or exclusion.
    pub kind: RuleKind,
    /// Written with a `-`: shown by the status worker, otherwise ignored (M-13).
    pub disabled: bool,
    /// Where it was written.
    pub location: Option<Location>,
    /// Where the worker stands among those of this process.
    pub place: Place,
}

impl Mount {
    /// How the status worker calls the kind of this rule (OUT-08).
    pub fn match_type(&self) -> &'static str {
        let is_wildcard = wildcard::is_wildcard(&self.pattern);
        match (self.disabled, self.kind, is_wildcard) {
            (false, RuleKind::Mount, false) => "Exact",
            (false, RuleKind::Mount, true) => "Wildchar",
            (false, RuleKind::Unmount, false) => "Unmount Exact",
            (false, RuleKind::Unmount, true) => "Unmount Wildchar",
            (true, RuleKind::Mount, false) => "Disabled Exact",
            (true, RuleKind::Mount, true) => "Disabled Wildchar",
            (true, RuleKind::Unmount, false) => "Disabled Unmount Exact",
            (true, RuleKind::Unmount, true) => "Disabled Unmount Wildchar",
        }
    }

    /// Whether the status worker lists this rule with a worker: `*` stands for all of them.
    pub fn concerns(&self, worker: &[u8]) -> bool {
        self.worker == worker || self.worker == "*"
    }
}

/// The rules of one server, ready for lookups; built by [`UriMapBuilder`].
#[derive(Clone, Debug, Default)]
pub struct UriMap {
    rules: Vec<Arc<Mount>>,
    mounts: RuleIndex,
    unmounts: RuleIndex,
}

impl UriMap {
    /// The mount for a path from [`normalize`] (M-08, M-11…M-14); allocates nothing.
    ///
    /// `reject_unsafe` is `JkOptions +RejectUnsafeURI`: a path with `%` or `\` matches nothing (O-13).
    pub fn lookup(&self, normalised: &[u8], reject_unsafe: bool) -> Option<&Arc<Mount>> {
        let is_unsafe = |byte: &u8| matches!(byte, b'%' | b'\\');
        if normalised.len() > MAX_MATCHED
            || self.rules.is_empty()
            || (reject_unsafe && normalised.iter().any(is_unsafe))
        {
            return None;
        }
        let mount = self.first_mount(normalised)?;
        (!self.is_unmounted(normalised, &mount.worker)).then_some(mount)
    }

    /// All rules by falling priority (M-10), exclusions and disabled ones too: what the status worker
    /// lists.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Mount> {
        self.rules.iter().map(Arc::as_ref)
    }

    /// Whether there is no rule at all (M-27).
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The map after its file was read again: rules from the old file go, all others stay (M-21).
    ///
    /// `file` names the file in warnings. On an error keep the current map (BG-17).
    pub fn with_file(
        &self,
        text: &[u8],
        file: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<UriMap, ConfigError> {
        let kept = self
            .rules()
            .filter(|rule| rule.source != Source::UriWorkerMap);
        let mut builder = UriMapBuilder::from_rules(kept.cloned());
        builder.add_file(text, file, warnings)?;
        Ok(builder.build())
    }

    /// Warns of rules that name a worker or a member that does not exist (G-09, M-24, X-04).
    ///
    /// `find` gives the worker of a name from `worker.list`. Such rules stay: requests get 500.
    pub fn check_workers<'w>(
        &self,
        find: impl Fn(&[u8]) -> Option<&'w WorkerSpec>,
        warnings: &mut Vec<Warning>,
    ) {
        for rule in self.rules().filter(|rule| !rule.disabled) {
            let any_worker = rule.kind == RuleKind::Unmount && rule.worker == "*";
            let unknown = match find(&rule.worker) {
                _ if any_worker => None,
                None => Some(format!("worker '{}' is not in worker.list", rule.worker)),
                Some(WorkerSpec::Lb(lb)) => unknown_members(rule, lb),
                Some(_) if rule.extensions.activation.is_empty() => None,
                Some(_) => Some(format!(
                    "worker '{}' is no balancer and has no members",
                    rule.worker
                )),
            };
            if let Some(problem) = unknown {
                let message = format!("rule for '{}': {problem}", rule.pattern);
                let warning = Warning::new(rule.location.clone(), message);
                warnings.push(warning.coded("unknown-target"));
            }
        }
    }

    /// M-11: the enabled mount of the highest priority that matches.
    fn first_mount(&self, path: &[u8]) -> Option<&Arc<Mount>> {
        let mut best = self.mounts.exact(path).first().copied();
        for list in self.mounts.wildcards(path) {
            let earlier = list
                .iter()
                .take_while(|rule| best.is_none_or(|best| **rule < best));
            best = earlier
                .copied()
                .find(|rule| self.matches(*rule, path))
                .or(best);
        }
        self.rules.get(best?)
    }

    /// M-12: whether an enabled exclusion for this worker matches.
    fn is_unmounted(&self, path: &[u8], worker: &BString) -> bool {
        if self.unmounts.is_empty() {
            return false;
        }
        let covers = |rule: &usize| {
            self.rules
                .get(*rule)
                .is_some_and(|rule| rule.concerns(worker))
        };
        let [listed, general] = self.unmounts.wildcards(path);
        self.unmounts.exact(path).iter().any(covers)
            || listed
                .iter()
                .chain(general)
                .any(|rule| covers(rule) && self.matches(*rule, path))
    }

    fn matches(&self, rule: usize, path: &[u8]) -> bool {
        self.rules
            .get(rule)
            .is_some_and(|rule| wildcard::matches(&rule.pattern, path))
    }

    /// Sorts the rules (M-10; equal ones stay in the order of their definition) and indexes them.
    fn new(mut rules: Vec<Mount>) -> UriMap {
        rules.sort_by_cached_key(|rule| {
            let slashes = rule.pattern.iter().filter(|byte| **byte == b'/').count();
            Reverse((slashes, rule.pattern.len(), rule.source))
        });
        let (mut mounts, mut unmounts) = (RuleIndex::default(), RuleIndex::default());
        for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.disabled) {
            match rule.kind {
                RuleKind::Mount => mounts.insert(number, &rule.pattern),
                RuleKind::Unmount => unmounts.insert(number, &rule.pattern),
            }
        }
        UriMap {
            rules: rules.into_iter().map(Arc::new).collect(),
            mounts,
            unmounts,
        }
    }
}

/// members that the rule names and the balancer does not have.
fn unknown_members(rule: &Mount, lb: &LbSpec) -> Option<String> {
    let is_member = |name: &BString| lb.members.iter().any(|member| member.ajp.name == *name);
    let named = rule.extensions.activation.iter().map(|(name, _)| name);
    let unknown: Vec<String> = named
        .filter(|name| !is_member(name))
        .map(|name| format!("'{name}'"))
        .collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "balancer '{}' has no member {}",
            lb.name,
            unknown.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
