//! The overlay of an ajp13 worker (V-20…V-30): one for all balancers that have it as a member and for
//! its use by itself (LB-05).

use super::codec::{Codec, Fields};
use super::{Overlay, lay};
use crate::worker::EndpointSettings;
use bstr::BString;
use rjk_config::model::AjpSpec;
use std::net::SocketAddr;
use std::time::Duration;

/// What was changed of an ajp13 worker. A time of zero switches off what it limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EndpointOverlay {
    pub(crate) place: Place,
    pub(crate) pool_timeout: Option<Duration>,
    pub(crate) ping_timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) prepost_timeout: Option<Duration>,
    pub(crate) reply_timeout: Option<Duration>,
    pub(crate) retries: Option<u32>,
    pub(crate) retry_interval: Option<Duration>,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) recovery_options: Option<u32>,
    pub(crate) busy_limit: Option<u32>,
    pub(crate) max_packet_size: Option<u32>,
}

/// Where the worker listens.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    pub(crate) host: Option<BString>,
    pub(crate) port: Option<u16>,
    /// The host's addresses, as the process that changed it resolved them.
    pub(crate) addresses: Vec<SocketAddr>,
    /// How often the worker moved.
    pub(crate) moves: Option<u32>,
}

impl Place {
    /// The host has other addresses by now.
    pub(crate) fn readdress(&mut self, before: &EndpointSettings, found: &[SocketAddr]) {
        let is_gone = |address| !found.contains(address);
        let moved = before.addresses.iter().any(is_gone);
        self.addresses = found.to_vec();
        self.moves = Some(before.moves.wrapping_add(u32::from(moved)));
    }
}

impl Overlay for EndpointOverlay {
    type Spec = AjpSpec;

    /// Lays it over a worker.
    fn apply(&self, spec: &mut AjpSpec) {
        lay(&self.place.host, &mut spec.host);
        lay(&self.place.port, &mut spec.port);
        lay(&self.pool_timeout.map(some_time), &mut spec.pool.timeout);
        lay(&self.ping_timeout, &mut spec.ping.timeout);
        lay(&self.connect_timeout.map(some_time), &mut spec.ping.connect);
        lay(&self.prepost_timeout.map(some_time), &mut spec.ping.prepost);
        lay(&self.ping_interval.map(some_time), &mut spec.ping.interval);
        lay(&self.reply_timeout.map(some_time), &mut spec.reply_timeout);
        lay(&self.retries, &mut spec.retries);
        lay(&self.retry_interval, &mut spec.retry_interval);
        if self.recovery_options.is_some() {
            spec.recovery_options.explicit = self.recovery_options;
        }
        let some_limit = |limit: u32| (limit > 0).then_some(limit);
        lay(&self.busy_limit.map(some_limit), &mut spec.busy_limit);
        let packet = self.max_packet_size.map(|bytes| bytes as usize);
        lay(&packet, &mut spec.max_packet_size);
    }
}

fn some_time(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

impl Fields for EndpointOverlay {
    fn visit(&mut self, codec: &mut impl Codec) {
        codec.text(&mut self.place.host);
        codec.number(&mut self.place.port);
        codec.addresses(&mut self.place.addresses);
        codec.number(&mut self.place.moves);
        codec.number(&mut self.pool_timeout);
        codec.number(&mut self.ping_timeout);
        codec.number(&mut self.connect_timeout);
        codec.number(&mut self.prepost_timeout);
        codec.number(&mut self.reply_timeout);
        codec.number(&mut self.retries);
        codec.number(&mut self.retry_interval);
        codec.number(&mut self.ping_interval);
        codec.number(&mut self.recovery_options);
        codec.number(&mut self.busy_limit);
        codec.number(&mut self.max_packet_size);
    }
}
