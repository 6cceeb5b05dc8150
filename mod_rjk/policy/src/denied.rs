//! Where the system forbids executable memory, policies run in the interpreter: SELinux does unless
//! `httpd_execmem` is on, systemd with `MemoryDenyWriteExecute`.

use crate::engine::{Runner, engine};
use crate::load_error::LoadError;
use rjk_config::toml::EngineKind;
use wasmtime::Module;

/// How to allow executable memory.
pub(crate) const REMEDY: &str = "to allow it: `setsebool -P httpd_execmem on` with SELinux, \
    no MemoryDenyWriteExecute with systemd";

/// What runs a policy, and why not the processor where that was wanted.
pub(crate) struct Choice {
    pub(crate) runner: Runner,
    pub(crate) denied: Option<String>,
}

/// What runs the code of policies here and now.
///
/// # Errors
/// [`LoadError::Denied`] where the processor has to and may not.
pub(crate) fn choose(kind: EngineKind) -> Result<Choice, LoadError> {
    if kind == EngineKind::Interpreter {
        return Ok(Choice {
            runner: Runner::Interpreter,
            denied: None,
        });
    }
    match (try_native(), kind) {
        (Ok(()), _) => Ok(Choice {
            runner: Runner::Processor,
            denied: None,
        }),
        (Err(reason), EngineKind::Native) => Err(LoadError::Denied(reason)),
        (Err(reason), _) => Ok(Choice {
            runner: Runner::Interpreter,
            denied: Some(reason),
        }),
    }
}

/// The line for the log when [`Code::denied`](crate::Code::denied) gives a reason.
pub fn denied_line(reason: &str) -> String {
    format!(
        "policies run in the interpreter, about three times slower (`rjk policy bench FILE --engine interpreter` measures it): the system forbids executable memory ({reason}); {REMEDY}"
    )
}

/// Compiles something tiny: only the attempt shows what the system allows.
fn try_native() -> Result<(), String> {
    /// A module with one empty function.
    const TINY: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
    engine(0, Runner::Processor)
        .and_then(|engine| Module::from_binary(&engine, TINY))
        .map(drop)
        .map_err(|error| error.root_cause().to_string())
}
