//! What the operator does to counters and states (TR-21, TR-22, CM-05, CM-06).

use crate::balancer::Balancer;
use crate::maintenance::{highest_value, release};
use crate::shared::slot::AjpSlot;
use crate::state::State;
use crate::time::Moment;
use std::sync::atomic::Ordering::Relaxed;

/// Recover: a member in error may be tried by the next request (TR-21). `false` when the member is
/// not in error, or is none (CM-06).
pub fn recover_member(balancer: &Balancer, index: usize, now: Moment) -> bool {
    let roster = balancer.roster();
    let member = roster.members.get(index);
    member.is_some_and(|member| release(member, highest_value(&roster), now))
}

/// Reset of a balancer: its highest count and all its members (CM-05). What is in flight stays.
pub fn reset_balancer(balancer: &Balancer, now: Moment) {
    let slot = balancer.slot();
    slot.max_busy.store(0, Relaxed);
    slot.last_reset.store(now);
    for index in 0..balancer.binding.members.len() {
        reset_member(balancer, index, now);
    }
}

/// Reset of a member: idle, counters, load and error times zero (TR-22); those of its worker too. How fast
/// it answers stays known, for that is no count.
/// `false` when the balancer has no such member.
pub fn reset_member(balancer: &Balancer, index: usize, now: Moment) -> bool {
    let (Some(slot), Some(ajp)) = (balancer.member_slot(index), balancer.ajp_slot(index)) else {
        return false;
    };
    slot.clear_errors();
    slot.failures.forget();
    slot.set_value(0);
    for counter in [&slot.errors, &slot.sessions, &slot.used_snapshot] {
        counter.store(0, Relaxed);
    }
    reset_worker(ajp, now);
    ajp.error_time.store(Moment::NEVER);
    slot.set_state(State::Idle, now);
    true
}

/// Reset of a worker by itself: counters only (CM-05). What is in flight and connected stays, and so
/// does the time of its last error.
pub fn reset_worker(ajp: &AjpSlot, now: Moment) {
    for counter in [
        &ajp.used,
        &ajp.errors,
        &ajp.client_errors,
        &ajp.reply_timeouts,
        &ajp.read_bytes,
        &ajp.sent_bytes,
        &ajp.used_snapshot,
    ] {
        counter.store(0, Relaxed);
    }
    ajp.max_busy.store(0, Relaxed);
    ajp.max_connected.store(0, Relaxed);
    ajp.last_reset.store(now);
}
