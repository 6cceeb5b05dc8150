//! Errors and warnings of configuration, each with the place in the file.

use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file as the administrator named it.
    pub file: Arc<str>,
    /// Line number, from 1.
    pub line: u32,
}

impl Location {
    /// A place in `file`; `line` counts from 1.
    pub fn new(file: impl Into<Arc<str>>, line: u32) -> Location {
        Location {
            file: file.into(),
            line,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What kind of mistake it is: a word in kebab-case that stays when the message is worded anew, for programs.
pub type Code = &'static str;

/// A configuration that cannot be used: `file:line: what is wrong; what to write instead`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", prefix(.location))]
pub struct ConfigError {
    location: Option<Location>,
    message: String,
    code: Code,
}

impl ConfigError {
    /// An error at `location`; the message says what is wrong and what to write instead.
    pub fn new(location: Option<Location>, message: impl Into<String>) -> ConfigError {
        ConfigError {
            location,
            message: message.into(),
            code: "refused",
        }
    }

    /// The same with a code of its own.
    #[must_use]
    pub fn coded(self, code: Code) -> ConfigError {
        ConfigError { code, ..self }
    }

    /// What kind of mistake it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Where the error is; `None` when no line of a file is to blame.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// The message without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// All that is wrong: at least one thing, in the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    first: ConfigError,
    others: Vec<ConfigError>,
}

impl Mistakes {
    /// `None` where nothing is wrong.
    pub fn of(mut errors: Vec<ConfigError>) -> Option<Mistakes> {
        errors.sort_by_key(|error| error.location().map(|place| place.line));
        let mut errors = errors.into_iter();
        Some(Mistakes {
            first: errors.next()?,
            others: errors.collect(),
        })
    }

    /// The first one.
    pub fn first(&self) -> &ConfigError {
        &self.first
    }

    /// The others.
    pub fn others(&self) -> &[ConfigError] {
        &self.others
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// All of them.
    pub fn into_errors(self) -> Vec<ConfigError> {
        std::iter::once(self.first).chain(self.others).collect()
    }
}

impl From<ConfigError> for Mistakes {
    fn from(first: ConfigError) -> Mistakes {
        Mistakes {
            first,
            others: Vec::new(),
        }
    }
}

/// A line for each.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others
            .iter()
            .try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for Mistakes {}

/// Something that mod_jk tolerates and the administrator should know; same form as [`ConfigError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it was written, when a line of a file is to blame.
    pub location: Option<Location>,
    /// What is odd and what is done about it.
    pub message: String,
    /// What kind of mistake it is.
    pub code: Code,
}

impl Warning {
    /// A warning at `location`.
    pub fn new(location: Option<Location>, message: impl Into<String>) -> Warning {
        Warning {
            location,
            message: message.into(),
            code: "questionable",
        }
    }

    /// The same with a code of its own.
    #[must_use]
    pub fn coded(self, code: Code) -> Warning {
        Warning { code, ..self }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", prefix(&self.location), self.message)
    }
}

fn prefix(location: &Option<Location>) -> String {
    location
        .as_ref()
        .map(|place| format!("{place}: "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_puts_the_place_first() {
        let place = Location::new("conf/workers.properties", 12);
        let error = ConfigError::new(Some(place.clone()), "port is 70000; write 1 to 65535");
        assert_eq!(
            error.to_string(),
            "conf/workers.properties:12: port is 70000; write 1 to 65535"
        );
        assert_eq!(ConfigError::new(None, "no file").to_string(), "no file");
        let warning = Warning::new(Some(place), "odd");
        assert_eq!(warning.to_string(), "conf/workers.properties:12: odd");
    }
}
