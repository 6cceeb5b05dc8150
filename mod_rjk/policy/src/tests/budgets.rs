//! What the host does for a policy has a budget.

use super::support::*;
use crate::Policy;
use crate::bench::SampleRequest;
use rjk_balance::*;
use rjk_guest::*;
use rjk_log::NoLog;

/// A guest that does this so often, and gives back the memory each time.
fn repeating(times: u32, call: &str) -> Guest {
    choosing(format!(
        "(local $left i32) (local.set $left (i32.const {times}))
         (loop $on {call} (global.set $bump (i32.const 8192))
           (local.set $left (i32.sub (local.get $left) (i32.const 1)))
           (br_if $on (local.get $left))) {}",
        answer(1, 1)
    ))
}

fn with_header(policy: &Policy, bytes: usize, members: usize) -> Answer {
    let request = SampleRequest {
        headers: vec![("X-Tenant".into(), "x".repeat(bytes))],
        ..SampleRequest::default()
    };
    let candidates: Vec<_> = (0..members).map(Candidate::new).collect();
    policy.decide(&Question {
        request: &request,
        sticky: None,
        candidates: &candidates,
        attempt: 1,
        tried: &[],
        membership: &three_members(),
        now: T0,
        log: &NoLog,
    })
}

#[test]
pub(super) fn texts_that_are_copied_have_a_budget_for_each_decision() {
    let call = "(call $header (i32.const 1024) (i32.const 8) (i32.const 128))";
    let guest = Guest {
        data: "x-tenant",
        ..repeating(64, call)
    };
    let policy = policy(&guest);
    for _ in 0..3 {
        assert_eq!(with_header(&policy, 4 << 10, 2), worker(1), "256 KiB");
    }
    assert_eq!(
        with_header(&policy, (4 << 10) + 1, 2),
        fault(FaultKind::Memory)
    );
    assert_eq!(
        with_header(&policy, 4 << 10, 2),
        worker(1),
        "a new instance"
    );
}

#[test]
pub(super) fn lists_of_candidates_have_a_budget_but_the_first_has_none() {
    // Ten columns of whatever lies there.
    let list = "(call $candidates (i32.const 0) (i32.const 10) (i32.const 128))";
    let guest = |times| Guest {
        pages: 16,
        ..repeating(times, list)
    };
    let (once, often) = (policy(&guest(1)), policy(&guest(64)));
    assert_eq!(with_header(&once, 0, 8000), worker(1));
    assert_eq!(with_header(&often, 0, 40), worker(1));
    assert_eq!(with_header(&often, 0, 1000), fault(FaultKind::Memory));
}
