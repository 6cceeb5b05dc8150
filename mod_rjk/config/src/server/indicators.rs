//! The directives that only name an environment variable (contract D-17…D-27, D-29…D-35).

/// Makes the enum of these directives and the struct of the names in force from one table.
macro_rules! indicators {
    ($($(#[$doc:meta])* $variant:ident $field:ident $directive:literal $default:literal;)+) => {
        /// A directive whose value is the name, or for the chain the prefix, of environment variables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Indicator {
            $($(#[$doc])* $variant,)+
        }

        impl Indicator {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Indicator] = &[$(Indicator::$variant),+];

            /// The directive's name.
            pub fn directive(self) -> &'static str {
                match self { $(Indicator::$variant => $directive,)+ }
            }

            /// The name in force without the directive.
            pub fn default_name(self) -> &'static str {
                match self { $(Indicator::$variant => $default,)+ }
            }
        }

        /// The environment variables that are read for each request.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Indicators {
            $($(#[$doc])* pub $field: String,)+
        }

        impl Default for Indicators {
            /// The names in force without any of the directives.
            fn default() -> Indicators {
                IndicatorNames::default().resolve()
            }
        }

        impl IndicatorNames {
            /// The names in force.
            pub(super) fn resolve(&self) -> Indicators {
                Indicators { $($field: self.name(Indicator::$variant),)+ }
            }
        }
    };
}

indicators! {
    /// The worker, with extensions (D-17).
    Worker worker "JkWorkerIndicator" "JK_WORKER_NAME";
    /// The request id for log lines (D-18).
    RequestId request_id "JkRequestIdIndicator" "UNIQUE_ID";
    /// The client's address (D-19).
    RemoteAddr remote_addr "JkRemoteAddrIndicator" "JK_REMOTE_ADDR";
    /// The client's port (D-20).
    RemotePort remote_port "JkRemotePortIndicator" "JK_REMOTE_PORT";
    /// The client's host name (D-21).
    RemoteHost remote_host "JkRemoteHostIndicator" "JK_REMOTE_HOST";
    /// The user (D-22).
    RemoteUser remote_user "JkRemoteUserIndicator" "JK_REMOTE_USER";
    /// The authentication type (D-23).
    AuthType auth_type "JkAuthTypeIndicator" "JK_AUTH_TYPE";
    /// The server's name (D-24).
    LocalName local_name "JkLocalNameIndicator" "JK_LOCAL_NAME";
    /// The server's address (D-25); inherited, unlike in mod_jk (BG-13).
    LocalAddr local_addr "JkLocalAddrIndicator" "JK_LOCAL_ADDR";
    /// The server's port (D-26).
    LocalPort local_port "JkLocalPortIndicator" "JK_LOCAL_PORT";
    /// Its existence makes the content length be ignored (D-27).
    IgnoreCl ignore_cl "JkIgnoreCLIndicator" "JK_IGNORE_CL";
    /// TLS is assumed when its value is `on` (D-29).
    Https https "JkHTTPSIndicator" "HTTPS";
    /// The TLS protocol (D-30).
    SslProtocol ssl_protocol "JkSSLPROTOCOLIndicator" "SSL_PROTOCOL";
    /// The client's certificate (D-31).
    Certs certs "JkCERTSIndicator" "SSL_CLIENT_CERT";
    /// The cipher (D-32).
    Cipher cipher "JkCIPHERIndicator" "SSL_CIPHER";
    /// The TLS session (D-33).
    Session session "JkSESSIONIndicator" "SSL_SESSION_ID";
    /// The key size (D-34).
    KeySize key_size "JkKEYSIZEIndicator" "SSL_CIPHER_USEKEYSIZE";
    /// Prefix of the variables with the certificate chain (D-35).
    CertChainPrefix cert_chain_prefix "JkCERTCHAINPrefix" "SSL_CLIENT_CERT_CHAIN_";
}

/// The names that one server's directives set.
#[derive(Clone, Debug, Default)]
pub(super) struct IndicatorNames([Option<String>; Indicator::ALL.len()]);

impl IndicatorNames {
    pub(super) fn set(&mut self, indicator: Indicator, name: &str) {
        self.0[indicator as usize] = Some(name.to_owned());
    }

    /// The virtual host's names, else the main server's; all of them are inherited (BG-13).
    pub(super) fn merge(main: &IndicatorNames, vhost: &IndicatorNames) -> IndicatorNames {
        let pairs = vhost.0.iter().zip(&main.0);
        let mut merged = IndicatorNames::default();
        for (slot, (own, inherited)) in merged.0.iter_mut().zip(pairs) {
            *slot = own.as_ref().or(inherited.as_ref()).cloned();
        }
        merged
    }

    fn name(&self, indicator: Indicator) -> String {
        let name = self.0[indicator as usize].as_deref();
        name.unwrap_or_else(|| indicator.default_name()).to_owned()
    }
}
