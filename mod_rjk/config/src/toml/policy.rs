//! `[policy.NAME]`: a routing policy with its budgets.

use super::node::Section;
use super::places::ConfigPlaces;
use super::schema::POLICY;
use crate::advice::nearest;
use crate::error::Location;
use std::path::{Path, PathBuf};

/// Fuel for each decision when the file has none.
pub const DEFAULT_FUEL: u64 = 200_000;
/// Fuel for `configure` when the file has none.
pub const DEFAULT_CONFIGURE_FUEL: u64 = 50_000_000;
/// Memory in bytes for each instance when the file has none.
pub const DEFAULT_MEMORY: usize = 2 << 20;
/// Faults in a row that switch a policy off when the file has none.
pub const DEFAULT_MAX_FAULTS: u32 = 5;

pub(super) const FUEL: std::ops::RangeInclusive<u64> = 1_000..=100_000_000;
pub(super) const CONFIGURE_FUEL: std::ops::RangeInclusive<u64> = 1_000_000..=10_000_000_000;
pub(super) const MEMORY: std::ops::RangeInclusive<u64> = 64 << 10..=256 << 20;
pub(super) const MAX_FAULTS: std::ops::RangeInclusive<u64> = 0..=1_000;
/// Letters of a policy's name, which stands in log lines and notes.
pub const MAX_NAME: usize = 63;

/// One `[policy.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySpec {
    /// NAME: letters, digits, `_`, `.` and `-`, at most 63.
    pub name: String,
    /// Where the table is written.
    pub table: Location,
    /// The component; a relative path was taken from the folder of the file.
    pub component: PathBuf,
    /// Where `component` is written, for errors of the component.
    pub location: Location,
    /// What the policy may do.
    pub settings: PolicySettings,
    /// `[policy.NAME.config]` as the text of a JSON object.
    pub config: String,
    /// Where what stands in `config` is written, for what `configure` says of it.
    pub places: ConfigPlaces,
}

impl PolicySpec {
    /// `None` where it cannot be one.
    pub(super) fn read(name: &str, section: &Section<'_>, folder: &Path) -> Option<PolicySpec> {
        let has_name = check_name(name, section);
        section.only(POLICY.names());
        let settings = read_settings(section);
        let config = section.section("config", "[policy.NAME.config]");
        let places = config.as_ref().map_or_else(
            || ConfigPlaces::new(section.location().clone()),
            Section::places,
        );
        let config = config.map_or_else(|| Some("{}".to_owned()), |table| table.to_json());
        let mut others = section.others(POLICY.names());
        let is_misspelt = others.any(|key| nearest(key, ["component"]).is_some());
        if has_name && !section.has("component") && !is_misspelt {
            section.refuse(format!(
                "policy {name} has no component; write component = \"policies/{name}.wasm\""
            ));
        }
        let (component, location) = section.text("component")?;
        Some(PolicySpec {
            name: name.to_owned(),
            table: section.location().clone(),
            component: folder.join(component),
            location,
            settings,
            places,
            config: config?,
        })
    }
}

/// Budgets of a policy and what follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// Fuel for each decision, 1,000 to 100,000,000; about one for each WebAssembly instruction.
    pub fuel: u64,
    /// Fuel for each run of `configure`, 1,000,000 to 10,000,000,000.
    pub configure_fuel: u64,
    /// Bytes of memory for each instance, 64 KiB to 256 MiB.
    pub memory: usize,
    /// Who decides when the policy fails.
    pub on_fault: OnFault,
    /// Whether decisions are carried out.
    pub mode: Mode,
    /// Faults in a row that switch the policy off for a while, and half of those that do when they are a
    /// tenth of its calls; 0 = never.
    pub max_faults: u32,
}

impl Default for PolicySettings {
    fn default() -> PolicySettings {
        PolicySettings {
            fuel: DEFAULT_FUEL,
            configure_fuel: DEFAULT_CONFIGURE_FUEL,
            memory: DEFAULT_MEMORY,
            on_fault: OnFault::default(),
            mode: Mode::default(),
            max_faults: DEFAULT_MAX_FAULTS,
        }
    }
}

impl PolicySettings {
    /// Whether requests get 503 when the policy fails: a shadow does no harm.
    pub fn rejects(&self) -> bool {
        self.mode == Mode::Enforce && self.on_fault == OnFault::Reject
    }
}

/// Who decides when a policy fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFault {
    /// The session rules and the balancing method.
    #[default]
    Builtin,
    /// Nobody: the client gets 503.
    Reject,
}

/// Whether a policy's decisions are carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    #[default]
    Enforce,
    /// They are only counted and compared with the built-in choice.
    Shadow,
}

fn read_settings(section: &Section<'_>) -> PolicySettings {
    let standard = PolicySettings::default();
    let on_fault = [("builtin", OnFault::Builtin), ("reject", OnFault::Reject)];
    let mode = [("enforce", Mode::Enforce), ("shadow", Mode::Shadow)];
    let max_faults = section.number("max_faults", MAX_FAULTS);
    PolicySettings {
        fuel: section.number("fuel", FUEL).unwrap_or(standard.fuel),
        configure_fuel: section
            .number("configure_fuel", CONFIGURE_FUEL)
            .unwrap_or(standard.configure_fuel),
        memory: section
            .size("memory", MEMORY)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(standard.memory),
        on_fault: section.word("on_fault", &on_fault).unwrap_or_default(),
        mode: section.word("mode", &mode).unwrap_or_default(),
        max_faults: max_faults
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(standard.max_faults),
    }
}

fn check_name(name: &str, section: &Section<'_>) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let is_legal = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(legal);
    if !is_legal {
        section.refuse(format!(
            "policy name {name:?}; use letters, digits, '_', '.' and '-', at most {MAX_NAME}"
        ));
    }
    is_legal
}
