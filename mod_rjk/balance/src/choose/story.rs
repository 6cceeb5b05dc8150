//! What is told of a decision: made of the same view as the decision, and only where somebody wants it.

use crate::choose::chosen::{self, Found};
use crate::choose::consult::Consultation;
use crate::choose::rules::{Target, View};
use crate::explain::{self, Explanation, MOST_CANDIDATES, Seen, Session, ShortRoute};
use crate::metric::Metric;
use crate::policy::CandidateView as _;
use crate::session::SessionRoutes;
use bstr::ByteSlice as _;

/// Tells of what was found for a question. `routes` are those of the request.
pub(super) fn explanation<'a>(
    question: &Consultation<'_>,
    routes: &SessionRoutes<'_>,
    sticky: Option<Target>,
    chosen: &chosen::Chosen<'a>,
) -> Explanation<'a> {
    let (route, session) = session(question.view, routes, sticky);
    let indexes = question.indexes();
    let kept = indexes.iter().take(MOST_CANDIDATES);
    let verdict = chosen.verdict.as_ref();
    Explanation {
        at: question.now,
        attempt: question.attempt,
        session,
        route,
        candidates: kept.map(|index| seen(question, *index)).collect(),
        candidate_count: u32::try_from(indexes.len()).unwrap_or(u32::MAX),
        by: chosen.by,
        answer: verdict.map(|verdict| verdict.decision),
        label: verdict.map(|verdict| verdict.label).unwrap_or_default(),
        found: match &chosen.found {
            Found::Target(target) => explain::Chosen::Member(target.index),
            Found::Missing(why) => explain::Chosen::Nobody(*why),
            Found::Reject(refusal) => explain::Chosen::Reject(refusal.status),
        },
        end: None,
    }
}

fn seen(question: &Consultation<'_>, index: usize) -> Seen {
    let view = question.view;
    let number = |metric| question.value(index, metric).unwrap_or(0);
    let small = |metric| u32::try_from(number(metric)).unwrap_or(u32::MAX);
    Seen {
        index,
        state: view.states.get(index).unwrap_or_default(),
        activation: view.activation(index),
        busy: small(Metric::Busy),
        load: number(Metric::Load),
        latency_us: small(Metric::LatencyUs),
    }
}

/// The route that the session names, and what came of it.
fn session(
    view: &View<'_>,
    routes: &SessionRoutes<'_>,
    sticky: Option<Target>,
) -> (ShortRoute, Session) {
    let found = match sticky {
        Some(target) => view.route_of(target, routes),
        None => routes.routes().next(),
    };
    let route = found.map(ShortRoute::new).unwrap_or_default();
    let session = match sticky {
        Some(Target {
            index,
            by_domain: true,
            ..
        }) => Session::Domain(index),
        Some(Target {
            index,
            sticky: true,
            ..
        }) => Session::Member(index),
        Some(Target { index, .. }) => Session::StandIn(index),
        None => missed(view, routes),
    };
    (route, session)
}

/// Why a request is on no member by its session.
fn missed(view: &View<'_>, routes: &SessionRoutes<'_>) -> Session {
    if !view.roster.spec.sticky_session {
        return Session::Off;
    }
    if !routes.has_session() {
        return Session::None;
    }
    let Some(route) = routes.routes().next() else {
        return Session::NoRoute;
    };
    if let Some(&index) = view.roster.by_route.get(route.as_bstr()) {
        return Session::Unusable {
            index,
            state: view.states.get(index).unwrap_or_default(),
            activation: view.activation(index),
        };
    }
    let domain = route.split_once_str(b".").map_or(route, |(first, _)| first);
    match view.roster.by_domain.contains_key(domain.as_bstr()) {
        true => Session::EmptyDomain,
        false => Session::Unknown,
    }
}
