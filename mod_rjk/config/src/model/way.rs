//! How a worker is reached: what rjk.toml says of it in `[worker.NAME]`, beside workers.properties.

use bstr::BString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a worker is reached. Without a `[worker.NAME]` it is AJP over TCP, as mod_jk does it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What is spoken.
    pub protocol: Protocol,
    /// A unix socket, instead of the worker's host and port.
    pub socket: Option<PathBuf>,
    /// How often the host is looked up again; `None` for once at start.
    pub resolve: Option<Duration>,
}

/// What is spoken with a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// AJP/1.3.
    #[default]
    Ajp,
    /// HTTP/1.1.
    Http(Box<HttpSpec>),
}

/// HTTP/1.1 with one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSpec {
    /// TLS; `None` for clear text.
    pub tls: Option<TlsSpec>,
    /// The headers that carry the client's address, scheme, host and port.
    pub forward: Forward,
    /// The header that carries the worker's secret; without one the secret is not sent.
    pub secret_header: Option<BString>,
    /// The path that a check of a connection asks for; without one no connection is checked by a
    /// request.
    pub probe: Option<BString>,
    /// WebSocket; `None` refuses the upgrade.
    pub websocket: Option<WebSocketSpec>,
}

/// Which headers carry the client's address, scheme, host and port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forward {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Port`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// Both kinds.
    Both,
    /// None.
    None,
}

impl Forward {
    /// Whether the `X-Forwarded` headers are sent.
    pub fn x_forwarded(self) -> bool {
        matches!(self, Forward::XForwarded | Forward::Both)
    }

    /// Whether `Forwarded` is sent.
    pub fn forwarded(self) -> bool {
        matches!(self, Forward::Forwarded | Forward::Both)
    }
}

/// TLS with one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// The certificates that are trusted, PEM; `None` for the system's.
    pub ca: Option<PathBuf>,
    /// The name that the worker's certificate must have; `None` for the worker's host.
    pub server_name: Option<String>,
    /// Certificate (with its chain) and key that the worker is shown, PEM.
    pub identity: Option<TlsIdentity>,
    /// Whether the worker's certificate is verified.
    pub verify: bool,
}

/// A certificate of ours and its key, PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate, followed by its chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// WebSocket with one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebSocketSpec {
    /// A connection on which nothing moved for so long is ended.
    pub idle: Duration,
    /// Most of them at the same time in each child: each holds a thread.
    pub most: u32,
}

impl Way {
    /// What is said of HTTP, if that is spoken.
    pub fn http(&self) -> Option<&HttpSpec> {
        match &self.protocol {
            Protocol::Ajp => None,
            Protocol::Http(http) => Some(http),
        }
    }

    /// What is said of WebSocket, if it can be had.
    pub fn websocket(&self) -> Option<WebSocketSpec> {
        self.http()?.websocket
    }

    /// What is said of TLS, if it is spoken.
    pub fn tls(&self) -> Option<&TlsSpec> {
        self.http()?.tls.as_ref()
    }

    /// How it is shown to people that a worker is at `at`, a host and port: as that alone for AJP, as a URL
    /// for what mod_jk does not know.
    pub fn shown(&self, at: impl fmt::Display) -> String {
        let scheme = match &self.protocol {
            Protocol::Ajp => None,
            Protocol::Http(http) if http.tls.is_some() => Some("https"),
            Protocol::Http(_) => Some("http"),
        };
        match (&self.socket, scheme) {
            (None, None) => at.to_string(),
            (None, Some(scheme)) => format!("{scheme}://{at}"),
            (Some(socket), None) => format!("unix:{}", socket.display()),
            (Some(socket), Some(scheme)) => format!("{scheme}+unix:{}", socket.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_shown_as_people_write_it() {
        let http = |tls: Option<TlsSpec>| {
            Protocol::Http(Box::new(HttpSpec {
                tls,
                ..HttpSpec::default()
            }))
        };
        let tls = TlsSpec {
            ca: None,
            server_name: None,
            identity: None,
            verify: true,
        };
        for (protocol, tcp, unix) in [
            (Protocol::Ajp, "[::1]:80", "unix:/run/a"),
            (http(None), "http://[::1]:80", "http+unix:/run/a"),
            (http(Some(tls)), "https://[::1]:80", "https+unix:/run/a"),
        ] {
            let mut way = Way {
                protocol,
                ..Way::default()
            };
            assert_eq!(way.shown("[::1]:80"), tcp);
            way.socket = Some("/run/a".into());
            assert_eq!(way.shown("[::1]:80"), unix);
        }
    }
}
