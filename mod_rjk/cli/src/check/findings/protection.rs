//! What guards a worker: its secret, its time limits, and what it may send twice.

use super::{Found, Severity, ajp_workers, place_of, place_of_worker};
use crate::manners::listed;
use bstr::ByteSlice;
use rjk_config::model::AjpSpec;
use rjk_config::workers::Workers;

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    let all: Vec<&AjpSpec> = ajp_workers(workers)
        .into_iter()
        // Nobody is asked at port 0.
        .filter(|ajp| ajp.port != 0)
        .collect();
    without_secret(&all, workers, found);
    without_limits(&all, workers, found);
    socket_timeout_alone(&all, workers, found);
    replays(&all, workers, found);
}

/// Only this host reaches it.
pub fn is_loopback(host: &[u8]) -> bool {
    let host = host.to_str_lossy().to_ascii_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            host == "localhost"
                || host.starts_with("localhost.")
                || host.ends_with(".localhost")
                || host.starts_with("127.")
                // An address as one number.
                || host.parse().is_ok_and(|number: u32| number >> 24 == 127)
        }
    }
}

fn without_secret(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let open = |ajp: &&&AjpSpec| ajp.secret.is_none() && !is_loopback(&ajp.host);
    let open: Vec<&AjpSpec> = all.iter().filter(open).copied().collect();
    let Some(first) = open.first() else { return };
    let shown = of(&open);
    let message = format!(
        "no secret for {}, on another host: who reaches that port speaks for any user, and Tomcat's default \
         wants one; set worker.{}.secret as in server.xml",
        shown, first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "host");
    let place = place.or_else(|| place_of_worker(workers, first.name.as_bstr()));
    found.add(place, Severity::Warning, "no-secret", message);
}

/// A CPING before each request finds a Tomcat that hangs as a whole.
fn without_limits(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let unlimited = |ajp: &&&AjpSpec| {
        let is_pinged = ajp.ping.prepost.is_some();
        ajp.reply_timeout.is_none() && ajp.socket_timeout.is_none() && !is_pinged
    };
    let unlimited: Vec<&AjpSpec> = all.iter().filter(unlimited).copied().collect();
    let Some(first) = unlimited.first() else {
        return;
    };
    let message = format!(
        "nothing bounds the wait for a Tomcat that hangs: no time limit for {}; set worker.{}.ping_mode=CP, \
         and reply_timeout to the milliseconds that an answer may take",
        of(&unlimited),
        first.name
    );
    let place = place_of_worker(workers, first.name.as_bstr());
    found.add(place, Severity::Hint, "no-timeout", message);
}

/// It ends long answers and failed connections alike, and counts as a failure of the worker.
fn socket_timeout_alone(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let alone = |ajp: &&&AjpSpec| ajp.socket_timeout.is_some() && ajp.reply_timeout.is_none();
    let alone: Vec<&AjpSpec> = all.iter().filter(alone).copied().collect();
    let Some(first) = alone.first() else { return };
    let message = format!(
        "socket_timeout without reply_timeout for {}: an answer that takes longer fails as if the connection \
         were broken; set worker.{}.reply_timeout to the milliseconds that an answer may take",
        of(&alone),
        first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "socket_timeout");
    found.add(place, Severity::Hint, "socket-timeout-alone", message);
}

fn replays(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let replays = |ajp: &&&AjpSpec| ajp.recovery_options.replay_any_method();
    let replays: Vec<&AjpSpec> = all.iter().filter(replays).copied().collect();
    let Some(first) = replays.first() else { return };
    let message = format!(
        "recovery_options=0 for {}: a POST that Tomcat may have carried out is sent again; \
         set worker.{}.recovery_options=3, or remove the line",
        of(&replays),
        first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "recovery_options");
    found.add(place, Severity::Warning, "replays-post", message);
}

fn of(workers: &[&AjpSpec]) -> String {
    listed(workers.iter().map(|ajp| ajp.name.as_bstr()))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn loopback_addresses_are_known() {
        for host in [
            "localhost",
            "127.0.0.1",
            "127.1",
            "::1",
            "[::1]",
            "LOCALHOST",
        ] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
        for host in ["tomcat", "10.0.0.1", "2001:db8::1", "localhosts", "\u{e4}"] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
    }
}
