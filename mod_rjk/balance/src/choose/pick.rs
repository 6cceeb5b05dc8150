//! What a choice is made of, and what it gives.

use crate::overrides::ActivationOverrides;
use crate::policy::RequestView;
use crate::session::SessionRoutes;
use rjk_config::model::Activation;

/// What the choice depends on, besides the members.
pub struct RoutingInput<'a> {
    /// Session ids, from [`Roster::session_routes`].
    pub routes: SessionRoutes<'a>,
    /// A non-empty `JK_ROUTE`: forwarded whatever member serves (SS-15, E-06).
    pub jk_route: Option<&'a [u8]>,
    /// The request makes no session and ignores the load (X-03, E-05).
    pub stateless: bool,
    /// From [`Roster::overrides`].
    pub overrides: &'a ActivationOverrides,
    /// The request, for the policy.
    pub request: &'a dyn RequestView,
}

/// A chosen member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index in configuration order.
    pub index: usize,
    /// The session is on this member: no session cookie is to be set (SS-16).
    pub sticky: bool,
    /// It was found by its domain: see [`Selection::route`].
    pub(crate) by_domain: bool,
    /// Activation in effect for this request (AT-14).
    pub activation: Activation,
}

/// Why no member was found; 503 in both cases (F-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// All are busy, in error, disabled or stopped.
    Unusable,
    /// The session's member is unusable and `sticky_session_force` forbids another (SS-13).
    StickyForce,
}

/// The result of one choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Try this member.
    Member(Choice),
    /// Nobody can take the request now; counts as an attempt.
    NoMember(Missing),
    /// The policy answers itself; no retry.
    Reject(Refusal),
}

/// How a policy answers in the place of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status, 400…599.
    pub status: u16,
    /// Seconds of the Retry-After.
    pub retry_after: Option<u32>,
}
