//! The members at the moment that a decision is tried for.

use super::words::{ACTIVATIONS, STATES, number};
use crate::policy::request::split;
use crate::policy::target::Known;
use clap::Args;
use rjk_balance::{Candidate, CandidateView, Ended, Metric, Tried};

/// A member, and what is said of it.
type Said = (String, String);

/// How the members are.
#[derive(Debug, Default, Args)]
pub struct SceneArguments {
    /// The member that the session rules resolve to.
    #[arg(long, value_name = "MEMBER")]
    sticky: Option<String>,
    /// Requests in flight on a member.
    #[arg(long, value_name = "MEMBER=N", value_parser = of_member)]
    busy: Vec<Said>,
    /// State of a member: idle, ok, recovering, forced, busy, error or probing.
    #[arg(long, value_name = "MEMBER=STATE", value_parser = of_member)]
    state: Vec<Said>,
    /// Activation of a member: active, disabled or stopped.
    #[arg(long, value_name = "MEMBER=WORD", value_parser = of_member)]
    activation: Vec<Said>,
    /// Another number of a member by the name of its metric, `was1.latency-us=1500`.
    #[arg(long, value_name = "MEMBER.METRIC=N", value_parser = of_member)]
    value: Vec<Said>,
    /// An attempt of this request that ended before, oldest first: connect, timeout, protocol, status, busy,
    /// client, broken or host.
    #[arg(long, value_name = "MEMBER=ENDED", value_parser = of_member)]
    tried: Vec<Said>,
}

/// Who is there, and who may be chosen.
pub(super) struct Scene {
    names: Vec<String>,
    members: Vec<Candidate>,
    candidates: Vec<usize>,
    pub(super) sticky: Option<usize>,
    pub(super) tried: Vec<Tried>,
}

impl Scene {
    /// The members, and what the arguments say of them.
    ///
    /// # Errors
    /// What is wrong with which argument.
    pub(super) fn new(known: &Known, said: &SceneArguments) -> Result<Scene, String> {
        let mut scene = Scene {
            names: known.names().map(str::to_owned).collect(),
            members: known.numbers.clone(),
            candidates: Vec::new(),
            sticky: None,
            tried: Vec::new(),
        };
        for (name, count) in &said.busy {
            scene.set(name, Metric::Busy, count_of(count)?)?;
        }
        for (name, word) in &said.state {
            scene.set(name, Metric::State, number(&STATES, word)?)?;
        }
        for (name, word) in &said.activation {
            scene.set(name, Metric::Activation, number(&ACTIVATIONS, word)?)?;
        }
        for (place, count) in &said.value {
            let (name, metric) = place.rsplit_once('.').ok_or("write MEMBER.METRIC=N")?;
            scene.set(name, metric_of(metric)?, count_of(count)?)?;
        }
        for (name, word) in &said.tried {
            let (index, ended) = (scene.index(name)?, end_of(word)?);
            scene.tried.push(Tried { index, ended });
        }
        let sticky = said.sticky.as_ref().map(|name| scene.index(name));
        scene.sticky = sticky.transpose()?;
        scene.find_candidates()?;
        Ok(scene)
    }

    /// As a balancer does: who is active and well and was not tried, and the sticky one even when it is
    /// disabled.
    fn find_candidates(&mut self) -> Result<(), String> {
        let well = |member: &Candidate| matches!(member.get(Metric::State), 0..=3);
        let tried = |index| self.tried.iter().any(|tried| tried.index == index);
        let may = |member: &Candidate| match member.get(Metric::Activation) {
            0 => true,
            1 => self.sticky == Some(member.index),
            _ => false,
        };
        let free = |member: &&Candidate| well(member) && !tried(member.index) && may(member);
        self.candidates = self
            .members
            .iter()
            .filter(free)
            .map(|one| one.index)
            .collect();
        if let Some(sticky) = self.sticky.filter(|sticky| !self.contains(*sticky)) {
            let name = self.name(sticky);
            return Err(format!(
                "--sticky {name}: it cannot take a request, so no session leads to it"
            ));
        }
        match self.candidates.as_slice() {
            [] => Err("no member is left to be chosen, so no policy is asked".to_owned()),
            _ => Ok(()),
        }
    }

    fn set(&mut self, name: &str, metric: Metric, value: u64) -> Result<(), String> {
        let index = self.index(name)?;
        if let Some(member) = self.members.get_mut(index) {
            *member = member.with(metric, value);
        }
        Ok(())
    }

    fn index(&self, name: &str) -> Result<usize, String> {
        let found = self.names.iter().position(|known| known == name);
        found.ok_or_else(|| {
            format!(
                "there is no member {name}; there are: {}",
                self.names.join(", ")
            )
        })
    }

    /// The name of a member.
    pub(super) fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// All members.
    pub(super) fn members(&self) -> impl Iterator<Item = &Candidate> {
        self.members.iter()
    }
}

impl CandidateView for Scene {
    fn indexes(&self) -> Vec<usize> {
        self.candidates.clone()
    }

    fn contains(&self, index: usize) -> bool {
        self.candidates.contains(&index)
    }

    fn value(&self, index: usize, metric: Metric) -> Option<u64> {
        Some(self.members.get(index)?.get(metric))
    }

    /// The session first, then distance and load, as far as these numbers tell.
    fn builtin_choice(&self) -> Option<usize> {
        let rank = |index: &usize| {
            let of = |metric| self.value(*index, metric).unwrap_or(0);
            (
                of(Metric::Distance).cast_signed(),
                of(Metric::Load),
                of(Metric::Busy),
            )
        };
        let least = self.candidates.iter().copied().min_by_key(rank);
        self.sticky.or(least)
    }
}

fn of_member(text: &str) -> Result<Said, String> {
    split(text, '=', "MEMBER=VALUE")
}

fn count_of(text: &str) -> Result<u64, String> {
    let signed = || text.parse().map(i64::cast_unsigned);
    let number = text.parse().or_else(|_| signed());
    number.map_err(|_| format!("{text:?}; write a number"))
}

fn end_of(word: &str) -> Result<Ended, String> {
    let words = Ended::ALL.map(Ended::as_str);
    let mut known = Ended::ALL.into_iter();
    let found = known.find(|ended| ended.as_str() == word);
    found.ok_or_else(|| format!("{word:?}; write one of: {}", words.join(", ")))
}

fn metric_of(name: &str) -> Result<Metric, String> {
    let names = Metric::ALL.map(Metric::as_str);
    let found = Metric::ALL
        .into_iter()
        .find(|metric| metric.as_str() == name);
    found.ok_or_else(|| format!("metric {name:?}; write one of: {}", names.join(", ")))
}
