//! The component that a command is about.

use super::problem::Problem;
use clap::Args;
use rjk_config::toml::{EngineKind, PolicySettings};
use rjk_log::{Level, Log, Origin};
use rjk_policy::bench::membership;
use rjk_policy::{Code, Compiled, Setup, configure};
use std::path::{Path, PathBuf};

/// The component, and what its `configure` gets.
#[derive(Debug, Args)]
pub struct Target {
    /// The component.
    pub(super) file: PathBuf,
    /// The policy's own settings as JSON text.
    #[arg(long)]
    pub(super) config: Option<String>,
    /// Names of members, in order; more are made up as needed.
    #[arg(long, value_delimiter = ',')]
    members: Vec<String>,
    /// Fuel for each decision.
    #[arg(long, default_value_t = rjk_config::toml::DEFAULT_FUEL)]
    fuel: u64,
    /// Bytes of memory.
    #[arg(long, default_value_t = rjk_config::toml::DEFAULT_MEMORY)]
    memory: usize,
    /// What runs it: auto, native, or interpreter.
    #[arg(long, default_value = "auto", value_parser = engine)]
    engine: EngineKind,
}

impl Target {
    pub(super) fn load(&self) -> Result<Code, Problem> {
        let bytes = std::fs::read(&self.file).map_err(|e| Problem::Read(self.file.clone(), e))?;
        Code::load(&bytes, self.memory, self.engine)
            .map_err(|e| Problem::Load(self.file.clone(), e))
    }

    pub(super) fn configure(&self, code: &Code, least: usize) -> Result<Compiled, Problem> {
        let stem = self.file.file_stem().unwrap_or(self.file.as_os_str());
        let setup = Setup {
            name: &Path::new(stem).display().to_string(),
            settings: PolicySettings {
                fuel: self.fuel,
                memory: self.memory,
                max_faults: 0,
                ..PolicySettings::default()
            },
            config: self.config.as_deref().unwrap_or("{}"),
            trace: None,
        };
        configure(code, &setup, &membership(&self.members(least)), &ToStderr)
            .map_err(|error| Problem::Load(self.file.clone(), error))
    }

    pub(super) fn members(&self, least: usize) -> Vec<String> {
        let count = least.max(self.members.len());
        let made_up = (self.members.len()..count).map(|number| format!("m{}", number + 1));
        self.members.iter().cloned().chain(made_up).collect()
    }
}

fn engine(word: &str) -> Result<EngineKind, String> {
    let known = EngineKind::NAMES.iter().find(|(name, _)| *name == word);
    known
        .map(|(_, kind)| *kind)
        .ok_or_else(|| "write auto, native or interpreter".to_owned())
}

/// Lines that the policy logs.
struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn write(&self, level: Level, _: Origin, message: std::fmt::Arguments<'_>) {
        eprintln!("[{}] {message}", level.as_str());
    }
}
