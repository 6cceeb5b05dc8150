//! Every function of the contract: what it answers, and where it may be called.

use super::support::*;
use crate::Trace;
use crate::bench::{SampleRequest, membership};
use rjk_balance::*;
use rjk_guest::*;
use rjk_log::NoLog;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

/// Takes the member of this number, which is 32 bits.
fn worker_of(number: &str) -> String {
    format!(
        "(i32.store8 (i32.const 32) (i32.const 1))
         (i32.store (i32.const 36) {number})
         (i32.const 32)"
    )
}

/// The same of 64 bits.
fn worker_of_long(number: &str) -> String {
    worker_of(&format!("(i32.wrap_i64 {number})"))
}

/// The value of an option at 128 whose values lie at this offset; 99 for none.
fn some(call: &str, load: &str) -> String {
    format!(
        "{call} {}",
        worker_of(&format!(
            "(if (result i32) (i32.load8_u (i32.const 128)) (then {load}) (else (i32.const 99)))"
        ))
    )
}

/// What the policy answers with all members of 0 to 99 as candidates.
fn number(guest: &Guest) -> usize {
    let policy = policy(guest);
    match ask_all(&policy, &members_100()) {
        Answer::Decided(Verdict {
            decision: Decision::Worker(index),
            ..
        }) => index,
        other => panic!("{other:?}"),
    }
}

fn members_100() -> Vec<Candidate> {
    let mut all: Vec<Candidate> = (0..100).map(Candidate::new).collect();
    all[2] = all[2].with(Metric::Busy, 42).with(Metric::Weight, 7);
    all
}

fn request() -> SampleRequest {
    SampleRequest {
        path: "/a/b/c".into(),
        headers: vec![("X-Tenant".into(), "blue".into())],
        cookies: vec![("tenant".into(), "grey".into())],
        ..SampleRequest::default()
    }
}

fn ask_all(policy: &crate::Policy, candidates: &Vec<Candidate>) -> Answer {
    policy.decide(&question(&request(), candidates, &three_members()))
}

fn question<'a>(
    request: &'a SampleRequest,
    candidates: &'a Vec<Candidate>,
    membership: &'a Arc<Membership>,
) -> Question<'a> {
    Question {
        request,
        sticky: None,
        candidates,
        attempt: 3,
        tried: &[Tried {
            index: 5,
            ended: Ended::Broken,
        }],
        membership,
        now: T0,
        log: &NoLog,
    }
}

#[test]
fn members_answer() {
    let tried = |offset: u32| {
        format!(
            "(call $tried (i32.const 128)) {}",
            worker_of(&format!(
                "(i32.load offset={offset} (i32.load (i32.const 128)))"
            ))
        )
    };
    for (choose, expected) in [
        (
            worker_of_long("(call $value (i32.const 2) (i32.const 3))"),
            42,
        ),
        (
            worker_of_long("(call $value (i32.const 2) (i32.const 12))"),
            7,
        ),
        (
            worker_of_long("(call $value (i32.const 2) (i32.const 999))"),
            0,
        ),
        (worker_of("(call $knows (i32.const 16))"), 1),
        (worker_of("(call $knows (i32.const 17))"), 0),
        (worker_of("(call $attempt)"), 3),
        (tried(0), 5),
        (tried(4), 7),
        (
            some(
                "(call $builtin_choice (i32.const 128))",
                "(i32.load (i32.const 132))",
            ),
            0,
        ),
    ] {
        assert_eq!(number(&choosing(choose.clone())), expected, "{choose}");
    }
}

/// A guest with one source, whose name is the text.
fn with_source(kind: u32, name: &'static str, choose: String) -> Guest {
    let configure = format!(
        "(drop (call $source (i32.const {kind}) (i32.const 1024) (i32.const {})))
         (i32.const 64)",
        name.len()
    );
    Guest {
        configure: configure.leak(),
        data: name,
        ..choosing(choose)
    }
}

#[test]
fn sources_are_read_and_hashed() {
    let length = || {
        some(
            "(call $text (i32.const 0) (i32.const 128))",
            "(i32.load (i32.const 136))",
        )
    };
    for (kind, name, expected) in [
        (0, "x-tenant", 4),
        (0, "x-nobody", 99),
        (1, "tenant", 4),
        (1, "Tenant", 99),
        (2, "q", 99),
        (3, "", 6),
        (4, "1", 2),
        (5, "", 3),
        (6, "", 9),
        (7, "", 11),
    ] {
        let got = number(&with_source(kind, name, length()));
        assert_eq!(got, expected, "{kind} {name}");
    }
    // XXH64 of "blue" with the seed 7, by its specification.
    let hash = xxhash_rust::xxh64::xxh64(b"blue", 7) % 90;
    let choose = some(
        "(call $hash (i32.const 0) (i64.const 7) (i32.const 128))",
        "(i32.wrap_i64 (i64.rem_u (i64.load (i32.const 136)) (i64.const 90)))",
    );
    assert_eq!(
        number(&with_source(0, "x-tenant", choose)),
        usize::try_from(hash).unwrap()
    );
    assert_eq!(
        xxhash_rust::xxh64::xxh64(b"", 0),
        0xef46_db37_51d8_e999,
        "known answer of the specification"
    );
}

#[test]
fn what_is_asked_too_late_or_too_early_is_a_fault() {
    let decides = answer(0, 0);
    for call in [
        "(drop (call $source (i32.const 3) (i32.const 0) (i32.const 0)))",
        "(drop (call $table (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(call $reserve (i32.const 1) (i32.const 1))",
        "(call $text (i32.const 0) (i32.const 128))",
        "(drop (call $value (i32.const 100) (i32.const 3)))",
        "(drop (call $value (i32.const 100) (i32.const 999)))",
        "(drop (call $load (i32.const 0) (i32.const 0) (i32.const 0)))",
    ] {
        let policy = policy(&choosing(format!("{call} {decides}")));
        assert_eq!(
            ask_all(&policy, &members_100()),
            fault(FaultKind::Trap),
            "{call}"
        );
    }
    for call in [
        "(call $token (i64.const 1))",
        "(call $label (i32.const 0) (i32.const 0))",
        "(call $retry_after (i32.const 1))",
        "(call $builtin_choice (i32.const 128))",
        "(drop (call $attempt))",
        "(drop (call $count (i32.const 0) (i64.const 1)))",
        "(drop (call $load (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(drop (call $tls))",
    ] {
        let configure =
            format!("(call $reserve (i32.const 9) (i32.const 9)) {call} (i32.const 64)");
        let guest = Guest {
            configure: configure.leak(),
            ..Guest::default()
        };
        assert!(
            matches!(refused(&guest.component()), crate::LoadError::Fault(_)),
            "{call}"
        );
    }
}

#[test]
fn notes_come_with_the_decision_and_end_with_it() {
    // Notes only for the first decision of the instance.
    let choose = format!(
        "(if (i32.eqz (global.get $seen)) (then
           (call $token (i64.const 1)) (call $token (i64.const 77))
           (call $label (i32.const 1024) (i32.const 4))
           (call $retry_after (i32.const 30))))
         (global.set $seen (i32.const 1)) {}",
        answer(2, 429)
    );
    let guest = Guest {
        data: "gold",
        ..choosing(choose)
    };
    let policy = policy(&guest);
    let with_notes = Verdict {
        decision: Decision::Reject(429),
        token: 77,
        label: Label::new("gold"),
        retry_after: Some(30),
    };
    let all = members_100();
    assert_eq!(ask_all(&policy, &all), Answer::Decided(with_notes));
    let plain = Answer::Decided(Decision::Reject(429).into());
    assert_eq!(ask_all(&policy, &all), plain);
}

/// A guest with a store of so many cells.
fn with_store(cells: u32, member_cells: u32, choose: String) -> Guest {
    let configure =
        format!("(call $reserve (i32.const {cells}) (i32.const {member_cells})) (i32.const 64)");
    Guest {
        configure: configure.leak(),
        ..choosing(choose)
    }
}

#[test]
fn instances_share_one_store() {
    // Two adds to a cell of member 2 for each decision, and one to a cell of the balancer.
    let choose = format!(
        "(drop (call $add (i32.const 1) (i32.const 2) (i32.const 1) (i64.const 1)))
         (drop (call $add (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 1)))
         {}",
        worker_of_long("(call $add (i32.const 1) (i32.const 2) (i32.const 1) (i64.const 1))")
    );
    let compiled = compile(&with_store(1, 2, choose), settings());
    let size = compiled.store_size();
    assert_eq!((size.cells, size.member_cells), (1, 2));
    let state = compiled.leaked_state();
    let child = || crate::Policy::new(compiled.clone(), 1, state, &crate::Ample);
    let (one, other) = (child(), child());
    let all = members_100();
    for (policy, expected) in [(&one, 2), (&other, 4), (&one, 6)] {
        assert_eq!(ask_all(policy, &all), worker(expected));
    }
    let place = |member, cell| state.load(size.place(member, cell).unwrap()).unwrap();
    assert_eq!(
        (place(Some(2), 1), place(Some(2), 0), place(None, 0)),
        (6, 0, 3)
    );
}

#[test]
fn a_store_has_its_bounds() {
    let decides = answer(0, 0);
    for (cells, member_cells) in [(8193, 0), (0, 8193), (u32::MAX, u32::MAX), (8191, 1)] {
        let got = refused(&with_store(cells, member_cells, decides.clone()).component());
        assert!(
            matches!(&got, crate::LoadError::Fault(fault) if fault.kind == FaultKind::Memory),
            "{cells} {member_cells}: {got}"
        );
    }
    compile(&with_store(8189, 1, decides.clone()), settings());
    let swap = "(call $compare_exchange (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 9))";
    let choose = format!("(drop {swap}) {}", worker_of_long(swap));
    assert_eq!(
        number(&with_store(1, 0, choose)),
        9,
        "it was not 0 any more"
    );
    for outside in [
        "(i32.const 0) (i32.const 0) (i32.const 1)",
        "(i32.const 1) (i32.const 3) (i32.const 0)",
    ] {
        let choose = format!("(drop (call $load {outside})) {decides}");
        let policy = policy(&with_store(1, 1, choose));
        assert_eq!(ask(&policy), fault(FaultKind::Trap), "{outside}");
    }
}

#[test]
fn a_policy_says_why_it_fails() {
    let guest = Guest {
        data: "panicked at src/lib.rs:7",
        ..choosing("(call $fail (i32.const 1024) (i32.const 24)) unreachable")
    };
    let (policy, lines) = (policy(&guest), Lines::default());
    assert_eq!(ask_at(&policy, None, T0, &lines), fault(FaultKind::Trap));
    assert_eq!(
        lines.all(),
        ["warn policy p: trap (panicked at src/lib.rs:7); the built-in rules decide"]
    );
}

#[test]
fn a_frequent_fault_does_not_hide_another() {
    // Bad index, but each third decision traps.
    let choose = format!(
        "(global.set $seen (i32.add (global.get $seen) (i32.const 1)))
         (if (i64.eqz (i64.rem_u (call $count (i32.const 0) (i64.const 1)) (i64.const 3)))
           (then unreachable)) {}",
        answer(1, 999)
    );
    let (policy, lines) = (policy(&choosing(choose)), Lines::default());
    for _ in 0..9 {
        ask_at(&policy, None, T0, &lines);
    }
    let all = lines.all();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0].contains("bad-index") && all[1].contains("trap"),
        "{all:?}"
    );
}

#[test]
fn a_changed_membership_makes_a_new_instance() {
    // Takes the member of as many as it was told of, less one; seen counts decisions of the instance.
    let guest = Guest {
        configure: "(global.set $seen (local.get $count)) (i32.const 64)",
        ..choosing(worker_of("(global.get $seen)"))
    };
    let policy = policy(&guest);
    let (request, all) = (request(), members_100());
    for names in [
        &["a", "b", "c"][..],
        &["a", "b"],
        &["a", "b"],
        &["a", "b", "x", "y"],
    ] {
        let membership = membership(names);
        let question = question(&request, &all, &membership);
        assert_eq!(policy.decide(&question), worker(names.len()), "{names:?}");
    }
}

#[test]
fn instances_can_be_made_before_the_first_request() {
    let compiled = compile(&Guest::default(), settings());
    let state = compiled.leaked_state();
    let policy = crate::Policy::new(compiled, 2, state, &crate::Ample);
    policy.prepare(std::time::Instant::now(), &NoLog, T0);
    assert_eq!(policy.idle(), 0, "no time");
    let later = std::time::Instant::now() + std::time::Duration::from_secs(60);
    policy.prepare(later, &NoLog, T0);
    assert_eq!(policy.idle(), 2, "the whole pool");
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Trace for Heard {
    fn host_call(&self, name: &'static str, arguments: &dyn Debug, answer: &dyn Debug) {
        let line = format!("{name} {arguments:?} -> {answer:?}");
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn tools_hear_of_each_call() {
    let guest = Guest {
        data: "x-tenant",
        ..choosing(format!(
            "(call $header (i32.const 1024) (i32.const 8) (i32.const 128))
             (drop (call $is_candidate (i32.const 7)))
             (drop (call $value (i32.const 100) (i32.const 3))) {}",
            answer(0, 0)
        ))
    };
    let (policy, heard) = (policy(&guest), Heard::default());
    let (request, all, membership) = (request(), members_100(), three_members());
    let trial = policy.try_choose(&question(&request, &all, &membership), &heard);
    assert!(trial.result.is_err() && trial.fuel > 0);
    let lines = heard.0.lock().unwrap().clone();
    let expected = [
        "request.header \"x-tenant\" -> Some(\"blue\")",
        "members.is-candidate 7 -> true",
        "members.value (100, 3) -> fault: asked about member 100; there is none at this position",
    ];
    assert_eq!(lines, expected);
    assert_eq!(policy.slot().unwrap().decisions(), 0, "nothing is counted");
}
