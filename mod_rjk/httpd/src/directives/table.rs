//! The command table.

use super::actions::*;
use super::section::section;
use crate::ffi::apr::{Pool, bytes};
use crate::ffi::error_log::to_error_log;
use crate::ffi::guard::{catch, point};
use crate::ffi::purpose::Purpose;
use crate::ffi::sys;
use crate::server::last_good::LastGood;
use crate::server::slot::ServerSlot;
use rjk_config::error::Location;
use rjk_config::server::Indicator;
use std::ffi::{CStr, c_char, c_int, c_void};

/// Where a directive may stand (contract §1.1).
#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// G: the main server only.
    Global,
    /// S: any server.
    Server,
    /// L: also inside `<Location>` and `<Directory>`.
    Section,
}

/// How httpd hands over the arguments.
#[derive(Clone, Copy)]
enum Arguments {
    One,
    OneOrTwo,
    Raw,
}

struct Directive {
    name: &'static CStr,
    arguments: Arguments,
    context: Context,
    help: &'static CStr,
    apply: Apply,
}

#[derive(Clone, Copy)]
enum Apply {
    Call(fn(&mut Setting<'_>) -> Result<(), String>),
    Indicator(Indicator),
}

macro_rules! directives {
    ($($name:literal $arguments:ident $context:ident $apply:expr, $help:literal;)+) => {
        &[$(Directive {
            name: $name,
            arguments: Arguments::$arguments,
            context: Context::$context,
            apply: $apply,
            help: $help,
        }),+]
    };
}

use Apply::{Call, Indicator as Env};

static DIRECTIVES: &[Directive] = directives! {
    c"JkWorkersFile" One Global Call(workers_file), c"the file that describes the workers";
    c"JkWorkerProperty" Raw Global Call(worker_property), c"one line of a workers file";
    c"JkMountFile" One Server Call(mount_file), c"a file of mount rules";
    c"JkMountFileReload" One Server Call(mount_file_reload), c"seconds between checks of the mount file";
    c"JkMount" OneOrTwo Section Call(mount), c"a path and the worker that serves it";
    c"JkUnMount" OneOrTwo Section Call(unmount), c"a path and the worker that does not serve it";
    c"JkMountCopy" One Server Call(mount_copy), c"On, Off or All: copy the main server's mounts";
    c"JkAutoAlias" One Server Call(auto_alias), c"a folder of web applications with static files";
    c"JkStripSession" OneOrTwo Server Call(strip_session), c"On or Off, and a path parameter";
    c"JkLogFile" One Server Call(log_file), c"the module's log, a file or |program";
    c"JkLogLevel" One Server Call(log_level), c"trace, debug, info, warn, error or emerg";
    c"JkLogStampFormat" One Server Call(log_stamp), c"format of the time stamp";
    c"JkRequestLogFormat" One Server Call(request_log_format), c"format of a line for each request";
    c"JkShmFile" One Global Call(shm_file), c"file name of the shared memory";
    c"RjkConfigFile" One Global Call(config_file), c"the TOML file with what is not mod_jk's";
    c"JkShmSize" One Global Call(shm_size), c"obsolete: the size is computed";
    c"JkWatchdogInterval" One Global Call(watchdog_interval), c"seconds between maintenance runs";
    c"JkOptions" Raw Server Call(options), c"flags, each with an optional + or -";
    c"JkEnvVar" OneOrTwo Server Call(env_var), c"a variable to send to Tomcat, and its default";
    c"JkExtractSSL" One Server Call(extract_ssl), c"On or Off: send what is known of TLS";
    c"JkWorkerIndicator" One Server Env(Indicator::Worker), c"variable that names the worker";
    c"JkRequestIdIndicator" One Server Env(Indicator::RequestId), c"variable with the request id";
    c"JkRemoteAddrIndicator" One Server Env(Indicator::RemoteAddr), c"variable with the client address";
    c"JkRemotePortIndicator" One Server Env(Indicator::RemotePort), c"variable with the client port";
    c"JkRemoteHostIndicator" One Server Env(Indicator::RemoteHost), c"variable with the client host";
    c"JkRemoteUserIndicator" One Server Env(Indicator::RemoteUser), c"variable with the user";
    c"JkAuthTypeIndicator" One Server Env(Indicator::AuthType), c"variable with the auth type";
    c"JkLocalNameIndicator" One Server Env(Indicator::LocalName), c"variable with the server name";
    c"JkLocalAddrIndicator" One Server Env(Indicator::LocalAddr), c"variable with the server address";
    c"JkLocalPortIndicator" One Server Env(Indicator::LocalPort), c"variable with the server port";
    c"JkIgnoreCLIndicator" One Server Env(Indicator::IgnoreCl), c"variable that voids Content-Length";
    c"JkHTTPSIndicator" One Server Env(Indicator::Https), c"variable that is on under TLS";
    c"JkSSLPROTOCOLIndicator" One Server Env(Indicator::SslProtocol), c"variable with the TLS protocol";
    c"JkCERTSIndicator" One Server Env(Indicator::Certs), c"variable with the client certificate";
    c"JkCIPHERIndicator" One Server Env(Indicator::Cipher), c"variable with the cipher";
    c"JkSESSIONIndicator" One Server Env(Indicator::Session), c"variable with the TLS session";
    c"JkKEYSIZEIndicator" One Server Env(Indicator::KeySize), c"variable with the key size";
    c"JkCERTCHAINPrefix" One Server Env(Indicator::CertChainPrefix), c"prefix of certificate chain variables";
};

const COUNT: usize = 38;

/// The table that httpd reads, with an empty entry at its end.
#[repr(transparent)]
pub(crate) struct Commands([sys::command_rec; COUNT + 1]);

// SAFETY: the table is never written; its pointers go to statics.
unsafe impl Sync for Commands {}

pub(crate) static COMMANDS: Commands = Commands(commands());

impl Commands {
    pub(crate) const fn as_ptr(&self) -> *const sys::command_rec {
        self.0.as_ptr()
    }
}

const fn commands() -> [sys::command_rec; COUNT + 1] {
    let mut table = [END; COUNT + 1];
    let mut i = 0;
    assert!(DIRECTIVES.len() == COUNT);
    while i < COUNT {
        table[i] = command(&DIRECTIVES[i]);
        i += 1;
    }
    table
}

const END: sys::command_rec = sys::command_rec {
    name: std::ptr::null(),
    func: sys::cmd_func { no_args: None },
    cmd_data: std::ptr::null_mut(),
    req_override: 0,
    args_how: sys::cmd_how_NO_ARGS,
    errmsg: std::ptr::null(),
};

/// httpd hands over the rest of each line as it is: the number of arguments is checked here, so that
/// one place decides what becomes of a mistake.
const fn command(directive: &'static Directive) -> sys::command_rec {
    let req_override = match directive.context {
        Context::Section => sys::RSRC_CONF | sys::ACCESS_CONF,
        Context::Global | Context::Server => sys::RSRC_CONF,
    };
    sys::command_rec {
        name: directive.name.as_ptr(),
        func: sys::cmd_func {
            raw_args: Some(directive_line),
        },
        cmd_data: std::ptr::from_ref(directive).cast_mut().cast(),
        req_override: req_override as c_int,
        args_how: sys::cmd_how_RAW_ARGS,
        errmsg: directive.help.as_ptr(),
    }
}

unsafe extern "C" fn directive_line(
    parms: *mut sys::cmd_parms,
    _section: *mut c_void,
    line: *const c_char,
) -> *const c_char {
    const DEFECT: &str = "a defect in mod_rjk, see the error log";
    let applied = catch("a directive", Err(DEFECT.to_owned()), || {
        if Purpose::of_this_run() == Purpose::Stop {
            return Ok(());
        }
        // SAFETY: httpd passes its live parameters and a C string, from its only thread.
        unsafe { apply(parms, line) }
    });
    let Err(message) = applied else {
        return std::ptr::null();
    };
    // SAFETY: as above.
    catch("a refusal", c"a defect in mod_rjk".as_ptr(), || unsafe {
        refuse(parms, message)
    })
}

/// What httpd says and does about a mistake: null lets it go on.
///
/// # Safety
/// As [`apply`].
unsafe fn refuse(parms: *mut sys::cmd_parms, message: String) -> *const c_char {
    // SAFETY: as promised.
    unsafe {
        let name = CStr::from_ptr((*(*parms).cmd).name).to_string_lossy();
        let text = if message.starts_with(&*name) {
            message
        } else {
            format!("{name}: {message}")
        };
        let text_with_place = || format!("{}: {text}", location(parms));
        let server = (*parms).server;
        if LastGood::of(server).is_some()
            && let Some(slot) = ServerSlot::of_mut(server)
        {
            slot.faults.push(text_with_place());
            return std::ptr::null();
        }
        if !Purpose::of_this_run().refuses() {
            let text = format!("mod_rjk: {}", text_with_place());
            to_error_log(sys::APLOG_EMERG, Some((*parms).server), &text);
            return std::ptr::null();
        }
        Pool::from_raw((*parms).pool)
            .map_or(std::ptr::null_mut(), |pool| pool.string(text.as_bytes()))
    }
}

/// # Safety
/// `parms` is what httpd passed to a command, the line is a C string of its pool.
unsafe fn apply(parms: *mut sys::cmd_parms, line: *const c_char) -> Result<(), String> {
    // SAFETY: as promised; `cmd_data` was set by `command`, the server's slot by `server::create`.
    unsafe {
        let directive = &*(*(*parms).cmd).cmd_data.cast::<Directive>();
        point(&directive.name.to_string_lossy());
        if directive.context == Context::Global {
            let misplaced = bytes(sys::ap_check_cmd_context(parms, sys::GLOBAL_ONLY));
            if let Some(message) = misplaced {
                return Err(String::from_utf8_lossy(message).into_owned());
            }
        }
        let pool = Pool::from_raw((*parms).pool).ok_or("there is no pool")?;
        let (first, second) = directive.arguments.split(pool, line, directive)?;
        let mut setting = setting(parms, first, second, pool)?;
        directive.apply.run(&mut setting)
    }
}

type Words = (*const c_char, *const c_char);

impl Arguments {
    /// The arguments in a line, counted as httpd counts them.
    ///
    /// # Safety
    /// `line` is a C string.
    unsafe fn split(
        self,
        pool: Pool<'_>,
        mut line: *const c_char,
        directive: &Directive,
    ) -> Result<Words, String> {
        if let Arguments::Raw = self {
            return Ok((line, std::ptr::null()));
        }
        let two = matches!(self, Arguments::OneOrTwo);
        let mut second: *const c_char = std::ptr::null();
        // SAFETY: httpd moves the pointer within the line, at most to its end; words are C strings
        // of the pool.
        let (first, is_wrong) = unsafe {
            let first = sys::ap_getword_conf(pool.as_ptr(), &raw mut line);
            if two && *line != 0 {
                second = sys::ap_getword_conf(pool.as_ptr(), &raw mut line);
            }
            (first.cast_const(), *first == 0 || *line != 0)
        };
        if is_wrong {
            let count = if two {
                "one or two arguments"
            } else {
                "one argument"
            };
            let (name, help) = (directive.name, directive.help);
            let (name, help) = (name.to_string_lossy(), help.to_string_lossy());
            return Err(format!("{name} takes {count}, {help}"));
        }
        Ok((first, second))
    }
}

/// Where a directive stands.
///
/// # Safety
/// As [`apply`].
unsafe fn location(parms: *mut sys::cmd_parms) -> Location {
    // SAFETY: as promised.
    unsafe {
        let directive = (*parms).directive;
        let file = bytes((*directive).filename).unwrap_or(b"httpd");
        Location::new(String::from_utf8_lossy(file), (*directive).line_num as u32)
    }
}

/// # Safety
/// As [`apply`].
unsafe fn setting<'a>(
    parms: *mut sys::cmd_parms,
    first: *const c_char,
    second: *const c_char,
    pool: Pool<'a>,
) -> Result<Setting<'a>, String> {
    // SAFETY: as promised.
    unsafe {
        let server = (*parms).server;
        let slot = ServerSlot::of_mut(server).ok_or("the server has no configuration")?;
        let raw = Raw {
            section: bytes((*parms).path),
            first: bytes(first).unwrap_or_default(),
            second: bytes(second),
        };
        Ok(Setting {
            slot,
            is_main: (*server).is_virtual == 0,
            is_restart: LastGood::of(server).is_some(),
            section: section(parms, pool),
            location: location(parms),
            first: pool.text(raw.first),
            second: raw.second.map(|second| pool.text(second)),
            raw,
            pool,
        })
    }
}

impl Apply {
    fn run(self, setting: &mut Setting<'_>) -> Result<(), String> {
        match self {
            Apply::Call(call) => call(setting),
            Apply::Indicator(indicator) => {
                setting
                    .slot
                    .directives
                    .set_indicator(indicator, setting.first);
                Ok(())
            }
        }
    }
}
