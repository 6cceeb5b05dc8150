//! The way to a peer, as options or the configuration say it.

use super::configured::{Configured, Unconfigured};
use super::found::{Found, NoHost};
use super::target::{Scheme, Target};
use super::tls::TlsOptions;
use crate::manners::{Ending, Secret};
use bstr::BString;
use rjk_config::model::{
    Activation, AjpSpec, Forward, HttpSpec, PingSpec, PoolSpec, Protocol, RecoveryOptions,
    Way as WorkerWay,
};
use rjk_proxy::way::tls::TlsSetupError;
use std::path::PathBuf;
use std::time::Duration;

/// What both verbs take of the way.
#[derive(Debug, clap::Args)]
pub(super) struct Way {
    /// Tries the IPv6 addresses of a name before the others, as prefer_ipv6 of a worker does
    #[arg(short = '6', long = "ipv6", conflicts_with_all = ["worker", "conf"])]
    ipv6: bool,
    /// Goes through this unix socket; the URL still says what is spoken, and which host is told
    #[arg(long, value_name = "PATH", visible_alias = "socket", conflicts_with_all = ["worker", "conf", "ipv6"])]
    unix_socket: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsOptions,
    #[command(flatten)]
    configured: Configured,
}

/// How long things may take, and how large a packet may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The connection, with TLS.
    pub(super) connect: Duration,
    /// Each part of the answer.
    pub(super) answer: Duration,
    /// Bytes of a packet; `None` for what is usual.
    pub(super) packet: Option<usize>,
}

/// What is said of HTTP.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) forward: Forward,
    pub(super) secret_header: Option<BString>,
    /// The path of a probe.
    pub(super) probe: Option<BString>,
}

/// How somebody is asked.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The worker that the module would have.
    pub(super) spec: AjpSpec,
    pub(super) member: Member,
}

/// What a balancer says of a member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) route: Option<BString>,
    pub(super) activation: Activation,
}

impl Plan {
    /// What is spoken.
    pub(super) fn scheme(&self) -> Scheme {
        match (self.spec.way.http(), self.spec.way.tls()) {
            (None, _) => Scheme::Ajp,
            (Some(_), None) => Scheme::Http,
            (Some(_), Some(_)) => Scheme::Https,
        }
    }

    /// How it is addressed.
    pub(super) fn target(&self) -> Target {
        Target {
            scheme: self.scheme(),
            host: self.spec.host.to_string(),
            port: self.spec.port,
        }
    }

    /// With its secret, if one is given.
    pub(super) fn secret(mut self, secret: Option<&Secret>) -> Plan {
        if let Some(secret) = secret {
            self.spec.secret = Some(secret.expose().into());
        }
        self
    }

    /// Looks the host up, and reads what TLS needs.
    ///
    /// # Errors
    /// [`NoHost`].
    pub(super) fn find(&self) -> Result<Found, NoHost> {
        Found::new(&self.spec, self.scheme())
    }
}

impl Way {
    /// Whether the configuration says whom to ask.
    pub(super) fn is_configured(&self) -> bool {
        self.configured.is_given()
    }

    /// The worker that the configuration has.
    ///
    /// # Errors
    /// [`NoWay`].
    pub(super) fn configured(&self, limits: Limits) -> Result<Plan, NoWay> {
        let mut plan = self.configured.plan()?;
        limit(&mut plan.spec, limits);
        Ok(plan)
    }

    /// A worker of the module at that address, with nothing that goes on by itself.
    ///
    /// # Errors
    /// [`NoWay`].
    pub(super) fn direct(
        &self,
        target: &Target,
        limits: Limits,
        told: Told,
    ) -> Result<Plan, NoWay> {
        if target.scheme != Scheme::Https
            && let Some(option) = self.tls.first()
        {
            return Err(NoWay::NoTls(option));
        }
        let mut spec = worker(target);
        spec.prefer_ipv6 = self.ipv6;
        spec.way.socket.clone_from(&self.unix_socket);
        if target.scheme.is_http() {
            spec.way.protocol = Protocol::Http(Box::new(HttpSpec {
                tls: (target.scheme == Scheme::Https).then(|| self.tls.spec()),
                forward: told.forward,
                secret_header: told.secret_header,
                probe: told.probe,
                websocket: None,
            }));
        }
        limit(&mut spec, limits);
        Ok(Plan {
            spec,
            member: Member {
                route: None,
                activation: Activation::default(),
            },
        })
    }
}

fn worker(target: &Target) -> AjpSpec {
    AjpSpec {
        name: "rjk".into(),
        host: target.host.as_str().into(),
        port: target.port,
        prefer_ipv6: false,
        source: None,
        socket_timeout: None,
        socket_connect_timeout: None,
        socket_keepalive: false,
        socket_buffer: None,
        ping: PingSpec::default(),
        pool: PoolSpec {
            size: Some(1),
            min_size: None,
            timeout: None,
            acquire_timeout: Duration::ZERO,
        },
        reply_timeout: None,
        retries: 1,
        retry_interval: Duration::ZERO,
        recovery_options: RecoveryOptions::default(),
        fail_on_status: Vec::new(),
        busy_limit: None,
        max_packet_size: USUAL_PACKET,
        secret: None,
        way: WorkerWay::default(),
    }
}

const USUAL_PACKET: usize = 8192;

/// Whoever waits at a terminal says for how long, whatever the configuration says.
fn limit(spec: &mut AjpSpec, limits: Limits) {
    spec.socket_connect_timeout = Some(limits.connect);
    spec.socket_timeout = Some(limits.answer);
    spec.reply_timeout = Some(limits.answer);
    spec.max_packet_size = limits.packet.unwrap_or(spec.max_packet_size);
}

/// The size of packets, as `max_packet_size` of a worker has it.
pub(super) fn packet_size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 8192..=65536) if size % 1024 == 0 => Ok(size),
        _ => Err(
            "write a multiple of 1024 from 8192 to 65536, the packetSize of Tomcat's connector"
                .to_owned(),
        ),
    }
}

/// Nobody is named who could be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoWay {
    /// Options of TLS without TLS.
    #[error("{0} is for TLS; write https:// in the URL")]
    NoTls(&'static str),
    /// The configuration does not say it.
    #[error("{0}")]
    Configuration(#[from] Unconfigured),
}

impl NoHost {
    /// A name that leads nowhere is a finding, as a port that nobody listens at.
    pub(super) fn ending(&self) -> Ending {
        match self {
            NoHost::Unknown(_) => Ending::Found,
            NoHost::Tls(_) | NoHost::Internal(_) => Ending::CouldNotRun,
        }
    }
}

impl From<TlsSetupError> for NoHost {
    fn from(error: TlsSetupError) -> NoHost {
        NoHost::Tls(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_the_sizes_of_a_worker() {
        for (text, size) in [("8192", 8192), ("65536", 65536), ("16384", 16384)] {
            assert_eq!(packet_size(text), Ok(size));
        }
        for text in ["8191", "8193", "0", "66560", "8k", ""] {
            assert!(packet_size(text).is_err(), "{text}");
        }
    }
}
