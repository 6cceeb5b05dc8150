//! The way to a peer, and how long it may take.

use super::foreign::Foreign;
use super::target::Target;
use super::trouble::Trouble;
use crate::manners::{Ending, Secret};
use rjk_config::model::{AjpSpec, PingSpec, PoolSpec, RecoveryOptions, Way as WorkerWay};
use rjk_proxy::way::address;
use rjk_proxy::worker::direct::Direct;
use std::cell::OnceCell;
use std::net::SocketAddr;
use std::time::Duration;

/// What both verbs take of the way.
#[derive(Debug, clap::Args)]
pub(super) struct Way {
    /// Tries the IPv6 addresses of a name before the others, as prefer_ipv6 of a worker does
    #[arg(short = '6', long = "ipv6")]
    ipv6: bool,
}

/// How long things may take, and how large a packet may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The connection.
    pub(super) connect: Duration,
    /// Each packet of the answer.
    pub(super) answer: Duration,
    /// Bytes of a packet.
    pub(super) packet: usize,
}

/// A peer that has an address.
pub(super) struct Found {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) direct: Direct,
    /// Whether it speaks TLS, once it was asked.
    tls: OnceCell<bool>,
}

impl Way {
    /// Looks the host up.
    ///
    /// # Errors
    /// [`NoHost`].
    pub(super) fn find(
        &self,
        target: &Target,
        limits: Limits,
        secret: Option<&Secret>,
    ) -> Result<Found, NoHost> {
        let spec = spec(target, self.ipv6, limits, secret);
        let addresses = address::resolve(&spec).map_err(|error| {
            NoHost::Unknown(Trouble::UnknownHost {
                host: target.host.clone(),
                error,
            })
        })?;
        let direct = Direct::new(&spec, &addresses, None)
            .map_err(|error| NoHost::Internal(error.to_string()))?;
        Ok(Found {
            addresses,
            direct,
            tls: OnceCell::new(),
        })
    }
}

/// The beginning of a ClientHello that ends too soon: a TLS server answers with an alert.
const HELLO: [u8; 10] = [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0];

impl Found {
    /// What a trouble is at a second look: many TLS servers close without a word when AJP comes, so a
    /// peer that did is asked in TLS, once.
    pub(super) fn look_again(&self, trouble: Trouble, limit: Duration) -> Trouble {
        let closed = matches!(trouble, Trouble::ClosedAtOnce | Trouble::ResetAtOnce);
        match closed && *self.tls.get_or_init(|| self.speaks_tls(limit)) {
            true => Trouble::Foreign(Foreign::Tls),
            false => trouble,
        }
    }

    fn speaks_tls(&self, limit: Duration) -> bool {
        let Ok(mut line) = self.direct.connect() else {
            return false;
        };
        line.hail(&HELLO, limit);
        Foreign::of(line.unread()) == Some(Foreign::Tls)
    }

    /// All addresses.
    pub(super) fn listed(&self) -> String {
        let all: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        all.join(", ")
    }
}

/// A worker of the module, with nothing that goes on by itself.
fn spec(target: &Target, ipv6: bool, limits: Limits, secret: Option<&Secret>) -> AjpSpec {
    AjpSpec {
        name: "rjk".into(),
        host: target.host.as_str().into(),
        port: target.port,
        prefer_ipv6: ipv6,
        source: None,
        socket_timeout: Some(limits.answer),
        socket_connect_timeout: Some(limits.connect),
        socket_keepalive: false,
        socket_buffer: None,
        ping: PingSpec::default(),
        pool: PoolSpec {
            size: Some(1),
            min_size: None,
            timeout: None,
            acquire_timeout: Duration::ZERO,
        },
        reply_timeout: Some(limits.answer),
        retries: 1,
        retry_interval: Duration::ZERO,
        recovery_options: RecoveryOptions::default(),
        fail_on_status: Vec::new(),
        busy_limit: None,
        max_packet_size: limits.packet,
        secret: secret.map(|secret| secret.expose().into()),
        way: WorkerWay::default(),
    }
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

/// Nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHost {
    /// The resolver does not know it.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Unknown(Trouble),
    /// A mistake of ours.
    #[error("{0}; please report this")]
    Internal(String),
}

impl NoHost {
    /// A name that leads nowhere is a finding, as a port that nobody listens at.
    pub(super) fn ending(&self) -> Ending {
        match self {
            NoHost::Unknown(_) => Ending::Found,
            NoHost::Internal(_) => Ending::CouldNotRun,
        }
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
