//! All that is shown of balancers, members and workers, as of one moment (OUT-05…OUT-07, OUT-10,
//! OUT-11). A renderer needs nothing else.

use crate::balancer::Balancer;
use crate::roster::Roster;
use crate::state::State;
use crate::time::{Clock, Happened, Moment};
use crate::worker::{AjpWorker, EndpointSettings};
use bstr::{BStr, ByteSlice};
use rjk_config::model::{AjpSpec, LbSpec, MemberSpec};
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancerSnapshot {
    /// Its configuration with what was changed since; no secrets.
    pub spec: LbSpec,
    /// Requests in flight.
    pub busy: u64,
    /// Highest number of requests in flight.
    pub max_busy: u64,
    /// Until the next global maintenance.
    pub time_to_maintenance: Window,
    /// The last reset, else the start.
    pub last_reset: Happened,
    /// Its members in configuration order.
    pub members: Vec<MemberSnapshot>,
}

/// A member of a balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberSnapshot {
    /// Its configuration with what was changed since; no secrets.
    pub spec: MemberSpec,
    /// Its worker, whose numbers count all balancers.
    pub endpoint: EndpointSnapshot,
    /// State in this balancer.
    pub state: State,
    /// Multiplier M (LB-01).
    pub multiplier: u64,
    /// Load V (LB-02).
    pub value: u64,
    /// Requests without a session that it took.
    pub sessions: u64,
    /// Failures charged to the member.
    pub errors: u64,
    /// Until it is tried again; zero unless it is in error.
    pub time_to_recover: Window,
    /// The last error, when there was one since the last success.
    pub error: Option<Happened>,
}

/// An ajp13 worker.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSnapshot {
    /// Its configuration with what was changed since; no secret.
    pub spec: AjpSpec,
    /// `ip:port`, a URL for other ways than AJP over TCP; `invalid` for port 0, `unresolved` when the host has no
    /// address (OUT-10).
    pub address: String,
    /// State of the worker by itself (ST-11).
    pub state: State,
    /// Service calls that got an endpoint.
    pub used: u64,
    /// Service calls that failed because of the worker or its busy limit.
    pub errors: u64,
    /// Service calls that failed because of the client.
    pub client_errors: u64,
    /// Reply timeouts, halved by each maintenance.
    pub reply_timeouts: u64,
    /// Bytes to Tomcat.
    pub transferred: u64,
    /// Bytes from Tomcat.
    pub read: u64,
    /// Requests in flight.
    pub busy: u64,
    /// Highest number of requests in flight.
    pub max_busy: u64,
    /// Open connections.
    pub connected: u64,
    /// Highest number of open connections.
    pub max_connected: u64,
    /// The last reset, else the start.
    pub last_reset: Happened,
    /// The last error, when there was one since the last success.
    pub error: Option<Happened>,
}

/// The least and the most time until something happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub min: Duration,
    /// Not later.
    pub max: Duration,
}

impl BalancerSnapshot {
    /// The balancer at this moment; `maintain` is `worker.maintain`.
    pub fn of(balancer: &Balancer, clock: &Clock, maintain: Duration) -> BalancerSnapshot {
        let (slot, roster) = (balancer.slot(), balancer.roster());
        let started = balancer.slots.segment.header.started();
        let last_maintenance = or(slot.last_maintenance.load(), started);
        let time_to_maintenance = next_maintenance(clock.now.since(last_maintenance), maintain);
        let due = Due {
            recover_time: roster.spec.recover_time,
            maintain,
            next: time_to_maintenance,
        };
        let spec = without_secrets(roster.spec.clone());
        let members = std::iter::zip(0.., &balancer.binding.workers)
            .map(|(index, worker)| {
                let spec = spec.members[index].clone();
                MemberSnapshot::of(spec, &roster, index, worker, clock, &due)
            })
            .collect();
        BalancerSnapshot {
            busy: slot.busy(),
            max_busy: highest(&slot.max_busy),
            time_to_maintenance,
            last_reset: clock.happened(or(slot.last_reset.load(), started)),
            members,
            spec,
        }
    }
}

impl MemberSnapshot {
    fn of(
        spec: MemberSpec,
        roster: &Roster,
        index: usize,
        worker: &AjpWorker,
        clock: &Clock,
        due: &Due,
    ) -> MemberSnapshot {
        let member = &roster.members[index];
        let (state, error) = (member.slot.state(), member.slot.last_error.load());
        MemberSnapshot {
            spec,
            endpoint: EndpointSnapshot::of(worker, clock),
            state,
            multiplier: member.multiplier,
            value: roster.value(index),
            sessions: member.slot.sessions.load(Relaxed),
            errors: member.slot.errors.load(Relaxed),
            time_to_recover: match state {
                State::Error => due.recovery(clock.now.since(error)),
                _ => Window::default(),
            },
            error: (error != Moment::NEVER).then(|| clock.happened(error)),
        }
    }
}

impl EndpointSnapshot {
    /// Worker name.
    pub fn name(&self) -> &BStr {
        self.spec.name.as_bstr()
    }

    /// The worker at this moment.
    pub fn of(worker: &AjpWorker, clock: &Clock) -> EndpointSnapshot {
        let (settings, slot) = (worker.settings(), worker.slot());
        let address = address(&settings);
        let started = worker.slots().segment.header.started();
        let (error, reset) = (slot.error_time.load(), slot.last_reset.load());
        EndpointSnapshot {
            spec: AjpSpec {
                secret: None,
                ..settings.spec
            },
            address,
            state: slot.state(),
            used: slot.used.load(Relaxed),
            errors: slot.errors.load(Relaxed),
            client_errors: slot.client_errors.load(Relaxed),
            reply_timeouts: slot.reply_timeouts.load(Relaxed),
            transferred: slot.sent_bytes.load(Relaxed),
            read: slot.read_bytes.load(Relaxed),
            busy: slot.busy(),
            max_busy: highest(&slot.max_busy),
            connected: slot.connected(),
            max_connected: highest(&slot.max_connected),
            last_reset: clock.happened(or(reset, started)),
            error: (error != Moment::NEVER).then(|| clock.happened(error)),
        }
    }
}

/// What the time until a recovery depends on.
struct Due {
    recover_time: Duration,
    maintain: Duration,
    next: Window,
}

impl Due {
    /// OUT-11, for a member whose last error is so long ago.
    fn recovery(&self, since_error: Duration) -> Window {
        let wait = self.recover_time.saturating_sub(since_error);
        Window {
            min: wait.max(self.next.min),
            max: wait + self.maintain,
        }
    }
}

/// Until the next maintenance, when the last one was `since` ago: at the earliest at the end of `maintain`,
/// at the latest a whole `maintain` after that (OUT-11).
fn next_maintenance(since: Duration, maintain: Duration) -> Window {
    Window {
        min: maintain.saturating_sub(since),
        max: (maintain + maintain).saturating_sub(since),
    }
}

fn address(settings: &EndpointSettings) -> String {
    let way = &settings.spec.way;
    match settings.addresses.first() {
        _ if settings.spec.port == 0 => "invalid".to_owned(),
        Some(address) => way.shown(address),
        None if way.socket.is_some() => way.shown(""),
        None => "unresolved".to_owned(),
    }
}

fn without_secrets(mut spec: LbSpec) -> LbSpec {
    for member in &mut spec.members {
        member.ajp.secret = None;
    }
    spec
}

fn highest(count: &AtomicI64) -> u64 {
    u64::try_from(count.load(Relaxed)).unwrap_or(0)
}

fn or(moment: Moment, other: Moment) -> Moment {
    match moment {
        Moment::NEVER => other,
        moment => moment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_config::model::Protocol;

    #[test]
    fn out10_addresses() {
        let mut settings = EndpointSettings {
            spec: crate::tests::support::ajp("m1"),
            addresses: Vec::new(),
            moves: 0,
        };
        assert_eq!(address(&settings), "unresolved");
        settings.addresses = vec![([127, 0, 0, 1], 8009).into()];
        assert_eq!(address(&settings), "127.0.0.1:8009");
        settings.spec.way.protocol = Protocol::Http(Box::default());
        assert_eq!(address(&settings), "http://127.0.0.1:8009");
        settings.addresses.clear();
        assert_eq!(address(&settings), "unresolved");
        settings.spec.way.socket = Some("/run/a.sock".into());
        assert_eq!(address(&settings), "http+unix:/run/a.sock");
        settings.spec.way.protocol = Protocol::Ajp;
        assert_eq!(address(&settings), "unix:/run/a.sock");
        settings.spec.port = 0;
        assert_eq!(address(&settings), "invalid");
    }

    #[test]
    fn out11_windows() {
        let secs = Duration::from_secs;
        let maintain = secs(60);
        // Since the last maintenance, since the error; both windows.
        let rows = [
            (0, 0, (60, 120), (60, 120)),
            (20, 10, (40, 100), (50, 110)),
            (20, 40, (40, 100), (40, 80)),
            (59, 100, (1, 61), (1, 60)),
            (70, 100, (0, 50), (0, 60)),
            (500, 100, (0, 0), (0, 60)),
        ];
        for (since, error, maintenance, recovery) in rows {
            let window = |(min, max)| Window {
                min: secs(min),
                max: secs(max),
            };
            let next = next_maintenance(secs(since), maintain);
            let due = Due {
                recover_time: secs(60),
                maintain,
                next,
            };
            assert_eq!(next, window(maintenance), "{since}");
            assert_eq!(
                due.recovery(secs(error)),
                window(recovery),
                "{since} {error}"
            );
        }
    }
}
