//! What a verb is to change, found by looking at all web hosts before anything is changed.

use super::model::{Activation, Answer, Balancer, Member};
use super::order::Order;
use super::trouble::Trouble;
use crate::manners::{harmless, listed};
use std::fmt;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// No new sessions; who is stopped stays so.
    Drain,
    /// An activation.
    Activation(Activation),
    /// Counts from zero.
    Reset,
}

impl Goal {
    /// The activation that members get.
    pub fn activation(self) -> Option<Activation> {
        match self {
            Goal::Drain => Some(Activation::Disabled),
            Goal::Activation(activation) => Some(activation),
            Goal::Reset => None,
        }
    }

    /// Whether a member has to be changed for it.
    fn needs(self, member: &Member) -> bool {
        match self {
            Goal::Drain => member.activation == Activation::Active,
            Goal::Activation(activation) => member.activation != activation,
            Goal::Reset => true,
        }
    }

    /// Whether members do not take requests without a session any more.
    fn takes_away(self) -> bool {
        self.activation()
            .is_some_and(|activation| activation != Activation::Active)
    }
}

/// One member on one web host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which web host.
    pub host: usize,
    /// The member.
    pub member: String,
    /// As it was.
    pub was: Activation,
    /// When that was, by the clock of the host.
    pub seen_at: i64,
    /// Whether there is something to change.
    pub is_needed: bool,
}

/// Works out the steps for all hosts.
///
/// # Errors
/// Why each of some hosts cannot be changed.
pub fn plan(
    order: &Order,
    goal: Goal,
    looks: Vec<Result<Answer, Trouble>>,
    force: bool,
) -> Result<Vec<Step>, Vec<(usize, Obstacle)>> {
    let mut steps = Vec::new();
    let mut obstacles = Vec::new();
    for (host, look) in looks.into_iter().enumerate() {
        match of_host(order, goal, host, look, force) {
            Ok(more) => steps.extend(more),
            Err(obstacle) => obstacles.push((host, obstacle)),
        }
    }
    match obstacles.is_empty() {
        true => Ok(steps),
        false => Err(obstacles),
    }
}

fn of_host(
    order: &Order,
    goal: Goal,
    host: usize,
    look: Result<Answer, Trouble>,
    force: bool,
) -> Result<Vec<Step>, Obstacle> {
    let answer = look?;
    let balancer = answer
        .balancer(&order.balancer)
        .ok_or_else(|| Obstacle::NoBalancer {
            name: order.balancer.clone(),
            known: listed(answer.balancers.iter().map(|balancer| &balancer.name)),
        })?;
    let step = |name: &String| {
        let member = balancer.member(name).ok_or_else(|| Obstacle::NoMember {
            name: name.clone(),
            balancer: balancer.name.clone(),
            known: listed(balancer.members.iter().map(|member| &member.name)),
        })?;
        Ok(Step {
            host,
            member: name.clone(),
            was: member.activation,
            seen_at: answer.time.unix,
            is_needed: goal.needs(member),
        })
    };
    let steps = order
        .members
        .iter()
        .map(step)
        .collect::<Result<Vec<Step>, Obstacle>>()?;
    if goal.takes_away() && !force {
        somebody_is_left(balancer, &order.members)?;
    }
    Ok(steps)
}

/// Who takes new sessions now may be taken away only if another does, too.
fn somebody_is_left(balancer: &Balancer, away: &[String]) -> Result<(), Obstacle> {
    let usable = |member: &&Member| member.is_usable();
    let (going, staying): (Vec<&Member>, Vec<&Member>) = balancer
        .members
        .iter()
        .partition(|member| away.contains(&member.name));
    let is_last = going.iter().any(usable) && !staying.iter().any(usable);
    match is_last {
        false => Ok(()),
        true => Err(Obstacle::Last {
            balancer: balancer.name.clone(),
            others: others(&staying),
        }),
    }
}

fn others(staying: &[&Member]) -> String {
    if staying.is_empty() {
        return "it has no other member".to_owned();
    }
    let described = staying.iter().map(|member| {
        let (name, activation, state) = (&member.name, member.activation, member.state.as_str());
        format!("{name} ({activation}, {state})")
    });
    listed(described)
}

/// Why a host cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// It does not say how it is.
    #[error("{0}")]
    Trouble(#[from] Trouble),
    /// It has no such balancer.
    #[error("there is no balancer {name}; those that there are: {known}")]
    NoBalancer {
        /// The one that was named.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The balancer has no such member.
    #[error("the balancer {balancer} has no member {name}; those that it has: {known}")]
    NoMember {
        /// The one that was named.
        name: String,
        /// The balancer.
        balancer: String,
        /// Those that it has.
        known: String,
    },
    /// Nobody would take new sessions.
    #[error(
        "nobody of {balancer} would be left for new sessions: {others}; give --force to do it all the same"
    )]
    Last {
        /// The balancer.
        balancer: String,
        /// How the other members are.
        others: String,
    },
}

/// Nothing was changed, because of these.
#[derive(Debug)]
pub struct Refusal(pub Vec<(String, Obstacle)>);

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was changed")?;
        for (label, obstacle) in &self.0 {
            write!(f, "\n  {label}: {}", harmless(&obstacle.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Members as `name activation state`.
    fn host(members: &[&str]) -> Answer {
        let member = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            json!({
                "name": words[0], "route": words[0], "activation": words[1], "state": words[2],
                "busy": 0, "elected": 0, "errors": 0, "last_reset_at": 0,
            })
        };
        let members: Vec<_> = members.iter().map(member).collect();
        serde_json::from_value(json!({
            "time": {"unix": 7}, "software": {"jk_version": "mod_rjk/1"},
            "balancers": [{"name": "lb", "members": members}],
        }))
        .unwrap()
    }

    /// The members that are to be changed, or why none is.
    fn planned(
        goal: Goal,
        members: &[&str],
        named: &str,
        force: bool,
    ) -> Result<Vec<String>, String> {
        let words: Vec<String> = format!("http://w/s lb {named}")
            .split(' ')
            .map(str::to_owned)
            .collect();
        let steps = plan(
            &Order::of(&words).unwrap(),
            goal,
            vec![Ok(host(members))],
            force,
        );
        let steps = steps.map_err(|obstacles| obstacles[0].1.to_string())?;
        Ok(steps
            .into_iter()
            .filter(|step| step.is_needed)
            .map(|step| step.member)
            .collect())
    }

    #[test]
    fn what_is_so_already_stays() {
        let members = ["a ACT OK", "b DIS OK", "c STP OK", "d ACT OK"];
        for (goal, named, expected) in [
            (Goal::Drain, "a b c", vec!["a"]),
            (
                Goal::Activation(Activation::Disabled),
                "a b c",
                vec!["a", "c"],
            ),
            (
                Goal::Activation(Activation::Stopped),
                "a b c",
                vec!["a", "b"],
            ),
            (
                Goal::Activation(Activation::Active),
                "a b c",
                vec!["b", "c"],
            ),
            (Goal::Reset, "a b c", vec!["a", "b", "c"]),
        ] {
            let changed = planned(goal, &members, named, false).unwrap();
            assert_eq!(changed, expected, "{goal:?}");
        }
    }

    #[test]
    fn the_last_usable_member_stays() {
        let stop = Goal::Activation(Activation::Stopped);
        let rows: [(Goal, &[&str], &str, bool); 9] = [
            (Goal::Drain, &["a ACT OK", "b ACT OK"], "a", true),
            (Goal::Drain, &["a ACT OK", "b ACT OK"], "a b", false),
            (Goal::Drain, &["a ACT OK", "b ACT ERR"], "a", false),
            (Goal::Drain, &["a ACT OK", "b DIS OK"], "a", false),
            (Goal::Drain, &["a ACT OK/IDLE"], "a", false),
            (stop, &["a ACT OK", "b STP OK"], "a", false),
            // It is nobody's last hope.
            (stop, &["a ACT ERR", "b STP OK"], "a", true),
            (stop, &["a DIS OK", "b STP OK"], "a", true),
            (Goal::Reset, &["a ACT OK"], "a", true),
        ];
        for (goal, members, named, may) in rows {
            let result = planned(goal, members, named, false);
            assert_eq!(result.is_ok(), may, "{goal:?} {members:?}: {result:?}");
            assert!(planned(goal, members, named, true).is_ok());
        }
        let error = planned(Goal::Drain, &["a ACT OK", "b ACT ERR"], "a", false).unwrap_err();
        assert!(error.contains("b (ACT, ERR)"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let error = planned(Goal::Reset, &["a ACT OK", "b ACT OK"], "x", false).unwrap_err();
        assert_eq!(
            error,
            "the balancer lb has no member x; those that it has: a and b"
        );
        let many: Vec<String> = (1..=200)
            .map(|number| format!("m{number} ACT ERR"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let error = planned(Goal::Reset, &many, "x", false).unwrap_err();
        assert!(
            error.ends_with(": m1, m2, m3, m4, m5 and 195 others"),
            "{error}"
        );
        let rest = [&["a ACT OK"], many.as_slice()].concat();
        let error = planned(Goal::Drain, &rest, "a", false).unwrap_err();
        assert!(
            error.contains("m5 (ACT, ERR) and 195 others; give --force"),
            "{error}"
        );
    }
}
