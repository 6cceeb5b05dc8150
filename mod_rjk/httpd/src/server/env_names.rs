//! The environment variables that requests read (contract §1.2, §1.6).

use bstr::BString;
use rjk_config::server::{Indicators, ServerConfig};
use std::ffi::CString;

/// How the names begin that are for this module alone.
pub(crate) const PREFIX: &str = "JK_";

/// The names of the environment variables, ready for look-ups.
#[derive(Debug)]
pub(crate) struct EnvNames {
    pub(crate) worker: CString,
    pub(crate) request_id: CString,
    pub(crate) remote_addr: CString,
    pub(crate) remote_port: CString,
    pub(crate) remote_host: CString,
    pub(crate) remote_user: CString,
    pub(crate) auth_type: CString,
    pub(crate) local_name: CString,
    pub(crate) local_addr: CString,
    pub(crate) local_port: CString,
    pub(crate) ignore_cl: CString,
    pub(crate) https: CString,
    pub(crate) ssl_protocol: CString,
    pub(crate) certs: CString,
    pub(crate) cipher: CString,
    pub(crate) session: CString,
    pub(crate) key_size: CString,
    pub(crate) cert_chain_prefix: Vec<u8>,
    /// `JkEnvVar` names with their defaults.
    pub(crate) sent: Vec<(CString, Option<BString>)>,
    /// All that are for this module alone begin with [`PREFIX`], as they do unless a directive says otherwise.
    pub(crate) have_prefix: bool,
    /// CGI variables may be among the names (D-37).
    pub(crate) wants_common_vars: bool,
}

impl EnvNames {
    pub(crate) fn new(config: &ServerConfig) -> EnvNames {
        let names = &config.indicators;
        EnvNames {
            worker: name(&names.worker),
            request_id: name(&names.request_id),
            remote_addr: name(&names.remote_addr),
            remote_port: name(&names.remote_port),
            remote_host: name(&names.remote_host),
            remote_user: name(&names.remote_user),
            auth_type: name(&names.auth_type),
            local_name: name(&names.local_name),
            local_addr: name(&names.local_addr),
            local_port: name(&names.local_port),
            ignore_cl: name(&names.ignore_cl),
            https: name(&names.https),
            ssl_protocol: name(&names.ssl_protocol),
            certs: name(&names.certs),
            cipher: name(&names.cipher),
            session: name(&names.session),
            key_size: name(&names.key_size),
            cert_chain_prefix: names.cert_chain_prefix.clone().into_bytes(),
            sent: config
                .env_vars
                .iter()
                .map(|var| (name(&var.name), var.default.clone()))
                .collect(),
            have_prefix: have_prefix(names),
            wants_common_vars: !config.env_vars.is_empty() || has_own_names(names),
        }
    }
}

/// With the default names no CGI variable is ever read, so they need not be made.
fn has_own_names(names: &Indicators) -> bool {
    *names != Indicators::default()
}

fn have_prefix(names: &Indicators) -> bool {
    let own = [
        &names.remote_addr,
        &names.remote_port,
        &names.remote_host,
        &names.remote_user,
        &names.auth_type,
        &names.local_name,
        &names.local_addr,
        &names.local_port,
    ];
    let has_prefix = |name: &&String| {
        name.get(..PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    };
    own.iter().all(has_prefix)
}

fn name(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}
