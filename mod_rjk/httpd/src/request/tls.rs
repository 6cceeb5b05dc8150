//! What is known of the client's TLS connection (contract §1.6).

use crate::ffi::request::RequestRec;
use crate::server::ready::Ready;
use rjk_config::number::leading_number;
use std::borrow::Cow;

/// What mod_jk takes for no size.
const NO_SIZE: i64 = -1;

/// The client's TLS connection, as environment variables tell it.
pub(super) struct Tls<'r> {
    pub(super) cert: Option<&'r [u8]>,
    pub(super) cipher: Option<&'r [u8]>,
    pub(super) session: Option<&'r [u8]>,
    pub(super) key_size: Option<u16>,
    pub(super) protocol: Option<&'r [u8]>,
}

impl<'r> Tls<'r> {
    /// `None` unless the connection is encrypted, as far as this server tells (D-28, D-29).
    pub(super) fn gather(request: RequestRec<'r>, ready: &'static Ready) -> Option<Tls<'r>> {
        let (names, config, env) = (&ready.env, &ready.config, request.env());
        if !config.extract_ssl || !env.get(&names.https)?.eq_ignore_ascii_case(b"on") {
            return None;
        }
        let mut cert = env.get(&names.certs).map(Cow::Borrowed);
        if config.options.ssl_cert_chain {
            append_chain(&mut cert, request, &names.cert_chain_prefix);
        }
        Some(Tls {
            cert: cert.map(|cert| request.pool().borrowed(cert)),
            cipher: env.get(&names.cipher),
            session: env.get(&names.session),
            key_size: env
                .get(&names.key_size)
                .filter(|_| config.options.key_size)
                .map(leading_number)
                .filter(|size| *size != NO_SIZE)
                .map(|size| size as u16),
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
