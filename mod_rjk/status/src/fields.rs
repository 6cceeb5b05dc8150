//! The fields of each block in the order of the text formats, with their names (§6.5).
//!
//! A renderer writes them in its own way; what it leaves out or names differently it says itself.

use crate::model::{
    BalancerView, ErrorTime, Head, MapView, MemberView, Past, PolicyView, WorkerView,
};
use crate::wall_time::WallTime;
use bstr::{BStr, ByteSlice};
use rjk_balance::snapshot::EndpointSnapshot;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// The name.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) value: Value<'a>,
    /// The text format puts it in quotes.
    pub(crate) quoted: bool,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Text.
    Text(Cow<'a, BStr>),
    /// A number.
    Number(i64),
    /// Written `True` or `False`.
    Flag(bool),
    /// Written `1` or `0`.
    Bit(bool),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "{text}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Flag(flag) => f.write_str(if *flag { "True" } else { "False" }),
            Value::Bit(bit) => f.write_str(if *bit { "1" } else { "0" }),
        }
    }
}

impl Value<'_> {
    /// Adds the value as it is: texts keep their bytes.
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => out.extend_from_slice(text),
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }
}

/// The order of two fields of an endpoint, in which XML differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `connection_ping_interval` before `retries`.
    PingFirst,
    /// `retries` before `connection_ping_interval`.
    RetriesFirst,
}

fn text<'a>(name: &'static str, value: &'a (impl AsRef<[u8]> + ?Sized)) -> Field<'a> {
    Field {
        name,
        value: Value::Text(Cow::Borrowed(value.as_ref().as_bstr())),
        quoted: false,
    }
}

fn owned(name: &'static str, value: String) -> Field<'static> {
    Field {
        name,
        value: Value::Text(Cow::Owned(value.into())),
        quoted: false,
    }
}

fn quoted(field: Field<'_>) -> Field<'_> {
    Field {
        quoted: true,
        ..field
    }
}

fn number(name: &'static str, value: impl TryInto<i64>) -> Field<'static> {
    Field {
        name,
        value: Value::Number(value.try_into().unwrap_or(i64::MAX)),
        quoted: false,
    }
}

fn flag(name: &'static str, value: bool) -> Field<'static> {
    Field {
        name,
        value: Value::Flag(value),
        quoted: false,
    }
}

fn seconds(name: &'static str, duration: Option<Duration>) -> Field<'static> {
    number(name, duration.unwrap_or_default().as_secs())
}

fn millis(name: &'static str, duration: Option<Duration>) -> Field<'static> {
    number(name, duration.unwrap_or_default().as_millis())
}

/// The server that answers (OUT-01).
pub(crate) fn server(head: &Head) -> Vec<Field<'_>> {
    vec![text("name", &head.name), number("port", head.port)]
}

/// When it answers, by its own clock (OUT-02).
pub(crate) fn time(time: &WallTime) -> [Field<'_>; 3] {
    [
        owned("datetime", time.compact()),
        owned("tz", time.zone()),
        number("unix", time.unix),
    ]
}

/// The web server and this module (OUT-03).
pub(crate) fn software(head: &Head) -> Vec<Field<'_>> {
    vec![
        quoted(text("web_server", &head.web_server)),
        text("jk_version", &head.jk_version),
    ]
}

/// A balancer, after the name (OUT-05).
pub(crate) fn balancer(view: &BalancerView) -> Vec<Field<'_>> {
    let settings = &view.settings;
    let mut fields = vec![
        text("type", "lb"),
        flag("sticky_session", settings.sticky_session),
        flag("sticky_session_force", settings.sticky_session_force),
        number("retries", settings.retries),
        number("recover_time", settings.recover_time),
        number("error_escalation_time", settings.error_escalation_time),
        number("max_reply_timeouts", settings.max_reply_timeouts),
        text("method", settings.method),
        text("lock", settings.lock),
        number("member_count", view.member_count),
        number("good", view.ratings.good),
        number("degraded", view.ratings.degraded),
        number("bad", view.ratings.bad),
        number("busy", view.busy),
        number("max_busy", view.max_busy),
        number("map_count", view.map_count),
        number("time_to_maintenance_min", view.maintenance.min),
        number("time_to_maintenance_max", view.maintenance.max),
    ];
    fields.extend(last_reset(view.last_reset));
    fields
}

/// A member, after the name; its [`times`] follow (OUT-06).
pub(crate) fn member(view: &MemberView, order: Order) -> Vec<Field<'_>> {
    let endpoint = &view.endpoint;
    let mut fields = settings(endpoint, order);
    fields.extend([
        text("activation", view.activation.as_str()),
        number("lbfactor", view.lbfactor),
        quoted(text("route", &view.route)),
        quoted(text("redirect", &view.redirect)),
        quoted(text("domain", &view.domain)),
        number("distance", view.distance),
        text("state", view.state.as_str()),
        number("lbmult", view.multiplier),
        number("lbvalue", view.value),
        number("elected", endpoint.used),
        number("sessions", view.sessions),
        number("errors", view.errors),
    ]);
    fields.extend(counters(endpoint));
    fields.extend([
        number("time_to_recover_min", view.recovery.min),
        number("time_to_recover_max", view.recovery.max),
    ]);
    fields
}

/// A worker without a balancer, after the name; its [`times`] follow (OUT-07).
pub(crate) fn worker(view: &WorkerView, order: Order) -> Vec<Field<'_>> {
    let endpoint = &view.endpoint;
    let mut fields = settings(endpoint, order);
    fields.extend([
        number("used", endpoint.used),
        number("errors", endpoint.errors),
    ]);
    fields.extend(counters(endpoint));
    fields.push(number("map_count", view.map_count));
    fields
}

fn settings(view: &EndpointSnapshot, order: Order) -> Vec<Field<'_>> {
    let (spec, ping) = (&view.spec, &view.spec.ping);
    let source = spec
        .source
        .as_ref()
        .map_or(&b"undefined"[..], |source| source);
    let mut fields = vec![
        text("type", "ajp13"),
        text("host", &spec.host),
        number("port", spec.port),
        text("address", &view.address),
        text("source", source),
        seconds("connection_pool_timeout", spec.pool.timeout),
        number("ping_timeout", ping.timeout.as_millis()),
        millis("connect_timeout", ping.connect),
        millis("prepost_timeout", ping.prepost),
        millis("reply_timeout", spec.reply_timeout),
    ];
    let interval = seconds("connection_ping_interval", ping.interval);
    let retries = number("retries", spec.retries);
    fields.extend(match order {
        Order::PingFirst => [interval, retries],
        Order::RetriesFirst => [retries, interval],
    });
    fields.extend([
        number(
            "recovery_options",
            spec.recovery_options.explicit.unwrap_or(0),
        ),
        number("busy_limit", spec.busy_limit.unwrap_or(0)),
        number("max_packet_size", spec.max_packet_size),
    ]);
    fields
}

fn counters(view: &EndpointSnapshot) -> [Field<'_>; 8] {
    [
        number("client_errors", view.client_errors),
        number("reply_timeouts", view.reply_timeouts),
        number("transferred", view.transferred),
        number("read", view.read),
        number("busy", view.busy),
        number("max_busy", view.max_busy),
        number("connected", view.connected),
        number("max_connected", view.max_connected),
    ]
}

/// The times of a member or worker, as all formats have them but properties.
pub(crate) fn times(reset: Past, failed: Option<&ErrorTime>) -> Vec<Field<'_>> {
    let failed = failed.into_iter().flat_map(error_time);
    last_reset(reset).into_iter().chain(failed).collect()
}

/// When statistics began.
pub(crate) fn last_reset(past: Past) -> [Field<'static>; 2] {
    [
        number("last_reset_at", past.unix),
        number("last_reset_ago", past.ago),
    ]
}

/// When a worker failed last; the names of XML and of the text format.
pub(crate) fn error_time(time: &ErrorTime) -> [Field<'_>; 4] {
    [
        owned("error_time_datetime", time.at.compact()),
        owned("error_time_tz", time.at.zone()),
        number("error_time_unix_seconds", time.at.unix),
        number("error_time_ago", time.ago),
    ]
}

/// A routing policy, after the name; only a balancer that has one shows it.
pub(crate) fn policy(view: &PolicyView) -> Option<Field<'_>> {
    let problem = view.problem.as_ref()?;
    Some(quoted(text("problem", problem)))
}

/// A rule, after the id (OUT-08).
pub(crate) fn map(view: &MapView) -> Vec<Field<'_>> {
    let bit = |name, value| Field {
        name,
        value: Value::Bit(value),
        quoted: false,
    };
    let fields = [
        text("server", &view.server),
        text("uri", &view.uri),
        text("type", view.kind),
        text("source", view.source),
        number("reply_timeout", view.reply_timeout),
        bit("sticky_ignore", view.sticky_ignore),
        bit("stateless", view.stateless),
        text("fail_on_status", &view.fail_on_status),
        text("active", &view.active),
        text("disabled", &view.disabled),
        text("stopped", &view.stopped),
        number("use_server_errors", view.use_server_errors),
    ];
    fields.into_iter().map(quoted).collect()
}
