//! A client that keeps its connection, and tells when the server breaks it.

use super::{BodyEnd, Client, ClientError, Request, Response};
use std::time::{Duration, Instant};

/// A connection that was idle for so long is given up: httpd's `KeepAliveTimeout` of 15 s is near.
const IDLE: Duration = Duration::from_secs(10);

/// Sends requests one after the other on one connection. Another one is opened after an answer that
/// ends the connection (`Connection: close`, or a body that broke off), or after a long pause, and
/// never to send a request again: a connection that ends without a word is an error.
#[derive(Debug)]
pub struct Kept {
    port: u16,
    client: Option<(Client, Instant)>,
}

impl Kept {
    /// To a port of 127.0.0.1; connects when the first request comes.
    pub fn new(port: u16) -> Kept {
        Kept { port, client: None }
    }

    /// Sends a request and reads the response.
    pub fn send(&mut self, request: &Request) -> Result<Response, ClientError> {
        let fresh = self
            .client
            .take()
            .filter(|(_, used)| used.elapsed() < IDLE)
            .map(|(client, _)| client);
        let mut client = fresh.map_or_else(|| Client::connect(self.port), Ok)?;
        let response = client.send(request)?;
        if !response.closes() {
            self.client = Some((client, Instant::now()));
        }
        Ok(response)
    }

    /// Whether the next request goes out on a connection that was used before.
    pub fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    /// Closes the connection; the next request opens another one.
    pub fn close(&mut self) {
        self.client = None;
    }
}

impl Response {
    /// Whether no request can follow on this connection: the answer says so, or it broke off.
    pub fn closes(&self) -> bool {
        let says = |value: &str| {
            value
                .split(',')
                .any(|token| token.trim().eq_ignore_ascii_case("close"))
        };
        self.end != BodyEnd::Complete || self.all("Connection").into_iter().any(says)
    }
}
