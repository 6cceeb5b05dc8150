//! The directives: their names and forms in one table, and what each does to a server.
//!
//! httpd's command table, `rjk check` and the manual page are made from this table.

mod apply;
mod table;
mod written;

pub use apply::{Raw, ServerRoot, Setting};
pub use table::ALL;
pub use written::{GlobalDirectives, Written};

use crate::server::Indicator;
use std::ffi::CStr;

/// Which directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described in the table")]
pub enum Name {
    WorkersFile,
    WorkerProperty,
    MountFile,
    MountFileReload,
    Mount,
    UnMount,
    MountCopy,
    AutoAlias,
    StripSession,
    LogFile,
    LogLevel,
    LogStampFormat,
    RequestLogFormat,
    ShmFile,
    ConfigFile,
    ShmSize,
    WatchdogInterval,
    Options,
    EnvVar,
    ExtractSsl,
    Indicator(Indicator),
}

/// Where a directive may stand (contract §1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// G: the main server only.
    Global,
    /// S: any server.
    Server,
    /// L: also inside `<Location>` and `<Directory>`.
    Section,
}

/// How many arguments there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// One word.
    One,
    /// One word or two.
    OneOrTwo,
    /// The rest of the line, as it is.
    Raw,
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// As it is written; httpd does not mind the case.
    pub text: &'static CStr,
    /// Which it is.
    pub name: Name,
    /// Its arguments.
    pub arguments: Arguments,
    /// Where it may stand.
    pub context: Context,
    /// What the arguments are: httpd says it when one is missing.
    pub help: &'static CStr,
    /// The arguments for the manual, such as `FILE`.
    pub syntax: &'static str,
    /// What holds without it; empty where nothing does.
    pub default: &'static str,
    /// What it does, for the manual: sentences.
    pub manual: &'static str,
}

impl Directive {
    /// As it is written.
    pub fn as_str(&self) -> &'static str {
        self.text.to_str().unwrap_or_default()
    }

    /// The directive of this name; the case does not matter.
    pub fn find(name: &str) -> Option<&'static Directive> {
        ALL.iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(name))
    }

    /// What is said of a line with another number of arguments.
    pub fn wrong_count(&self) -> String {
        let count = match self.arguments {
            Arguments::OneOrTwo => "one or two arguments",
            Arguments::One | Arguments::Raw => "one argument",
        };
        let help = self.help.to_string_lossy();
        format!("{} takes {count}, {help}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_directive_stands_once_and_explains_itself() {
        let mut names = HashSet::new();
        for one in ALL {
            let name = one.as_str();
            assert!(names.insert(name.to_ascii_lowercase()), "{name} twice");
            assert!(name.starts_with("Jk") || name.starts_with("Rjk"), "{name}");
            assert!(one.manual.ends_with('.'), "{name}: {}", one.manual);
            assert!(!one.syntax.is_empty() && !one.help.is_empty(), "{name}");
            assert_eq!(
                Directive::find(&name.to_uppercase()).map(|d| d.name),
                Some(one.name)
            );
        }
    }

    #[test]
    fn each_indicator_is_a_directive_with_its_default() {
        for indicator in Indicator::ALL {
            let one = Directive::find(indicator.directive()).unwrap();
            assert_eq!(one.name, Name::Indicator(*indicator));
            assert_eq!(one.default, indicator.default_name());
        }
    }
}
