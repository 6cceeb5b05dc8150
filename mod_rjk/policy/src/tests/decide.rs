//! Decisions, and everything that a policy can do wrong.

use super::support::*;
use rjk_balance::*;
use rjk_config::toml::{Mode, OnFault, PolicySettings};
use rjk_guest::*;
use rjk_log::{Level, NoLog};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Asks for the metrics 3, 5 and 99 of all and compares the length and the last row with what was sent; an
/// `if` without its branches.
const CHECK_CANDIDATES: &str = "(local $list i32)
    (i32.store (i32.const 2048) (i32.const 3))
    (i32.store (i32.const 2052) (i32.const 5))
    (i32.store (i32.const 2056) (i32.const 99))
    (call $candidates (i32.const 2048) (i32.const 3) (i32.const 128))
    (local.set $list (i32.load (i32.const 128)))
    (if (result i32) (i32.and (i32.and
          (i32.eq (i32.load (i32.const 132)) (i32.const 9))
          (i64.eq (i64.load offset=48 (local.get $list)) (i64.const 32)))
        (i32.and
          (i64.eq (i64.load offset=56 (local.get $list)) (i64.const 52))
          (i64.eq (i64.load offset=64 (local.get $list)) (i64.const 0))))";

#[test]
pub(super) fn the_three_decisions_are_carried_out_and_counted() {
    let cases = [
        (answer(0, 0), builtin()),
        (answer(1, 2), worker(2)),
        (
            answer(2, 429),
            Answer::Decided(Decision::Reject(429).into()),
        ),
    ];
    for (choose, expected) in cases {
        let policy = policy(&choosing(choose));
        assert_eq!([ask(&policy), ask(&policy)], [expected; 2]);
        assert_eq!((policy.slot().unwrap().decisions(), policy.idle()), (2, 1));
    }
}

#[test]
fn a_policy_sees_the_sticky_member_and_the_candidates() {
    // Worker(sticky), builtin without one.
    let sticky = "(i32.store8 (i32.const 32) (local.get $sticky))
        (i32.store (i32.const 36) (local.get $member)) (i32.const 32)";
    let policy_ = policy(&choosing(sticky));
    assert_eq!(ask_at(&policy_, Some(2), T0, &NoLog), worker(2));
    assert_eq!(ask(&policy_), builtin());
    let (good, bad) = (answer(1, 1), answer(2, 500));
    let choose = format!("{CHECK_CANDIDATES} (then {good}) (else {bad}))");
    assert_eq!(ask(&policy(&choosing(choose))), worker(1));
}

#[test]
fn a_policy_asks_whether_a_member_is_a_candidate() {
    for (index, expected) in [(0, 1), (2, 1), (3, 0), (u32::MAX, 0)] {
        let choose = format!(
            "(i32.store8 (i32.const 32) (i32.const 1))
             (i32.store (i32.const 36) (call $is_candidate (i32.const {})))
             (i32.const 32)",
            index.cast_signed()
        );
        assert_eq!(ask(&policy(&choosing(choose))), worker(expected), "{index}");
    }
}

#[test]
fn a_policy_looks_up_what_the_request_has() {
    assert_eq!(ask(&policy(&looking_up("x-tenantblue"))), worker(0));
    let other = policy(&looking_up("x-tenantgrey"));
    assert_eq!(ask(&other), builtin());
}

#[test]
fn there_is_no_request_in_observe() {
    for asks in [
        "(call $candidates (i32.const 0) (i32.const 0) (i32.const 128))",
        "(call $look_up (i32.const 0) (i32.const 128))",
    ] {
        let guest = Guest {
            observe: Some(asks),
            ..looking_up("x-tenantblue")
        };
        let policy = policy(&guest);
        policy.observe(&observation(), T0, &NoLog);
        assert_eq!(
            policy.slot().unwrap().observer_faults.load(Relaxed),
            1,
            "{asks}"
        );
    }
}

#[test]
pub(super) fn a_policy_reads_a_header_lazily() {
    // 1 when x-tenant is four bytes that begin with b, else builtin.
    let choose = "
        (call $header (i32.const 1024) (i32.const 8) (i32.const 128))
        (i32.store8 (i32.const 32) (i32.and (i32.and
            (i32.load8_u (i32.const 128)) (i32.eq (i32.load (i32.const 136)) (i32.const 4)))
            (i32.eq (i32.load8_u (i32.load (i32.const 132))) (i32.const 98))))
        (i32.store (i32.const 36) (i32.const 1))
        (i32.const 32)";
    let reading = |data| Guest {
        data,
        ..choosing(choose)
    };
    assert_eq!(ask(&policy(&reading("x-tenant"))), worker(1));
    assert_eq!(ask(&policy(&reading("x-nobody"))), builtin());
}

type Hostile = (&'static str, Guest, FaultKind);

/// Policies that take too much.
fn greedy() -> Vec<Hostile> {
    let endless = |body: &str| format!("(loop $on {body} (br $on)) unreachable");
    let flood = endless("(call $log (i32.const 3) (i32.const 1024) (i32.const 4))");
    let grow = endless("(br_if $on (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))");
    let deep = Guest {
        functions: "(func $deep (param i64) (result i64)
            (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))",
        ..choosing("(drop (call $deep (i64.const 1))) unreachable")
    };
    let calls = endless("(drop (call $random))");
    let line = "(call $log (i32.const 3) (i32.const 0) (i32.const 60000)) unreachable";
    vec![
        ("endless loop", choosing(endless("")), FaultKind::OutOfFuel),
        ("memory", choosing(grow), FaultKind::Memory),
        ("recursion", deep, FaultKind::Trap),
        ("calls", choosing(calls), FaultKind::Calls),
        ("log flood", choosing(flood), FaultKind::Calls),
        ("long log line", choosing(line), FaultKind::Trap),
    ]
}

/// Policies that break the contract.
fn wrong() -> Vec<Hostile> {
    let by_zero = "(i32.div_u (i32.const 1) (i32.const 0))";
    let no_table = "(call $look_up (i32.const 0) (i32.const 128)) unreachable";
    let late_table =
        "(drop (call $table (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) unreachable";
    let counter = "(drop (call $count (i32.const 16) (i64.const 1))) unreachable";
    let index = |index| choosing(answer(1, index));
    let status = |status| choosing(answer(2, status));
    vec![
        ("trap", choosing("unreachable"), FaultKind::Trap),
        (
            "address",
            choosing("(i32.load (i32.const -8))"),
            FaultKind::Trap,
        ),
        ("division by zero", choosing(by_zero), FaultKind::Trap),
        ("counter 16", choosing(counter), FaultKind::Trap),
        ("no table", choosing(no_table), FaultKind::Trap),
        ("late table", choosing(late_table), FaultKind::Trap),
        ("unknown case", choosing(answer(9, 0)), FaultKind::Trap),
        (
            "result elsewhere",
            choosing("(i32.const -4)"),
            FaultKind::Trap,
        ),
        ("index", index(3), FaultKind::BadIndex),
        ("largest index", index(u32::MAX), FaultKind::BadIndex),
        ("status 200", status(200), FaultKind::BadStatus),
        ("status 600", status(600), FaultKind::BadStatus),
    ]
}

#[test]
pub(super) fn whatever_a_policy_does_is_a_counted_fault() {
    for (name, guest, kind) in greedy().into_iter().chain(wrong()) {
        let mut settings = settings();
        if name == "recursion" {
            // The interpreter has more stack than the usual fuel can use.
            settings.fuel = 1_000_000;
        }
        let policy = policy_with(&guest, settings);
        for _ in 0..20 {
            assert_eq!(ask(&policy), fault(kind), "{name}");
            assert_eq!(policy.idle(), 0, "{name}: the instance is thrown away");
        }
        assert_eq!(policy.slot().unwrap().faults(kind), 20, "{name}");
        assert_eq!(policy.slot().unwrap().decisions(), 0, "{name}");
    }
}

#[test]
fn on_fault_reject_gives_the_client_503() {
    let settings = PolicySettings {
        on_fault: OnFault::Reject,
        max_faults: 1,
        ..settings()
    };
    let policy = policy_with(&choosing("unreachable"), settings);
    let expected = Answer::Fault {
        kind: FaultKind::Trap,
        reject: true,
    };
    assert_eq!(ask(&policy), expected);
    let off = |seconds| Answer::Off {
        reject: Some(seconds),
    };
    let at = |millis| ask_at(&policy, None, after(millis), &Lines::default());
    assert_eq!([0, 1, 1_000, 29_999].map(at), [30, 30, 29, 1].map(off));
}

#[test]
fn a_policy_that_keeps_failing_is_off_and_tried_again() {
    let settings = PolicySettings {
        max_faults: 3,
        ..settings()
    };
    // Fails until its counter 0 reads 5.
    let choose = format!(
        "(if (i64.lt_u (call $count (i32.const 0) (i64.const 1)) (i64.const 5)) (then unreachable)) {}",
        answer(1, 1)
    );
    let policy = policy_with(&choosing(choose), settings);
    let lines = Lines::default();
    let at = |now| ask_at(&policy, None, now, &lines);
    let off = Answer::Off { reject: None };
    assert_eq!(
        [at(T0), at(T0), at(T0), at(T0)],
        [
            fault(FaultKind::Trap),
            fault(FaultKind::Trap),
            fault(FaultKind::Trap),
            off
        ]
    );
    assert_eq!(
        [at(after(30_000)), at(after(30_001))],
        [fault(FaultKind::Trap), off]
    );
    assert_eq!([at(after(60_000)), at(after(60_001))], [worker(1); 2]);
    assert_eq!(policy.slot().unwrap().skipped.load(Relaxed), 2);
    assert_eq!(policy.slot().unwrap().switched_off.load(Relaxed), 1);
    let all = lines.all();
    assert_eq!(all.len(), 3, "one line a second: {all:?}");
    assert!(
        all[1].ends_with("3 faults in a row, it is off for 30 s"),
        "{all:?}"
    );
}

#[test]
fn a_shadow_only_watches() {
    let shadow = PolicySettings {
        mode: Mode::Shadow,
        on_fault: OnFault::Reject,
        max_faults: 1,
        ..settings()
    };
    let watching = policy_with(&choosing(answer(1, 2)), shadow);
    assert_eq!(
        ask(&watching),
        Answer::Shadow(Some(Decision::Worker(2).into()))
    );
    watching.compare(Decision::Worker(2), Some(2));
    watching.compare(Decision::Worker(2), Some(1));
    watching.compare(Decision::Worker(2), None);
    watching.compare(Decision::Builtin, Some(1));
    watching.compare(Decision::Reject(400), None);
    let slot = watching.slot().unwrap();
    let counts = (
        slot.shadow_same.load(Relaxed),
        slot.shadow_other.load(Relaxed),
    );
    assert_eq!(counts, (2, 3));
    let failing = policy_with(&choosing("unreachable"), shadow);
    assert_eq!([ask(&failing), ask(&failing)], [Answer::Shadow(None); 2]);
    assert_eq!(failing.slot().unwrap().faults(FaultKind::Trap), 1);
}

#[test]
fn lines_of_a_policy_are_cut_and_limited() {
    let choose = format!(
        "(call $log (i32.const 2) (i32.const 1024) (i32.const 5))
         (call $log (i32.const 4) (i32.const 4096) (i32.const 3000)) {}",
        answer(0, 0)
    );
    let guest = Guest {
        data: "a\\nb\\1bc",
        ..choosing(choose)
    };
    let policy = policy(&guest);
    let lines = Lines::default();
    for _ in 0..8 {
        ask_at(&policy, None, T0, &lines);
    }
    let all = lines.all();
    assert_eq!(all.len(), 10);
    assert_eq!(
        all[0], "info policy p: a b c",
        "control characters are gone"
    );
    assert_eq!(all[1].len(), "error policy p: ".len() + 1024);
    assert_eq!(policy.slot().unwrap().lines_dropped.load(Relaxed), 6);
    ask_at(&policy, None, after(1000), &lines);
    assert_eq!(lines.all().len(), 12, "a new second");
}

#[test]
fn lines_that_nobody_sees_take_none_of_the_budget() {
    let debug = "(call $log (i32.const 1) (i32.const 1024) (i32.const 5))".repeat(12);
    let choose = format!(
        "{debug} (call $log (i32.const 2) (i32.const 1024) (i32.const 5)) {}",
        answer(0, 0)
    );
    let policy = policy(&choosing(choose));
    let lines = Lines::default();
    ask_at(&policy, None, T0, &lines);
    assert_eq!(lines.all().len(), 1, "{:?}", lines.all());
    assert_eq!(policy.slot().unwrap().lines_dropped.load(Relaxed), 0);
}

#[test]
fn faults_that_nobody_sees_do_not_use_up_the_limit() {
    let policy = policy(&choosing("unreachable"));
    let quiet = Lines::from(Level::Error);
    ask_at(&policy, None, T0, &quiet);
    let lines = Lines::default();
    ask_at(&policy, None, T0, &lines);
    assert_eq!((quiet.all().len(), lines.all().len()), (0, 1));
}

#[test]
fn a_flood_with_changing_digits_is_limited() {
    // The text is another one each time: a counter stands in it.
    let choose = format!(
        "(i32.store8 (i32.const 1024) (i32.add (i32.const 48) (i32.wrap_i64
           (i64.rem_u (call $count (i32.const 0) (i64.const 1)) (i64.const 10)))))
         (call $log (i32.const 3) (i32.const 1024) (i32.const 5)) {}",
        answer(0, 0)
    );
    let guest = Guest {
        data: "0 ms.",
        ..choosing(choose)
    };
    let (policy, lines) = (policy(&guest), Lines::default());
    for turn in 0..500 {
        ask_at(&policy, None, after(990 + turn % 20), &lines);
    }
    assert!(lines.all().len() <= 20, "{}", lines.all().len());
}

#[test]
fn an_instance_keeps_its_state_and_the_pool_its_size() {
    // Worker(number of earlier decisions).
    let choose = "(i32.store8 (i32.const 32) (i32.const 1))
        (i32.store (i32.const 36) (global.get $seen))
        (global.set $seen (i32.add (global.get $seen) (i32.const 1))) (i32.const 32)";
    let policy = policy(&choosing(choose));
    assert_eq!(
        [ask(&policy), ask(&policy), ask(&policy)],
        [worker(0), worker(1), worker(2)]
    );
    assert_eq!(ask(&policy), fault(FaultKind::BadIndex));
    assert_eq!(ask(&policy), worker(0), "a new instance");
    assert_eq!(policy.idle(), 1);
}

#[test]
pub(super) fn instances_are_used_by_many_threads() {
    let choose = format!(
        "(drop (call $count (i32.const 3) (i64.const 1))) {}",
        answer(1, 1)
    );
    let policy = policy(&choosing(choose));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| assert_eq!(ask(&policy), worker(1))));
        }
    });
    assert_eq!(policy.slot().unwrap().counters()[3], 800);
    assert!((1..=2).contains(&policy.idle()));
}

#[test]
fn two_instances_do_not_draw_the_same_numbers() {
    let choose = format!(
        "(drop (call $count (i32.const 0) (call $random))) {}",
        answer(0, 0)
    );
    let compiled = compile(&choosing(choose), settings());
    let draw = || {
        let policy = at_work(compiled.clone());
        ask(&policy);
        policy.slot().unwrap().counters()[0]
    };
    let (first, second) = (draw(), draw());
    assert_ne!(first, second);
}

#[test]
pub(super) fn an_observer_hears_of_responses() {
    let guest = Guest {
        observe: Some(
            "(drop (call $count (local.get $member) (local.get $head)))
             (drop (call $count (i32.const 15) (i64.extend_i32_u (local.get $status))))
             (drop (call $count (i32.const 14) (local.get $bytes)))",
        ),
        ..Guest::default()
    };
    let policy = policy(&guest);
    policy.observe(&observation(), T0, &NoLog);
    let counters = policy.slot().unwrap().counters();
    assert_eq!((counters[1], counters[15], counters[14]), (1500, 204, 77));
    let unknown = Observation {
        index: 16,
        ..observation()
    };
    policy.observe(&unknown, T0, &NoLog);
    let slot = policy.slot().unwrap();
    let counts = (
        slot.observed.load(Relaxed),
        slot.observer_faults.load(Relaxed),
        slot.faults(FaultKind::Trap),
    );
    assert_eq!(counts, (1, 1, 0), "its faults count apart");
}

#[test]
fn faults_of_decisions_and_of_the_observer_are_said_apart() {
    let guest = Guest {
        observe: Some("unreachable"),
        ..choosing("unreachable")
    };
    let (policy, lines) = (policy(&guest), Lines::default());
    for _ in 0..2 {
        ask_at(&policy, None, T0, &lines);
        policy.observe(&observation(), T0, &lines);
    }
    let all = lines.all();
    assert_eq!(all.len(), 2, "one of each in a second: {all:?}");
    assert!(all[0].contains("the built-in rules decide"), "{all:?}");
    assert!(all[1].contains("decisions go on"), "{all:?}");
}

#[test]
fn an_observer_that_keeps_failing_is_switched_off_alone() {
    let guest = Guest {
        observe: Some("unreachable"),
        ..choosing(answer(1, 1))
    };
    let settings = PolicySettings {
        max_faults: 3,
        ..settings()
    };
    let (policy, lines) = (policy_with(&guest, settings), Lines::default());
    for _ in 0..5 {
        assert_eq!(ask_at(&policy, None, T0, &lines), worker(1));
        policy.observe(&observation(), T0, &lines);
    }
    let slot = policy.slot().unwrap();
    let counts = || {
        let counters = [
            &slot.observer_faults,
            &slot.observer_switched_off,
            &slot.observer_skipped,
            &slot.switched_off,
        ];
        counters.map(|counter| counter.load(Relaxed))
    };
    assert_eq!(counts(), [3, 1, 2, 0]);
    let all = lines.all();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].contains("its observer is off for 30 s"), "{all:?}");
    policy.observe(&observation(), after(30_000), &lines);
    policy.observe(&observation(), after(30_001), &lines);
    assert_eq!(counts(), [4, 1, 3, 0], "one trial");
}

#[test]
fn a_policy_that_is_switched_off_still_hears_of_responses() {
    let guest = Guest {
        observe: Some("(nop)"),
        ..choosing("unreachable")
    };
    let settings = PolicySettings {
        max_faults: 1,
        ..settings()
    };
    let policy = policy_with(&guest, settings);
    ask(&policy);
    assert_eq!(ask(&policy), Answer::Off { reject: None });
    policy.observe(&observation(), T0, &NoLog);
    assert_eq!(policy.slot().unwrap().observed.load(Relaxed), 1);
}

fn observation() -> Observation {
    Observation {
        index: 1,
        ended: Ended::Ok,
        status: 204,
        attempt: 1,
        decided: true,
        token: 0,
        head: Duration::from_micros(1500),
        total: Duration::from_micros(1600),
        body: 77,
    }
}

#[test]
pub(super) fn fuel_is_for_each_decision() {
    // A loop of 20,000 rounds: cheap enough once, not for the default fuel ten times over.
    let choose = format!(
        "(local $left i32) (local.set $left (i32.const 20000))
         (loop $on (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $on (local.get $left))) {}",
        answer(1, 0)
    );
    let policy_ = policy(&choosing(choose.clone()));
    assert!((0..20).all(|_| ask(&policy_) == worker(0)));
    let tight = PolicySettings {
        fuel: 20_000,
        ..settings()
    };
    assert_eq!(
        ask(&policy_with(&choosing(choose), tight)),
        fault(FaultKind::OutOfFuel)
    );
}
