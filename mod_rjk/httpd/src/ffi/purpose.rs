//! What this run of httpd is for. A check may refuse what it protects, a start and a restart.

use crate::ffi::sys;
use rjk_config::command_line::says_stop;
use std::ffi::c_int;
use std::os::unix::ffi::OsStringExt;

/// What becomes of the configuration that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It will serve, or a command for a restart asks whether it can.
    Serve,
    /// `-t`.
    Test,
    /// `-S`, `-M`, `-L` and the like look into it.
    Dump,
    /// `-k stop` or `-k graceful-stop`: only its `PidFile` matters.
    Stop,
}

impl Purpose {
    /// The purpose of this pass over the configuration.
    pub(crate) fn of_this_run() -> Purpose {
        match state(sys::AP_SQ_RUN_MODE) {
            sys::AP_SQ_RM_CONFIG_TEST => Purpose::Test,
            sys::AP_SQ_RM_CONFIG_DUMP => Purpose::Dump,
            // httpd sends the signal behind its first pass, and ends.
            _ if is_first_pass() && says_stop(sys::AP_SERVER_BASEARGS, arguments()) => {
                Purpose::Stop
            }
            _ => Purpose::Serve,
        }
    }

    /// Whether a mistake in the configuration ends the run.
    pub(crate) fn refuses(self) -> bool {
        matches!(self, Purpose::Serve | Purpose::Test)
    }
}

/// Whether httpd reads the configuration for the first time in its life.
pub(crate) fn is_first_pass() -> bool {
    state(sys::AP_SQ_MAIN_STATE) == sys::AP_SQ_MS_CREATE_PRE_CONFIG
}

fn state(query: u32) -> u32 {
    // SAFETY: the function has no preconditions.
    unsafe { sys::ap_state_query(query as c_int) as u32 }
}

/// The words behind the program's name. httpd keeps the list without `-k` only.
fn arguments() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    if words.is_empty() {
        // A C library that hands no arguments to a library that it loads.
        let line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        words = line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    }
    words.drain(..1.min(words.len()));
    words
}
