//! Collects the rules of one server.

use super::pattern::{is_plain_pattern, pattern_problem};
use super::{Mount, Place, RuleKind, Source, UriMap, parse_worker_with_extensions};
use crate::error::{ConfigError, Location, Warning};
use crate::properties::{Entry, Properties};
use bstr::{BString, ByteSlice};
use std::collections::HashMap;

/// What makes two rules the same rule, so that the later one replaces the earlier one: the pattern is as
/// it was written. Of `/a` and `/a|/*`, which differ and both mount `/a`, the first wins in the map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RuleKey {
    source: Source,
    kind: RuleKind,
    disabled: bool,
    pattern: BString,
    /// Where rules for several workers stand side by side.
    worker: Option<BString>,
}

/// A rule as it was written, and the one or two that it stands for (M-05).
#[derive(Clone, Debug)]
struct Written {
    key: RuleKey,
    mounts: Vec<Mount>,
}

/// Collects rules; [`build`](UriMapBuilder::build) makes the map.
#[derive(Clone, Debug, Default)]
pub struct UriMapBuilder {
    rules: Vec<Written>,
    known: HashMap<RuleKey, usize>,
    /// The rule that mounts a pattern first.
    first: HashMap<RuleKey, usize>,
}

impl UriMapBuilder {
    /// No rules.
    pub fn new() -> UriMapBuilder {
        UriMapBuilder::default()
    }

    /// Starts from the rules of a map.
    pub(super) fn from_rules(rules: impl Iterator<Item = Mount>) -> UriMapBuilder {
        let mut builder = UriMapBuilder::new();
        for rule in rules {
            builder.replace(RuleKey::of(&rule), vec![rule]);
        }
        builder
    }

    /// Mounts `pattern`; `value` is the worker with its extensions (D-05, M-05).
    ///
    /// Of two mounts of one pattern from one source the later wins; a warning says so when they
    /// differ. A `worker.N.mount` may carry the prefixes `-` and `!` (W-05). An error when the
    /// pattern does not start with `/`.
    pub fn add_mount(
        &mut self,
        pattern: &[u8],
        value: &[u8],
        source: Source,
        location: Option<Location>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let rule = match source {
            Source::JkMount => Rule {
                disabled: false,
                kind: RuleKind::Mount,
                pattern,
            },
            Source::WorkerDefinition | Source::UriWorkerMap => Rule::parse(pattern),
        };
        self.add(rule, value, source, location, warnings)
    }

    /// Excludes `pattern` from the mounts of a worker, or of all with `*` (D-06).
    ///
    /// Exclusions of one pattern for several workers all count (BG-14). An error as for mounts.
    pub fn add_unmount(
        &mut self,
        pattern: &[u8],
        value: &[u8],
        source: Source,
        location: Option<Location>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let rule = Rule {
            disabled: false,
            kind: RuleKind::Unmount,
            pattern,
        };
        self.add(rule, value, source, location, warnings)
    }

    /// Adds the rules of a uriworkermap file (M-01…M-05); `file` names it in warnings.
    ///
    /// A rule whose pattern does not start with `/` is skipped with a warning (M-04).
    pub fn add_file(
        &mut self,
        text: &[u8],
        file: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let mut properties = Properties::uri_map();
        properties.add_text(text, file, warnings)?;
        for Entry {
            name,
            value,
            location,
        } in properties.iter()
        {
            let place = Some(location.clone());
            let added = self.add(
                Rule::parse(name),
                value,
                Source::UriWorkerMap,
                place,
                warnings,
            );
            if let Err(error) = added {
                let message = format!("{}; the rule is skipped", error.message());
                warnings.push(Warning::new(Some(location.clone()), message).coded("rule-skipped"));
            }
        }
        Ok(())
    }

    /// Takes over the `JkMount` and `JkUnMount` rules of the main server; own ones win (D-07).
    pub fn inherit(&mut self, main: &UriMapBuilder) {
        for written in &main.rules {
            let is_mount = written.key.source == Source::JkMount;
            if is_mount && !self.known.contains_key(&written.key) {
                self.replace(written.key.clone(), written.mounts.clone());
            }
        }
    }

    /// The map of these rules.
    pub fn build(self) -> UriMap {
        let mounts = self.rules.into_iter().flat_map(|written| written.mounts);
        UriMap::new(mounts.collect())
    }

    fn add(
        &mut self,
        rule: Rule<'_>,
        value: &[u8],
        source: Source,
        location: Option<Location>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let patterns = rule.patterns(source);
        if patterns.is_empty() {
            return Err(ConfigError::new(location, rule.problem()).coded("bad-pattern"));
        }
        let before = warnings.len();
        let (worker, extensions) = parse_worker_with_extensions(value, warnings);
        warnings
            .iter_mut()
            .skip(before)
            .for_each(|warning| warning.location = location.clone());
        let mount = |pattern| Mount {
            pattern,
            worker: worker.clone(),
            extensions: extensions.clone(),
            source,
            kind: rule.kind,
            disabled: rule.disabled,
            location: location.clone(),
            place: Place::default(),
        };
        let key = RuleKey::of(&mount(rule.pattern.into()));
        let mounts = patterns.into_iter().map(mount).collect();
        let (at, replaced) = self.replace(key, mounts);
        self.warn_of_others(at, &replaced, warnings);
        Ok(())
    }

    /// Warns of other rules for the patterns of the one at `at`: those that it replaced, and those before
    /// it, which win.
    fn warn_of_others(&self, at: usize, replaced: &[Mount], warnings: &mut Vec<Warning>) {
        let Some(new) = self.rules.get(at).and_then(|rule| rule.mounts.first()) else {
            return;
        };
        for old in replaced.iter().filter(|old| differ(old, new)) {
            let message = format!(
                "'{}' was mounted to '{}' before; this rule, to '{}', replaces that one",
                old.pattern, old.worker, new.worker
            );
            warnings.push(Warning::new(new.location.clone(), message).coded("duplicate-mount"));
        }
        for old in self.earlier(at).filter(|old| differ(old, new)) {
            let message = format!(
                "'{}' is mounted to '{}' by a rule before this one, which wins",
                old.pattern, old.worker
            );
            warnings.push(Warning::new(new.location.clone(), message).coded("hidden-mount"));
        }
    }

    /// What rules before the one at `at` mount of its patterns.
    fn earlier(&self, at: usize) -> impl Iterator<Item = &Mount> {
        let mounts = self.rules.get(at).map_or(&[][..], |rule| &rule.mounts);
        mounts.iter().filter_map(move |mount| {
            let first = *self.first.get(&RuleKey::of(mount))?;
            let mut others = self.rules.get(first)?.mounts.iter();
            others.find(|other| first < at && other.pattern == mount.pattern)
        })
    }

    /// Adds a rule or puts it in the place of the same rule; its place, and what that one stood for.
    fn replace(&mut self, key: RuleKey, mounts: Vec<Mount>) -> (usize, Vec<Mount>) {
        let at = *self.known.entry(key.clone()).or_insert(self.rules.len());
        for mount in &mounts {
            self.first.entry(RuleKey::of(mount)).or_insert(at);
        }
        let written = Written { key, mounts };
        match self.rules.get_mut(at) {
            Some(old) => (at, std::mem::replace(old, written).mounts),
            None => {
                self.rules.push(written);
                (at, Vec::new())
            }
        }
    }
}

/// A rule's left side, taken apart.
struct Rule<'a> {
    disabled: bool,
    kind: RuleKind,
    pattern: &'a [u8],
}

impl<'a> Rule<'a> {
    /// Why the pattern, which does not start with `/`, is none.
    fn problem(&self) -> String {
        let pattern = self.pattern.to_str_lossy();
        // M-03: the marks have one order only.
        match (self.kind, pattern.strip_prefix('-')) {
            (RuleKind::Unmount, Some(rest)) if is_plain_pattern(rest) => {
                format!("'!-{rest}' is no rule; write '-!{rest}'")
            }
            _ => format!("the pattern {}", pattern_problem(&pattern)),
        }
    }

    /// `X|Y` stands for the two patterns `X` and `XY`, split at the first bar (M-05); of `|/x` the second
    /// counts. A bar in `worker.N.mount` is a letter like any other (W-05).
    fn patterns(&self, source: Source) -> Vec<BString> {
        let patterns = match self.pattern.split_once_str("|") {
            Some((stem, tail)) if source != Source::WorkerDefinition => {
                vec![stem.into(), BString::from([stem, tail].concat())]
            }
            _ => vec![self.pattern.into()],
        };
        let is_one = |pattern: &BString| pattern.starts_with(b"/");
        patterns.into_iter().filter(is_one).collect()
    }

    /// `[-][!]pattern`, in this order only (M-03).
    fn parse(text: &'a [u8]) -> Rule<'a> {
        let (disabled, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match text.strip_prefix(b"!") {
            Some(pattern) => Rule {
                disabled,
                kind: RuleKind::Unmount,
                pattern,
            },
            None => Rule {
                disabled,
                kind: RuleKind::Mount,
                pattern: text,
            },
        }
    }
}

impl RuleKey {
    /// Exclusions of one pattern are told apart by their worker (BG-14), and so are the mounts that workers
    /// define: of those the first wins.
    fn of(rule: &Mount) -> RuleKey {
        let is_of_worker =
            rule.kind == RuleKind::Unmount || rule.source == Source::WorkerDefinition;
        RuleKey {
            source: rule.source,
            kind: rule.kind,
            disabled: rule.disabled,
            pattern: rule.pattern.clone(),
            worker: is_of_worker.then(|| rule.worker.clone()),
        }
    }
}

/// Whether replacing a rule changes anything; the extensions of an exclusion have no effect.
fn differ(old: &Mount, new: &Mount) -> bool {
    old.kind == RuleKind::Mount && (old.worker != new.worker || old.extensions != new.extensions)
}
