//! One request on its way to a worker: what httpd knows of it, gathered once.

use rjk_balance::RequestView;
use rjk_config::model::{FailStatus, RuleExtensions};
use rjk_message::RequestHead;
use std::time::Duration;

/// Everything the dispatcher needs of a request.
pub struct UpstreamRequest<'a> {
    /// The request as AJP carries it. Secret, route and activation are filled in for each attempt.
    pub forward: RequestHead<'a>,
    /// Extensions of the mount rule, or of `JK_WORKER_NAME`.
    pub rule: &'a RuleExtensions,
    /// What environment variables of this request override.
    pub overrides: EnvOverrides<'a>,
    /// The server's JkOptions that concern the exchange.
    pub options: ExchangeOptions,
    /// The request as a routing policy sees it.
    pub view: &'a dyn RequestView,
}

/// Per-request overrides by environment variables (contract §1.6).
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvOverrides<'a> {
    /// `JK_REPLY_TIMEOUT`; zero switches the timeout off (E-03).
    pub reply_timeout: Option<Duration>,
    /// `JK_STICKY_IGNORE` (E-04).
    pub sticky_ignore: Option<bool>,
    /// `JK_STATELESS` (E-05).
    pub stateless: Option<bool>,
    /// `JK_ROUTE`, not empty (E-06).
    pub route: Option<&'a [u8]>,
}

/// JkOptions that the exchange obeys (O-02, O-10…O-12).
#[derive(Clone, Copy, Debug, Default)]
pub struct ExchangeOptions {
    /// Flush after every body chunk.
    pub flush_packets: bool,
    /// Flush right after the head.
    pub flush_header: bool,
    /// Close the connection after each response.
    pub disable_reuse: bool,
    /// The path goes as httpd decoded it (O-02).
    pub decoded_path: bool,
}

impl UpstreamRequest<'_> {
    /// GET, HEAD, OPTIONS, TRACE: repeating them is safe (RFC 9110 §9.2.2).
    pub fn is_safe(&self) -> bool {
        matches!(
            self.forward.method,
            b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE"
        )
    }

    /// Whether the request carries no body.
    pub fn has_no_body(&self) -> bool {
        self.forward.body.is_empty()
    }

    /// Whether the client sends its body only when it is told to (RFC 9110 §10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.forward.expects_continue()
    }

    /// Whether this is a HEAD request.
    pub fn is_head(&self) -> bool {
        self.forward.method == b"HEAD"
    }

    /// Longest gap before each packet: environment, then rule, then worker (A-18, X-01, E-03).
    pub fn reply_timeout(&self, worker: Option<Duration>) -> Option<Duration> {
        self.overrides
            .reply_timeout
            .or(self.rule.reply_timeout)
            .or(worker)
            .filter(|timeout| !timeout.is_zero())
    }

    /// Whether the session's route is ignored (X-02, E-04).
    pub fn ignores_session(&self) -> bool {
        self.overrides
            .sticky_ignore
            .unwrap_or(self.rule.sticky_ignore)
    }

    /// Whether the request does not count as a session (X-03, E-05).
    pub fn is_stateless(&self) -> bool {
        self.overrides.stateless.unwrap_or(self.rule.stateless)
    }

    /// The entry of `fail_on_status` that this status hits, if any: the rule's list replaces the
    /// worker's, the first entry decides (RO-08, X-05).
    pub fn failing_status(&self, status: u16, worker: &[FailStatus]) -> Option<FailStatus> {
        let list = self.rule.fail_on_status.as_deref().unwrap_or(worker);
        list.iter().copied().find(|entry| entry.status == status)
    }

    /// Whether httpd's own error page replaces an answer of this status.
    pub fn answered_by_server(&self, status: u16) -> bool {
        self.rule
            .use_server_errors
            .is_some_and(|threshold| status >= threshold)
    }
}
