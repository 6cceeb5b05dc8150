use crate::manners::Ending;
use crate::policy::tests::{component, ended, json as said_as_json};
use rjk_balance::explain::Chosen;
use rjk_balance::record::{Frozen, Notes, Recorded, Recorder};
use rjk_balance::{
    DecidedBy, Decision, Ended, Facts, MemberFacts, Membership, Metric, Moment, Observation,
    Source, Verdict,
};
use rjk_guest::{Guest, answer, choosing, looking_up};
use rjk_log::NoLog;
use rjk_policy::bench::SampleRequest;
use rjk_record::{FileRecorder, SHARED_WORDS, Settings, open};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

fn membership() -> Membership {
    let member = |name: &str| MemberFacts {
        name: name.to_owned(),
        ..MemberFacts::default()
    };
    Membership::new(Facts {
        balancer: "lb".to_owned(),
        method: "Request",
        members: ["was1", "was2"].map(member).to_vec(),
        ..Facts::default()
    })
}

fn recorder(folder: &Path) -> FileRecorder {
    let settings = Settings {
        file: folder.join("record"),
        sample_ppm: 1_000_000,
        max_bytes: 1 << 20,
        plain: false,
        policy: "p".to_owned(),
        version: 1,
    };
    let words = Box::leak((0..SHARED_WORDS).map(|_| AtomicU64::new(0)).collect());
    open(settings, words).unwrap()
}

/// Records, for each tenant, a decision of `looking_up("x-tenantblue")` and its outcome.
fn record(folder: &Path, tenants: &[Option<&str>]) {
    let (recorder, membership) = (recorder(folder), membership());
    for tenant in tenants {
        take(&recorder, &membership, *tenant);
    }
}

fn take(recorder: &FileRecorder, membership: &Membership, tenant: Option<&str>) {
    let is_blue = tenant == Some("blue");
    let (decision, index, by) = match is_blue {
        true => (Decision::Worker(0), 0, DecidedBy::Policy("p")),
        false => (Decision::Builtin, 1, DecidedBy::Builtin),
    };
    let value = tenant.map(|text| text.as_bytes().to_vec());
    let recorded = Recorded {
        request: &SampleRequest::default(),
        membership,
        sticky: None,
        attempt: 1,
        tried: &[],
        members: &Frozen {
            numbers: vec![[0; Metric::ALL.len()]; 2],
            candidates: vec![0, 1],
            builtin: Some(1),
        },
        notes: &Notes {
            asked: vec![(Source::Header("x-tenant".into()), value)],
            ..Notes::default()
        },
        by,
        verdict: Some(&Verdict::from(decision)),
        found: Chosen::Member(index),
        now: Moment::from_millis(5),
    };
    let id = recorder.decision(&recorded, &NoLog);
    recorder.outcome(id, &outcome(index, is_blue), Moment::from_millis(8), &NoLog);
}

fn outcome(index: usize, decided: bool) -> Observation {
    Observation {
        index,
        ended: Ended::Ok,
        status: 200,
        attempt: 1,
        decided,
        token: 0,
        head: Duration::from_millis(2),
        total: Duration::from_millis(3),
        body: 10,
    }
}

fn replayed(folder: &Path, guest: &Guest, more: &[&str]) -> (String, Result<Ending, String>) {
    let file = component(folder, guest);
    let record = folder.join("record");
    let line = [
        "replay",
        file.to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
    ];
    ended(&[&line, more].concat())
}

fn json(folder: &Path, guest: &Guest) -> Value {
    let (file, record) = (component(folder, guest), folder.join("record"));
    let (said, result) = said_as_json(&[
        "replay",
        file.to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
    ]);
    let expected = match said["differ"].as_u64() {
        Some(0) => Ending::Fine,
        _ => Ending::Found,
    };
    assert_eq!(result, Ok(expected));
    said
}

const TENANTS: [Option<&str>; 4] = [Some("blue"), Some("red"), None, Some("blue")];

#[test]
fn the_same_policy_decides_the_same_though_texts_are_hashed() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &TENANTS);
    let said = json(folder.path(), &looking_up("x-tenantblue"));
    assert_eq!(
        (&said["replayed"], &said["differ"]),
        (&4.into(), &0.into()),
        "{said:#}"
    );
    assert_eq!(said["not_recorded"], serde_json::json!({}), "{said:#}");
    assert_eq!(said["left_out_lines"], 0);
    for (place, member) in ["was1", "was2"].into_iter().enumerate() {
        let load = &said["load"][place];
        let got = (&load["member"], &load["recorded"], &load["replayed"]);
        assert_eq!(got, (&member.into(), &2.into(), &2.into()), "{said:#}");
    }
}

#[test]
fn another_policy_differs_where_it_decides_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &TENANTS);
    let said = json(folder.path(), &looking_up("x-tenantteal"));
    assert_eq!(
        (&said["differ"], &said["differ_percent"]),
        (&2.into(), &50.0.into())
    );
    assert_eq!(said["load"][1]["replayed"], 4, "{said:#}");
    assert_eq!(said["first_differing"].as_array().unwrap().len(), 2);

    let (out, result) = replayed(folder.path(), &choosing(answer(2, 503)), &[]);
    assert_eq!(result, Ok(Ending::Found));
    let first = "differs       GET /, attempt 1, lb among was1 was2\n  \
        recorded    was1, by policy p\n  replayed    status 503, by policy\n";
    assert!(out.contains("differ        4 (100.0 %)\n"), "{out}");
    assert!(out.contains(first), "{out}");
    assert!(out.contains("       0         4  lb (refused)\n"), "{out}");
}

#[test]
fn what_was_not_recorded_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &TENANTS);
    let said = json(folder.path(), &looking_up("x-regionblue"));
    assert_eq!(said["not_recorded"]["header x-region"], 4, "{said:#}");
    let reading = Guest {
        data: "X-Tenant",
        ..choosing(format!(
            "(call $header (i32.const 1024) (i32.const 8) (i32.const 128))
             (drop (call $random)) {}",
            answer(0, 0)
        ))
    };
    let said = json(folder.path(), &reading);
    let hidden = "text of header X-Tenant (recorded as a hash)";
    assert_eq!(said["not_recorded"][hidden], 3, "{said:#}");
    assert_eq!(said["not_recorded"]["random number"], 4, "{said:#}");

    // A text of the policy's settings is known by its hash; of the three one is another.
    let config = r#"{"ways": ["blue"]}"#;
    let (out, _) = replayed(folder.path(), &reading, &["--json", "--config", config]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(said["not_recorded"][hidden], 1, "{said:#}");
}

#[test]
fn faults_and_outcomes_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &TENANTS);
    let said = json(folder.path(), &choosing("unreachable"));
    assert_eq!(said["faults"]["trap"], 4, "{said:#}");
    assert_eq!(said["differ"], 2, "the built-in rules stand in: {said:#}");

    // It took member 0 and hears that it decided where member 0 was taken then.
    let observing = Guest {
        observe: Some("(if (i32.eq (local.get $decided) (local.get $member)) (then unreachable))"),
        ..choosing(answer(1, 0))
    };
    let said = json(folder.path(), &observing);
    assert_eq!(
        (&said["observed"], &said["observer_faults"]),
        (&4.into(), &serde_json::json!({}))
    );
}

#[test]
fn broken_lines_are_counted_and_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &TENANTS);
    let file = folder.path().join("record");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}junk\n{}", &text[..20])).unwrap();
    let (out, result) = replayed(folder.path(), &looking_up("x-tenantblue"), &[]);
    assert_eq!(result, Ok(Ending::Fine));
    assert!(out.contains("left out      2 lines"), "{out}");

    let error = replayed(folder.path(), &Guest::default(), &["--members", "a"])
        .1
        .unwrap_err();
    assert!(
        error.contains("the members come from the record"),
        "{error}"
    );
    std::fs::write(&file, "junk\n").unwrap();
    let error = replayed(folder.path(), &Guest::default(), &[])
        .1
        .unwrap_err();
    assert!(
        error.contains("no decision is in there, 1 lines were left out"),
        "{error}"
    );
}
