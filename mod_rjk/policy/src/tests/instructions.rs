//! Instructions of a decision, which no busy machine changes.
//!
//! `rjk policy bench --decisions N` runs under callgrind for two N; the difference is that of the
//! decisions alone. The guests are text of this repository, so that no other WebAssembly compiler
//! changes the count, and valgrind pretends to be one CPU, so that none but a very old one does.

use rjk_guest::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FEW: u64 = 1_000;
const MANY: u64 = 3_000;
const KNOWN: &str = include_str!("instructions.txt");
/// What `x-tenant: blue` selects with the header guest: worker 1; anything else is the built-in's.
const LOOK_UP: &str = "
    (call $header (i32.const 1024) (i32.const 8) (i32.const 128))
    (i32.store8 (i32.const 32) (i32.and (i32.and
        (i32.load8_u (i32.const 128)) (i32.eq (i32.load (i32.const 136)) (i32.const 4)))
        (i32.eq (i32.load (i32.load (i32.const 132))) (i32.const 0x65756c62))))
    (i32.store (i32.const 36) (i32.const 1))
    (i32.const 32)";
/// Asks for four numbers of each candidate and leaves the rest to the built-in rules.
const LIST: &str = "
    (i32.store (i32.const 2048) (i32.const 0))
    (i32.store (i32.const 2052) (i32.const 3))
    (i32.store (i32.const 2056) (i32.const 4))
    (i32.store (i32.const 2060) (i32.const 6))
    (call $candidates (i32.const 2048) (i32.const 4) (i32.const 128))
    (i32.store8 (i32.const 32) (i32.const 0))
    (i32.const 32)";

#[test]
fn a_decision_takes_as_many_instructions_as_before() {
    let noop = Guest::default();
    let header = Guest {
        data: "x-tenant",
        ..choosing(LOOK_UP)
    };
    let list = choosing(LIST);
    let look_up = looking_up("x-tenantblue");
    let folder = folder();
    let rjk = build_rjk(&folder);
    let measured: BTreeMap<&str, u64> = [
        ("noop", noop),
        ("look-up", look_up),
        ("header", header),
        ("candidates", list),
    ]
    .into_iter()
    .map(|(name, guest)| {
        let file = folder.join(format!("instructions-{name}.wasm"));
        std::fs::write(&file, guest.component()).unwrap();
        (name, instructions_per_decision(&rjk, &file))
    })
    .collect();
    let text: String = measured
        .iter()
        .map(|(name, count)| format!("{name} {count}\n"))
        .collect();
    assert!(
        is_as_known(&measured, KNOWN),
        "instructions of a decision, 8 candidates:\n{text}\nin the repository:\n{KNOWN}\n\
         They differ by more than 5 %. If that is meant, or another rustc made it, write the \
         measured lines into mod_rjk/policy/src/tests/instructions.txt."
    );
}

#[test]
fn more_than_five_percent_up_or_down_is_seen() {
    let measured = |count| BTreeMap::from([("noop", count)]);
    for good in [950, 1000, 1050] {
        assert!(is_as_known(&measured(good), "noop 1000\n"), "{good}");
    }
    for bad in [949, 1051] {
        assert!(!is_as_known(&measured(bad), "noop 1000\n"), "{bad}");
    }
    assert!(!is_as_known(&measured(1000), ""));
    assert!(!is_as_known(&measured(1000), "noop 1000\nother 5\n"));
}

/// Within 5 %, and both have the same names.
fn is_as_known(measured: &BTreeMap<&str, u64>, known: &str) -> bool {
    let known: BTreeMap<&str, u64> = known
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, count)| (name, count.parse().unwrap()))
        .collect();
    let near = |name, count: u64| {
        let before: u64 = *known.get(name)?;
        Some(count.abs_diff(before) * 100 <= before * 5)
    };
    known.len() == measured.len()
        && measured
            .iter()
            .all(|(name, count)| near(name, *count) == Some(true))
}

fn instructions_per_decision(rjk: &Path, component: &Path) -> u64 {
    let few = instructions(rjk, component, FEW);
    let many = instructions(rjk, component, MANY);
    (many - few) / (MANY - FEW)
}

fn instructions(rjk: &Path, component: &Path, decisions: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(rjk)
        .args(["policy", "bench", "--candidates", "8"])
        .args(["--header", "X-Tenant: blue", "--decisions"])
        .arg(decisions.to_string())
        .arg(component)
        .output()
        .expect("valgrind is not installed: tests/tools/install-packages test");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let count = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    count.expect(&said).1.trim().parse().expect(&said)
}

/// The command as users have it: an optimised build. Both packages, as `make test` builds them: with
/// one alone cargo chooses other features, and compiles wasmtime once more.
fn build_rjk(folder: &Path) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", "mod_rjk", "-p", "rjk"])
        .arg("--target-dir")
        .arg(folder)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    folder.join("release/rjk")
}

/// cargo's target folder, in which this test lies as `debug/deps/NAME`.
fn folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
