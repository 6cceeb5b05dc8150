//! What this process served with last. A restart by signal that finds a mistake goes on with it:
//! httpd would end the site otherwise.

use crate::ffi::apr::{Kept, Pool};
use crate::ffi::sys;
use crate::log::LogFile;
use bstr::{BStr, BString};
use rjk_config::directive::GlobalDirectives;
use rjk_config::server::ServerDirectives;
use rjk_proxy::worker::setup::TlsContexts;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Files as they were read.
pub(crate) type Texts = HashMap<PathBuf, Vec<u8>>;

/// Open logs by `JkLogFile`.
pub(crate) type Logs = HashMap<String, Arc<LogFile>>;

/// What a host and port resolved to.
pub(crate) type Addresses = HashMap<(BString, u16), Vec<SocketAddr>>;

/// A configuration that serves, as it was written, with what was made of certificates.
#[derive(Default)]
pub(crate) struct Good {
    pub(crate) global: GlobalDirectives,
    /// The own directives of each server: the main server, and virtual hosts by [`name_of`].
    pub(crate) servers: HashMap<String, ServerDirectives>,
    pub(crate) texts: Texts,
    /// How TLS with workers is set up, by their names.
    pub(crate) contexts: TlsContexts,
}

/// Kept from the first configuration that serves to the end of the process. Only httpd's main thread, in the
/// parent, looks at it.
#[derive(Default)]
pub(crate) struct LastGood {
    configuration: RefCell<Rc<Good>>,
    logs: RefCell<Logs>,
    addresses: RefCell<Addresses>,
}

// SAFETY: the name holds an address of this very image, so that another build of the module, which
// a restart may load beside this one, keeps its own.
unsafe impl Kept for LastGood {
    fn key() -> Cow<'static, CStr> {
        static HERE: u8 = 0;
        let key = format!(
            "mod_rjk: the last good configuration of {:p}",
            &raw const HERE
        );
        CString::new(key).unwrap_or_default().into()
    }
}

impl LastGood {
    /// `None` unless this is a restart.
    ///
    /// # Safety
    /// `server` is a server of a configuration that lives for `'s`.
    pub(crate) unsafe fn of<'s>(server: *const sys::server_rec) -> Option<&'s LastGood> {
        // SAFETY: as promised; the pool of the process lives longer.
        unsafe { process_pool(server) }.and_then(Pool::kept)
    }

    /// Remembers what is going to serve, with the logs that are open for it and where its workers are.
    ///
    /// # Safety
    /// As [`LastGood::of`].
    pub(crate) unsafe fn remember(
        server: *const sys::server_rec,
        good: Rc<Good>,
        logs: Logs,
        addresses: Addresses,
    ) {
        // SAFETY: as promised.
        let (known, pool) = unsafe { (LastGood::of(server), process_pool(server)) };
        let kept = known.or_else(|| pool.map(|pool| pool.keep(LastGood::default())));
        if let Some(kept) = kept {
            kept.configuration.replace(good);
            kept.logs.replace(logs);
            kept.addresses.replace(addresses);
        }
    }

    /// What served last.
    pub(crate) fn configuration(&self) -> Rc<Good> {
        self.configuration.borrow().clone()
    }

    /// What this host and port resolved to.
    pub(crate) fn addresses(&self, host: &BStr, port: u16) -> Option<Vec<SocketAddr>> {
        let addresses = self.addresses.borrow();
        addresses.get(&(host.to_owned(), port)).cloned()
    }

    /// The log that was open under this name.
    pub(crate) fn log(&self, target: &str) -> Option<Arc<LogFile>> {
        self.logs.borrow().get(target).cloned()
    }
}

/// The pool that lives as long as this process.
///
/// # Safety
/// As [`LastGood::of`].
pub(crate) unsafe fn process_pool<'s>(server: *const sys::server_rec) -> Option<Pool<'s>> {
    // SAFETY: as promised; a server always has its process.
    unsafe { Pool::from_raw((*(*server).process).pool) }
}

/// What tells a virtual host from others over a restart: its name, port and addresses, not its line.
///
/// # Safety
/// `server` is alive.
pub(crate) unsafe fn name_of(server: *const sys::server_rec) -> String {
    use crate::ffi::apr::bytes;
    let text = |raw| {
        // SAFETY: null or a C string of the configuration, as promised.
        let text = unsafe { bytes(raw) }.unwrap_or(b"");
        String::from_utf8_lossy(text).into_owned()
    };
    // SAFETY: as promised; the list of addresses lives with the server.
    unsafe {
        let mut name = format!("{}:{}", text((*server).server_hostname), (*server).port);
        let mut address = (*server).addrs;
        while let Some(next) = address.as_ref() {
            name.push_str(&format!(" {}:{}", text(next.virthost), next.host_port));
            address = next.next;
        }
        name
    }
}
