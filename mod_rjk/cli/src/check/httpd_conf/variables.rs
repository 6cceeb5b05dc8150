//! What `${NAME}` stands for.

use super::envvars;
use super::lines::{resolved, word, words};
use bstr::{BString, ByteSlice};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// Bytes of a line with its variables or values, which may be made of each other.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The variables of a configuration.
pub(super) struct Variables {
    own: HashMap<BString, BString>,
    /// What the script that starts httpd exports.
    environment: HashMap<BString, BString>,
}

impl Variables {
    /// For a configuration that begins with `first`; `defines` are httpd's `-D` words, with a value behind `=`.
    pub(super) fn new(first: Option<&Path>, defines: &[String]) -> Variables {
        let mut variables = Variables {
            own: HashMap::new(),
            environment: first.map(envvars::beside).unwrap_or_default(),
        };
        for define in defines {
            if let Some((name, value)) = define.split_once('=') {
                variables.environment.insert(name.into(), value.into());
            }
            let (name, value) = define.split_once('=').unwrap_or((define, ""));
            variables.own.insert(name.into(), value.into());
        }
        variables
    }

    /// A `Define` line.
    pub(super) fn define(&mut self, arguments: &[u8]) {
        let mut words = words(arguments).into_iter();
        if let Some(name) = words.next() {
            let value = words.next().unwrap_or_default();
            self.own.insert(name.into(), value.into());
        }
    }

    /// An `UnDefine` line.
    pub(super) fn undefine(&mut self, arguments: &[u8]) {
        self.own.remove(word(arguments).0.as_bstr());
    }

    /// Whether `<IfDefine>` holds.
    pub(super) fn is_defined(&self, name: &[u8]) -> bool {
        self.own.contains_key(name.as_bstr())
    }

    /// Variables as httpd takes them: its own first, then the environment's.
    pub(super) fn resolve(&self, text: &[u8]) -> Vec<u8> {
        let found = resolved(text, |name| {
            let own = self.own.get(name.as_bstr());
            let own = own.or_else(|| self.environment.get(name.as_bstr()));
            own.map(|value| value.to_vec()).or_else(|| {
                let value = std::env::var_os(OsStr::from_bytes(name))?;
                Some(value.into_vec())
            })
        });
        if found.len() > MOST_BYTES {
            return text.to_vec();
        }
        found
    }

    /// Those that do not come from the configuration.
    pub(super) fn into_environment(self) -> Vec<(BString, BString)> {
        self.environment.into_iter().collect()
    }
}
