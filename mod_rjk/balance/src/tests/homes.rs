//! The session rules against brute force: domains, redirects, activations, states and
//! `sticky_session_force` as the contract tells them (SS-07, SS-09…SS-14, TR-20).

use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::Activation;

#[derive(Clone, Debug)]
struct Member {
    domain: Option<&'static str>,
    redirect: Option<&'static str>,
    distance: i32,
    activation: Activation,
    state: State,
    value: u64,
}

struct Model<'m> {
    members: &'m mut [Member],
    force: bool,
}

impl Model<'_> {
    /// Member and stickiness, or that nobody is there.
    fn choose(&mut self, routes: &[&str]) -> Option<(usize, bool)> {
        let found = self.once(routes);
        if found.is_some() || self.members.iter().all(|m| m.state != State::Error) {
            return found;
        }
        let errors = self.members.iter_mut().filter(|m| m.state == State::Error);
        errors.for_each(|m| m.state = State::Force);
        self.once(routes)
    }

    fn once(&self, routes: &[&str]) -> Option<(usize, bool)> {
        if let [only] = &*self.members
            && only.activation == Activation::Active
        {
            return in_order(only).then_some((0, true));
        }
        if let Some(found) = routes.iter().find_map(|route| self.at(route)) {
            return Some(found);
        }
        if self.force && !routes.is_empty() {
            return None;
        }
        let all: Vec<usize> = (0..self.members.len()).collect();
        self.best_of(&all).map(|index| (index, false)).or_else(|| {
            let redirect = self.members.iter().find_map(|m| m.redirect)?;
            self.at(redirect).map(|(index, _)| (index, false))
        })
    }

    fn at(&self, route: &str) -> Option<(usize, bool)> {
        let Some(index) = named(self.members.len(), route) else {
            let domain = route.split('.').next().unwrap_or_default();
            return self.in_domain(domain);
        };
        let member = &self.members[index];
        if keeps_sessions(member) {
            return Some((index, true));
        }
        if self.force {
            return None;
        }
        if let Some(redirect) = member.redirect {
            let index = named(self.members.len(), redirect)?;
            return keeps_sessions(&self.members[index]).then_some((index, false));
        }
        self.in_domain(member.domain?)
    }

    fn in_domain(&self, domain: &str) -> Option<(usize, bool)> {
        let all = 0..self.members.len();
        let family: Vec<usize> = all
            .filter(|&index| self.members[index].domain == Some(domain))
            .collect();
        self.best_of(&family).map(|index| (index, false))
    }

    fn best_of(&self, some: &[usize]) -> Option<usize> {
        let usable = some.iter().copied().filter(|&index| {
            let member = &self.members[index];
            in_order(member) && member.activation == Activation::Active
        });
        usable.min_by_key(|&i| (self.members[i].distance, self.members[i].value, i))
    }
}

/// The routes are m1, m2 and so on.
fn named(count: usize, route: &str) -> Option<usize> {
    (0..count).find(|index| route == format!("m{}", index + 1))
}

fn in_order(member: &Member) -> bool {
    !matches!(member.state, State::Error | State::Probe)
}

fn keeps_sessions(member: &Member) -> bool {
    in_order(member) && member.activation != Activation::Stopped
}

fn member() -> impl Strategy<Value = Member> {
    let domain = prop_oneof![2 => Just(None), 1 => Just(Some("d")), 1 => Just(Some("e"))];
    let redirect = prop_oneof![
        3 => Just(None),
        1 => prop::sample::select(vec!["m1", "m2", "m3", "m9"]).prop_map(Some),
    ];
    let activation = prop_oneof![
        3 => Just(Activation::Active),
        1 => Just(Activation::Disabled),
        1 => Just(Activation::Stopped),
    ];
    // Busy is not among them: it is left when a request begins (TR-02).
    let states = vec![
        State::Ok,
        State::Idle,
        State::Error,
        State::Probe,
        State::Force,
    ];
    let state = prop::sample::select(states);
    (domain, redirect, 0..2_i32, activation, state, 0..3_u64).prop_map(
        |(domain, redirect, distance, activation, state, value)| Member {
            domain,
            redirect,
            distance,
            activation,
            state,
            value,
        },
    )
}

fn route() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["m1", "m2", "m3", "m4", "d", "e", "d.m9", "zz"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn a_session_goes_where_the_contract_says(
        mut members in prop::collection::vec(member(), 1..5),
        routes in prop::collection::vec(route(), 0..3),
        force in any::<bool>(),
    ) {
        let balancer = plain(members.len(), |spec| {
            spec.sticky_session_force = force;
            for (spec, member) in std::iter::zip(&mut spec.members, &members) {
                spec.domain = member.domain.map(Into::into);
                spec.redirect = member.redirect.map(Into::into);
                spec.distance = member.distance;
                spec.activation = member.activation;
            }
        });
        for (index, member) in members.iter().enumerate() {
            set(&balancer, index, member.state);
            balancer.member_slot(index).unwrap().set_value(member.value);
        }
        let ids: Vec<String> = routes.iter().map(|route| format!("JSESSIONID=a.{route}")).collect();
        let found = pick(&balancer, &cookie(&ids.join("; ")));
        let expected = Model { members: &mut members, force }.choose(&routes);
        let found = found.ok().map(|(index, sticky, _)| (index, sticky));
        prop_assert_eq!(found, expected);
    }
}
