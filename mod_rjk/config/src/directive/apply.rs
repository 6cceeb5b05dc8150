//! What each directive does with its arguments (contract §1.1).

use super::{Name, Written};
use crate::error::{Location, Warning};
use crate::server::{Section, directive_seconds, mount_args};
use std::path::Path;

/// Where relative names of files begin.
pub trait ServerRoot {
    /// The name of a file, below ServerRoot if it is relative.
    fn file(&self, name: &str) -> String;
}

/// One directive as it was written.
pub struct Setting<'a> {
    /// What the server it stands in has so far.
    pub written: &'a mut Written,
    /// It stands in the main server.
    pub is_main: bool,
    /// A restart goes on when a file cannot be read.
    pub is_restart: bool,
    /// The section around it.
    pub section: Option<Section<'a>>,
    /// Where it stands.
    pub location: Location,
    /// The first argument as text; see [`Setting::raw`].
    pub first: &'a str,
    /// The second argument as text.
    pub second: Option<&'a str>,
    /// The arguments as they were written.
    pub raw: Raw<'a>,
    /// Where relative names of files begin.
    pub root: &'a dyn ServerRoot,
}

/// What was written, byte for byte: paths, workers and values are not always UTF-8.
#[derive(Clone, Copy)]
pub struct Raw<'a> {
    /// The argument of the section around.
    pub section: Option<&'a [u8]>,
    /// The first argument.
    pub first: &'a [u8],
    /// The second argument.
    pub second: Option<&'a [u8]>,
}

impl Name {
    /// Does what the directive says.
    ///
    /// # Errors
    /// What is wrong with its arguments; httpd names the directive and the place before it.
    pub fn apply(self, s: &mut Setting<'_>) -> Result<(), String> {
        match self {
            Name::WorkersFile => workers_file(s),
            Name::WorkerProperty => worker_property(s),
            Name::MountFile => mount_file(s),
            Name::MountFileReload => mount_file_reload(s),
            Name::Mount => mount(s),
            Name::UnMount => unmount(s),
            Name::MountCopy => mount_copy(s),
            Name::AutoAlias => auto_alias(s),
            Name::StripSession => strip_session(s),
            Name::LogFile => log_file(s),
            Name::LogLevel => log_level(s),
            Name::LogStampFormat => log_stamp(s),
            Name::RequestLogFormat => request_log_format(s),
            Name::ShmFile => shm_file(s),
            Name::ConfigFile => config_file(s),
            Name::ShmSize => shm_size(s),
            Name::WatchdogInterval => watchdog_interval(s),
            Name::Options => options(s),
            Name::EnvVar => env_var(s),
            Name::ExtractSsl => extract_ssl(s),
            Name::Indicator(indicator) => {
                s.written.directives.set_indicator(indicator, s.first);
                Ok(())
            }
        }
    }
}

impl<'a> Setting<'a> {
    fn warn(&mut self, message: impl Into<String>) {
        let warning = Warning::new(Some(self.location.clone()), message);
        self.written.warnings.push(warning.coded("directive-value"));
    }

    /// Path and worker of a mount.
    fn mount(&mut self) -> Result<(&'a [u8], &'a [u8]), String> {
        let mount = mount_args(self.section, self.first, self.second)?;
        let raw = self.raw;
        let found = match (raw.section, raw.second) {
            (Some(path), _) => (path, raw.first),
            (None, Some(worker)) => (raw.first, worker),
            (None, None) => (mount.path.as_bytes(), mount.worker.as_bytes()),
        };
        if let Some(message) = mount.warning {
            self.warn(message);
        }
        Ok(found)
    }

    /// The first argument where it names a file.
    fn file(&self) -> Result<&'a str, String> {
        if self.raw.first != self.first.as_bytes() {
            return Err("write the name in UTF-8".to_owned());
        }
        Ok(self.first)
    }

    /// Warns where letters get lost.
    fn needs_text(&mut self) {
        let second = self.second.map(str::as_bytes);
        if self.raw.first != self.first.as_bytes() || self.raw.second != second {
            self.warn("the argument is no UTF-8, and what is none becomes U+FFFD; write UTF-8");
        }
    }

    /// The path under ServerRoot, and that it is a regular file (D-01, D-03).
    fn existing_file(&self) -> Result<String, String> {
        let path = self.root.file(self.file()?);
        if self.is_restart || Path::new(&path).is_file() {
            Ok(path)
        } else {
            Err(format!("{path} does not exist, or is no file"))
        }
    }
}

fn workers_file(s: &mut Setting<'_>) -> Result<(), String> {
    if s.written.global.workers_file.is_some() {
        return Err("only allowed once".to_owned());
    }
    s.written.global.workers_file = Some((s.existing_file()?, s.location.clone()));
    Ok(())
}

fn worker_property(s: &mut Setting<'_>) -> Result<(), String> {
    s.written
        .global
        .worker_properties
        .push((s.raw.first.to_vec(), s.location.clone()));
    Ok(())
}

fn mount_file(s: &mut Setting<'_>) -> Result<(), String> {
    let path = s.existing_file()?;
    s.written
        .directives
        .set_mount_file(&path, s.location.clone());
    Ok(())
}

fn mount_file_reload(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.written.directives.set_mount_file_reload(s.first) {
        s.warn(message);
    }
    Ok(())
}

fn mount(s: &mut Setting<'_>) -> Result<(), String> {
    let (path, worker) = s.mount()?;
    s.written
        .directives
        .set_mount(path, worker, s.location.clone())
}

fn unmount(s: &mut Setting<'_>) -> Result<(), String> {
    let (path, worker) = s.mount()?;
    s.written
        .directives
        .set_unmount(path, worker, s.location.clone())
}

fn mount_copy(s: &mut Setting<'_>) -> Result<(), String> {
    s.written.directives.set_mount_copy(s.first, s.is_main)
}

fn auto_alias(s: &mut Setting<'_>) -> Result<(), String> {
    let folder = s.file()?;
    if let Some(message) = s.written.directives.set_auto_alias(folder) {
        s.warn(message);
    }
    Ok(())
}

fn strip_session(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    if let Some(message) = s.written.directives.set_strip_session(s.first, s.second)? {
        s.warn(message);
    }
    Ok(())
}

fn log_file(s: &mut Setting<'_>) -> Result<(), String> {
    let file = s.file()?;
    let target = match file.strip_prefix('|') {
        Some(_) => file.to_owned(),
        None => s.root.file(file),
    };
    s.written.directives.set_log_file(&target);
    s.written.log_file_at = Some(s.location.clone());
    Ok(())
}

fn log_level(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.written.directives.set_log_level(s.first) {
        s.warn(message);
    }
    Ok(())
}

fn log_stamp(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    s.written.directives.set_log_stamp(s.first);
    Ok(())
}

fn request_log_format(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    if let Some(message) = s.written.directives.set_request_log_format(s.first) {
        s.warn(message);
    }
    Ok(())
}

fn shm_file(s: &mut Setting<'_>) -> Result<(), String> {
    let path = s.root.file(s.file()?);
    s.written.global.shm_file = Some((path, s.location.clone()));
    Ok(())
}

fn config_file(s: &mut Setting<'_>) -> Result<(), String> {
    if s.written.global.config_file.is_some() {
        return Err("only allowed once".to_owned());
    }
    // Whether it can be read is seen when it is read: a running server then goes on without it.
    let path = s.root.file(s.file()?);
    s.written.global.config_file = Some((path, s.location.clone()));
    Ok(())
}

fn shm_size(s: &mut Setting<'_>) -> Result<(), String> {
    s.warn("JkShmSize is obsolete and has no effect: the size is computed; remove the line");
    Ok(())
}

fn watchdog_interval(s: &mut Setting<'_>) -> Result<(), String> {
    let (interval, warning) = directive_seconds("JkWatchdogInterval", s.first);
    s.written.global.watchdog_seconds = interval.as_secs();
    if let Some(message) = warning {
        s.warn(message);
    }
    Ok(())
}

fn options(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.written.directives.set_option_words(s.first)? {
        s.warn(message);
    }
    Ok(())
}

fn env_var(s: &mut Setting<'_>) -> Result<(), String> {
    s.written.directives.add_env_var(s.first, s.raw.second);
    Ok(())
}

fn extract_ssl(s: &mut Setting<'_>) -> Result<(), String> {
    let on = match s.first {
        word if word.eq_ignore_ascii_case("on") => true,
        word if word.eq_ignore_ascii_case("off") => false,
        word => return Err(format!("'{word}' is neither On nor Off")),
    };
    s.written.directives.set_extract_ssl(on);
    Ok(())
}
