use super::*;
use clap::Parser;
use rjk_guest::{Guest, choosing};
use std::path::{Path, PathBuf};

#[derive(Parser)]
struct Line {
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

fn run_line(words: &[&str]) -> Result<String, String> {
    let (out, result) = output(words);
    result.map(|()| out)
}

/// What was written, also before a failure.
pub(super) fn output(words: &[&str]) -> (String, Result<(), String>) {
    let line = match Line::try_parse_from([&["rjk"], words].concat()) {
        Ok(line) => line,
        Err(error) => return (String::new(), Err(error.to_string())),
    };
    let mut out = Vec::new();
    let result = run(&line.command, line.json, &mut out).map_err(|problem| problem.to_string());
    (String::from_utf8(out).unwrap(), result)
}

#[test]
fn check_describes_first_and_configures_with_a_configuration_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.wasm");
    let refusing = Guest {
        // Result 1 at 64: an error whose text lies at DATA.
        configure: "(i32.store8 (i32.const 64) (i32.const 1))
            (i32.store (i32.const 68) (i32.const 1024))
            (i32.store (i32.const 72) (i32.const 10))
            (i32.const 64)",
        data: "name a way",
        ..Guest::default()
    };
    let bytes = refusing.component();
    std::fs::write(&file, &bytes).unwrap();
    let name = file.to_str().unwrap();
    let about = format!(
        "file      {name}\nsize      {} bytes\ncontract  rjk:policy@0.1.0\n",
        bytes.len()
    );

    let (out, result) = output(&["check", name]);
    assert_eq!(result, Ok(()));
    assert!(out.starts_with(&about), "{out}");
    assert!(out.contains("nothing of it was run"), "{out}");

    let (out, result) = output(&["check", name, "--config", "{}"]);
    assert!(out.starts_with(&about), "{out}");
    assert!(!out.contains("accepts"), "{out}");
    let error = result.unwrap_err();
    assert!(error.contains("its configure says: name a way"), "{error}");

    std::fs::write(&file, Guest::default().component()).unwrap();
    let (out, result) = output(&["check", name, "--config", "{}"]);
    assert_eq!(result, Ok(()));
    let ran = "configure accepts the configuration\n\
        choose    leaves GET / to the built-in rules, among m1, m2, without a session; fuel ";
    assert!(out.contains(ran), "{out}");
}

/// Writes a component into the folder.
pub(super) fn component(folder: &Path, guest: &Guest) -> PathBuf {
    let file = folder.join("p.wasm");
    std::fs::write(&file, guest.component()).unwrap();
    file
}

#[test]
fn check_runs_each_function_once() {
    let folder = tempfile::tempdir().unwrap();
    let checked = |guest: &Guest| {
        let file = component(folder.path(), guest);
        output(&["check", file.to_str().unwrap(), "--config", "{}"])
    };
    let (out, result) = checked(&choosing("unreachable"));
    assert!(
        out.ends_with("configure accepts the configuration\n"),
        "{out}"
    );
    let error = result.unwrap_err();
    assert!(
        error.contains("choose for GET / ended in a fault: trap"),
        "{error}"
    );

    let observing = |observe| Guest {
        observe: Some(observe),
        ..choosing(rjk_guest::answer(1, 1))
    };
    let (out, result) = checked(&observing("unreachable"));
    assert!(out.contains("gives GET / to m2"), "{out}");
    let error = result.unwrap_err();
    assert!(
        error.contains("observe of a 200 ended in a fault: trap"),
        "{error}"
    );

    // Member 1, decided by the policy, with 200: else it traps.
    let (out, result) = checked(&observing(
        "(if (i32.ne (local.get $member) (i32.const 1)) (then unreachable))
         (if (i32.ne (local.get $status) (i32.const 200)) (then unreachable))
         (if (i32.eqz (local.get $decided)) (then unreachable))",
    ));
    assert_eq!(result, Ok(()), "{out}");
    assert!(out.contains("\nobserve   takes that"), "{out}");
}

/// A folder with a component, and an rjk.toml that gives it to the balancer `lb`.
fn site(guest: &Guest) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    component(folder.path(), guest);
    let toml = folder.path().join("rjk.toml");
    let text =
        "[policy.one]\ncomponent = \"p.wasm\"\nfuel = 77_000\n[balancer.lb]\npolicy = \"one\"\n";
    std::fs::write(&toml, text).unwrap();
    let toml = toml.to_str().unwrap().to_owned();
    (folder, toml)
}

#[test]
fn settings_come_from_rjk_toml() {
    let (folder, toml) = site(&Guest::default());
    let (out, result) = output(&["check", "--toml", &toml]);
    assert_eq!(result, Ok(()));
    assert!(out.contains("of 77000\n"), "{out}");
    let (out, _) = output(&[
        "check", "--toml", &toml, "--fuel", "5000", "--policy", "one",
    ]);
    assert!(out.contains("of 5000\n"), "{out}");

    let error = output(&["check", "--toml", &toml, "--policy", "two"])
        .1
        .unwrap_err();
    assert!(
        error.ends_with("it has no [policy.two]; it has: one"),
        "{error}"
    );
    let more = std::fs::read_to_string(&toml).unwrap() + "[policy.two]\ncomponent = \"q.wasm\"\n";
    std::fs::write(&toml, more).unwrap();
    let error = output(&["check", "--toml", &toml]).1.unwrap_err();
    assert!(error.ends_with("add --policy, one of: one, two"), "{error}");

    std::fs::write(&toml, "[policy.one]\n").unwrap();
    let error = output(&["check", "--toml", &toml]).1.unwrap_err();
    assert!(error.contains("rjk.toml:1"), "{error}");
    let nowhere = folder.path().join("nowhere.toml");
    let error = output(&["check", "--toml", nowhere.to_str().unwrap()])
        .1
        .unwrap_err();
    assert!(error.contains("nowhere.toml: No such file"), "{error}");
}

#[test]
fn members_come_from_workers_properties() {
    let (folder, toml) = site(&Guest::default());
    let workers = folder.path().join("workers.properties");
    let text = "worker.list=lb,other\nworker.lb.type=lb\nworker.lb.balance_workers=was1,was2,was3\n\
        worker.was2.lbfactor=5\nworker.was3.distance=-1\n\
        worker.other.type=lb\nworker.other.balance_workers=x\n";
    std::fs::write(&workers, text).unwrap();
    let workers = workers.to_str().unwrap();
    let (out, result) = output(&["try", "--toml", &toml, "--workers", workers]);
    assert_eq!(result, Ok(()));
    for part in ["was2 ", ", weight 5\n", ", distance -1\n"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let line = [
        "try",
        "--toml",
        &toml,
        "--workers",
        workers,
        "--balancer",
        "other",
    ];
    assert!(output(&line).0.contains("member 0  x "));

    let file = folder.path().join("p.wasm");
    let line = ["try", file.to_str().unwrap(), "--workers", workers];
    let error = output(&line).1.unwrap_err();
    assert!(
        error.ends_with("add --balancer, one of: lb, other"),
        "{error}"
    );
    let line = [
        "try",
        "--toml",
        &toml,
        "--workers",
        workers,
        "--balancer",
        "l",
    ];
    let error = output(&line).1.unwrap_err();
    assert!(
        error.ends_with("names no lb worker l; it names: lb, other"),
        "{error}"
    );
}

#[test]
fn a_wrong_file_is_named_with_the_reason() {
    let error = run_line(&["check", "/nowhere/p.wasm"]).unwrap_err();
    assert!(
        error.starts_with("/nowhere/p.wasm: No such file"),
        "{error}"
    );
    let error = run_line(&["check", "Cargo.toml"]).unwrap_err();
    assert!(
        error.starts_with("Cargo.toml: this is no WebAssembly"),
        "{error}"
    );
}

#[test]
fn arguments_are_checked() {
    for words in [
        &["bench", "f", "--candidates", "0"][..],
        &["bench", "f", "--header", "no colon"],
        &["bench"],
        &["check", "f", "--members", "a,,b"],
        &["check", "f", "--policy", "p"],
        &["check", "--toml", "t", "--config", "{}"],
        &["check", "f", "--members", "a", "--workers", "w"],
        &["try", "f", "--busy", "a"],
        &["new", "no/slash"],
    ] {
        assert!(run_line(words).is_err(), "{words:?}");
    }
    let line = Line::try_parse_from([
        "rjk", "bench", "f", "--header", "X-T:  a", "--cookie", "t=b=c",
    ]);
    let Command::Bench(bench) = line.unwrap().command else {
        panic!("not bench")
    };
    assert_eq!(bench.request.header, [("X-T".into(), "a".into())]);
    assert_eq!(bench.request.cookie, [("t".into(), "b=c".into())]);
    assert_eq!(bench.candidates, [2, 8, 64]);
}

#[test]
fn help_shows_lists_as_they_are_written() {
    let help = run_line(&["bench", "--help"]).unwrap_err();
    assert!(help.contains("[default: 2,8,64]"), "{help}");
    let line = Line::try_parse_from(["rjk", "bench", "f", "--candidates", "2, 3"]);
    let Command::Bench(bench) = line.unwrap().command else {
        panic!("not bench")
    };
    assert_eq!(bench.candidates, [2, 3]);
}

#[test]
fn members_are_the_named_ones_and_enough_of_them() {
    let line = Line::try_parse_from(["rjk", "check", "f", "--members", "a, b,c"]).unwrap();
    let Command::Check(target) = line.command else {
        panic!("not check")
    };
    let subject = target.subject().unwrap();
    let names = |least| {
        subject
            .members(least)
            .names()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(2), ["a", "b", "c"]);
    assert_eq!(names(4), ["a", "b", "c", "m4"]);
}
