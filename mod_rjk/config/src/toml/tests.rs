use super::*;
use crate::properties::Properties;

const GOOD: &str = r#"
[policy.canary]
component = "policies/canary.wasm"
fuel = 300_000
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

/// The error of parsing, or else of binding.
fn refusal(text: &str) -> String {
    let workers = workers();
    let bound = PolicyFile::parse(text, "conf/rjk.toml")
        .and_then(|file| file.bind(&workers).map(|bound| bound.len()));
    bound.unwrap_err().to_string()
}

#[test]
fn everything_is_read() {
    let file = PolicyFile::parse(GOOD, "conf/rjk.toml").unwrap();
    let canary = &file.policies[0];
    assert_eq!(canary.name, "canary");
    assert_eq!(canary.component, Path::new("conf/policies/canary.wasm"));
    assert_eq!(canary.location, Location::new("conf/rjk.toml", 3));
    let expected = PolicySettings {
        fuel: 300_000,
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
    let bound = file.bind(&workers).unwrap();
    assert_eq!(bound.len(), 1);
    assert_eq!(
        (bound[0].0.name.as_slice(), bound[0].1),
        (&b"lb"[..], canary)
    );
}

#[test]
fn what_is_not_written_has_its_standard_value() {
    let file = PolicyFile::parse(GOOD, "conf/rjk.toml").unwrap();
    let plain = &file.policies[1];
    assert_eq!(plain.component, Path::new("/opt/plain.wasm"));
    assert_eq!(plain.config, "{}");
    assert_eq!(plain.settings, PolicySettings::default());
    assert_eq!(
        (plain.settings.fuel, plain.settings.memory),
        (200_000, 2_097_152)
    );
    assert_eq!(PolicyFile::parse("", "f").unwrap(), PolicyFile::default());
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("65536", 65536),
        ("\"64KiB\"", 65536),
        ("\"3 MiB\"", 3 << 20),
    ] {
        let text = format!("[policy.p]\ncomponent = \"c\"\nmemory = {text}\n");
        let file = PolicyFile::parse(&text, "f").unwrap();
        assert_eq!(file.policies[0].settings.memory, bytes, "{text}");
    }
}

#[test]
fn errors_name_the_line_and_what_to_write() {
    let policy = |line: &str| format!("[policy.p]\ncomponent = \"c\"\n{line}\n");
    let size = "; write a size such as \"2MiB\", from \"64KiB\" to \"256MiB\"";
    let cases: &[(String, String)] = &[
        ("[polcy.p]".into(), "1: unknown key polcy; write policy".into()),
        ("policy = 3".into(), "1: policy is 3; write a table, [policy.NAME]".into()),
        ("[policy]\np = 3".into(), "2: p is 3; write a table, [policy.NAME]".into()),
        (
            "\n[policy.p]\n".into(),
            "2: policy p has no component; write component = \"policies/p.wasm\"".into(),
        ),
        (policy("feul = 3"), "3: unknown key feul; write fuel".into()),
        (
            policy("xyz = 3"),
            "3: unknown key xyz; there are: component, fuel, memory, on_fault, mode, max_faults, config".into(),
        ),
        (policy("fuel = \"much\""), "3: fuel is \"much\"; write a number from 1000 to 100000000".into()),
        (policy("fuel = 1"), "3: fuel is 1; write a number from 1000 to 100000000".into()),
        (policy("fuel = 2.5"), "3: fuel is 2.5; write a number from 1000 to 100000000".into()),
        (policy("memory = \"2MB\""), format!("3: memory is \"2MB\"{size}")),
        (policy("memory = \"1KiB\""), format!("3: memory is \"1KiB\"{size}")),
        (policy("memory = true"), format!("3: memory is true{size}")),
        (policy("max_faults = -1"), "3: max_faults is -1; write a number from 0 to 1000".into()),
        (policy("on_fault = \"503\""), "3: on_fault is \"503\"; write \"builtin\" or \"reject\"".into()),
        (policy("mode = 1"), "3: mode is 1; write \"enforce\" or \"shadow\"".into()),
        (policy("config = 1"), "3: config is 1; write a table, [policy.NAME.config]".into()),
        (policy("config.x = nan"), "3: write a finite number".into()),
        ("[policy.p]\ncomponent = 7".into(), "2: component is 7; write a text in quotes".into()),
        ("[policy.p]\ncomponent = \"\"".into(), "2: component is \"\"; write a text in quotes".into()),
        (
            "[policy.\"a b\"]\ncomponent = \"c\"".into(),
            "1: policy name \"a b\"; use letters, digits, '_', '.' and '-', at most 63".into(),
        ),
        (
            policy("[balancer.lb]"),
            "3: balancer lb names no policy; write policy = \"NAME\" of a [policy.NAME]".into(),
        ),
        (policy("[balancer.lb]\npolicy = \"q\""), "4: there is no policy q; write p".into()),
        (policy("[balancer.lb]\npolicy = \"zzz\""), "4: there is no policy zzz; write p".into()),
        ("[balancer.lb]\npolicy = \"q\"".into(), "2: there is no policy q; there is none at all".into()),
        (policy("[balancer.lb]\npolicies = \"p\""), "4: unknown key policies; write policy".into()),
        (
            policy("[balancer.ib]\npolicy = \"p\""),
            "3: there is no lb worker ib in worker.list; write lb".into(),
        ),
        (
            policy("[balancer.one]\npolicy = \"p\""),
            "3: worker one is of type ajp13, a policy needs one of type lb; write lb".into(),
        ),
        ("[policy.p]\ncomponent = \"c\"\ncomponent = \"d\"".into(), "3: no valid TOML: duplicate key".into()),
        ("\n[policy.p\n".into(), "2: no valid TOML: unclosed table, expected `]`".into()),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), format!("conf/rjk.toml:{expected}"), "{text}");
    }
}
