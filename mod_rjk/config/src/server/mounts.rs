//! `JkMount`, `JkUnMount`, `JkMountCopy` and `JkMountFile` as the directives give them.

use crate::error::{ConfigError, Location, Warning};
use crate::uri_map::{RuleKind, Source, UriMapBuilder};
use std::path::PathBuf;

/// Path and worker of a `JkMount` or `JkUnMount` (D-05, D-06).
///
/// `section` is the argument of the `<Location>` around it, if any: there the worker stands alone
/// and the section's argument is the path, verbatim. The error text is for httpd.
pub fn mount_args<'a>(
    section: Option<&'a str>,
    first: &'a str,
    second: Option<&'a str>,
) -> Result<(&'a str, &'a str), String> {
    match (section, second) {
        (None, Some(worker)) => Ok((first, worker)),
        (Some(path), None) => Ok((path, first)),
        (None, None) => Err(format!("'{first}' is alone; write a path and a worker")),
        (Some(path), Some(_)) => Err(format!(
            "the path is that of the section, '{path}'; write the worker alone"
        )),
    }
}

/// One `JkMount` or `JkUnMount`.
#[derive(Clone, Debug)]
pub(super) struct MountDirective {
    kind: RuleKind,
    path: String,
    worker: String,
    location: Location,
}

impl MountDirective {
    pub(super) fn new(
        kind: RuleKind,
        path: &str,
        worker: &str,
        location: Location,
    ) -> Result<MountDirective, String> {
        if !path.starts_with('/') {
            return Err(format!(
                "the path '{path}' does not start with '/'; write '/{path}'"
            ));
        }
        Ok(MountDirective {
            kind,
            path: path.to_owned(),
            worker: worker.to_owned(),
            location,
        })
    }

    pub(super) fn add_to(
        &self,
        builder: &mut UriMapBuilder,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let (path, worker) = (self.path.as_bytes(), self.worker.as_bytes());
        let place = Some(self.location.clone());
        match self.kind {
            RuleKind::Mount => builder.add_mount(path, worker, Source::JkMount, place, warnings),
            RuleKind::Unmount => {
                builder.add_unmount(path, worker, Source::JkMount, place, warnings)
            }
        }
    }
}

/// `JkMountFile`.
#[derive(Clone, Debug)]
pub(super) struct MountFile {
    pub(super) path: PathBuf,
    pub(super) location: Location,
}

/// `JkMountCopy` (D-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MountCopy {
    On,
    Off,
    All,
}

impl MountCopy {
    pub(super) fn parse(word: &str, is_main: bool) -> Result<MountCopy, String> {
        let words = [
            ("on", MountCopy::On),
            ("off", MountCopy::Off),
            ("all", MountCopy::All),
        ];
        let known = words
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word));
        match known {
            Some((_, MountCopy::All)) if !is_main => {
                Err("JkMountCopy: All is for the main server; write On".to_owned())
            }
            Some((_, copy)) => Ok(copy),
            None => Err(format!("JkMountCopy: '{word}' is none of On, Off and All")),
        }
    }

    /// Whether a virtual host gets the main server's mounts.
    pub(super) fn applies(main: Option<MountCopy>, vhost: Option<MountCopy>) -> bool {
        vhost
            .or(main.filter(|copy| *copy == MountCopy::All))
            .is_some_and(|copy| copy != MountCopy::Off)
    }
}
