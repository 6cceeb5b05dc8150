//! What was written in one server, before it is checked as a whole.

use crate::error::{Location, Warning};
use crate::server::ServerDirectives;

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
    /// `JkShmFile` (D-14).
    pub shm_file: Option<(String, Location)>,
    /// `JkWatchdogInterval` in seconds, 0 is off (D-16).
    pub watchdog_seconds: u64,
}
