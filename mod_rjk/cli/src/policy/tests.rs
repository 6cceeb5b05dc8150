use super::*;
use clap::Parser;
use rjk_guest::{Guest, choosing};
use serde_json::Value;
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
    let (out, ended) = ended(words);
    (out, ended.map(drop))
}

/// The same, and how it ended.
pub(super) fn ended(words: &[&str]) -> (String, Result<Ending, String>) {
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

/// The one line of JSON that was written, and how it ended.
pub(super) fn json(words: &[&str]) -> (Value, Result<Ending, String>) {
    let (out, ended) = ended(&[words, &["--json"]].concat());
    assert_eq!(out.matches('\n').count(), 1, "{out}");
    let said = serde_json::from_str(&out).unwrap();
    assert_documented(words[0], &said);
    (said, ended)
}

/// Each name stands in the verb's section of the document.
fn assert_documented(verb: &str, said: &Value) {
    let text = include_str!("../../../../docs/rjk-json.md");
    let (decision, _) = text.split_once("\n## ").unwrap();
    let (_, section) = text
        .split_once(&format!("## `rjk policy {verb}`\n"))
        .unwrap();
    let section = section.split("\n## ").next().unwrap();
    for name in names(said) {
        let word = format!("`{name}`");
        let known = section.contains(&word) || decision.contains(&word);
        assert!(known, "{verb}: {name} is not in docs/rjk-json.md");
    }
}

/// All names in it; in these objects they are data.
fn names(value: &Value) -> Vec<&str> {
    const DATA: [&str; 4] = ["metrics", "faults", "observer_faults", "not_recorded"];
    match value {
        Value::Array(all) => all.iter().flat_map(names).collect(),
        Value::Object(all) => {
            let inner = all
                .iter()
                .filter(|(name, _)| !DATA.contains(&name.as_str()));
            let own = all.keys().map(String::as_str);
            own.chain(inner.flat_map(|(_, value)| names(value)))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn new_and_pack_say_as_json_what_they_made() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("mine");
    let at = at.to_str().unwrap();
    let (made, ended) = json(&["new", "mine", "--at", at]);
    assert_eq!(ended, Ok(Ending::Fine));
    assert_eq!(keys(&made), ["files", "folder", "name"]);
    assert_eq!(
        (&made["name"], &made["folder"]),
        (&"mine".into(), &at.into())
    );
    let files = made["files"].as_array().unwrap();
    assert!(files.contains(&"src/lib.rs".into()), "{made}");

    let (module, component) = (folder.path().join("m.wasm"), folder.path().join("c.wasm"));
    std::fs::write(&module, Guest::default().module()).unwrap();
    let (module, component) = (module.to_str().unwrap(), component.to_str().unwrap());
    let (packed, ended) = json(&["pack", module, "-o", component]);
    assert_eq!(ended, Ok(Ending::Fine));
    assert_eq!(keys(&packed), ["component", "module", "notes", "size"]);
    let size = std::fs::metadata(component).unwrap().len();
    assert_eq!(packed["size"], size);
    assert_eq!(
        (&packed["component"], &packed["module"]),
        (&component.into(), &module.into())
    );
}

#[test]
fn check_says_as_json_how_far_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path(), &choosing(rjk_guest::answer(1, 1)));
    let file = file.to_str().unwrap();
    let (said, ended) = json(&["check", file]);
    assert_eq!(ended, Ok(Ending::Fine));
    let expected = [
        "choose",
        "configured",
        "contract",
        "exports",
        "file",
        "fuel_limit",
        "imports",
        "observe",
        "observes",
        "problem",
        "size",
    ];
    assert_eq!(keys(&said), expected);
    assert_eq!(said["contract"], "rjk:policy@0.1.0");
    assert_eq!(
        (&said["configured"], &said["choose"]),
        (&false.into(), &Value::Null)
    );

    let (said, _) = json(&["check", file, "--config", "{}"]);
    assert_eq!(said["configured"], true);
    let decided = serde_json::json!({"kind": "member", "member": "m2"});
    assert_eq!(said["choose"]["decided"], decided, "{said}");
    assert_eq!(said["choose"]["among"], serde_json::json!(["m1", "m2"]));
    assert!(said["choose"]["fuel"].as_u64() > Some(0), "{said}");

    component(folder.path(), &choosing("unreachable"));
    let (said, ended) = json(&["check", file, "--config", "{}"]);
    assert_eq!(
        (&said["configured"], &said["choose"]),
        (&true.into(), &Value::Null)
    );
    let problem = ended.unwrap_err();
    assert!(problem.contains("ended in a fault: trap"), "{problem}");
    assert_eq!(said["problem"], problem);
}

#[test]
fn try_says_as_json_what_led_to_a_decision() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path(), &rjk_guest::looking_up("x-tenantblue"));
    let line = "--members was1,was2 --busy was2=3 --tried was2=timeout --header";
    let line: Vec<&str> = line.split(' ').collect();
    let line = [
        &["try", file.to_str().unwrap()],
        &line[..],
        &["X-Tenant: blue"],
    ]
    .concat();
    let (said, ended) = json(&line);
    assert_eq!(ended, Ok(Ending::Fine));
    for (place, expected) in [
        (
            "/decided",
            serde_json::json!({"kind": "member", "member": "was1"}),
        ),
        ("/builtin_choice", "was1".into()),
        ("/members/1/name", "was2".into()),
        ("/members/1/candidate", false.into()),
        ("/members/1/metrics/busy", 3.into()),
        ("/members/1/metrics/state", "ok".into()),
        ("/members/1/metrics/usable_for_ms", 0.into()),
        (
            "/tried/0",
            serde_json::json!({"member": "was2", "ended": "timeout"}),
        ),
        (
            "/request/headers/0",
            serde_json::json!({"name": "X-Tenant", "value": "blue"}),
        ),
        (
            "/choose_asked",
            serde_json::json!([{"call": "sources.look-up(0)", "answer": "0"}]),
        ),
        ("/sticky", Value::Null),
        ("/problem", Value::Null),
    ] {
        assert_eq!(said.pointer(place), Some(&expected), "{place}: {said:#}");
    }
}

#[test]
fn try_says_as_json_that_a_decision_failed() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path(), &choosing("unreachable"));
    let (said, ended) = json(&["try", file.to_str().unwrap()]);
    assert_eq!(said["decided"], Value::Null);
    assert_eq!(said["problem"], ended.unwrap_err());
}

#[test]
fn bench_says_as_json_what_it_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path(), &choosing(rjk_guest::answer(2, 503)));
    let line = ["bench", file.to_str().unwrap(), "--candidates", "2"];
    let (said, ended) = json(&line);
    assert_eq!(ended, Ok(Ending::Fine));
    assert_eq!(keys(&said), ["batches", "figures", "file"]);
    let figure = &said["figures"][0];
    assert_eq!(
        keys(figure),
        ["candidates", "decided", "lowest_median_ns", "p99_ns"]
    );
    assert_eq!(
        figure["decided"],
        serde_json::json!({"kind": "reject", "status": 503})
    );
    assert!(figure["lowest_median_ns"].as_f64() > Some(0.0), "{said}");
}
