//! What is sent of a request (contract §5.2).

use super::env_value::{OwnEnv, sent_env};
use super::tls::Tls;
use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use rjk_balance::{RequestView, cookie_values};
use rjk_config::decimal::Decimal;
use rjk_config::model::RuleExtensions;
use rjk_config::number::leading_number;
use rjk_config::server::ServerConfig;
use rjk_config::server::options::{ClientAddress, ForwardUri, path_of};
use rjk_message::ContentLength;
use rjk_message::{Attributes, BodyLength, RequestHead};
use rjk_proxy::job::request::{ExchangeOptions, UpstreamRequest};
use std::borrow::Cow;
use std::ffi::CStr;

/// How the body is announced to Tomcat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framing {
    /// Its length.
    pub(super) length: BodyLength,
    /// A filter took the length that the client announced away.
    pub(super) is_changed: bool,
}

impl Framing {
    /// As the client announced it.
    pub(super) fn announced(request: RequestRec<'_>, ignore_cl: &CStr) -> Framing {
        Framing {
            length: body_length(request, ignore_cl),
            is_changed: false,
        }
    }

    pub(super) fn has_body(self) -> bool {
        !self.length.is_empty()
    }
}

/// What is known of a request. All of it lives in the request's pool, or longer.
pub(super) struct Facts<'r> {
    env: OwnEnv<'r>,
    port: u16,
    tls: Option<Tls<'r>>,
    body: BodyLength,
    view: View<'r>,
}

impl<'r> Facts<'r> {
    /// `original_uri` is the decoded URI before mapping normalised it; `framing` is what is known of
    /// the body.
    pub(super) fn gather(
        request: RequestRec<'r>,
        ready: &'static Ready,
        original_uri: &'r [u8],
        framing: Framing,
    ) -> Facts<'r> {
        let (names, options) = (&ready.env, &ready.config.options);
        if names.wants_common_vars {
            request.add_common_vars();
        }
        let env = OwnEnv::of(request, names);
        let (address, port) = client_address(request, options.client_address);
        let tls = Tls::gather(request, ready);
        let uri = forwarded_uri(request, options.forward_uri, original_uri);
        let view = View {
            request,
            uri: request.pool().borrowed(uri),
            headers: headers(request, framing),
            remote_addr: env.or(&names.remote_addr, || address),
            is_ssl: tls.is_some(),
            server_name: env
                .get(&names.local_name)
                .unwrap_or_else(|| request.server_name()),
        };
        Facts {
            env,
            port,
            tls,
            body: framing.length,
            view,
        }
    }

    /// The request as the dispatcher takes it, made where it stays: it is large, and not copied.
    pub(super) fn upstream<'f>(
        &'f self,
        ready: &'static Ready,
        rule: &'f RuleExtensions,
    ) -> UpstreamRequest<'f> {
        let (view, env, names) = (&self.view, self.env, &ready.env);
        let (request, tls) = (view.request, self.tls.as_ref());
        UpstreamRequest {
            forward: RequestHead {
                method: request.method(),
                protocol: request.protocol(),
                uri: view.uri,
                remote_addr: view.remote_addr,
                remote_host: env.or(&names.remote_host, || request.remote_host()),
                server_name: view.server_name,
                server_port: env.get(&names.local_port).map_or_else(
                    || request.server_port(),
                    |value| leading_number(value) as u16,
                ),
                is_ssl: view.is_ssl,
                headers: view.headers,
                body: self.body,
                attributes: Attributes {
                    remote_user: env.or(&names.remote_user, || request.user()),
                    auth_type: env.or(&names.auth_type, || request.auth_type()),
                    query: request.args(),
                    remote_port: env.or(&names.remote_port, || Some(decimal(request, self.port))),
                    // D-25: an empty value is sent as it is.
                    local_addr: env.get(&names.local_addr).or_else(|| request.local_ip()),
                    extra: sent_env(request, names),
                    ssl_cert: tls.and_then(|tls| tls.cert),
                    ssl_cipher: tls.and_then(|tls| tls.cipher),
                    ssl_session: tls.and_then(|tls| tls.session),
                    ssl_key_size: tls.and_then(|tls| tls.key_size),
                    ssl_protocol: tls.and_then(|tls| tls.protocol),
                    ..Attributes::default()
                },
            },
            rule,
            overrides: env.overrides(),
            options: exchange_options(&ready.config),
            view,
        }
    }
}

/// JkOptions that the exchange obeys.
fn exchange_options(config: &ServerConfig) -> ExchangeOptions {
    ExchangeOptions {
        flush_packets: config.options.flush_packets,
        flush_header: config.options.flush_header,
        disable_reuse: config.options.disable_reuse,
        decoded_path: config.options.forward_uri == ForwardUri::Compat,
    }
}

fn decimal(request: RequestRec<'_>, number: u16) -> &[u8] {
    request.pool().bytes(Decimal::new(number.into()).digits())
}

/// The path to send (O-01…O-04). Whether httpd kept encoded slashes is asked only where there are
/// some.
fn forwarded_uri<'r>(
    request: RequestRec<'r>,
    form: ForwardUri,
    decoded: &'r [u8],
) -> Cow<'r, [u8]> {
    let unparsed = request.unparsed_uri();
    let has_slashes = || {
        let mut threes = decoded.windows(3);
        threes.any(|three| three.eq_ignore_ascii_case(b"%2F"))
    };
    if !decoded.contains(&b'%') || !has_slashes() || !request.keeps_encoded_slashes() {
        return form.apply(decoded, unparsed);
    }
    let path = path_of(unparsed);
    let raws: Vec<&[u8]> = [true, false]
        .into_iter()
        .filter_map(|merge_slashes| request.normalized(path, merge_slashes))
        .collect();
    form.apply_keeping_slashes(decoded, unparsed, &raws)
}

/// Which address and port stand for the client (O-06, O-07).
fn client_address(request: RequestRec<'_>, kind: ClientAddress) -> (Option<&[u8]>, u16) {
    match kind {
        ClientAddress::UserAgent => request.useragent(),
        ClientAddress::Local => (request.local_ip(), 0),
        ClientAddress::Physical => request.tcp_peer(),
    }
}

/// All headers; for an error page without those about the body, which was the failed request's;
/// where a filter took the length away, with the one that says that there is a body all the same.
fn headers<'r>(request: RequestRec<'r>, framing: Framing) -> &'r [(&'r [u8], &'r [u8])] {
    let is_error_page = request.is_error_page();
    let frames_the_body = |name: &[u8]| {
        name.eq_ignore_ascii_case(b"Content-Length")
            || name.eq_ignore_ascii_case(b"Transfer-Encoding")
    };
    let all = request.headers_in();
    let sent = all.iter();
    let sent = sent.filter(|(name, _)| !(is_error_page && frames_the_body(name)));
    let chunked = (&b"Transfer-Encoding"[..], &b"chunked"[..]);
    let sent = sent.chain(framing.is_changed.then_some(chunked));
    request.pool().slice(all.len() + 1, sent)
}

/// Length of the body: of a sub-request (BD-09), of an error page and of a WebSocket none; unknown with
/// `JK_IGNORE_CL` (D-27), and where a rule of the server made Content-Length something that is none.
fn body_length(request: RequestRec<'_>, ignore_cl: &CStr) -> BodyLength {
    if request.main().is_some() || request.is_error_page() || is_extended_connect(request) {
        return BodyLength::None;
    }
    if request.is_chunked() {
        return BodyLength::Chunked;
    }
    // httpd has read the length that the client announced, if it did.
    if request.announced_body() == 0 {
        return BodyLength::None;
    }
    match ContentLength::of(request.headers_in().get(c"Content-Length")) {
        ContentLength::Absent | ContentLength::Known(0) => BodyLength::None,
        ContentLength::Known(length) if request.env().get(ignore_cl).is_none() => {
            BodyLength::Known(length)
        }
        _ => BodyLength::Chunked,
    }
}

/// mod_http2 makes a GET with an upgrade of the CONNECT that asks for a WebSocket (RFC 8441), and announces
/// a body for what is sent behind it. The clients of HTTP/2 cannot send that header themselves.
fn is_extended_connect(request: RequestRec<'_>) -> bool {
    let upgrade = || request.headers_in().get(c"Upgrade");
    request.is_stream()
        && request.method() == b"GET"
        && upgrade().is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// What a routing policy may ask of a request.
struct View<'r> {
    request: RequestRec<'r>,
    uri: &'r [u8],
    headers: &'r [(&'r [u8], &'r [u8])],
    remote_addr: Option<&'r [u8]>,
    is_ssl: bool,
    server_name: &'r [u8],
}

impl RequestView for View<'_> {
    fn method(&self) -> &[u8] {
        self.request.method()
    }
    fn path(&self) -> &[u8] {
        self.uri
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
        self.is_ssl
    }
    fn server_name(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.server_name)
    }
}
