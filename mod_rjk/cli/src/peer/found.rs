//! A peer that can be asked: it has an address, and what TLS needs was read.

use super::foreign::{Foreign, Says};
use super::target::Scheme;
use super::tls::Agreed;
use super::trouble::Trouble;
use rjk_balance::UnknownWorker;
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, TlsSpec, Way};
use rjk_proxy::job::failure::Cause;
use rjk_proxy::way::address;
use rjk_proxy::way::connector::ConnectError;
use rjk_proxy::way::tls::{TlsAgreed, TlsContext, TlsError, TlsSetupError};
use rjk_proxy::worker::direct::{Direct, Line};
use std::cell::OnceCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A peer that can be asked.
pub(super) struct Found {
    pub(super) scheme: Scheme,
    pub(super) direct: Direct,
    addresses: Vec<SocketAddr>,
    socket: Option<PathBuf>,
    is_verified: bool,
    /// How it is reached, whatever is spoken.
    spec: AjpSpec,
    /// What else it speaks, once it was asked.
    other: OnceCell<Option<Says>>,
}

impl Found {
    /// Looks the host up, and reads what TLS needs.
    pub(super) fn new(spec: &AjpSpec, scheme: Scheme) -> Result<Found, NoHost> {
        let tls = spec.way.tls().map(|tls| TlsContext::load(tls, None));
        let tls = tls.transpose()?;
        let addresses = address::resolve(spec).map_err(|error| {
            NoHost::Unknown(Trouble::UnknownHost {
                host: spec.host.to_string(),
                error,
            })
        })?;
        let internal = |error: UnknownWorker| NoHost::Internal(error.to_string());
        Ok(Found {
            scheme,
            direct: Direct::new(spec, &addresses, tls.as_ref()).map_err(internal)?,
            spec: spec.clone(),
            addresses,
            socket: spec.way.socket.clone(),
            is_verified: spec.way.tls().is_none_or(|tls| tls.verify),
            other: OnceCell::new(),
        })
    }

    /// All its addresses, or its socket.
    pub(super) fn places(&self) -> Vec<String> {
        match &self.socket {
            Some(socket) => vec![socket.display().to_string()],
            None => self.addresses.iter().map(ToString::to_string).collect(),
        }
    }

    /// The same, as a text.
    pub(super) fn listed(&self) -> String {
        self.places().join(", ")
    }

    /// Where a connection leads.
    pub(super) fn place(&self, line: &Line<'_>) -> Option<String> {
        match &self.socket {
            Some(socket) => Some(socket.display().to_string()),
            None => Some(line.address()?.to_string()),
        }
    }

    /// What TLS came to.
    pub(super) fn agreed<'a>(&self, tls: &'a TlsAgreed) -> Agreed<'a> {
        Agreed {
            tls,
            is_verified: self.is_verified,
        }
    }

    /// What a trouble is at a second look: many servers close without a word when another protocol comes
    /// than theirs, so a peer that did is asked in others, once. A Tomcat that wants TLS says so in HTTP, and closes.
    pub(super) fn look_again(&self, trouble: Trouble, limit: Duration) -> Trouble {
        let may_want_tls = matches!(trouble, Trouble::EndsConnection) && self.speaks_tls(limit);
        if !trouble.is_wordless() && !may_want_tls {
            return trouble;
        }
        match self.other(limit) {
            Some(says) => Trouble::Foreign(Foreign {
                asked: self.scheme,
                says: says.clone(),
            }),
            None => trouble,
        }
    }

    /// Whether it speaks TLS, asked without.
    pub(super) fn speaks_tls(&self, limit: Duration) -> bool {
        self.scheme != Scheme::Https && self.other(limit) == Some(&Says::Tls)
    }

    fn other(&self, limit: Duration) -> Option<&Says> {
        let tls = || self.answers_tls().then_some(Says::Tls);
        let ajp = || self.answers_cping(limit).then_some(Says::Ajp);
        let asked = || match self.scheme {
            Scheme::Ajp => tls(),
            Scheme::Http => tls().or_else(ajp),
            Scheme::Https => ajp(),
        };
        self.other.get_or_init(asked).as_ref()
    }

    /// Whether it goes into a handshake, whomever its certificate is for.
    fn answers_tls(&self) -> bool {
        let spec = self.spoken(Protocol::Http(Box::new(HttpSpec {
            tls: Some(ANYBODY),
            ..HttpSpec::default()
        })));
        let Ok(context) = TlsContext::load(&ANYBODY, None) else {
            return false;
        };
        let Ok(direct) = Direct::new(&spec, &self.addresses, Some(&context)) else {
            return false;
        };
        match direct.connect().map(drop).map_err(|failure| failure.cause) {
            Ok(()) => true,
            Err(Cause::Connect(ConnectError::Tls(error))) => says_tls(&error),
            Err(_) => false,
        }
    }

    fn answers_cping(&self, limit: Duration) -> bool {
        let direct = Direct::new(&self.spoken(Protocol::Ajp), &self.addresses, None);
        let Ok(direct) = direct else { return false };
        let Ok(mut line) = direct.connect() else {
            return false;
        };
        line.ping(limit).is_ok()
    }

    /// The same peer, spoken to in another way.
    fn spoken(&self, protocol: Protocol) -> AjpSpec {
        AjpSpec {
            way: Way {
                protocol,
                ..self.spec.way.clone()
            },
            ..self.spec.clone()
        }
    }
}

const ANYBODY: TlsSpec = TlsSpec {
    ca: None,
    server_name: None,
    identity: None,
    verify: false,
};

/// Whether only somebody who speaks TLS says so.
fn says_tls(error: &TlsError) -> bool {
    !matches!(
        error,
        TlsError::Io(_)
            | TlsError::TimedOut
            | TlsError::Closed
            | TlsError::PlainHttp
            | TlsError::PlainAjp
            | TlsError::NotTls { .. }
            | TlsError::Other(_)
    )
}

/// Nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHost {
    /// The resolver does not know it.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Unknown(Trouble),
    /// A file that TLS needs.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Tls(TlsSetupError),
    /// A mistake of ours.
    #[error("{0}; please report this")]
    Internal(String),
}
