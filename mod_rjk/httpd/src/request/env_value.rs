//! What environment variables say about a request (contract §1.6, §3.3).

use crate::ffi::apr::Table;
use crate::ffi::request::RequestRec;
use crate::server::env_names::{EnvNames, PREFIX};
use bstr::BString;
use rjk_config::server::{env_reply_timeout, env_truth};
use rjk_proxy::job::request::EnvOverrides;
use std::ffi::{CStr, CString};

/// The environment variables of a request that are for this module alone. Nearly always there are none,
/// which one look at the names shows: then none is looked for.
#[derive(Clone, Copy)]
pub(super) struct OwnEnv<'r>(Option<Table<'r>>);

impl<'r> OwnEnv<'r> {
    pub(super) fn of(request: RequestRec<'r>, names: &EnvNames) -> OwnEnv<'r> {
        let env = request.env();
        let has_own = !names.have_prefix || env.has_name_with(PREFIX);
        OwnEnv(has_own.then_some(env))
    }

    /// The value of a variable.
    pub(super) fn get(self, name: &CStr) -> Option<&'r [u8]> {
        self.0?.get(name)
    }

    /// The value, or what httpd knows; an empty one means "send null".
    pub(super) fn or(
        self,
        name: &CStr,
        known: impl FnOnce() -> Option<&'r [u8]>,
    ) -> Option<&'r [u8]> {
        match self.get(name) {
            Some(b"") => None,
            Some(value) => Some(value),
            None => known(),
        }
    }

    /// Overrides (E-03…E-06).
    pub(super) fn overrides(self) -> EnvOverrides<'r> {
        EnvOverrides {
            reply_timeout: self.get(c"JK_REPLY_TIMEOUT").and_then(env_reply_timeout),
            sticky_ignore: self.get(c"JK_STICKY_IGNORE").map(env_truth),
            stateless: self.get(c"JK_STATELESS").map(env_truth),
            route: self.get(c"JK_ROUTE").filter(|route| !route.is_empty()),
        }
    }
}

/// The values of `JkEnvVar` (D-37): the variable's, even an empty one, else the default.
pub(super) fn sent_env<'r>(
    request: RequestRec<'r>,
    names: &'static EnvNames,
) -> &'r [(&'r [u8], &'r [u8])] {
    if names.sent.is_empty() {
        return &[];
    }
    let value = |(name, default): &'static (CString, Option<BString>)| {
        let value = request
            .env()
            .get(name)
            .or_else(|| default.as_ref().map(|default| default.as_slice()))?;
        Some((name.to_bytes(), value))
    };
    let sent = names.sent.iter().filter_map(value);
    request.pool().slice(names.sent.len(), sent)
}
