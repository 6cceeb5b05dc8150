//! What is told of an exchange: times and sizes, for people and as JSON.

use super::client::Client;
use super::hint::{self, Hint};
use crate::manners::{bytes, duration};
use crate::peer::time::milliseconds;
use crate::peer::tls;
use crate::peer::trouble::{self, Trouble};
use rjk_balance::Traffic;
use rjk_proxy::way::tls::TlsAgreed;
use rjk_proxy::worker::direct::Answer;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// One request and what became of it.
pub(super) struct Exchange {
    pub(super) seen: Seen,
    pub(super) result: Result<Answer, Trouble>,
}

/// What was seen of the peer.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) address: Option<String>,
    pub(super) tls: Option<TlsAgreed>,
    pub(super) times: Times,
    pub(super) traffic: Traffic,
}

/// How long each part took, as far as it came.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
    pub(super) cpong: Option<Duration>,
    /// From the request to the head of the response.
    pub(super) head: Option<Duration>,
    pub(super) total: Duration,
}

impl Seen {
    /// A connection came about, with TLS or without, after this time.
    pub(super) fn opened(&mut self, took: Duration, to: Option<String>, tls: Option<TlsAgreed>) {
        self.times.tls = tls.as_ref().map(|tls| tls.handshake);
        self.times.connect = Some(took.saturating_sub(self.times.tls.unwrap_or_default()));
        self.address = to;
        self.tls = tls;
    }
}

/// The line of `--timing`, with the bytes of the body.
pub(super) struct Timing<'a>(pub(super) &'a Seen, pub(super) u64);

impl fmt::Display for Timing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Timing(
            Seen {
                address,
                times,
                traffic,
                ..
            },
            body,
        ) = self;
        if let Some(address) = address {
            write!(f, "{address}  ")?;
        }
        let parts = [
            ("connect", times.connect),
            ("TLS", times.tls),
            ("CPONG", times.cpong),
            ("head", times.head),
        ];
        for (name, time) in parts {
            if let Some(time) = time {
                write!(f, "{name} {}, ", duration(time))?;
            }
        }
        let (total, body) = (duration(times.total), bytes(*body));
        let (sent, read) = (bytes(traffic.sent), bytes(traffic.read));
        write!(
            f,
            "total {total}; body {body}, sent {sent}, received {read}"
        )
    }
}

/// All of it as JSON.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    url: &'a str,
    address: Option<String>,
    tls: Option<tls::Record>,
    status: Option<u16>,
    reason: Option<String>,
    headers: Vec<Header>,
    body_bytes: u64,
    sent_bytes: u64,
    received_bytes: u64,
    connect_ms: Option<f64>,
    tls_ms: Option<f64>,
    cpong_ms: Option<f64>,
    head_ms: Option<f64>,
    total_ms: f64,
    /// Whether Tomcat leaves the connection open; `None` when the response did not come whole.
    keeps_connection: Option<bool>,
    hint: Option<hint::Record>,
    problem: Option<trouble::Record>,
}

#[derive(Serialize)]
struct Header {
    name: String,
    value: String,
}

impl<'a> Record<'a> {
    pub(super) fn new(
        url: &'a str,
        exchange: &Exchange,
        tls: Option<tls::Record>,
        client: &Client,
        hint: Option<Hint>,
    ) -> Record<'a> {
        let Exchange { seen, result } = exchange;
        let head = client.head.as_ref().map(|head| &head.head);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = head.into_iter().flat_map(|head| head.headers());
        Record {
            url,
            address: seen.address.clone(),
            tls,
            status: client.status(),
            reason: head.map(|head| text(head.reason())),
            headers: headers
                .map(|(name, value)| Header {
                    name: text(name),
                    value: text(value),
                })
                .collect(),
            body_bytes: client.body,
            sent_bytes: seen.traffic.sent,
            received_bytes: seen.traffic.read,
            connect_ms: seen.times.connect.map(milliseconds),
            tls_ms: seen.times.tls.map(milliseconds),
            cpong_ms: seen.times.cpong.map(milliseconds),
            head_ms: seen.times.head.map(milliseconds),
            total_ms: milliseconds(seen.times.total),
            keeps_connection: result.as_ref().ok().map(|answer| answer.keeps),
            hint: hint.map(Hint::record),
            problem: result.as_ref().err().map(Trouble::record),
        }
    }
}
