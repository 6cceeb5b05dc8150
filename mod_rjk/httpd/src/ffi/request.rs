//! A safe view of httpd's `request_rec`, valid for one hook call.

mod response;

use crate::ffi::apr::{Pool, Table, bytes};
use crate::ffi::file_type::FileType;
use crate::ffi::sys;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Input filters that pass a body on as it is: mod_request's, which put the length right themselves.
/// Those of mod_http2 are its framing.
const UNCHANGING: [&[u8]; 2] = [b"keep_body", b"kept_body"];

/// The request of the running hook.
#[derive(Clone, Copy)]
pub(crate) struct RequestRec<'r> {
    raw: NonNull<sys::request_rec>,
    life: PhantomData<&'r sys::request_rec>,
}

impl<'r> RequestRec<'r> {
    /// # Safety
    /// `raw` is the request that httpd passed to a hook, and `'r` ends with that call. During it
    /// this thread alone uses the request.
    pub(crate) unsafe fn from_raw(raw: *mut sys::request_rec) -> Option<RequestRec<'r>> {
        NonNull::new(raw).map(|raw| RequestRec {
            raw,
            life: PhantomData,
        })
    }

    fn rec(&self) -> &'r sys::request_rec {
        // SAFETY: see `from_raw`; fields are read one at a time and no reference is kept over a write.
        unsafe { self.raw.as_ref() }
    }

    pub(crate) fn as_ptr(self) -> *mut sys::request_rec {
        self.raw.as_ptr()
    }

    pub(crate) fn pool(self) -> Pool<'r> {
        // SAFETY: a request always has a pool, which outlives the hook call.
        unsafe { Pool::from_raw(self.rec().pool).unwrap_unchecked() }
    }

    fn connection(self) -> &'r sys::conn_rec {
        // SAFETY: a request always has a connection, which outlives it.
        unsafe { &*self.rec().connection }
    }

    fn table(self, raw: *mut sys::apr_table_t) -> Table<'r> {
        // SAFETY: httpd makes these tables with the request, in its pool.
        unsafe { Table::from_raw(raw).unwrap_unchecked() }
    }

    pub(crate) fn headers_in(self) -> Table<'r> {
        self.table(self.rec().headers_in)
    }

    pub(crate) fn headers_out(self) -> Table<'r> {
        self.table(self.rec().headers_out)
    }

    pub(crate) fn err_headers_out(self) -> Table<'r> {
        self.table(self.rec().err_headers_out)
    }

    pub(crate) fn notes(self) -> Table<'r> {
        self.table(self.rec().notes)
    }

    pub(crate) fn env(self) -> Table<'r> {
        self.table(self.rec().subprocess_env)
    }

    /// The server that the request is for; it outlives the request.
    pub(crate) fn server(self) -> *const sys::server_rec {
        self.rec().server
    }

    /// What this module keeps for the request; null at first.
    pub(crate) fn own_config(self) -> *mut c_void {
        // SAFETY: the request is alive.
        unsafe { sys::rjk_request_config(self.as_ptr()) }
    }

    /// Keeps something for the request, which must live in its pool.
    pub(crate) fn set_own_config(self, config: *mut c_void) {
        // SAFETY: the request is alive; what is behind the pointer is the reader's affair.
        unsafe { sys::rjk_set_request_config(self.as_ptr(), config) }
    }

    pub(crate) fn is_proxy_request(self) -> bool {
        self.rec().proxyreq != 0
    }

    /// The request that this one is a sub-request of.
    pub(crate) fn main(self) -> Option<RequestRec<'r>> {
        // SAFETY: a main request outlives its sub-requests.
        unsafe { RequestRec::from_raw(self.rec().main) }
    }

    /// Whether a sub-request writes through the filters of its main request, and may be run; who only
    /// looks a path up passes none.
    pub(crate) fn has_filters_of_main(self) -> bool {
        let rec = self.rec();
        rec.output_filters != rec.proto_output_filters
    }

    /// What httpd found where the request's file name points.
    pub(crate) fn file_type(self) -> FileType {
        FileType::from(self.rec().finfo.filetype)
    }

    /// Whether this request fetches an error page: its body, if any, was that of the request before.
    pub(crate) fn is_error_page(self) -> bool {
        // SAFETY: the request that an internal redirect came from outlives it.
        unsafe { RequestRec::from_raw(self.rec().prev) }
            .is_some_and(|prev| prev.rec().status >= 300)
    }

    pub(crate) fn uri(self) -> &'r [u8] {
        // SAFETY: strings of a request live in its pool.
        unsafe { bytes(self.rec().uri) }.unwrap_or(b"")
    }

    pub(crate) fn set_uri(self, uri: &[u8]) {
        let uri = self.pool().string(uri);
        // SAFETY: the hook may write to its request.
        unsafe { (*self.as_ptr()).uri = uri }
    }

    pub(crate) fn unparsed_uri(self) -> &'r [u8] {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().unparsed_uri) }.unwrap_or(b"")
    }

    /// Whether `%2F` stays as it is in the decoded path (`AllowEncodedSlashes NoDecode`).
    pub(crate) fn keeps_encoded_slashes(self) -> bool {
        // SAFETY: the request is alive, and its server has a core configuration.
        unsafe { sys::rjk_keeps_encoded_slashes(self.as_ptr()) != 0 }
    }

    /// A path that is not decoded, as httpd normalises it, with `MergeSlashes` on or off.
    pub(crate) fn normalized(self, path: &[u8], merge_slashes: bool) -> Option<&'r [u8]> {
        let path = self.pool().string(path);
        // SAFETY: the path is a C string; the result is null or lives in the request's pool.
        unsafe {
            bytes(sys::rjk_normalized_path(
                self.pool().as_ptr(),
                path,
                c_int::from(merge_slashes),
            ))
        }
    }

    pub(crate) fn args(self) -> Option<&'r [u8]> {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().args) }
    }

    pub(crate) fn method(self) -> &'r [u8] {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().method) }.unwrap_or(b"GET")
    }

    pub(crate) fn protocol(self) -> &'r [u8] {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().protocol) }.unwrap_or(b"HTTP/1.0")
    }

    pub(crate) fn filename(self) -> Option<&'r [u8]> {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().filename) }
    }

    pub(crate) fn set_filename(self, name: &[u8]) {
        let name = self.pool().string(name);
        // SAFETY: the hook may write to its request.
        unsafe { (*self.as_ptr()).filename = name }
    }

    /// The last so many bytes of the URI, where they are.
    pub(crate) fn set_filename_in_uri(self, bytes: usize) {
        let uri = self.rec().uri;
        let start = self.uri().len().checked_sub(bytes);
        if let Some(start) = start.filter(|_| !uri.is_null()) {
            // SAFETY: the hook may write to its request; the place is in its URI, or at its end.
            unsafe { (*self.as_ptr()).filename = uri.add(start) }
        }
    }

    pub(crate) fn handler(self) -> Option<&'r [u8]> {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().handler) }
    }

    /// Whether it is this one: mostly the very text that was set.
    pub(crate) fn has_handler(self, name: &'static CStr) -> bool {
        std::ptr::eq(self.rec().handler, name.as_ptr()) || self.handler() == Some(name.to_bytes())
    }

    pub(crate) fn set_handler(self, name: &'static CStr) {
        // SAFETY: the string is static, and the module is never unloaded.
        unsafe { (*self.as_ptr()).handler = name.as_ptr() }
    }

    /// The status of an answer that this module makes itself; httpd knows its reason.
    pub(crate) fn set_status(self, status: c_int) {
        // SAFETY: the hook may write to its request.
        unsafe { (*self.as_ptr()).status = status }
    }

    pub(crate) fn set_content_type(self, content_type: &'static CStr) {
        // SAFETY: the request is alive, the string is static.
        unsafe { sys::ap_set_content_type(self.as_ptr(), content_type.as_ptr()) }
    }

    pub(crate) fn user(self) -> Option<&'r [u8]> {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().user) }
    }

    pub(crate) fn auth_type(self) -> Option<&'r [u8]> {
        // SAFETY: as `uri`.
        unsafe { bytes(self.rec().ap_auth_type) }
    }

    pub(crate) fn server_name(self) -> &'r [u8] {
        // SAFETY: httpd returns a string of the request or of the server.
        unsafe { bytes(sys::ap_get_server_name(self.as_ptr())) }.unwrap_or(b"")
    }

    pub(crate) fn server_port(self) -> u16 {
        // SAFETY: the request is alive.
        unsafe { sys::ap_get_server_port(self.as_ptr()) }
    }

    /// The client's host name, when httpd looked it up.
    pub(crate) fn remote_host(self) -> Option<&'r [u8]> {
        // SAFETY: httpd returns a string of the request or connection.
        unsafe {
            bytes(sys::ap_get_useragent_host(
                self.as_ptr(),
                sys::REMOTE_HOST as c_int,
                std::ptr::null_mut(),
            ))
        }
    }

    /// Address and port of the client, as mod_remoteip may have replaced them.
    pub(crate) fn useragent(self) -> (Option<&'r [u8]>, u16) {
        // SAFETY: as `uri`; the address is null or lives with the connection.
        unsafe {
            let address = self.rec().useragent_addr;
            (
                bytes(self.rec().useragent_ip),
                address.as_ref().map_or(0, |address| address.port),
            )
        }
    }

    /// Address and port of the TCP peer.
    pub(crate) fn tcp_peer(self) -> (Option<&'r [u8]>, u16) {
        let connection = self.connection();
        // SAFETY: as `useragent`.
        unsafe {
            (
                bytes(connection.client_ip),
                connection
                    .client_addr
                    .as_ref()
                    .map_or(0, |address| address.port),
            )
        }
    }

    /// The server's own address on this connection.
    pub(crate) fn local_ip(self) -> Option<&'r [u8]> {
        // SAFETY: as `useragent`.
        unsafe { bytes(self.connection().local_ip) }
    }

    pub(crate) fn is_aborted(self) -> bool {
        self.connection().aborted != 0
    }

    /// Whether the end of a response went into the output filters, whoever sent it there.
    pub(crate) fn is_answered(self) -> bool {
        self.rec().eos_sent != 0
    }

    /// Takes back that the end of a response was seen.
    pub(crate) fn forget_end(self) {
        // SAFETY: the hook may write to its request.
        unsafe { (*self.as_ptr()).eos_sent = 0 }
    }

    /// Whether the client still waits for a 100 before it sends its body.
    pub(crate) fn is_expecting_continue(self) -> bool {
        self.rec().expecting_100 != 0
    }

    /// The client was told by the final response: no `100 Continue` goes out any more.
    pub(crate) fn expect_no_continue(self) {
        // SAFETY: the request is alive, and this thread serves it.
        unsafe { (*self.as_ptr()).expecting_100 = 0 }
    }

    /// The request that this one is a part of, in whatever depth; itself for most.
    pub(crate) fn outermost(self) -> RequestRec<'r> {
        let mut request = self;
        while let Some(main) = request.main() {
            request = main;
        }
        request
    }

    /// Keeps caches from storing the response: of this request, of those that it is a part of, and
    /// of those that led to it by an internal redirect.
    pub(crate) fn forbid_caching(self) {
        let mut next = Some(self);
        while let Some(request) = next {
            // SAFETY: requests of one connection, all alive, used by this thread alone.
            unsafe { (*request.as_ptr()).no_cache = 1 };
            // SAFETY: the request that an internal redirect came from outlives it.
            let prev = unsafe { RequestRec::from_raw(request.rec().prev) };
            next = prev.or_else(|| request.main());
        }
    }

    /// Whether the connection is one of several streams on another, as mod_http2 makes them.
    pub(crate) fn is_stream(self) -> bool {
        !self.connection().master.is_null()
    }

    /// Marks the client's connection as broken, so that nothing more is sent on it.
    pub(crate) fn abort(self) {
        // SAFETY: the connection is alive, and this thread serves it.
        unsafe { (*self.rec().connection).aborted = 1 }
    }

    /// Adds the CGI variables to the environment, as JkEnvVar may name them (D-37).
    pub(crate) fn add_common_vars(self) {
        // SAFETY: the request is alive.
        unsafe { sys::ap_add_common_vars(self.as_ptr()) }
    }

    /// Whether the request body is chunked; valid after [`RequestRec::open_body`].
    pub(crate) fn is_chunked(self) -> bool {
        self.rec().read_chunked != 0
    }

    /// Prepares reading of the body. An error is the HTTP status to return.
    pub(crate) fn open_body(self) -> Result<(), c_int> {
        // SAFETY: the request is alive.
        let status = unsafe {
            sys::ap_setup_client_block(self.as_ptr(), sys::REQUEST_CHUNKED_DECHUNK as c_int)
        };
        if status == 0 { Ok(()) } else { Err(status) }
    }

    /// The body's length as the client announced it, 0 without; valid after
    /// [`RequestRec::open_body`] and before anything was read.
    pub(crate) fn announced_body(self) -> u64 {
        u64::try_from(self.rec().remaining).unwrap_or(0)
    }

    /// Whether a filter may change the body on its way from httpd's own, which knows its framing, to
    /// this module.
    pub(crate) fn is_body_filtered(self) -> bool {
        let mut next = self.rec().input_filters;
        // SAFETY: the filters of a live request, each with a record whose name is a C string.
        while let Some((filter, record)) = unsafe {
            let filter = next.as_ref();
            filter.and_then(|filter| Some((filter, filter.frec.as_ref()?)))
        } {
            // SAFETY: see above.
            let name = unsafe { bytes(record.name) }.unwrap_or(b"");
            if name == b"http_in" || record.ftype >= sys::ap_filter_type_AP_FTYPE_CONNECTION {
                return false;
            }
            if !UNCHANGING.contains(&name) && !name.starts_with(b"h2_") {
                return true;
            }
            next = filter.next;
        }
        false
    }

    /// Whether there is a body to read; sends nothing by itself.
    pub(crate) fn has_body(self) -> bool {
        // SAFETY: the request is alive.
        unsafe { sys::ap_should_client_block(self.as_ptr()) != 0 }
    }

    /// An empty brigade, which lives as long as the request. `None` only when memory is out.
    pub(crate) fn new_brigade(self) -> Option<NonNull<sys::apr_bucket_brigade>> {
        let alloc = self.connection().bucket_alloc;
        // SAFETY: pool and allocator belong to the request and its connection.
        NonNull::new(unsafe { sys::apr_brigade_create(self.rec().pool, alloc) })
    }

    /// Has the client's connection closed after this response.
    pub(crate) fn close_after(self) {
        // SAFETY: the connection is alive, and this thread serves it.
        unsafe { (*self.rec().connection).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE }
    }
}
