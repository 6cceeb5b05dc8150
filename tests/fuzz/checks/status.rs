//! What must hold for any query string to a status worker (contract §6): an answer in its format, without
//! secrets, whatever earlier queries changed.

use bstr::{BStr, ByteSlice};
use rjk_balance::edit::Editor;
use rjk_balance::{Balancer, Clock, Layout, Moment, Segment, Slots, Topology};
use rjk_config::model::{AjpSpec, StatusSpec, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use rjk_log::NoLog;
use rjk_status::{Client, Format, Provenance, Query, Request, Site, WallTime, Worker, answer};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const FILE: &[u8] =
    b"worker.list=lb,alone,st\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n\
    worker.m1.secret=hush-hush\nworker.alone.secret=hush-hush\nworker.st.type=status\n";

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    check_query(input);
    SERVER.with(|server| {
        assert!(server.is_some(), "the file is right");
        let Some(server) = server else { return };
        for format in ["html", "xml", "txt", "prop", "json"] {
            let query = [b"mime=", format.as_bytes(), b"&", input].concat();
            server.check_answer(&query);
        }
    });
}

fn check_query(input: &[u8]) {
    let query = Query::parse(input);
    for (name, value) in query.iter() {
        for text in [name, value] {
            let is_masked = |byte: &u8| byte.is_ascii_control() || b"<>\"".contains(byte);
            assert!(!text.iter().any(is_masked), "{text:?}");
        }
    }
}

thread_local! {
    static SERVER: Option<Server> = Server::new();
}

/// A balancer, a worker by itself and a status worker, in the memory of this process.
struct Server {
    spec: StatusSpec,
    workers: Workers,
    balancer: Balancer,
    alone: Arc<rjk_balance::AjpWorker>,
}

impl Server {
    fn new() -> Option<Server> {
        let mut properties = Properties::workers();
        properties.add_text(FILE, "w", &mut Vec::new()).ok()?;
        let workers = Workers::build(properties, &mut Vec::new()).ok()?;
        let topology = Topology::new(&workers.list);
        let slots = Slots {
            segment: Segment::leaked(&Layout::new(&topology, 2)),
            row: None,
        };
        let address: SocketAddr = ([127, 0, 0, 1], 8009).into();
        let names = ["m1", "m2", "alone"];
        let addresses: HashMap<_, _> = names.map(|name| (name.into(), vec![address])).into();
        let (mut balancer, mut alone, mut status) = (None, None, None);
        for spec in &workers.list {
            match spec {
                WorkerSpec::Lb(spec) => {
                    let spec = Arc::new(spec.clone());
                    balancer = Balancer::new(spec, &topology, slots, &addresses, None).ok();
                }
                WorkerSpec::Ajp(spec) => {
                    let worker = rjk_balance::AjpWorker::new(spec, &[address], &topology, slots);
                    alone = worker.ok().map(Arc::new);
                }
                WorkerSpec::Status(spec) => status = Some(spec.clone()),
                _ => {}
            }
        }
        Some(Server {
            spec: status?,
            balancer: balancer?,
            alone: alone?,
            workers,
        })
    }

    fn check_answer(&self, query: &[u8]) {
        let resolve = |spec: &AjpSpec| match spec.host.first() {
            Some(b'a'..=b'm') => Ok(vec![([192, 0, 2, 1], spec.port).into()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let calendar = |unix| WallTime {
            unix,
            ..WallTime::default()
        };
        let site = Site {
            name: BStr::new("www.example"),
            port: 80,
            web_server: BStr::new("Web/1"),
            workers: vec![
                (BStr::new("lb"), Worker::Balancer(&self.balancer)),
                (BStr::new("alone"), Worker::Ajp(self.alone.clone())),
                (BStr::new("st"), Worker::Other),
            ],
            maps: Vec::new(),
            properties: self
                .workers
                .properties()
                .filter_map(|property| Some((property.name, property.value?)))
                .collect(),
            maintain: Duration::from_secs(60),
            clock: Clock {
                now: Moment::from_millis(5000),
                unix: Duration::from_secs(5),
            },
            notices: vec!["a <certificate> expires".to_owned()],
            editor: Editor {
                is_alive: &|_| true,
                resolve: &resolve,
            },
            calendar: &calendar,
        };
        let request = Request {
            spec: &self.spec,
            query,
            path: BStr::new("/st"),
            client: Client {
                user: None,
                address: BStr::new("192.0.2.7"),
            },
            provenance: Provenance::default(),
        };
        let answer = answer(&request, &site, &NoLog);
        assert_eq!(answer.status, 200);
        assert!(answer.text.find(b"hush-hush").is_none(), "a secret shows");
        check_form(answer.format, &answer.text);
    }
}

fn check_form(format: Option<Format>, text: &[u8]) {
    let is_clean = text
        .iter()
        .all(|byte| !byte.is_ascii_control() || *byte == b'\n');
    assert!(is_clean, "{:?}", text.as_bstr());
    match format {
        Some(Format::Json) => {
            let read: Result<serde_json::Value, _> = serde_json::from_slice(text);
            assert!(read.is_ok(), "{:?}", text.as_bstr());
        }
        Some(Format::Xml) => text.lines().for_each(check_xml_line),
        Some(Format::Html) => assert!(text.trim_ascii_end().ends_with(b"</html>")),
        Some(Format::Text) => assert!(text.ends_with(b"\"\n")),
        Some(Format::Properties) | None => {
            assert!(text.lines().all(|line| line.contains(&b'=')));
        }
    }
}

/// Elements begin and end on lines of their own, and attributes hold nothing that ends them.
fn check_xml_line(line: &[u8]) {
    let line = line.trim_ascii_start();
    if line.starts_with(b"<") || line == b">" || line == b"/>" {
        return;
    }
    let line = line.strip_suffix(b">").unwrap_or(line);
    let value = line
        .split_once_str("=\"")
        .and_then(|(_, value)| value.strip_suffix(b"\""));
    let ends = |byte: &u8| b"<>\"".contains(byte);
    assert!(
        value.is_some_and(|value| !value.iter().any(ends)),
        "{:?}",
        line.as_bstr()
    );
}
