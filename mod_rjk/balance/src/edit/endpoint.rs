//! What can be changed of an ajp13 worker (V-20…V-30).

use super::{EditError, Setting, check_length, check_range, milliseconds, number, seconds};
use crate::overlay::codec::MOST_ADDRESSES;
use crate::overlay::{EndpointOverlay, Place};
use bstr::BString;
use rjk_config::model::AjpSpec;
use std::net::SocketAddr;
use std::time::Duration;

/// A new value of one property of an ajp13 worker. A time of zero switches off what it limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointSetting {
    /// Where it listens. Idle connections to the old place are closed, those in use when
    /// they come back (PL-10).
    Address {
        /// Host name or address literal.
        host: BString,
        /// TCP port; 0 means that the worker is not to be contacted.
        port: u16,
    },
    /// Idle connections are closed after this long.
    PoolTimeout(Duration),
    /// How long the interval mode waits for CPONG; zero for the default.
    PingTimeout(Duration),
    /// CPING after connect: how long to wait for CPONG.
    ConnectTimeout(Duration),
    /// CPING before a request: how long to wait for CPONG.
    PrepostTimeout(Duration),
    /// Longest gap before each packet from Tomcat.
    ReplyTimeout(Duration),
    /// Attempts on this worker for one service call, at least 1.
    Retries(u32),
    /// Pause before the second and later attempts.
    RetryInterval(Duration),
    /// CPING on connections idle longer than this.
    PingInterval(Duration),
    /// The bits of `recovery_options`.
    RecoveryOptions(u32),
    /// More than this many requests in flight are refused; 0 for no limit.
    BusyLimit(u32),
    /// Largest AJP packet in bytes, 8192…65536, rounded up to a multiple of 1024.
    MaxPacketSize(u32),
}

impl EndpointSetting {
    /// The worker at its new place; `None` when it does not move.
    pub(super) fn destination(&self, before: &AjpSpec) -> Option<AjpSpec> {
        match self {
            EndpointSetting::Address { host, port }
                if (host, *port) != (&before.host, before.port) =>
            {
                Some(AjpSpec {
                    host: host.clone(),
                    port: *port,
                    ..before.clone()
                })
            }
            _ => None,
        }
    }
}

/// A setting with all that has to be found out before the lock is taken.
pub(super) struct Prepared<'a> {
    pub(super) setting: &'a EndpointSetting,
    /// Of the new place; `None` when the worker was there.
    pub(super) addresses: Option<Vec<SocketAddr>>,
}

impl Setting for Prepared<'_> {
    type Overlay = EndpointOverlay;
    type Spec = AjpSpec;

    fn property(&self) -> &'static str {
        match self.setting {
            EndpointSetting::Address { .. } => "host:port",
            EndpointSetting::PoolTimeout(_) => "connection_pool_timeout",
            EndpointSetting::PingTimeout(_) => "ping_timeout",
            EndpointSetting::ConnectTimeout(_) => "connect_timeout",
            EndpointSetting::PrepostTimeout(_) => "prepost_timeout",
            EndpointSetting::ReplyTimeout(_) => "reply_timeout",
            EndpointSetting::Retries(_) => "retries",
            EndpointSetting::RetryInterval(_) => "retry_interval",
            EndpointSetting::PingInterval(_) => "connection_ping_interval",
            EndpointSetting::RecoveryOptions(_) => "recovery_options",
            EndpointSetting::BusyLimit(_) => "busy_limit",
            EndpointSetting::MaxPacketSize(_) => "max_packet_size",
        }
    }

    fn check(&self) -> Result<(), EditError> {
        let property = self.property();
        match self.setting {
            EndpointSetting::Address { host, .. } => check_length("host", host),
            EndpointSetting::Retries(retries) => check_range(property, *retries, 1..=u32::MAX),
            EndpointSetting::MaxPacketSize(bytes) => check_range(property, *bytes, 8192..=65536),
            _ => Ok(()),
        }
    }

    fn text(&self, spec: &AjpSpec) -> BString {
        let limit = |time: Option<Duration>| milliseconds(time.unwrap_or_default());
        match self.setting {
            EndpointSetting::Address { .. } => format!("{}:{}", spec.host, spec.port).into(),
            EndpointSetting::PoolTimeout(_) => seconds(spec.pool.timeout.unwrap_or_default()),
            EndpointSetting::PingTimeout(_) => milliseconds(spec.ping.timeout),
            EndpointSetting::ConnectTimeout(_) => limit(spec.ping.connect),
            EndpointSetting::PrepostTimeout(_) => limit(spec.ping.prepost),
            EndpointSetting::ReplyTimeout(_) => limit(spec.reply_timeout),
            EndpointSetting::Retries(_) => number(spec.retries),
            EndpointSetting::RetryInterval(_) => milliseconds(spec.retry_interval),
            EndpointSetting::PingInterval(_) => seconds(spec.ping.interval.unwrap_or_default()),
            EndpointSetting::RecoveryOptions(_) => {
                number(spec.recovery_options.explicit.unwrap_or(0))
            }
            EndpointSetting::BusyLimit(_) => number(spec.busy_limit.unwrap_or(0)),
            EndpointSetting::MaxPacketSize(_) => number(spec.max_packet_size),
        }
    }

    fn put(&self, overlay: &mut EndpointOverlay, before: &AjpSpec) {
        match self.setting {
            EndpointSetting::Address { host, port } => self.put_place(overlay, host, *port, before),
            EndpointSetting::PoolTimeout(time) => overlay.pool_timeout = Some(*time),
            EndpointSetting::PingTimeout(time) => overlay.ping_timeout = Some(*time),
            EndpointSetting::ConnectTimeout(time) => overlay.connect_timeout = Some(*time),
            EndpointSetting::PrepostTimeout(time) => overlay.prepost_timeout = Some(*time),
            EndpointSetting::ReplyTimeout(time) => overlay.reply_timeout = Some(*time),
            EndpointSetting::Retries(retries) => overlay.retries = Some(*retries),
            EndpointSetting::RetryInterval(time) => overlay.retry_interval = Some(*time),
            EndpointSetting::PingInterval(time) => overlay.ping_interval = Some(*time),
            EndpointSetting::RecoveryOptions(bits) => overlay.recovery_options = Some(*bits),
            EndpointSetting::BusyLimit(limit) => overlay.busy_limit = Some(*limit),
            EndpointSetting::MaxPacketSize(bytes) => {
                overlay.max_packet_size = Some(bytes.next_multiple_of(1024));
            }
        }
    }
}

impl Prepared<'_> {
    fn put_place(
        &self,
        overlay: &mut EndpointOverlay,
        host: &BString,
        port: u16,
        before: &AjpSpec,
    ) {
        // Another edit may have moved it since the addresses were looked for.
        let Some(addresses) = &self.addresses else {
            return;
        };
        if (host, port) == (&before.host, before.port) {
            return;
        }
        let moves = overlay.place.moves.unwrap_or(0);
        let addresses = addresses.iter().take(MOST_ADDRESSES).copied();
        overlay.place = Place {
            host: Some(host.clone()),
            port: Some(port),
            addresses: addresses.collect(),
            moves: Some(moves.wrapping_add(1)),
        };
    }
}
