//! Compiled components: compiling is what a start spends most time with, so each file is compiled once,
//! however many policies are made of it, however often httpd reads its configuration, and not again at a
//! restart while its bytes are the same.

use rjk_config::toml::EngineKind;
use rjk_policy::{Code, LoadError};
use std::cell::{Cell, RefCell};

/// The compiled components of a process.
#[derive(Default)]
pub(super) struct Codes {
    entries: RefCell<Vec<Entry>>,
    compiled: Cell<u64>,
}

struct Entry {
    /// What a component's code depends on. The bytes themselves: a collision of hashes would run the
    /// wrong policy.
    bytes: Vec<u8>,
    memory: usize,
    engine: EngineKind,
    code: Code,
    is_used: Cell<bool>,
}

impl Codes {
    /// The code of these bytes, compiled now unless it is known.
    ///
    /// # Errors
    /// They are no policy.
    pub(super) fn get(
        &self,
        bytes: Vec<u8>,
        memory: usize,
        engine: EngineKind,
    ) -> Result<Code, LoadError> {
        let mut entries = self.entries.borrow_mut();
        let mut known = entries.iter();
        let known =
            known.find(|one| (one.memory, one.engine) == (memory, engine) && one.bytes == bytes);
        if let Some(entry) = known {
            entry.is_used.set(true);
            return Ok(entry.code.clone());
        }
        let code = Code::load(&bytes, memory, engine)?;
        self.compiled.set(self.compiled.get() + 1);
        entries.push(Entry {
            bytes,
            memory,
            engine,
            code: code.clone(),
            is_used: Cell::new(true),
        });
        Ok(code)
    }

    /// How many were compiled since the start of httpd.
    pub(super) fn compiled(&self) -> u64 {
        self.compiled.get()
    }

    /// Forgets what nobody asked for since the last time.
    pub(super) fn sweep(&self) {
        let mut entries = self.entries.borrow_mut();
        entries.retain(|entry| entry.is_used.replace(false));
    }
}
