//! The module's slot in a server: the directives as they were written, and what became of them.

use crate::ffi::apr::Pool;
use crate::ffi::sys;
use crate::server::ready::Ready;
use rjk_config::error::{Location, Warning};
use rjk_config::server::ServerDirectives;
use std::ffi::c_void;

/// The module's slot in a `server_rec`.
pub(crate) struct ServerSlot {
    /// This server's own directives.
    pub(crate) directives: ServerDirectives,
    /// Directives that only the main server may have.
    pub(crate) global: GlobalDirectives,
    /// Where this server's `JkLogFile` is, for messages; `None` when it inherits one.
    pub(crate) log_file_at: Option<Location>,
    /// Mistakes in directives that do not end this run: a restart by signal goes on.
    pub(crate) faults: Vec<String>,
    /// Warnings of single directives.
    pub(crate) warnings: Vec<Warning>,
    /// Filled when the configuration was checked.
    pub(crate) ready: Option<Ready>,
}

/// The directives of context G (contract §1.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct GlobalDirectives {
    /// `JkWorkersFile` (D-01).
    pub(crate) workers_file: Option<(String, Location)>,
    /// `JkWorkerProperty` lines (D-02).
    pub(crate) worker_properties: Vec<(Vec<u8>, Location)>,
    /// `RjkConfigFile`: the settings that mod_jk does not know.
    pub(crate) config_file: Option<(String, Location)>,
    /// `JkShmFile` (D-14).
    pub(crate) shm_file: Option<(String, Location)>,
    /// `JkWatchdogInterval` in seconds, 0 is off (D-16).
    pub(crate) watchdog_seconds: u64,
}

impl ServerSlot {
    fn new(is_main: bool) -> ServerSlot {
        let directives = if is_main {
            ServerDirectives::main()
        } else {
            ServerDirectives::vhost()
        };
        ServerSlot {
            directives,
            global: GlobalDirectives::default(),
            log_file_at: None,
            faults: Vec::new(),
            warnings: Vec::new(),
            ready: None,
        }
    }

    /// The slot of a virtual host: what it inherits is found when the configuration is checked.
    pub(crate) fn of_vhost(own: Option<&ServerSlot>) -> ServerSlot {
        let mut slot = ServerSlot::new(false);
        if let Some(own) = own {
            slot.directives = own.directives.clone();
            slot.log_file_at = own.log_file_at.clone();
            slot.faults = own.faults.clone();
            slot.warnings = own.warnings.clone();
        }
        slot
    }

    /// The slot of a server.
    ///
    /// # Safety
    /// `server` is null or a server of httpd's current configuration, which lives for `'s`, and
    /// nobody changes the slot during `'s`: requests run only after the configuration is complete.
    pub(crate) unsafe fn of<'s>(server: *const sys::server_rec) -> Option<&'s ServerSlot> {
        // SAFETY: as promised; only this module fills its slot.
        unsafe { slot_pointer(server).as_ref() }
    }

    /// The slot of a server, to change it.
    ///
    /// # Safety
    /// As [`ServerSlot::of`], while httpd's only thread configures, and no other reference exists.
    pub(crate) unsafe fn of_mut<'s>(server: *const sys::server_rec) -> Option<&'s mut ServerSlot> {
        // SAFETY: as promised.
        unsafe { slot_pointer(server).as_mut() }
    }
}

/// # Safety
/// `server` is null or alive.
unsafe fn slot_pointer(server: *const sys::server_rec) -> *mut ServerSlot {
    if server.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the server is alive; the module structure is static.
    unsafe { sys::rjk_server_config(server).cast() }
}

/// All servers of a configuration, the main server first.
///
/// # Safety
/// `main` is the main server of a configuration that lives as long as the iterator is used.
pub(crate) unsafe fn servers(
    main: *mut sys::server_rec,
) -> impl Iterator<Item = *mut sys::server_rec> {
    std::iter::successors((!main.is_null()).then_some(main), |server| {
        // SAFETY: as promised; the list is linked by `next`.
        let next = unsafe { (**server).next };
        (!next.is_null()).then_some(next)
    })
}

/// httpd's `create_server_config`.
pub(crate) unsafe extern "C" fn create(
    pool: *mut sys::apr_pool_t,
    server: *mut sys::server_rec,
) -> *mut c_void {
    crate::ffi::guard::catch("create_server_config", std::ptr::null_mut(), || {
        // SAFETY: httpd passes its configuration pool and a live server.
        let (pool, is_main) = unsafe { (Pool::from_raw(pool), (*server).is_virtual == 0) };
        pool.map_or(std::ptr::null_mut(), |pool| {
            std::ptr::from_mut(pool.own(ServerSlot::new(is_main))).cast()
        })
    })
}

/// httpd's `merge_server_config`. Null is found by the check: with the main server's slot in its place
/// a virtual host would lose its rules.
pub(crate) unsafe extern "C" fn merge(
    pool: *mut sys::apr_pool_t,
    _base: *mut c_void,
    own: *mut c_void,
) -> *mut c_void {
    crate::ffi::guard::catch("merge_server_config", std::ptr::null_mut(), || {
        // SAFETY: httpd passes its configuration pool and a slot that `create` made.
        let (pool, own) = unsafe { (Pool::from_raw(pool), own.cast::<ServerSlot>().as_ref()) };
        pool.map_or(std::ptr::null_mut(), |pool| {
            std::ptr::from_mut(pool.own(ServerSlot::of_vhost(own))).cast()
        })
    })
}
