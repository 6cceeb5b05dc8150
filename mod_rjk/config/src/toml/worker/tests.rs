use super::super::RjkToml;
use super::*;
use crate::error::{ConfigError, Warning};
use crate::model::*;
use crate::properties::Properties;
use crate::workers::Workers;
use std::time::Duration;

const WORKERS: &str = "worker.list=lb,one,status\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n\
    worker.m1.host=h1\nworker.m1.secret=s\nworker.m2.host=h2\nworker.m2.port=8010\nworker.one.host=h\n\
    worker.status.type=status\nworker.idle.host=h\n";

fn workers(text: &str) -> Workers {
    let mut properties = Properties::workers().with_environment(|_| None);
    let mut warnings = Vec::new();
    let added = properties.add_text(text.as_bytes(), "w", &mut warnings);
    added.unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

/// With every key.
const ALL: &str = r#"
[worker.m1]
protocol = "http"
port = 8443
resolve = "60s"
forward = "both"
secret_header = "X-Secret"
probe = "/health?deep=1"
websocket = true
websocket_idle = "90s"
websocket_max = 3
[worker.m1.tls]
ca = "ca.pem"
server_name = "was1.internal"
cert = "/c.pem"
key = "k.pem"
verify = false
[worker.m2]
socket = "/run/a.sock"
"#;

/// What tables have of the defaults, and what of their own.
const DEFAULTS: &str = r#"
[worker_defaults]
protocol = "http"
port = 8080
resolve = "1h"
forward = "none"
websocket = true
tls = { ca = "ca.pem", verify = false }
[worker.m1]
port = 8443
tls = { server_name = "m1" }
websocket_max = 7
[worker.m2]
socket = "/m2"
tls = false
websocket = false
[worker.one]
protocol = "ajp"
"#;

type Told = (Vec<Result<Reached, ConfigError>>, Vec<Warning>);

fn reach(toml: &str, properties: &str) -> Told {
    let file = RjkToml::parse(toml, "conf/rjk.toml").unwrap();
    let mut warnings = Vec::new();
    let all = file.ways.reach(&workers(properties), &mut warnings);
    (all, warnings)
}

/// Worker by worker, after all tables were applied.
fn applied(toml: &str, properties: &str) -> Vec<(String, u16, Way)> {
    let mut workers = workers(properties);
    let (all, _) = reach(toml, properties);
    for one in all {
        let one = one.unwrap();
        workers.set_way(&one.worker, &one.way, one.port);
    }
    let all = workers.ajp13().into_iter();
    all.map(|spec| (spec.name.to_string(), spec.port, spec.way.clone()))
        .collect()
}

fn http(change: impl FnOnce(&mut HttpSpec)) -> Way {
    let mut spec = HttpSpec::default();
    change(&mut spec);
    Way {
        protocol: Protocol::Http(Box::new(spec)),
        ..Way::default()
    }
}

fn row(name: &str, port: u16, way: Way) -> (String, u16, Way) {
    (name.to_owned(), port, way)
}

#[test]
fn a_file_without_workers_leaves_them_alone() {
    assert_eq!(reach("", WORKERS), (vec![], vec![]));
    let plain = Way::default();
    let expected = [("m1", 8009), ("m2", 8010), ("one", 8009)];
    let expected = expected.map(|(name, port)| row(name, port, plain.clone()));
    assert_eq!(applied("", WORKERS), expected);
}

#[test]
fn every_key_is_applied() {
    let all = Way {
        resolve: Some(Duration::from_secs(60)),
        ..http(|http| {
            http.tls = Some(TlsSpec {
                ca: Some("conf/ca.pem".into()),
                server_name: Some("was1.internal".to_owned()),
                identity: Some(TlsIdentity {
                    cert: "/c.pem".into(),
                    key: "conf/k.pem".into(),
                }),
                verify: false,
            });
            http.forward = Forward::Both;
            http.secret_header = Some("X-Secret".into());
            http.probe = Some("/health?deep=1".into());
            http.websocket = Some(WebSocketSpec {
                idle: Duration::from_secs(90),
                most: 3,
            });
        })
    };
    let socket = Way {
        socket: Some("/run/a.sock".into()),
        ..Way::default()
    };
    let expected = [
        row("m1", 8443, all),
        row("m2", 8010, socket),
        row("one", 8009, Way::default()),
    ];
    assert_eq!(applied(ALL, WORKERS), expected);
    let (reached, _) = reach(ALL, WORKERS);
    let files = &reached[0].as_ref().unwrap().files;
    let files = files.iter().map(|file| (file.role, file.location.line));
    let expected = [(Role::Ca, 13), (Role::Cert, 15), (Role::Key, 16)];
    assert_eq!(files.collect::<Vec<_>>(), expected);
}

#[test]
fn a_table_overrides_the_defaults_key_by_key_and_tls_as_a_whole() {
    let tls = |ca: Option<&str>, server_name: Option<&str>, verify| TlsSpec {
        ca: ca.map(Into::into),
        server_name: server_name.map(Into::into),
        identity: None,
        verify,
    };
    let hour = Some(Duration::from_secs(3600));
    let m1 = Way {
        resolve: hour,
        ..http(|http| {
            http.tls = Some(tls(None, Some("m1"), true));
            http.forward = Forward::None;
            http.websocket = Some(WebSocketSpec {
                idle: DEFAULT_WEBSOCKET_IDLE,
                most: 7,
            });
        })
    };
    let m2 = Way {
        socket: Some("/m2".into()),
        ..http(|http| http.forward = Forward::None)
    };
    let one = Way {
        resolve: hour,
        ..Way::default()
    };
    let expected = [
        row("m1", 8443, m1),
        row("m2", 8010, m2),
        row("one", 8009, one),
    ];
    assert_eq!(applied(DEFAULTS, WORKERS), expected);

    let toml = "[worker_defaults]\nprotocol = \"http\"\nport = 8080\ntls = true\n";
    let plain = http(|http| http.tls = Some(tls(None, None, true)));
    let expected = ["m1", "m2", "one"].map(|name| row(name, 8080, plain.clone()));
    assert_eq!(applied(toml, WORKERS), expected);
}

#[test]
fn a_default_of_the_schema_is_what_holds_without_the_key() {
    let base = ["protocol = \"http\"", "port = 1", "websocket = true"];
    let way = |lines: &[&str]| {
        let text = format!("[worker.m1]\n{}\n", lines.join("\n"));
        applied(&text, WORKERS).remove(0).2
    };
    let mut tested = 0;
    let keys = WORKER.keys.iter().map(|key| ("", key));
    let inner = super::super::schema::TLS.iter().map(|key| ("tls.", key));
    for (table, key) in keys.chain(inner).filter(|(_, key)| !key.default.is_empty()) {
        let given = format!("{table}{} = {}", key.name, key.default);
        // AJP has no port here.
        let others = base.iter().filter(|line| match key.name {
            "protocol" => false,
            name => !line.starts_with(&format!("{name} ")),
        });
        let mut lines: Vec<&str> = others.copied().collect();
        lines.extend((!table.is_empty()).then_some("tls.server_name = \"a\""));
        let absent = way(&lines);
        lines.push(&given);
        assert_eq!(way(&lines), absent, "{}", key.name);
        tested += 1;
    }
    assert_eq!(tested, 7);
}

/// A member of two balancers that is listed, too.
#[test]
fn lb05_a_worker_is_reached_in_one_way_wherever_it_is_used() {
    let properties = "worker.list=a,b,m\nworker.a.type=lb\nworker.a.balance_workers=m\nworker.b.type=lb\n\
                      worker.b.balance_workers=m,n\nworker.n.port=0\nworker.m.host=h\n";
    let mut workers = workers(properties);
    let way = http(|_| {});
    workers.set_way(b"m", &way, Some(8080));
    workers.set_way(b"n", &way, Some(8080));
    let all = workers.list.iter().flat_map(WorkerSpec::ajp13);
    let all: Vec<_> = all
        .map(|spec| (spec.name.to_string(), spec.port, spec.way == way))
        .collect();
    let m = || ("m".to_owned(), 8080, true);
    // A-02: nobody is asked at port 0.
    assert_eq!(all, [m(), m(), ("n".to_owned(), 0, false), m()]);
}

#[test]
#[rustfmt::skip]
fn what_does_not_go_together_is_refused() {
    let http = "[worker.m1]\nprotocol = \"http\"\nport = 1\n";
    for (toml, expected) in [
        ("[worker.m3]", "1: there is no worker m3 in workers.properties; there are: m1, m2, one"),
        ("[worker.ome]", "1: there is no worker ome in workers.properties; write one"),
        ("[worker.defaults]", "1: there is no worker defaults in workers.properties; write [worker_defaults] for what all workers have in common"),
        ("[worker.lb]", "1: worker lb is of type lb, a [worker.NAME] needs one of type ajp13; write the name of a member: m1, m2"),
        ("[worker.status]", "1: worker status is of type status, a [worker.NAME] needs one of type ajp13"),
        ("[worker.m1]\nport = 8080", "2: port is that of HTTP, and worker m1 speaks AJP; write worker.m1.port in workers.properties, or protocol = \"http\" here"),
        ("[worker.m1]\ntls = true", "2: tls, and worker m1 speaks AJP, which Tomcat has without TLS only; write protocol = \"http\" with the port of an HTTPS connector, or take tls away"),
        ("[worker.m1]\nwebsocket = true", "2: websocket, and worker m1 speaks AJP, which carries no WebSocket; write protocol = \"http\" with the port of an HTTP connector, or take websocket away"),
        ("[worker.m1]\nwebsocket_max = 3", "2: websocket_max, and worker m1 speaks AJP, which carries no WebSocket; write protocol = \"http\" with the port of an HTTP connector, or take websocket_max away"),
        ("[worker.m1]\nprotocol = \"ajp\"\nprobe = \"/h\"", "3: probe, and worker m1 speaks AJP; write protocol = \"http\" with the port of an HTTP connector, or take probe away"),
        ("[worker.m1]\nforward = \"both\"", "2: forward, and worker m1 speaks AJP; write protocol = \"http\" with the port of an HTTP connector, or take forward away"),
        ("[worker.m1]\nsecret_header = \"X\"", "2: secret_header, and worker m1 speaks AJP; write protocol = \"http\" with the port of an HTTP connector, or take secret_header away"),
        ("[worker.m1]\nprotocol = \"http\"", "2: worker m1 speaks HTTP and has no port; write port = 8080 in [worker.m1], as Tomcat's HTTP connector has it, or socket = \"PATH\""),
        ("[worker_defaults]\nprotocol = \"http\"\n[worker.m2]\nport = 1\n[worker.one]\nport = 1", "2: worker m1 speaks HTTP and has no port; write port = 8080 in [worker.m1], as Tomcat's HTTP connector has it, or socket = \"PATH\""),
        (&format!("{http}socket = \"/s\""), "4: [worker.m1] has socket and port; keep one: a socket stands instead of host and port"),
        ("[worker.m1]\nsocket = \"/s\"\nresolve = \"60s\"", "3: [worker.m1] has socket and resolve; keep one: a socket stands instead of host and port"),
        (&format!("{http}websocket_idle = \"1m\""), "4: websocket_idle without websocket; write websocket = true too"),
        (&format!("{http}websocket = false\nwebsocket_max = 1"), "5: websocket_max without websocket; write websocket = true too"),
    ] {
        let (all, _) = reach(toml, WORKERS);
        let errors: Vec<_> = all.into_iter().filter_map(Result::err).collect();
        let first = errors.first().map(ToString::to_string);
        assert_eq!(first, Some(format!("conf/rjk.toml:{expected}")), "{toml}");
        assert_eq!(errors.len(), 1, "{toml}");
    }
}

#[test]
fn a_mistake_leaves_the_other_workers_their_ways() {
    let toml = "[worker.m1]\nport = 1\n[worker.m2]\nsocket = \"/s\"\n[worker.x]\n";
    let (all, _) = reach(toml, WORKERS);
    let good: Vec<_> = all
        .iter()
        .flatten()
        .map(|one| one.worker.to_string())
        .collect();
    assert_eq!((all.len(), good), (3, vec!["m2".to_owned()]));
}

#[test]
#[rustfmt::skip]
fn what_has_no_effect_is_told() {
    let http = "[worker.m2]\nprotocol = \"http\"\nport = 1\n";
    let zero = WORKERS.replace("m2.port=8010", "m2.port=0");
    for (toml, properties, expected) in [
        ("[worker_defaults]\ntls = true", WORKERS, "2: tls in [worker_defaults] is for HTTP, which no worker speaks; write protocol = \"http\" there or in a [worker.NAME], or take tls away"),
        ("[worker.idle]", WORKERS, "1: worker idle is described in workers.properties, but neither in worker.list nor a member of a balancer there; add it, or take [worker.idle] away"),
        (&format!("{http}secret_header = \"X\"")[..], WORKERS, "4: secret_header, and worker m2 has no secret, so nothing is sent; write worker.m2.secret in workers.properties"),
        (&format!("{http}probe = \"/\"")[..], WORKERS, "4: probe, and nothing asks for a check of worker m2; write worker.m2.ping_mode=A in workers.properties"),
        (&format!("{http}tls = {{ verify = false }}")[..], WORKERS, "4: TLS is not verified: whoever answers is believed; take verify = false away, and name the CA of the worker's certificate with ca"),
        (http, &zero, "2: worker.m2.port is 0 in workers.properties, so worker m2 takes no requests on any way; take that line away"),
        ("[worker.m2]\nsocket = \"/s\"", &zero, "2: worker.m2.port is 0 in workers.properties, so worker m2 takes no requests on any way; take that line away"),
    ] {
        let (all, warnings) = reach(toml, properties);
        assert_eq!(all.iter().filter(|one| one.is_err()).count(), 0, "{toml}");
        let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(told, [format!("conf/rjk.toml:{expected}")], "{toml}");
    }
    for toml in ["[worker.m1]\nprotocol = \"http\"\nport = 1\nsecret_header = \"X\"", "[worker.one]", "[worker_defaults]\nforward = \"none\"\n[worker.m1]\nprotocol = \"http\"\nport = 1"] {
        assert_eq!(reach(toml, WORKERS).1, [], "{toml}");
    }
}

#[test]
#[rustfmt::skip]
fn wrong_values() {
    let long = format!("/{}", "a".repeat(107));
    for (toml, expected) in [
        ("[worker]\nm1 = 3", "2: m1 is 3; write a table, [worker.NAME]"),
        ("[worker.m1]\ncolour = 1", "2: unknown key colour; there are: socket, protocol, port, resolve, tls, forward, secret_header, probe, websocket, websocket_idle, websocket_max"),
        ("[worker.m1]\nhost = \"h\"", "2: host belongs into workers.properties; write worker.m1.host there"),
        ("[worker_defaults]\nreply_timeout = 3", "2: reply_timeout belongs into workers.properties; write worker.NAME.reply_timeout there"),
        ("[worker_defaults]\nsocket = \"/s\"", "2: socket is in [worker_defaults], and no two workers have the same; write it in a [worker.NAME]"),
        ("[worker-defaults]", "1: unknown key worker-defaults; write worker_defaults"),
        ("[workers.m1]", "1: unknown key workers; write worker"),
        ("[worker.m1]\nprotocol = \"https\"", "2: protocol is \"https\"; write protocol = \"http\", and tls = { ca = \"FILE\" } beside it"),
        ("[worker.m1]\nprotocol = \"h2\"", "2: protocol is \"h2\"; write \"ajp\" or \"http\""),
        ("[worker.m1]\nport = 0", "2: port is 0; write a number from 1 to 65535"),
        ("[worker.m1]\nport = \"8080\"", "2: port is \"8080\"; write a number from 1 to 65535"),
        ("[worker.m1]\nsocket = \"run/a.sock\"", "2: socket is \"run/a.sock\"; write a whole path, such as \"/run/tomcat/a.sock\""),
        (&format!("[worker.m1]\nsocket = \"{long}\""), "2: the path of socket has 108 bytes, and the system takes 107; name a shorter one"),
        ("[worker.m1]\nsocket = \"/a\\u0000b\"", "2: socket is \"/a\\0b\"; write it without control characters"),
        ("[worker.m1]\nresolve = \"1s\"", "2: resolve is \"1s\"; write a time such as \"60s\", from \"5s\" to \"24h\""),
        ("[worker.m1]\nresolve = 60", "2: resolve is 60; write a time such as \"60s\", from \"5s\" to \"24h\""),
        ("[worker.m1]\nwebsocket_idle = \"25h\"", "2: websocket_idle is \"25h\"; write a time such as \"60s\", from \"1s\" to \"24h\""),
        ("[worker.m1]\nwebsocket = \"yes\"", "2: websocket is \"yes\"; write true or false"),
        ("[worker.m1]\ntls = \"on\"", "2: tls is \"on\"; write true, false or a table"),
        ("[worker.m1.tls]\nca-file = \"x\"", "2: unknown key ca-file; write ca"),
        ("[worker.m1.tls]\ncert = \"x\"", "2: cert without key; write key = \"FILE\" too"),
        ("[worker.m1.tls]\nkey = \"x\"", "2: key without cert; write cert = \"FILE\" too"),
        ("[worker.m1.tls]\nserver_name = \"https://was1:8443/\"", "2: server_name is \"https://was1:8443/\"; write \"was1\""),
        ("[worker.m1.tls]\nserver_name = \"*.example.org\"", "2: server_name is \"*.example.org\"; write a whole name, such as \"was1.example.org\""),
        ("[worker.m1.tls]\nserver_name = \"a b\"", "2: server_name is \"a b\"; write the name that is in the worker's certificate"),
        ("[worker.m1]\nprobe = \"health\"", "2: probe is \"health\"; write a path as it stands in a request, such as \"/health\""),
        ("[worker.m1]\nprobe = \"/a b\"", "2: probe is \"/a b\"; write a path as it stands in a request, such as \"/health\""),
        ("[worker.m1]\nprobe = \"/a\\r\\nX: y\"", "2: probe is \"/a\\r\\nX: y\"; write a path as it stands in a request, such as \"/health\""),
        ("[worker.m1]\nsecret_header = \"a b\"", "2: secret_header is \"a b\"; write the name of a header, such as \"X-Worker-Secret\""),
        ("[worker.m1]\nsecret_header = \"X_Forwarded_For\"", "2: secret_header is \"X_Forwarded_For\", a header that has a meaning of its own; write another name, such as \"X-Worker-Secret\""),
        ("[worker.m1]\nsecret_header = \"HOST\"", "2: secret_header is \"HOST\", a header that has a meaning of its own; write another name, such as \"X-Worker-Secret\""),
        ("[worker.m1]\nsecret_header = \"X-Rjk-Route\"", "2: secret_header is \"X-Rjk-Route\", a header that has a meaning of its own; write another name, such as \"X-Worker-Secret\""),
    ] {
        let error = RjkToml::parse(toml, "conf/rjk.toml").unwrap_err();
        let error = error.mistakes.to_string();
        assert_eq!(error, format!("conf/rjk.toml:{expected}"), "{toml}");
    }
    let fits = &long[..107];
    for toml in [&format!("[worker.m1]\nsocket = \"{fits}\""), "[worker.m1.tls]\nserver_name = \"::1\"", "[worker.m1]\nresolve = \"24h\""] {
        assert!(RjkToml::parse(toml, "t").is_ok(), "{toml}");
    }
}
