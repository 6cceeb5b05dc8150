//! The call of OpenSSL that has a connection take up an earlier one.

use rjk_proxy::way::tls::Resumption;

/// For [`TlsContext::load`](rjk_proxy::way::tls::TlsContext::load): rjk-proxy has no unsafe code.
pub(crate) fn resume(resumption: Resumption<'_>) -> bool {
    let (connection, earlier) = resumption.parts();
    // SAFETY: that both are of the same SslContext is what a Resumption stands for.
    unsafe { connection.set_session(earlier) }.is_ok()
}
