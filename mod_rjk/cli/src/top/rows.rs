//! What is known of all web hosts, as rows.

use super::feed::Heard;
use crate::farm::{Activation, Answer, Balancer, Member, State, Worker};
use crate::manners::duration;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// All web hosts.
pub struct Farm {
    hosts: Vec<Host>,
    interval: Duration,
}

/// One of them.
struct Host {
    label: String,
    rows: Vec<Row>,
    /// When its last answer came.
    at: Option<Instant>,
    trouble: Option<Trouble>,
}

/// Why it does not answer, and since when.
struct Trouble {
    kind: &'static str,
    text: String,
    since: Instant,
}

/// A member of a balancer, or a worker without one.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What its host is called.
    pub host: String,
    /// Its balancer.
    pub balancer: Option<String>,
    /// Its name.
    pub member: String,
    /// Workers without a balancer have none.
    pub activation: Option<Activation>,
    /// How it is.
    pub state: State,
    /// Requests in flight.
    pub busy: u64,
    /// What it counted.
    pub count: Count,
    /// What came of that in a second; none yet, or after a reset.
    pub rates: Option<Rates>,
}

/// Counts since the last reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Requests.
    pub elected: u64,
    /// Failures.
    pub errors: u64,
    /// The last reset.
    pub since: i64,
}

/// Counts in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Requests.
    pub requests: f64,
    /// Failures.
    pub errors: f64,
}

/// By what rows are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the hosts were named.
    #[default]
    Host,
    /// The busiest first.
    Busy,
    /// The one with most requests first.
    Requests,
    /// The one that fails most first.
    Errors,
    /// Those in error first, then those that are not active.
    State,
}

impl Order {
    /// The next.
    pub fn next(self) -> Order {
        match self {
            Order::Host => Order::Busy,
            Order::Busy => Order::Requests,
            Order::Requests => Order::Errors,
            Order::Errors => Order::State,
            Order::State => Order::Host,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Order::Host => "host",
            Order::Busy => "busy",
            Order::Requests => "req/s",
            Order::Errors => "err/s",
            Order::State => "state",
        }
    }
}

impl Farm {
    /// Hosts of which nothing is known yet, and how often they are asked.
    pub fn new(labels: Vec<String>, interval: Duration) -> Farm {
        let host = |label| Host {
            label,
            rows: Vec::new(),
            at: None,
            trouble: None,
        };
        Farm {
            hosts: labels.into_iter().map(host).collect(),
            interval,
        }
    }

    /// Takes an answer.
    pub fn hear(&mut self, heard: Heard) {
        let Some(host) = self.hosts.get_mut(heard.host) else {
            return;
        };
        match heard.said {
            Ok(answer) => host.said(&answer, heard.at),
            Err(trouble) => {
                let since = host.trouble.take().map(|trouble| trouble.since);
                host.trouble = Some(Trouble {
                    kind: trouble.kind(),
                    text: trouble.to_string(),
                    since: since.unwrap_or(heard.at),
                });
                // What it said before is not how it is.
                host.rows.clear();
                host.at = None;
            }
        }
    }

    /// How many hosts there are.
    pub fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// All rows, sorted.
    pub fn rows(&self, order: Order) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.hosts.iter().flat_map(|host| &host.rows).collect();
        // Stable: within the same, the order of the hosts stays.
        match order {
            Order::Host => {}
            Order::Busy => rows.sort_by_key(|row| Reverse(row.busy)),
            Order::Requests => {
                rows.sort_by(|one, other| other.requests().total_cmp(&one.requests()))
            }
            Order::Errors => rows.sort_by(|one, other| {
                let rate = other.error_rate().total_cmp(&one.error_rate());
                rate.then(other.count.errors.cmp(&one.count.errors))
            }),
            Order::State => rows.sort_by_key(|row| {
                let is_active = row
                    .activation
                    .is_none_or(|activation| activation == Activation::Active);
                (!row.state.is_error(), is_active)
            }),
        }
        rows
    }

    /// A line for each host that says nothing: its name, why, and whether that is a failure.
    pub fn silent(&self) -> Vec<(String, bool)> {
        self.hosts
            .iter()
            .filter_map(|host| host.silence(self.interval))
            .collect()
    }

    /// How many hosts do not answer.
    pub fn troubled(&self) -> usize {
        self.hosts
            .iter()
            .filter(|host| host.trouble.is_some())
            .count()
    }
}

impl Host {
    fn said(&mut self, answer: &Answer, at: Instant) {
        let before = std::mem::take(&mut self.rows);
        let passed = self.at.map(|before| at.saturating_duration_since(before));
        self.rows = rows(&self.label, answer);
        for row in &mut self.rows {
            let same = |old: &&Row| old.balancer == row.balancer && old.member == row.member;
            let old = before.iter().find(same).map(|old| old.count);
            row.rates = old
                .zip(passed)
                .and_then(|(old, passed)| row.count.rates(old, passed));
        }
        self.at = Some(at);
        self.trouble = None;
    }

    fn silence(&self, interval: Duration) -> Option<(String, bool)> {
        let label = &self.label;
        if let Some(trouble) = &self.trouble {
            let Trouble { kind, text, since } = trouble;
            let since = duration(since.elapsed());
            return Some((format!("{label} {kind} for {since}: {text}"), true));
        }
        let Some(at) = self.at else {
            return Some((format!("{label} is asked"), false));
        };
        let late = interval
            .saturating_mul(2)
            .saturating_add(Duration::from_secs(1));
        (at.elapsed() > late).then(|| {
            (
                format!("{label} said this {} ago", duration(at.elapsed())),
                true,
            )
        })
    }
}

fn rows(label: &str, answer: &Answer) -> Vec<Row> {
    let members = answer.balancers.iter().flat_map(|balancer| {
        balancer
            .members
            .iter()
            .map(move |member| of_member(label, balancer, member))
    });
    let workers = answer
        .ajp_workers
        .iter()
        .map(|worker| of_worker(label, worker));
    members.chain(workers).collect()
}

fn of_member(label: &str, balancer: &Balancer, member: &Member) -> Row {
    Row {
        host: label.to_owned(),
        balancer: Some(balancer.name.clone()),
        member: member.name.clone(),
        activation: Some(member.activation),
        state: member.state.clone(),
        busy: member.busy,
        count: Count {
            elected: member.elected,
            errors: member.errors,
            since: member.last_reset_at,
        },
        rates: None,
    }
}

fn of_worker(label: &str, worker: &Worker) -> Row {
    Row {
        host: label.to_owned(),
        balancer: None,
        member: worker.name.clone(),
        activation: None,
        state: worker.state.clone(),
        busy: worker.busy,
        count: Count {
            elected: worker.used,
            errors: worker.errors,
            since: worker.last_reset_at,
        },
        rates: None,
    }
}

impl Row {
    fn requests(&self) -> f64 {
        self.rates.map_or(-1.0, |rates| rates.requests)
    }

    fn error_rate(&self) -> f64 {
        self.rates.map_or(-1.0, |rates| rates.errors)
    }
}

impl Count {
    /// None over a reset, or where no time passed.
    fn rates(self, before: Count, passed: Duration) -> Option<Rates> {
        let requests = self.elected.checked_sub(before.elected)?;
        let errors = self.errors.checked_sub(before.errors)?;
        let seconds = passed.as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            reason = "one digit behind the point is shown"
        )]
        let rate = |count: u64| count as f64 / seconds;
        (self.since == before.since && seconds > 0.0).then(|| Rates {
            requests: rate(requests),
            errors: rate(errors),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    /// Members as `name activation state busy elected errors`.
    pub fn answer(members: &[&str]) -> Answer {
        let member = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let number = |index: usize| words[index].parse::<u64>().unwrap();
            json!({
                "name": words[0], "route": words[0], "activation": words[1], "state": words[2],
                "busy": number(3), "elected": number(4), "errors": number(5), "last_reset_at": 7,
            })
        };
        let members: Vec<_> = members.iter().map(member).collect();
        serde_json::from_value(json!({
            "time": {"unix": 7}, "software": {"jk_version": "mod_rjk/1"},
            "balancers": [{"name": "lb", "members": members}],
            "ajp_workers": [{
                "name": "single", "state": "OK", "busy": 0, "used": 1, "errors": 0, "last_reset_at": 7,
            }],
        }))
        .unwrap()
    }

    /// One host after these answers, a second between two.
    pub fn farm(answers: &[&[&str]]) -> Farm {
        let mut farm = Farm::new(vec!["www1".to_owned()], Duration::from_secs(2));
        let start = Instant::now();
        for (second, members) in answers.iter().enumerate() {
            farm.hear(Heard {
                host: 0,
                at: start + Duration::from_secs(second as u64),
                said: Ok(answer(members)),
            });
        }
        farm
    }

    #[test]
    fn rates_are_differences() {
        let farm = farm(&[
            &["a ACT OK 0 10 0", "b ACT OK 0 10 0", "c ACT OK 0 5 0"],
            &["a ACT OK 0 30 1", "b ACT OK 0 0 0"],
        ]);
        let rows = farm.rows(Order::Host);
        let rates: Vec<_> = rows.iter().map(|row| row.rates).collect();
        let first = Rates {
            requests: 20.0,
            errors: 1.0,
        };
        // The second went back to zero.
        assert_eq!(rates, [Some(first), None, Some(Rates::default())]);
    }

    #[test]
    fn each_order_has_its_first() {
        let farm = farm(&[
            &[
                "a ACT OK 1 0 0",
                "b DIS OK 5 0 0",
                "c ACT ERR 0 0 0",
                "d ACT OK 0 0 0",
            ],
            &[
                "a ACT OK 1 0 0",
                "b DIS OK 5 0 0",
                "c ACT ERR 0 0 9",
                "d ACT OK 0 9 0",
            ],
        ]);
        let first = |order: Order| farm.rows(order)[0].member.clone();
        let mut order = Order::default();
        for expected in ["a", "b", "d", "c", "c"] {
            assert_eq!(first(order), expected, "{order:?}");
            order = order.next();
        }
        assert_eq!(order, Order::Host);
        assert_eq!(farm.rows(Order::State)[1].member, "b");
    }

    #[test]
    fn a_host_that_fails_has_no_rows() {
        let mut farm = farm(&[&["a ACT OK 0 0 0"]]);
        assert_eq!(farm.silent(), []);
        let trouble = crate::farm::Trouble::Refused;
        farm.hear(Heard {
            host: 0,
            at: Instant::now(),
            said: Err(trouble),
        });
        assert_eq!(farm.rows(Order::Host), Vec::<&Row>::new());
        let silent = farm.silent();
        assert!(silent[0].0.starts_with("www1 refused for "), "{silent:?}");
        assert_eq!(farm.troubled(), 1);
    }
}
