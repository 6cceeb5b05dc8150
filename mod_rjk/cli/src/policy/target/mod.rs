//! The policy that a command is about: its component, its settings, and the members it decides among.

mod from_toml;
mod members;

use super::problem::Problem;
use clap::Args;
pub(super) use members::Known;
use members::Members;
use rjk_balance::Membership;
use rjk_config::toml::{EngineKind, PolicySettings};
use rjk_log::Log;
use rjk_policy::{Ample, Code, Compiled, Policy, Setup, Trace, configure};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The component, and what its `configure` gets.
#[derive(Debug, Args)]
pub struct Target {
    /// The component; without it, the one that --toml names.
    #[arg(required_unless_present = "toml")]
    file: Option<PathBuf>,
    /// The policy's own settings as JSON text.
    #[arg(long, value_name = "JSON", conflicts_with = "toml")]
    config: Option<String>,
    /// An rjk.toml: component, settings, fuel and memory are those of its policy.
    #[arg(long, value_name = "FILE")]
    toml: Option<PathBuf>,
    /// The NAME of [policy.NAME] in --toml; not needed when there is one only.
    #[arg(long, value_name = "NAME", requires = "toml")]
    policy: Option<String>,
    #[command(flatten)]
    members: Members,
    /// Fuel for each decision [default: that of --toml, or 200000].
    #[arg(long)]
    fuel: Option<u64>,
    /// Bytes of memory [default: those of --toml, or 2097152].
    #[arg(long)]
    memory: Option<usize>,
    /// What runs it: auto, native, or interpreter [default: that of --toml, or auto].
    #[arg(long, value_parser = engine)]
    engine: Option<EngineKind>,
}

/// What the arguments and the files that they name come to.
pub(super) struct Subject {
    /// The component.
    pub(super) file: PathBuf,
    pub(super) name: String,
    pub(super) settings: PolicySettings,
    engine: EngineKind,
    /// JSON text; `None` when nothing was said about it.
    pub(super) config: Option<String>,
    /// The members that were named.
    known: Known,
}

impl Target {
    /// Reads the files that are named.
    pub(super) fn subject(&self) -> Result<Subject, Problem> {
        let mut subject = match &self.toml {
            Some(file) => from_toml::read(file, self)?,
            None => self.named()?,
        };
        // Nothing is switched off here: each fault is told.
        subject.settings.max_faults = 0;
        subject.settings.fuel = self.fuel.unwrap_or(subject.settings.fuel);
        subject.settings.memory = self.memory.unwrap_or(subject.settings.memory);
        subject.engine = self.engine.unwrap_or(subject.engine);
        Ok(subject)
    }

    fn named(&self) -> Result<Subject, Problem> {
        let file = self.file.clone().unwrap_or_default();
        let stem = file.file_stem().unwrap_or(file.as_os_str());
        Ok(Subject {
            name: Path::new(stem).display().to_string(),
            settings: PolicySettings::default(),
            engine: EngineKind::default(),
            config: self.config.clone(),
            known: self.members.known(None)?,
            file,
        })
    }
}

impl Subject {
    pub(super) fn load(&self) -> Result<Code, Problem> {
        let bytes = std::fs::read(&self.file).map_err(|e| Problem::Read(self.file.clone(), e))?;
        Code::load(&bytes, self.settings.memory, self.engine)
            .map_err(|e| Problem::Load(self.file.clone(), e))
    }

    /// Runs `configure` for the members that were named, and as many more as are needed.
    pub(super) fn configure(
        &self,
        code: &Code,
        least: usize,
        log: &dyn Log,
        trace: Option<&dyn Trace>,
    ) -> Result<Compiled, Problem> {
        self.configure_for(code, &self.members(least).membership, log, trace)
    }

    /// Runs `configure` for these members.
    pub(super) fn configure_for(
        &self,
        code: &Code,
        membership: &Arc<Membership>,
        log: &dyn Log,
        trace: Option<&dyn Trace>,
    ) -> Result<Compiled, Problem> {
        let setup = Setup {
            name: &self.name,
            settings: self.settings,
            config: self.config.as_deref().unwrap_or("{}"),
            trace,
        };
        configure(code, &setup, membership, log)
            .map_err(|error| Problem::Load(self.file.clone(), error))
    }

    /// Whether any member was named.
    pub(super) fn has_members(&self) -> bool {
        self.known.names().next().is_some()
    }

    /// The members, with made up ones behind those that were named.
    pub(super) fn members(&self, least: usize) -> Known {
        self.known.at_least(least)
    }
}

fn engine(word: &str) -> Result<EngineKind, String> {
    let known = EngineKind::NAMES.iter().find(|(name, _)| *name == word);
    known
        .map(|(_, kind)| *kind)
        .ok_or_else(|| "write auto, native or interpreter".to_owned())
}

/// A policy of this process alone.
pub(super) fn policy(compiled: Compiled) -> Policy {
    let state = compiled.leaked_state();
    Policy::new(compiled, 1, state, &Ample)
}
