//! Instructions of a decision, which no busy machine changes.
//!
//! `rjk policy bench --decisions N` runs under callgrind for two N, which counts only within the decisions; the
//! difference is without the first one, for which an instance is made. The guests are text of this repository, so
//! that no other WebAssembly compiler changes the count, and valgrind pretends to be one CPU, so that none but a very
//! old one does. What the C library takes is left out: how far malloc looks for room depends on what the
//! compiler left behind, which is never the same. How often it is asked is counted instead.

use rjk_guest::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FEW: u64 = 100;
const MANY: u64 = 1_100;
/// How callgrind knows [`crate::bench::repeat`].
const DECISIONS: &str = "*bench::repeat*";
const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];
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
    let measured: BTreeMap<&str, Cost> = [
        ("noop", noop),
        ("look-up", look_up),
        ("header", header),
        ("candidates", list),
    ]
    .into_iter()
    .map(|(name, guest)| {
        let file = folder.join(format!("instructions-{name}.wasm"));
        std::fs::write(&file, guest.component()).unwrap();
        (name, cost_of_a_decision(&rjk, &file))
    })
    .collect();
    let text: String = measured
        .iter()
        .map(|(name, cost)| format!("{name} {} {}\n", cost.instructions, cost.allocations))
        .collect();
    assert!(
        is_as_known(&measured, KNOWN),
        "instructions and allocations of a decision, 8 candidates:\n{text}\nin the repository:\n{KNOWN}\n\
         The instructions differ by more than 5 %, or the allocations at all. If that is meant, or another rustc \
         made it, write the measured lines into mod_rjk/policy/src/tests/instructions.txt."
    );
}

#[test]
fn more_than_five_percent_up_or_down_is_seen() {
    let measured = |instructions, allocations| {
        let cost = Cost {
            instructions,
            allocations,
        };
        BTreeMap::from([("noop", cost)])
    };
    for good in [950, 1000, 1050] {
        assert!(is_as_known(&measured(good, 2), "noop 1000 2\n"), "{good}");
    }
    for (instructions, allocations) in [(949, 2), (1051, 2), (1000, 1), (1000, 3)] {
        let bad = measured(instructions, allocations);
        assert!(!is_as_known(&bad, "noop 1000 2\n"), "{bad:?}");
    }
    assert!(!is_as_known(&measured(1000, 2), ""));
    let more = "noop 1000 2\nother 5 0\n";
    assert!(!is_as_known(&measured(1000, 2), more));
}

#[test]
fn what_the_c_library_takes_is_left_out_and_allocations_are_counted() {
    let profile = "positions: line\nevents: Ir\nsummary: 9999\n\nob=/lib/libc.so.6\nfl=malloc.c\nfn=malloc\n3 700\n\
        cfn=_int_malloc\ncalls=5 9\n4 500\n\nob=/usr/bin/rjk\nfl=a.rs\nfn=choose\n10 20\n11 3\ncob=/lib/libc.so.6\n\
        cfn=malloc\ncalls=2 3\n12 1200\ncfn=memcpy\ncalls=4 3\n12 40\n\nob=???\nfn=0x12\n0 7\n";
    let expected = Cost {
        instructions: 30,
        allocations: 2,
    };
    assert_eq!(cost(profile), expected);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    instructions: u64,
    allocations: u64,
}

/// Within 5 % and with as many allocations, and both have the same names.
fn is_as_known(measured: &BTreeMap<&str, Cost>, known: &str) -> bool {
    let known: BTreeMap<&str, Cost> = known
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let cost = Cost {
                instructions: words[1].parse().unwrap(),
                allocations: words[2].parse().unwrap(),
            };
            (words[0], cost)
        })
        .collect();
    let near = |name, cost: &Cost| {
        let before: &Cost = known.get(name)?;
        let away = cost.instructions.abs_diff(before.instructions);
        Some(away * 100 <= before.instructions * 5 && cost.allocations == before.allocations)
    };
    known.len() == measured.len()
        && measured
            .iter()
            .all(|(name, cost)| near(name, cost) == Some(true))
}

fn cost_of_a_decision(rjk: &Path, component: &Path) -> Cost {
    let few = cost(&profile(rjk, component, FEW));
    let many = cost(&profile(rjk, component, MANY));
    let each = |few, many| (many - few) / (MANY - FEW);
    Cost {
        instructions: each(few.instructions, many.instructions),
        allocations: each(few.allocations, many.allocations),
    }
}

/// What callgrind writes of that many decisions.
fn profile(rjk: &Path, component: &Path, decisions: u64) -> String {
    let file = component.with_extension("callgrind");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no"])
        .arg("--compress-pos=no")
        .arg(format!("--toggle-collect={DECISIONS}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(rjk)
        .args(["policy", "bench", "--candidates", "8"])
        .args(["--header", "X-Tenant: blue", "--decisions"])
        .arg(decisions.to_string())
        .arg(component)
        .output()
        .expect("valgrind is not installed: tests/tools/install-packages test");
    assert!(output.status.success(), "{}", text(&output));
    std::fs::read_to_string(file).unwrap()
}

/// Instructions outside of the C library, and how often it is asked for memory.
fn cost(profile: &str) -> Cost {
    let (mut instructions, mut allocations) = (0, 0);
    let (mut is_own, mut called) = (false, "");
    let mut lines = profile.lines();
    while let Some(line) = lines.next() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_own = !object.contains("/libc.so");
        } else if let Some(function) = line.strip_prefix("cfn=") {
            called = function;
        } else if let Some(calls) = line.strip_prefix("calls=") {
            lines.next(); // What the called function took.
            if is_own && ALLOCATORS.contains(&called) {
                allocations += number(calls.split(' ').next().unwrap()).unwrap();
            }
        } else if is_own && let Some((place, count)) = line.split_once(' ') {
            let count = number(place).and_then(|_| number(count));
            instructions += count.unwrap_or(0);
        }
    }
    Cost {
        instructions,
        allocations,
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
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
