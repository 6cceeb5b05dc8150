//! `worker.X.reference=worker.Y`: templates (P-14).

use super::{Entry, Properties};
use crate::error::{ConfigError, Warning};
use bstr::{BString, ByteSlice};
use std::collections::HashSet;

/// References that may follow each other (Z-07).
const MOST_REFERENCES: usize = 19;
const SUFFIX: &[u8] = b".reference";

impl Properties {
    /// Gives each worker the properties of its template that it does not set itself.
    ///
    /// # Errors
    /// A loop, more than 19 references in a row, or a template without properties.
    pub(crate) fn resolve_references(&mut self) -> Result<(), ConfigError> {
        let workers: Vec<BString> = self
            .entries
            .iter()
            .filter(|entry| entry.name.starts_with(b"worker."))
            .filter_map(|entry| entry.name.strip_suffix(SUFFIX).map(BString::from))
            .collect();
        let mut resolved = HashSet::new();
        for worker in workers {
            // The far end of a chain is resolved first, so that each step copies a complete template.
            for prefix in self.chain(worker)?.into_iter().rev() {
                if resolved.insert(prefix.clone()) {
                    self.inherit(&prefix)?;
                }
            }
        }
        Ok(())
    }

    /// `prefix` and the prefixes it refers to, that have a reference themselves.
    fn chain(&self, prefix: BString) -> Result<Vec<BString>, ConfigError> {
        let mut chain = Vec::new();
        let mut next = prefix;
        while let Some(entry) = self.reference_of(&next) {
            if chain.len() == MOST_REFERENCES {
                let message = format!(
                    "{} is part of a loop or of more than 19 references in a row; shorten it",
                    entry.name
                );
                return Err(
                    ConfigError::new(Some(entry.location.clone()), message).coded("reference-loop")
                );
            }
            chain.push(std::mem::replace(&mut next, entry.value.clone()));
        }
        Ok(chain)
    }

    fn inherit(&mut self, prefix: &[u8]) -> Result<(), ConfigError> {
        let Some(reference) = self.reference_of(prefix).cloned() else {
            return Ok(());
        };
        let template = self.with_prefix(&reference.value);
        if template.is_empty() {
            return Err(self.no_template(&reference));
        }
        for (attribute, entry) in template {
            let name = BString::from([prefix, b".", &attribute].concat());
            if self.get(&name).is_none() {
                self.origins.copy(entry.name.as_bstr(), name.as_bstr());
                self.insert(Entry { name, ..entry }, &mut Vec::<Warning>::new());
            }
        }
        Ok(())
    }

    fn reference_of(&self, prefix: &[u8]) -> Option<&Entry> {
        self.get([prefix, SUFFIX].concat())
    }

    /// The entries `prefix.*` with what follows the dot.
    fn with_prefix(&self, prefix: &[u8]) -> Vec<(BString, Entry)> {
        self.entries
            .iter()
            .filter_map(|entry| {
                let rest = entry.name.strip_prefix(prefix)?.strip_prefix(b".")?;
                Some((BString::from(rest), entry.clone()))
            })
            .collect()
    }

    fn no_template(&self, reference: &Entry) -> ConfigError {
        let value = &reference.value;
        let full = [b"worker.", value.as_slice()].concat();
        let remedy = if !self.with_prefix(&full).is_empty() {
            format!("; write {}", full.as_bstr())
        } else if value.starts_with(b"worker.") {
            format!("; set {value}.host or another property of it")
        } else {
            ", and a template is named as worker.NAME".to_owned()
        };
        let message = format!(
            "{} names {value}, which has no property{remedy}",
            reference.name
        );
        ConfigError::new(Some(reference.location.clone()), message).coded("no-template")
    }
}
