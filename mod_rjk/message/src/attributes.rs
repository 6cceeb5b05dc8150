//! What a worker is told beyond the client's request (contract §5.5).

use std::fmt;

/// Request attributes in the order in which AJP sends them (contract §5.5); nothing else can become
/// one.
#[derive(Clone)]
pub struct Attributes<'a> {
    /// The worker's secret (AT-01).
    pub secret: Option<&'a [u8]>,
    /// Authenticated user; not sent when empty (AT-02).
    pub remote_user: Option<&'a [u8]>,
    /// Authentication type; not sent when empty (AT-03).
    pub auth_type: Option<&'a [u8]>,
    /// Query string, may be empty (AT-04).
    pub query: Option<&'a [u8]>,
    /// Route of the chosen member (AT-05).
    pub route: Option<&'a [u8]>,
    /// Client certificate in PEM form; not sent when empty (AT-06).
    pub ssl_cert: Option<&'a [u8]>,
    /// TLS cipher suite (AT-07).
    pub ssl_cipher: Option<&'a [u8]>,
    /// TLS session id (AT-08).
    pub ssl_session: Option<&'a [u8]>,
    /// Key size in bits (AT-09).
    pub ssl_key_size: Option<u16>,
    /// TLS version; not sent when empty (AT-11).
    pub ssl_protocol: Option<&'a [u8]>,
    /// Client port in decimal; always sent, as the null string if `None` (AT-12).
    pub remote_port: Option<&'a [u8]>,
    /// Local address of the client's connection; always sent, as the null string if `None`
    /// (AT-13).
    pub local_addr: Option<&'a [u8]>,
    /// `ACT`, `DIS` or `STP`; always sent (AT-14).
    pub activation: &'a [u8],
    /// Names and values of JkEnvVar (AT-15).
    pub extra: &'a [(&'a [u8], &'a [u8])],
}

impl Default for Attributes<'_> {
    /// No attribute but the three that are always sent, with activation `ACT`.
    fn default() -> Self {
        Attributes {
            secret: None,
            remote_user: None,
            auth_type: None,
            query: None,
            route: None,
            ssl_cert: None,
            ssl_cipher: None,
            ssl_session: None,
            ssl_key_size: None,
            ssl_protocol: None,
            remote_port: None,
            local_addr: None,
            activation: b"ACT",
            extra: &[],
        }
    }
}

impl fmt::Debug for Attributes<'_> {
    /// Leaves out the secret and whatever else should not get into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes")
            .field("secret", &self.secret.map(|_| "hidden"))
            .field(
                "route",
                &self.route.map(|route| route.escape_ascii().to_string()),
            )
            .field("activation", &self.activation.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
