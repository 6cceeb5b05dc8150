//! mod_rjk: forwards requests from Apache httpd 2.4 to Tomcat over AJP/1.3, configured by mod_jk's
//! files. This crate is the boundary to httpd and the only one with unsafe code; what it does with
//! a request lives in `rjk-proxy`, `rjk-balance`, `rjk-ajp` and `rjk-config`.

mod child;
mod directives;
mod ffi;
mod hooks;
mod log;
mod request;
mod server;
mod startup;

use ffi::sys;

/// The module structure that httpd looks for. Name and symbol are mod_jk's, so that
/// `<IfModule jk_module>` and `<IfModule mod_jk.c>` keep their meaning.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static mut jk_module: sys::module = sys::module {
    version: sys::MODULE_MAGIC_NUMBER_MAJOR as i32,
    minor_version: sys::MODULE_MAGIC_NUMBER_MINOR as i32,
    module_index: -1,
    name: c"mod_jk.c".as_ptr(),
    magic: sys::MODULE_MAGIC_COOKIE as std::ffi::c_ulong,
    create_server_config: Some(server::slot::create),
    merge_server_config: Some(server::slot::merge),
    cmds: directives::table::COMMANDS.as_ptr(),
    register_hooks: Some(hooks::register),
    // SAFETY: null pointers, absent functions and zero numbers are valid for the other fields,
    // which differ between versions of httpd's headers.
    ..unsafe { std::mem::zeroed() }
};
