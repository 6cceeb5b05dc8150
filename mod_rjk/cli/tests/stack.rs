//! The command works with any `ulimit -s`.
#![allow(clippy::unwrap_used, reason = "a test")]

use rjk_guest::{Guest, choosing};
use std::process::Command;

/// What `rjk policy VERB` says of a guest where a process may have that many KiB of stack.
fn said(limit: u32, verb: &[&str], guest: &Guest) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.wasm");
    std::fs::write(&file, guest.component()).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -s {limit}; exec \"$@\""), "sh"])
        .args([env!("CARGO_BIN_EXE_rjk"), "policy"])
        .args(verb)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.code().is_some(), "{:?}", output.status);
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_small_stack_is_enough_for_policies() {
    let deep = Guest {
        functions: "(func $deep (param i64) (result i64)
            (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))",
        ..choosing("(drop (call $deep (i64.const 1))) unreachable")
    };
    for limit in [128, 256] {
        let checked = said(limit, &["check", "--config", "{}"], &Guest::default());
        assert!(checked.contains("configure accepts"), "{limit}: {checked}");
        let fuel = ["bench", "--fuel", "100000000", "--decisions", "2"];
        let recursed = said(limit, &fuel, &deep);
        assert!(recursed.contains("in a fault: trap"), "{limit}: {recursed}");
    }
}
