//! What went wrong with one attempt: in which phase, whose fault, and whether it may be repeated.

pub use super::cause::{Cause, ProbeEndsConnection};
use crate::way::exhaustion::Exhaustion;
use crate::way::tls::TlsError;
use rjk_balance::Outcome;
use rjk_config::model::FailStatus;
use std::{fmt, io};

/// Where in the life of an attempt it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Choosing a member of the balancer.
    Select,
    /// Waiting for a place in the connection pool.
    Acquire,
    /// Opening the connection.
    Connect,
    /// Waiting for CPONG.
    Ping,
    /// Waiting for what HTTP has in its place.
    Probe,
    /// Encoding or sending the request and its first body packet.
    Send,
    /// Waiting for the response head.
    AwaitHead,
    /// The response head is there, the response is not complete.
    Receive,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Select => "choosing a member",
            Phase::Acquire => "waiting for a free connection",
            Phase::Connect => "connecting",
            Phase::Ping => "waiting for CPONG",
            Phase::Probe => "waiting for the answer to its probe",
            Phase::Send => "sending the request",
            Phase::AwaitHead => "waiting for the response",
            Phase::Receive => "receiving the response",
        })
    }
}

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The browser: it went away, or its request does not fit.
    Client,
    /// Tomcat, or the way to it.
    Worker,
    /// Bytes from the worker that are not what it should speak.
    Protocol,
    /// This host, which ran out of something.
    Host,
}

/// A failed attempt.
#[derive(Debug)]
pub struct Failure {
    /// Where it failed.
    pub phase: Phase,
    /// Why.
    pub cause: Cause,
    /// Whether the request may be sent again (design rule: only when that is safe).
    pub retry: bool,
    /// A worker of HTTP ended its new connection at once, and nothing ever came over it: so does an AJP
    /// connector.
    pub(crate) like_ajp: bool,
}

impl Failure {
    /// A failure before any byte of the request was sent: always safe to repeat.
    pub fn unsent(phase: Phase, cause: Cause) -> Failure {
        Failure::new(phase, cause, true)
    }

    /// A failure that must not be repeated.
    pub fn last(phase: Phase, cause: Cause) -> Failure {
        Failure::new(phase, cause, false)
    }

    /// A failure that may be repeated or not.
    pub(crate) fn new(phase: Phase, cause: Cause, retry: bool) -> Failure {
        Failure {
            phase,
            cause,
            retry,
            like_ajp: false,
        }
    }

    /// What TLS 1.3 tells us with the first bytes of a worker: that it refuses our certificate, or wants
    /// one. Then it has looked at nothing of the request, which is safe to repeat if it `can_be`.
    pub(crate) fn unless_refused(self, can_be: bool) -> Failure {
        if !self.cause.stream().is_some_and(TlsError::is_refusal) {
            return self;
        }
        let refused = self.cause.into_stream().and_then(TlsError::from_io);
        let cause = refused.map_or(Cause::Closed, |error| Cause::Connect(error.into()));
        Failure::new(Phase::Connect, cause, can_be)
    }

    /// The same of a connection that was kept from another request, and ended as soon as it had this one.
    pub(crate) fn of_kept_connection(self) -> Failure {
        let cause = match self.cause {
            Cause::BrokenReply { error, .. } => Cause::Broken(error),
            other => other,
        };
        Failure {
            cause: Cause::Kept(Box::new(cause)),
            ..self
        }
    }

    /// Whether the worker ended the connection, and not by a word of TLS.
    pub(crate) fn is_end_of_connection(&self) -> bool {
        let by_end = |error: &io::Error| {
            use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
            let is_end = matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof);
            is_end && TlsError::of(error).is_none()
        };
        matches!(self.cause, Cause::Closed) || self.cause.stream().is_some_and(by_end)
    }

    /// Whether it counts as a reply timeout (L-11, F-11, F-11b).
    pub fn is_reply_timeout(&self) -> bool {
        self.exhaustion().is_none()
            && matches!(
                self.cause,
                Cause::ReplyTimeout(_) | Cause::BrokenReply { .. }
            )
    }

    /// What this host ran out of, if that is why it failed.
    pub fn exhaustion(&self) -> Option<Exhaustion> {
        match &self.cause {
            Cause::Connect(error) => Exhaustion::of(error.io()?),
            Cause::Ping(error)
            | Cause::Send(error)
            | Cause::Broken(error)
            | Cause::BrokenReply { error, .. } => Exhaustion::of(error),
            _ => None,
        }
    }

    /// Whose fault it was.
    pub fn fault(&self) -> Fault {
        if self.exhaustion().is_some() {
            return Fault::Host;
        }
        match &self.cause {
            Cause::ClientRead(_)
            | Cause::ClientWrite
            | Cause::KeptWaiting(_)
            | Cause::TooLarge(_)
            | Cause::Unwritable(_)
            | Cause::NoTunnel(_)
            | Cause::MemberWithoutWebSocket(_) => Fault::Client,
            Cause::TunnelLimit(_) => Fault::Host,
            Cause::Protocol(_) | Cause::WrongLength { .. } => Fault::Protocol,
            _ => Fault::Worker,
        }
    }

    /// The HTTP status for the client (contract §4.10).
    pub fn status(&self) -> u16 {
        if self.exhaustion().is_some() {
            return 503;
        }
        match &self.cause {
            Cause::ClientRead(body) => body.status,
            Cause::ClientWrite => 200,
            Cause::TooLarge(_) => 413,
            Cause::Unwritable(error) => error.status(),
            Cause::NoTunnel(_) | Cause::MemberWithoutWebSocket(_) => 501,
            Cause::Closed
            | Cause::Broken(_)
            | Cause::SocketTimeout(_)
            | Cause::KeptWaiting(_)
            | Cause::WrongLength { .. } => 502,
            Cause::Kept(_) => 502,
            Cause::ReplyTimeout(_) | Cause::BrokenReply { .. } => 504,
            Cause::Protocol(error) => error.status(),
            Cause::NoMember(_)
            | Cause::NoMemberWithWebSocket(_)
            | Cause::NoPlace(_)
            | Cause::NoPlaceForPart
            | Cause::NoAddress
            | Cause::NoTls
            | Cause::BusyLimit { .. }
            | Cause::TunnelLimit(_)
            | Cause::Connect(_)
            | Cause::Ping(_)
            | Cause::Send(_)
            | Cause::FailOnStatus(_) => 503,
        }
    }

    /// What the failure means for a balancer member (contract §4.5, TR rows).
    /// `timeouts` counts the attempts of this service call that ran into the reply timeout (L-11).
    pub fn outcome(&self, timeouts: u32) -> Outcome {
        if self.exhaustion().is_some() {
            return Outcome::Internal;
        }
        match &self.cause {
            Cause::ClientRead(_)
            | Cause::ClientWrite
            | Cause::TooLarge(_)
            | Cause::Unwritable(_)
            | Cause::NoTunnel(_)
            | Cause::MemberWithoutWebSocket(_) => Outcome::ClientError,
            Cause::KeptWaiting(_) | Cause::Kept(_) | Cause::TunnelLimit(_) => Outcome::Internal,
            Cause::BusyLimit { .. } => Outcome::BusyLimit,
            Cause::FailOnStatus(FailStatus { soft: true, .. }) => Outcome::StatusSoft,
            Cause::FailOnStatus(_) => Outcome::StatusHard,
            Cause::ReplyTimeout(_) | Cause::BrokenReply { .. } => {
                Outcome::ReplyTimeout { count: timeouts }
            }
            Cause::Protocol(error) if error.is_framing() => Outcome::Protocol,
            Cause::WrongLength { .. } => Outcome::Protocol,
            _ => Outcome::LocalError,
        }
    }

    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        if let Some(exhaustion) = self.exhaustion() {
            return exhaustion.remedy();
        }
        if self.like_ajp {
            return "an AJP connector does so when it is asked in HTTP: check port in rjk.toml (rjk ping names what listens there), or see Tomcat's log";
        }
        let tls = self.cause.stream().and_then(TlsError::of);
        tls.map_or_else(|| self.usual_remedy(), TlsError::remedy)
    }

    fn usual_remedy(&self) -> &'static str {
        match &self.cause {
            Cause::NoMember(_) | Cause::NoMemberWithWebSocket(_) => {
                "see the members on the status page, and the lines before this one for what failed"
            }
            Cause::NoPlace(_) => {
                "all connections of this child are in use: raise connection_pool_size, or see why the worker is slow"
            }
            Cause::NoPlaceForPart => {
                "raise connection_pool_size, or leave it out: each level of parts takes one connection more"
            }
            Cause::NoAddress => "set host and port of the worker to where Tomcat listens",
            Cause::NoTls => {
                "mend what httpd's error log says of its certificates, and restart httpd"
            }
            Cause::BusyLimit { .. } => "raise busy_limit, or add members",
            Cause::TooLarge(head) if !head.fits_largest() => {
                "no packet can hold it: see what makes the client's headers so large"
            }
            Cause::TooLarge(_) => {
                "raise max_packet_size of the worker and packetSize of Tomcat's connector together"
            }
            Cause::Connect(error) => error.remedy(),
            Cause::Ping(error) => probe_remedy(error),
            Cause::Send(_) | Cause::Closed | Cause::Broken(_) | Cause::BrokenReply { .. } => {
                "Tomcat or a firewall closed the connection: see Tomcat's log, connectionTimeout, and ping_mode"
            }
            Cause::Kept(_) => {
                "it may have seen the request, which is not repeated therefore: let keepAliveTimeout of Tomcat's connector be longer than connection_pool_timeout, and see ping_mode"
            }
            Cause::ReplyTimeout(_) => "raise reply_timeout, or see why the application is slow",
            Cause::SocketTimeout(_) => "raise socket_timeout, or see why the worker is slow",
            Cause::NoTunnel(_) => "let the client ask over HTTP/1.1, or see H2WebSockets of httpd",
            Cause::MemberWithoutWebSocket(_) => {
                "set websocket = true for that worker in rjk.toml, as for the other members of its balancer"
            }
            Cause::TunnelLimit(_) => {
                "raise websocket_max in rjk.toml, and the threads of httpd with it: each WebSocket holds one"
            }
            Cause::Unwritable(_) => "see what client sends such a request; no worker saw it",
            Cause::Protocol(error) => error.remedy(),
            Cause::WrongLength { .. } => {
                "the application sets a wrong Content-Length: see its log on that worker"
            }
            Cause::FailOnStatus(_) => "see the application's log on that worker",
            Cause::KeptWaiting(_) => {
                "raise connectionTimeout of Tomcat's connector if slow clients are to be served"
            }
            Cause::ClientRead(_) => refused_body(self.status().into()),
            Cause::ClientWrite => NOTHING,
        }
    }
}

/// What can be done where the client left.
pub(super) const NOTHING: &str = "nothing to do on this side";

/// What can be done where no CPONG came, or no answer to a probe that leaves the connection usable.
fn probe_remedy(error: &io::Error) -> &'static str {
    let inner = error.get_ref();
    if inner.is_some_and(|inner| inner.is::<ProbeEndsConnection>()) {
        return "a port that wants TLS answers like that, too: see tls in rjk.toml";
    }
    match error.kind() {
        io::ErrorKind::InvalidData => {
            "check that the port is a connector for what the worker speaks, AJP or HTTP: rjk ping names what listens there"
        }
        _ => {
            "Tomcat accepts connections but does not answer: check its threads and garbage collection"
        }
    }
}

/// What can be done about a request body that was refused with this HTTP status.
pub fn refused_body(status: i32) -> &'static str {
    match status {
        408 => "the client sends too slowly: see RequestReadTimeout and Timeout",
        413 => "the body is too large: see LimitRequestBody",
        _ => {
            "the client sends a body that is not what its head announced, or httpd refuses it: see the error log"
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, cause) = (self.phase, &self.cause);
        write!(f, "failed while {phase}: {cause}")?;
        if self.like_ajp {
            f.write_str(", on a new connection, at once and without a byte of an answer")?;
        }
        write!(f, "; {}", self.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::downstream::BrokenBody;
    use crate::way::connector::ConnectError;
    use rjk_ajp::RequestTooLarge;
    use std::time::Duration;

    fn io() -> io::Error {
        io::Error::from(io::ErrorKind::ConnectionRefused)
    }

    fn rows() -> Vec<(&'static str, Cause, u16, Fault)> {
        let limit = Duration::from_secs(1);
        let too_large = RequestTooLarge {
            size: 9000,
            limit: 8192,
        };
        let soft = FailStatus {
            status: 500,
            soft: true,
        };
        let wrong_length = Cause::WrongLength {
            announced: 2,
            arrived: 4,
        };
        let broken_reply = Cause::BrokenReply { error: io(), limit };
        vec![
            ("F-03", Cause::NoPlace(limit), 503, Fault::Worker),
            ("F-03", Cause::NoPlaceForPart, 503, Fault::Worker),
            ("F-04", Cause::TooLarge(too_large), 413, Fault::Client),
            ("F-05", Cause::BusyLimit { limit: 1 }, 503, Fault::Worker),
            ("F-06", Cause::Connect(io().into()), 503, Fault::Worker),
            ("F-06", Cause::Ping(io()), 503, Fault::Worker),
            ("F-06", Cause::Send(io()), 503, Fault::Worker),
            ("F-07", Cause::Closed, 502, Fault::Worker),
            ("F-07", Cause::Broken(io()), 502, Fault::Worker),
            ("A-05", Cause::SocketTimeout(limit), 502, Fault::Worker),
            ("F-11", Cause::ReplyTimeout(limit), 504, Fault::Worker),
            ("F-11b", broken_reply, 504, Fault::Worker),
            ("BG-08", wrong_length, 502, Fault::Protocol),
            ("F-12", Cause::FailOnStatus(soft), 503, Fault::Worker),
            ("F-07", Cause::KeptWaiting(limit), 502, Fault::Client),
            (
                "F-14",
                Cause::ClientRead(BrokenBody::SHORT),
                400,
                Fault::Client,
            ),
            (
                "F-14",
                Cause::ClientRead(BrokenBody::refused(408)),
                408,
                Fault::Client,
            ),
        ]
    }

    #[test]
    fn what_tls_says_late_of_us_is_a_connection_that_was_not_opened() {
        let (limit, wanted) = (Duration::from_secs(1), || {
            TlsError::CertificateWanted.into()
        });
        let late = [
            Cause::Send(wanted()),
            Cause::Broken(wanted()),
            Cause::BrokenReply {
                error: wanted(),
                limit,
            },
        ];
        for (cause, can_be) in late.into_iter().zip([true, false, true]) {
            let failure = Failure::last(Phase::AwaitHead, cause).unless_refused(can_be);
            assert_eq!((failure.phase, failure.retry), (Phase::Connect, can_be));
            assert_eq!((failure.status(), failure.fault()), (503, Fault::Worker));
            assert!(matches!(
                failure.cause,
                Cause::Connect(ConnectError::Tls(TlsError::CertificateWanted))
            ));
            assert!(failure.remedy().starts_with("set cert and key"));
        }
        let cut = Failure::last(Phase::Receive, Cause::Broken(TlsError::Truncated.into()));
        let cut = cut.unless_refused(true);
        assert_eq!((cut.status(), cut.retry), (502, false));
        assert_eq!(cut.remedy(), TlsError::Truncated.remedy());
        let reset = Failure::last(Phase::Send, Cause::Send(io())).unless_refused(true);
        assert!(matches!(reset.cause, Cause::Send(_)) && !reset.retry);
    }

    #[test]
    fn f_rows_status_and_fault() {
        for (row, cause, status, fault) in rows() {
            let failure = Failure::last(Phase::Send, cause);
            assert_eq!(
                (failure.status(), failure.fault()),
                (status, fault),
                "{row}"
            );
        }
    }

    /// The same system calls, but this host is why they failed: in every phase.
    #[test]
    fn tr07_what_this_host_ran_out_of_is_not_the_workers_fault() {
        let limit = Duration::from_secs(1);
        let error = || io::Error::from(rustix::io::Errno::MFILE);
        let causes = [
            Cause::Connect(error().into()),
            Cause::Ping(error()),
            Cause::Send(error()),
            Cause::Broken(error()),
            Cause::BrokenReply {
                error: error(),
                limit,
            },
        ];
        for cause in causes {
            let failure = Failure::unsent(Phase::Connect, cause);
            let (fault, status) = (failure.fault(), failure.status());
            assert_eq!((fault, status), (Fault::Host, 503), "{failure}");
            assert_eq!(failure.outcome(0), Outcome::Internal, "{failure}");
            assert!(!failure.is_reply_timeout(), "{failure}");
            assert!(failure.to_string().contains("LimitNOFILE"), "{failure}");
        }
    }

    #[test]
    fn f04_what_no_packet_holds_cannot_be_raised() {
        let remedy = |size, limit| {
            let cause = Cause::TooLarge(RequestTooLarge { size, limit });
            Failure::last(Phase::Send, cause).remedy()
        };
        assert!(remedy(9000, 8192).starts_with("raise max_packet_size"));
        assert!(remedy(70_000, 65_536).starts_with("no packet can hold it"));
        // A header name.
        assert!(remedy(41_000, 0x9FFF).starts_with("no packet can hold it"));
    }

    #[test]
    fn what_answers_a_probe_wrongly_is_not_called_a_hang() {
        let remedy = |error| Failure::last(Phase::Ping, Cause::Ping(error)).remedy();
        let ends = io::Error::new(io::ErrorKind::ConnectionAborted, ProbeEndsConnection);
        assert!(remedy(ends).contains("tls in rjk.toml"));
        let foreign = io::Error::from(io::ErrorKind::InvalidData);
        assert!(remedy(foreign).contains("AJP or HTTP"));
        let silent = io::Error::from(io::ErrorKind::TimedOut);
        assert!(remedy(silent).starts_with("Tomcat accepts connections"));
    }

    #[test]
    fn the_line_names_phase_and_remedy() {
        let line = Failure::unsent(Phase::Connect, Cause::Connect(io().into())).to_string();
        assert!(line.starts_with("failed while connecting: "), "{line}");
        assert!(line.contains("its port is reachable"), "{line}");
    }
}
