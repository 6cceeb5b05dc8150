//! Folders that mod_dir looks into: it tries its index files as sub-requests, and when one of them is
//! mounted and none is a file here, the folder itself goes to the worker (contract G-06).
//!
//! Many modules look up a mounted path on behalf of a request, before its authorization too: mod_rewrite
//! (`-U`, `-F`, `LA-U`), expressions, mod_autoindex, mod_negotiation, mod_include, mod_cgi. None of them
//! means that the request is to be forwarded. mod_dir does, in its fixups hook, which runs after the
//! authorization. Two fixups hooks around that one tell it from the others.

use super::mapping::{HANDLER, mark};
use super::state::{self, Lookup, RequestState};
use crate::ffi::answer::DECLINED;
use crate::ffi::file_type::FileType;
use crate::ffi::request::RequestRec;
use std::ffi::c_int;

/// The fixups hook before mod_dir's.
pub(crate) fn before_mod_dir(request: RequestRec<'_>) -> c_int {
    if may_have_index_file(request) && state::of(request).is_none() {
        state::set(request, RequestState::Folder(Lookup::default()));
    }
    DECLINED
}

/// mod_dir has index files for folders, and a fallback for what is neither a file nor anybody's.
fn may_have_index_file(request: RequestRec<'_>) -> bool {
    match request.file_type() {
        FileType::Folder => !request.has_handler(HANDLER),
        FileType::Nothing => request.handler().is_none(),
        FileType::Other => false,
    }
}

/// The fixups hook after mod_dir's. It does not run when mod_dir answered with an error: the client may
/// not see the index file, then.
pub(crate) fn after_mod_dir(request: RequestRec<'_>) -> c_int {
    let Some(lookup) = state::lookup(request) else {
        return DECLINED;
    };
    let tried = lookup.take_tried();
    state::clear(request);
    // An index file that is here, or that mod_proxy fetches, has become the folder's request.
    if let Some(worker) = tried
        && request.file_type() != FileType::Other
        && !request.is_proxy_request()
    {
        mark(request, worker);
    }
    DECLINED
}
