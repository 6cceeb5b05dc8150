//! What each directive does with its arguments (contract §1.1).

use crate::ffi::apr::{Pool, server_root_relative};
use crate::server::slot::ServerSlot;
use rjk_config::error::{Location, Warning};
use rjk_config::server::{Section, directive_seconds, mount_args};
use std::path::Path;

/// One directive as it was written.
pub(super) struct Setting<'a> {
    pub(super) slot: &'a mut ServerSlot,
    pub(super) is_main: bool,
    /// A restart goes on when a file cannot be read.
    pub(super) is_restart: bool,
    /// The section around it.
    pub(super) section: Option<Section<'a>>,
    pub(super) location: Location,
    /// The arguments as text; see [`Setting::raw`].
    pub(super) first: &'a str,
    pub(super) second: Option<&'a str>,
    pub(super) raw: Raw<'a>,
    pub(super) pool: Pool<'a>,
}

/// What was written, byte for byte: paths, workers and values are not always UTF-8.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    /// The argument of the section around.
    pub(super) section: Option<&'a [u8]>,
    pub(super) first: &'a [u8],
    pub(super) second: Option<&'a [u8]>,
}

impl<'a> Setting<'a> {
    fn warn(&mut self, message: impl Into<String>) {
        self.slot
            .warnings
            .push(Warning::new(Some(self.location.clone()), message));
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
        let path = server_root_relative(self.pool, self.file()?);
        if self.is_restart || Path::new(&path).is_file() {
            Ok(path)
        } else {
            Err(format!("{path} does not exist, or is no file"))
        }
    }
}

pub(super) fn workers_file(s: &mut Setting<'_>) -> Result<(), String> {
    if s.slot.global.workers_file.is_some() {
        return Err("only allowed once".to_owned());
    }
    s.slot.global.workers_file = Some((s.existing_file()?, s.location.clone()));
    Ok(())
}

pub(super) fn worker_property(s: &mut Setting<'_>) -> Result<(), String> {
    s.slot
        .global
        .worker_properties
        .push((s.raw.first.to_vec(), s.location.clone()));
    Ok(())
}

pub(super) fn mount_file(s: &mut Setting<'_>) -> Result<(), String> {
    let path = s.existing_file()?;
    s.slot.directives.set_mount_file(&path, s.location.clone());
    Ok(())
}

pub(super) fn mount_file_reload(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.slot.directives.set_mount_file_reload(s.first) {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn mount(s: &mut Setting<'_>) -> Result<(), String> {
    let (path, worker) = s.mount()?;
    s.slot
        .directives
        .set_mount(path, worker, s.location.clone())
}

pub(super) fn unmount(s: &mut Setting<'_>) -> Result<(), String> {
    let (path, worker) = s.mount()?;
    s.slot
        .directives
        .set_unmount(path, worker, s.location.clone())
}

pub(super) fn mount_copy(s: &mut Setting<'_>) -> Result<(), String> {
    s.slot.directives.set_mount_copy(s.first, s.is_main)
}

pub(super) fn auto_alias(s: &mut Setting<'_>) -> Result<(), String> {
    let folder = s.file()?;
    if let Some(message) = s.slot.directives.set_auto_alias(folder) {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn strip_session(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    if let Some(message) = s.slot.directives.set_strip_session(s.first, s.second)? {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn log_file(s: &mut Setting<'_>) -> Result<(), String> {
    let file = s.file()?;
    let target = match file.strip_prefix('|') {
        Some(_) => file.to_owned(),
        None => server_root_relative(s.pool, file),
    };
    s.slot.directives.set_log_file(&target);
    s.slot.log_file_at = Some(s.location.clone());
    Ok(())
}

pub(super) fn log_level(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.slot.directives.set_log_level(s.first) {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn log_stamp(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    s.slot.directives.set_log_stamp(s.first);
    Ok(())
}

pub(super) fn request_log_format(s: &mut Setting<'_>) -> Result<(), String> {
    s.needs_text();
    if let Some(message) = s.slot.directives.set_request_log_format(s.first) {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn shm_file(s: &mut Setting<'_>) -> Result<(), String> {
    let path = server_root_relative(s.pool, s.file()?);
    s.slot.global.shm_file = Some((path, s.location.clone()));
    Ok(())
}

pub(super) fn config_file(s: &mut Setting<'_>) -> Result<(), String> {
    if s.slot.global.config_file.is_some() {
        return Err("only allowed once".to_owned());
    }
    // Whether it can be read is seen when it is read: a running server then goes on without it.
    let path = server_root_relative(s.pool, s.file()?);
    s.slot.global.config_file = Some((path, s.location.clone()));
    Ok(())
}

pub(super) fn shm_size(s: &mut Setting<'_>) -> Result<(), String> {
    s.warn("JkShmSize is obsolete and has no effect: the size is computed; remove the line");
    Ok(())
}

pub(super) fn watchdog_interval(s: &mut Setting<'_>) -> Result<(), String> {
    let (interval, warning) = directive_seconds("JkWatchdogInterval", s.first);
    s.slot.global.watchdog_seconds = interval.as_secs();
    if let Some(message) = warning {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn options(s: &mut Setting<'_>) -> Result<(), String> {
    if let Some(message) = s.slot.directives.set_option_words(s.first)? {
        s.warn(message);
    }
    Ok(())
}

pub(super) fn env_var(s: &mut Setting<'_>) -> Result<(), String> {
    s.slot.directives.add_env_var(s.first, s.raw.second);
    Ok(())
}

pub(super) fn extract_ssl(s: &mut Setting<'_>) -> Result<(), String> {
    let on = match s.first {
        word if word.eq_ignore_ascii_case("on") => true,
        word if word.eq_ignore_ascii_case("off") => false,
        word => return Err(format!("'{word}' is neither On nor Off")),
    };
    s.slot.directives.set_extract_ssl(on);
    Ok(())
}
