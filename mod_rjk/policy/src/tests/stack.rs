//! The stack of policies: what a decision needs is enough, and without it there is none.

use super::support::*;
use crate::limits::{DECISION_STACK, MAX_INTERPRETER_STACK, MAX_STACK};
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
    where_none_is_left();
    interpreted(where_none_is_left);
}

fn where_none_is_left() {
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

/// A policy that calls itself, calls the host, and decides. `sticky` says how deep, how many of its frames, of some
/// 900 bytes, have 16 bytes more, so that any number of bytes can be left, and whether it calls the host.
fn going_deep() -> Guest {
    let function = |name: &str, numbers: usize| {
        let (zeros, params) = ("(i64.const 0)".repeat(numbers), "i64 ".repeat(numbers));
        format!(
            "(func $wide_{name} (param {params}))
             (func ${name} (param $deep i32) (param $more i32) (result i32)
               (if (i32.eq (local.get $deep) (i32.const -1)) (then (call $wide_{name} {zeros})))
               (if (i32.eqz (local.get $deep))
                 (then (if (global.get $seen) (then {HOST_CALLS})) (return (i32.const 0))))
               (local.set $deep (i32.sub (local.get $deep) (i32.const 1)))
               (if (i32.eqz (local.get $more))
                 (then (return (i32.add (i32.const 1) (call $frame (local.get $deep) (i32.const 0))))))
               (i32.add (i32.const 1)
                 (call $larger (local.get $deep) (i32.sub (local.get $more) (i32.const 1)))))"
        )
    };
    let functions = function("frame", 120) + &function("larger", 122);
    Guest {
        functions: functions.leak(),
        data: "x-tenant",
        ..choosing(format!(
            "(global.set $seen (i32.and (local.get $member) (i32.const 1)))
             (drop (call $frame (i32.shr_u (local.get $member) (i32.const 9))
                 (i32.and (i32.shr_u (local.get $member) (i32.const 1)) (i32.const 255))))
             {}",
            answer(1, 1)
        ))
    }
}

/// How deep it can go, and with how many times 16 bytes more; whatever is beyond is a trap.
fn deepest(policy: &Policy, calls: bool) -> (usize, usize) {
    let ask = |deep: usize, more: usize| {
        let sticky = deep << 9 | more << 1 | usize::from(calls);
        ask_at(policy, Some(sticky), T0, &Lines::default())
    };
    let (mut good, mut bad) = (1_usize, 10_000);
    while bad - good > 1 {
        let deep = good.midpoint(bad);
        match ask(deep, 0) == worker(1) {
            true => good = deep,
            false => bad = deep,
        }
    }
    // 255 times 16 bytes are more than the frames of a probe and of the policy together.
    let answers: Vec<Answer> = (0..=255).map(|more| ask(good, more)).collect();
    let more = answers.partition_point(|answer| *answer == worker(1));
    assert!((1..100).contains(&more), "{more}");
    for answer in &answers[more..] {
        assert_eq!(*answer, fault(FaultKind::Trap));
    }
    (good, more)
}

/// What wasmtime's trampolines take was some 400 bytes; without them, the process ends here.
#[test]
fn a_policy_leaves_the_host_2_kib_of_the_interpreters_stack_or_traps() {
    interpreted(|| {
        let policy = policy_with(&going_deep(), deep_settings());
        let (deep, more) = deepest(&policy, false);
        let (calling, more_calling) = deepest(&policy, true);
        let frame = MAX_INTERPRETER_STACK / deep;
        let kept = (deep - calling) * frame + more * 16 - more_calling * 16;
        println!("{kept} bytes");
        assert!((2048..4000).contains(&kept), "{kept} bytes");
    });
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
