//! What a policy may ask and do for a request. In a component each call goes to httpd; in a native test
//! it goes to [`testing`](crate::testing).

use crate::{Backend, Candidates, Host, Metric, Table, Text, Tried};
use std::ops::Deref;

/// The request that is to be routed, the members at this moment, and the [`Host`]. Nothing is fetched
/// before it is asked for. Each function here and there is one call of the host, if it says nothing else:
/// at most 64 for each decision, and 256 KiB of texts and numbers, of which the first list of candidates does
/// not count; one more is a fault. Text that is not UTF-8 arrives with U+FFFD in place of the bad bytes.
pub struct Request {
    host: Host,
}

impl Request {
    pub(crate) fn new(backend: Backend) -> Request {
        Request {
            host: Host::new(backend),
        }
    }

    /// Method, as the client sent it.
    pub fn method(&self) -> String {
        self.backend.method()
    }

    /// Path of the URI as it is forwarded, without the query.
    pub fn path(&self) -> String {
        self.backend.path()
    }

    /// Query without its `?`; none when the URI has no `?`.
    pub fn query(&self) -> Option<String> {
        self.backend.query()
    }

    /// First value of a request header; the name is compared without case.
    pub fn header(&self, name: &str) -> Option<String> {
        self.backend.header(name)
    }

    /// First value of a cookie; the name is compared with case.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.backend.cookie(name)
    }

    /// Address of the client as text.
    pub fn client_address(&self) -> String {
        self.backend.client_address()
    }

    /// Whether the client's connection is encrypted.
    pub fn tls(&self) -> bool {
        self.backend.tls()
    }

    /// Server name that the request is for.
    pub fn server_name(&self) -> String {
        self.backend.server_name()
    }

    /// The text; none when the request has none.
    pub fn text(&self, text: Text) -> Option<String> {
        self.backend.text(text.0)
    }

    /// A hash of the text's bytes, the same on all hosts and in all versions: XXH64 with this seed, see
    /// [`hash`](crate::hash). None when the request has no such text. Nothing is copied.
    pub fn hash(&self, text: Text, seed: u64) -> Option<u64> {
        self.backend.hash(text.0, seed)
    }

    /// Position in the table of the text that this request has at the table's source, of equal texts
    /// the first; none when it is not in the table or the request has nothing there. The cheapest
    /// way to a decision about a text.
    pub fn look_up(&self, table: Table) -> Option<usize> {
        let position = self.backend.look_up(table.0)?;
        usize::try_from(position).ok()
    }

    /// The members that may be chosen for this attempt, with these numbers of each:
    /// `for (member, [busy, load]) in request.candidates([Metric::BUSY, Metric::LOAD]).iter()`.
    /// The list costs more than other calls: ask when numbers are to be compared, and keep the
    /// answer. Whether one member is among them is what [`is_candidate`](Request::is_candidate)
    /// tells. At most 31 metrics.
    pub fn candidates<const N: usize>(&self, metrics: [Metric; N]) -> Candidates<N> {
        Candidates::ask(metrics, |asked| self.backend.candidates(asked))
    }

    /// The same of the candidates that the built-in rules compare by load: the active ones at the lowest
    /// distance. At most 29 metrics.
    pub fn nearest<const N: usize>(&self, metrics: [Metric; N]) -> Candidates<N> {
        Candidates::nearest(metrics, |asked| self.backend.candidates(asked))
    }

    /// Whether the member at this position may be chosen for this attempt. Cheap: it costs as much
    /// as any other call, however many candidates there are.
    pub fn is_candidate(&self, member: u32) -> bool {
        self.backend.is_candidate(member)
    }

    /// One number of one member, candidate or not. A position that no member has is a fault.
    pub fn value(&self, member: u32, metric: Metric) -> u64 {
        self.backend.value(member, metric.0)
    }

    /// Whether this host knows the metric; one that it does not know reads as 0.
    pub fn knows(&self, metric: Metric) -> bool {
        self.backend.knows(metric.0)
    }

    /// The candidate that the built-in rules would take; none when they would take none.
    pub fn builtin_choice(&self) -> Option<u32> {
        self.backend.builtin_choice()
    }

    /// Number of this attempt within its request, from 1.
    pub fn attempt(&self) -> u32 {
        self.backend.attempt()
    }

    /// The attempts of this request before this one, oldest first; at most the last 64.
    pub fn tried(&self) -> Vec<Tried> {
        self.backend.tried()
    }

    /// Comes back in the [`Outcome`](crate::Outcome) of the attempt that follows. The last one counts.
    pub fn set_token(&self, token: u64) {
        self.backend.token(token);
    }

    /// Shown in the log, by explain and in records. Cut at 32 bytes; control characters become
    /// spaces. The last one counts.
    pub fn set_label(&self, label: &str) {
        self.backend.label(label);
    }

    /// Goes with `Decision::Reject`: seconds in the response's Retry-After. The last one counts.
    pub fn set_retry_after(&self, seconds: u32) {
        self.backend.retry_after(seconds);
    }
}

impl Deref for Request {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}
