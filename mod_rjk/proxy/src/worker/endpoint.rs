//! An endpoint: how this child reaches one Tomcat, as its settings are at each moment, and the
//! connections that it has.

use super::contact::{Contact, Lasting};
use super::edit::EDITOR;
use crate::tunnel::Tunnels;
use crate::way::address;
use crate::way::connector::{Counter, Tls};
use crate::way::pool::{Budget, Pool};
use crate::way::tls::TlsContext;
use rjk_balance::{AjpWorker, Current, Live};
use rjk_log::{Log, jk_log};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The way of this child to one Tomcat.
#[derive(Debug)]
pub struct Endpoint {
    worker: Arc<AjpWorker>,
    lasting: Lasting,
    contact: Live<Contact>,
    pool: Pool,
}

impl Endpoint {
    /// The endpoint of a worker, with TLS if it is spoken to so; `threads` is the number of threads per
    /// child.
    pub fn new(
        worker: Arc<AjpWorker>,
        tls: Option<&TlsContext>,
        threads: usize,
        log: &dyn Log,
    ) -> Endpoint {
        let lasting = Lasting {
            sources: sources(&worker, log),
            tls: tls.map(|context| Tls::new(context.clone())),
            tunnels: Tunnels::default(),
        };
        let pool = Pool::new(&worker.configured().pool, threads);
        let contact = Live::new(worker.control(), || read(&worker, &lasting, &pool));
        Endpoint {
            contact,
            worker,
            lasting,
            pool,
        }
    }

    /// The worker.
    pub fn worker(&self) -> &Arc<AjpWorker> {
        &self.worker
    }

    /// Its pool in this child.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What is to be known of certificates that end soon after `now`.
    pub fn notices(&self, now: SystemTime) -> Vec<String> {
        let tls = self.lasting.tls.as_ref();
        tls.map_or_else(Vec::new, |tls| tls.notices(self.worker.name(), now))
    }

    /// How the worker is reached now. When it moved, the connections to where it was are given up
    /// (PL-10).
    pub(crate) fn contact(&self) -> Current<Contact> {
        let control = self.worker.control();
        self.contact
            .get(control, || read(&self.worker, &self.lasting, &self.pool))
    }

    /// Looks the worker's host up again, if it is to be and `since` the last time long enough. Waits for the
    /// resolver: nothing that a request waits for may call it.
    pub(crate) fn look_up(&self, since: Duration, log: &dyn Log) -> bool {
        let spec = self.worker.settings().spec;
        if spec.way.resolve.is_none_or(|period| since < period) {
            return false;
        }
        let name = &spec.name;
        match address::resolve(&spec)
            .map(|found| (EDITOR.readdress(&self.worker, &spec, &found), found))
        {
            Ok((Ok(true), found)) => jk_log!(
                log,
                Info,
                "worker {name}: its host {} is now at {}",
                spec.host,
                listed(&found)
            ),
            Ok((Ok(false), _)) => {}
            Ok((Err(error), _)) => jk_log!(log, Warn, "worker {name}: {error}"),
            Err(error) => jk_log!(
                log,
                Warn,
                "worker {name}: its host {} cannot be looked up, its addresses stay: {error}",
                spec.host
            ),
        }
        true
    }

    /// Closes connections that are idle for too long (PL-12).
    pub(crate) fn shrink(&self, now: Instant) {
        self.pool.shrink(self.contact().spec().pool.timeout, now);
    }

    /// Checks the idle connections that are due (MT-05).
    pub(crate) fn check_idle(&self, budget: &Budget, log: &dyn Log) {
        let contact = self.contact();
        let ping = &contact.spec().ping;
        self.pool
            .check_idle(Instant::now(), ping, budget, &|connection, limit| {
                contact.check(connection, limit, log)
            });
    }
}

/// The contact by the worker's record; the pool follows it to where it leads.
fn read(worker: &AjpWorker, lasting: &Lasting, pool: &Pool) -> Contact {
    let counter = Counter {
        slots: worker.slots(),
        column: worker.column(),
    };
    let contact = Contact::new(worker.settings(), lasting, counter);
    pool.move_to(contact.moves());
    contact
}

/// the local addresses to bind.
fn sources(worker: &AjpWorker, log: &dyn Log) -> Vec<SocketAddr> {
    let Some(host) = &worker.configured().source else {
        return Vec::new();
    };
    let peers = worker.settings().addresses;
    let name = worker.name();
    let found = address::resolve_sources(host, &peers).unwrap_or_else(|error| {
        jk_log!(
            log,
            Warn,
            "worker {name}: source {host} is ignored: {error}"
        );
        Vec::new()
    });
    for source in found.iter().filter(|source| !is_of_this_host(source)) {
        let address = source.ip();
        jk_log!(
            log,
            Warn,
            "worker {name}: source {host} is {address}, which is no address of this host; until it is, connections come from the address that the system chooses"
        );
    }
    found
}

fn listed(addresses: &[SocketAddr]) -> String {
    let hosts: Vec<String> = addresses.iter().map(|one| one.ip().to_string()).collect();
    hosts.join(", ")
}

/// A datagram socket is bound like any other, and nobody can connect to it meanwhile.
fn is_of_this_host(source: &SocketAddr) -> bool {
    let bound = UdpSocket::bind(source);
    !bound.is_err_and(|error| error.kind() == ErrorKind::AddrNotAvailable)
}
