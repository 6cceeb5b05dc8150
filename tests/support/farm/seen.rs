//! One peer behind the worker `w`, and what either side saw of a request.

use super::{Farm, Members};
use crate::client::{self, Client, Request, Response};
use crate::httpd::Builder;
use crate::peer::{Forwarded, Script};
use crate::{Error, Httpd, Peer, Result, Subject};
use anyhow::ensure;

/// What became of a request.
#[derive(Debug)]
pub struct Seen {
    /// What the client got.
    pub response: Response,
    /// What the peer got; `None` when the request was not forwarded.
    pub forwarded: Option<Forwarded>,
}

/// A virtual host `name` with these lines in it. Once there is one, the main server gets no request:
/// the first virtual host takes those of unknown names.
pub fn vhost(name: &str, directives: &str) -> String {
    format!("<VirtualHost 127.0.0.1:@PORT@>\nServerName {name}\n{directives}\n</VirtualHost>\n")
}

impl Farm {
    /// Starts an echo peer and an httpd with the worker `w`, mounted and completed by `describe`.
    pub fn alone(subject: Subject, describe: impl FnOnce(Builder) -> Builder) -> Result<Farm> {
        Farm::with_workers(subject, "", describe)
    }

    /// As [`Farm::alone`], with more lines in workers.properties.
    pub fn with_workers(
        subject: Subject,
        workers: &str,
        describe: impl FnOnce(Builder) -> Builder,
    ) -> Result<Farm> {
        let mut members = Members::default();
        let lines = members.start("w", Script::default())?;
        let builder = Httpd::builder(subject)
            .workers(format!("worker.list=w\n{lines}{workers}"))
            .log_level("info");
        Ok(Farm::over(subject, members, describe(builder).start()?))
    }

    /// The peer of the worker `w`.
    pub fn w(&self) -> &Peer {
        let mut all = self.members.all();
        all.next().unwrap_or_else(|| unreachable!("w was started"))
    }

    /// Sends a request on a connection of its own.
    pub fn ask(&self, request: Request) -> Result<Seen> {
        let before = self.w().requests().len();
        let response = client::send(self.httpd.port(), request)?;
        self.seen(before, response)
    }

    /// GET with a Host header.
    pub fn on_host(&self, host: &str, target: &str) -> Result<Seen> {
        self.ask(Request::get(target).header("Host", host))
    }

    /// GET that must be forwarded and answered with 200; what the peer saw.
    pub fn forwarded(&self, request: Request) -> Result<Forwarded> {
        let seen = self.ask(request)?;
        ensure!(seen.response.status == 200, "{:?}", seen.response);
        seen.only()
    }

    /// Sends a request with exactly these bytes.
    pub fn raw(&self, method: &str, bytes: &[u8]) -> Result<Seen> {
        let before = self.w().requests().len();
        let mut client = Client::connect(self.httpd.port())?;
        client.raw(bytes)?;
        let response = client.response(method)?;
        self.seen(before, response)
    }

    /// The access log once it has `count` lines, sorted: connections end in any order.
    pub fn sorted_log(&self, count: usize) -> Result<Vec<String>> {
        let mut lines = self.httpd.access_lines(count)?;
        lines.sort();
        Ok(lines)
    }

    fn seen(&self, before: usize, response: Response) -> Result<Seen> {
        let mut new = self.w().requests().split_off(before);
        ensure!(new.len() <= 1, "forwarded {} times", new.len());
        Ok(Seen {
            response,
            forwarded: new.pop(),
        })
    }
}

impl Seen {
    /// What the peer got; an error when the request was not forwarded.
    pub fn only(self) -> Result<Forwarded> {
        let status = self.response.status;
        self.forwarded
            .ok_or_else(|| Error::msg(format!("not forwarded: {status}")))
    }

    /// The forwarded URI, or the status of a request that stayed here: `404`.
    pub fn outcome(&self) -> String {
        match &self.forwarded {
            Some(forwarded) => forwarded.uri.clone(),
            None => self.response.status.to_string(),
        }
    }
}
