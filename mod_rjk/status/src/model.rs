//! What an answer says, before it has a form. Renderers read this and nothing else.

use crate::wall_time::WallTime;
use bstr::BString;
use rjk_balance::explain::{End, Seen};
use rjk_balance::snapshot::EndpointSnapshot;
use rjk_balance::{Happened, State};
use rjk_config::model::Activation;
use std::borrow::Cow;

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Who answers, and when; absent when the request failed or changed something.
    pub head: Option<Head>,
    /// What people should know; mod_jk's formats have no room for it.
    pub notices: Vec<String>,
    /// The answer proper.
    pub body: Body,
    /// How it went.
    pub result: Verdict,
}

/// Server, time and versions (OUT-01…OUT-03).
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Name of the server.
    pub name: BString,
    /// Its port.
    pub port: u16,
    /// When the answer was made.
    pub time: WallTime,
    /// Version of the web server.
    pub web_server: BString,
    /// Version of this module, `mod_rjk/x.y.z`.
    pub jk_version: String,
}

/// The answer proper.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing: an error, a change that was made, or only the versions were asked for.
    #[default]
    Empty,
    /// All workers of the list; `None` is what was to be left out (C-06).
    List {
        /// The balancers.
        balancers: Option<Vec<BalancerView>>,
        /// The workers without a balancer.
        workers: Option<Vec<WorkerView>>,
    },
    /// One balancer.
    Balancer(Box<BalancerView>),
    /// One worker without a balancer.
    Worker(Box<WorkerView>),
    /// A form for one worker; only the page has one.
    Edit(Subject),
    /// Properties in definition order, without secrets (CM-08).
    Dump(Vec<(BString, BString)>),
}

/// What a form is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A balancer; with an `att` parameter, one setting of all its members.
    Balancer(Box<BalancerView>),
    /// The member of a balancer at an index, which is the only one in the view.
    Member(Box<BalancerView>),
    /// A worker without a balancer.
    Worker(Box<WorkerView>),
    /// A worker without settings.
    Other,
}

/// How a request went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    #[default]
    Done,
    /// Not; the reason for the client.
    Failed(String),
}

impl Verdict {
    /// `OK` or `ERROR`, and the message.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Verdict::Done => ("OK", "Action finished"),
            Verdict::Failed(message) => ("ERROR", message),
        }
    }
}

/// The things of a list, when there are any: mod_jk does not count to zero.
pub(crate) fn counted<T>(list: &Option<Vec<T>>) -> Option<&Vec<T>> {
    list.as_ref().filter(|list| !list.is_empty())
}

/// A balancer (OUT-05).
#[derive(Clone, Debug, Default)]
pub struct BalancerView {
    /// Name.
    pub name: BString,
    /// Settings.
    pub settings: BalancerSettings,
    /// Number of members, shown or not.
    pub member_count: usize,
    /// Members that are well, neither, or not.
    pub ratings: Ratings,
    /// Requests in flight.
    pub busy: u64,
    /// Most requests in flight.
    pub max_busy: u64,
    /// Number of rules, shown or not.
    pub map_count: usize,
    /// Seconds until the next maintenance.
    pub maintenance: Span,
    /// When its statistics began.
    pub last_reset: Past,
    /// The members that are to be shown.
    pub members: Vec<MemberView>,
    /// The rules that are to be shown.
    pub maps: Vec<MapView>,
    /// Its routing policy, which mod_jk does not have.
    pub policy: Option<PolicyView>,
    /// Its last decisions, the latest first; `None` when they are not kept.
    pub decisions: Option<Vec<DecisionView>>,
}

/// The settings of a balancer that can be changed (§6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerSettings {
    /// Sessions stick.
    pub sticky_session: bool,
    /// Sessions never move.
    pub sticky_session_force: bool,
    /// Rounds.
    pub retries: u32,
    /// Pause between rounds in milliseconds.
    pub retry_interval: u64,
    /// Seconds in error at least.
    pub recover_time: u64,
    /// Seconds from a local to a global error.
    pub error_escalation_time: u64,
    /// Reply timeouts that a member may have.
    pub max_reply_timeouts: u32,
    /// `Request`, `Traffic`, `Busyness`, `Sessions` or `Next`.
    pub method: &'static str,
    /// `Optimistic` or `Pessimistic`.
    pub lock: &'static str,
}

/// How many members are good, degraded and bad (OUT-12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratings {
    /// Good.
    pub good: usize,
    /// Neither good nor bad.
    pub degraded: usize,
    /// Bad.
    pub bad: usize,
}

/// The earliest and the latest end of a wait, in seconds (OUT-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Earliest.
    pub min: u64,
    /// Latest.
    pub max: u64,
}

/// A moment in the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Seconds since 1970.
    pub unix: i64,
    /// Seconds ago.
    pub ago: i64,
}

impl Past {
    /// Of what happened then.
    pub(crate) fn of(happened: Happened) -> Past {
        Past {
            unix: i64::try_from(happened.unix_seconds).unwrap_or(i64::MAX),
            ago: i64::try_from(happened.ago.as_secs()).unwrap_or(i64::MAX),
        }
    }
}

/// When a worker failed last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorTime {
    /// The moment.
    pub at: WallTime,
    /// Seconds ago.
    pub ago: i64,
}

/// A member of a balancer (OUT-06).
#[derive(Clone, Debug)]
pub struct MemberView {
    /// Its index in the balancer; `val0` is about index 0 (C-08).
    pub index: usize,
    /// How its Tomcat is reached.
    pub endpoint: EndpointSnapshot,
    /// Whether it takes requests.
    pub activation: Activation,
    /// Its part of the load.
    pub lbfactor: u32,
    /// Its route.
    pub route: BString,
    /// Route of the member that takes over; may be empty.
    pub redirect: BString,
    /// Its domain; may be empty.
    pub domain: BString,
    /// Its distance.
    pub distance: i32,
    /// Its state.
    pub state: State,
    /// Multiplier of its load.
    pub multiplier: u64,
    /// Its load.
    pub value: u64,
    /// Requests without a session that it took.
    pub sessions: u64,
    /// Failures charged to it.
    pub errors: u64,
    /// Seconds until it is tried again; 0 when it is not in error.
    pub recovery: Span,
    /// When its statistics began.
    pub last_reset: Past,
    /// When it failed last, if it has not been well since.
    pub error_time: Option<ErrorTime>,
}

/// A worker without a balancer (OUT-07).
#[derive(Clone, Debug)]
pub struct WorkerView {
    /// How its Tomcat is reached.
    pub endpoint: EndpointSnapshot,
    /// Number of rules, shown or not.
    pub map_count: usize,
    /// When its statistics began.
    pub last_reset: Past,
    /// When it failed last, if it has not been well since.
    pub error_time: Option<ErrorTime>,
    /// The rules that are to be shown.
    pub maps: Vec<MapView>,
}

/// A rule that names a worker (OUT-08).
#[derive(Clone, Debug)]
pub struct MapView {
    /// Counts through all servers, from 1.
    pub id: usize,
    /// The virtual host.
    pub server: BString,
    /// The pattern.
    pub uri: BString,
    /// `Exact` or `Wildchar`, with `Disabled ` or `Unmount ` before it.
    pub kind: &'static str,
    /// Where it was written.
    pub source: &'static str,
    /// Milliseconds, -1 for none.
    pub reply_timeout: i64,
    /// Sessions are ignored.
    pub sticky_ignore: bool,
    /// Requests count as no session.
    pub stateless: bool,
    /// Statuses that are failures.
    pub fail_on_status: String,
    /// Members that are active for it.
    pub active: BString,
    /// Members that are disabled for it.
    pub disabled: BString,
    /// Members that are stopped for it.
    pub stopped: BString,
    /// Statuses from here on are answered by the web server; 0 for none.
    pub use_server_errors: u16,
}

/// What a routing policy decided and heard.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// Why it is not as rjk.toml asks for.
    pub problem: Option<String>,
    /// Headings with values.
    pub decisions: Vec<(Cow<'static, str>, u64)>,
    /// Those of its own counters that it used, by their number.
    pub counters: Vec<(usize, u64)>,
}

/// A decision about an attempt of a request.
#[derive(Clone, Debug, Default)]
pub struct DecisionView {
    /// When.
    pub when: Past,
    /// Number of the attempt within its request.
    pub attempt: u32,
    /// Who decided.
    pub by: String,
    /// What was decided, for people.
    pub found: String,
    /// The member that was chosen.
    pub member: Option<String>,
    /// The policy's word for people; empty for none.
    pub label: String,
    /// What the policy answered where that is not what was done.
    pub policy_said: Option<String>,
    /// What came of the session, for people.
    pub session: String,
    /// The route that the session names; empty for none.
    pub route: BString,
    /// Names and numbers of those who could be chosen.
    pub candidates: Vec<(String, Seen)>,
    /// How many more there were.
    pub more: u32,
    /// How the attempt ended, for people.
    pub outcome: String,
    /// How it ended, when it has.
    pub end: Option<End>,
}
