//! The settings in effect.

use super::table::{Table, number, text};
use crate::model::BalancerSettings;
use maud::Markup;
use rjk_balance::snapshot::EndpointSnapshot;
use std::time::Duration;

/// Those of a balancer.
pub(super) fn balancer(settings: &BalancerSettings) -> Markup {
    let mut table = Table::new([
        "Sticky sessions",
        "Forced",
        "Retries",
        "Retry interval (ms)",
        "Method",
        "Lock",
        "Recover time (s)",
        "Error escalation time (s)",
        "Reply timeouts allowed",
    ]);
    table.row([
        text(yes_no(settings.sticky_session)),
        text(yes_no(settings.sticky_session_force)),
        number(settings.retries),
        number(settings.retry_interval),
        text(settings.method),
        text(settings.lock),
        number(settings.recover_time),
        number(settings.error_escalation_time),
        number(settings.max_reply_timeouts),
    ]);
    table.markup()
}

/// Those of endpoints.
pub(super) fn endpoints<'a>(views: impl Iterator<Item = &'a EndpointSnapshot>) -> Markup {
    let mut table = Table::new([
        "Worker",
        "Host",
        "Address",
        "Source",
        "Pool timeout (s)",
        "Ping timeout (ms)",
        "Connect timeout (ms)",
        "Prepost timeout (ms)",
        "Reply timeout (ms)",
        "Ping interval (s)",
        "Retries",
        "Retry interval (ms)",
        "Recovery options",
        "Busy limit",
        "Packet size",
    ]);
    for view in views {
        let (spec, ping) = (&view.spec, &view.spec.ping);
        table.row([
            text(view.name()),
            text(&spec.host),
            text(&view.address),
            text(spec.source.clone().unwrap_or_default()),
            number(seconds(spec.pool.timeout)),
            number(ping.timeout.as_millis()),
            number(millis(ping.connect)),
            number(millis(ping.prepost)),
            number(millis(spec.reply_timeout)),
            number(seconds(ping.interval)),
            number(spec.retries),
            number(spec.retry_interval.as_millis()),
            number(spec.recovery_options.explicit.unwrap_or(0)),
            number(spec.busy_limit.unwrap_or(0)),
            number(spec.max_packet_size),
        ]);
    }
    table.markup()
}

/// 0 stands for none, as in the file.
pub(super) fn millis(duration: Option<Duration>) -> u128 {
    duration.unwrap_or_default().as_millis()
}

/// 0 stands for none, as in the file.
pub(super) fn seconds(duration: Option<Duration>) -> u64 {
    duration.unwrap_or_default().as_secs()
}

fn yes_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
