//! Values that are taken as they are, and say something else than what was meant.

use super::{Found, Severity, is_loopback, place_of};
use bstr::{BStr, ByteSlice};
use rjk_config::model::{AjpSpec, LbSpec, WorkerSpec};
use rjk_config::workers::Workers;
use std::collections::HashMap;

/// Times in milliseconds.
const MILLISECONDS: [&str; 5] = [
    "reply_timeout",
    "connect_timeout",
    "prepost_timeout",
    "ping_timeout",
    "socket_connect_timeout",
];
/// Times in seconds.
const SECONDS: [&str; 4] = [
    "socket_timeout",
    "connection_pool_timeout",
    "connection_ping_interval",
    "recover_time",
];
/// Less is not meant as milliseconds.
const FEW_MILLISECONDS: u64 = 100;
/// More is not meant as seconds.
const MANY_SECONDS: u64 = 3600;

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    for property in workers.properties() {
        let attribute = property.name.rsplit_str(".").next().unwrap_or_default();
        let attribute = attribute.to_str_lossy();
        let is_of_worker = property.name.starts_with(b"worker.");
        let value = property.value.and_then(|value| value.to_str().ok());
        let Some(value) = value.filter(|_| is_of_worker) else {
            continue;
        };
        if let Some((severity, message)) = odd(property.name, &attribute, value) {
            let place = workers.location(property.name);
            found.add(place, severity, "odd-value", message);
        }
    }
    for worker in &workers.list {
        if let WorkerSpec::Lb(lb) = worker {
            same_address(lb, workers, found);
        }
    }
}

fn odd(name: &BStr, attribute: &str, value: &str) -> Option<(Severity, String)> {
    let in_milliseconds = MILLISECONDS.contains(&attribute);
    if in_milliseconds || SECONDS.contains(&attribute) {
        return with_unit(name, value, in_milliseconds)
            .or_else(|| few_milliseconds(name, value, in_milliseconds))
            .or_else(|| many_seconds(name, attribute, value));
    }
    let message = match (attribute, value) {
        ("connection_pool_size", "0") => {
            format!(
                "with {name}=0 there is no connection, and all requests get 503; remove the line"
            )
        }
        ("maintain", "0") if name == "worker.maintain" => format!(
            "with {name}=0 members in error are not tried again in time, and idle connections stay; write 60"
        ),
        _ => return None,
    };
    Some((Severity::Warning, message))
}

/// `5m` is no five minutes.
fn with_unit(name: &BStr, value: &str, in_milliseconds: bool) -> Option<(Severity, String)> {
    let (number, factor, seconds) = match value.char_indices().next_back()? {
        (at, 'k' | 'K') => (&value[..at], 1_u64 << 10, None),
        (at, 'm' | 'M') => (&value[..at], 1 << 20, Some(60)),
        _ => return None,
    };
    let number: u64 = number.trim().parse().ok()?;
    let (unit, each) = match in_milliseconds {
        true => ("milliseconds", 1000),
        false => ("seconds", 1),
    };
    let remedy = match seconds {
        Some(seconds) => format!(
            "write {} for minutes",
            number.saturating_mul(seconds * each)
        ),
        None => "write the number without a unit".to_owned(),
    };
    let message = format!(
        "{name}={value} is {} {unit}, for the letter stands for {factor}; {remedy}",
        number.saturating_mul(factor)
    );
    Some((Severity::Warning, message))
}

fn few_milliseconds(name: &BStr, value: &str, in_milliseconds: bool) -> Option<(Severity, String)> {
    let number: u64 = value.parse().ok()?;
    if !in_milliseconds || number == 0 || number >= FEW_MILLISECONDS {
        return None;
    }
    let message = format!(
        "{name}={number} is in milliseconds, and not enough for a slow moment; write {} if seconds were meant",
        number * 1000
    );
    Some((Severity::Hint, message))
}

fn many_seconds(name: &BStr, attribute: &str, value: &str) -> Option<(Severity, String)> {
    let number: u64 = value.parse().ok()?;
    if attribute != "socket_timeout" || number <= MANY_SECONDS {
        return None;
    }
    let message = format!(
        "{name}={number} is in seconds; write {} if milliseconds were meant",
        number.div_ceil(1000)
    );
    Some((Severity::Hint, message))
}

/// Two members that are one Tomcat get twice its share, and a session may be on the one that is not asked.
fn same_address(lb: &LbSpec, workers: &Workers, found: &mut Found<'_>) {
    let mut seen = HashMap::new();
    for member in &lb.members {
        let ajp = &member.ajp;
        // Port 0 is of members that take no requests.
        if ajp.port == 0 {
            continue;
        }
        let name = ajp.name.as_bstr();
        let at = ajp.way.shown(format_args!("{}:{}", ajp.host, ajp.port));
        let Some(first) = seen.insert(listens(ajp), name) else {
            continue;
        };
        let remedy = match ajp.way.socket {
            Some(_) => "socket",
            None => "host and port",
        };
        let message = format!(
            "{first} and {name}, members of {}, are the same Tomcat, {at}; give each its own {remedy}",
            lb.name
        );
        let place = ["port", "host"];
        let place = place.iter().find_map(|one| place_of(workers, name, one));
        let place = place.or_else(|| super::place_of_worker(workers, name));
        let way = found.site.way_to(name).map(|way| way.place.clone());
        let place = way.as_ref().or(place);
        found.add(place, Severity::Warning, "same-address", message);
    }
}

/// Where a worker listens, whatever it speaks; this host has many names.
fn listens(ajp: &AjpSpec) -> String {
    match &ajp.way.socket {
        Some(socket) => socket.display().to_string(),
        None if is_loopback(&ajp.host) => format!("localhost:{}", ajp.port),
        None => format!("{}:{}", ajp.host.to_str_lossy().to_lowercase(), ajp.port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told() {
        for (line, expected) in [
            ("worker.w.reply_timeout=5m", Some("write 300000")),
            ("worker.w.socket_timeout=2m", Some("write 120 ")),
            ("worker.w.reply_timeout=5k", Some("5120 milliseconds")),
            ("worker.w.reply_timeout=30", Some("write 30000")),
            ("worker.w.reply_timeout=0", None),
            ("worker.w.reply_timeout=99999999999999999999m", None),
            ("worker.w.socket_timeout=60000", Some("write 60 ")),
            ("worker.w.socket_timeout=60", None),
            ("worker.w.max_packet_size=64k", None),
        ] {
            let (name, value) = line.split_once('=').unwrap();
            let attribute = name.rsplit('.').next().unwrap();
            let found = odd(name.into(), attribute, value).map(|(_, message)| message);
            let is_right = match (&found, expected) {
                (Some(message), Some(words)) => message.contains(words),
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(is_right, "{line}: {found:?}");
        }
    }
}
