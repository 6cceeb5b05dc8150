//! One httpd with many virtual hosts in front of a peer, and what either saw of a request.

use rjk_testbed::client::{self, Client, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Forwarded, Script};
use rjk_testbed::{Httpd, Peer, Result, Subject, ensure};
use std::fmt::Debug;

/// Makes a test for each module of a function that takes the [`Subject`].
macro_rules! both {
    ($($name:ident)*) => {$(
        mod $name {
            use rjk_testbed::{Result, Subject};

            #[test]
            fn modjk() -> Result {
                super::$name(Subject::ModJk)
            }

            #[test]
            fn rjk() -> Result {
                super::$name(Subject::Rjk)
            }
        }
    )*};
}
pub(crate) use both;

/// httpd and the peer behind its worker `w`.
pub struct Site {
    pub httpd: Httpd,
    pub peer: Peer,
}

/// What became of a request.
pub struct Seen {
    /// What the client got.
    pub response: Response,
    /// What the peer got; `None` when the request was not forwarded.
    pub forwarded: Option<Forwarded>,
}

impl Site {
    /// Starts an echo peer and an httpd with the worker `w`, as `describe` completes it.
    pub fn start(subject: Subject, describe: impl FnOnce(Builder) -> Builder) -> Result<Site> {
        Site::with_workers(subject, "", describe)
    }

    /// As [`Site::start`], with more lines in workers.properties.
    pub fn with_workers(
        subject: Subject,
        workers: &str,
        describe: impl FnOnce(Builder) -> Builder,
    ) -> Result<Site> {
        let peer = Peer::named("w", Script::default())?;
        let builder = Httpd::builder(subject)
            .workers(format!("{}{workers}", peer.only_worker("w")))
            .log_level("info");
        let httpd = describe(builder).start()?;
        Ok(Site { httpd, peer })
    }

    /// Sends a request on a connection of its own.
    pub fn ask(&self, request: Request) -> Result<Seen> {
        let before = self.peer.requests().len();
        let response = client::send(self.httpd.port(), request)?;
        self.seen(before, response)
    }

    /// GET with a Host header.
    pub fn get(&self, host: &str, target: &str) -> Result<Seen> {
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
        let before = self.peer.requests().len();
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
        let mut new = self.peer.requests().split_off(before);
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
            .ok_or_else(|| rjk_testbed::Error::msg(format!("not forwarded: {status}")))
    }

    /// The forwarded URI, or the status of a request that stayed here: `404`.
    pub fn outcome(&self) -> String {
        match &self.forwarded {
            Some(forwarded) => forwarded.uri.clone(),
            None => self.response.status.to_string(),
        }
    }
}

/// A virtual host `name` with these lines in it. Once there is one, the main server gets no request:
/// the first virtual host takes those of unknown names.
pub fn vhost(name: &str, directives: &str) -> String {
    format!("<VirtualHost 127.0.0.1:@PORT@>\nServerName {name}\n{directives}\n</VirtualHost>\n")
}

/// Collects what differs in a table of expectations, so that a run shows all of it.
#[derive(Default)]
pub struct Table {
    rows: usize,
    wrong: Vec<String>,
}

impl Table {
    /// Compares one cell.
    pub fn check<T: PartialEq<U> + Debug, U: Debug>(&mut self, row: &str, got: T, expected: U) {
        self.rows += 1;
        if got != expected {
            self.wrong
                .push(format!("{row}: got {got:?}, expected {expected:?}"));
        }
    }

    /// An error that shows every difference.
    pub fn finish(self) -> Result {
        ensure!(self.rows > 0, "nothing was compared");
        ensure!(self.wrong.is_empty(), "{:#?}", self.wrong);
        Ok(())
    }
}
