//! `rjk get`: one request, over AJP or HTTP.

mod client;
mod facts;
mod hint;
mod report;
mod request;
mod upload;

use super::found::{Found, NoHost};
use super::target::{Scheme, TargetError, Url};
use super::time::limit;
use super::trouble::{self, Trouble};
use super::way::{Limits, NoWay, Plan, Told, Way, packet_size};
use crate::manners::{Ending, Failure, Outcome, Printer, SecretError, SecretSource, tell};
use clap::Args;
use client::{Client, Halt, Sink};
use facts::Facts;
use hint::{Asked, Hint};
use report::{Exchange, Record, Seen, Times, Timing};
use request::{BadRequest, Request, Wishes};
use rjk_log::NoLog;
use rjk_proxy::worker::direct::{Answer, Line};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use upload::{Upload, UploadError};

const EXAMPLES: &str = "\
Examples:
  rjk get ajp://localhost:8009/app/                      the body, as it comes
  rjk get -i -w ajp://localhost/app/ -o page.html        the head and times, too
  rjk get -d @form.txt ajp://localhost/app/login         a POST; -d - reads standard input
  rjk get --secret-file ajp.secret ajp://app1/status     for a connector with a secret
  rjk get --attribute REMOTE_TEAM=blue ajp://app1/       as JkEnvVar would send it
  rjk get --ca ca.pem https://app1:8443/app/             the same over HTTP, in TLS
  rjk get --unix-socket /run/tomcat/a.sock http://www.example.com/app/
  rjk get --client 192.0.2.7 --client-scheme https http://app1:8080/app/
  rjk get --worker app1 --conf /etc/httpd/conf/httpd.conf https://www.example.com/app/

The request is what the module would send for that of a client, its headers about the client included. Over AJP, CPING goes \
first, so that a peer that hangs is told from an application that is slow. Nothing is repeated. A unix socket has \
permissions: root gets in where httpd may not, so ask as its user. Exit codes: 0 a status below 400, 1 another one or the peer failed, 2 the command could not run.";

/// `rjk get …`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Getting {
    /// What is asked for: ajp://HOST:PORT/path?query (without a port it is 8009), http:// or https://
    ///
    /// It is sent as it is written. With --worker it is what a client asks httpd for: http://HOST/path, https://HOST/path or
    /// /path.
    url: String,
    /// Writes the head before the body
    #[arg(short, long)]
    include: bool,
    /// Asks for the head alone, with HEAD, and writes it
    #[arg(short = 'I', long, conflicts_with_all = ["data", "request"])]
    head: bool,
    /// Sends this header ("Name: value", "Name:" for none, "Name;" for an empty one), or those of @FILE, one a line
    #[arg(short = 'H', long, value_name = "HEADER")]
    header: Vec<String>,
    /// Sends this body, that of @FILE byte for byte, or standard input with - or @-; the method is then POST
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    data: Option<String>,
    /// The method
    #[arg(short = 'X', long, value_name = "METHOD")]
    request: Option<String>,
    /// Writes the response to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sends a request attribute, as JkEnvVar does; allowedRequestAttributesPattern of an AJP connector must match its name
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    #[command(flatten)]
    secret: SecretSource,
    #[command(flatten)]
    facts: Facts,
    /// Writes to standard error how long it took, and how many bytes went through
    #[arg(short = 'w', long)]
    timing: bool,
    /// The longest wait for each part of the answer
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = limit)]
    timeout: Duration,
    /// The longest wait for the connection with TLS, and for the CPONG
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = limit)]
    connect_timeout: Duration,
    /// The largest packet of AJP in bytes, 8192 if nothing is said: packetSize of the connector, max_packet_size of a worker
    #[arg(long, value_name = "BYTES", value_parser = packet_size)]
    packet_size: Option<usize>,
    #[command(flatten)]
    way: Way,
}

/// Why it could not run, or what the peer did instead of answering.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Target(#[from] TargetError),
    #[error("{0}")]
    Request(#[from] BadRequest),
    #[error("{0}")]
    Upload(#[from] UploadError),
    #[error("{0}")]
    Secret(#[from] SecretError),
    #[error("{0}")]
    Way(#[from] NoWay),
    #[error("{0}")]
    Host(#[from] NoHost),
    #[error("{0}")]
    Halt(#[from] Halt),
    #[error("{0}")]
    Write(#[from] io::Error),
    #[error("{peer}: {trouble}; {}", trouble.remedy())]
    Peer { peer: String, trouble: Trouble },
}

impl Problem {
    /// A peer that failed is a finding; a request that cannot be written was never sent.
    fn ending(&self) -> Ending {
        match self {
            Problem::Peer { trouble, .. } if !trouble.is_ours() => Ending::Found,
            Problem::Host(nobody) => nobody.ending(),
            _ => Ending::CouldNotRun,
        }
    }
}

impl Getting {
    /// Runs it.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        self.get(printer).map_err(|problem| Failure {
            ending: problem.ending(),
            error: Box::new(problem),
        })
    }

    fn get(&self, printer: &mut Printer) -> Result<Ending, Problem> {
        let secret = self.secret.read()?;
        let upload = match &self.data {
            Some(data) => Upload::named(data)?,
            None => Upload::none(),
        };
        let (plan, url) = self.plan()?;
        let plan = plan.secret(secret.as_ref());
        self.check_secret(&plan)?;
        let request = Request::new(&url, &self.wishes(&plan), &upload)?;
        let found = match plan.find() {
            Err(NoHost::Unknown(trouble)) if printer.json() => {
                return self.nobody(trouble, printer);
            }
            found => found?,
        };
        let include = (self.include || self.head) && !printer.json();
        let sink = self.sink(printer.json())?;
        let mut client = Client::new(upload, sink, include.then_some(found.scheme));
        let exchange = self.exchange(&found, &request, &mut client);
        let hint = self.hint(&exchange, &found, &request, &plan);
        match client.halt.take() {
            // The rest is not fetched for nobody; the status is known, for the head comes first.
            Some(Halt::Closed) => return Ok(client.status().map_or(Ending::Fine, ending)),
            Some(halt) => return Err(halt.into()),
            None => {}
        }
        self.tell(&exchange, &found, &client, hint, printer)?;
        end(exchange, &found, printer.json())
    }

    /// Whom to ask, and for what.
    fn plan(&self) -> Result<(Plan, Url), Problem> {
        let limits = Limits {
            connect: self.connect_timeout,
            answer: self.timeout,
            packet: self.packet_size,
        };
        if self.way.is_configured() {
            let plan = self.way.configured(limits)?;
            let url = Url::of_client(&self.url, &plan.target().socket())?;
            return Ok((plan, url));
        }
        let url = Url::parse(&self.url)?;
        let told = Told {
            forward: self.facts.forward(),
            secret_header: self.facts.secret_header(),
            probe: None,
        };
        Ok((self.way.direct(&url.target, limits, told)?, url))
    }

    /// A secret that was named and has no way to the peer would be missed there only.
    fn check_secret(&self, plan: &Plan) -> Result<(), BadRequest> {
        let http = plan.spec.way.http();
        match http.is_some_and(|http| http.secret_header.is_none()) && self.secret.is_file() {
            true => Err(BadRequest::NoSecretHeader),
            false => Ok(()),
        }
    }

    fn hint(
        &self,
        exchange: &Exchange,
        found: &Found,
        request: &Request,
        plan: &Plan,
    ) -> Option<Hint> {
        let answer = exchange.result.as_ref().ok()?;
        let asked = Asked {
            scheme: found.scheme,
            secret: plan.spec.secret.is_some(),
            attributes: request.has_attributes(),
            body: request.has_body(),
            sent: exchange.seen.traffic.sent,
        };
        let speaks_tls = || found.speaks_tls(self.connect_timeout);
        Hint::of(*answer, asked, speaks_tls)
    }

    /// Nobody can be asked.
    fn nobody(&self, trouble: Trouble, printer: &mut Printer) -> Result<Ending, Problem> {
        let exchange = Exchange {
            seen: Seen::default(),
            result: Err(trouble),
        };
        let client = Client::new(Upload::none(), Sink::Nowhere, None);
        printer.value(&Record::new(&self.url, &exchange, None, &client, None))?;
        Ok(Ending::Found)
    }

    fn wishes<'w>(&'w self, plan: &'w Plan) -> Wishes<'w> {
        Wishes {
            scheme: plan.scheme(),
            client: self.facts.client(),
            client_tls: self.facts.is_tls(),
            member: &plan.member,
            method: match self.head {
                true => Some("HEAD"),
                false => self.request.as_deref(),
            },
            headers: &self.header,
            attributes: &self.attribute,
        }
    }

    fn sink(&self, json: bool) -> io::Result<Sink> {
        match &self.output {
            Some(path) => Ok(Sink::File(path.clone(), None)),
            None if json => Ok(Sink::Nowhere),
            None => Sink::stdout(),
        }
    }

    /// Connects, probes and asks.
    fn exchange(&self, found: &Found, request: &Request, client: &mut Client) -> Exchange {
        let began = Instant::now();
        let mut seen = Seen::default();
        let result = self.ask(found, request, client, &mut seen);
        seen.times.total = began.elapsed();
        let result = result
            .and_then(|answer| whole(answer, request, client))
            .map_err(|trouble| found.look_again(trouble, self.connect_timeout));
        Exchange { seen, result }
    }

    fn ask(
        &self,
        found: &Found,
        request: &Request,
        client: &mut Client,
        seen: &mut Seen,
    ) -> Result<Answer, Trouble> {
        let (began, limit) = (Instant::now(), self.connect_timeout);
        let mut line = found
            .direct
            .connect()
            .map_err(|failure| trouble(failure, found.scheme, limit, &[]))?;
        seen.opened(began.elapsed(), found.place(&line), line.tls());
        let result = self.ask_on(&mut line, found.scheme, request, client, &mut seen.times);
        seen.traffic = line.take_traffic();
        result
    }

    fn ask_on(
        &self,
        line: &mut Line<'_>,
        scheme: Scheme,
        request: &Request,
        client: &mut Client,
        times: &mut Times,
    ) -> Result<Answer, Trouble> {
        let (asked, limit) = (Instant::now(), self.connect_timeout);
        if scheme == Scheme::Ajp {
            line.ping(limit)
                .map_err(|failure| trouble(failure, scheme, limit, line.unread()))?;
            times.cpong = Some(asked.elapsed());
        }
        let (asked, local) = (Instant::now(), line.local().ok().flatten());
        let result = request.with_head(local, |head| line.ask(head, client, &NoLog));
        times.head = client.head.as_ref().map(|head| head.at - asked);
        result.map_err(|failure| trouble(failure, scheme, self.timeout, line.unread()))
    }

    /// What is told beside the body.
    fn tell(
        &self,
        exchange: &Exchange,
        found: &Found,
        client: &Client,
        hint: Option<Hint>,
        printer: &mut Printer,
    ) -> io::Result<()> {
        let tls = exchange.seen.tls.as_ref().map(|tls| found.agreed(tls));
        if printer.json() {
            let tls = tls.map(|tls| tls.record());
            return printer.value(&Record::new(&self.url, exchange, tls, client, hint));
        }
        match tls {
            Some(tls) if self.timing => tell(tls),
            // Whoever answered may be somebody else.
            Some(tls) if !tls.is_verified => tell(format_args!("rjk: {tls}")),
            _ => {}
        }
        if self.timing {
            tell(Timing(&exchange.seen, client.body));
        }
        if let Some(hint) = hint {
            tell(format_args!("rjk: {hint}"));
        }
        Ok(())
    }
}

fn trouble(
    failure: rjk_proxy::job::failure::Failure,
    scheme: Scheme,
    limit: Duration,
    unread: &[u8],
) -> Trouble {
    let asked = trouble::Asked {
        scheme,
        limit,
        unread,
    };
    Trouble::of(failure, asked)
}

/// The module frames a response that comes in one piece itself, and passes over a wrong length; here it
/// is told.
fn whole(answer: Answer, request: &Request, client: &Client) -> Result<Answer, Trouble> {
    let has_body = request.method != "HEAD" && !matches!(answer.status, 204 | 304);
    let head = client.head.as_ref().filter(|_| has_body);
    match head.and_then(|head| head.head.content_length().known()) {
        Some(announced) if announced != client.body => Err(Trouble::WrongLength {
            announced,
            arrived: client.body,
        }),
        _ => Ok(answer),
    }
}

fn ending(status: u16) -> Ending {
    match status {
        ..400 => Ending::Fine,
        _ => Ending::Found,
    }
}

fn end(exchange: Exchange, found: &Found, json: bool) -> Result<Ending, Problem> {
    match exchange.result {
        Ok(answer) => Ok(ending(answer.status)),
        // The JSON has said it.
        Err(trouble) if json && !trouble.is_ours() => Ok(Ending::Found),
        Err(trouble) => Err(Problem::Peer {
            peer: exchange.seen.address.unwrap_or_else(|| found.listed()),
            trouble,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        getting: Getting,
    }

    fn parse(arguments: &[&str]) -> Result<Getting, clap::Error> {
        let line = ["get"].iter().chain(arguments);
        Ok(Command::try_parse_from(line)?.getting)
    }

    #[test]
    fn options_as_curl_has_them() {
        let getting = parse(&[
            "-iw", "-HA: 1", "-H", "B: 2", "-d", "-", "-XPUT", "-o", "f", "h",
        ]);
        let getting = getting.unwrap();
        assert!(getting.include && getting.timing && !getting.head);
        assert_eq!(getting.header, ["A: 1", "B: 2"]);
        assert_eq!(getting.data.as_deref(), Some("-"));
        let (plan, _) = getting.plan().unwrap();
        assert_eq!(getting.wishes(&plan).method, Some("PUT"));
        assert_eq!(getting.output, Some("f".into()));
        assert_eq!(
            (getting.url.as_str(), plan.spec.max_packet_size),
            ("h", 8192)
        );
        let head = parse(&["-I", "h"]).unwrap();
        assert_eq!(head.wishes(&plan).method, Some("HEAD"));
        assert_eq!(
            parse(&["h", "-d", "-x=1"]).unwrap().data.as_deref(),
            Some("-x=1")
        );
    }

    #[test]
    fn what_does_not_fit_together() {
        for wrong in [
            &[][..],
            &["-I", "-d", "x", "h"],
            &["-I", "-X", "GET", "h"],
            &["--packet-size", "100", "h"],
            &["--timeout", "0", "h"],
            &["--secret", "word", "h"],
            &["--client-scheme", "ajp", "h"],
            &["--client", "localhost", "h"],
            &["--forward", "all", "h"],
            &["--worker", "w", "/"],
            &["--conf", "f", "h"],
            &["--conf", "f", "--ca", "c", "https://h"],
            &["--worker", "w", "--conf", "f", "--forward", "none", "/"],
            &["--worker", "w", "--conf", "f", "--ca", "c", "/"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
