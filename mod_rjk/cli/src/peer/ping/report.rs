//! What is told of the probes: each at once, or all in the end as JSON.

use super::summary::{Figures, Summary};
use crate::manners::{Ending, Printer, duration};
use crate::peer::found::Found;
use crate::peer::time::milliseconds;
use crate::peer::tls;
use crate::peer::trouble::{self, Trouble};
use rjk_proxy::way::tls::TlsAgreed;
use serde::Serialize;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// What one probe found, and where; `None` when no connection came about.
pub(super) struct Probe {
    pub(super) place: Option<String>,
    pub(super) tls: Option<TlsAgreed>,
    pub(super) result: Result<Times, Trouble>,
}

/// How long an answer took; a connection that was open already took none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
    pub(super) answer: Duration,
    /// Of an answer over HTTP.
    pub(super) status: Option<u16>,
}

impl Times {
    /// `opened` is connection and TLS together.
    pub(super) fn new(
        opened: Option<Duration>,
        tls: Option<&TlsAgreed>,
        answer: Duration,
        status: Option<u16>,
    ) -> Times {
        let tls = tls.map(|tls| tls.handshake).filter(|_| opened.is_some());
        Times {
            connect: opened.map(|opened| opened.saturating_sub(tls.unwrap_or_default())),
            tls,
            answer,
            status,
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, time) in [("connect", self.connect), ("TLS", self.tls)] {
            if let Some(time) = time {
                write!(f, "{name} {}, ", duration(time))?;
            }
        }
        let answer = duration(self.answer);
        match self.status {
            Some(status) => write!(f, "HEAD {answer}, status {status}"),
            None => write!(f, "CPONG {answer}"),
        }
    }
}

/// All probes so far.
pub(super) struct Report<'f> {
    found: &'f Found,
    summary: Summary,
    /// Troubles whose remedy was told.
    told: HashSet<&'static str>,
    json: Option<Record>,
    number: u32,
    tls: Option<TlsAgreed>,
}

impl<'f> Report<'f> {
    /// Begins with who is asked.
    pub(super) fn new(
        asked: String,
        found: &'f Found,
        printer: &mut Printer,
    ) -> io::Result<Report<'f>> {
        let is_http = found.scheme.is_http();
        if !printer.json() {
            let question = if is_http { "HEAD" } else { "CPING" };
            writeln!(printer, "{question} {asked}: {}", found.listed())?;
        }
        Ok(Report {
            found,
            summary: Summary::new(is_http),
            told: HashSet::new(),
            json: printer.json().then(|| Record {
                target: asked,
                addresses: found.places(),
                tls: None,
                probes: Vec::new(),
                problem: None,
                summary: None,
            }),
            number: 0,
            tls: None,
        })
    }

    pub(super) fn take(&mut self, probe: Probe, printer: &mut Printer) -> io::Result<()> {
        self.number += 1;
        match &probe.result {
            Ok(times) => self.summary.answered(*times),
            Err(_) => self.summary.lost(),
        }
        let is_news = self.has_news(probe.tls.as_ref());
        match &mut self.json {
            Some(record) => {
                record.probes.push(ProbeRecord::new(
                    self.number,
                    &probe,
                    self.found.scheme.is_http(),
                ));
                if let Some(tls) = probe.tls.filter(|_| is_news) {
                    record.tls = Some(self.found.agreed(&tls).record());
                }
                Ok(())
            }
            None => {
                if let Some(tls) = probe.tls.as_ref().filter(|_| is_news) {
                    writeln!(printer, "     {}", self.found.agreed(tls))?;
                }
                self.line(&probe, printer)
            }
        }
    }

    /// Whether TLS came to something else than before: several addresses may be several servers.
    fn has_news(&mut self, tls: Option<&TlsAgreed>) -> bool {
        let without_time = tls.map(|tls| TlsAgreed {
            handshake: Duration::ZERO,
            ..tls.clone()
        });
        let is_news = without_time.is_some() && without_time != self.tls;
        if is_news {
            self.tls = without_time;
        }
        is_news
    }

    /// A remedy is told once for each kind of trouble.
    fn line(&mut self, probe: &Probe, printer: &mut Printer) -> io::Result<()> {
        let number = self.number;
        let place = match &probe.place {
            Some(place) => place.clone(),
            None => self.found.listed(),
        };
        match &probe.result {
            Ok(times) => writeln!(printer, "{number:3}  {place}  {times}"),
            Err(trouble) if self.told.insert(trouble.word()) => {
                let remedy = trouble.remedy();
                writeln!(printer, "{number:3}  {place}  lost: {trouble}; {remedy}")
            }
            Err(trouble) => writeln!(printer, "{number:3}  {place}  lost: {trouble}"),
        }
    }

    pub(super) fn end(self, printer: &mut Printer) -> io::Result<Ending> {
        match self.json {
            Some(mut record) => {
                record.summary = Some(self.summary.figures());
                printer.value(&record)?;
            }
            None => writeln!(printer, "{}", self.summary)?,
        }
        Ok(match self.summary.losses() {
            0 => Ending::Fine,
            _ => Ending::Found,
        })
    }
}

/// All of it as JSON.
#[derive(Serialize)]
pub(super) struct Record {
    target: String,
    addresses: Vec<String>,
    /// What TLS came to last.
    tls: Option<tls::Record>,
    probes: Vec<ProbeRecord>,
    /// Why there are none.
    problem: Option<trouble::Record>,
    #[serde(flatten)]
    summary: Option<Figures>,
}

impl Record {
    /// Nobody could be probed.
    pub(super) fn of_nobody(target: String, trouble: &Trouble) -> Record {
        Record {
            target,
            addresses: Vec::new(),
            tls: None,
            probes: Vec::new(),
            problem: Some(trouble.record()),
            summary: Some(Summary::new(false).figures()),
        }
    }
}

#[derive(Serialize)]
struct ProbeRecord {
    number: u32,
    address: Option<String>,
    connect_ms: Option<f64>,
    tls_ms: Option<f64>,
    cpong_ms: Option<f64>,
    head_ms: Option<f64>,
    status: Option<u16>,
    problem: Option<trouble::Record>,
}

impl ProbeRecord {
    fn new(number: u32, probe: &Probe, is_http: bool) -> ProbeRecord {
        let times = probe.result.as_ref().ok();
        let answer = times.map(|times| milliseconds(times.answer));
        ProbeRecord {
            number,
            address: probe.place.clone(),
            connect_ms: times.and_then(|times| times.connect).map(milliseconds),
            tls_ms: times.and_then(|times| times.tls).map(milliseconds),
            cpong_ms: answer.filter(|_| !is_http),
            head_ms: answer.filter(|_| is_http),
            status: times.and_then(|times| times.status),
            problem: probe.result.as_ref().err().map(Trouble::record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_as_a_line() {
        let ms = Duration::from_millis;
        let tls = TlsAgreed {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            subject: "CN=a".into(),
            issuer: "CN=b".into(),
            end: None,
            handshake: ms(3),
        };
        for (opened, tls, status, text) in [
            (Some(ms(2)), None, None, "connect 2.00 ms, CPONG 1.00 ms"),
            (None, None, None, "CPONG 1.00 ms"),
            (
                Some(ms(5)),
                Some(&tls),
                Some(204),
                "connect 2.00 ms, TLS 3.00 ms, HEAD 1.00 ms, status 204",
            ),
            (None, Some(&tls), Some(503), "HEAD 1.00 ms, status 503"),
        ] {
            let times = Times::new(opened, tls, ms(1), status);
            assert_eq!(times.to_string(), text);
        }
    }
}
