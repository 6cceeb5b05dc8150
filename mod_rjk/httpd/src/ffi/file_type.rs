//! What httpd found where a file name points.

use crate::ffi::sys;

/// What a file name points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileType {
    /// To nothing, or it was not looked at.
    Nothing,
    Folder,
    /// To a file or the like.
    Other,
}

impl From<sys::apr_filetype_e> for FileType {
    fn from(found: sys::apr_filetype_e) -> FileType {
        match found {
            sys::apr_filetype_e_APR_NOFILE => FileType::Nothing,
            sys::apr_filetype_e_APR_DIR => FileType::Folder,
            _ => FileType::Other,
        }
    }
}
