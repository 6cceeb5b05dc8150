//! What the module knows of a request: the configuration that serves it, its id in the log, and
//! what mapping found out.

use crate::ffi::answer::OK;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use crate::server::slot::ServerSlot;
use rjk_config::uri_map::Mount;
use std::cell::Cell;
use std::ffi::c_int;

/// The server's configuration. It outlives every request of this child: httpd frees it with the
/// configuration pool, which ends after the last request.
pub(crate) fn ready(request: RequestRec<'_>) -> Option<&'static Ready> {
    // SAFETY: the server outlives the request; the slot was made by `create_server_config`.
    let slot = unsafe { ServerSlot::of(request.server()) };
    let ready = slot?.ready.as_ref()?;
    // SAFETY: see above; children never reload.
    Some(unsafe { &*std::ptr::from_ref(ready) })
}

/// Stands for the request id in log lines when there is none (J-06).
pub(super) const PHASE: &str = "JK_TRANSLATE";

/// The id of the request in log lines (D-18, J-06); `phase` when there is none.
pub(crate) fn request_id<'r>(
    request: RequestRec<'r>,
    ready: &Ready,
    phase: &'static str,
) -> &'r str {
    let env = request.env();
    let id = env.get(&ready.env.request_id).filter(|id| !id.is_empty());
    let id = id
        .or_else(|| env.get(c"UNIQUE_ID"))
        .filter(|id| !id.is_empty());
    id.map_or(phase, |id| request.pool().text(id))
}

/// What the module keeps for a request.
pub(crate) enum RequestState<'r> {
    /// It is mapped.
    Mapped(Mapped<'r>),
    /// mod_dir may be looking for an index file.
    Folder(Lookup<'r>),
}

/// What mapping found out about a request, for the handler.
pub(crate) struct Mapped<'r> {
    /// The rule that matched; it stays as it was when the map is read again.
    pub(crate) mount: Option<&'r Mount>,
    /// The URI before normalisation replaced it.
    pub(crate) original_uri: &'r [u8],
    has_parts: Cell<bool>,
    is_handled: Cell<bool>,
}

impl<'r> Mapped<'r> {
    /// What is known of a request as it comes from the hooks before.
    pub(crate) fn new(mount: Option<&'r Mount>, request: RequestRec<'r>) -> Mapped<'r> {
        Mapped {
            mount,
            // A copy: httpd's own may be changed where it is.
            original_uri: request.pool().bytes(request.uri()),
            has_parts: Cell::default(),
            is_handled: Cell::default(),
        }
    }

    /// Whether a sub-request was made for this request, or for one of its parts.
    pub(crate) fn has_parts(&self) -> bool {
        self.has_parts.get()
    }

    /// Notes that the handler took the request.
    pub(crate) fn note_handled(&self) {
        self.is_handled.set(true);
    }

    /// Whether the handler took the request, whatever came of it.
    pub(crate) fn is_handled(&self) -> bool {
        self.is_handled.get()
    }
}

/// What mod_dir found out about a folder so far.
#[derive(Default)]
pub(crate) struct Lookup<'r> {
    tried: Cell<Option<&'r [u8]>>,
}

impl<'r> Lookup<'r> {
    /// Notes that an index file which mod_dir tried goes to this worker.
    pub(crate) fn note(&self, worker: &'r [u8]) {
        self.tried.set(Some(worker));
    }

    /// The worker of the last one.
    pub(crate) fn take_tried(&self) -> Option<&'r [u8]> {
        self.tried.take()
    }
}

/// What mapping stored for this request.
pub(crate) fn of<'r>(request: RequestRec<'r>) -> Option<&'r Mapped<'r>> {
    match kept(request)? {
        RequestState::Mapped(mapped) => Some(mapped),
        RequestState::Folder(_) => None,
    }
}

/// The same for a request that is forwarded, which need not be mapped for that.
pub(crate) fn of_forwarded<'r>(request: RequestRec<'r>) -> Option<&'r Mapped<'r>> {
    if let Some(mapped) = of(request) {
        return Some(mapped);
    }
    set(request, RequestState::Mapped(Mapped::new(None, request)));
    of(request)
}

/// The create_request hook: whose part is this?
pub(crate) fn note_part(request: RequestRec<'_>) -> c_int {
    let mut page = request.main();
    while let Some(above) = page {
        if let Some(mapped) = of(above) {
            mapped.has_parts.set(true);
        }
        page = above.main();
    }
    OK
}

/// What mod_dir found out about this request, while it looks for an index file.
pub(crate) fn lookup<'r>(request: RequestRec<'r>) -> Option<&'r Lookup<'r>> {
    match kept(request)? {
        RequestState::Mapped(_) => None,
        RequestState::Folder(lookup) => Some(lookup),
    }
}

fn kept<'r>(request: RequestRec<'r>) -> Option<&'r RequestState<'r>> {
    // SAFETY: only `set` fills the slot, with a value that lives in the request's pool, as do the texts
    // that it borrows.
    unsafe { request.own_config().cast::<RequestState<'r>>().as_ref() }
}

/// Keeps something for this request.
pub(crate) fn set<'r>(request: RequestRec<'r>, state: RequestState<'r>) {
    let state: *mut RequestState<'r> = request.pool().place(state);
    request.set_own_config(state.cast());
}

/// Forgets what was kept.
pub(crate) fn clear(request: RequestRec<'_>) {
    request.set_own_config(std::ptr::null_mut());
}
