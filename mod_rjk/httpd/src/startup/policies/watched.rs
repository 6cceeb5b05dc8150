//! What is kept of a balancer's decisions.

use super::super::shm::LastingMemory;
use bstr::BString;
use once_cell::sync::OnceCell;
use rjk_balance::Watch;
use rjk_balance::explain::Ring;
use rjk_config::error::ConfigError;
use rjk_config::toml::{Bound, PolicyFile, RecordSpec, RecordValues};
use rjk_config::workers::Workers;
use rjk_record::{FileRecorder, SHARED_WORDS, Settings};
use std::io;
use std::sync::Arc;

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
    pub(super) fn all(file: &PolicyFile, workers: &Workers) -> Vec<Watched> {
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
        let refused = |text: String| {
            let message = format!("record of balancer {}: {text}", self.balancer);
            ConfigError::new(Some(record.location.clone()), message)
        };
        let has_it = |other: &&Watched| {
            let theirs = other.record.as_ref().map(|(record, _)| &record.file);
            other.recorder.get().is_some() && theirs == Some(&record.file)
        };
        if let Some(other) = others.iter().find(has_it) {
            let file = record.file.display();
            return Err(refused(format!(
                "{file} is that of balancer {} too; name another file",
                other.balancer
            )));
        }
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
        let opened = words.and_then(|words| rjk_record::open(settings, words));
        let opened = opened.map_err(|error| refused(error.to_string()))?;
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
