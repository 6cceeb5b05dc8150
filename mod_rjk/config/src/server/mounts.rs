//! `JkMount`, `JkUnMount`, `JkMountCopy` and `JkMountFile` as the directives give them.

use crate::error::{ConfigError, Location, Warning};
use crate::uri_map::{RuleKind, Source, UriMapBuilder, pattern_problem};
use std::path::PathBuf;

/// The section around a directive (context L).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its name, `Location` for instance.
    pub name: &'a str,
    /// Its argument, without the `~` of a regular expression.
    pub path: &'a str,
    /// The argument is a regular expression: `<LocationMatch>`, or `<Location ~ ...>`.
    pub is_regex: bool,
}

/// What a `JkMount` or `JkUnMount` mounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountArgs<'a> {
    /// The path, verbatim.
    pub path: &'a str,
    /// The worker with its extensions.
    pub worker: &'a str,
    /// What mod_jk takes and nobody can have meant.
    pub warning: Option<String>,
}

/// Path and worker of a `JkMount` or `JkUnMount` (D-05, D-06).
///
/// In a section the worker stands alone and the section's argument is the path, verbatim. The error
/// text is for httpd.
pub fn mount_args<'a>(
    section: Option<Section<'a>>,
    first: &'a str,
    second: Option<&'a str>,
) -> Result<MountArgs<'a>, String> {
    let (path, worker, warning) = match (section, second) {
        (None, Some(worker)) if !first.starts_with('/') && worker.starts_with('/') => {
            return Err(format!("the path comes first; write '{worker} {first}'"));
        }
        (None, Some(worker)) => (first, worker, None),
        (None, None) => return Err(alone(first)),
        (Some(section), worker) => {
            let warning = section.check(worker.is_some())?;
            (section.path, first, warning)
        }
    };
    Ok(MountArgs {
        path,
        worker,
        warning,
    })
}

/// D-05: a line of a map file is no directive.
fn alone(argument: &str) -> String {
    match argument.split_once('=') {
        Some((path, worker)) if path.starts_with('/') && !worker.is_empty() => {
            format!("'{argument}' is alone; write '{path} {worker}'")
        }
        _ => format!("'{argument}' is alone; write a path and a worker"),
    }
}

impl Section<'_> {
    /// Whether its argument can be a mount's path, with the text of a warning.
    fn check(&self, has_path: bool) -> Result<Option<String>, String> {
        let Section { name, path, .. } = self;
        if !path.starts_with('/') {
            return Err(match *name {
                _ if self.is_regex => format!(
                    "the argument of the section, '{path}', is a regular expression, and in a mount \
                     only '*' and '?' have a meaning: write a path and the worker outside of the section"
                ),
                "Location" => format!("the path of the section, {}", pattern_problem(path)),
                _ => format!(
                    "it cannot stand in <{name}>: write a path and the worker outside of it"
                ),
            });
        }
        if has_path {
            return Err(format!(
                "the path is that of the section, '{path}'; write the worker alone"
            ));
        }
        Ok(match *name {
            _ if self.is_regex => Some(format!(
                "the argument of the section, '{path}', is mounted as it is: not as a regular \
                 expression, only '*' and '?' have a meaning"
            )),
            "Location" => None,
            _ => Some(format!(
                "the argument of <{name}>, '{path}', is mounted as the path of a URI; \
                 a mount belongs into <Location>"
            )),
        })
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
            return Err(path_problem(kind, path));
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

/// Why a path, which does not start with `/`, is none. The mark of a map file is no part of a path (M-03).
fn path_problem(kind: RuleKind, path: &str) -> String {
    let marked = path.strip_prefix('!').filter(|rest| rest.starts_with('/'));
    match (marked, kind) {
        (Some(rest), RuleKind::Mount) => {
            format!("the path '{path}' has the mark of a map file; write JkUnMount {rest}")
        }
        (Some(rest), RuleKind::Unmount) => {
            format!("the path '{path}' has the mark of a map file; write '{rest}'")
        }
        (None, _) => format!("the path {}", pattern_problem(path)),
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
            None if is_main => Err(format!("JkMountCopy: '{word}' is none of On, Off and All")),
            None => Err(format!("JkMountCopy: '{word}' is neither On nor Off")),
        }
    }

    /// Whether a virtual host gets the main server's mounts.
    pub(super) fn applies(main: Option<MountCopy>, vhost: Option<MountCopy>) -> bool {
        vhost
            .or(main.filter(|copy| *copy == MountCopy::All))
            .is_some_and(|copy| copy != MountCopy::Off)
    }
}
