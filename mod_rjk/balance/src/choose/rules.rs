//! The built-in rules: which member a session belongs to, and which is the least loaded
//! (contract §4.2, §4.3). Reads only; changes nothing but the start of the next scan.

use crate::balancer::Balancer;
use crate::choose::scan::Scan;
use crate::load::Busyness;
use crate::overrides::ActivationOverrides;
use crate::roster::Roster;
use crate::session::SessionRoutes;
use crate::shared::slot::MemberLoad;
use crate::shared::states::States;
use crate::state::State;
use bstr::ByteSlice;
use rjk_config::model::Activation;
use std::sync::atomic::Ordering::Relaxed;

/// A member found by the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) index: usize,
    /// The session is on this very member.
    pub(crate) sticky: bool,
    /// It was found by its domain.
    pub(crate) by_domain: bool,
}

impl Target {
    pub(crate) fn plain(index: usize) -> Target {
        Target {
            index,
            sticky: false,
            by_domain: false,
        }
    }
}

/// The members as one request sees them.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    pub(crate) roster: &'v Roster,
    pub(crate) balancer: &'v Balancer,
    pub(crate) overrides: &'v ActivationOverrides,
    pub(crate) states: &'v States,
    pub(crate) stateless: bool,
}

impl View<'_> {
    /// Activation in effect: the rule's, else the member's (ST-10).
    pub(crate) fn activation(&self, index: usize) -> Activation {
        self.overrides
            .get(index)
            .unwrap_or(self.roster.members[index].activation)
    }

    /// Its state; of a member that does not exist the one that lets nobody in.
    pub(crate) fn state(&self, index: usize) -> State {
        self.states.get(index).unwrap_or(State::Error)
    }

    /// Balancing-usable (SS-12).
    pub(crate) fn usable(&self, index: usize) -> bool {
        self.state(index)
            .usable_for_balancing(self.activation(index))
    }

    fn usable_for_session(&self, index: usize) -> bool {
        self.state(index).usable_for_session(self.activation(index))
    }

    /// The member that the session rules resolve to (SS-07, SS-09…SS-11, SS-14).
    pub(crate) fn by_session(&self, routes: &SessionRoutes<'_>) -> Option<Target> {
        if self.states.len() == 1 {
            if !self.usable_for_session(0) {
                return None;
            }
            if self.activation(0) != Activation::Disabled {
                return Some(Target {
                    index: 0,
                    sticky: true,
                    by_domain: false,
                });
            }
        }
        routes.routes().find_map(|route| self.by_route(route))
    }

    /// The route by which that was found.
    pub(crate) fn route_of<'r>(
        &self,
        target: Target,
        routes: &SessionRoutes<'r>,
    ) -> Option<&'r [u8]> {
        let mut all = routes.routes();
        all.find(|route| self.by_route(route) == Some(target))
    }

    /// The least loaded member, else the target of the first redirect (§4.2, SS-13).
    pub(crate) fn by_load(&self) -> Option<Target> {
        self.least_loaded()
            .map(Target::plain)
            .or_else(|| self.by_failover_redirect())
    }

    /// The same, and ties rotate on from there: one of equal load that was taken is not taken next.
    pub(crate) fn take_by_load(&self) -> Option<Target> {
        let least = self.least_loaded();
        if let Some(index) = least {
            self.balancer.scans.next_offset.store(index + 1, Relaxed);
        }
        let target = least.map(Target::plain);
        target.or_else(|| self.by_failover_redirect())
    }

    fn by_failover_redirect(&self) -> Option<Target> {
        let redirect = self
            .roster
            .spec
            .members
            .iter()
            .find_map(|m| m.redirect.as_ref())?;
        self.by_route(redirect).map(|target| Target {
            sticky: false,
            ..target
        })
    }

    fn by_route(&self, route: &[u8]) -> Option<Target> {
        let Some(&index) = self.roster.by_route.get(route.as_bstr()) else {
            // SS-10: a route that nobody has names a domain.
            return self.by_domain(
                route
                    .split_once_str(b".")
                    .map_or(route, |(domain, _)| domain),
            );
        };
        if self.usable_for_session(index) {
            return Some(Target {
                index,
                sticky: true,
                by_domain: false,
            });
        }
        self.replacement(index)
    }

    /// SS-11: who stands in for the unusable member of a session.
    fn replacement(&self, index: usize) -> Option<Target> {
        let member = &self.roster.spec.members[index];
        if self.roster.spec.sticky_session_force {
            return None;
        }
        if let Some(redirect) = &member.redirect {
            let target = *self.roster.by_route.get(redirect)?;
            return self
                .usable_for_session(target)
                .then(|| Target::plain(target));
        }
        self.by_domain(member.domain.as_ref()?)
    }

    /// Best of a domain: lowest distance, then lowest load, then first (SS-10).
    fn by_domain(&self, domain: &[u8]) -> Option<Target> {
        let members = self.roster.by_domain.get(domain.as_bstr())?;
        let usable = members.iter().copied().filter(|&index| self.usable(index));
        let index =
            usable.min_by_key(|&i| (self.roster.members[i].distance, self.roster.value(i)))?;
        Some(Target {
            index,
            sticky: false,
            by_domain: true,
        })
    }

    /// Lowest distance, then lowest load unless stateless; ties rotate (§4.2, below LB-16).
    fn least_loaded(&self) -> Option<usize> {
        let (roster, scans) = (self.roster, &self.balancer.scans);
        let start = scans.next_offset.load(Relaxed);
        let start = start.checked_rem(self.states.len())?;
        let tiers = self.overrides.tiers(roster);
        tiers.iter().find_map(|members| {
            self.least_of(&Scan {
                members,
                states: self.states,
                loads: self.balancer.binding.loads,
                start,
            })
        })
    }

    fn least_of(&self, scan: &Scan<'_>) -> Option<usize> {
        if self.stateless {
            // All loads are alike.
            return scan.first();
        }
        if self.roster.method.counts_in_flight() {
            let members = &self.roster.members;
            let load = |index: usize, load: &MemberLoad| {
                let multiplier = members.get(index).map_or(1, |member| member.multiplier);
                Busyness::load(load.busy(), multiplier)
            };
            return scan.least(load, None);
        }
        let lowerings = &self.balancer.slot().lowerings;
        let known = self.balancer.scans.bounds.now(lowerings);
        scan.least(|_, load| load.value(), Some(known))
    }
}
