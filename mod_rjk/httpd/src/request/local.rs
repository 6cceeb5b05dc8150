//! Requests that stay here although the server has mounts: `JkAutoAlias` and `JkStripSession`
//! (contract §1.5, D-09).

use crate::ffi::answer::{DECLINED, FORBIDDEN, NOT_FOUND, OK};
use crate::ffi::file_type::FileType;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use rjk_config::server::Aliased;
use std::ffi::{OsStr, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What the translate_name hook answers for a path that no mount takes.
pub(super) fn alias(request: RequestRec<'_>, ready: &Ready, normalised: &[u8]) -> c_int {
    match ready.config.alias(normalised, |name| path(name).is_dir()) {
        Aliased::Elsewhere => DECLINED,
        Aliased::Hidden => NOT_FOUND,
        Aliased::Packed => FORBIDDEN,
        Aliased::File(name) => serve(request, &name, normalised),
    }
}

/// Has httpd serve a file, by the rules that it has for the file's folder and for the URI.
fn serve(request: RequestRec<'_>, name: &[u8], normalised: &[u8]) -> c_int {
    // AA-04: an index file that mod_dir tries in vain here may be somewhere else.
    let is_tried = request
        .main()
        .is_some_and(|page| page.file_type() == FileType::Folder);
    if is_tried && !path(name).is_file() {
        return DECLINED;
    }
    request.set_filename(name);
    // Rules of <Location> go by the path that is served, and not by one that leads to it.
    request.set_uri(normalised);
    OK
}

/// Takes the session id off the URI and the file of a request that stays here.
pub(super) fn strip_session(request: RequestRec<'_>, ready: &Ready) {
    let file = request.filename().unwrap_or_default();
    let (uri, file) = ready.config.without_session(request.uri(), file);
    if let Some(uri) = uri {
        request.set_uri(&uri);
    }
    if let Some(file) = file {
        request.set_filename(&file);
    }
}

fn path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}
