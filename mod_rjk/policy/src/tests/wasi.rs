//! What a runtime gets when it asks WASI, and what it does not get.

use super::support::*;
use crate::LoadError;
use rjk_balance::*;
use rjk_guest::*;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Interfaces of WASI, cut down, and what a guest imports of them.
const PACKAGES: &str = include_str!("wasi/wasi.wit");
const IMPORTS: &str = include_str!("wasi/imports.wat");
const INTERFACES: [&str; 10] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:random/random",
    "wasi:random/insecure-seed",
];
const VERSION: &str = "0.2.3";

/// A guest that may call WASI of this version.
fn guest_of(version: &str, choose: impl Into<String>) -> Guest {
    let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut world = String::new();
    for interface in INTERFACES {
        write!(world, "import {interface}@{version}; ").unwrap();
    }
    Guest {
        package: Some((keep(PACKAGES.replace(VERSION, version)), keep(world))),
        imports: keep(IMPORTS.replace(VERSION, version)),
        ..choosing(choose)
    }
}

fn guest(choose: impl Into<String>) -> Guest {
    guest_of(VERSION, choose)
}

/// Chooses member 1 when the condition holds, else member 2.
fn whether(before: &str, condition: &str) -> String {
    format!(
        "(local $stream i32) {before}
         (i32.store8 (i32.const 32) (i32.const 1))
         (i32.store (i32.const 36) (select (i32.const 1) (i32.const 2) {condition}))
         (i32.const 32)"
    )
}

/// What the log says when a guest does this.
fn faults_with(choose: &str, kind: FaultKind) -> String {
    let lines = Lines::default();
    let policy = policy(&guest(format!("{choose} unreachable")));
    assert_eq!(ask_at(&policy, None, T0, &lines), fault(kind), "{choose}");
    lines.all().join("\n")
}

#[test]
fn clocks_are_those_of_the_contract() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = since.as_secs();
    let wall = whether(
        "(call $wall_now (i32.const 128))",
        &format!(
            "(i32.and (i64.lt_u (i64.sub (i64.load (i32.const 128)) (i64.const {seconds})) (i64.const 60))
              (i32.eqz (i32.rem_u (i32.load (i32.const 136)) (i32.const 1000000))))"
        ),
    );
    assert_eq!(ask(&policy(&guest(wall))), worker(1), "to the millisecond");
    let monotonic = whether(
        "(i64.store (i32.const 128) (call $monotonic_now))
         (i64.store (i32.const 136) (call $monotonic_now))",
        "(i32.and (i64.le_u (i64.load (i32.const 128)) (i64.load (i32.const 136)))
          (i64.eqz (i64.rem_u (i64.load (i32.const 128)) (call $monotonic_resolution))))",
    );
    assert_eq!(
        ask(&policy(&guest(monotonic))),
        worker(1),
        "to the microsecond"
    );
}

#[test]
fn there_is_no_environment_and_no_folder() {
    for list in ["$environment", "$arguments", "$folders"] {
        let empty = whether(
            &format!("(i32.store (i32.const 132) (i32.const 7)) (call {list} (i32.const 128))"),
            "(i32.eqz (i32.load (i32.const 132)))",
        );
        assert_eq!(ask(&policy(&guest(empty))), worker(1), "{list}");
    }
}

#[test]
fn random_bytes_differ_and_are_as_many_as_asked_for() {
    let random = whether(
        "(call $random_bytes (i64.const 11) (i32.const 128))
         (call $random_bytes (i64.const 11) (i32.const 136))",
        "(i32.and (i32.eq (i32.load (i32.const 132)) (i32.const 11))
          (i64.ne (i64.load (i32.load (i32.const 128))) (i64.load (i32.load (i32.const 136)))))",
    );
    assert_eq!(ask(&policy(&guest(random))), worker(1));
    let seed = whether(
        "(call $seed (i32.const 128))",
        "(i64.ne (i64.load (i32.const 128)) (i64.load (i32.const 136)))",
    );
    assert_eq!(ask(&policy(&guest(seed))), worker(1));
}

#[test]
fn random_bytes_are_of_the_budget_for_copies() {
    for bytes in [(256_u64 << 10) + 1, 1 << 30, u64::MAX] {
        let call = format!(
            "(call $random_bytes (i64.const {}) (i32.const 128))",
            bytes.cast_signed()
        );
        let said = faults_with(&call, FaultKind::Memory);
        assert!(said.contains("more than 256 KiB"), "{said}");
    }
}

#[test]
fn what_is_written_goes_to_the_log_in_lines() {
    let choose = format!(
        "(local $stream i32) (local.set $stream (call $stderr))
         (call $write (local.get $stream) (i32.const 1024) (i32.const 9) (i32.const 128))
         (call $write (local.get $stream) (i32.const 1033) (i32.const 4) (i32.const 128))
         (call $write_and_flush (call $stdout) (i32.const 1037) (i32.const 3) (i32.const 128)) {}",
        answer(0, 0)
    );
    let policy = policy(&Guest {
        data: "one\\n\\ntwo t\\07o\\nup\\n",
        ..guest(choose)
    });
    let lines = Lines::default();
    assert_eq!(ask_at(&policy, None, T0, &lines), builtin());
    assert_eq!(
        lines.all(),
        [
            "warn policy p: one",
            "warn policy p: two t o",
            "info policy p: up"
        ]
    );
}

#[test]
fn a_line_without_an_end_takes_no_more_than_a_line() {
    let repeated = "(loop $on
        (call $write (local.get $stream) (i32.const 1024) (i32.const 4096) (i32.const 128))
        (br_if $on (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
    let choose = format!(
        "(local $stream i32) (local $left i32) (local.set $left (i32.const 50))
         (local.set $stream (call $stderr))
         (memory.fill (i32.const 1024) (i32.const 97) (i32.const 4096)) {repeated}
         (i32.store8 (i32.const 1024) (i32.const 10))
         (call $write (local.get $stream) (i32.const 1024) (i32.const 1) (i32.const 128)) {}",
        answer(0, 0)
    );
    let policy = policy(&guest(choose));
    let lines = Lines::default();
    assert_eq!(ask_at(&policy, None, T0, &lines), builtin());
    assert_eq!(
        lines.all(),
        [format!("warn policy p: {}", "a".repeat(1024))]
    );
}

#[test]
fn each_line_counts_as_a_call() {
    // Two bytes a line: `a` and its end.
    let writing = |lines: u32| {
        guest(format!(
            "(local $stream i32) (local $at i32) (local.set $stream (call $stderr))
             (loop $on
               (i32.store16 (i32.add (i32.const 1024) (local.get $at)) (i32.const 0x0a61))
               (local.set $at (i32.add (local.get $at) (i32.const 2)))
               (br_if $on (i32.lt_u (local.get $at) (i32.const {}))))
             (call $write (local.get $stream) (i32.const 1024) (local.get $at) (i32.const 128)) {}",
            2 * lines,
            answer(1, 1)
        ))
    };
    // The stream was a call, too.
    assert_eq!(ask(&policy(&writing(63))), worker(1));
    assert_eq!(ask(&policy(&writing(64))), fault(FaultKind::Calls));
    assert_eq!(ask(&policy(&writing(8000))), fault(FaultKind::Calls));
}

#[test]
fn there_is_nothing_to_read() {
    // An error of the case `closed`.
    let closed = whether(
        "(call $read (call $stdin) (i64.const 100) (i32.const 128))",
        "(i32.and (i32.load8_u (i32.const 128)) (i32.load8_u (i32.const 132)))",
    );
    assert_eq!(ask(&policy(&guest(closed))), worker(1));
}

#[test]
fn configure_and_the_start_may_ask_too() {
    let mut guest = guest(answer(1, 1));
    guest.configure = "(call $write (call $stderr) (i32.const 1024) (i32.const 6) (i32.const 128))
        (i32.store (i32.const 64) (i32.const 0)) (i32.const 64)";
    guest.data = "ready\\n";
    guest.functions = r#"(func (export "_initialize")
        (drop (call $monotonic_now))
        (call $environment (i32.const 128)))"#;
    let lines = Lines::default();
    let code = load(&guest.component()).unwrap();
    let setup = crate::Setup {
        name: "p",
        settings: settings(),
        config: "{}",
        trace: None,
    };
    let compiled = crate::configure(&code, &setup, &three_members(), &lines).unwrap();
    assert_eq!(lines.all(), ["warn policy p: ready"]);
    assert_eq!(ask(&at_work(compiled)), worker(1));
}

#[test]
fn what_would_be_a_capability_ends_the_call_by_name() {
    let cases = [
        ("(call $exit (i32.const 0))", "wasi:cli/exit@0.2.3#exit"),
        (
            "(drop (call $subscribe (i64.const 0)))",
            "wasi:clocks/monotonic-clock@0.2.3#subscribe-instant",
        ),
    ];
    for (call, name) in cases {
        let said = faults_with(call, FaultKind::Trap);
        let expected = format!("called {name}, which policies do not have");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn calls_of_wasi_count() {
    let repeated = |times: u32| {
        format!(
            "(local $left i32) (local.set $left (i32.const {times}))
             (loop $on (drop (call $monotonic_now))
               (br_if $on (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) {}",
            answer(1, 1)
        )
    };
    let (enough, more) = (policy(&guest(repeated(64))), policy(&guest(repeated(65))));
    for _ in 0..3 {
        assert_eq!(ask(&enough), worker(1));
    }
    assert_eq!(ask(&more), fault(FaultKind::Calls));
}

#[test]
fn streams_that_are_never_given_back_have_a_limit() {
    let hoard = format!(
        "(local $left i32) (local.set $left (i32.const 60))
         (loop $on (drop (call $stderr))
           (br_if $on (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) {}",
        answer(1, 1)
    );
    let policy = policy(&guest(hoard));
    let faults = (0..40)
        .filter(|_| ask(&policy) == fault(FaultKind::Trap))
        .count();
    assert_eq!(faults, 2, "after each 1000 handles");
}

#[test]
fn each_version_of_0_2_is_answered_and_no_other() {
    let now = format!("(drop (call $monotonic_now)) {}", answer(1, 1));
    for version in ["0.2.0", "0.2.6", "0.2.12", "0.2.999"] {
        assert_eq!(
            ask(&policy(&guest_of(version, now.clone()))),
            worker(1),
            "{version}"
        );
    }
    let policy = policy(&guest_of("0.3.0", now));
    let lines = Lines::default();
    assert_eq!(ask_at(&policy, None, T0, &lines), fault(FaultKind::Trap));
    let said = lines.all().join("\n");
    assert!(
        said.contains("called wasi:clocks/monotonic-clock@0.3.0#now"),
        "{said}"
    );
}

#[test]
fn a_name_of_wasi_with_another_type_does_not_fit() {
    let guest = Guest {
        package: Some((
            "package wasi:clocks@0.2.3; interface monotonic-clock { now: func() -> string; }",
            "import wasi:clocks/monotonic-clock@0.2.3;",
        )),
        imports: r#"(import "wasi:clocks/monotonic-clock@0.2.3" "now" (func (param i32)))"#,
        ..Guest::default()
    };
    let got = refused(&guest.component());
    assert!(
        matches!(&got, LoadError::Mismatch(text) if text.contains("monotonic-clock")),
        "{got}"
    );
}
