//! What is sent of a request: gathered from httpd and its environment variables (contract §1.6, §5.2).

use crate::ffi::request::RequestRec;
use crate::server::Ready;
use rjk_ajp::{Attributes, BodyLength, ForwardRequest};
use rjk_balance::{RequestView, cookie_values};
use rjk_config::options::ClientAddress;
use rjk_config::server::{Indicators, ServerConfig, env_reply_timeout, env_truth};
use rjk_proxy::request::{ExchangeOptions, Overrides};
use std::borrow::Cow;
use std::ffi::{CStr, CString};

/// The names of the environment variables, ready for look-ups.
#[derive(Debug)]
pub(crate) struct EnvNames {
    pub(crate) worker: CString,
    pub(crate) request_id: CString,
    remote_addr: CString,
    remote_port: CString,
    remote_host: CString,
    pub(crate) remote_user: CString,
    auth_type: CString,
    local_name: CString,
    local_addr: CString,
    local_port: CString,
    ignore_cl: CString,
    https: CString,
    ssl_protocol: CString,
    certs: CString,
    cipher: CString,
    session: CString,
    key_size: CString,
    cert_chain_prefix: Vec<u8>,
    /// `JkEnvVar` names with their defaults.
    sent: Vec<(CString, Option<String>)>,
    /// CGI variables may be among the names (D-37).
    wants_common_vars: bool,
}

fn name(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
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
            wants_common_vars: !config.env_vars.is_empty() || has_own_names(names),
        }
    }
}

/// With the default names no CGI variable is ever read, so they need not be made.
fn has_own_names(names: &Indicators) -> bool {
    *names != Indicators::default()
}

/// A request's data in the form that AJP wants. Borrows from the request's pool.
pub(crate) struct Facts<'r> {
    request: RequestRec<'r>,
    uri: Cow<'r, [u8]>,
    headers: Vec<(&'r [u8], &'r [u8])>,
    body: BodyLength,
    remote_addr: Option<&'r [u8]>,
    remote_port: Option<Cow<'r, [u8]>>,
    remote_host: Option<&'r [u8]>,
    remote_user: Option<&'r [u8]>,
    auth_type: Option<&'r [u8]>,
    server_name: &'r [u8],
    server_port: u16,
    local_addr: Option<&'r [u8]>,
    tls: Option<Tls<'r>>,
    sent_env: Vec<(&'r [u8], &'r [u8])>,
}

/// What is known of the client's TLS connection.
struct Tls<'r> {
    cert: Option<Cow<'r, [u8]>>,
    cipher: Option<&'r [u8]>,
    session: Option<&'r [u8]>,
    key_size: Option<u16>,
    protocol: Option<&'r [u8]>,
}

/// An environment variable, or what httpd knows; an empty value means "send null".
fn env_or<'r>(
    request: RequestRec<'r>,
    name: &CStr,
    known: impl FnOnce() -> Option<&'r [u8]>,
) -> Option<&'r [u8]> {
    match request.env().get(name) {
        Some(b"") => None,
        Some(value) => Some(value),
        None => known(),
    }
}

/// The number at the start of a value, as C's atoi reads it.
fn leading_number(value: &[u8]) -> u64 {
    let digits = value
        .trim_ascii_start()
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: u64, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    })
}

impl<'r> Facts<'r> {
    /// `original_uri` is the decoded URI before mapping normalised it.
    pub(crate) fn gather(
        request: RequestRec<'r>,
        ready: &'static Ready,
        original_uri: &'r [u8],
    ) -> Facts<'r> {
        let (names, options) = (&ready.env, &ready.config.options);
        if names.wants_common_vars {
            request.add_common_vars();
        }
        let (address, port) = client_address(request, options.client_address);
        let port = env_or(request, &names.remote_port, || None)
            .map(Cow::Borrowed)
            .or_else(|| {
                let known = request.env().get(&names.remote_port).is_none();
                known.then(|| Cow::Owned(port.to_string().into_bytes()))
            });
        Facts {
            request,
            uri: options
                .forward_uri
                .apply(original_uri, request.unparsed_uri()),
            headers: headers(request),
            body: body_length(request, &names.ignore_cl),
            remote_addr: env_or(request, &names.remote_addr, || address),
            remote_port: port,
            remote_host: env_or(request, &names.remote_host, || request.remote_host()),
            remote_user: env_or(request, &names.remote_user, || request.user()),
            auth_type: env_or(request, &names.auth_type, || request.auth_type()),
            server_name: request
                .env()
                .get(&names.local_name)
                .unwrap_or_else(|| request.server_name()),
            server_port: request.env().get(&names.local_port).map_or_else(
                || request.server_port(),
                |value| leading_number(value) as u16,
            ),
            // D-25: an empty value is sent as it is.
            local_addr: request
                .env()
                .get(&names.local_addr)
                .or_else(|| request.local_ip()),
            tls: Tls::gather(request, ready),
            sent_env: sent_env(request, names),
        }
    }

    /// The request as AJP carries it; secret, route and activation are the dispatcher's.
    pub(crate) fn forward_request(&self) -> ForwardRequest<'_> {
        let tls = self.tls.as_ref();
        ForwardRequest {
            method: self.request.method(),
            protocol: self.request.protocol(),
            uri: &self.uri,
            remote_addr: self.remote_addr,
            remote_host: self.remote_host,
            server_name: self.server_name,
            server_port: self.server_port,
            is_ssl: tls.is_some(),
            headers: &self.headers,
            body: self.body,
            attributes: Attributes {
                remote_user: self.remote_user,
                auth_type: self.auth_type,
                query: self.request.args(),
                ssl_cert: tls.and_then(|tls| tls.cert.as_deref()),
                ssl_cipher: tls.and_then(|tls| tls.cipher),
                ssl_session: tls.and_then(|tls| tls.session),
                ssl_key_size: tls.and_then(|tls| tls.key_size),
                ssl_protocol: tls.and_then(|tls| tls.protocol),
                remote_port: self.remote_port.as_deref(),
                local_addr: self.local_addr,
                extra: &self.sent_env,
                ..Attributes::default()
            },
        }
    }

    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.body, BodyLength::None | BodyLength::Known(0))
    }
}

/// Which address and port stand for the client (O-06, O-07).
fn client_address(request: RequestRec<'_>, kind: ClientAddress) -> (Option<&[u8]>, u16) {
    match kind {
        ClientAddress::UserAgent => request.useragent(),
        ClientAddress::Local => (request.local_ip(), 0),
        ClientAddress::Physical => request.tcp_peer(),
    }
}

/// All headers; for an error page without those about the body, which was the failed request's.
fn headers<'r>(request: RequestRec<'r>) -> Vec<(&'r [u8], &'r [u8])> {
    let is_error_page = request.is_error_page();
    let frames_the_body = |name: &[u8]| {
        name.eq_ignore_ascii_case(b"Content-Length")
            || name.eq_ignore_ascii_case(b"Transfer-Encoding")
    };
    let all = request.headers_in().iter();
    all.filter(|(name, _)| !(is_error_page && frames_the_body(name)))
        .collect()
}

/// Length of the body: of a sub-request (BD-09) and of an error page none, with `JK_IGNORE_CL`
/// unknown (D-27).
fn body_length(request: RequestRec<'_>, ignore_cl: &CStr) -> BodyLength {
    if request.main().is_some() || request.is_error_page() {
        return BodyLength::None;
    }
    if request.is_chunked() {
        return BodyLength::Chunked;
    }
    match request
        .headers_in()
        .get(c"Content-Length")
        .map(leading_number)
    {
        None | Some(0) => BodyLength::None,
        Some(_) if request.env().get(ignore_cl).is_some() => BodyLength::Chunked,
        Some(length) => BodyLength::Known(length),
    }
}

/// The values of `JkEnvVar` (D-37): the variable's, even an empty one, else the default.
fn sent_env<'r>(request: RequestRec<'r>, names: &'static EnvNames) -> Vec<(&'r [u8], &'r [u8])> {
    let value = |(name, default): &'static (CString, Option<String>)| {
        let value = request
            .env()
            .get(name)
            .or_else(|| default.as_ref().map(String::as_bytes))?;
        Some((name.to_bytes(), value))
    };
    names.sent.iter().filter_map(value).collect()
}

impl<'r> Tls<'r> {
    /// `None` unless the connection is encrypted, as far as this server tells (D-28, D-29).
    fn gather(request: RequestRec<'r>, ready: &'static Ready) -> Option<Tls<'r>> {
        let (names, config, env) = (&ready.env, &ready.config, request.env());
        if !config.extract_ssl || !env.get(&names.https)?.eq_ignore_ascii_case(b"on") {
            return None;
        }
        let mut cert = env.get(&names.certs).map(Cow::Borrowed);
        if config.options.ssl_cert_chain {
            append_chain(&mut cert, request, &names.cert_chain_prefix);
        }
        Some(Tls {
            cert,
            cipher: env.get(&names.cipher),
            session: env.get(&names.session),
            key_size: env
                .get(&names.key_size)
                .filter(|_| config.options.key_size)
                .map(|value| leading_number(value) as u16),
            protocol: env.get(&names.ssl_protocol),
        })
    }
}

/// D-35: all variables with the prefix, in the table's order, without a separator.
fn append_chain<'r>(cert: &mut Option<Cow<'r, [u8]>>, request: RequestRec<'r>, prefix: &[u8]) {
    for (name, value) in request.env().iter() {
        if name
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        {
            cert.get_or_insert_default()
                .to_mut()
                .extend_from_slice(value);
        }
    }
}

/// Overrides by environment variables (E-03…E-06).
pub(crate) fn overrides(request: RequestRec<'_>) -> Overrides<'_> {
    let env = request.env();
    Overrides {
        reply_timeout: env.get(c"JK_REPLY_TIMEOUT").and_then(env_reply_timeout),
        sticky_ignore: env.get(c"JK_STICKY_IGNORE").map(env_truth),
        stateless: env.get(c"JK_STATELESS").map(env_truth),
        route: env.get(c"JK_ROUTE").filter(|route| !route.is_empty()),
    }
}

/// JkOptions that the exchange obeys.
pub(crate) fn exchange_options(config: &ServerConfig) -> ExchangeOptions {
    ExchangeOptions {
        flush_packets: config.options.flush_packets,
        flush_header: config.options.flush_header,
        disable_reuse: config.options.disable_reuse,
    }
}

impl RequestView for Facts<'_> {
    fn method(&self) -> &[u8] {
        self.request.method()
    }
    fn path(&self) -> &[u8] {
        &self.uri
    }
    fn query(&self) -> Option<&[u8]> {
        self.request.args()
    }
    fn header(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| Cow::Borrowed(*value))
    }
    fn cookie(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let cookies = self
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(b"Cookie"));
        let mut values = cookies.flat_map(|(_, value)| cookie_values(value, name));
        values.next().map(Cow::Borrowed)
    }
    fn client_address(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.remote_addr.unwrap_or(b""))
    }
    fn tls(&self) -> bool {
        self.tls.is_some()
    }
    fn server_name(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.server_name)
    }
}
