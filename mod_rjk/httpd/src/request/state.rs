//! What the module knows of a request: the configuration that serves it, its id in the log, and
//! what mapping found out.

use crate::ffi::answer::OK;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use crate::server::slot::ServerSlot;
use rjk_config::model::RuleExtensions;
use rjk_config::uri_map::Mount;
use std::cell::Cell;
use std::ffi::c_int;
use std::sync::Arc;

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
pub(crate) enum RequestState {
    /// It is mapped.
    Mapped(Mapped),
    /// mod_dir may be looking for an index file.
    Folder(Lookup),
}

/// What mapping found out about a request, for the handler.
pub(crate) struct Mapped {
    /// The rule that matched; it stays as it was when the map is read again.
    pub(crate) mount: Option<Arc<Mount>>,
    /// The URI before normalisation replaced it.
    pub(crate) original_uri: Vec<u8>,
    has_parts: Cell<bool>,
    is_handled: Cell<bool>,
}

impl Mapped {
    pub(crate) fn new(mount: Option<Arc<Mount>>, original_uri: &[u8]) -> Mapped {
        Mapped {
            mount,
            original_uri: original_uri.to_vec(),
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

    /// The extensions of the rule.
    pub(crate) fn extensions(&self) -> Option<&RuleExtensions> {
        self.mount.as_ref().map(|mount| &mount.extensions)
    }
}

/// What mod_dir found out about a folder so far.
#[derive(Default)]
pub(crate) struct Lookup {
    tried: Cell<Option<Arc<Mount>>>,
}

impl Lookup {
    /// Notes that an index file which mod_dir tried is mounted.
    pub(crate) fn note(&self, mount: Arc<Mount>) {
        self.tried.set(Some(mount));
    }

    /// The mount of the last one.
    pub(crate) fn take_tried(&self) -> Option<Arc<Mount>> {
        self.tried.take()
    }
}

/// What mapping stored for this request.
pub(crate) fn of(request: RequestRec<'_>) -> Option<&Mapped> {
    match kept(request)? {
        RequestState::Mapped(mapped) => Some(mapped),
        RequestState::Folder(_) => None,
    }
}

/// The same for a request that is forwarded, which need not be mapped for that.
pub(crate) fn of_forwarded(request: RequestRec<'_>) -> Option<&Mapped> {
    if of(request).is_none() {
        let mapped = Mapped::new(None, request.uri());
        set(request, RequestState::Mapped(mapped));
    }
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
pub(crate) fn lookup(request: RequestRec<'_>) -> Option<&Lookup> {
    match kept(request)? {
        RequestState::Mapped(_) => None,
        RequestState::Folder(lookup) => Some(lookup),
    }
}

fn kept(request: RequestRec<'_>) -> Option<&RequestState> {
    // SAFETY: only `set` fills the slot, with a value that lives in the request's pool.
    unsafe { request.own_config().cast::<RequestState>().as_ref() }
}

/// Keeps something for this request.
pub(crate) fn set(request: RequestRec<'_>, state: RequestState) {
    let state: *mut RequestState = request.pool().own(state);
    request.set_own_config(state.cast());
}

/// Forgets what was kept.
pub(crate) fn clear(request: RequestRec<'_>) {
    request.set_own_config(std::ptr::null_mut());
}
