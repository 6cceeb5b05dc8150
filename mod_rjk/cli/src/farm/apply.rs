//! Carries a plan out, and looks whether it took.

use super::client::{Client, at_once};
use super::model::{Activation, Answer};
use super::order::Order;
use super::plan::{Goal, Step};
use super::trouble::Trouble;
use std::fmt;

/// What became of a step.
#[derive(Debug)]
pub struct Done {
    /// The step.
    pub step: Step,
    /// The activation afterwards, if it is known.
    pub now: Option<Activation>,
    /// How it went.
    pub end: End,
}

/// How a step went.
#[derive(Debug)]
pub enum End {
    /// There was nothing to change.
    Already,
    /// It would be changed.
    Would,
    /// It was, and reads so.
    Changed,
    /// It was not.
    Not(String),
    /// Nobody can say: the host does not answer any more.
    Unknown(String),
}

impl End {
    /// Whether it is as it should be.
    pub fn is_well(&self) -> bool {
        matches!(self, End::Already | End::Would | End::Changed)
    }

    /// A word for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            End::Already => "already",
            End::Would => "would_change",
            End::Changed => "changed",
            End::Not(_) => "not_changed",
            End::Unknown(_) => "not_known",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Already => f.write_str("nothing to change"),
            End::Would => f.write_str("would change"),
            End::Changed => f.write_str("changed"),
            End::Not(why) => write!(f, "not changed: {why}"),
            End::Unknown(why) => write!(f, "not known: {why}"),
        }
    }
}

/// What would be done.
pub fn rehearse(goal: Goal, steps: Vec<Step>) -> Vec<Done> {
    let done = |step: Step| {
        let (end, now) = match step.is_needed {
            true => (End::Would, goal.activation()),
            false => (End::Already, None),
        };
        let now = now.or(Some(step.was));
        Done { step, now, end }
    };
    steps.into_iter().map(done).collect()
}

/// Changes all hosts at once, each member after the other; a host that fails keeps no other from being changed.
pub fn apply(client: &Client, order: &Order, goal: Goal, steps: &[Step]) -> Vec<Done> {
    let hosts: Vec<usize> = (0..order.addresses.len()).collect();
    let done = at_once(&hosts, |host| {
        let own = steps.iter().filter(|step| step.host == *host);
        Host {
            client,
            order,
            goal,
            host: *host,
        }
        .apply(own.cloned().collect())
    });
    done.into_iter().flatten().collect()
}

struct Host<'a> {
    client: &'a Client,
    order: &'a Order,
    goal: Goal,
    host: usize,
}

impl Host<'_> {
    /// What reads back counts, not what the command said: one whose answer got lost may have been carried out.
    fn apply(&self, steps: Vec<Step>) -> Vec<Done> {
        let sent: Vec<Result<(), Trouble>> = steps.iter().map(|step| self.send(step)).collect();
        if !steps.iter().any(|step| step.is_needed) {
            return rehearse(self.goal, steps);
        }
        let read = self.client.list(&self.order.addresses[self.host]);
        let read = read.map(|(_, answer)| answer);
        let pairs = steps.into_iter().zip(sent);
        pairs
            .map(|(step, sent)| self.judged(step, sent, &read))
            .collect()
    }

    fn send(&self, step: &Step) -> Result<(), Trouble> {
        if !step.is_needed {
            return Ok(());
        }
        let member = [
            ("w", self.order.balancer.as_str()),
            ("sw", step.member.as_str()),
        ];
        let command = match self.goal.activation() {
            Some(activation) => vec![("cmd", "update"), ("vwa", activation.as_str())],
            None => vec![("cmd", "reset")],
        };
        let address = &self.order.addresses[self.host];
        self.client
            .command(address, &[&command[..], &member].concat())
    }

    fn judged(
        &self,
        step: Step,
        sent: Result<(), Trouble>,
        read: &Result<Answer, Trouble>,
    ) -> Done {
        let answer = match read {
            Ok(answer) => answer,
            Err(trouble) => {
                let end = match sent {
                    Err(why) if why.was_not_done() => End::Not(why.to_string()),
                    _ => End::Unknown(trouble.to_string()),
                };
                return Done {
                    step,
                    now: None,
                    end,
                };
            }
        };
        let balancer = answer.balancer(&self.order.balancer);
        let Some(member) = balancer.and_then(|balancer| balancer.member(&step.member)) else {
            let end = End::Unknown("the member is not there any more".to_owned());
            return Done {
                step,
                now: None,
                end,
            };
        };
        let took = match self.goal.activation() {
            Some(wanted) => member.activation == wanted,
            // Both are whole seconds of clocks that run alike.
            None => member.last_reset_at + 1 >= step.seen_at,
        };
        let end = match (step.is_needed, took, sent) {
            (false, ..) => End::Already,
            (true, true, _) => End::Changed,
            (true, false, Err(why)) => End::Not(why.to_string()),
            (true, false, Ok(())) => {
                End::Not("the status worker said OK, and it reads as before".to_owned())
            }
        };
        Done {
            now: Some(member.activation),
            step,
            end,
        }
    }
}
