//! `[balancer.NAME]`: who decides about a balancer's requests, and what is kept of the decisions.

use super::node::Section;
use super::schema::BALANCER;
use super::{PolicySpec, instead};
use crate::error::{ConfigError, Location};
use crate::model::{LbSpec, WorkerSpec};
use crate::workers::Workers;
use bstr::ByteSlice as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Largest size of a record in bytes when the file has none.
pub const DEFAULT_RECORD_BYTES: u64 = 16 << 20;

pub(super) const EXPLAIN: RangeInclusive<u64> = 0..=1_000;
pub(super) const RECORD_BYTES: RangeInclusive<u64> = 1 << 20..=1 << 30;
/// What `record_sample` counts in.
const MILLION: f64 = 1_000_000.0;

/// One `[balancer.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancerEntry {
    /// NAME, an lb worker of `worker.list`.
    pub balancer: String,
    /// Its policy, as index into [`RjkToml::policies`](super::RjkToml::policies).
    pub policy: Option<usize>,
    /// How many of the last decisions are kept for the status page, 0 to 1,000.
    pub explain: u32,
    /// Where decisions are written to.
    pub record: Option<RecordSpec>,
    /// Where the table is written.
    pub location: Location,
}

/// Decisions are written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSpec {
    /// The file; a relative path was taken from the folder of rjk.toml.
    pub file: PathBuf,
    /// Where `record` is written.
    pub location: Location,
    /// Share of the requests that are recorded, in millionths: 1 to 1,000,000.
    pub sample_ppm: u32,
    /// Bytes of each of two files, 1 MiB to 1 GiB.
    pub max_bytes: u64,
    /// How texts of requests are written.
    pub values: RecordValues,
}

impl RecordSpec {
    /// FILE and FILE.1.
    fn files(&self) -> [PathBuf; 2] {
        let mut second = self.file.clone().into_os_string();
        second.push(".1");
        [self.file.clone(), second.into()]
    }
}

/// How the texts of a request that a policy asked for stand in a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordValues {
    /// As hashes.
    #[default]
    Hashed,
    /// As they are.
    Plain,
}

impl BalancerEntry {
    /// `policies` are those that can be had, `named` all that the file names.
    pub(super) fn read(
        name: &str,
        section: &Section<'_>,
        folder: &Path,
        policies: &[PolicySpec],
        named: &[&str],
    ) -> BalancerEntry {
        section.only(BALANCER.names());
        let explain = section.number("explain", EXPLAIN);
        let record = read_record(section, folder);
        let policy = read_policy(section, policies, named);
        let mut asks = ["policy", "explain", "record"].iter();
        // An unknown key may be meant to be one of them.
        let is_known = section.others(BALANCER.names()).next().is_none();
        if is_known && !asks.any(|key| section.has(key)) {
            section.refuse(format!(
                "balancer {name} names no policy; write policy = \"NAME\" of a [policy.NAME], \
                 explain = 100 or record = \"FILE\""
            ));
        }
        BalancerEntry {
            balancer: name.to_owned(),
            policy,
            explain: explain
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            record,
            location: section.location().clone(),
        }
    }

    pub(super) fn lb_worker<'a>(&self, workers: &'a Workers) -> Result<&'a LbSpec, ConfigError> {
        let name = self.balancer.as_str();
        let problem = match workers.get(name.as_bytes()) {
            Some(WorkerSpec::Lb(spec)) => return Ok(spec),
            Some(other) => format!(
                "worker {name} is of type {}, a [balancer.NAME] needs one of type lb",
                other.type_name()
            ),
            None => format!("there is no lb worker {name} in worker.list"),
        };
        let balancers = workers.list.iter().filter_map(|worker| match worker {
            WorkerSpec::Lb(spec) => spec.name.to_str().ok(),
            _ => None,
        });
        let message = format!("{problem}{}", instead(name, balancers));
        Err(ConfigError::new(Some(self.location.clone()), message))
    }
}

/// Each balancer has files of its own: two that write one would empty it of each other's lines.
pub(super) fn check_records(entries: &[BalancerEntry]) -> Vec<ConfigError> {
    let records = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.record.as_ref()?)));
    let records: Vec<(&BalancerEntry, &RecordSpec)> = records.collect();
    let check = |(place, (entry, record)): (usize, &(&BalancerEntry, &RecordSpec))| {
        let ours = record.files();
        let is_taken = |(_, other): &&(&BalancerEntry, &RecordSpec)| {
            other.files().iter().any(|file| ours.contains(file))
        };
        let (other, taken) = records.iter().take(place).find(is_taken)?;
        let (name, theirs) = (&entry.balancer, &other.balancer);
        let (file, taken) = (record.file.display(), taken.file.display());
        let message = format!(
            "record of balancer {name} is {file}, and that of balancer {theirs} is {taken}, which is \
             {taken}.1 too; name a file for each"
        );
        Some(ConfigError::new(Some(record.location.clone()), message))
    };
    records.iter().enumerate().filter_map(check).collect()
}

fn read_policy(section: &Section<'_>, policies: &[PolicySpec], named: &[&str]) -> Option<usize> {
    let (wanted, location) = section.text("policy")?;
    if !named.contains(&wanted) {
        let hint = instead(wanted, named.iter().copied());
        section.refuse_in(location, format!("there is no policy {wanted}{hint}"));
    }
    policies.iter().position(|policy| policy.name == wanted)
}

fn read_record(section: &Section<'_>, folder: &Path) -> Option<RecordSpec> {
    let values = [
        ("hashed", RecordValues::Hashed),
        ("plain", RecordValues::Plain),
    ];
    let sample = section.share("record_sample", 1.0 / MILLION);
    let size = section.size("record_size", RECORD_BYTES);
    let values = section.word("record_values", &values);
    let alone = ["record_sample", "record_size", "record_values"];
    let alone = alone.into_iter().find(|key| section.has(key));
    if let Some(key) = alone.filter(|_| !section.has("record")) {
        let message = format!("{key} without record; write record = \"FILE\" too");
        section.refuse_at(key, message);
    }
    let (file, location) = section.text("record")?;
    Some(RecordSpec {
        file: folder.join(file),
        location,
        // In range: a share is at most 1.
        sample_ppm: (sample.unwrap_or(1.0) * MILLION).round() as u32,
        max_bytes: size.unwrap_or(DEFAULT_RECORD_BYTES),
        values: values.unwrap_or_default(),
    })
}
