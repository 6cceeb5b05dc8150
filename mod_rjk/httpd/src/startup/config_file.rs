//! rjk.toml: which text of it serves, the file as it is or, at a restart, as it was; and what it says of how
//! workers are reached.

use super::files::Files;
use super::policies;
use super::sources::Sources;
use super::tls;
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::toml::{Reached, RjkToml};
use rjk_config::workers::Workers;
use std::io::ErrorKind;
use std::path::Path;

/// What is written in rjk.toml.
pub(super) struct ConfigFile {
    pub(super) file: RjkToml,
    /// What is wrong with the file as it is now, and what serves instead.
    #[cfg_attr(
        not(feature = "policy"),
        expect(dead_code, reason = "policies tell it")
    )]
    pub(super) problem: Option<String>,
}

/// How a file says that workers are reached.
struct Ways {
    reached: Vec<Reached>,
    /// Each concerns one worker, which is not among the reached.
    errors: Vec<ConfigError>,
    warnings: Vec<Warning>,
    tls: tls::Loaded,
}

impl Sources<'_> {
    /// The file that `RjkConfigFile` names; the workers are then reached as it says. `None` without the directive,
    /// and at a restart with a broken file where no good one is known.
    ///
    /// # Errors
    /// At a start: what is wrong with it, with file and line.
    pub(super) fn config_file(
        &mut self,
        workers: &mut Workers,
    ) -> Result<Option<ConfigFile>, ConfigError> {
        let Some((path, location)) = self.global().config_file.clone() else {
            return Ok(None);
        };
        let files = Files::fresh();
        let fresh = read(&path, &location, &files).map(|file| (Ways::of(&file, workers), file));
        let error = match &fresh {
            Ok((ways, file)) => refusal(file, ways, workers),
            Err(error) => Some(error.clone()),
        };
        if let Some(error) = &error {
            if !self.is_restart() {
                return Err(error.clone());
            }
            if let Some(file) = self.last_config_file() {
                let problem = self.go_on(error, "the rjk.toml that it had");
                self.reach(Ways::of(&file, workers), workers);
                return Ok(Some(ConfigFile {
                    file,
                    problem: Some(problem),
                }));
            }
        }
        match fresh {
            // Tables of what there is not are told of one by one.
            Ok((ways, file)) => {
                self.take(files, Vec::new());
                self.reach(ways, workers);
                Ok(Some(ConfigFile {
                    file,
                    problem: None,
                }))
            }
            Err(error) => {
                self.go_on(
                    &error,
                    "the built-in rules for all balancers, and all workers as workers.properties has them",
                );
                Ok(None)
            }
        }
    }

    fn reach(&mut self, ways: Ways, workers: &mut Workers) {
        for one in &ways.reached {
            workers.set_way(&one.worker, &one.way, one.port);
        }
        for error in &ways.errors {
            self.go_on(error, "that worker as workers.properties has it");
        }
        ways.warnings.into_iter().for_each(|one| self.warn(one));
        self.secure(ways.tls, &ways.reached);
    }

    /// The file that served before.
    fn last_config_file(&mut self) -> Option<RjkToml> {
        let last = self.last()?;
        let (path, location) = last.global.config_file.as_ref()?;
        let files = Files::only_kept(&last.texts);
        let file = read(path, location, &files).ok()?;
        self.keep_config_file(path, location);
        self.take(files, Vec::new());
        Some(file)
    }
}

impl Ways {
    fn of(file: &RjkToml, workers: &Workers) -> Ways {
        let mut ways = Ways {
            reached: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            tls: tls::Loaded::default(),
        };
        for one in file.ways.reach(workers, &mut ways.warnings) {
            match one {
                Ok(reached) => {
                    ways.warnings.extend(reached.socket_warning());
                    ways.reached.push(reached);
                }
                Err(error) => ways.errors.push(error),
            }
        }
        ways.tls = tls::Loaded::of(&ways.reached);
        ways
    }
}

/// Why a start does not take the file.
fn refusal(file: &RjkToml, ways: &Ways, workers: &Workers) -> Option<ConfigError> {
    policies::refusal(file)
        .or_else(|| file.bind(workers).find_map(Result::err))
        .or_else(|| ways.errors.first().cloned())
        .or_else(|| ways.tls.refusal())
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
