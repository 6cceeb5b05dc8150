//! All mistakes of a file are told at once, and what people write by habit is understood.

use super::RjkToml;
use crate::error::ConfigError;
use crate::properties::Properties;
use crate::workers::Workers;

/// Line and message of each.
fn told(text: &str) -> Vec<(u32, String)> {
    let broken = RjkToml::parse(text, "f").unwrap_err();
    let errors = broken.mistakes.into_errors();
    let told = |error: ConfigError| {
        let line = error.location().map_or(0, |place| place.line);
        (line, error.message().to_owned())
    };
    errors.into_iter().map(told).collect()
}

const MANY: &str = r#"protocol = "http"
[wasm]
engine = "fast"
[policy.p]
fuel = 1
memry = "2MiB"
[policy."q r"]
component = ""
[balancer.lb]
policy = "p"
explain = 5_000
[balancer.x]
policy = "r"
record_size = "1KiB"
[worker_defaults]
socket = "/run/a.sock"
probe = "health"
[worker.a]
host = "was1"
prot = 8080
[worker.a.tls]
cert = "c.pem"
port = 8443
[worker.b]
protocol = "https"
tls = "ca.pem"
websocket_idle = 600
"#;

#[test]
fn all_are_told_in_the_order_of_the_lines() {
    let told = told(MANY);
    let lines: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(
        lines,
        [
            1, 3, 4, 5, 6, 7, 8, 11, 13, 14, 14, 16, 17, 19, 20, 22, 23, 25, 26, 27
        ],
        "{told:#?}"
    );
}

/// One mistake, one message.
#[test]
fn what_follows_from_a_mistake_is_not_told() {
    for text in [
        "[policy.p]\ncomponent = 1\n[balancer.b]\npolicy = \"p\"\n",
        "[balancer.b]\npolicy = 7\n",
        "[balancer.b]\nrecord = 7\nrecord_sample = 0.5\n",
        "[worker.a.tls]\ncert = 1\nkey = \"k\"\n",
    ] {
        assert_eq!(told(text).len(), 1, "{text}: {:?}", told(text));
    }
}

#[test]
fn habits_are_understood() {
    for (text, line, remedy) in [
        (
            "[worker.a]\nprotocol = \"https\"\n",
            2,
            "write protocol = \"http\", and tls = { ca = \"FILE\" } beside it",
        ),
        (
            "[worker.a]\ntls = \"ca.pem\"\n",
            2,
            "write tls = { ca = \"ca.pem\" }, or true",
        ),
        (
            "[worker.a.tls]\nserver_name = \"\"\n",
            2,
            "write the name that is in the worker's certificate, or take the line away",
        ),
        (
            "protocol = \"http\"\n",
            1,
            "protocol is in no table; write it below the line [worker_defaults]",
        ),
        (
            "[worker.a.tls]\nca = \"c\"\nport = 1\n",
            3,
            "write it above the line of its tls table",
        ),
        ("[worker.a]\nssl = true\n", 2, "write tls"),
        ("[worker.a]\nunix = \"/a\"\n", 2, "write socket"),
        ("[worker.a.tls]\nca_file = \"a\"\n", 2, "write ca"),
        ("[worker.a.tls]\nSNI = \"a\"\n", 2, "write server_name"),
        ("[worker.a]\nwebsokcet = true\n", 2, "write websocket"),
        ("[worker.a]\ntype = \"http\"\n", 2, "write protocol"),
        ("[workers.a]\nport = 1\n", 1, "write worker"),
        (
            "[policy.p]\ncomponent = \"\"\n",
            2,
            "write a text that is not empty",
        ),
        ("[worker.a]\nssl-key = true\n", 2, "there are: socket"),
    ] {
        let told = told(text);
        let [(at, message)] = told.as_slice() else {
            panic!("{text}: {told:?}");
        };
        assert!(message.contains(remedy) && *at == line, "{at}: {message}");
    }
}

fn workers() -> Workers {
    let text =
        b"worker.list=a,b,c\nworker.a.host=10.0.0.1\nworker.b.host=was1\nworker.c.host=10.0.0.2\n";
    let mut properties = Properties::workers().with_environment(|_| None);
    let mut warnings = Vec::new();
    properties.add_text(text, "w", &mut warnings).unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

/// A table with a mistake may mean something else than what is left of it.
#[test]
fn what_is_well_shows_what_else_is_wrong() {
    let text = "[worker.x]\nprotocol = \"https\"\n[worker.a]\nprotocol = \"htp\"\ntls = true\n[worker.b]\ntls = true\n\
                [worker_defaults]\nforward = \"none\"\n";
    let broken = RjkToml::parse(text, "f").unwrap_err();
    assert_eq!(broken.mistakes.iter().count(), 2);
    let mut warnings = Vec::new();
    let all = broken.rest.ways.reach(&workers(), &mut warnings);
    let errors: Vec<String> = all
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    let [unknown, ajp] = errors.as_slice() else {
        panic!("{errors:?}");
    };
    assert!(
        unknown.starts_with("f:1: there is no worker x"),
        "{unknown}"
    );
    assert!(
        ajp.starts_with("f:7: tls, and worker b speaks AJP"),
        "{ajp}"
    );
    assert!(warnings.is_empty(), "{warnings:?}");
}

/// What is in no table was meant for one of them.
#[test]
fn a_key_that_strayed_explains_what_is_missing() {
    let text = "protocol = \"http\"\n[worker.a]\nport = 8080\n[worker.x]\n";
    let broken = RjkToml::parse(text, "f").unwrap_err();
    assert_eq!(broken.mistakes.iter().count(), 1);
    let all = broken.rest.ways.reach(&workers(), &mut Vec::new());
    let [Err(error)] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert!(error.to_string().starts_with("f:4: there is no worker x"));
}

#[test]
fn an_address_is_looked_up_nowhere() {
    let text = "[worker_defaults]\nresolve = \"60s\"\n[worker.a]\nresolve = \"60s\"\n[worker.b]\nresolve = \"60s\"\n";
    let file = RjkToml::parse(text, "f").unwrap();
    let mut warnings = Vec::new();
    file.ways.reach(&workers(), &mut warnings);
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    let said = warning.to_string();
    assert!(
        said.starts_with("f:4: resolve, and the host of worker a is the address 10.0.0.1"),
        "{said}"
    );
}
