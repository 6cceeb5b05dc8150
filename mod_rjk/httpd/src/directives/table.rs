//! The command table.

use super::section::section;
use crate::ffi::apr::{Pool, bytes, server_root_relative};
use crate::ffi::error_log::to_error_log;
use crate::ffi::guard::{catch, point};
use crate::ffi::purpose::Purpose;
use crate::ffi::sys;
use crate::server::last_good::LastGood;
use crate::server::slot::ServerSlot;
use rjk_config::directive::{ALL, Arguments, Context, Directive, Raw, ServerRoot, Setting};
use rjk_config::error::Location;
use std::ffi::{CStr, c_char, c_int, c_void};

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
    assert!(ALL.len() == COUNT);
    while i < COUNT {
        table[i] = command(&ALL[i]);
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
        name: directive.text.as_ptr(),
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
        point(directive.as_str());
        if directive.context == Context::Global {
            let misplaced = bytes(sys::ap_check_cmd_context(parms, sys::GLOBAL_ONLY));
            if let Some(message) = misplaced {
                return Err(String::from_utf8_lossy(message).into_owned());
            }
        }
        let pool = Pool::from_raw((*parms).pool).ok_or("there is no pool")?;
        let (first, second) = split(directive, pool, line)?;
        let root = Root(pool);
        let mut setting = setting(parms, first, second, &root)?;
        directive.name.apply(&mut setting)
    }
}

type Words = (*const c_char, *const c_char);

/// The arguments in a line, counted as httpd counts them.
///
/// # Safety
/// `line` is a C string.
unsafe fn split(
    directive: &Directive,
    pool: Pool<'_>,
    mut line: *const c_char,
) -> Result<Words, String> {
    if directive.arguments == Arguments::Raw {
        return Ok((line, std::ptr::null()));
    }
    let two = directive.arguments == Arguments::OneOrTwo;
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
    match is_wrong {
        true => Err(directive.wrong_count()),
        false => Ok((first, second)),
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
    root: &'a Root<'a>,
) -> Result<Setting<'a>, String> {
    let pool = root.0;
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
            written: &mut slot.written,
            is_main: (*server).is_virtual == 0,
            is_restart: LastGood::of(server).is_some(),
            section: section(parms, pool),
            location: location(parms),
            first: pool.text(raw.first),
            second: raw.second.map(|second| pool.text(second)),
            raw,
            root,
        })
    }
}

/// httpd's own ServerRoot.
struct Root<'p>(Pool<'p>);

impl ServerRoot for Root<'_> {
    fn file(&self, name: &str) -> String {
        server_root_relative(self.0, name)
    }
}
