//! What all servers of one configuration share.

use super::policies::LoadedPolicies;
use crate::ffi::apr::{Kept, Pool};
use crate::ffi::sys;
use crate::server::last_good::Good;
use crate::server::ready::Ready;
use crate::server::slot::{ServerSlot, servers};
use bstr::BString;
use once_cell::sync::OnceCell;
use rjk_balance::{Segment, Topology};
use rjk_config::workers::Workers;
use rjk_proxy::worker::setup::TlsContexts;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::CStr;
use std::net::SocketAddr;
use std::rc::Rc;

/// One loaded configuration, for all servers. The configuration pool keeps it: a restart makes a
/// new one.
pub(crate) struct Generation {
    /// The first of its servers.
    pub(super) main: *mut sys::server_rec,
    pub(crate) workers: Workers,
    pub(crate) topology: Topology,
    pub(crate) watchdog_seconds: u64,
    /// Where workers listen; filled by post_config.
    pub(crate) addresses: OnceCell<HashMap<BString, Vec<SocketAddr>>>,
    /// What TLS is set up with, of each worker that is spoken to in it.
    pub(crate) tls: TlsContexts,
    /// The shared memory; filled by post_config of the pass that will serve.
    pub(crate) segment: OnceCell<Segment>,
    /// Routing policies, checked and compiled.
    pub(crate) policies: LoadedPolicies,
    pub(super) shm_base: String,
    /// What is tolerated and should be known, each text once.
    pub(super) warnings: Vec<String>,
    /// What a restart went on in spite of; the error log has it, and the status page.
    pub(crate) emergencies: Vec<String>,
    /// What it was read from.
    pub(super) source: Rc<Good>,
}

// SAFETY: the name is this module's, and so is what this type is kept under.
unsafe impl Kept for Generation {
    fn key() -> Cow<'static, CStr> {
        c"mod_rjk: the generation".into()
    }
}

impl Generation {
    /// The generation of a configuration; `None` before it was checked.
    ///
    /// # Safety
    /// `main` is the main server of a configuration that lives for `'s`.
    pub(crate) unsafe fn of<'s>(main: *const sys::server_rec) -> Option<&'s Generation> {
        // SAFETY: as promised; httpd's configuration pool lives as long as the configuration.
        unsafe { Pool::from_raw((*(*main).process).pconf) }.and_then(Pool::kept)
    }

    /// What all servers serve with, the main server first.
    pub(crate) fn ready(&self) -> impl Iterator<Item = &Ready> {
        // SAFETY: the servers and their slots live as long as the configuration, which this belongs to;
        // they change only before requests come.
        let slots = unsafe { servers(self.main).filter_map(|server| ServerSlot::of(server)) };
        slots.filter_map(|slot| slot.ready.as_ref())
    }
}
