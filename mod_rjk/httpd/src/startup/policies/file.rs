//! Which text of rjk.toml serves: the file as it is, else, at a restart, as it was.

use super::super::files::Files;
use super::super::sources::Sources;
use rjk_config::error::{ConfigError, Location};
use rjk_config::toml::RjkToml;
use rjk_config::workers::Workers;
use std::io::ErrorKind;
use std::path::Path;

/// What is written in rjk.toml.
pub(super) struct ReadFile {
    pub(super) file: RjkToml,
    /// What is wrong with the file as it is now, and what serves instead.
    pub(super) problem: Option<String>,
}

impl Sources<'_> {
    /// The file that `RjkConfigFile` names; `None` without the directive, and at a restart with a broken
    /// file where no good one is known.
    ///
    /// # Errors
    /// At a start: what is wrong with it, with file and line.
    pub(super) fn policy_file(
        &mut self,
        workers: &Workers,
    ) -> Result<Option<ReadFile>, ConfigError> {
        let Some((path, location)) = self.global().config_file.clone() else {
            return Ok(None);
        };
        let files = Files::fresh();
        let fresh = read(&path, &location, &files);
        let error = match &fresh {
            Ok(file) => file.bind(workers).find_map(Result::err),
            Err(error) => Some(error.clone()),
        };
        let Some(error) = error else {
            self.take(files, Vec::new());
            return Ok(fresh.ok().map(|file| ReadFile {
                file,
                problem: None,
            }));
        };
        if !self.is_restart() {
            return Err(error);
        }
        if let Some(file) = self.last_policy_file() {
            let problem = self.go_on(&error, "the rjk.toml that it had");
            return Ok(Some(ReadFile {
                file,
                problem: Some(problem),
            }));
        }
        // Tables of balancers that are none: said one by one.
        if let Ok(file) = fresh {
            self.take(files, Vec::new());
            return Ok(Some(ReadFile {
                file,
                problem: None,
            }));
        }
        self.go_on(&error, "the built-in rules for all balancers");
        Ok(None)
    }

    /// The file that served before.
    fn last_policy_file(&mut self) -> Option<RjkToml> {
        let last = self.last()?;
        let (path, location) = last.global.config_file.as_ref()?;
        let files = Files::only_kept(&last.texts);
        let file = read(path, location, &files).ok()?;
        self.keep_config_file(path, location);
        self.take(files, Vec::new());
        Some(file)
    }
}

fn read(path: &str, location: &Location, files: &Files<'_>) -> Result<RjkToml, ConfigError> {
    let refused = |problem: String| {
        let message = format!("RjkConfigFile: {problem}");
        ConfigError::new(Some(location.clone()), message)
    };
    let text = files.read(Path::new(path)).map_err(|error| {
        refused(match error.kind() {
            ErrorKind::NotFound => format!("{path} does not exist"),
            _ => format!("cannot read {path}: {error}"),
        })
    })?;
    let text = String::from_utf8(text.text)
        .map_err(|error| refused(format!("{path} is no text in UTF-8: {error}")))?;
    RjkToml::parse(&text, path)
}
