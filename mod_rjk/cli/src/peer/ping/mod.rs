//! `rjk ping`: does it answer, and how fast.

mod interrupt;
mod summary;

use super::target::{Target, TargetError};
use super::time::{limit, milliseconds, pause};
use super::trouble::Trouble;
use super::way::{Found, Limits, NoHost, Way};
use crate::manners::{Ending, Failure, Outcome, Printer, duration};
use clap::Args;
use interrupt::Interrupt;
use rjk_ajp::PacketSize;
use rjk_proxy::worker::direct::Line;
use serde::Serialize;
use std::collections::HashSet;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use summary::{Figures, Summary};

const EXAMPLES: &str = "\
Examples:
  rjk ping localhost:8009             four probes, one a second
  rjk ping -c 100 -i 0.1 app1:8009    a hundred, ten a second
  rjk ping -k -c 60 app1:8009         all on one connection, as a pool keeps it

A probe connects, sends CPING and waits for CPONG. It needs no secret. Ctrl-C ends it early, and sums \
up. Exit codes: 0 all were answered, 1 some were lost, 2 the command could not run.";

/// `rjk ping …`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Pinging {
    /// Who is asked: HOST:PORT or ajp://HOST:PORT; without a port it is 8009
    #[arg(value_name = "HOST:PORT")]
    target: String,
    /// So many probes
    #[arg(short, long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// The time from one probe to the next, in seconds, or 500ms, 2s, 1m
    #[arg(short, long, value_name = "INTERVAL", default_value = "1", value_parser = pause)]
    interval: Duration,
    /// The longest wait for the connection, and for the CPONG
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = limit)]
    timeout: Duration,
    /// Sends all probes over one connection, and opens another only when it ended
    #[arg(short, long)]
    keep: bool,
    #[command(flatten)]
    way: Way,
}

/// Why no probe was sent.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Target(#[from] TargetError),
    #[error("{0}")]
    Host(#[from] NoHost),
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl Problem {
    fn ending(&self) -> Ending {
        match self {
            Problem::Host(nobody) => nobody.ending(),
            Problem::Target(_) | Problem::Write(_) => Ending::CouldNotRun,
        }
    }
}

/// What one probe found, and where; `None` when no connection came about.
struct Probe {
    address: Option<SocketAddr>,
    result: Result<Times, Trouble>,
}

/// How long an answer took; a connection that was open already took none.
struct Times {
    connect: Option<Duration>,
    cpong: Duration,
}

impl Pinging {
    /// Runs it.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        self.probe_all(printer).map_err(|problem| Failure {
            ending: problem.ending(),
            error: Box::new(problem),
        })
    }

    fn probe_all(&self, printer: &mut Printer) -> Result<Ending, Problem> {
        let target = Target::parse(&self.target)?;
        let limits = Limits {
            connect: self.timeout,
            answer: self.timeout,
            packet: PacketSize::MAX.bytes(),
        };
        let found = match self.way.find(&target, limits, None) {
            Err(NoHost::Unknown(trouble)) if printer.json() => {
                printer.value(&Record::of_nobody(&target, &trouble))?;
                return Ok(Ending::Found);
            }
            found => found?,
        };
        if !printer.json() {
            writeln!(printer, "CPING {target}: {}", found.listed())?;
        }
        let mut report = Report::new(&target, &found, printer.json());
        self.each(&found, |probe| {
            report.take(probe, printer)?;
            // Whoever watched has gone.
            Ok(match printer.closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        report.end(printer)
    }

    /// One probe after the other, at fixed times: a slow answer delays no other.
    fn each(
        &self,
        found: &Found,
        mut take: impl FnMut(Probe) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<()> {
        let (mut kept, interrupt) = (None, Interrupt::watch()?);
        for number in 0..self.count {
            let began = Instant::now();
            if take(self.probe(found, &mut kept))?.is_break() {
                break;
            }
            let pause = self.interval.saturating_sub(began.elapsed());
            if number + 1 < self.count && !interrupt.wait(pause) {
                break;
            }
        }
        Ok(())
    }

    fn probe<'f>(&self, found: &'f Found, kept: &mut Option<Line<'f>>) -> Probe {
        let began = Instant::now();
        let (mut line, connect) = match kept.take() {
            Some(line) => (line, None),
            None => match found.direct.connect() {
                Ok(line) => (line, Some(began.elapsed())),
                Err(failure) => {
                    let trouble = Trouble::of(failure, self.timeout, &[]);
                    return Probe {
                        address: None,
                        result: Err(trouble),
                    };
                }
            },
        };
        let address = line.address();
        let asked = Instant::now();
        let result = match line.ping(self.timeout) {
            Ok(()) => Ok(Times {
                connect,
                cpong: asked.elapsed(),
            }),
            Err(failure) => {
                let trouble = Trouble::of(failure, self.timeout, line.unread());
                Err(found.look_again(trouble, self.timeout))
            }
        };
        if self.keep && result.is_ok() {
            *kept = Some(line);
        }
        Probe { address, result }
    }
}

/// What is told of the probes: each at once, or all in the end as JSON.
struct Report {
    summary: Summary,
    /// Troubles whose remedy was told.
    told: HashSet<&'static str>,
    json: Option<Record>,
    number: u32,
    /// All addresses of the peer.
    addresses: String,
}

impl Report {
    fn new(target: &Target, found: &Found, json: bool) -> Report {
        Report {
            summary: Summary::default(),
            told: HashSet::new(),
            json: json.then(|| Record {
                target: target.to_string(),
                addresses: found.addresses.iter().map(ToString::to_string).collect(),
                probes: Vec::new(),
                problem: None,
                summary: None,
            }),
            number: 0,
            addresses: found.listed(),
        }
    }

    fn take(&mut self, probe: Probe, printer: &mut Printer) -> io::Result<()> {
        self.number += 1;
        match &probe.result {
            Ok(times) => self.summary.answered(times.connect, times.cpong),
            Err(_) => self.summary.lost(),
        }
        match &mut self.json {
            Some(record) => {
                record.probes.push(ProbeRecord::new(self.number, &probe));
                Ok(())
            }
            None => self.line(&probe, printer),
        }
    }

    /// A remedy is told once for each kind of trouble.
    fn line(&mut self, probe: &Probe, printer: &mut Printer) -> io::Result<()> {
        let number = self.number;
        let address = match probe.address {
            Some(address) => address.to_string(),
            None => self.addresses.clone(),
        };
        match &probe.result {
            Ok(Times { connect, cpong }) => {
                let cpong = duration(*cpong);
                match connect.map(duration) {
                    Some(connect) => {
                        writeln!(
                            printer,
                            "{number:3}  {address}  connect {connect}, CPONG {cpong}"
                        )
                    }
                    None => writeln!(printer, "{number:3}  {address}  CPONG {cpong}"),
                }
            }
            Err(trouble) if self.told.insert(trouble.word()) => {
                let remedy = trouble.remedy();
                writeln!(printer, "{number:3}  {address}  lost: {trouble}; {remedy}")
            }
            Err(trouble) => writeln!(printer, "{number:3}  {address}  lost: {trouble}"),
        }
    }

    fn end(self, printer: &mut Printer) -> Result<Ending, Problem> {
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
struct Record {
    target: String,
    addresses: Vec<String>,
    probes: Vec<ProbeRecord>,
    /// Why there are none.
    problem: Option<super::trouble::Record>,
    #[serde(flatten)]
    summary: Option<Figures>,
}

impl Record {
    /// Nobody could be probed.
    fn of_nobody(target: &Target, trouble: &Trouble) -> Record {
        Record {
            target: target.to_string(),
            addresses: Vec::new(),
            probes: Vec::new(),
            problem: Some(trouble.record()),
            summary: Some(Summary::default().figures()),
        }
    }
}

#[derive(Serialize)]
struct ProbeRecord {
    number: u32,
    address: Option<String>,
    connect_ms: Option<f64>,
    cpong_ms: Option<f64>,
    problem: Option<super::trouble::Record>,
}

impl ProbeRecord {
    fn new(number: u32, probe: &Probe) -> ProbeRecord {
        let times = probe.result.as_ref().ok();
        ProbeRecord {
            number,
            address: probe.address.map(|address| address.to_string()),
            connect_ms: times.and_then(|times| times.connect).map(milliseconds),
            cpong_ms: times.map(|times| milliseconds(times.cpong)),
            problem: probe.result.as_ref().err().map(Trouble::record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        pinging: Pinging,
    }

    fn parse(arguments: &[&str]) -> Result<Pinging, clap::Error> {
        let line = ["ping"].iter().chain(arguments);
        Ok(Line::try_parse_from(line)?.pinging)
    }

    #[test]
    fn what_is_meant_without_options() {
        let pinging = parse(&["h:8009"]).unwrap();
        let (second, five) = (Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!(
            (pinging.count, pinging.interval, pinging.timeout),
            (4, second, five)
        );
        assert!(!pinging.keep);
    }

    #[test]
    fn options() {
        let line = ["-k", "-c", "10", "-i", "0", "--timeout", "200ms", "-6", "h"];
        let pinging = parse(&line).unwrap();
        assert_eq!((pinging.count, pinging.interval), (10, Duration::ZERO));
        assert_eq!(pinging.timeout, Duration::from_millis(200));
        assert!(pinging.keep);
        for wrong in [
            &[][..],
            &["h", "-c", "0"],
            &["h", "-c", "1000001"],
            &["h", "-i", "-1"],
            &["h", "--timeout", "0"],
            &["h", "h"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
