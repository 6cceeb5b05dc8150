//! A server whose requests are counted, and its only client.

use super::stub;
use super::way::{Session, Way};
use crate::client::{Client, Request};
use crate::httpd::Builder;
use crate::process::{self, ProcessId};
use crate::{Httpd, Result};
use anyhow::ensure;
use std::time::{Duration, Instant};

/// Longest time between an answer and the wait for the next request.
const SLEEP_LIMIT: Duration = Duration::from_secs(20);

/// A running server and the connection to its child.
pub(super) struct Running {
    pub(super) httpd: Httpd,
    pub(super) child: ProcessId,
    client: Client,
    request: Request,
}

impl Running {
    /// Starts it, and sends so many requests that each member has been used and has its connection.
    pub(super) fn start(way: &Way, builder: &Builder) -> Result<Running> {
        process::allow_many_files()?;
        let httpd = builder.start()?;
        let child = httpd.only_child()?;
        let client = Client::connect(httpd.port())?;
        let request = way.request();
        let mut running = Running {
            httpd,
            child,
            client,
            request,
        };
        let rounds = if way.session == Session::New {
            way.members
        } else {
            0
        };
        running.load(50 + 2 * rounds)?;
        Ok(running)
    }

    /// That many requests, one after the other.
    pub(super) fn load(&mut self, count: usize) -> Result {
        let request = self.request.clone();
        (0..count).try_for_each(|_| self.send(&request))
    }

    /// Asks the module of the testbed to do something.
    pub(super) fn tell(&mut self, word: &str) -> Result {
        self.send(&Request::get(&format!("/cost/{word}")))
    }

    fn send(&mut self, request: &Request) -> Result {
        let answer = self.client.send(request)?;
        let good = answer.status == 200 && answer.body.len() == stub::BODY;
        ensure!(good, "{request:?}: {answer:?}");
        self.wait_for_sleep()
    }

    /// Until the child waits for the next request: it has left nothing to do behind the answer.
    fn wait_for_sleep(&self) -> Result {
        let begin = Instant::now();
        while !process::sleeps(self.child) {
            ensure!(
                begin.elapsed() < SLEEP_LIMIT,
                "the child does not come to rest"
            );
            std::thread::yield_now();
        }
        Ok(())
    }
}
