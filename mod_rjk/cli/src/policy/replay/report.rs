//! What came of a replay.

use super::rerun::name;
use rjk_balance::Membership;
use rjk_record::Found;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// So many decisions that differ are shown.
const SHOWN: usize = 10;

/// Counts, and the first decisions that differ.
#[derive(Default)]
pub(super) struct Report {
    pub(super) replayed: u64,
    /// Lines of the files that could not be read.
    pub(super) left_out: usize,
    /// Decisions without a candidate, for which no policy is asked.
    pub(super) nobody_to_ask: u64,
    /// Recorded answers that shadow mode did not carry out.
    pub(super) not_carried_out: u64,
    pub(super) observed: u64,
    differ: u64,
    faults: BTreeMap<&'static str, u64>,
    observer_faults: BTreeMap<&'static str, u64>,
    not_recorded: BTreeMap<String, u64>,
    /// By balancer and member, or what else became of it: then and now.
    load: BTreeMap<(String, String), [u64; 2]>,
    first: Vec<Differing>,
}

/// A decision that differs.
pub(super) struct Differing {
    pub(super) balancer: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) attempt: u32,
    pub(super) candidates: Vec<String>,
    pub(super) sticky: Option<String>,
    pub(super) recorded: String,
    pub(super) recorded_by: String,
    pub(super) recorded_label: String,
    pub(super) replayed: String,
    pub(super) replayed_by: String,
    pub(super) replayed_label: String,
}

impl Report {
    pub(super) fn new(left_out: usize) -> Report {
        Report {
            left_out,
            ..Report::default()
        }
    }

    pub(super) fn missed(&mut self, asked: Vec<String>) {
        for what in asked {
            *self.not_recorded.entry(what).or_default() += 1;
        }
    }

    pub(super) fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub(super) fn observer_fault(&mut self, kind: &'static str) {
        *self.observer_faults.entry(kind).or_default() += 1;
    }

    pub(super) fn differing(&mut self, what: impl FnOnce() -> Differing) {
        self.differ += 1;
        if self.first.len() < SHOWN {
            self.first.push(what());
        }
    }

    /// Who took it then, and who now.
    pub(super) fn load(&mut self, membership: &Membership, then: Found, now: Found) {
        let facts = membership.facts();
        let key = |what: String| (facts.balancer.clone(), what);
        for index in 0..facts.members.len() {
            self.load.entry(key(name(facts, index))).or_default();
        }
        for (column, found) in [then, now].into_iter().enumerate() {
            let what = match found {
                Found::Member(index) => name(facts, index),
                Found::Reject(_) => "(refused)".to_owned(),
                Found::Nobody => "(nobody)".to_owned(),
            };
            if let Some(count) = self.load.entry(key(what)).or_default().get_mut(column) {
                *count += 1;
            }
        }
    }

    /// Whether any decision does.
    pub(super) fn differs(&self) -> bool {
        self.differ > 0
    }

    fn percent(&self) -> f64 {
        match self.replayed {
            0 => 0.0,
            all => self.differ as f64 * 100.0 / all as f64,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let load = self.load.iter().map(|((balancer, member), [then, now])| {
            json!({"balancer": balancer, "member": member, "recorded": then, "replayed": now})
        });
        json!({
            "replayed": self.replayed,
            "differ": self.differ,
            "differ_percent": self.percent(),
            "left_out_lines": self.left_out,
            "nobody_to_ask": self.nobody_to_ask,
            "not_carried_out": self.not_carried_out,
            "faults": self.faults,
            "observed": self.observed,
            "observer_faults": self.observer_faults,
            "not_recorded": self.not_recorded,
            "load": load.collect::<Value>(),
            "first_differing": self.first.iter().map(Differing::to_json).collect::<Value>(),
        })
    }
}

impl Differing {
    fn to_json(&self) -> Value {
        json!({
            "balancer": self.balancer,
            "method": self.method,
            "path": self.path,
            "attempt": self.attempt,
            "candidates": self.candidates,
            "sticky": self.sticky,
            "recorded": {"decision": self.recorded, "by": self.recorded_by, "label": self.recorded_label},
            "replayed": {"decision": self.replayed, "by": self.replayed_by, "label": self.replayed_label},
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "replayed      {} decisions", self.replayed)?;
        writeln!(f, "differ        {} ({:.1} %)", self.differ, self.percent())?;
        for (count, words) in [
            (
                self.left_out as u64,
                "left out      {} lines that are not whole",
            ),
            (
                self.nobody_to_ask,
                "not asked     {} decisions without a candidate",
            ),
            (
                self.not_carried_out,
                "shadow        {} recorded answers were not carried out",
            ),
            (self.observed, "observed      {} outcomes"),
        ] {
            if count > 0 {
                writeln!(f, "{}", words.replace("{}", &count.to_string()))?;
            }
        }
        for (word, kinds) in [
            ("fault", &self.faults),
            ("observe fault", &self.observer_faults),
        ] {
            for (kind, count) in kinds {
                writeln!(f, "{word:<13} {kind} {count}")?;
            }
        }
        for (what, count) in &self.not_recorded {
            writeln!(f, "not recorded  {what}: asked {count} times")?;
        }
        writeln!(f, "load          recorded  replayed")?;
        for ((balancer, member), [then, now]) in &self.load {
            writeln!(f, "              {then:>8}  {now:>8}  {balancer} {member}")?;
        }
        for differing in &self.first {
            write!(f, "{differing}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sticky = self.sticky.as_ref().map(|name| format!(", sticky {name}"));
        writeln!(
            f,
            "differs       {} {}, attempt {}, {} among {}{}",
            self.method,
            self.path.escape_debug(),
            self.attempt,
            self.balancer,
            self.candidates.join(" "),
            sticky.unwrap_or_default(),
        )?;
        for (word, decision, by, label) in [
            (
                "recorded",
                &self.recorded,
                &self.recorded_by,
                &self.recorded_label,
            ),
            (
                "replayed",
                &self.replayed,
                &self.replayed_by,
                &self.replayed_label,
            ),
        ] {
            write!(f, "  {word}    {decision}, by {by}")?;
            match label.as_str() {
                "" => writeln!(f)?,
                label => writeln!(f, ", label {label:?}")?,
            }
        }
        Ok(())
    }
}
