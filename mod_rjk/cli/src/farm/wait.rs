//! Waits until members have nothing to do any more.

use super::client::{Client, at_once};
use super::model::Activation;
use super::order::Order;
use super::trouble::Trouble;
use crate::manners::{Ending, Failure, Outcome, Printer, Progress, duration, time};
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const STEP: Duration = Duration::from_millis(500);
/// Longest wait, unless `--timeout` says another.
const USUAL: Duration = Duration::from_secs(600);
/// Least time for the last look.
const LEAST: Duration = Duration::from_millis(200);
/// A line of a terminal that is not wrapped.
const LINE: usize = 79;

/// For how long, and for what.
#[derive(Debug, clap::Args)]
pub struct Waiting {
    /// Waits until no request is in flight at these members, on none of the web hosts
    #[arg(long)]
    wait: bool,
    /// With --wait: and until no request has come to them for so long
    #[arg(long, value_name = "TIME", value_parser = time, requires = "wait")]
    idle: Option<Duration>,
    /// With --wait: ends with 1 when it has taken so long; 10m unless given, and as much more as --idle says
    #[arg(long, value_name = "TIME", value_parser = time, requires = "wait")]
    timeout: Option<Duration>,
}

/// The arguments do not fit together.
#[derive(Debug, thiserror::Error)]
#[error("--timeout {} ends before --idle {} can; give a longer --timeout", duration(*.timeout), duration(*.idle))]
pub struct WaitingError {
    timeout: Duration,
    idle: Duration,
}

impl Waiting {
    /// `None`: nobody waits.
    ///
    /// # Errors
    /// The timeout is too short.
    pub fn limits(&self) -> Result<Option<Limits>, WaitingError> {
        let idle = self.idle.unwrap_or_default();
        let timeout = self.timeout.unwrap_or(USUAL.saturating_add(idle));
        if self.idle.is_some() && timeout <= idle {
            return Err(WaitingError { timeout, idle });
        }
        Ok(self.wait.then_some(Limits { idle, timeout }))
    }
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    idle: Duration,
    timeout: Duration,
}

/// A member on a host, as far as it is known.
#[derive(Debug)]
struct Watched {
    host: usize,
    member: String,
    busy: Seen,
    /// What tells that requests came: their count, and since when it counts.
    count: Option<(u64, i64)>,
    last_active: Instant,
}

/// What a look said.
#[derive(Debug)]
enum Seen {
    /// Requests in flight.
    Busy(u64),
    /// Nobody said anything.
    Not(String),
    /// Somebody changed it.
    Changed(Activation),
}

impl Limits {
    /// Looks again and again.
    pub fn wait(self, client: &Client, order: &Order, labels: &[String]) -> Waited {
        let began = Instant::now();
        let mut progress = Progress::new();
        let mut all = watched(order, began);
        loop {
            let left = self.timeout.saturating_sub(began.elapsed());
            look(client, order, &mut all, left.max(LEAST));
            let end = self.end(&all, began);
            progress.show(self.line(&all, labels, began));
            if let Some(end) = end {
                let left = all
                    .iter()
                    .filter(|one| !one.is_at_rest(self.idle))
                    .map(|one| {
                        let label = labels.get(one.host).cloned().unwrap_or_default();
                        Left {
                            host: one.host,
                            label,
                            member: one.member.clone(),
                            why: one.why(self.idle),
                        }
                    });
                return Waited {
                    end,
                    took: began.elapsed(),
                    left: left.collect(),
                };
            }
            let rest = self.timeout.saturating_sub(began.elapsed());
            thread::sleep(STEP.min(rest));
        }
    }

    fn end(self, all: &[Watched], began: Instant) -> Option<WaitEnd> {
        if all.iter().any(|one| matches!(one.busy, Seen::Changed(_))) {
            return Some(WaitEnd::Changed);
        }
        if all.iter().all(|one| one.is_at_rest(self.idle)) {
            return Some(WaitEnd::Drained);
        }
        (began.elapsed() >= self.timeout).then_some(WaitEnd::TimedOut)
    }

    /// `busy 3 (www1 m1 2, www2 m1 1), 12.0 s`.
    fn line(self, all: &[Watched], labels: &[String], began: Instant) -> String {
        let mut sum = 0;
        let mut parts = Vec::new();
        for one in all {
            let name = labels.get(one.host).map_or("", String::as_str);
            match &one.busy {
                Seen::Busy(0) | Seen::Changed(_) => {}
                Seen::Busy(busy) => {
                    sum += busy;
                    parts.push(format!("{name} {} {busy}", one.member));
                }
                Seen::Not(_) => parts.push(format!("{name} does not answer")),
            }
        }
        parts.dedup();
        let parts = match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        };
        let quiet = all.iter().map(|one| one.last_active.elapsed()).min();
        let idle = match (self.idle.is_zero(), quiet) {
            (false, Some(quiet)) => {
                format!(", idle {} of {}", duration(quiet), duration(self.idle))
            }
            _ => String::new(),
        };
        let line = format!("busy {sum}{idle}, {}{parts}", duration(began.elapsed()));
        line.chars().take(LINE).collect()
    }
}

fn watched(order: &Order, began: Instant) -> Vec<Watched> {
    let hosts = 0..order.addresses.len();
    let pairs = hosts.flat_map(|host| order.members.iter().map(move |member| (host, member)));
    pairs
        .map(|(host, member)| Watched {
            host,
            member: member.clone(),
            busy: Seen::Not(String::new()),
            count: None,
            last_active: began,
        })
        .collect()
}

fn look(client: &Client, order: &Order, all: &mut [Watched], limit: Duration) {
    let looks = at_once(&order.addresses, |address| {
        client.list_within(address, limit)
    });
    for one in all {
        let Some(look) = looks.get(one.host) else {
            continue;
        };
        let answer = match look {
            Ok((_, answer)) => answer,
            Err(trouble) => {
                one.unseen(trouble);
                continue;
            }
        };
        let balancer = answer.balancer(&order.balancer);
        match balancer.and_then(|balancer| balancer.member(&one.member)) {
            Some(member) => {
                let count = (member.elected, member.last_reset_at);
                one.seen(member.activation, member.busy, count);
            }
            None => one.busy = Seen::Not("it is not there any more".to_owned()),
        }
    }
}

impl Watched {
    fn unseen(&mut self, trouble: &Trouble) {
        self.busy = Seen::Not(trouble.to_string());
    }

    fn seen(&mut self, activation: Activation, busy: u64, count: (u64, i64)) {
        if busy > 0 || self.count.is_some_and(|before| before != count) {
            self.last_active = Instant::now();
        }
        self.count = Some(count);
        self.busy = match activation {
            Activation::Active => Seen::Changed(activation),
            Activation::Disabled | Activation::Stopped => Seen::Busy(busy),
        };
    }

    fn is_at_rest(&self, idle: Duration) -> bool {
        matches!(self.busy, Seen::Busy(0)) && self.last_active.elapsed() >= idle
    }

    fn why(&self, idle: Duration) -> Why {
        match &self.busy {
            Seen::Busy(0) => Why::Active(self.last_active.elapsed(), idle),
            Seen::Busy(busy) => Why::Busy(*busy),
            Seen::Not(why) => Why::Unseen(why.clone()),
            Seen::Changed(activation) => Why::Changed(*activation),
        }
    }
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitEnd {
    /// Nothing is in flight.
    Drained,
    /// It took too long.
    TimedOut,
    /// Somebody activated a member again.
    Changed,
}

/// What came of waiting.
#[derive(Debug)]
pub struct Waited {
    end: WaitEnd,
    took: Duration,
    left: Vec<Left>,
}

/// A member that is not at rest.
#[derive(Debug)]
struct Left {
    host: usize,
    label: String,
    member: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Busy(u64),
    Active(Duration, Duration),
    Unseen(String),
    Changed(Activation),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Busy(busy) => write!(f, "busy {busy}"),
            Why::Active(quiet, idle) => {
                write!(
                    f,
                    "its last request came {} ago, less than {}",
                    duration(*quiet),
                    duration(*idle)
                )
            }
            Why::Unseen(why) => f.write_str(why),
            Why::Changed(activation) => write!(f, "somebody made it {activation} again"),
        }
    }
}

impl Waited {
    /// For scripts.
    pub fn as_json(&self, order: &Order) -> Value {
        let left = self.left.iter().map(|left| {
            let busy = match left.why {
                Why::Busy(busy) => Some(busy),
                Why::Active(..) => Some(0),
                Why::Unseen(_) | Why::Changed(_) => None,
            };
            json!({
                "url": order.addresses[left.host].to_string(),
                "member": left.member,
                "busy": busy,
                "problem": left.why.to_string(),
            })
        });
        let end = match self.end {
            WaitEnd::Drained => "drained",
            WaitEnd::TimedOut => "timeout",
            WaitEnd::Changed => "changed",
        };
        json!({"end": end, "seconds": self.took.as_secs_f64(), "left": left.collect::<Value>()})
    }

    /// The last words.
    pub fn end(self, printer: &mut Printer) -> Outcome {
        if self.end == WaitEnd::Drained {
            if !printer.json() {
                writeln!(
                    printer,
                    "busy 0 on all web hosts, after {}",
                    duration(self.took)
                )?;
            }
            return Ok(Ending::Fine);
        }
        Err(Failure {
            ending: Ending::Found,
            error: Box::new(NotDrained(self)),
        })
    }
}

/// Some are still busy.
#[derive(Debug)]
struct NotDrained(Waited);

impl std::error::Error for NotDrained {}

impl fmt::Display for NotDrained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not drained after {}", duration(self.0.took))?;
        for Left {
            label, member, why, ..
        } in &self.0.left
        {
            write!(f, "\n  {label}: {member}: {why}")?;
        }
        Ok(())
    }
}
