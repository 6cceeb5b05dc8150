//! The response on its way from the worker to the client.

use crate::job::downstream::{ClientError, Then};
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::{Forwarding, Served};
use rjk_config::model::AjpSpec;
use rjk_message::ResponseHead;

/// The response of one attempt: the head is held back until something must follow it, for until
/// then the exchange may still be repeated.
#[derive(Default)]
pub(crate) struct Response {
    status: u16,
    held: Option<ResponseHead>,
    replaced: Option<Option<Vec<u8>>>,
    length: Length,
    /// A part of it was handed on and may still wait on this host.
    unflushed: bool,
}

/// What the head announced of the body's length, and what came.
#[derive(Clone, Copy, Debug, Default)]
struct Length {
    announced: Option<u64>,
    passed: u64,
}

impl Response {
    /// Takes the head (RO-08, X-06).
    pub(crate) fn take_head(
        &mut self,
        head: ResponseHead,
        job: &Forwarding<'_>,
        spec: &AjpSpec,
    ) -> Result<(), Failure> {
        self.status = head.status();
        if let Some(entry) = job
            .request
            .failing_status(self.status, &spec.fail_on_status)
        {
            let (cause, retry) = (Cause::FailOnStatus(entry), job.is_repeatable(spec));
            return Err(Failure::new(Phase::Receive, cause, retry));
        }
        if job.request.answered_by_server(self.status) {
            self.replaced = Some((self.status == 401).then(|| challenges(&head)).flatten());
        } else {
            self.length.announced = announced(&head).filter(|_| !job.request.is_head());
            self.held = Some(head);
        }
        Ok(())
    }

    /// Hands on what one read of the connection brought, and what follows it.
    pub(crate) fn deliver(
        &mut self,
        body: &[&[u8]],
        then: Then,
        job: &mut Forwarding<'_>,
        cookie: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let bytes = body.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        if self.replaced.is_some() || (body.is_empty() && then == Then::More) {
            return Ok(());
        }
        // A response that came in one piece is framed by httpd, whatever was announced.
        let in_one_piece = self.held.is_some() && then == Then::End;
        if !in_one_piece && let Err(cause) = self.length.add(bytes, then) {
            // What there is of an answer that ends too early comes before its end.
            if self.held.is_none() && self.length.has_room(bytes) {
                let _ = job.downstream.send(body, Then::More);
            }
            return Err(Failure::last(Phase::Receive, cause));
        }
        self.unflushed = then == Then::More;
        let result = match self.held.take() {
            Some(head) => {
                job.started = true;
                job.downstream.start(&head, cookie)
            }
            None => Ok(()),
        };
        result
            .and_then(|()| job.downstream.send(body, then))
            .map_err(|ClientError| Failure::last(Phase::Receive, Cause::ClientWrite))
    }

    /// Whether the client may not have seen all that came so far.
    pub(crate) fn lags(&self) -> bool {
        self.held.is_some() || self.unflushed
    }

    /// What became of it.
    pub(crate) fn served(self) -> Served {
        match self.replaced {
            Some(authenticate) => Served::ServerPage {
                status: self.status,
                authenticate,
            },
            None => Served::Response {
                status: self.status,
            },
        }
    }
}

impl Length {
    /// The client counts on the announced length: what goes beyond it would be taken for the next
    /// response, and for what is missing the client would wait.
    fn add(&mut self, bytes: u64, then: Then) -> Result<(), Cause> {
        let Some(announced) = self.announced else {
            return Ok(());
        };
        let arrived = self.passed + bytes;
        if arrived > announced || (then == Then::End && arrived < announced) {
            return Err(Cause::WrongLength { announced, arrived });
        }
        self.passed = arrived;
        Ok(())
    }

    /// Whether so much more is not beyond what was announced.
    fn has_room(&self, bytes: u64) -> bool {
        let left = self
            .announced
            .map(|announced| announced.saturating_sub(self.passed));
        left.is_none_or(|left| bytes <= left)
    }
}

/// `Content-Length`, as httpd will send it, of a response that has a body.
fn announced(head: &ResponseHead) -> Option<u64> {
    let has_body = !matches!(head.status(), 204 | 304);
    head.content_length().known().filter(|_| has_body)
}

/// All challenges of a 401 in one header value (RFC 9110 §11.6.1): a client chooses among them.
fn challenges(head: &ResponseHead) -> Option<Vec<u8>> {
    let found: Vec<&[u8]> = head.values(b"WWW-Authenticate").collect();
    (!found.is_empty()).then(|| found.join(&b", "[..]))
}
