//! Global maintenance of a balancer (contract §4.9, TR-16…TR-20).

use crate::balancer::Balancer;
use crate::load::Aged;
use crate::roster::{Member, Roster};
use crate::shared::slot::decay;
use crate::state::State;
use crate::time::Moment;
use rjk_log::{Log, jk_log};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The global part of maintenance. Any number of processes may call it at any time: one of
/// them does it once per `interval` (`worker.maintain`). Returns whether this call did.
///
/// The first call only starts the clock. A call that comes up to a tenth of the interval early
/// (2 s at most) is good enough, since timers are not exact.
pub fn maintain(balancer: &Balancer, interval: Duration, now: Moment, log: &dyn Log) -> bool {
    let Some(exponent) = maintenance_due(balancer, interval, now) else {
        return false;
    };
    let roster = balancer.roster();
    jk_log!(
        log,
        Debug,
        "balancer {}: decay by 2^{exponent}",
        roster.spec.name
    );
    decay_load(&roster, exponent);
    let highest = highest_value(&roster);
    for member in &roster.members {
        decay(&member.ajp.reply_timeouts, exponent);
    }
    let mut working = 0;
    for index in 0..roster.members.len() {
        working += usize::from(maintain_member(&roster, index, highest, now, log));
    }
    if working == 0 {
        for (index, member) in roster.members.iter().enumerate() {
            if force_member(member, now) {
                let name = roster.name(index);
                jk_log!(log, Info, "worker {name} is marked for forced recovery");
            }
        }
    }
    true
}

/// Old load weighs less, by the balancer's method (LB-10…LB-15).
fn decay_load(roster: &Roster, exponent: u32) {
    let aged = |member: &Member| Aged {
        slot: member.slot,
        usable: member.slot.state().usable_for_balancing(member.activation),
    };
    let members: Vec<Aged> = roster.members.iter().map(aged).collect();
    roster.method.decay(&members, exponent);
}

/// The highest load that was counted. A load that is worked out (LB-12) is not among them: nobody can
/// be given one.
pub(crate) fn highest_value(roster: &Roster) -> u64 {
    let values = roster.members.iter();
    let values = values.map(|member| member.slot.value());
    values.max().unwrap_or(0)
}

/// ERROR → FORCE (TR-19, TR-20); `false` when the member is not in error.
pub(crate) fn force_member(member: &Member, now: Moment) -> bool {
    let forced = member.slot.replace_state(State::Error, State::Force, now);
    if forced {
        member.ajp.reply_timeouts.store(0, Relaxed);
    }
    forced
}

/// MT-03: the process that moves the time stamp does the work; k of LB-15.
fn maintenance_due(balancer: &Balancer, interval: Duration, now: Moment) -> Option<u32> {
    let periods = balancer.slot().last_maintenance.turn(interval, now)?;
    (periods > 0).then(|| u32::try_from(periods).unwrap_or(u32::MAX))
}

/// TR-16…TR-18; `true` when the member is not in error afterwards.
fn maintain_member(
    roster: &Roster,
    index: usize,
    highest: u64,
    now: Moment,
    log: &dyn Log,
) -> bool {
    let Member { slot, ajp, .. } = &roster.members[index];
    let used = ajp.used.load(Relaxed);
    let unused = slot.used_snapshot.swap(used, Relaxed) == used;
    let state = slot.state();
    if state == State::Error {
        let since = now.since(slot.last_error.load());
        let recovers = since > roster.spec.recover_time;
        if recovers && release(&roster.members[index], highest, now) {
            jk_log!(
                log,
                Info,
                "worker {} is marked for recovery",
                roster.name(index)
            );
        }
        return recovers;
    }
    let first = slot.first_error.load();
    let escalation = roster.spec.error_escalation_time;
    if first != Moment::NEVER && state != State::Recover && now.since(first) >= escalation {
        let name = roster.name(index);
        if slot.replace_state(state, State::Error, now) {
            jk_log!(
                log,
                Info,
                "worker {name}: local error is now a global error"
            );
        }
        return false;
    }
    if unused {
        slot.replace_state(State::Ok, State::Idle, now);
    }
    true
}

/// ERROR → RECOVER with the highest load, so that the member is not flooded (TR-16, TR-21).
pub(crate) fn release(member: &Member, highest: u64, now: Moment) -> bool {
    let Member { slot, ajp, .. } = member;
    if slot.state() != State::Error {
        return false;
    }
    slot.set_value(highest);
    ajp.reply_timeouts.store(0, Relaxed);
    slot.replace_state(State::Error, State::Recover, now)
}
