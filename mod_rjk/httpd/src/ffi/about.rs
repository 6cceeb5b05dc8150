//! What httpd says of itself: its version, its servers and its clock.

use crate::ffi::apr::bytes;
use crate::ffi::sys;
use std::time::Duration;

/// The version of the web server with those of its modules, whatever `ServerTokens` tells clients.
pub(crate) fn description() -> &'static [u8] {
    // SAFETY: httpd returns a string of its configuration, which outlives every request.
    unsafe { bytes(sys::ap_get_server_description()) }.unwrap_or(b"")
}

/// The main server of the running configuration.
pub(crate) fn main_server() -> *mut sys::server_rec {
    // SAFETY: httpd sets the variable before any child serves, and does not change it then.
    unsafe { sys::ap_server_conf }
}

/// How people know a server: `host`, `host:port`, or for a virtual host `host [address:port]`; no port
/// where none is said.
///
/// # Safety
/// `server` is a server of the running configuration.
pub(crate) unsafe fn server_text(server: *const sys::server_rec) -> Vec<u8> {
    // SAFETY: as promised; its strings and addresses live as long as it does.
    unsafe {
        let server = &*server;
        let name = bytes(server.server_hostname).unwrap_or(b"");
        let address = server.addrs.as_ref().filter(|_| server.is_virtual != 0);
        let place = match address {
            Some(address) => {
                let host = bytes(address.virthost).unwrap_or(b"*");
                let port = match address.host_port {
                    0 => String::new(),
                    port => format!(":{port}"),
                };
                [b" [", host, port.as_bytes(), b"]"].concat()
            }
            None if server.port != 0 => format!(":{}", server.port).into_bytes(),
            None => Vec::new(),
        };
        [name, &place].concat()
    }
}

/// Local time of a moment in seconds since 1970.
pub(crate) fn local_time(unix: i64) -> sys::apr_time_exp_t {
    // SAFETY: a zeroed apr_time_exp_t is valid; APR fills it, or leaves it as it is.
    unsafe {
        let mut time: sys::apr_time_exp_t = std::mem::zeroed();
        sys::apr_time_exp_lt(&mut time, unix.saturating_mul(1_000_000));
        time
    }
}

/// Time since 1970.
pub(crate) fn unix_time() -> Duration {
    // SAFETY: no preconditions.
    let micros = unsafe { sys::apr_time_now() };
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
