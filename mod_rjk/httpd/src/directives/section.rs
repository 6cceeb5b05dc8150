//! The section that a directive stands in.

use crate::ffi::apr::{Pool, bytes};
use crate::ffi::sys;
use rjk_config::server::Section;

/// The innermost section around a directive; `None` outside of all.
///
/// # Safety
/// `parms` is what httpd passed to a command; `'a` ends with that call.
pub(super) unsafe fn section<'a>(
    parms: *mut sys::cmd_parms,
    pool: Pool<'a>,
) -> Option<Section<'a>> {
    // SAFETY: as promised; the path is null or a C string.
    let path = pool.text(unsafe { bytes((*parms).path) }?);
    // SAFETY: as promised: the directive and those around it live as long as the configuration.
    let (name, is_regex) = unsafe { around((*parms).directive) };
    Some(Section {
        name,
        path,
        is_regex,
    })
}

/// The name of the innermost section, and whether its argument is a regular expression.
///
/// # Safety
/// `directive` is null or alive, and so are those that it is in.
unsafe fn around(mut directive: *const sys::ap_directive_t) -> (&'static str, bool) {
    // SAFETY: as promised; name and arguments are null or C strings.
    unsafe {
        while !directive.is_null() {
            let name = bytes((*directive).directive).and_then(|name| name.strip_prefix(b"<"));
            let is =
                |known: &&str| name.is_some_and(|name| name.eq_ignore_ascii_case(known.as_bytes()));
            if let Some(known) = Section::NAMES.into_iter().find(is) {
                let arguments = bytes((*directive).args).unwrap_or(b"");
                let is_regex =
                    known.ends_with("Match") || arguments.trim_ascii_start().starts_with(b"~");
                return (known, is_regex);
            }
            directive = (*directive).parent;
        }
    }
    ("Section", false)
}
