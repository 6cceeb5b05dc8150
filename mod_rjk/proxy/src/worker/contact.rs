//! How one Tomcat is reached at one moment: the attempts to have it serve a request (contract §4.7).

use crate::clock::now;
use crate::exchange::protocol::{self, Rest};
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::switched::Admission;
use crate::job::{Forwarding, Heard, Served, Target};
use crate::tunnel::{TunnelLimits, Tunnels};
use crate::way::connection::Connection;
use crate::way::connector::{Connector, Counter, Tls};
use crate::way::pool::{Check, Checkout};
use rjk_balance::EndpointSettings;
use rjk_config::model::AjpSpec;
use rjk_http1::request::asks_for_websocket;
use rjk_log::{Log, RateLimit, jk_log};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a tunnel may hold up a process that is to end, at a graceful restart too: its client
/// connects again, and comes to a process that stays.
const AFTER_STOP: Duration = Duration::from_secs(30);

/// A worker that has ended a connection for idle says so as soon as it gets a request on it. One that fails
/// at a request takes longer, more often than not.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How one Tomcat is reached at this moment: settings and addresses.
#[derive(Debug)]
pub(crate) struct Contact {
    settings: EndpointSettings,
    connector: Option<Connector>,
    tunnels: Tunnels,
}

/// What stays, however the settings of an endpoint change.
#[derive(Debug, Default)]
pub(super) struct Lasting {
    /// The local addresses to bind, at most one of each family; resolved at start: no request
    /// waits for a resolver.
    pub(super) sources: Vec<SocketAddr>,
    /// What TLS needs.
    pub(super) tls: Option<Tls>,
    /// The WebSockets of all requests.
    pub(super) tunnels: Tunnels,
}

impl Contact {
    /// The contact by these settings.
    pub(super) fn new(settings: EndpointSettings, lasting: &Lasting, counter: Counter) -> Contact {
        let (sources, tls) = (lasting.sources.clone(), lasting.tls.clone());
        Contact {
            connector: Connector::new(&settings, sources, tls, counter),
            settings,
            tunnels: lasting.tunnels.clone(),
        }
    }

    /// The worker's configuration with what was changed since.
    pub(crate) fn spec(&self) -> &AjpSpec {
        &self.settings.spec
    }

    /// How often the worker had moved: connections to where it was before are not used.
    pub(super) fn moves(&self) -> u32 {
        self.settings.moves
    }

    /// Looks at an idle connection, and asks the worker on it within `limit`.
    pub(super) fn check(
        &self,
        connection: &mut Connection,
        limit: Duration,
        log: &dyn Log,
    ) -> Check {
        if self.is_quiet(connection, log) {
            self.ask(connection, limit, log)
        } else {
            Check::Closed
        }
    }

    /// Bytes of a request's body that go out with its head.
    pub(super) fn eager_body(&self, job: &Forwarding<'_>) -> Option<usize> {
        protocol::eager_body(job, self.spec())
    }

    /// Has the worker serve a request: up to `retries` attempts on this worker (SV-03).
    ///
    /// # Errors
    /// The last failure; its `retry` says whether another member may try.
    pub(crate) fn call(
        &self,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        job.begin_call();
        job.admission = self.admit_tunnel(job)?;
        let head = protocol::encode(job, target, self.spec())
            .map_err(|error| Failure::last(Phase::Send, error))?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            // What another try heard says nothing of one that does not get so far.
            job.heard = Heard::default();
            let failure = match self.try_once(checkout, job, target, &head, log) {
                Ok(served) => return Ok(served),
                Err(failure) => failure,
            };
            if failure.is_reply_timeout() {
                job.timeouts += 1;
            }
            self.tell_exhaustion(&failure, log);
            if !failure.retry || attempt >= self.spec().retries {
                return Err(failure);
            }
            jk_log!(
                log,
                Info,
                "worker {} attempt {attempt} {failure}",
                self.spec().name
            );
            std::thread::sleep(self.spec().retry_interval);
        }
    }

    /// A place for a request that asks for WebSocket of a worker that has it: no worker is asked before it
    /// is clear that its consent can be carried out.
    fn admit_tunnel(&self, job: &Forwarding<'_>) -> Result<Option<Admission>, Failure> {
        let websocket = self.spec().way.websocket();
        let Some(websocket) = websocket.filter(|_| asks_for_websocket(&job.request.forward)) else {
            return Ok(None);
        };
        job.downstream
            .can_tunnel()
            .map_err(|why| Failure::last(Phase::Acquire, Cause::NoTunnel(why)))?;
        let Some(_place) = self.tunnels.enter(websocket.most) else {
            // Another member may have room.
            let cause = Cause::TunnelLimit(websocket.most);
            return Err(Failure::unsent(Phase::Acquire, cause));
        };
        let limits = TunnelLimits {
            idle: websocket.idle,
            after_stop: AFTER_STOP,
        };
        Ok(Some(Admission { _place, limits }))
    }

    /// What this host ran out of concerns all workers and every request: said loudly, but once a
    /// second.
    fn tell_exhaustion(&self, failure: &Failure, log: &dyn Log) {
        static LINES: RateLimit = RateLimit::new(1);
        if let Some(exhaustion) = failure.exhaustion()
            && LINES.allows(now().as_millis())
        {
            let (name, what) = (&self.spec().name, exhaustion.what());
            jk_log!(
                log,
                Emerg,
                "out of {what}: worker {name} cannot be reached, and keeps its state; {}",
                exhaustion.remedy()
            );
        }
    }

    /// One attempt. A pooled connection that turns out dead before any byte of an answer does not
    /// count as one: a request that is safe to repeat goes out again at once, on a new connection. Of any
    /// other nobody knows whether the worker saw it; but that it ended at once says nothing of the worker.
    fn try_once(
        &self,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        head: &[u8],
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        if let Some(connection) = self.reuse(checkout, log) {
            match self.exchange(connection, checkout, job, target, head, log) {
                Err(failure) if !is_stale(&failure) => return Err(failure),
                Err(failure) if failure.retry && job.request.is_safe() => {
                    jk_log!(
                        log,
                        Debug,
                        "worker {}: a pooled connection was dead",
                        self.spec().name
                    );
                }
                Err(failure) if !failure.retry && self.had_gone(job, &failure) => {
                    return Err(failure.of_kept_connection());
                }
                result => return result,
            }
        }
        let connection = self.open()?;
        let opened = Instant::now();
        let result = self.exchange(connection, checkout, job, target, head, log);
        result.map_err(|failure| {
            let is_silent = !job.heard.spoke && !self.asks_new_connections() && is_stale(&failure);
            self.of_new_connection(failure, is_silent, opened)
        })
    }

    /// Whether it ended as an AJP connector ends one that is asked in HTTP: at once, whatever of the request
    /// was under way since `asked`, and nothing came over it, in TLS or for a probe neither.
    fn of_new_connection(&self, failure: Failure, is_silent: bool, asked: Instant) -> Failure {
        Failure {
            like_ajp: is_silent
                && asked.elapsed() < AT_ONCE
                && failure.is_end_of_connection()
                && self.is_plain_http(),
            ..failure
        }
    }

    /// In clear text and over a port, which may be the wrong one.
    fn is_plain_http(&self) -> bool {
        let way = &self.spec().way;
        way.http().is_some() && way.tls().is_none() && way.socket.is_none()
    }

    fn asks_new_connections(&self) -> bool {
        let http = self.spec().way.http();
        http.is_some_and(|http| http.probe.is_some()) && self.ping_of_new().is_some()
    }

    /// the check before a request covers a new connection only when connect has none.
    fn ping_of_new(&self) -> Option<Duration> {
        self.spec().ping.connect.or(self.spec().ping.prepost)
    }

    /// Whether it was the connection that ended and not its worker that failed: it ended at once and without
    /// a word, and the worker was not asked for a word right before. What this host ran out of is another
    /// matter.
    fn had_gone(&self, job: &Forwarding<'_>, failure: &Failure) -> bool {
        let at_once = |sent: Instant| sent.elapsed() < AT_ONCE;
        !job.request.is_safe()
            && !job.heard.spoke
            && job.heard.sent_at.is_none_or(at_once)
            && self.spec().ping.prepost.is_none()
            && failure.exhaustion().is_none()
    }

    /// An idle connection that passed a look at its socket, and CPING when the worker asks for it
    ///
    fn reuse(&self, checkout: &mut Checkout<'_>, log: &dyn Log) -> Option<Box<Connection>> {
        checkout.reuse(|connection| {
            let is_usable = connection.moves() == self.moves()
                && !connection.is_over()
                && self.is_quiet(connection, log);
            match (is_usable, self.spec().ping.prepost) {
                (false, _) => Check::Closed,
                (true, None) => Check::Alive,
                (true, Some(limit)) => self.ask(connection, limit, log),
            }
        })
    }

    /// CPING on an idle connection. Only one that took all the time says something of the others:
    /// each of them would take it too.
    fn ask(&self, connection: &mut Connection, limit: Duration, log: &dyn Log) -> Check {
        let Err(error) = self.probe(connection, limit) else {
            return Check::Alive;
        };
        jk_log!(
            log,
            Info,
            "worker {}: a pooled connection gave no {}: {error}",
            self.spec().name,
            self.spec()
                .way
                .http()
                .map_or("CPONG", |_| "answer to the probe")
        );
        match error.kind() {
            ErrorKind::TimedOut => Check::Silent,
            _ => Check::Closed,
        }
    }

    /// Looks at the socket of an idle connection (PL-02).
    fn is_quiet(&self, connection: &mut Connection, log: &dyn Log) -> bool {
        let rest = protocol::look(connection, self.spec());
        if let Rest::Answer(bytes) = rest {
            self.warn_of_rest(bytes, "while its connection was idle", log);
        }
        rest == Rest::Quiet
    }

    pub(super) fn warn_of_rest(&self, bytes: usize, when: &str, log: &dyn Log) {
        jk_log!(
            log,
            Warn,
            "worker {} sent {bytes} bytes {when}: the next request could take them for its answer, the connection is closed; see what on that worker writes after its response",
            self.spec().name
        );
    }

    fn open(&self) -> Result<Box<Connection>, Failure> {
        let mut connection = Box::new(self.connect()?);
        if let Some(limit) = self.ping_of_new() {
            let asked = Instant::now();
            self.ping(&mut connection, limit).map_err(|failure| {
                let is_silent = connection.take_traffic().read == 0;
                self.of_new_connection(failure, is_silent, asked)
            })?;
        }
        Ok(connection)
    }

    /// Opens a connection, and asks nothing on it.
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        let connector = self
            .connector
            .as_ref()
            .ok_or_else(|| Failure::unsent(Phase::Connect, self.unreachable()))?;
        connector
            .open()
            .map_err(|error| Failure::unsent(Phase::Connect, Cause::Connect(error)))
    }

    /// Why there is no way to open a connection.
    fn unreachable(&self) -> Cause {
        let has_place = self.spec().way.socket.is_some() || !self.settings.addresses.is_empty();
        match has_place {
            true => Cause::NoTls,
            false => Cause::NoAddress,
        }
    }

    /// Where the last connection leads.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.connector.as_ref()?.address()
    }

    /// CPING, and CPONG within `limit` (PL-06), or what HTTP has for it.
    pub(super) fn ping(
        &self,
        connection: &mut Connection,
        limit: Duration,
    ) -> Result<Option<u16>, Failure> {
        self.probe(connection, limit)
            .map_err(|error| Failure::unsent(self.phase_of_probe(), Cause::Ping(error)))
    }

    fn phase_of_probe(&self) -> Phase {
        match self.spec().way.http() {
            None => Phase::Ping,
            Some(_) => Phase::Probe,
        }
    }

    fn probe(&self, connection: &mut Connection, limit: Duration) -> io::Result<Option<u16>> {
        protocol::probe(connection, self.spec(), limit)
    }
}

/// The signs of a pooled connection that the worker had closed before it saw the request.
fn is_stale(failure: &Failure) -> bool {
    matches!(failure.phase, Phase::Send | Phase::AwaitHead)
        && matches!(
            failure.cause,
            Cause::Send(_) | Cause::Closed | Cause::Broken(_) | Cause::BrokenReply { .. }
        )
}
