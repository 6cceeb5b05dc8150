//! `rjk ping`: does it answer, and how fast.

mod interrupt;
mod report;
mod summary;

use super::found::{Found, NoHost};
use super::target::{TargetError, Url};
use super::time::{limit, pause};
use super::trouble::{Asked, Trouble};
use super::way::{Limits, NoWay, Plan, Told, Way};
use crate::manners::{Ending, Failure, Outcome, Printer};
use clap::Args;
use interrupt::Interrupt;
use report::{Probe, Record, Report, Times};
use rjk_ajp::PacketSize;
use rjk_config::model::Protocol;
use rjk_proxy::worker::direct::Line;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  rjk ping localhost:8009             four probes, one a second
  rjk ping -c 100 -i 0.1 app1:8009    a hundred, ten a second
  rjk ping -k -c 60 app1:8009         all on one connection, as a pool keeps it
  rjk ping http://app1:8080/health    HEAD /health in place of CPING
  rjk ping --ca ca.pem https://app1:8443/
  rjk ping --unix-socket /run/tomcat/a.sock ajp://localhost
  rjk ping --worker app1 --conf /etc/httpd/conf/httpd.conf

A probe connects, agrees on TLS where that is spoken, sends CPING and waits for CPONG. Over HTTP it asks for the path \
with HEAD; any answer that keeps the connection will do, as for the module's own checks (probe in rjk.toml). It needs no secret. \
Ctrl-C ends it early, and sums up. Exit codes: 0 all were answered, 1 some were lost, 2 the command could not run.";

/// `rjk ping …`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Pinging {
    /// Who is asked: HOST:PORT or ajp://HOST:PORT (without a port it is 8009), http://HOST:PORT/path or https://…
    #[arg(
        value_name = "HOST:PORT",
        required_unless_present = "worker",
        conflicts_with_all = ["worker", "conf"]
    )]
    target: Option<String>,
    /// So many probes
    #[arg(short, long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// The time from one probe to the next, in seconds, or 500ms, 2s, 1m
    #[arg(short, long, value_name = "INTERVAL", default_value = "1", value_parser = pause)]
    interval: Duration,
    /// The longest wait for the connection, and for the answer
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
    Way(#[from] NoWay),
    #[error("{0}")]
    Host(#[from] NoHost),
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl Problem {
    fn ending(&self) -> Ending {
        match self {
            Problem::Host(nobody) => nobody.ending(),
            Problem::Target(_) | Problem::Way(_) | Problem::Write(_) => Ending::CouldNotRun,
        }
    }
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
        let plan = self.plan()?;
        let asked = asked(&plan);
        let found = match plan.find() {
            Err(NoHost::Unknown(trouble)) if printer.json() => {
                printer.value(&Record::of_nobody(asked, &trouble))?;
                return Ok(Ending::Found);
            }
            found => found?,
        };
        let mut report = Report::new(asked, &found, printer)?;
        self.each(&found, |probe| {
            report.take(probe, printer)?;
            // Whoever watched has gone.
            Ok(match printer.closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        Ok(report.end(printer)?)
    }

    /// Whom to ask, with a path to ask for where HTTP is spoken.
    fn plan(&self) -> Result<Plan, Problem> {
        let limits = Limits {
            connect: self.timeout,
            answer: self.timeout,
            packet: None,
        };
        if self.way.is_configured() {
            let mut plan = self.way.configured(limits)?;
            if let Protocol::Http(http) = &mut plan.spec.way.protocol {
                http.probe.get_or_insert_with(|| "/".into());
            }
            return Ok(plan);
        }
        let url = Url::parse(self.target.as_deref().unwrap_or_default())?;
        if url.has_path() && !url.target.scheme.is_http() {
            return Err(TargetError::Path.into());
        }
        let told = Told {
            probe: Some(url.path_and_query().into()),
            ..Told::default()
        };
        let mut plan = self.way.direct(&url.target, limits, told)?;
        // Whatever a peer says is looked at.
        plan.spec.max_packet_size = PacketSize::MAX.bytes();
        Ok(plan)
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
        let trouble = |failure, unread: &[u8]| {
            let asked = Asked {
                scheme: found.scheme,
                limit: self.timeout,
                unread,
            };
            found.look_again(Trouble::of(failure, asked), self.timeout)
        };
        let began = Instant::now();
        let (mut line, opened) = match kept.take() {
            Some(line) => (line, None),
            None => match found.direct.connect() {
                Ok(line) => (line, Some(began.elapsed())),
                Err(failure) => {
                    return Probe {
                        place: None,
                        tls: None,
                        result: Err(trouble(failure, &[])),
                    };
                }
            },
        };
        let (place, tls, asked) = (found.place(&line), line.tls(), Instant::now());
        let result = match line.ping(self.timeout) {
            Ok(status) => Ok(Times::new(opened, tls.as_ref(), asked.elapsed(), status)),
            Err(failure) => Err(trouble(failure, line.unread())),
        };
        if self.keep && result.is_ok() {
            *kept = Some(line);
        }
        Probe { place, tls, result }
    }
}

/// Who is asked, and for what.
fn asked(plan: &Plan) -> String {
    let target = plan.target();
    let probe = plan.spec.way.http().and_then(|http| http.probe.as_ref());
    match probe {
        Some(path) => format!("{target}{path}"),
        None => target.to_string(),
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
        assert_eq!(asked(&pinging.plan().unwrap()), "h:8009");
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

    #[test]
    fn what_is_asked_for_over_http() {
        for (line, expected) in [
            (&["http://h"][..], "http://h:80/"),
            (&["http://h:8080/health?of=a"], "http://h:8080/health?of=a"),
            (&["--insecure", "https://h:8443"], "https://h:8443/"),
            (&["--socket", "/s", "http://h:80/x"], "http://h:80/x"),
            (&["--unix-socket", "/s", "ajp://h"], "h:8009"),
        ] {
            let pinging = parse(line).unwrap();
            assert_eq!(asked(&pinging.plan().unwrap()), expected, "{line:?}");
        }
        for wrong in [
            &["ajp://h/x"][..],
            &["--ca", "f", "http://h"],
            &["--insecure", "h"],
        ] {
            assert!(parse(wrong).unwrap().plan().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn either_somebody_or_a_worker() {
        assert!(parse(&["--worker", "w", "--conf", "f"]).is_ok());
        for wrong in [
            &["--worker", "w"][..],
            &["--conf", "f", "h"],
            &["--worker", "w", "--conf", "f", "h"],
            &["--worker", "w", "--conf", "f", "--ca", "f"],
            &["--cert", "f", "https://h"],
            &["--insecure", "--ca", "f", "https://h"],
            &["-6", "--socket", "/s", "h"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
