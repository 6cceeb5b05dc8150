//! Which requests are forwarded: the translate_name and map_to_storage hooks (contract §0, §3.2).

use super::failed::fail;
use super::state::{self, Mapped, PHASE, RequestState, ready, request_id};
use super::{local, map_file, notes};
use crate::ffi::answer::{BAD_REQUEST, DECLINED, OK, UNAVAILABLE};
use crate::ffi::file_type::FileType;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use crate::server::note_names;
use crate::server::ready::Ready;
use bstr::ByteSlice;
use rjk_config::uri_map::{Found, MAX_MATCHED, Mount, UriError, normalize};
use rjk_log::{Level, jk_log};
use rjk_proxy::job::report::Told;
use std::borrow::Cow;
use std::ffi::{CStr, c_int};

/// The handler name of forwarded requests (G-01).
pub(crate) const HANDLER: &CStr = c"jakarta-servlet";
/// Its existence keeps a request here (E-01).
const NO_JK: &CStr = c"no-jk";

/// What the map says about a request.
struct Looked<'r> {
    normalised: Cow<'r, [u8]>,
    mount: Option<&'r Mount>,
}

/// Whether an environment variable keeps the request here.
pub(crate) fn is_kept_here(request: RequestRec<'_>) -> bool {
    request.env().get(NO_JK).is_some()
}

/// Looks the request's URI up in the map of its server; an error is the HTTP status.
fn look_up<'r>(request: RequestRec<'r>, ready: &'static Ready) -> Result<Looked<'r>, c_int> {
    let normalised = normalize(request.uri()).map_err(|error| {
        log_refusal(request, ready, &error);
        BAD_REQUEST
    })?;
    let mount = find(request, ready, &normalised);
    Ok(Looked { normalised, mount })
}

/// The mount for a path, for as long as the request lives.
fn find<'r>(
    request: RequestRec<'r>,
    ready: &'static Ready,
    normalised: &[u8],
) -> Option<&'r Mount> {
    map_file::look_if_due(request, ready);
    let config = &ready.config;
    let found = config
        .uri_map
        .lookup(normalised, config.options.reject_unsafe_uri)?;
    Some(match found {
        Found::Lasting(mount) => mount,
        Found::Held(mount) => &**request.pool().own(mount),
    })
}

/// The mount of a request that no hook mapped (G-08, third choice).
pub(crate) fn mount_of<'r>(request: RequestRec<'r>, ready: &'static Ready) -> Option<&'r Mount> {
    let normalised: Cow<'_, [u8]> = normalize(request.uri()).ok()?;
    find(request, ready, &normalised)
}

fn log_refusal(request: RequestRec<'_>, ready: &Ready, error: &UriError) {
    let Some(sink) = &ready.log else { return };
    let id = request_id(request, ready, PHASE);
    let log = sink.with_id(id);
    let uri = String::from_utf8_lossy(request.uri()).into_owned();
    match error {
        // N-05, J-12: somebody tries what must not work, which is graver than a failure.
        UriError::AboveRoot => jk_log!(
            &log,
            Emerg,
            "[{uri}] is refused: {error}; {}",
            Told::Status(400)
        ),
        UriError::NotAbsolute => {
            let what = format_args!("[{uri}] is refused: {error}");
            fail(&what, BAD_REQUEST, &log);
        }
    }
}

/// The translate_name hook (G-04).
pub(crate) fn translate(request: RequestRec<'_>) -> c_int {
    let Some(ready) = ready(request) else {
        return DECLINED;
    };
    if ready.is_closed {
        return UNAVAILABLE;
    }
    if request.is_proxy_request() || is_ours(request) || is_kept_here(request) {
        return DECLINED;
    }
    let Looked { normalised, mount } = match look_up(request, ready) {
        Ok(looked) => looked,
        Err(status) => return status,
    };
    log_choice(request, ready, &normalised, mount);
    match mount {
        Some(mount) => {
            accept(request, ready, mount, normalised);
            OK
        }
        None => {
            log_miss(request, ready);
            local::alias(request, ready, &normalised)
        }
    }
}

fn is_ours(request: RequestRec<'_>) -> bool {
    request.has_handler(HANDLER)
}

/// What people want to know first of a request that does not go where it should.
fn log_choice(request: RequestRec<'_>, ready: &Ready, path: &[u8], mount: Option<&Mount>) {
    let sink = ready.log.as_ref();
    let Some(sink) = sink.filter(|sink| sink.level <= Level::Debug) else {
        return;
    };
    let (id, path) = (request_id(request, ready, PHASE), path.as_bstr());
    let log = sink.with_id(id);
    match mount {
        Some(Mount {
            worker, pattern, ..
        }) => jk_log!(
            &log,
            Debug,
            "[{path}] is for worker {worker}, by the rule {pattern}"
        ),
        None => jk_log!(&log, Debug, "[{path}] is for no worker by any rule"),
    }
}

/// M-08 and M-27: what is wrong is not the path.
fn log_miss(request: RequestRec<'_>, ready: &Ready) {
    let (length, map) = (request.uri().len(), &ready.config.uri_map);
    let file = map.file().filter(|_| map.load().is_empty());
    if length <= MAX_MATCHED && file.is_none() {
        return;
    }
    let Some(sink) = &ready.log else { return };
    let id = request_id(request, ready, PHASE);
    let log = sink.with_id(id);
    match file {
        Some((file, _)) => {
            let file = file.display();
            jk_log!(
                &log,
                Info,
                "there are no rules: JkMountFile {file} has none"
            );
        }
        None => jk_log!(
            &log,
            Warn,
            "a URI of {length} bytes is too long to be mapped"
        ),
    }
}

fn accept<'r>(request: RequestRec<'r>, ready: &Ready, mount: &'r Mount, normalised: Cow<'_, [u8]>) {
    mark(request, &mount.worker);
    // G-06: mod_dir passes the filters of the folder's request on; who only looks does not.
    if let Some(page) = request.main()
        && let Some(lookup) = state::lookup(page)
        && request.has_filters_of_main()
        && !(ready.config.has_auto_alias() && page.file_type() == FileType::Folder)
    {
        // The page outlives this request, and the rule perhaps as well.
        lookup.note(page.pool().bytes(&mount.worker));
    }
    let mapped = Mapped::new(Some(mount), request);
    state::set(request, RequestState::Mapped(mapped));
    // G-05: from here on every module sees the URI that was mapped.
    if let Cow::Owned(normalised) = normalised {
        request.set_uri(&normalised);
    }
}

/// Has the handler forward a request.
pub(super) fn mark(request: RequestRec<'_>, worker: &[u8]) {
    request.set_handler(HANDLER);
    notes::set_worker(request, worker);
}

/// The map_to_storage hook (G-07).
pub(crate) fn map_to_storage(request: RequestRec<'_>) -> c_int {
    let Some(ready) = ready(request) else {
        return DECLINED;
    };
    // Another module, mod_alias for one, may have mapped the request before `translate` was asked.
    if ready.is_closed {
        return UNAVAILABLE;
    }
    if request.is_proxy_request() {
        return DECLINED;
    }
    if request.notes().get_ours(note_names::WORKER).is_none() {
        if request.uri().is_empty() || is_ours(request) || is_kept_here(request) {
            return DECLINED;
        }
        match look_up(request, ready) {
            Ok(Looked {
                normalised,
                mount: Some(mount),
            }) => accept(request, ready, mount, normalised),
            Ok(_) => {
                local::strip_session(request, ready);
                return DECLINED;
            }
            Err(status) => return status,
        }
    }
    set_filename(request);
    OK
}

/// The last path element; for an index file that mod_dir tries, the file in its folder, so that
/// mod_dir finds out what it is.
fn set_filename(request: RequestRec<'_>) {
    let uri = request.uri();
    let name = uri.rsplit(|byte| *byte == b'/').next().unwrap_or(b"");
    match request
        .main()
        .and_then(|main| main.filename())
        .filter(|folder| folder.ends_with(b"/"))
    {
        Some(folder) => {
            request.set_filename(&[folder, name].concat());
            stat(request);
        }
        None => request.set_filename_in_uri(name.len()),
    }
}

fn stat(request: RequestRec<'_>) {
    // SAFETY: the hook may write to its request; `filename` was just set.
    unsafe {
        let raw = request.as_ptr();
        sys::apr_stat(
            &raw mut (*raw).finfo,
            (*raw).filename,
            sys::APR_FINFO_TYPE as _,
            request.pool().as_ptr(),
        );
    }
}
