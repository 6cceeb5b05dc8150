//! The verbs that change members on several web hosts: `drain`, `disable`, `stop`, `activate` and `reset`.

use super::access::Access;
use super::address::{Address, labels};
use super::apply::{Done, apply, rehearse};
use super::client::{Client, at_once};
use super::model::{Activation, Answer};
use super::order::Order;
use super::plan::{Goal, Refusal, Step, plan};
use super::report::{Unfinished, as_json, print};
use super::trouble::Trouble;
use super::wait::Waiting;
use crate::manners::{Ending, Failure, Outcome, Printer};

/// The arguments of all these verbs.
#[derive(Debug, clap::Args)]
struct Common {
    /// Status workers of mod_rjk, one of each web host; then a balancer, then members of it
    #[arg(required = true, num_args = 3.., value_names = ["URL", "LB", "WORKER"])]
    words: Vec<String>,
    /// Says what would be changed, and changes nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    access: Access,
}

/// For verbs that take members away.
#[derive(Debug, clap::Args)]
struct Forced {
    /// Also when no member of the balancer would be left for new sessions
    #[arg(long)]
    force: bool,
}

/// `rjk drain`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "rjk drain [OPTIONS] URL... LB WORKER...",
    after_help = DRAIN_HELP,
)]
pub struct Drain {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    forced: Forced,
    #[command(flatten)]
    waiting: Waiting,
}

const DRAIN_HELP: &str = "\
A member that is drained (activation DIS) gets no new sessions; requests of its sessions still go to it. A web host \
knows which requests are in flight, not which sessions are alive: only Tomcat does. So --wait ends when no request \
is in flight at any of the web hosts, and a session may come back after that. With --idle, it ends when no request \
has come for so long, either: give more than the session timeout of the application, and no session is left. Name \
all web hosts: requests through others are not seen.

Ends with 1 if a web host was not changed, or something is still in flight after --timeout. A change is lost when httpd \
is restarted.

Example:
  rjk drain --wait --idle 31m --timeout 2h http://www1/jkstatus http://www2/jkstatus lb node1";

/// `rjk disable`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "rjk disable [OPTIONS] URL... LB WORKER...",
    after_help = "Ends with 1 if a web host was not changed. A change is lost when httpd is restarted.\n\n\
                  Example:\n  rjk disable http://www1/jkstatus http://www2/jkstatus lb node1"
)]
pub struct Disable {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    forced: Forced,
}

/// `rjk stop`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "rjk stop [OPTIONS] URL... LB WORKER...",
    after_help = "Requests in flight are answered; the next of their sessions go to other members. \
                  Ends with 1 if a web host was not changed. A change is lost when httpd is restarted.\n\n\
                  Example:\n  rjk stop http://www1/jkstatus http://www2/jkstatus lb node1"
)]
pub struct Stop {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    forced: Forced,
}

/// `rjk activate`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "rjk activate [OPTIONS] URL... LB WORKER...",
    after_help = "Ends with 1 if a web host was not changed.\n\n\
                  Example:\n  rjk activate http://www1/jkstatus http://www2/jkstatus lb node1"
)]
pub struct Activate {
    #[command(flatten)]
    common: Common,
}

/// `rjk reset`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "rjk reset [OPTIONS] URL... LB WORKER...",
    after_help = "Ends with 1 if a web host was not changed.\n\n\
                  Example:\n  rjk reset http://www1/jkstatus http://www2/jkstatus lb node1 node2"
)]
pub struct Reset {
    #[command(flatten)]
    common: Common,
}

impl Drain {
    /// Changes, and waits if that is wanted.
    ///
    /// # Errors
    /// As of the other verbs: the arguments are wrong, a host does not let itself be changed, nobody reads.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        let limits = self.waiting.limits()?;
        let work = self.common.begin(Goal::Drain)?;
        let done = work.change(self.forced.force)?;
        let is_well = done.iter().all(|done| done.end.is_well());
        match limits {
            Some(limits) if is_well && !self.common.dry_run => {
                if !printer.json() {
                    print(&work.order, &work.labels, work.goal, &done, printer)?;
                }
                let waited = limits.wait(&work.client, &work.order, &work.labels);
                if printer.json() {
                    let mut value = as_json(&work.order, &done);
                    value["wait"] = waited.as_json(&work.order);
                    printer.value(&value)?;
                }
                waited.end(printer)
            }
            _ => work.end(done, printer),
        }
    }
}

impl Disable {
    /// Changes.
    ///
    /// # Errors
    /// As [`Drain::run`].
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        let goal = Goal::Activation(Activation::Disabled);
        self.common.run(goal, self.forced.force, printer)
    }
}

impl Stop {
    /// Changes.
    ///
    /// # Errors
    /// As [`Drain::run`].
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        let goal = Goal::Activation(Activation::Stopped);
        self.common.run(goal, self.forced.force, printer)
    }
}

impl Activate {
    /// Changes.
    ///
    /// # Errors
    /// As [`Drain::run`].
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        self.common
            .run(Goal::Activation(Activation::Active), false, printer)
    }
}

impl Reset {
    /// Changes.
    ///
    /// # Errors
    /// As [`Drain::run`].
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        self.common.run(Goal::Reset, false, printer)
    }
}

impl Common {
    fn run(&self, goal: Goal, force: bool, printer: &mut Printer) -> Outcome {
        let work = self.begin(goal)?;
        let done = work.change(force)?;
        work.end(done, printer)
    }

    fn begin(&self, goal: Goal) -> Result<Work, Failure> {
        let order = Order::of(&self.words)?;
        Ok(Work {
            labels: labels(&order.addresses),
            client: self.access.client()?,
            order,
            goal,
            is_rehearsal: self.dry_run,
        })
    }
}

/// A verb at work.
struct Work {
    client: Client,
    order: Order,
    labels: Vec<String>,
    goal: Goal,
    is_rehearsal: bool,
}

impl Work {
    /// Looks at all hosts, then changes all.
    fn change(&self, force: bool) -> Result<Vec<Done>, Failure> {
        let looks = at_once(&self.order.addresses, |address| self.look(address));
        let steps = plan(&self.order, self.goal, looks, force).map_err(|obstacles| {
            let named = |(host, obstacle)| (self.label(host), obstacle);
            Failure {
                ending: Ending::Found,
                error: Box::new(Refusal(obstacles.into_iter().map(named).collect())),
            }
        })?;
        Ok(self.carry_out(steps))
    }

    fn carry_out(&self, steps: Vec<Step>) -> Vec<Done> {
        match self.is_rehearsal {
            true => rehearse(self.goal, steps),
            false => apply(&self.client, &self.order, self.goal, &steps),
        }
    }

    /// How a host is, and whether it may be changed: a status worker that is read only shows no form.
    fn look(&self, address: &Address) -> Result<Answer, Trouble> {
        let (_, answer) = self.client.list(address)?;
        if let Some(balancer) = answer.balancer(&self.order.balancer) {
            self.client
                .command(address, &[("cmd", "edit"), ("w", &balancer.name)])?;
        }
        Ok(answer)
    }

    fn label(&self, host: usize) -> String {
        self.labels.get(host).cloned().unwrap_or_default()
    }

    fn end(&self, done: Vec<Done>, printer: &mut Printer) -> Outcome {
        match printer.json() {
            true => printer.value(&as_json(&self.order, &done))?,
            false => print(&self.order, &self.labels, self.goal, &done, printer)?,
        }
        match Unfinished::of(&self.labels, &done) {
            None => Ok(Ending::Fine),
            Some(unfinished) => Err(Failure {
                ending: Ending::Found,
                error: Box::new(unfinished),
            }),
        }
    }
}
