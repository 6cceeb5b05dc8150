//! The grammar of workers.properties and uriworkermap.properties (contract §2.1, M-01, M-02).
//!
//! Lines become [`Entry`]s in definition order; variables are replaced while a line is read.
//! Meaning comes later: see [`crate::workers`] and `uri_map`.

pub(crate) mod attributes;
mod references;
mod secrets;
mod substitute;
#[cfg(test)]
mod tests;

pub use secrets::Property;

use crate::advice::nearest;
use crate::error::{ConfigError, Location, Warning};
use bstr::{BString, ByteSlice};
use secrets::Origins;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

/// mod_jk's line buffer: a longer line is read as several (P-01, Z-03).
const LINE_BYTES: usize = 8191;

/// How an environment variable is looked up for `$(name)` (P-06).
pub type Environment = fn(&OsStr) -> Option<OsString>;

/// One `name=value`, both trimmed, variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, never empty.
    pub name: BString,
    /// The value, never empty (P-03).
    pub value: BString,
    /// The line it was read from; the last one when a list was joined, the template's for an inherited entry.
    pub location: Location,
}

/// All entries of one file and of the lines before it.
#[derive(Clone, Debug)]
pub struct Properties {
    dialect: Dialect,
    environment: Environment,
    variables: HashMap<BString, BString>,
    entries: Vec<Entry>,
    by_name: HashMap<BString, usize>,
    origins: Origins,
    /// The last line ended in a backslash.
    continued: bool,
}

/// What differs between the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// `worker.*` names are checked, duplicate lists are joined (P-04, P-08).
    Workers,
    /// Names are patterns, the last duplicate wins (M-01, M-02).
    UriMap,
}

impl Properties {
    /// For workers.properties and `JkWorkerProperty`.
    pub fn workers() -> Self {
        Self::new(Dialect::Workers)
    }

    /// For uriworkermap.properties.
    pub fn uri_map() -> Self {
        Self::new(Dialect::UriMap)
    }

    /// Looks variables up with `environment` instead of [`std::env::var_os`].
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Variables that count before those of the environment.
    pub fn with_variables(mut self, variables: &[(BString, BString)]) -> Self {
        self.variables = variables.iter().cloned().collect();
        self
    }

    /// Reads one `JkWorkerProperty` line, where `#` is not a comment (D-02).
    ///
    /// # Errors
    /// An unknown `worker.*` attribute (P-04), a NUL byte, or a value that grows past 1 MiB.
    pub fn add_line(
        &mut self,
        line: &[u8],
        location: Location,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let line = trim(without_mark(line));
        if line.is_empty() {
            return Ok(());
        }
        if line.contains(&0) {
            let message = "the line holds a NUL byte; save the file as plain text";
            return Err(ConfigError::new(Some(location), message).coded("nul-byte"));
        }
        let (name, value) = line.split_once_str("=").unwrap_or((line, b""));
        let (name, value) = (trim(name), trim(value));
        if name.is_empty() || value.is_empty() {
            let warning = ignored_line(line, self.continued, location);
            self.continued = false;
            warnings.push(warning);
            return Ok(());
        }
        self.continued = value.ends_with(b"\\");
        if self.dialect == Dialect::Workers {
            check_name(name, &location, warnings)?;
        }
        let (value, variables) = substitute::variables(self, value, &location, warnings)?;
        self.origins.add(name.as_bstr(), variables);
        self.insert(
            Entry {
                name: name.into(),
                value,
                location,
            },
            warnings,
        );
        Ok(())
    }

    /// Sets a variable that no file defines: `ServerRoot` (P-06, P-16).
    pub fn define(&mut self, name: &str, value: &str) {
        let location = Location::new("httpd", 0);
        let entry = Entry {
            name: name.into(),
            value: value.into(),
            location,
        };
        self.insert(entry, &mut Vec::new());
    }

    /// Reads a whole file: comments go (P-02), lines over 8191 bytes split (P-01), and a NUL byte ends
    /// a line as it ends a string of C; one warning each.
    ///
    /// # Errors
    /// As [`Properties::add_line`]; entries before the bad line stay.
    pub fn add_text(
        &mut self,
        text: &[u8],
        file: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let file: Arc<str> = file.into();
        let mut oddities = Oddities::default();
        for (number, line) in (1u32..).zip(text.lines_with_terminator()) {
            let location = Location {
                file: file.clone(),
                line: number,
            };
            oddities.look_at(line, &location, warnings);
            for piece in line.chunks(LINE_BYTES) {
                let mut code = piece.split(|byte| matches!(byte, b'#' | 0));
                let code = code.next().unwrap_or_default();
                self.add_line(code, location.clone(), warnings)?;
            }
        }
        Ok(())
    }

    /// The entries in definition order; a replaced one keeps its place.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry with this exact name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Entry> {
        self.by_name
            .get(name.as_ref().as_bstr())
            .and_then(|index| self.entries.get(*index))
    }

    fn new(dialect: Dialect) -> Self {
        let environment: Environment = |name| std::env::var_os(name);
        Properties {
            dialect,
            environment,
            variables: HashMap::new(),
            entries: Vec::new(),
            by_name: HashMap::new(),
            origins: Origins::default(),
            continued: false,
        }
    }

    fn insert(&mut self, entry: Entry, warnings: &mut Vec<Warning>) {
        let known = self.by_name.get(&entry.name).copied();
        let Some(old) = known.and_then(|index| self.entries.get_mut(index)) else {
            self.by_name.insert(entry.name.clone(), self.entries.len());
            self.entries.push(entry);
            return;
        };
        if self.dialect == Dialect::Workers && is_list(&entry.name) {
            old.value.push(b',');
            old.value.extend_from_slice(&entry.value);
            old.location = entry.location;
            return;
        }
        let message = format!(
            "{} is set again and replaces {}; remove one",
            entry.name, old.location
        );
        let warning = Warning::new(Some(entry.location.clone()), message);
        warnings.push(warning.coded("duplicate-key"));
        *old = entry;
    }
}

/// What one warning for a file is enough for.
#[derive(Default)]
struct Oddities {
    long_line: bool,
    nul_byte: bool,
}

impl Oddities {
    fn look_at(&mut self, line: &[u8], location: &Location, warnings: &mut Vec<Warning>) {
        let mut warn = |seen: &mut bool, is_odd: bool, message: &str| {
            if is_odd && !std::mem::replace(seen, true) {
                let warning = Warning::new(Some(location.clone()), message);
                warnings.push(warning.coded("line-not-read-whole"));
            }
        };
        let is_long = line.trim_end_with(|c| c == '\n').len() > LINE_BYTES;
        let message = "the line is longer than 8191 bytes and is read as several; shorten it";
        warn(&mut self.long_line, is_long, message);
        let message = "the line holds a NUL byte and is not read from there on; save the file as \
                       plain text";
        warn(&mut self.nul_byte, line.contains(&0), message);
    }
}

/// Whether mod_jk knows a property of a worker that is called so.
pub fn is_attribute(name: &[u8]) -> bool {
    attributes::KNOWN
        .iter()
        .any(|known| known.as_bytes() == name)
}

/// The attribute of a `worker.*` name: what follows the last dot; `None` for a free variable.
fn attribute_of(name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(b"worker.")
        .map(|rest| rest.rsplit(|byte| *byte == b'.').next().unwrap_or(rest))
}

fn is_list(name: &[u8]) -> bool {
    attribute_of(name).is_some_and(|attribute| {
        attributes::LISTS
            .iter()
            .any(|known| known.as_bytes() == attribute)
    })
}

/// P-04 and P-15.
fn check_name(
    name: &[u8],
    location: &Location,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let Some(attribute) = attribute_of(name) else {
        return Ok(());
    };
    let attribute = attribute.to_str_lossy();
    if let Some((_, advice)) = attributes::DEPRECATED
        .iter()
        .find(|(known, _)| *known == attribute)
    {
        let message = format!("{} is deprecated; {advice}", name.as_bstr());
        warnings.push(Warning::new(Some(location.clone()), message).coded("deprecated-attribute"));
        return Ok(());
    }
    if attributes::KNOWN.contains(&attribute.as_ref()) {
        return Ok(());
    }
    let meant = attributes::SYNONYMS
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(&attribute))
        .map(|(_, known)| *known);
    let remedy = match meant.or_else(|| nearest(&attribute, attributes::KNOWN.iter().copied())) {
        Some(word) => format!("write {word:?}"),
        None => "remove the line".to_owned(),
    };
    let message = format!(
        "{} has the unknown attribute {attribute:?}; {remedy}",
        name.as_bstr()
    );
    Err(ConfigError::new(Some(location.clone()), message).coded("unknown-attribute"))
}

/// P-03: mod_jk drops such a line without a word.
fn ignored_line(line: &[u8], continues: bool, location: Location) -> Warning {
    let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
    let message = if line.contains(&b'=') {
        format!(
            "{} has no name or no value and is ignored; remove the line",
            trim(name).as_bstr()
        )
    } else if continues {
        "the line is ignored: the backslash before it joins nothing; write both lines as one"
            .to_owned()
    } else {
        "a line without \"=\" is ignored; write name=value or put # in front".to_owned()
    };
    Warning::new(Some(location), message).coded("ignored-line")
}

/// Editors put a byte order mark before the first line, and joining files puts it before others. To
/// mod_jk it is a part of the name, which nothing reads then.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// Trims C's white space, which is ASCII's and the vertical tab.
fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_with(|c| c.is_ascii_whitespace() || c == '\x0b')
}
