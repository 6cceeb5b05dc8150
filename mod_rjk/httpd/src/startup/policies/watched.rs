//! What is kept of a balancer's decisions.

use super::super::shm::LastingMemory;
use super::super::sources::Sources;
use super::super::targets::{folder_of, found_at_start};
use bstr::BString;
use once_cell::sync::OnceCell;
use rjk_balance::Watch;
use rjk_balance::explain::Ring;
use rjk_config::error::ConfigError;
use rjk_config::toml::{Bound, RecordSpec, RecordValues, RjkToml};
use rjk_config::workers::Workers;
use rjk_record::{FileRecorder, SHARED_WORDS, Settings};
use std::sync::Arc;
use std::{fmt, io};

/// A balancer of whose decisions something is kept.
pub(super) struct Watched {
    pub(super) balancer: BString,
    /// Of the shared memory: what kept decisions mean. With another policy or other members they would mean
    /// something else.
    name: Vec<BString>,
    /// Decisions that are kept; 0 for none.
    explain: usize,
    ring: OnceCell<Ring>,
    /// Where they are written to, and the policy's name.
    record: Option<(RecordSpec, String)>,
    recorder: OnceCell<Arc<FileRecorder>>,
}

impl Watched {
    /// Those of the file.
    pub(super) fn all(file: &RjkToml, workers: &Workers) -> Vec<Watched> {
        // What cannot be bound has been told of.
        let bound = file.bind(workers).flatten();
        bound
            .filter(|bound| bound.entry.explain > 0 || bound.entry.record.is_some())
            .map(|bound| Watched::new(&bound))
            .collect()
    }

    fn new(bound: &Bound<'_>) -> Watched {
        let policy = bound.policy.map_or("", |policy| policy.name.as_str());
        let mut name: Vec<BString> = vec!["explain".into(), policy.into(), bound.lb.name.clone()];
        let members = bound.lb.members.iter();
        name.extend(members.map(|member| member.ajp.name.clone()));
        Watched {
            balancer: bound.lb.name.clone(),
            name,
            explain: usize::try_from(bound.entry.explain).unwrap_or(0),
            ring: OnceCell::new(),
            record: bound
                .entry
                .record
                .clone()
                .map(|record| (record, policy.to_owned())),
            recorder: OnceCell::new(),
        }
    }

    /// Gets the memory that all children share.
    ///
    /// # Errors
    /// Memory is out: nothing is kept.
    pub(super) fn share(&self, memory: &LastingMemory) -> io::Result<()> {
        if self.explain == 0 {
            return Ok(());
        }
        let words = memory.part(&self.name, Ring::size(self.explain))?;
        if let Some(ring) = Ring::new(words, self.explain) {
            let _ = self.ring.set(ring);
        }
        Ok(())
    }

    /// Whether the files of the record can be made, as far as can be seen without making them.
    ///
    /// # Errors
    /// Something else stands there. What may come before the start is a warning in a test.
    pub(super) fn check(&self, sources: &mut Sources<'_>) -> Result<(), ConfigError> {
        let Some((record, _)) = &self.record else {
            return Ok(());
        };
        let is_restart = sources.is_restart();
        // A restart by signal says it when it opens them, and goes on.
        match rjk_record::check(&record.file) {
            Err(error) if !is_restart => return Err(self.refused(record, &error)),
            _ => {}
        }
        let file = record.file.display().to_string();
        let found = folder_of(&file);
        let found = found.map_err(|text| self.refused(record, &format!("{file} {text}")));
        let mut warnings = Vec::new();
        found_at_start(found, is_restart, &mut warnings)?;
        warnings
            .into_iter()
            .for_each(|warning| sources.warn(warning));
        Ok(())
    }

    fn refused(&self, record: &RecordSpec, reason: &dyn fmt::Display) -> ConfigError {
        let message = format!("record of balancer {}: {reason}", self.balancer);
        ConfigError::new(Some(record.location.clone()), message)
    }

    /// Opens the files of the record, if there is to be one. `version` is that of the policy.
    ///
    /// # Errors
    /// One of them cannot be opened, or another balancer has it.
    pub(super) fn open(
        &self,
        memory: &LastingMemory,
        others: &[Watched],
        version: u64,
    ) -> Result<(), ConfigError> {
        let Some((record, policy)) = &self.record else {
            return Ok(());
        };
        let name = ["record".into(), record.file.display().to_string().into()];
        let words = memory.part(&name, SHARED_WORDS);
        let settings = Settings {
            file: record.file.clone(),
            sample_ppm: record.sample_ppm,
            max_bytes: record.max_bytes,
            plain: record.values == RecordValues::Plain,
            policy: policy.clone(),
            version,
        };
        let words = words.map_err(|error| self.refused(record, &error))?;
        let opened = rjk_record::open(settings, words);
        let opened = opened.map_err(|error| self.refused(record, &error))?;
        let shares = |other: &&Watched| {
            let theirs = other.recorder.get();
            theirs.is_some_and(|theirs| theirs.shares_a_file_with(&opened))
        };
        if let Some(other) = others.iter().find(shares) {
            let (file, theirs) = (record.file.display(), &other.balancer);
            let text =
                format!("{file} is that of balancer {theirs} by another name; name another file");
            return Err(self.refused(record, &text));
        }
        let _ = self.recorder.set(Arc::new(opened));
        Ok(())
    }

    /// For a child.
    pub(super) fn for_child(&self) -> Watch {
        Watch {
            ring: self.ring.get().copied(),
            recorder: self.recorder.get().map(|recorder| recorder.clone() as _),
        }
    }
}
