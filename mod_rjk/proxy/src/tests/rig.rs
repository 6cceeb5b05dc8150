//! One worker and its backend, without httpd: requests go through the endpoint one by one.

use super::support::*;
use crate::job::downstream::Downstream;
use crate::job::failure::Failure;
use crate::job::request::UpstreamRequest;
use crate::job::{Forwarding, Served, Target};
use crate::worker::endpoint::Endpoint;
use rjk_config::model::{AjpSpec, RuleExtensions};
use rjk_log::{Log, NoLog};
use rjk_message::BodyLength;

/// What became of a request.
pub struct Run {
    pub result: Result<Served, Failure>,
    pub client: Client,
    /// Connections that the pool kept.
    pub idle: usize,
}

impl Run {
    pub fn status(&self) -> u16 {
        match &self.result {
            Ok(served) => served.status(),
            Err(failure) => failure.status(),
        }
    }
}

/// A worker.
pub struct Rig {
    pub endpoint: Endpoint,
    pub rule: RuleExtensions,
}

impl Rig {
    pub fn new(backend: &Backend, spec: AjpSpec) -> Rig {
        let address = ([127, 0, 0, 1], backend.port).into();
        Rig {
            endpoint: Endpoint::new(worker(&spec, &[address]), None, 4, &NoLog),
            rule: RuleExtensions::default(),
        }
    }

    /// Serves one request.
    pub fn run(&self, method: &[u8], body: BodyLength, client: Client) -> Run {
        self.serve(&request(method, body, &self.rule), client)
    }

    /// As [`Rig::run`].
    pub fn serve(&self, request: &UpstreamRequest<'_>, mut client: Client) -> Run {
        let result = self.call(request, &mut client, &NoLog);
        Run {
            result,
            client,
            idle: self.endpoint.pool().counts().1,
        }
    }

    /// As [`Rig::run`], for a client of another kind.
    pub fn call(
        &self,
        request: &UpstreamRequest<'_>,
        client: &mut dyn Downstream,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let target = Target {
            route: None,
            activation: b"ACT",
            cookie: None,
        };
        let mut checkout = self.endpoint.pool().checkout().unwrap();
        let mut job = Forwarding::new(request, client);
        let contact = self.endpoint.contact();
        contact.call(&mut checkout, &mut job, target, log)
    }

    /// The text that a GET brought.
    pub fn get(&self) -> String {
        let run = self.run(b"GET", BodyLength::None, Client::default());
        assert_eq!(run.status(), 200);
        String::from_utf8(run.client.body).unwrap()
    }
}
