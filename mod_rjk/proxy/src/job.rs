//! A request on its way: what is asked, what is left of it, and what became of it.

pub mod body;
mod cause;
pub mod downstream;
pub mod failure;
pub mod report;
pub mod request;
pub(crate) mod switched;
pub mod wire;

use body::BodySource;
use downstream::Downstream;
use failure::Phase;
use request::UpstreamRequest;
use rjk_balance::{Afterwards, Refusal, Traffic};
use rjk_config::model::AjpSpec;
use std::time::{Duration, Instant};
use switched::{Admission, Switched};

/// What the balancer adds to a request for the member that it chose.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Attribute `route` (SS-15).
    pub route: Option<&'a [u8]>,
    /// Attribute `JK_LB_ACTIVATION` (AT-14).
    pub activation: &'a [u8],
    /// `Set-Cookie` value of ours (SS-16).
    pub cookie: Option<&'a [u8]>,
}

/// How a request ended well.
#[derive(Debug)]
pub enum Served {
    /// The worker's response went to the client.
    Response {
        /// Its status.
        status: u16,
    },
    /// The worker answered; httpd is to send its own page of this status.
    ServerPage {
        /// The worker's status.
        status: u16,
        /// `WWW-Authenticate` of the worker, for a 401.
        authenticate: Option<Vec<u8>>,
    },
    /// The routing policy refuses the request; no worker saw it.
    Refused(Refusal),
}

impl Served {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Served::Response { status }
            | Served::ServerPage { status, .. }
            | Served::Refused(Refusal { status, .. }) => *status,
        }
    }
}

/// What a worker said in one try.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Status of the response head; `None` when none came.
    pub status: Option<u16>,
    /// Bytes of the response body.
    pub body: u64,
    /// How long we waited for the worker until the head; waiting for the client does not count.
    pub waited: Duration,
    /// It said something, be it that it wants more of the body.
    pub spoke: bool,
    /// Since when a request that is not safe to repeat was under way; `None` while it was being sent.
    pub sent_at: Option<Instant>,
    /// When the end of the response had been handed on.
    pub ended_at: Option<Instant>,
}

/// A request and what is left of it: kept over all its attempts.
pub struct Forwarding<'r> {
    /// The request.
    pub request: &'r UpstreamRequest<'r>,
    /// The client.
    pub downstream: &'r mut dyn Downstream,
    /// The request body: the part that was read is kept for a repetition (BD-07).
    pub body: BodySource,
    /// The response head went out: no repetition any more.
    pub started: bool,
    /// Bytes on the wire of the last call, all its attempts.
    pub traffic: Traffic,
    /// What the worker said in the last try.
    pub heard: Heard,
    /// Attempts of the last call that ran into the reply timeout (L-11).
    pub timeouts: u32,
    /// It may open a WebSocket with the worker of this call.
    pub(crate) admission: Option<Admission>,
    /// It opens one, once the call is over.
    pub(crate) switched: Option<Box<Switched>>,
}

impl<'r> Forwarding<'r> {
    /// A request that was not tried yet.
    pub fn new(
        request: &'r UpstreamRequest<'r>,
        downstream: &'r mut dyn Downstream,
    ) -> Forwarding<'r> {
        Forwarding {
            request,
            downstream,
            body: BodySource::default(),
            started: false,
            traffic: Traffic::default(),
            heard: Heard::default(),
            timeouts: 0,
            admission: None,
            switched: None,
        }
    }

    /// Waits for the part of the body that goes out with the request, before a member is chosen and a
    /// connection taken: the client's slowness is nobody else's.
    pub(crate) fn read_ahead(&mut self, bytes: usize) {
        self.body.read_ahead(bytes, self.downstream);
    }

    /// Counts from zero, for the next call.
    pub(crate) fn begin_call(&mut self) {
        self.heard = Heard::default();
        self.traffic = Traffic::default();
        self.timeouts = 0;
        self.admission = None;
    }

    /// The call is over: says where is counted what goes on behind it.
    pub(crate) fn count_afterwards(&mut self, afterwards: impl FnOnce() -> Afterwards) {
        if let Some(switched) = &mut self.switched {
            switched.afterwards = Some(afterwards());
        }
    }

    /// Whether the request may be sent again after the worker had (part of) it and failed in
    /// `phase` (design rule §6, contract §4.8).
    pub(crate) fn may_repeat(&self, spec: &AjpSpec, phase: Phase) -> bool {
        let options = spec.recovery_options;
        let allowed = match phase {
            Phase::AwaitHead => {
                !options.no_retry_after_request()
                    || (options.always_retry_head() && self.request.is_head())
                    || (options.always_retry_get() && self.request.forward.method == b"GET")
            }
            Phase::Receive => !options.no_retry_after_headers(),
            _ => true,
        };
        allowed && self.is_repeatable(spec)
    }

    /// As [`Forwarding::may_repeat`], without the bits of `recovery_options`: malformed contents
    /// and `fail_on_status` do not look at them (RO-07, RO-08).
    pub(crate) fn is_repeatable(&self, spec: &AjpSpec) -> bool {
        let replay = self.request.is_safe() || spec.recovery_options.replay_any_method();
        replay && self.is_whole()
    }

    /// Whether all of it is still there to be sent, and nothing of an answer went out.
    pub(crate) fn is_whole(&self) -> bool {
        !self.started && self.body.is_repeatable()
    }
}
