//! One ajp13 worker: the attempts to have it serve a request (contract §4.7).

use crate::address;
use crate::body::BodySource;
use crate::connection::{Connection, Connector, Counter};
use crate::downstream::Downstream;
use crate::failure::{Cause, Failure, Fault, Phase};
use crate::pool::{Checkout, Pool};
use crate::pump;
use crate::request::Request;
use rjk_ajp::exchange::Exchange;
use rjk_ajp::wire::{BROKEN_BODY, PacketSize, body_header};
use rjk_balance::Traffic;
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_config::model::AjpSpec;
use std::net::SocketAddr;

/// An ajp13 worker in this child.
#[derive(Debug)]
pub struct AjpWorker {
    spec: AjpSpec,
    connector: Option<Connector>,
    pool: Pool,
}

/// What the balancer adds to a request for the member that it chose.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Attribute `route` (SS-15).
    pub route: Option<&'a [u8]>,
    /// Attribute `JK_LB_ACTIVATION` (AT-14).
    pub activation: &'a [u8],
    /// `Set-Cookie` value of ours (SS-16).
    pub cookie: Option<&'a [u8]>,
}

/// How a request ended well.
#[derive(Debug)]
pub enum Served {
    /// The worker's response went to the client.
    Response {
        /// Its status.
        status: u16,
    },
    /// The worker answered; httpd is to send its own page of this status.
    ServerPage {
        /// The worker's status.
        status: u16,
        /// `WWW-Authenticate` of the worker, for a 401.
        authenticate: Option<Vec<u8>>,
    },
}

/// A request and what is left of it: kept over all its attempts.
pub struct Forwarding<'r> {
    /// The request.
    pub request: &'r Request<'r>,
    /// The client.
    pub downstream: &'r mut dyn Downstream,
    /// The request body: the part that was read is kept for a repetition (BD-07).
    pub body: BodySource,
    /// The response head went out: no repetition any more.
    pub started: bool,
    /// Bytes on the wire of the last service call, all its attempts.
    pub traffic: Traffic,
    /// Attempts of the last service call that ran into the reply timeout (L-11).
    pub timeouts: u32,
}

impl<'r> Forwarding<'r> {
    /// A request that was not tried yet.
    pub fn new(request: &'r Request<'r>, downstream: &'r mut dyn Downstream) -> Forwarding<'r> {
        Forwarding {
            request,
            downstream,
            body: BodySource::default(),
            started: false,
            traffic: Traffic::default(),
            timeouts: 0,
        }
    }

    /// Counts from zero, for the next service call.
    pub(crate) fn begin_service(&mut self) {
        self.traffic = Traffic::default();
        self.timeouts = 0;
    }

    /// Whether the request may be sent again after the worker had (part of) it and failed in
    /// `phase` (design rule §6, contract §4.8).
    pub(crate) fn may_repeat(&self, spec: &AjpSpec, phase: Phase) -> bool {
        let options = spec.recovery_options;
        let allowed = match phase {
            Phase::AwaitHead => {
                !options.no_retry_after_request()
                    || (options.always_retry_head() && self.request.is_head())
                    || (options.always_retry_get() && self.request.forward.method == b"GET")
            }
            Phase::Receive => !options.no_retry_after_headers(),
            _ => true,
        };
        allowed && self.is_repeatable(spec)
    }

    /// As [`Forwarding::may_repeat`], without the bits of `recovery_options`: malformed contents
    /// and `fail_on_status` do not look at them (RO-07, RO-08).
    pub(crate) fn is_repeatable(&self, spec: &AjpSpec) -> bool {
        let replay = self.request.is_safe() || spec.recovery_options.replay_any_method();
        replay && !self.started && self.body.is_repeatable()
    }
}

impl AjpWorker {
    /// The worker; `threads` is the number of threads per child, `address` where it listens.
    pub fn new(
        spec: &AjpSpec,
        address: Option<SocketAddr>,
        threads: usize,
        counter: Counter,
        log: &dyn Log,
    ) -> AjpWorker {
        let connector = address.map(|address| {
            let source = spec.source.as_ref().and_then(|host| {
                address::resolve_source(host, address)
                    .inspect_err(|error| {
                        jk_log!(
                            log,
                            Warn,
                            "worker {}: source {host} is ignored: {error}",
                            spec.name
                        );
                    })
                    .ok()
            });
            Connector::new(spec, address, source, counter)
        });
        AjpWorker {
            spec: spec.clone(),
            connector,
            pool: Pool::new(&spec.pool, threads),
        }
    }

    /// Its configuration.
    pub fn spec(&self) -> &AjpSpec {
        &self.spec
    }

    /// Its pool in this child.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Pool maintenance (MT-05).
    pub fn maintain(&self) {
        self.pool.maintain(&self.spec.ping);
    }

    /// Serves a request: up to `retries` attempts on this worker (SV-03).
    ///
    /// # Errors
    /// The last failure; its `retry` says whether another member may try.
    pub fn service(
        &self,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        job.begin_service();
        let head = self
            .encode(job, target)
            .map_err(|error| Failure::last(Phase::Send, error))?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.attempt(checkout, job, target, &head, log) {
                Ok(served) => return Ok(served),
                Err(failure) => failure,
            };
            if failure.is_reply_timeout() {
                job.timeouts += 1;
            }
            if !failure.retry || attempt >= self.spec.retries {
                return Err(failure);
            }
            jk_log!(
                log,
                Info,
                "worker {} attempt {attempt} {failure}",
                self.spec.name
            );
            std::thread::sleep(self.spec.retry_interval);
        }
    }

    fn encode(&self, job: &Forwarding<'_>, target: Target<'_>) -> Result<Vec<u8>, Cause> {
        let mut forward = job.request.forward.clone();
        forward.attributes.secret = self.spec.secret.as_ref().map(|secret| secret.as_slice());
        forward.attributes.route = target.route;
        forward.attributes.activation = target.activation;
        let mut head = Vec::with_capacity(2048);
        forward.encode(self.packet_size(), &mut head)?;
        Ok(head)
    }

    fn packet_size(&self) -> PacketSize {
        PacketSize::clamped(self.spec.max_packet_size)
    }

    /// One attempt. A pooled connection that turns out dead before any byte of an answer does not
    /// count as one: the request goes out again on a checked or a new connection.
    fn attempt(
        &self,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        head: &[u8],
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let trusting = job.request.is_safe()
            && job.request.has_no_body()
            && job.may_repeat(&self.spec, Phase::AwaitHead);
        if trusting && let Some(connection) = self.reuse(checkout, true, log) {
            match self.exchange(connection, checkout, job, target, head, log) {
                Err(failure) if is_stale(&failure) => {
                    jk_log!(
                        log,
                        Debug,
                        "worker {}: a pooled connection was dead",
                        self.spec.name
                    );
                }
                result => return result,
            }
        }
        let connection = match self.reuse(checkout, false, log) {
            Some(connection) => connection,
            None => self.open()?,
        };
        self.exchange(connection, checkout, job, target, head, log)
    }

    /// An idle connection: with CPING when the worker asks for it, else with a look at the
    /// socket unless a dead one would be noticed in time anyway.
    fn reuse(
        &self,
        checkout: &mut Checkout<'_>,
        trusting: bool,
        log: &dyn Log,
    ) -> Option<Connection> {
        checkout.reuse(|connection| match self.spec.ping.prepost {
            _ if !trusting && !connection.is_quiet() => false,
            None => true,
            Some(limit) => connection
                .ping(limit)
                .inspect_err(|error| {
                    jk_log!(
                        log,
                        Info,
                        "worker {}: a pooled connection gave no CPONG: {error}",
                        self.spec.name
                    );
                })
                .is_ok(),
        })
    }

    fn open(&self) -> Result<Connection, Failure> {
        let connector = self
            .connector
            .as_ref()
            .ok_or_else(|| Failure::unsent(Phase::Connect, Cause::NoAddress))?;
        let mut connection = connector
            .open()
            .map_err(|error| Failure::unsent(Phase::Connect, Cause::Connect(error)))?;
        // the check before a request covers a new connection only when connect has none.
        if let Some(limit) = self.spec.ping.connect.or(self.spec.ping.prepost) {
            connection
                .ping(limit)
                .map_err(|error| Failure::unsent(Phase::Ping, Cause::Ping(error)))?;
        }
        Ok(connection)
    }

    fn exchange(
        &self,
        mut connection: Connection,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        head: &[u8],
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let request = job.request;
        let mut exchange =
            Exchange::new(request.forward.body, request.is_head(), self.packet_size());
        job.body.rewind();
        let sent = self.send(&mut connection, &mut exchange, job, head);
        let result = sent.and_then(|()| {
            pump::Pump {
                spec: &self.spec,
                connection: &mut connection,
                exchange,
                job,
                cookie: target.cookie,
                out_of_step: false,
            }
            .run()
        });
        let moved = connection.take_traffic();
        job.traffic.sent += moved.sent;
        job.traffic.read += moved.read;
        let finished = match result {
            Ok(finished) => finished,
            Err(failure) => {
                self.leave(connection, &failure);
                return Err(failure);
            }
        };
        // Bytes behind the end of the response would be taken for the next one.
        let reuse = finished.reuse && connection.pending().is_empty();
        if !reuse {
            jk_log!(
                log,
                Warn,
                "worker {} does not let its connection be used again",
                self.spec.name
            );
        } else if !request.options.disable_reuse {
            checkout.put_back(connection);
        }
        Ok(finished.served)
    }

    /// Closes a connection in the middle of an exchange: in order when the client failed and Tomcat
    /// may go on, unless it is to notice (RO-03).
    fn leave(&self, connection: Connection, failure: &Failure) {
        let abrupt = self.spec.recovery_options.abort_on_client_error();
        if failure.fault() == Fault::Client && !abrupt {
            connection.close_in_order();
        }
    }

    /// Sends the head and the first body packet in one go (BD-01).
    fn send(
        &self,
        connection: &mut Connection,
        exchange: &mut Exchange,
        job: &mut Forwarding<'_>,
        head: &[u8],
    ) -> Result<(), Failure> {
        let Some(bytes) = exchange.eager_body() else {
            return self.send_bytes(connection, job, head);
        };
        let mut packet = Vec::with_capacity(head.len() + 6 + bytes);
        packet.extend_from_slice(head);
        let Ok(first) = job.body.eager(bytes, job.downstream) else {
            // BD-08: Tomcat learns that the body is broken, the connection is not used again.
            packet.extend_from_slice(&BROKEN_BODY);
            let _ = connection.send(&packet);
            return Err(Failure::last(Phase::Send, Cause::ClientRead));
        };
        packet.extend_from_slice(&body_header(first.len() as u16));
        packet.extend_from_slice(first);
        exchange.body_sent(bytes);
        self.send_bytes(connection, job, &packet)
    }

    fn send_bytes(
        &self,
        connection: &mut Connection,
        job: &Forwarding<'_>,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        connection.send(bytes).map_err(|(taken, error)| Failure {
            phase: Phase::Send,
            cause: Cause::Send(error),
            retry: taken == 0 || job.may_repeat(&self.spec, Phase::Send),
        })
    }
}

/// The signs of a pooled connection that the worker had closed before it saw the request.
fn is_stale(failure: &Failure) -> bool {
    failure.retry
        && matches!(failure.phase, Phase::Send | Phase::AwaitHead)
        && matches!(
            failure.cause,
            Cause::Send(_) | Cause::Closed | Cause::Broken(_) | Cause::BrokenReply { .. }
        )
}
