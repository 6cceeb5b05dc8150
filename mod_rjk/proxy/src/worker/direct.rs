//! One Tomcat, asked without httpd: for tools. The way to it, the probe and the exchange are those of
//! the workers; there is no pool, no balancer, and no repetition.

use super::contact::{Contact, Lasting};
use crate::exchange::protocol;
use crate::exchange::pump::Ending;
use crate::job::downstream::Downstream;
use crate::job::failure::{Failure, Phase};
use crate::job::request::{EnvOverrides, ExchangeOptions, UpstreamRequest};
use crate::job::{Forwarding, Target};
use crate::way::connection::Connection;
use crate::way::connector::{Counter, Tls};
use crate::way::tls::{TlsAgreed, TlsContext};
use rjk_balance::{
    AjpWorker, EndpointSettings, Layout, RequestView, Segment, Slots, Topology, Traffic,
    UnknownWorker, cookie_values,
};
use rjk_config::model::{AjpSpec, RuleExtensions, WorkerSpec};
use rjk_log::Log;
use rjk_message::RequestHead;
use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// One Tomcat and the way to it.
pub struct Direct {
    contact: Contact,
}

impl Direct {
    /// Asks at `addresses`, which [`resolve`](crate::way::address::resolve) finds. What it counts with
    /// is never freed: make few of them.
    ///
    /// # Errors
    /// As [`AjpWorker::new`].
    pub fn new(
        spec: &AjpSpec,
        addresses: &[SocketAddr],
        tls: Option<&TlsContext>,
    ) -> Result<Direct, UnknownWorker> {
        let topology = Topology::new(&[WorkerSpec::Ajp(spec.clone())]);
        let segment = Segment::leaked(&Layout::new(&topology, 1));
        let row = segment.ledger().claim_row(1, &|_| true);
        let slots = Slots { segment, row };
        let counter = Counter {
            slots,
            column: AjpWorker::new(spec, addresses, &topology, slots)?.column(),
        };
        let settings = EndpointSettings {
            spec: spec.clone(),
            addresses: addresses.to_vec(),
            moves: 0,
        };
        let lasting = Lasting {
            tls: tls.map(|context| Tls::new(context.clone())),
            ..Lasting::default()
        };
        Ok(Direct {
            contact: Contact::new(settings, &lasting, counter),
        })
    }

    /// Opens a connection, and sends nothing.
    ///
    /// # Errors
    /// In [`Phase::Connect`].
    pub fn connect(&self) -> Result<Line<'_>, Failure> {
        let connection = self.contact.connect()?;
        Ok(Line {
            contact: &self.contact,
            connection,
        })
    }
}

/// An open connection to it.
pub struct Line<'d> {
    contact: &'d Contact,
    connection: Connection,
}

/// A response that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Whether the connection may carry another request.
    pub keeps: bool,
}

impl Line<'_> {
    /// Where it leads; `None` once the same [`Direct`] has no address at all.
    pub fn address(&self) -> Option<SocketAddr> {
        self.contact.address()
    }

    /// What TLS agreed on, where it is spoken.
    pub fn tls(&self) -> Option<TlsAgreed> {
        self.connection.tls()
    }

    /// This host's end; `None` for a unix socket.
    ///
    /// # Errors
    /// As getsockname(2).
    pub fn local(&self) -> io::Result<Option<SocketAddr>> {
        self.connection.local()
    }

    /// Sends CPING, and waits for CPONG up to `limit`. Over HTTP it asks for the probe's path, if there is
    /// one, and says which status it got.
    ///
    /// # Errors
    /// In [`Phase::Ping`], over HTTP in [`Phase::Probe`]. The connection is then of no use; [`Line::unread`] has what came instead.
    pub fn ping(&mut self, limit: Duration) -> Result<Option<u16>, Failure> {
        self.contact.ping(&mut self.connection, limit)
    }

    /// Sends a request, with the worker's secret, and hands on the response as it comes.
    ///
    /// # Errors
    /// The failure; the connection is then of no use.
    pub fn ask(
        &mut self,
        head: &RequestHead<'_>,
        client: &mut dyn Downstream,
        log: &dyn Log,
    ) -> Result<Answer, Failure> {
        let request = UpstreamRequest {
            forward: head.clone(),
            rule: &RuleExtensions::default(),
            overrides: EnvOverrides::default(),
            options: ExchangeOptions {
                flush_packets: true,
                flush_header: true,
                ..ExchangeOptions::default()
            },
            view: &Seen(head),
        };
        let target = Target {
            route: head.attributes.route,
            activation: head.attributes.activation,
            cookie: None,
        };
        let mut job = Forwarding::new(&request, client);
        let packet = protocol::encode(&job, target, self.contact.spec())
            .map_err(|error| Failure::last(Phase::Send, error))?;
        let (contact, connection) = (self.contact, &mut self.connection);
        let finished = contact.transfer(connection, &mut job, target, &packet, log)?;
        Ok(Answer {
            status: finished.served.status(),
            keeps: matches!(finished.ending, Ending::Reusable),
        })
    }

    /// Bytes that came and that nothing was made of: what a peer says that is no AJP connector.
    pub fn unread(&self) -> &[u8] {
        self.connection.pending()
    }

    /// Bytes that went through since the last call.
    pub fn take_traffic(&mut self) -> Traffic {
        self.connection.take_traffic()
    }
}

/// The request for whoever looks at one; without a balancer nobody does.
struct Seen<'a>(&'a RequestHead<'a>);

impl RequestView for Seen<'_> {
    fn method(&self) -> &[u8] {
        self.0.method
    }

    fn path(&self) -> &[u8] {
        self.0.uri
    }

    fn query(&self) -> Option<&[u8]> {
        self.0.attributes.query
    }

    fn header(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let mut headers = self.0.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| Cow::Borrowed(*value))
    }

    fn cookie(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let cookies = self.header(b"Cookie")?;
        let value = cookie_values(&cookies, name).next()?.to_vec();
        Some(Cow::Owned(value))
    }

    fn client_address(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0.remote_addr.unwrap_or_default())
    }

    fn tls(&self) -> bool {
        self.0.is_ssl
    }

    fn server_name(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0.server_name)
    }
}
