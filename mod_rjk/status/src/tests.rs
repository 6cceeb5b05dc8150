//! Whole requests over a segment on the heap.

use crate::testing::spec;
use crate::{Answer, Client, Provenance, Request, Site, WallTime, Worker, answer};
use bstr::{BStr, ByteSlice};
use proptest::prelude::*;
use rjk_balance::edit::Editor;
use rjk_balance::{AjpWorker, Balancer, Clock, Layout, Moment, Segment, Slots, State, Topology};
use rjk_config::model::{AjpSpec, StatusSpec, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::uri_map::{UriMap, UriMapBuilder};
use rjk_config::workers::Workers;
use rjk_log::NoLog;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const FILE: &str = "\
worker.list=lb,alone,st
worker.lb.type=lb
worker.lb.balance_workers=m1,m2,m3
worker.m1.secret=hush-hush
worker.m1.port=8001
worker.m2.port=8002
worker.m2.activation=d
worker.m2.domain=d1
worker.m3.port=8003
worker.alone.port=8004
worker.st.type=status
";

const NOTICE: &str = "CN=<ca> expires in 3 days";
const START: Moment = Moment::from_millis(1_000_000);

/// A server without a web server.
struct Server {
    workers: Workers,
    balancer: Balancer,
    alone: Arc<AjpWorker>,
    map: Arc<UriMap>,
}

impl Server {
    fn new() -> Server {
        Server::of(|_| {})
    }

    fn of(change: impl FnOnce(&mut Workers)) -> Server {
        let mut properties = Properties::workers();
        properties
            .add_text(FILE.as_bytes(), "w", &mut Vec::new())
            .unwrap();
        let mut workers = Workers::build(properties, &mut Vec::new()).unwrap();
        change(&mut workers);
        let topology = Topology::new(&workers.list);
        let slots = Slots {
            segment: Segment::leaked(&Layout::new(&topology, 2)),
            row: None,
        };
        slots.segment.header.start(START);
        let address: SocketAddr = ([127, 0, 0, 1], 8000).into();
        let names = ["m1", "m2", "m3", "alone"];
        let addresses: HashMap<_, _> = names.map(|name| (name.into(), vec![address])).into();
        let (mut balancer, mut alone) = (None, None);
        for spec in &workers.list {
            match spec {
                WorkerSpec::Lb(spec) => {
                    let spec = Arc::new(spec.clone());
                    balancer =
                        Some(Balancer::new(spec, &topology, slots, &addresses, None).unwrap());
                }
                WorkerSpec::Ajp(spec) => {
                    alone = Some(Arc::new(
                        AjpWorker::new(spec, &[address], &topology, slots).unwrap(),
                    ));
                }
                _ => {}
            }
        }
        let mut map = UriMapBuilder::default();
        map.add_file(b"/x/*=lb\n/<y>\"=alone\n", "map", &mut Vec::new())
            .unwrap();
        Server {
            balancer: balancer.unwrap(),
            alone: alone.unwrap(),
            map: Arc::new(map.build()),
            workers,
        }
    }

    fn ask_of(
        &self,
        spec: &StatusSpec,
        query: &[u8],
        change: impl FnOnce(&mut Request<'_>),
    ) -> Answer {
        let resolve = |spec: &AjpSpec| match spec.host.as_slice() {
            b"known" => Ok(vec![([192, 0, 2, 1], spec.port).into()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let calendar = |unix| WallTime {
            unix,
            ..WallTime::default()
        };
        let site = Site {
            name: "www.example".into(),
            port: 80,
            web_server: "Web/1".into(),
            workers: vec![
                ("lb".into(), Worker::Balancer(&self.balancer)),
                ("alone".into(), Worker::Ajp(self.alone.clone())),
                ("st".into(), Worker::Other),
            ],
            maps: vec![("www.example:80".into(), self.map.clone())],
            properties: self
                .workers
                .properties()
                .filter_map(|property| Some((property.name, property.value?)))
                .collect(),
            maintain: Duration::from_secs(60),
            clock: Clock {
                now: START + Duration::from_secs(20),
                unix: Duration::from_secs(1_000_000),
            },
            notices: vec![NOTICE.to_owned()],
            editor: Editor {
                is_alive: &|_| true,
                resolve: &resolve,
            },
            calendar: &calendar,
        };
        let mut request = Request {
            spec,
            query,
            path: BStr::new("/st"),
            client: Client {
                user: None,
                address: BStr::new("192.0.2.7"),
            },
            provenance: Provenance::default(),
        };
        change(&mut request);
        answer(&request, &site, &NoLog)
    }

    fn ask(&self, query: &str) -> String {
        let answer = self.ask_of(&spec(), query.as_bytes(), |_| {});
        answer.text.to_str_lossy().into_owned()
    }

    fn value(&self, key: &str) -> String {
        let text = self.ask("mime=prop");
        let key = format!("worker.{key}=");
        let line = text.lines().find_map(|line| line.strip_prefix(&key));
        line.unwrap_or_else(|| panic!("no {key} in {text}"))
            .to_owned()
    }
}

/// Users, query, whether another site sent it; status and message.
#[rustfmt::skip]
const REFUSALS: [(&str, &str, bool, u16, &str); 7] = [
    ("ann", "x=%zz&cmd=none", true, 200, "Access denied."),
    ("", "cmd=update&mime=none&w=none&opt=32&x=%zz", true, 200, "Error during parsing of URI"),
    ("", "cmd=none&mime=none&w=none&opt=32", true, 200, "Invalid command."),
    ("", "cmd=update&mime=none&w=none&opt=32", true, 403,
        "cmd=update comes from another site (Origin: http://evil.example)"),
    ("", "cmd=update&mime=none&w=none&opt=32", false, 200, "This command is not allowed in read only mode."),
    ("", "cmd=update&mime=none&w=none", false, 200, "Invalid mime type."),
    ("", "cmd=update&mime=prop&w=none", false, 200, "Could not find given worker"),
];

/// mod_jk's formats have no place for it that programs would expect.
#[test]
fn people_are_told_what_they_should_know() {
    let server = Server::new();
    let on_page = "<b class=\"warn\">CN=&lt;ca&gt; expires in 3 days</b>";
    for (query, is_told) in [
        ("", true),
        ("cmd=show&w=lb", true),
        ("cmd=dump", false),
        ("cmd=edit&w=lb", false),
    ] {
        let page = server.ask(query);
        assert_eq!(page.contains(on_page), is_told, "{query}");
    }
    for mime in ["xml", "txt", "prop"] {
        let text = server.ask(&format!("mime={mime}"));
        assert!(!text.contains("expires"), "{mime}");
    }
    for (query, is_told) in [("", true), ("&cmd=show&w=lb", true), ("&cmd=dump", false)] {
        let text = server.ask(&format!("mime=json{query}"));
        let is_listed = text.contains("\"notices\": [\n    \"CN=<ca> expires in 3 days\"");
        assert_eq!(is_listed, is_told, "{text}");
    }
}

/// What comes first when several things are wrong.
#[test]
fn c13_order_of_refusals() {
    let server = Server::new();
    for (users, query, is_foreign, status, message) in REFUSALS {
        let spec = StatusSpec {
            users: users.split_whitespace().map(Into::into).collect(),
            ..spec()
        };
        let query = format!("mime=prop&{query}");
        let answer = server.ask_of(&spec, query.as_bytes(), |request| {
            request.provenance.origin = is_foreign.then_some(b"http://evil.example");
        });
        let expected = format!("worker.result.type=ERROR\nworker.result.message={message}\n");
        assert_eq!(
            (answer.status, answer.text.as_bstr()),
            (status, expected.as_str().into()),
            "{query}"
        );
    }
}

/// What is no UTF-8 comes back as it is where the format has no encoding, and replaced in those that are UTF-8.
#[test]
fn c02_bytes_of_names() {
    let server = Server::new();
    server.ask("cmd=update&w=lb&sw=m1&vwn=b%fcro");
    let line = |mime: &str, found: &[u8]| {
        let query = format!("mime={mime}&cmd=show&w=lb&opt=2");
        let answer = server.ask_of(&spec(), query.as_bytes(), |_| {});
        assert!(
            answer.text.find(found).is_some(),
            "{mime}: {}",
            answer.text.as_bstr()
        );
    };
    line("prop", b"worker.m1.route=b\xfcro\n");
    line("txt", b" route=\"b\xfcro\" ");
    line("xml", "route=\"b\u{fffd}ro\"\n".as_bytes());
    line("json", "\"route\": \"b\u{fffd}ro\"".as_bytes());
}

/// CM-05: what a reset leaves, and what it takes.
#[test]
fn cm05_resets() {
    let server = Server::new();
    let fill = || {
        for index in 0..3 {
            let slot = server.balancer.member_slot(index).unwrap();
            slot.set_state(State::Error, START);
            slot.last_error.store(START);
            slot.set_value(7);
            let ajp = server.balancer.ajp_slot(index).unwrap();
            ajp.used.store(9, std::sync::atomic::Ordering::Relaxed);
        }
        server
            .alone
            .slot()
            .used
            .store(9, std::sync::atomic::Ordering::Relaxed);
    };
    let seen = || {
        ["m1", "m2", "m3"].map(|name| {
            (
                server.value(&format!("{name}.state")),
                server.value(&format!("{name}.elected")),
            )
        })
    };
    let (failed, fresh) = (
        ("ERR".to_owned(), "9".to_owned()),
        ("OK/IDLE".to_owned(), "0".to_owned()),
    );
    fill();
    server.ask("cmd=reset&w=lb&sw=m2");
    assert_eq!(seen(), [failed.clone(), fresh.clone(), failed.clone()]);
    server.ask("cmd=reset&w=lb");
    assert_eq!(seen(), [fresh.clone(), fresh.clone(), fresh.clone()]);
    assert_eq!(server.value("alone.used"), "9");
    assert_eq!(server.value("lb.last_reset_ago"), "0");
    server.ask("cmd=reset&w=alone");
    assert_eq!(server.value("alone.used"), "0");
}

/// TR-21, CM-06, OUT-11.
#[test]
fn cm06_recover() {
    let server = Server::new();
    let slot = server.balancer.member_slot(0).unwrap();
    slot.last_error.store(START + Duration::from_secs(10));
    slot.set_state(State::Error, START);
    // 50 s of recover_time are left; maintenance comes in 40 s, and in 100 s at the latest.
    assert_eq!(server.value("m1.time_to_recover_min"), "50");
    assert_eq!(server.value("m1.time_to_recover_max"), "110");
    assert_eq!(server.value("lb.time_to_maintenance_min"), "40");
    assert_eq!(server.value("lb.bad"), "1");
    assert!(
        server
            .ask("cmd=recover&w=lb&sw=m1&mime=txt")
            .contains("type=OK")
    );
    assert_eq!(slot.state(), State::Recover);
    assert!(
        server
            .ask("cmd=recover&w=lb&sw=m1&mime=txt")
            .contains("Marking worker for recovery failed")
    );
    assert_eq!(server.value("lb.good"), "2");
}

fn words() -> impl Strategy<Value = String> {
    let names = [
        "cmd", "mime", "w", "sw", "opt", "att", "val0", "val1", "vwa", "vwf", "vwn", "vwr", "vwc",
        "vwd", "vahst", "vaprt", "vlr", "vlm", "vls", "vabl", "vamps", "re", "from",
    ];
    let values = [
        "list",
        "show",
        "edit",
        "update",
        "reset",
        "recover",
        "version",
        "dump",
        "html",
        "xml",
        "txt",
        "prop",
        "json",
        "lb",
        "alone",
        "st",
        "m1",
        "m*",
        "?1",
        "vwn",
        "vwa",
        "vabl",
        "0",
        "1",
        "7",
        "-1",
        "65536",
        "known",
        "%3Ci%3E%22",
        "a.b",
        "%0a%0d",
        "'%26%22",
        "ä%ff",
        "d",
    ];
    let pair = (
        proptest::sample::select(names.to_vec()),
        proptest::sample::select(values.to_vec()),
    );
    let pairs = proptest::collection::vec(
        pair.prop_map(|(name, value)| format!("{name}={value}")),
        0..8,
    );
    pairs.prop_map(|pairs| pairs.join("&"))
}

/// Whether every attribute of the XML ends where it begins, and nothing stands outside of elements.
fn is_well_formed(xml: &str) -> bool {
    xml.lines().all(|line| {
        let line = line.trim_start();
        let is_attribute = line.split_once("=\"").is_some_and(|(name, value)| {
            let value = value.strip_suffix('>').unwrap_or(value);
            let value = value.strip_suffix('"').unwrap_or("\"");
            !name.contains(['<', '"']) && !value.contains(['<', '>', '"'])
        });
        is_attribute || line.starts_with('<') || line == ">" || line == "/>"
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever was changed before, every answer has its form, and no secret.
    #[test]
    fn any_requests_have_answers_in_their_form(queries in proptest::collection::vec(words(), 1..6)) {
        let server = Server::new();
        for query in queries {
            for mime in ["html", "xml", "txt", "prop", "json"] {
                let text = server.ask(&format!("{query}&mime={mime}"));
                prop_assert!(!text.contains("hush-hush"), "{}: {}", query, text);
                let is_right = match mime {
                    "xml" => is_well_formed(&text) && text.ends_with("</jk:status>\n"),
                    "json" => serde_json::from_str::<serde_json::Value>(&text).is_ok(),
                    "prop" => text.lines().all(|line| line.contains('=')),
                    "txt" => text.ends_with("\"\n"),
                    _ => !text.contains("<i>") && text.trim_end().ends_with("</html>"),
                };
                prop_assert!(is_right, "{} {}: {}", query, mime, text);
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(query in proptest::collection::vec(any::<u8>(), 0..60)) {
        let answer = Server::new().ask_of(&spec(), &query, |_| {});
        prop_assert_eq!(answer.status, 200);
        prop_assert!(answer.text.find(b"Result").is_some() || !answer.text.is_empty());
    }
}

mod decisions;
mod ways;
