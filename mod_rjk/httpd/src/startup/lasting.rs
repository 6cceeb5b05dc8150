//! What outlives configurations besides the last good one: compiled policies, with the memory that old and
//! new children share for them.

use super::policies;
use crate::ffi::apr::{Kept, Pool};
use crate::ffi::sys;
use crate::server::last_good::process_pool;
use rjk_config::error::ConfigError;
use std::borrow::Cow;
use std::ffi::{CStr, CString};

/// Kept from the first check to the end of the process, httpd's unloading and loading of the module in
/// between. Only httpd's main thread, in the parent, looks at it.
#[derive(Default)]
pub(crate) struct Lasting {
    pub(super) policies: policies::Lasting,
}

// SAFETY: the name holds an address of this very image, so that another build of the module, which
// a restart may load beside this one, keeps its own.
unsafe impl Kept for Lasting {
    fn key() -> Cow<'static, CStr> {
        static HERE: u8 = 0;
        let key = format!(
            "mod_rjk: what outlasts configurations of {:p}",
            &raw const HERE
        );
        CString::new(key).unwrap_or_default().into()
    }
}

impl Lasting {
    /// That of this process.
    ///
    /// # Errors
    /// httpd gave the server no process, which it never does.
    ///
    /// # Safety
    /// `server` is a server of a configuration that lives for `'s`.
    pub(super) unsafe fn of<'s>(
        server: *const sys::server_rec,
    ) -> Result<&'s Lasting, ConfigError> {
        // SAFETY: as promised; the pool of the process lives longer.
        let pool = unsafe { process_pool(server) };
        let pool = pool.ok_or_else(|| ConfigError::new(None, "the server has no process"))?;
        let known = Pool::kept(pool);
        Ok(known.unwrap_or_else(|| pool.keep(Lasting::default())))
    }
}
