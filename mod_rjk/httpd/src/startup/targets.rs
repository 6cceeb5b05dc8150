//! The files that `post_config` makes: their defaults, and whether they can be made.

use crate::ffi::apr::{Pool, program_of, server_root_relative};
use crate::ffi::purpose::Purpose;
use crate::ffi::sys;
use rjk_config::error::{ConfigError, Location, Warning};
use std::ffi::CStr;
use std::path::Path;

/// Default of `JkShmFile` in the folder of httpd's logs (D-14, H-14).
pub(super) const SHM_FILE: &str = "jk-runtime-status";
/// Default of `JkLogFile`, there too (D-10).
pub(super) const LOG_FILE: &str = "mod_jk.log";

/// A file in the folder for logs that this httpd was built with.
pub(super) fn in_log_folder(pool: Pool<'_>, file: &str) -> String {
    let folder = CStr::from_bytes_until_nul(sys::DEFAULT_REL_LOGFILEDIR);
    let folder = folder.map_or("logs".into(), CStr::to_string_lossy);
    server_root_relative(pool, &format!("{folder}/{file}"))
}

/// `-t` may run where folders and programs come later, in the build of an image: it warns of what
/// a start would refuse. A restart by signal goes on, and says what it misses when it opens files.
pub(super) fn found_at_start(
    found: Result<(), ConfigError>,
    is_restart: bool,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    match found {
        Err(_) if is_restart => Ok(()),
        Err(error) if Purpose::of_this_run() == Purpose::Test => {
            let text = format!("{}; httpd does not start without it", error.message());
            warnings.push(Warning::new(error.location().cloned(), text));
            Ok(())
        }
        found => found,
    }
}

/// What `post_config` will make can be checked without making it.
pub(super) fn check_log(
    pool: Pool<'_>,
    target: &str,
    at: Option<&Location>,
    is_restart: bool,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    if Path::new(target).is_dir() && !is_restart {
        let text = "is a folder; name a file in it";
        return Err(file_error("JkLogFile", target, text, at.cloned()));
    }
    found_at_start(log_can_be_made(pool, target, at), is_restart, warnings)
}

fn log_can_be_made(pool: Pool<'_>, target: &str, at: Option<&Location>) -> Result<(), ConfigError> {
    if let Some(program) = target.strip_prefix('|') {
        return check_program(pool, program, at);
    }
    folder_of(target).map_err(|text| file_error("JkLogFile", target, &text, at.cloned()))
}

/// The folder of a file that is to be made must be there.
pub(super) fn folder_of(target: &str) -> Result<(), String> {
    let folder = Path::new(target).parent().unwrap_or(Path::new("/"));
    if folder.is_dir() {
        return Ok(());
    }
    let folder = folder.display();
    Err(format!(
        "cannot be made: the folder {folder} does not exist; make it, or name another file"
    ))
}

pub(super) fn file_error(
    directive: &str,
    target: &str,
    text: &str,
    at: Option<Location>,
) -> ConfigError {
    ConfigError::new(at, format!("{directive} {target} {text}"))
}

/// httpd would not start, and a graceful restart would end it, without the program of a piped log.
fn check_program(pool: Pool<'_>, line: &str, at: Option<&Location>) -> Result<(), ConfigError> {
    // httpd takes `||program` for `|program`, and leaves `|$line` to the shell.
    let command = line.strip_prefix('|').unwrap_or(line);
    if command.starts_with('$') {
        return Ok(());
    }
    let program = program_of(pool, command);
    if !program.is_empty() && (!program.starts_with('/') || Path::new(&program).is_file()) {
        return Ok(());
    }
    let message =
        format!("JkLogFile |{line}: there is no program {program:?}; name one by its full path");
    Err(ConfigError::new(at.cloned(), message))
}
