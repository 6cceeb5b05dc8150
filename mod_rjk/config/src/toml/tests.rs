use super::*;
use crate::error::Location;
use crate::properties::Properties;

const GOOD: &str = r#"
[policy.canary]
component = "policies/canary.wasm"
fuel = 300_000
configure_fuel = 2_000_000
memory = "512KiB"
on_fault = "reject"
mode = "shadow"
max_faults = 0
[policy.canary.config]
header = "X-Canary"
percent = 0x05
ratio = 0.5
on = true
since = 2026-01-02
list = ["a", 1]
[policy.canary.config.workers]
blue = "a-was2"

[policy.plain]
component = "/opt/plain.wasm"

[balancer.lb]
policy = "canary"
"#;

fn workers() -> Workers {
    let text = "worker.list=lb,one\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n\
                worker.m1.host=h\nworker.m2.host=h\nworker.one.type=ajp13\n";
    let mut properties = Properties::workers().with_environment(|_| None);
    let mut warnings = Vec::new();
    properties
        .add_text(text.as_bytes(), "w", &mut warnings)
        .unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

fn parse(text: &str, file: &str) -> Result<RjkToml, Mistakes> {
    RjkToml::parse(text, file).map_err(|broken| broken.mistakes)
}

/// The error of parsing, or else of binding.
fn refusal(text: &str) -> String {
    let workers = workers();
    let bound = parse(text, "conf/rjk.toml").and_then(|file| {
        let mut bound = file.bind(&workers);
        bound.try_for_each(|bound| Ok(bound.map(drop)?))
    });
    bound.unwrap_err().to_string()
}

#[test]
fn an_unknown_balancer_leaves_the_others_their_policies() {
    let text = format!("[balancer.new]\npolicy = \"plain\"\n{GOOD}");
    let file = RjkToml::parse(&text, "conf/rjk.toml").unwrap();
    let workers = workers();
    let bound = file.bind(&workers).flatten();
    let bound: Vec<_> = bound
        .map(|bound| {
            (
                bound.lb.name.to_string(),
                bound.policy.unwrap().name.clone(),
            )
        })
        .collect();
    assert_eq!(bound, [("lb".to_owned(), "canary".to_owned())]);
    assert_eq!(file.bind(&workers).filter(Result::is_err).count(), 1);
}

#[test]
fn everything_is_read() {
    let file = RjkToml::parse(GOOD, "conf/rjk.toml").unwrap();
    let canary = &file.policies[0];
    assert_eq!(canary.name, "canary");
    assert_eq!(canary.component, Path::new("conf/policies/canary.wasm"));
    assert_eq!(canary.location, Location::new("conf/rjk.toml", 3));
    let expected = PolicySettings {
        fuel: 300_000,
        configure_fuel: 2_000_000,
        memory: 512 << 10,
        on_fault: OnFault::Reject,
        mode: Mode::Shadow,
        max_faults: 0,
    };
    assert_eq!(canary.settings, expected);
    assert_eq!(
        canary.config,
        r#"{"header":"X-Canary","list":["a",1],"on":true,"percent":5,"ratio":0.5,"since":"2026-01-02","workers":{"blue":"a-was2"}}"#
    );
    let workers = workers();
    let bound: Vec<_> = file.bind(&workers).map(Result::unwrap).collect();
    assert_eq!(bound.len(), 1);
    assert_eq!(
        (bound[0].lb.name.as_slice(), bound[0].policy),
        (&b"lb"[..], Some(canary))
    );
    assert_eq!((bound[0].entry.explain, &bound[0].entry.record), (0, &None));
}

#[test]
fn what_is_not_written_has_its_standard_value() {
    let file = RjkToml::parse(GOOD, "conf/rjk.toml").unwrap();
    let plain = &file.policies[1];
    assert_eq!(plain.component, Path::new("/opt/plain.wasm"));
    assert_eq!(plain.config, "{}");
    assert_eq!(plain.settings, PolicySettings::default());
    assert_eq!(
        (plain.settings.fuel, plain.settings.configure_fuel),
        (200_000, 50_000_000)
    );
    assert_eq!(plain.settings.memory, 2_097_152);
    assert_eq!(RjkToml::parse("", "f").unwrap(), RjkToml::default());
}

#[test]
fn engines() {
    for (name, kind) in EngineKind::NAMES {
        let file = RjkToml::parse(&format!("[wasm]\nengine = \"{name}\"\n"), "f").unwrap();
        assert_eq!(file.engine, kind, "{name}");
    }
    let file = RjkToml::parse("[wasm]\n", "f").unwrap();
    assert_eq!(file.engine, EngineKind::Auto);
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("65536", 65536),
        ("\"64KiB\"", 65536),
        ("\"3 MiB\"", 3 << 20),
    ] {
        let text = format!("[policy.p]\ncomponent = \"c\"\nmemory = {text}\n");
        let file = RjkToml::parse(&text, "f").unwrap();
        assert_eq!(file.policies[0].settings.memory, bytes, "{text}");
    }
}

#[test]
fn what_is_kept_of_decisions() {
    let file = RjkToml::parse(
        "[balancer.a]\nexplain = 100\n[balancer.b]\nrecord = \"logs/d\"\nrecord_sample = 0.25\n\
         record_size = \"64MiB\"\nrecord_values = \"plain\"\n[balancer.c]\nrecord = \"/d\"\n\
         [balancer.d]\nexplain = 0\n",
        "conf/rjk.toml",
    )
    .unwrap();
    let record = |file: &str, line, sample_ppm, max_bytes, values| RecordSpec {
        file: file.into(),
        location: Location::new("conf/rjk.toml", line),
        sample_ppm,
        max_bytes,
        values,
    };
    let plain = record("conf/logs/d", 4, 250_000, 64 << 20, RecordValues::Plain);
    let standard = record("/d", 9, 1_000_000, 16 << 20, RecordValues::Hashed);
    let said: Vec<_> = file
        .balancers
        .into_iter()
        .map(|one| (one.explain, one.record))
        .collect();
    assert_eq!(
        said,
        [
            (100, None),
            (0, Some(plain)),
            (0, Some(standard)),
            (0, None)
        ]
    );
}

#[test]
fn a_policy_that_no_balancer_uses_is_named() {
    let file = RjkToml::parse(GOOD, "conf/rjk.toml").unwrap();
    let unused: Vec<_> = file.unused().map(|warning| warning.to_string()).collect();
    assert_eq!(
        unused,
        [
            "conf/rjk.toml:20: no balancer uses policy plain, so it is not loaded; \
          write policy = \"plain\" in a [balancer.NAME], or take it away"
        ]
    );
}

/// What policies say of the table of GOOD, and the line that is meant.
#[test]
#[rustfmt::skip]
fn a_message_of_configure_finds_its_line() {
    let file = RjkToml::parse(GOOD, "conf/rjk.toml").unwrap();
    for (message, line) in [
        ("unknown field `header`, expected `percent` or `ratio`", 11),
        ("missing field `percent`", 10),
        ("percent is 0 to 100, not 5", 12),
        ("percent: invalid type: integer `5`, expected a string", 12),
        ("workers.blue: there is no \"a-was9\"", 18),
        ("workers.\"blue\": the balancer has no member", 18),
        ("the balancer has no member \"a-was2\"; its members are \"m1\", \"X-Canary\"", 18),
        ("\"list\" and \"on\" are both given; keep one", 16),
        ("invalid type: string \"5\", expected f64", 10),
        ("it does not like an odd ` in \"header", 10),
        ("", 10),
    ] {
        assert_eq!(file.policies[0].places.of(message), Location::new("conf/rjk.toml", line), "{message}");
    }
    // Without a table of its own, that of the policy.
    assert_eq!(file.policies[1].places.of("`component`"), Location::new("conf/rjk.toml", 20));
}

/// Each text with its error; `P` and a line feed stand for a policy that fills the lines 1 and 2.
fn check_refusals(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let text = text.replace("P\n", "[policy.p]\ncomponent = \"c\"\n");
        assert_eq!(
            refusal(&text),
            format!("conf/rjk.toml:{expected}"),
            "{text}"
        );
    }
}

#[test]
#[rustfmt::skip]
fn wrong_tables_and_names() {
    check_refusals(&[
        ("[polcy.p]", "1: unknown key polcy; write policy"),
        ("[wasm]\nengin = \"auto\"", "2: unknown key engin; write engine"),
        ("wasm = 3", "1: wasm is 3; write a table, [wasm]"),
        ("policy = 3", "1: policy is 3; write a table, [policy.NAME]"),
        ("[policy]\np = 3", "2: p is 3; write a table, [policy.NAME]"),
        ("\n[policy.p]\n", "2: policy p has no component; write component = \"policies/p.wasm\""),
        ("P\nfeul = 3", "3: unknown key feul; write fuel"),
        ("P\nxyz = 3", "3: unknown key xyz; there are: component, fuel, configure_fuel, memory, on_fault, mode, max_faults, config"),
        ("[policy.\"a b\"]", "1: policy name \"a b\"; use letters, digits, '_', '.' and '-', at most 63"),
        ("P\n[balancer.lb]", "3: balancer lb names no policy; write policy = \"NAME\" of a [policy.NAME], explain = 100 or record = \"FILE\""),
        ("P\n[balancer.lb]\npolicy = \"q\"", "4: there is no policy q; write p"),
        ("P\n[balancer.lb]\npolicy = \"zzz\"", "4: there is no policy zzz; there is only p"),
        ("[balancer.lb]\npolicy = \"q\"", "2: there is no policy q; there is none at all"),
        ("P\n[balancer.lb]\npolicies = \"p\"", "4: unknown key policies; there are: policy, explain, record, record_sample, record_size, record_values"),
        ("P\n[balancer.ib]\npolicy = \"p\"", "3: there is no lb worker ib in worker.list; write lb"),
        ("P\n[balancer.one]\npolicy = \"p\"", "3: worker one is of type ajp13, a [balancer.NAME] needs one of type lb; there is only lb"),
    ]);
}

#[test]
#[rustfmt::skip]
fn wrong_values() {
    check_refusals(&[
        ("P\nfuel = \"much\"", "3: fuel is \"much\"; write a number from 1000 to 100000000"),
        ("P\nfuel = 1", "3: fuel is 1; write a number from 1000 to 100000000"),
        ("P\nconfigure_fuel = 200_000", "3: configure_fuel is 200_000; write a number from 1000000 to 10000000000"),
        ("P\nfuel = 2.5", "3: fuel is 2.5; write a number from 1000 to 100000000"),
        ("P\nmemory = \"2MB\"", "3: memory is \"2MB\"; write a size such as \"2MiB\", from \"64KiB\" to \"256MiB\""),
        ("P\nmemory = \"1KiB\"", "3: memory is \"1KiB\"; write a size such as \"2MiB\", from \"64KiB\" to \"256MiB\""),
        ("P\nmemory = true", "3: memory is true; write a size such as \"2MiB\", from \"64KiB\" to \"256MiB\""),
        ("P\nmax_faults = -1", "3: max_faults is -1; write a number from 0 to 1000"),
        ("P\non_fault = \"503\"", "3: on_fault is \"503\"; write \"builtin\" or \"reject\""),
        ("[wasm]\nengine = \"jit\"", "2: engine is \"jit\"; write \"auto\" or \"native\" or \"interpreter\""),
        ("P\nmode = 1", "3: mode is 1; write \"enforce\" or \"shadow\""),
        ("P\nconfig = 1", "3: config is 1; write a table, [policy.NAME.config]"),
        ("P\nconfig.x = nan", "3: write a finite number"),
        ("[policy.p]\ncomponent = 7", "2: component is 7; write a text in quotes"),
        ("[policy.p]\ncomponent = \"\"", "2: component is \"\"; write a text that is not empty"),
        ("P\ncomponent = \"d\"", "3: no valid TOML: duplicate key"),
        ("[balancer.lb]\nexplain = 1001", "2: explain is 1001; write a number from 0 to 1000"),
        ("[balancer.lb]\nexplain = true", "2: explain is true; write a number from 0 to 1000"),
        ("[balancer.lb]\nrecord = 1", "2: record is 1; write a text in quotes"),
        ("[balancer.lb]\nrecord = \"r\"\nrecord_sample = 0", "3: record_sample is 0; write a number from 0.000001 to 1, such as 0.1"),
        ("[balancer.lb]\nrecord = \"r\"\nrecord_sample = 1.5", "3: record_sample is 1.5; write a number from 0.000001 to 1, such as 0.1"),
        ("[balancer.lb]\nrecord = \"r\"\nrecord_sample = nan", "3: record_sample is nan; write a number from 0.000001 to 1, such as 0.1"),
        ("[balancer.lb]\nrecord = \"r\"\nrecord_size = \"2GiB\"", "3: record_size is \"2GiB\"; write a size such as \"2MiB\", from \"1MiB\" to \"1GiB\""),
        ("[balancer.lb]\nrecord = \"r\"\nrecord_values = \"raw\"", "3: record_values is \"raw\"; write \"hashed\" or \"plain\""),
        ("[balancer.a]\nrecord = \"r\"\n[balancer.b]\nrecord = \"./r\"", "4: record of balancer b is conf/./r, and that of balancer a is conf/r, which is conf/r.1 too; name a file for each"),
        ("[balancer.a]\nrecord = \"r\"\n[balancer.b]\nrecord = \"r.1\"", "4: record of balancer b is conf/r.1, and that of balancer a is conf/r, which is conf/r.1 too; name a file for each"),
        ("[balancer.a]\nrecord = \"r.1\"\n[balancer.b]\nrecord = \"r\"", "4: record of balancer b is conf/r, and that of balancer a is conf/r.1, which is conf/r.1.1 too; name a file for each"),
        ("[balancer.lb]\nexplain = 1\nrecord_sample = 0.5", "3: record_sample without record; write record = \"FILE\" too"),
        ("\n[policy.p\n", "2: no valid TOML: unclosed table, expected `]`"),
    ]);
}

/// Where keys stand: a table, or one inside of it.
struct Keys {
    header: String,
    keys: &'static [schema::Key],
}

/// All of them, with the name `lb` for those that have one.
fn all_keys() -> Vec<Keys> {
    let mut all = Vec::new();
    for table in schema::TABLES {
        let header = table.header().replace("NAME", "lb");
        for key in table.keys {
            if let schema::Kind::Switch(keys) = key.kind {
                let header = header.replace(']', &format!(".{}]", key.name));
                all.push(Keys { header, keys });
            }
        }
        let keys = table.keys;
        all.push(Keys { header, keys });
    }
    all
}

/// A file whose one key has this value; what else the table needs stands beside it.
fn with(header: &str, key: &schema::Key, value: &str) -> String {
    let needed = match (header, key.presence, key.name) {
        (_, schema::Presence::With(other), _) => Some(other),
        ("[policy.lb]", _, name) => Some("component").filter(|needed| *needed != name),
        ("[balancer.lb]", _, name) => Some("record").filter(|needed| *needed != name),
        _ => None,
    };
    let needed = needed.map(|key| format!("{key} = \"a\"\n"));
    let policy = match (header, key.name) {
        ("[balancer.lb]", "policy") => "[policy.p]\ncomponent = \"a.wasm\"\n",
        _ => "",
    };
    let needed = needed.unwrap_or_default();
    let name = key.name;
    format!("{policy}{header}\n{needed}{name} = {value}\n")
}

/// Values that a kind takes, and that it refuses.
fn samples(kind: &schema::Kind) -> (Vec<String>, Vec<String>) {
    let quoted = |word: &str| format!("{word:?}");
    match kind {
        schema::Kind::Text => (vec![quoted("p")], vec!["1".to_owned(), quoted("")]),
        schema::Kind::Word(words) => (
            words.iter().map(|word| quoted(word)).collect(),
            vec![quoted("other"), "1".to_owned()],
        ),
        schema::Kind::Number(bounds) | schema::Kind::Size(bounds) => (
            vec![bounds.start().to_string(), bounds.end().to_string()],
            vec![
                (i128::from(*bounds.start()) - 1).to_string(),
                (bounds.end() + 1).to_string(),
                quoted("x"),
            ],
        ),
        schema::Kind::Share => (
            vec!["0.01".to_owned(), "1.0".to_owned(), "1".to_owned()],
            vec!["0.0".to_owned(), "1.01".to_owned(), quoted("1")],
        ),
        schema::Kind::Free => (vec!["{}".to_owned()], vec!["1".to_owned()]),
        schema::Kind::Flag => (
            vec!["true".to_owned(), "false".to_owned()],
            vec!["1".to_owned(), quoted("true")],
        ),
        schema::Kind::Time(bounds) => {
            let millis = |time: std::time::Duration| format!("\"{}ms\"", time.as_millis());
            let one = std::time::Duration::from_millis(1);
            (
                [bounds.start(), bounds.end()]
                    .map(|time| millis(*time))
                    .to_vec(),
                vec![
                    millis(*bounds.start() - one),
                    millis(*bounds.end() + one),
                    quoted("60"),
                    "60".to_owned(),
                ],
            )
        }
        schema::Kind::Form { example, .. } => (
            vec![quoted(example)],
            vec!["1".to_owned(), quoted(""), quoted(" a"), quoted("a\u{e4}")],
        ),
        schema::Kind::Switch(_) => (
            ["true", "false", "{}"].map(str::to_owned).to_vec(),
            vec!["1".to_owned(), quoted("true")],
        ),
    }
}

#[test]
fn the_file_is_read_as_the_schema_says() {
    assert!(schema::TABLES.iter().all(|one| one.manual.ends_with('.')));
    for Keys { header, keys } in all_keys() {
        for key in keys {
            assert!(key.manual.ends_with('.'), "{}", key.name);
            let (good, bad) = samples(&key.kind);
            let own = (!key.default.is_empty()).then(|| key.default.to_owned());
            for value in good.iter().chain(&own) {
                let text = with(&header, key, value);
                assert_eq!(parse(&text, "t").map(drop), Ok(()), "{text}");
            }
            for value in bad {
                let text = with(&header, key, &value);
                let error = parse(&text, "t").unwrap_err().to_string();
                assert!(error.contains(key.name), "{text}: {error}");
                let schema::Kind::Word(words) = &key.kind else {
                    continue;
                };
                // The reader knows these words and no other.
                let named = words
                    .iter()
                    .filter(|word| error.contains(&format!("{word:?}")));
                assert_eq!(named.count(), words.len(), "{error}");
                assert_eq!(error.matches(" or ").count(), words.len() - 1, "{error}");
            }
        }
    }
}

#[test]
fn a_default_of_the_schema_is_what_holds_without_the_key() {
    for Keys { header, keys } in all_keys() {
        for key in keys.iter().filter(|key| !key.default.is_empty()) {
            let given = with(&header, key, key.default);
            let absent = given.replace(&format!("{} = {}\n", key.name, key.default), "");
            assert_eq!(settings(&given), settings(&absent), "{}", key.name);
        }
    }
}

/// What the keys with defaults set.
fn settings(text: &str) -> impl PartialEq + std::fmt::Debug {
    let file = RjkToml::parse(text, "t").unwrap();
    let policy = file.policies.first().map(|policy| policy.settings);
    let balancer = file.balancers.first().map(|one| {
        let record = one.record.as_ref();
        let record = record.map(|record| (record.sample_ppm, record.max_bytes, record.values));
        (one.explain, record)
    });
    (file.engine, policy, balancer)
}
