//! What was written in one server, before it is checked as a whole.

use crate::error::{ConfigError, Location, Warning};
use crate::properties::Properties;
use crate::server::{ReadFile, ServerDirectives};
use crate::workers::Workers;
use bstr::BString;
use std::io;
use std::path::Path;

/// The directives of one server, as they were written.
#[derive(Clone, Debug)]
pub struct Written {
    /// This server's own directives.
    pub directives: ServerDirectives,
    /// Directives that only the main server may have.
    pub global: GlobalDirectives,
    /// Where this server's `JkLogFile` is, for messages; `None` when it inherits one.
    pub log_file_at: Option<Location>,
    /// Warnings of single directives.
    pub warnings: Vec<Warning>,
}

impl Written {
    /// Nothing yet, in the main server or in a virtual host.
    pub fn nothing(is_main: bool) -> Written {
        Written {
            directives: match is_main {
                true => ServerDirectives::main(),
                false => ServerDirectives::vhost(),
            },
            global: GlobalDirectives::default(),
            log_file_at: None,
            warnings: Vec::new(),
        }
    }
}

/// The directives of context G (contract §1.1).
#[derive(Clone, Debug, Default)]
pub struct GlobalDirectives {
    /// `JkWorkersFile` (D-01).
    pub workers_file: Option<(String, Location)>,
    /// `JkWorkerProperty` lines (D-02).
    pub worker_properties: Vec<(Vec<u8>, Location)>,
    /// `RjkConfigFile`: the settings that mod_jk does not know.
    pub config_file: Option<(String, Location)>,
    /// What `$(name)` finds before the environment of this process: that of another httpd, when it is looked at from
    /// outside.
    pub environment: Vec<(BString, BString)>,
    /// `JkShmFile` (D-14).
    pub shm_file: Option<(String, Location)>,
    /// `JkWatchdogInterval` in seconds, 0 is off (D-16).
    pub watchdog_seconds: u64,
}

impl GlobalDirectives {
    /// The workers, in the order of P-16; `root` is ServerRoot.
    ///
    /// # Errors
    /// What is wrong with a line, or with what the lines say together.
    pub fn workers(
        &self,
        read_file: ReadFile<'_>,
        root: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Result<Workers, ConfigError> {
        let mut properties = Properties::workers().with_variables(&self.environment);
        for (line, location) in &self.worker_properties {
            properties.add_line(line, location.clone(), warnings)?;
        }
        let shown = root.to_string_lossy();
        properties.define("ServerRoot", shown.trim_end_matches('/'));
        if let Some((file, location)) = &self.workers_file {
            let text =
                read_file(Path::new(file)).map_err(|error| unreadable(file, &error, location))?;
            properties.add_text(&text.text, file, warnings)?;
        }
        let workers = Workers::build(properties, warnings)?;
        // W-05: rules of the map, but lines of the workers' file.
        let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
        ServerDirectives::main().resolve(None, &workers.mounts, &none, root, &mut Vec::new())?;
        Ok(workers)
    }
}

fn unreadable(file: &str, error: &io::Error, location: &Location) -> ConfigError {
    let message = format!("JkWorkersFile: cannot read {file}: {error}");
    ConfigError::new(Some(location.clone()), message).coded("file-unreadable")
}
