//! `JkMount`, `JkUnMount`, `JkMountCopy` and `JkMountFile` as the directives give them.

use crate::error::{ConfigError, Location, Warning};
use crate::uri_map::{RuleKind, Source, UriMapBuilder, is_plain_pattern, pattern_problem};
use bstr::{BString, ByteSlice};
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

impl Section<'_> {
    /// The sections that give their argument to the directives in them.
    pub const NAMES: [&'static str; 11] = [
        "Location",
        "LocationMatch",
        "Directory",
        "DirectoryMatch",
        "Files",
        "FilesMatch",
        "If",
        "ElseIf",
        "Else",
        "Proxy",
        "ProxyMatch",
    ];
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
        (None, Some(worker)) if is_swapped(first, worker) => {
            return Err(match proposed_line(first, worker) {
                Some(line) => format!("the path comes first; write '{line}'"),
                None => format!("the path comes first, and '{first}' does not start with '/'"),
            });
        }
        (None, Some(worker)) if !worker.is_empty() => (first, worker, None),
        (None, _) => return Err(alone(first)),
        (Some(section), second) => {
            let warning = section.check(second.map(|second| (first, second)))?;
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
    let line = argument
        .split_once('=')
        // `/app?x=1` may be an address with its query.
        .filter(|(path, _)| path.starts_with('/') && !path.contains('?'))
        .and_then(|(path, worker)| proposed_line(path, worker));
    match line {
        Some(line) => format!("'{argument}' is alone; write '{line}'"),
        None => format!("'{argument}' is alone; write a path and a worker"),
    }
}

fn is_swapped(first: &str, second: &str) -> bool {
    !first.starts_with('/') && second.starts_with('/')
}

/// The arguments of a mount outside of sections, path first, if both can be what was meant.
fn proposed_line(first: &str, second: &str) -> Option<String> {
    let swapped = is_swapped(first, second);
    // `*.jsp`, `www.shop.test`: a name with a dot in front is a path or a host sooner than a worker.
    if swapped && first.contains('.') {
        return None;
    }
    let (path, worker) = if swapped {
        (second, first)
    } else {
        (first, second)
    };
    (is_plain_pattern(path) && is_plain_worker(worker)).then(|| format!("{path} {worker}"))
}

/// Whether it has the letters of a worker's name and extensions, and no other.
fn is_plain_worker(worker: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let name = worker.split(';').next().unwrap_or_default();
    !name.is_empty()
        && name.chars().all(is_letter)
        && worker
            .chars()
            .all(|letter| is_letter(letter) || ";=,".contains(letter))
}

impl Section<'_> {
    /// Whether its argument can be a mount's path, with the text of a warning. `both` are path and
    /// worker of a mount that has a path of its own.
    fn check(&self, both: Option<(&str, &str)>) -> Result<Option<String>, String> {
        let Section { name, path, .. } = self;
        if let Some((first, second)) = both.filter(|_| self.is_location()) {
            return Err(self.second_path(first, second));
        }
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
        if let Some((first, second)) = both {
            return Err(self.second_path(first, second));
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

    fn is_location(&self) -> bool {
        self.name == "Location" && !self.is_regex
    }

    /// Why a mount in the section has no path of its own, and where it can have one.
    fn second_path(&self, first: &str, second: &str) -> String {
        let path = self.path;
        if first == path && path.starts_with('/') && self.is_location() {
            return format!("the path is that of the section, '{path}'; write the worker alone");
        }
        match proposed_line(first, second) {
            Some(line) => format!(
                "in a section the path is the section's, '{path}'; write '{line}' outside of the section"
            ),
            None => format!(
                "in a section the path is the section's, '{path}', and another one belongs outside of the section"
            ),
        }
    }
}

/// One `JkMount` or `JkUnMount`.
#[derive(Clone, Debug)]
pub(super) struct MountDirective {
    kind: RuleKind,
    path: BString,
    worker: BString,
    location: Location,
}

impl MountDirective {
    pub(super) fn new(
        kind: RuleKind,
        path: &[u8],
        worker: &[u8],
        location: Location,
    ) -> Result<MountDirective, String> {
        if !path.starts_with(b"/") {
            return Err(path_problem(kind, &path.to_str_lossy()));
        }
        Ok(MountDirective {
            kind,
            path: path.into(),
            worker: worker.into(),
            location,
        })
    }

    pub(super) fn add_to(
        &self,
        builder: &mut UriMapBuilder,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), ConfigError> {
        let (path, worker) = (self.path.as_slice(), self.worker.as_slice());
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
    let Some(rest) = path.strip_prefix('!').filter(|rest| rest.starts_with('/')) else {
        return format!("the path {}", pattern_problem(path));
    };
    let remedy = match kind {
        _ if !is_plain_pattern(rest) => String::new(),
        RuleKind::Mount => format!("; write JkUnMount {rest}"),
        RuleKind::Unmount => format!("; write '{rest}'"),
    };
    format!("the path '{path}' has the mark of a map file{remedy}")
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
