//! What environment variables say about a request (contract §1.6, §3.3).

use crate::ffi::request::RequestRec;
use crate::server::env_names::EnvNames;
use bstr::BString;
use rjk_config::server::{env_reply_timeout, env_truth};
use rjk_proxy::job::request::EnvOverrides;
use std::ffi::{CStr, CString};

/// An environment variable, or what httpd knows; an empty value means "send null".
pub(super) fn env_or<'r>(
    request: RequestRec<'r>,
    name: &CStr,
    known: impl FnOnce() -> Option<&'r [u8]>,
) -> Option<&'r [u8]> {
    match request.env().get(name) {
        Some(b"") => None,
        Some(value) => Some(value),
        None => known(),
    }
}

/// The values of `JkEnvVar` (D-37): the variable's, even an empty one, else the default.
pub(super) fn sent_env<'r>(
    request: RequestRec<'r>,
    names: &'static EnvNames,
) -> Vec<(&'r [u8], &'r [u8])> {
    let value = |(name, default): &'static (CString, Option<BString>)| {
        let value = request
            .env()
            .get(name)
            .or_else(|| default.as_ref().map(|default| default.as_slice()))?;
        Some((name.to_bytes(), value))
    };
    names.sent.iter().filter_map(value).collect()
}

/// Overrides by environment variables (E-03…E-06).
pub(super) fn overrides(request: RequestRec<'_>) -> EnvOverrides<'_> {
    let env = request.env();
    EnvOverrides {
        reply_timeout: env.get(c"JK_REPLY_TIMEOUT").and_then(env_reply_timeout),
        sticky_ignore: env.get(c"JK_STICKY_IGNORE").map(env_truth),
        stateless: env.get(c"JK_STATELESS").map(env_truth),
        route: env.get(c"JK_ROUTE").filter(|route| !route.is_empty()),
    }
}
