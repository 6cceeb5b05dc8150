//! rjk.toml: which text of it serves, the file as it is or, at a restart, as it was; and what it says of how
//! workers are reached.

use super::files::Files;
use super::policies;
use super::sources::Sources;
use super::tls;
use rjk_config::error::{ConfigError, Location, Mistakes, Warning};
use rjk_config::toml::{Broken, Reached, RjkToml};
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
    /// At a start: all that is wrong with it, with file and line.
    pub(super) fn config_file(
        &mut self,
        workers: &mut Workers,
    ) -> Result<Option<ConfigFile>, Mistakes> {
        let Some((path, location)) = self.global().config_file.clone() else {
            return Ok(None);
        };
        let files = Files::fresh();
        let fresh = Fresh::read(&path, &location, &files, workers);
        if let Some(mistakes) = &fresh.mistakes {
            if !self.is_restart() {
                return Err(mistakes.clone());
            }
            if let Some(file) = self.last_config_file() {
                let problem = self.go_on_with_all(mistakes, "the rjk.toml that it had");
                self.reach(Ways::of(&file, workers), workers);
                return Ok(Some(ConfigFile {
                    file,
                    problem: Some(problem),
                }));
            }
        }
        match (fresh.file, fresh.mistakes) {
            // Tables of what there is not are told of one by one.
            (Some(file), _) => {
                self.take(files, Vec::new());
                self.reach(fresh.ways, workers);
                Ok(Some(ConfigFile {
                    file,
                    problem: None,
                }))
            }
            (None, mistakes) => {
                if let Some(mistakes) = mistakes {
                    self.go_on_with_all(
                        &mistakes,
                        "the built-in rules for all balancers, and all workers as workers.properties has them",
                    );
                }
                Ok(None)
            }
        }
    }

    /// Says what is wrong, and what this restart goes on with; what it said of the first mistake.
    fn go_on_with_all(&mut self, mistakes: &Mistakes, with: &str) -> String {
        let said = self.go_on(mistakes.first(), with);
        for error in mistakes.others() {
            self.tell(format!("{error}; mend it and restart"));
        }
        said
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
        let file = read(path, location, &files).ok()?.ok()?;
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

/// The file as it is now.
struct Fresh {
    /// `None` where its text is wrong.
    file: Option<RjkToml>,
    ways: Ways,
    /// All that a start does not take of it.
    mistakes: Option<Mistakes>,
}

impl Fresh {
    fn read(path: &str, location: &Location, files: &Files<'_>, workers: &Workers) -> Fresh {
        let (file, errors, is_well) = match read(path, location, files) {
            Ok(Ok(file)) => (file, Vec::new(), true),
            // What is well of it shows what else is wrong.
            Ok(Err(broken)) => (broken.rest, broken.mistakes.into_errors(), false),
            Err(error) => (RjkToml::default(), vec![error], false),
        };
        let ways = Ways::of(&file, workers);
        let errors = errors.into_iter();
        let errors = errors.chain(policies::refusal(&file));
        let errors = errors.chain(file.bind(workers).filter_map(Result::err));
        let errors = errors.chain(ways.errors.iter().cloned());
        let errors = errors.chain(ways.tls.refusals());
        Fresh {
            mistakes: Mistakes::of(errors.collect()),
            file: is_well.then_some(file),
            ways,
        }
    }
}

fn read(
    path: &str,
    location: &Location,
    files: &Files<'_>,
) -> Result<Result<RjkToml, Box<Broken>>, ConfigError> {
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
    Ok(RjkToml::parse(&text, path))
}
