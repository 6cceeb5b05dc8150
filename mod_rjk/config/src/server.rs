//! What the directives of one server set, as text in and typed state out (contract §1.1, context S).
//!
//! httpd calls a setter for each directive, then [`ServerDirectives::merge`] for each virtual host;
//! [`ServerDirectives::resolve`] makes the form that requests use.

mod auto_alias;
mod config;
mod forward_uri;
mod indicators;
mod mounts;
pub mod options;
pub mod request_log;
mod strip_session;
mod version;

pub use auto_alias::Aliased;
pub use config::{LogSettings, ReadFile, ServerConfig, check_map};
pub use indicators::{Indicator, Indicators};
pub use mounts::{MountArgs, Section, mount_args};
pub use strip_session::{StripSession, Stripped};
pub use version::ServerVersion;

use crate::error::Location;
use crate::number::atoi;
use crate::uri_map::RuleKind;
use auto_alias::folder_problem;
use bstr::BString;
use indicators::IndicatorNames;
use mounts::{MountCopy, MountDirective, MountFile};
use options::OptionSet;
use request_log::RequestLogFormat;
use rjk_log::Level;
use std::sync::Arc;
use std::time::Duration;

/// One `JkEnvVar`: a variable that is sent as a request attribute (D-37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// The variable; names compare without case.
    pub name: String,
    /// Sent when the variable is not set; never empty.
    pub default: Option<BString>,
}

/// What a `JkRequestLogFormat` asks for.
#[derive(Clone, Debug)]
enum RequestLog {
    Lines(Arc<RequestLogFormat>),
    /// The format has a mistake: no lines, here and where it is inherited.
    Nothing,
}

/// The directives of one server; `None` and empty mean that a directive was not used.
#[derive(Clone, Debug, Default)]
pub struct ServerDirectives {
    mounts: Vec<MountDirective>,
    /// The main server's mounts, when [`merge`](ServerDirectives::merge) found them to be copied.
    inherited_mounts: Vec<MountDirective>,
    /// Set by `merge`: the virtual host uses the main server's map itself (D-07).
    shares_main_map: bool,
    mount_copy: Option<MountCopy>,
    mount_file: Option<MountFile>,
    mount_file_reload: Option<Duration>,
    auto_alias: Option<String>,
    strip_session: Option<StripSession>,
    log_file: Option<String>,
    log_level: Option<Level>,
    log_stamp: Option<String>,
    request_log: Option<RequestLog>,
    indicators: IndicatorNames,
    extract_ssl: Option<bool>,
    options: OptionSet,
    env_vars: Vec<EnvVar>,
}

impl ServerDirectives {
    /// The main server before any directive.
    pub fn main() -> ServerDirectives {
        ServerDirectives {
            options: OptionSet::main(),
            ..ServerDirectives::default()
        }
    }

    /// A virtual host before any directive.
    pub fn vhost() -> ServerDirectives {
        ServerDirectives {
            options: OptionSet::vhost(),
            ..ServerDirectives::default()
        }
    }

    /// `JkMount` (D-05); take the arguments from [`mount_args`]. The error text is for httpd.
    pub fn set_mount(
        &mut self,
        path: impl AsRef<[u8]>,
        worker: impl AsRef<[u8]>,
        location: Location,
    ) -> Result<(), String> {
        let (path, worker) = (path.as_ref(), worker.as_ref());
        let mount = MountDirective::new(RuleKind::Mount, path, worker, location)?;
        self.mounts.push(mount);
        Ok(())
    }

    /// `JkUnMount` (D-06); the worker `*` stands for all workers.
    pub fn set_unmount(
        &mut self,
        path: impl AsRef<[u8]>,
        worker: impl AsRef<[u8]>,
        location: Location,
    ) -> Result<(), String> {
        let (path, worker) = (path.as_ref(), worker.as_ref());
        let mount = MountDirective::new(RuleKind::Unmount, path, worker, location)?;
        self.mounts.push(mount);
        Ok(())
    }

    /// `JkMountCopy On|Off|All`, `All` in the main server only (D-07).
    pub fn set_mount_copy(&mut self, word: &str, is_main: bool) -> Result<(), String> {
        self.mount_copy = Some(MountCopy::parse(word, is_main)?);
        Ok(())
    }

    /// `JkMountFile` (D-03): the last one wins; a relative path is under the server root.
    pub fn set_mount_file(&mut self, path: &str, location: Location) {
        self.mount_file = Some(MountFile {
            path: path.into(),
            location,
        });
    }

    /// `JkMountFileReload`: seconds, 60 without it; 0 or less means never (D-04). The text of a
    /// warning is given back.
    pub fn set_mount_file_reload(&mut self, text: &str) -> Option<String> {
        let (seconds, warning) = directive_seconds("JkMountFileReload", text);
        self.mount_file_reload = Some(seconds);
        warning
    }

    /// `JkAutoAlias`: a directory, used as written (D-08). The text of a warning is given back.
    pub fn set_auto_alias(&mut self, directory: &str) -> Option<String> {
        self.auto_alias = Some(directory.to_owned());
        folder_problem(directory).map(|problem| format!("JkAutoAlias: {problem}"))
    }

    /// `JkStripSession On|Off [name]` (D-09). The text of a warning is given back.
    pub fn set_strip_session(
        &mut self,
        flag: &str,
        name: Option<&str>,
    ) -> Result<Option<String>, String> {
        let enabled = match flag {
            _ if flag.eq_ignore_ascii_case("on") => true,
            _ if flag.eq_ignore_ascii_case("off") => false,
            _ => return Err(format!("JkStripSession: '{flag}' is neither On nor Off")),
        };
        let name = name
            .map(str::to_owned)
            .unwrap_or_else(|| StripSession::default().name);
        let strip = StripSession { enabled, name };
        let warning = strip.problem();
        self.strip_session = Some(strip);
        Ok(warning.map(|problem| format!("JkStripSession: {problem}")))
    }

    /// `JkLogFile`: a path or `|program` (D-10).
    pub fn set_log_file(&mut self, file: &str) {
        self.log_file = Some(file.to_owned());
    }

    /// `JkLogLevel` (D-11): a word that is no level means info; the text of a warning is given back.
    pub fn set_log_level(&mut self, word: &str) -> Option<String> {
        let level = Level::parse(word);
        self.log_level = Some(level.unwrap_or(Level::Info));
        level.is_none().then(|| {
            format!(
                "JkLogLevel: '{word}' is no level and means info; \
                 write trace, debug, info, warn, error or emerg"
            )
        })
    }

    /// `JkLogStampFormat`: a strftime format with `%Q` and `%q` (D-12).
    pub fn set_log_stamp(&mut self, format: &str) {
        self.log_stamp = Some(format.to_owned());
    }

    /// `JkRequestLogFormat` (D-13): with a mistake in it no lines are written, and nothing else happens;
    /// the text of a warning is given back.
    pub fn set_request_log_format(&mut self, format: &str) -> Option<String> {
        let parsed = RequestLogFormat::parse(format);
        let warning = parsed.as_ref().err().map(|error| {
            format!(
                "JkRequestLogFormat: {error}; no line is written for a request until it is mended"
            )
        });
        self.request_log = Some(match parsed {
            Ok(format) => RequestLog::Lines(Arc::new(format)),
            Err(_) => RequestLog::Nothing,
        });
        warning
    }

    /// One of the directives that name an environment variable (D-17…D-27, D-29…D-35).
    pub fn set_indicator(&mut self, indicator: Indicator, name: &str) {
        self.indicators.set(indicator, name);
    }

    /// `JkExtractSSL On|Off` (D-28).
    pub fn set_extract_ssl(&mut self, on: bool) {
        self.extract_ssl = Some(on);
    }

    /// `JkOptions` (D-36); the error text names the flag, the text of a warning is given back.
    pub fn set_option_words(&mut self, line: &str) -> Result<Option<String>, String> {
        self.options.parse_words(line)
    }

    /// `JkEnvVar` (D-37): a repeated name replaces the earlier one; an empty default is none.
    pub fn add_env_var(&mut self, name: &str, default: Option<&[u8]>) {
        let default = default.filter(|text| !text.is_empty()).map(BString::from);
        let known = self
            .env_vars
            .iter_mut()
            .find(|var| var.name.eq_ignore_ascii_case(name));
        match known {
            Some(var) => var.default = default,
            None => self.env_vars.push(EnvVar {
                name: name.to_owned(),
                default,
            }),
        }
    }

    /// A virtual host's directives with what it inherits, by the contract's merge column.
    ///
    /// A virtual host without any directive of ours takes part too: merge it with
    /// [`ServerDirectives::vhost`] (G-17).
    #[must_use]
    pub fn merge(main: &ServerDirectives, vhost: &ServerDirectives) -> ServerDirectives {
        let copies = ServerDirectives::copies(main, vhost);
        let has_table = vhost.has_mount_table();
        let shares_main_map = copies && !has_table;
        let copied = if copies && has_table {
            main.mounts.clone()
        } else {
            Vec::new()
        };
        ServerDirectives {
            mounts: vhost.mounts.clone(),
            inherited_mounts: copied,
            shares_main_map,
            mount_copy: vhost.mount_copy,
            mount_file: inherit_if(copies, &main.mount_file, &vhost.mount_file),
            mount_file_reload: vhost.mount_file_reload.or(main.mount_file_reload),
            auto_alias: inherit_if(copies, &main.auto_alias, &vhost.auto_alias),
            strip_session: inherit(&main.strip_session, &vhost.strip_session),
            log_file: inherit(&main.log_file, &vhost.log_file),
            log_level: vhost.log_level.or(main.log_level),
            log_stamp: inherit(&main.log_stamp, &vhost.log_stamp),
            request_log: inherit(&main.request_log, &vhost.request_log),
            indicators: IndicatorNames::merge(&main.indicators, &vhost.indicators),
            extract_ssl: vhost.extract_ssl.or(main.extract_ssl),
            options: OptionSet::merge(&main.options, &vhost.options),
            env_vars: merge_env_vars(&main.env_vars, &vhost.env_vars),
        }
    }

    /// Whether a virtual host gets the main server's mounts (D-07).
    pub fn copies(main: &ServerDirectives, vhost: &ServerDirectives) -> bool {
        MountCopy::applies(main.mount_copy, vhost.mount_copy)
    }

    /// What is left of a main server whose rules cannot be used: who copies them.
    #[must_use]
    pub fn without_rules(&self) -> ServerDirectives {
        ServerDirectives {
            mount_copy: self.mount_copy,
            ..ServerDirectives::main()
        }
    }

    /// Whether this server has a mount table of its own, be it empty (D-03).
    fn has_mount_table(&self) -> bool {
        !self.mounts.is_empty() || self.mount_file.is_some()
    }
}

/// The seconds of `JkMountFileReload` and `JkWatchdogInterval`, with the text of a warning.
///
/// mod_jk reads whatever number the argument begins with, and takes a negative one for 0 (D-04, D-16).
pub fn directive_seconds(directive: &str, text: &str) -> (Duration, Option<String>) {
    let seconds = u64::try_from(atoi(text.as_bytes())).unwrap_or(0);
    let warning = (text.parse() != Ok(seconds))
        .then(|| format!("{directive} is '{text}' and means {seconds}; write a number of seconds"));
    (Duration::from_secs(seconds), warning)
}

/// Whether the value of an environment variable is true (E-04, E-05): empty, or a number other than 0.
///
/// Anything that does not start with a number counts as 0, `true` and `on` too.
pub fn env_truth(value: &[u8]) -> bool {
    value.is_empty() || atoi(value) != 0
}

/// The value of `JK_REPLY_TIMEOUT` (E-03): milliseconds, zero switches it off; `None` when negative.
pub fn env_reply_timeout(value: &[u8]) -> Option<Duration> {
    u64::try_from(atoi(value)).ok().map(Duration::from_millis)
}

fn inherit<T: Clone>(main: &Option<T>, vhost: &Option<T>) -> Option<T> {
    vhost.as_ref().or(main.as_ref()).cloned()
}

fn inherit_if<T: Clone>(copies: bool, main: &Option<T>, vhost: &Option<T>) -> Option<T> {
    if copies {
        inherit(main, vhost)
    } else {
        vhost.clone()
    }
}

/// The virtual host's variables first, then those that only the main server names (D-37).
fn merge_env_vars(main: &[EnvVar], vhost: &[EnvVar]) -> Vec<EnvVar> {
    let is_own = |name: &str| vhost.iter().any(|own| own.name.eq_ignore_ascii_case(name));
    let inherited = main.iter().filter(|var| !is_own(&var.name));
    vhost.iter().chain(inherited).cloned().collect()
}

#[cfg(test)]
mod tests;
