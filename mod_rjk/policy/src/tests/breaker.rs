//! A policy that is switched off, in two children that share its record.

use super::support::*;
use crate::{Ample, Policy};
use rjk_balance::*;
use rjk_config::toml::PolicySettings;
use rjk_guest::*;
use rjk_log::{Log, NoLog};
use std::sync::atomic::Ordering::Relaxed;

/// Two children; `choose` and `observe` fail each time that the condition holds for the policy's counter 0.
fn children(condition: &str, max_faults: u32) -> [Policy; 2] {
    let fails = format!(
        "(if {} (then unreachable))",
        condition.replace("COUNT", "(call $count (i32.const 0) (i64.const 1))")
    );
    let guest = Guest {
        observe: Some("(nop)"),
        ..choosing(format!("{fails} {}", answer(1, 1)))
    };
    let settings = PolicySettings {
        max_faults,
        ..settings()
    };
    let compiled = compile(&guest, settings);
    let state = compiled.leaked_state();
    let child = || Policy::new(compile(&guest, settings), 2, state, &Ample);
    [child(), child()]
}

const ODD: &str = "(i32.wrap_i64 (i64.and COUNT (i64.const 1)))";
const ALWAYS: &str = "(i64.ne COUNT (i64.const 0))";
const OFF: Answer = Answer::Off { reject: None };

/// 200 decisions in turn; how many were faults before it was off.
fn faults_of_200(children: &[Policy; 2], log: &dyn Log) -> usize {
    let answers = (0..200).map(|number| ask_at(&children[number / 2 % 2], None, T0, log));
    let answers: Vec<Answer> = answers.collect();
    answers
        .iter()
        .filter(|answer| **answer == fault(FaultKind::Trap))
        .count()
}

#[test]
fn what_fails_every_other_time_is_switched_off_and_says_how_often() {
    let children = children(ODD, 5);
    let lines = Lines::default();
    assert_eq!(faults_of_200(&children, &lines), 10);
    let slot = children[0].slot().unwrap();
    let counts = [&slot.workers, &slot.skipped, &slot.switched_off];
    assert_eq!(counts.map(|counter| counter.load(Relaxed)), [9, 181, 1]);
    let all = lines.all();
    let last = "10 of its latest 19 calls failed, it is off for 30 s";
    assert!(
        all.last().is_some_and(|line| line.ends_with(last)),
        "{all:?}"
    );
}

#[test]
fn max_faults_0_never_switches_off() {
    assert_eq!(faults_of_200(&children(ODD, 0), &NoLog), 100);
    assert_eq!(faults_of_200(&children(ALWAYS, 0), &NoLog), 200);
}

#[test]
fn what_fails_in_one_child_is_off_in_all_and_one_of_them_tries_it() {
    let [here, there] = children(ALWAYS, 3);
    let at = |child: &Policy, millis| ask_at(child, None, after(millis), &NoLog);
    let trap = fault(FaultKind::Trap);
    assert_eq!([at(&here, 0), at(&there, 0), at(&here, 0)], [trap; 3]);
    assert_eq!([at(&here, 1), at(&there, 1)], [OFF; 2]);
    assert_eq!(
        [at(&there, 30_000), at(&here, 30_000)],
        [trap, OFF],
        "one trial"
    );
    assert_eq!([at(&here, 60_000), at(&there, 60_000)], [trap, OFF]);
    assert_eq!(here.slot().unwrap().switched_off.load(Relaxed), 1);
}
