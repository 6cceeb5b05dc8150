//! ajp13 workers (contract §2.3).

use super::values::{Attributes, split_list};
use crate::advice::host_problem;
use crate::error::ConfigError;
use crate::model::{AjpSpec, FailStatus, PingSpec, PoolSpec, RecoveryOptions, Way};
use crate::properties::Entry;
use bstr::{BString, ByteSlice};
use std::time::Duration;

const DEFAULT_PORT: u16 = 8009;
const DEFAULT_RETRIES: u32 = 2;
const DEFAULT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// A-24; also what `max_packet_size` is clamped to.
const PACKET_BYTES: std::ops::RangeInclusive<u32> = 8192..=65536;
/// All bits of `recovery_options` (contract §4.8).
const RECOVERY_BITS: u32 = 1 | 2 | 4 | 8 | 16;

/// Reads the worker; numbers get their units and limits from the contract's table.
pub(super) fn read(attributes: &mut Attributes<'_>) -> Result<AjpSpec, ConfigError> {
    let socket_timeout = some_time(attributes.seconds("socket_timeout", 0));
    let max_packet_size = max_packet_size(attributes);
    let retries = attributes.at_least("retries", 1, DEFAULT_RETRIES);
    let retry_interval = attributes
        .milliseconds("retry_interval")
        .unwrap_or(DEFAULT_RETRY_INTERVAL);
    Ok(AjpSpec {
        name: attributes.worker().into(),
        host: host(attributes)?,
        port: port(attributes),
        prefer_ipv6: attributes.boolean("prefer_ipv6", false),
        source: address(attributes, "source")?,
        socket_timeout,
        socket_connect_timeout: attributes
            .milliseconds("socket_connect_timeout")
            .map_or(socket_timeout, some_time),
        socket_keepalive: attributes.boolean("socket_keepalive", false),
        socket_buffer: socket_buffer(attributes, max_packet_size),
        ping: ping(attributes),
        pool: pool(attributes, retry_interval.saturating_mul(retries)),
        reply_timeout: attributes.milliseconds("reply_timeout").and_then(some_time),
        retries,
        retry_interval,
        recovery_options: recovery_options(attributes),
        fail_on_status: fail_on_status(attributes),
        busy_limit: attributes.integer("busy_limit").and_then(positive),
        max_packet_size,
        secret: attributes.text("secret"),
        way: Way::default(),
    })
}

/// mod_jk starts with any text and then cannot resolve it, so its author gets told.
fn host(attributes: &mut Attributes<'_>) -> Result<BString, ConfigError> {
    let host = address(attributes, "host")?;
    Ok(host.unwrap_or_else(|| "localhost".into()))
}

fn address(
    attributes: &mut Attributes<'_>,
    attribute: &str,
) -> Result<Option<BString>, ConfigError> {
    let address = attributes.name(attribute)?;
    if let (Some(entry), Some(address)) = (attributes.entry(attribute), &address)
        && let Some(problem) = host_problem(attribute, &address.to_str_lossy())
    {
        attributes.warn_as("odd-host", entry, problem);
    }
    Ok(address)
}

/// nobody listens at a port that there is not, and the other workers serve.
fn port(attributes: &mut Attributes<'_>) -> u16 {
    let Some(number) = attributes.integer("port") else {
        return DEFAULT_PORT;
    };
    u16::try_from(number).unwrap_or_else(|_| {
        if let Some(entry) = attributes.entry("port") {
            let message = format!(
                "port is {number} and the worker takes no requests; write a number from 1 to 65535"
            );
            attributes.warn(entry, message);
        }
        0
    })
}

/// a buffer that holds no packet is raised to one.
fn socket_buffer(attributes: &mut Attributes<'_>, packet: usize) -> Option<usize> {
    let wanted = attributes.integer("socket_buffer").and_then(positive)? as usize;
    if wanted < packet
        && let Some(entry) = attributes.entry("socket_buffer")
    {
        let message = format!("socket_buffer is {wanted}, less than a packet; {packet} is used");
        attributes.warn(entry, message);
    }
    Some(wanted.max(packet))
}

/// rounded up to a multiple of 1024, then clamped.
fn max_packet_size(attributes: &mut Attributes<'_>) -> usize {
    let Some(wanted) = attributes.integer("max_packet_size") else {
        return *PACKET_BYTES.start() as usize;
    };
    let rounded = u32::try_from(wanted).unwrap_or(0).next_multiple_of(1024);
    let size = rounded.clamp(*PACKET_BYTES.start(), *PACKET_BYTES.end());
    if i64::from(wanted) != i64::from(size)
        && let Some(entry) = attributes.entry("max_packet_size")
    {
        let message = format!(
            "max_packet_size is {wanted}; {size} is used, which has to be Tomcat's packetSize"
        );
        attributes.warn(entry, message);
    }
    size as usize
}

/// A-09…A-13: a letter of `ping_mode` fills in the timeout that the file does not set.
fn ping(attributes: &mut Attributes<'_>) -> PingSpec {
    let written = attributes.milliseconds("ping_timeout");
    let timeout = written.unwrap_or(PingSpec::DEFAULT_TIMEOUT);
    let modes = ping_modes(attributes);
    if timeout.is_zero()
        && !modes.is_empty()
        && let Some(entry) = attributes.entry("ping_timeout")
    {
        let message = "ping_timeout is 0 and switches off what ping_mode asks for; write a time";
        attributes.warn(entry, message);
    }
    // Milliseconds divided by 100 are taken for seconds: 10 s become 100 s.
    let idle = Duration::from_secs(u64::try_from(timeout.as_millis() / 100).unwrap_or(0));
    // An explicit 0 is as good as nothing.
    let or_of_mode = |mode: u8, written: Option<Duration>, time: Duration| {
        let of_mode = modes.contains(&mode).then_some(time);
        written.and_then(some_time).or(of_mode).and_then(some_time)
    };
    let interval = attributes.seconds("connection_ping_interval", 0);
    PingSpec {
        connect: or_of_mode(b'C', attributes.milliseconds("connect_timeout"), timeout),
        prepost: or_of_mode(b'P', attributes.milliseconds("prepost_timeout"), timeout),
        interval: or_of_mode(b'I', Some(interval), idle),
        timeout,
    }
}

/// The letters of `ping_mode` in upper case, `A` as all three.
fn ping_modes(attributes: &mut Attributes<'_>) -> Vec<u8> {
    let Some(entry) = attributes.entry("ping_mode") else {
        return Vec::new();
    };
    let letters = entry.value.to_ascii_uppercase();
    if let Some(unknown) = letters.iter().find(|letter| !b"CPIA".contains(letter)) {
        let unknown = char::from(*unknown);
        let message = format!(
            "ping_mode has the unknown letter {unknown:?}, which is ignored; write some of CPIA"
        );
        attributes.warn(entry, message);
    }
    if letters.contains(&b'A') {
        b"CPI".to_vec()
    } else {
        letters
    }
}

/// A-14…A-17 with their deprecated names.
fn pool(attributes: &mut Attributes<'_>, acquire_default: Duration) -> PoolSpec {
    let size = attributes
        .not_negative("connection_pool_size")
        .or_else(|| attributes.not_negative("cachesize"));
    let timeout = attributes
        .not_negative("connection_pool_timeout")
        .or_else(|| attributes.not_negative("cache_timeout"));
    PoolSpec {
        size,
        min_size: attributes.not_negative("connection_pool_minsize"),
        timeout: timeout.and_then(|seconds| some_time(Duration::from_secs(seconds.into()))),
        acquire_timeout: attributes
            .milliseconds("connection_acquire_timeout")
            .unwrap_or(acquire_default),
    }
}

///
fn recovery_options(attributes: &mut Attributes<'_>) -> RecoveryOptions {
    let explicit = attributes.not_negative("recovery_options");
    // `0x3` is read as 0, but does not ask for replays.
    let is_plain = |entry: &Entry| entry.value.trim_start_with(|c| c == '+') == b"0";
    let explicit = explicit
        .filter(|bits| *bits != 0 || attributes.entry("recovery_options").is_some_and(is_plain));
    if explicit.is_some_and(|bits| bits & !RECOVERY_BITS != 0)
        && let Some(entry) = attributes.entry("recovery_options")
    {
        let message =
            "recovery_options has bits above 16, which are ignored; add up 1, 2, 4, 8 and 16";
        attributes.warn(entry, message);
    }
    RecoveryOptions { explicit }
}

/// A-22, RO-08.
fn fail_on_status(attributes: &mut Attributes<'_>) -> Vec<FailStatus> {
    let Some(entry) = attributes.entry("fail_on_status") else {
        return Vec::new();
    };
    let mut statuses = Vec::new();
    for item in split_list(&entry.value) {
        let (soft, digits) = match item.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, item.as_bytes()),
        };
        let status = digits.to_str().ok().and_then(|digits| digits.parse().ok());
        match status.filter(|status| (100..=999).contains(status)) {
            Some(status) => statuses.push(FailStatus { status, soft }),
            None => {
                let message =
                    format!("fail_on_status has {item:?}, which is ignored; write 100 to 999");
                attributes.warn(entry, message);
            }
        }
    }
    statuses
}

fn some_time(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

fn positive(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}
