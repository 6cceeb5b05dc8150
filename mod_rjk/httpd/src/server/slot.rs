//! The module's slot in a server: the directives as they were written, and what became of them.

use crate::ffi::apr::Pool;
use crate::ffi::sys;
use crate::server::ready::Ready;
use rjk_config::directive::Written;
use std::ffi::c_void;

/// The module's slot in a `server_rec`.
pub(crate) struct ServerSlot {
    /// This server's own directives.
    pub(crate) written: Written,
    /// Mistakes in directives that do not end this run: a restart by signal goes on.
    pub(crate) faults: Vec<String>,
    /// Filled when the configuration was checked.
    pub(crate) ready: Option<Ready>,
}

impl ServerSlot {
    fn new(is_main: bool) -> ServerSlot {
        ServerSlot {
            written: Written::nothing(is_main),
            faults: Vec::new(),
            ready: None,
        }
    }

    /// The slot of a virtual host: what it inherits is found when the configuration is checked.
    pub(crate) fn of_vhost(own: Option<&ServerSlot>) -> ServerSlot {
        let mut slot = ServerSlot::new(false);
        if let Some(own) = own {
            slot.written = own.written.clone();
            slot.faults = own.faults.clone();
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
