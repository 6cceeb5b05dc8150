//! Each way in which TLS with a peer fails: its word, and what can be done here and for the module.

use rjk_proxy::way::tls::TlsError;

pub(super) fn word(error: &TlsError) -> &'static str {
    match error {
        TlsError::Io(_) | TlsError::Closed => "tls_closed",
        TlsError::TimedOut => "tls_silent",
        TlsError::Truncated => "tls_cut_off",
        TlsError::UnknownCa { .. } => "tls_unknown_ca",
        TlsError::SelfSigned { .. } => "tls_self_signed",
        TlsError::WrongName { .. } => "tls_wrong_name",
        TlsError::Expired { .. } => "tls_expired",
        TlsError::NotYetValid { .. } => "tls_not_yet_valid",
        TlsError::Unverified { .. } => "tls_unverified",
        TlsError::CertificateWanted => "tls_certificate_wanted",
        TlsError::CertificateRefused { .. } => "tls_certificate_refused",
        TlsError::PlainHttp => "http",
        TlsError::PlainAjp => "ajp",
        TlsError::NotTls { .. } => "not_tls",
        TlsError::NoCommonVersion => "tls_no_common_version",
        TlsError::NoCommonCipher => "tls_no_common_cipher",
        TlsError::UnknownHost { .. } => "tls_unknown_host",
        TlsError::Alert(_) => "tls_alert",
        TlsError::Other(_) => "tls_other",
    }
}

/// The module's own remedies are for rjk.toml alone; here an option says the same.
pub(super) fn remedy(error: &TlsError) -> &'static str {
    match error {
        TlsError::UnknownCa { .. } => {
            "name a file with the certificate of that issuer with --ca (ca in the tls of the worker in rjk.toml)"
        }
        TlsError::SelfSigned { .. } => {
            "name a file with that certificate with --ca (ca in the tls of the worker in rjk.toml)"
        }
        TlsError::WrongName { .. } => {
            "name the host as the certificate does, or with --server-name (server_name in the tls of the worker in rjk.toml), or give the worker a certificate for its host"
        }
        TlsError::CertificateWanted => {
            "show one that the worker trusts, with --cert and --key (cert and key in the tls of the worker in rjk.toml)"
        }
        TlsError::CertificateRefused { .. } => {
            "show one that is valid and that the worker's truststore knows, with --cert and --key (cert and key in the tls of the worker in rjk.toml)"
        }
        TlsError::PlainHttp => {
            "that is a port without TLS: write http://, or name the port of the connector with SSLEnabled in Tomcat's server.xml"
        }
        TlsError::PlainAjp => {
            "that is an AJP port: write ajp://, or name the port of the connector with SSLEnabled in Tomcat's server.xml"
        }
        TlsError::NotTls { .. } => {
            "another service listens there: name the port of the connector with SSLEnabled in Tomcat's server.xml"
        }
        TlsError::UnknownHost { .. } => {
            "name a host of its connector with --server-name (server_name in the tls of the worker in rjk.toml)"
        }
        TlsError::Io(_) => {
            "see the worker's log, and that the port is an HTTPS connector's, not an AJP one's"
        }
        TlsError::TimedOut => {
            "see why the worker takes so long, and that the port is its HTTPS connector, or raise the time that it may take"
        }
        others => others.remedy(),
    }
}
