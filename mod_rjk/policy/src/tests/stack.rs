//! The stack of policies: what a decision needs is enough, and without it there is none.

use super::support::*;
use crate::limits::{DECISION_STACK, MAX_STACK};
use crate::stack::Stacks;
use crate::{Ample, Policy};
use rjk_balance::*;
use rjk_config::toml::{OnFault, PolicySettings};
use rjk_guest::*;

/// Host functions that call far, one after the other.
const HOST_CALLS: &str = "(call $candidates (i32.const 0) (i32.const 17) (i32.const 128))
    (call $header (i32.const 1024) (i32.const 8) (i32.const 128))
    (call $log (i32.const 3) (i32.const 1024) (i32.const 8))";

/// What is decided on a thread with half of the host's part: the rest is for httpd's functions.
fn ask_on_half(guest: &Guest) -> Answer {
    std::thread::scope(|scope| {
        let policy = policy_with(guest, deep_settings());
        let asked = std::thread::Builder::new()
            .stack_size(MAX_STACK + (DECISION_STACK - MAX_STACK) / 2)
            .spawn_scoped(scope, move || ask_at(&policy, None, T0, &Lines::default()));
        asked.unwrap().join().unwrap()
    })
}

fn deep_settings() -> PolicySettings {
    PolicySettings {
        fuel: 100_000_000,
        ..settings()
    }
}

/// A guest that calls the host so many calls deep, and then decides.
fn calling_at(depth: u32) -> Guest {
    let functions = format!(
        "(func $deep (param i32) (result i32)
            (if (result i32) (local.get 0)
              (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))
              (else {HOST_CALLS} (i32.const 0))))"
    );
    Guest {
        functions: functions.leak(),
        data: "x-tenant",
        ..choosing(format!(
            "(drop (call $deep (i32.const {depth}))) {}",
            answer(1, 1)
        ))
    }
}

#[test]
fn the_host_has_enough_where_the_policy_has_none_left() {
    let (mut good, mut bad) = (0_u32, 100_000);
    while bad - good > 1 {
        let depth = good.midpoint(bad);
        match ask_on_half(&calling_at(depth)) {
            answer if answer == worker(1) => good = depth,
            answer => {
                assert_eq!(answer, fault(FaultKind::Trap), "{depth}");
                bad = depth;
            }
        }
    }
    assert!((1000..90_000).contains(&good), "{good} calls deep");
}

/// There is no memory for a stack.
struct NoMemory;

impl Stacks for NoMemory {
    fn has(&self, bytes: usize) -> bool {
        bytes != DECISION_STACK
    }

    fn run(&self, bytes: usize, _: &mut dyn FnMut()) -> Result<(), String> {
        Err(format!("{bytes} bytes of stack; raise ThreadStackSize"))
    }
}

#[test]
fn a_decision_without_stack_is_a_fault_of_its_own_kind() {
    for reject in [false, true] {
        let on_fault = [OnFault::Builtin, OnFault::Reject][usize::from(reject)];
        let settings = PolicySettings {
            on_fault,
            ..settings()
        };
        let lines = Lines::default();
        let compiled = compile(&Guest::default(), settings);
        let state = compiled.leaked_state();
        let slot = state.slot;
        let policy = Policy::new(compiled.clone(), 1, state, &NoMemory);
        let kind = FaultKind::NoStack;
        let expected = Answer::Fault { kind, reject };
        for _ in 0..20 {
            assert_eq!(ask_at(&policy, None, T0, &lines), expected);
        }
        assert_eq!((slot.faults(kind), lines.all().len()), (20, 1));
        let line = &lines.all()[0];
        assert!(
            line.starts_with("warn policy p: no-stack (393216 bytes of stack; raise"),
            "{line}"
        );
        let policy = Policy::new(compiled, 1, state, &Ample);
        assert_eq!(ask(&policy), builtin());
    }
}
