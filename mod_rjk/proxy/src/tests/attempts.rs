//! What a policy is told of attempts: one word for each member that was chosen, however it went.

use super::support::*;
use crate::dispatcher::{Dispatcher, Worker};
use crate::job::Served;
use crate::job::downstream::{BrokenBody, ClientError, Downstream, Then};
use crate::job::failure::Failure;
use crate::job::report::Report;
use crate::worker::setup::{Policies, Setup, Watches};
use bstr::BString;
use rjk_balance::{
    Answer, Decision, Ended, Layout, Moment, Observation, Question, RoutingPolicy, Segment, Slots,
    Topology, Tried, Verdict,
};
use rjk_config::model::RuleExtensions;
use rjk_config::properties::Properties;
use rjk_config::uri_map::{Source, UriMapBuilder};
use rjk_config::workers::Workers;
use rjk_log::{Log, NoLog};
use rjk_message::{BodyLength, ResponseHead};
use std::collections::HashMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

/// Decides as the test says, and remembers.
struct Recorder {
    decide: fn(&Question<'_>) -> Answer,
    asked: Mutex<Vec<(u32, Vec<Tried>)>>,
    told: Mutex<Vec<Observation>>,
}

impl RoutingPolicy for Recorder {
    fn decide(&self, question: &Question<'_>) -> Answer {
        let asked = (question.attempt, question.tried.to_vec());
        self.asked.lock().unwrap().push(asked);
        (self.decide)(question)
    }
    fn name(&self) -> &str {
        "recorder"
    }
    fn observes(&self) -> bool {
        true
    }
    fn observe(&self, observation: &Observation, _: Moment, _: &dyn Log) {
        self.told.lock().unwrap().push(*observation);
    }
}

impl Recorder {
    fn told(&self) -> Vec<Observation> {
        self.told.lock().unwrap().clone()
    }

    /// Member and end of each attempt.
    fn ends(&self) -> Vec<(usize, Ended)> {
        let told = self.told();
        told.iter().map(|told| (told.index, told.ended)).collect()
    }
}

/// What became of a request.
type Outcome = Result<Served, Failure>;

/// The balancer `lb` over m1, m2 and so on, one for each port.
struct Site {
    dispatcher: Dispatcher,
    policy: Arc<Recorder>,
}

impl Site {
    /// `lines` are properties in which `m.` stands for those of all members.
    fn new(ports: &[u16], lines: &str, decide: fn(&Question<'_>) -> Answer) -> Site {
        let names: Vec<String> = (1..=ports.len()).map(|n| format!("m{n}")).collect();
        let workers = workers(&names, ports, lines);
        let topology = Topology::new(&workers.list);
        let segment = Segment::leaked(&Layout::new(&topology, 1));
        let row = segment.ledger().claim_row(1, &|_| true);
        let place = |(name, port): (&String, &u16)| {
            let place = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            (BString::from(name.as_str()), vec![place])
        };
        let policy = Arc::new(Recorder {
            decide,
            asked: Mutex::default(),
            told: Mutex::default(),
        });
        let setup = Setup {
            workers: &workers,
            addresses: &std::iter::zip(&names, ports).map(place).collect(),
            tls: &HashMap::new(),
            topology: &topology,
            slots: Slots { segment, row },
            policies: &Policies::from([("lb".into(), policy.clone() as Arc<dyn RoutingPolicy>)]),
            watches: &Watches::default(),
            threads: 4,
        };
        Site {
            dispatcher: Dispatcher::new(&setup, &NoLog).unwrap(),
            policy,
        }
    }

    fn serve(&self, method: &[u8], body: BodyLength, client: &mut dyn Downstream) -> Outcome {
        let rule = RuleExtensions::default();
        let request = request(method, body, &rule);
        let worker = self.dispatcher.worker(b"lb").unwrap();
        let mut report = Report::default();
        self.dispatcher
            .serve(worker, &request, client, &mut report, &NoLog);
        report.result
    }

    fn get(&self) -> Outcome {
        self.serve(b"GET", BodyLength::None, &mut Client::default())
    }
}

fn workers(names: &[String], ports: &[u16], lines: &str) -> Workers {
    let mut text = format!(
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers={}\nworker.lb.retries=1\n\
         worker.lb.retry_interval=1\n",
        names.join(",")
    );
    for (name, port) in std::iter::zip(names, ports) {
        let own = lines.replace("m.", &format!("worker.{name}."));
        text += &format!(
            "worker.{name}.host=127.0.0.1\nworker.{name}.port={port}\nworker.{name}.retries=1\n\
             worker.{name}.socket_timeout=10\nworker.{name}.retry_interval=1\n{own}\n"
        );
    }
    let (mut properties, mut warnings) = (Properties::workers(), Vec::new());
    properties
        .add_text(text.as_bytes(), "f", &mut warnings)
        .unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

/// A port where nobody listens.
fn nobody() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn whole() -> Serve {
    answers(false, &[HEAD, CHUNK, END])
}

fn failing(status: u16) -> Serve {
    let [high, low] = status.to_be_bytes();
    let head = [b'A', b'B', 0, 8, 4, high, low, 0, 0, 0, 0, 0];
    answers(false, &[&head, END])
}

/// Waits for the end of its connection.
fn silent() -> Serve {
    Box::new(|stream| {
        packet(stream);
        let _ = stream.peek(&mut [0]);
    })
}

fn builtin(_: &Question<'_>) -> Answer {
    Answer::Decided(Decision::Builtin.into())
}

/// The first candidate, with a token that says which attempt it is.
fn first(question: &Question<'_>) -> Answer {
    let index = question.candidates.indexes()[0];
    Answer::Decided(Verdict {
        token: 100 + u64::from(question.attempt),
        ..Decision::Worker(index).into()
    })
}

/// One member with this backend: what is told of one GET.
fn one(serve: Serve, lines: &str) -> Observation {
    let backend = Backend::start(vec![serve]);
    let site = Site::new(&[backend.port], lines, builtin);
    let _ = site.get();
    drop(site.dispatcher);
    backend.done();
    let told = site.policy.told();
    assert_eq!(told.len(), 1, "{told:?}");
    told[0]
}

/// What one attempt ended with, and its status.
type End = (Ended, u16);

/// A backend, properties of its worker, and how a GET ends with them.
#[rustfmt::skip]
fn ways_to_end() -> Vec<(&'static str, Serve, &'static str, End)> {
    let cut = [HEAD, b"AB\x00\x06\x03\x00"].concat();
    let no_cpong: Serve = Box::new(|stream| drop(stream.peek(&mut [0])));
    vec![
        ("whole", whole(), "", (Ended::Ok, 200)),
        ("an error page", failing(404), "", (Ended::Ok, 404)),
        ("hard", failing(500), "m.fail_on_status=500", (Ended::Status, 500)),
        ("soft", failing(500), "m.fail_on_status=-500", (Ended::Status, 500)),
        ("silent", silent(), "m.reply_timeout=50", (Ended::Timeout, 0)),
        ("no AJP", answers(false, &[b"HTTP/1.1 400 "]), "", (Ended::Protocol, 0)),
        ("closed", answers(false, &[]), "", (Ended::Broken, 0)),
        ("closed within a packet", answers(false, &[&HEAD[..5]]), "", (Ended::Broken, 0)),
        ("closed behind the head", answers(false, &[HEAD]), "", (Ended::Broken, 200)),
        ("closed in the body", answers(false, &[&cut]), "", (Ended::Broken, 200)),
        ("no CPONG", no_cpong, "m.ping_mode=C\nm.connect_timeout=1", (Ended::Connect, 0)),
    ]
}

#[test]
fn each_end_has_its_word() {
    for (name, serve, lines, end) in ways_to_end() {
        let told = one(serve, lines);
        assert_eq!((told.ended, told.status), end, "{name}");
        let (index, attempt, decided, token) = (told.index, told.attempt, told.decided, told.token);
        assert_eq!((index, attempt, decided, token), (0, 1, false, 0), "{name}");
        assert!(told.head <= told.total, "{name}: {told:?}");
        let answered = told.status > 0;
        assert_eq!(told.head > Duration::ZERO, answered, "{name}: {told:?}");
    }
}

#[test]
fn the_times_are_those_of_head_and_end() {
    let late = Box::new(|stream: &mut std::net::TcpStream| {
        packet(stream);
        std::thread::sleep(Duration::from_millis(60));
        stream.write_all(HEAD).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        stream.write_all(&[CHUNK, END].concat()).unwrap();
    });
    let told = one(late, "");
    let passed = |from: u64, to: u64| Duration::from_millis(from)..Duration::from_millis(to);
    assert!(passed(55, 110).contains(&told.head), "{told:?}");
    assert!(passed(115, 2000).contains(&told.total), "{told:?}");
    assert_eq!(told.body, 2);
}

/// Nobody listens at the first, the second closes, the third answers.
#[test]
fn each_attempt_of_a_failover_is_told_and_the_next_knows_of_it() {
    let closing = Backend::start(vec![answers(false, &[])]);
    let good = Backend::start(vec![whole()]);
    let ports = [nobody(), closing.port, good.port];
    let site = Site::new(&ports, "worker.lb.lb_retries=3", first);
    assert!(matches!(site.get(), Ok(Served::Response { status: 200 })));
    closing.done();
    good.done();
    let ends = [(0, Ended::Connect), (1, Ended::Broken), (2, Ended::Ok)];
    assert_eq!(site.policy.ends(), ends);
    let tried: Vec<Tried> = ends.map(|(index, ended)| Tried { index, ended }).into();
    let asked = [
        (1, vec![]),
        (2, tried[..1].to_vec()),
        (3, tried[..2].to_vec()),
    ];
    assert_eq!(*site.policy.asked.lock().unwrap(), asked);
    for (told, attempt) in site.policy.told().iter().zip(1..) {
        let expected = (attempt, true, 100 + u64::from(attempt));
        assert_eq!((told.attempt, told.decided, told.token), expected);
    }
}

/// Of an answer that was not taken the status is told; who got it is another attempt.
#[test]
fn an_answer_that_was_not_taken_is_an_attempt_of_its_own() {
    let bad = Backend::start(vec![failing(503)]);
    let good = Backend::start(vec![whole()]);
    let site = Site::new(&[bad.port, good.port], "m.fail_on_status=503", first);
    assert!(site.get().is_ok());
    bad.done();
    good.done();
    let told = site.policy.told();
    let seen: Vec<_> = told.iter().map(|t| (t.index, t.ended, t.status)).collect();
    assert_eq!(seen, [(0, Ended::Status, 503), (1, Ended::Ok, 200)]);
}

/// A worker that had the request in its first try, and is down at the second, did get it.
#[test]
fn a_worker_that_goes_down_between_two_tries_had_the_request() {
    let closing = Backend::start(vec![answers(false, &[HEAD])]);
    let site = Site::new(&[closing.port], "m.retries=2", builtin);
    assert!(site.get().is_err());
    closing.done();
    let told = site.policy.told();
    assert_eq!(
        (told.len(), told[0].ended, told[0].status),
        (1, Ended::Broken, 0)
    );
}

#[test]
fn who_is_not_asked_was_busy() {
    let start = Arc::new(Barrier::new(2));
    let held = |start: &Arc<Barrier>| -> Serve {
        let start = start.clone();
        Box::new(move |stream| {
            packet(stream);
            start.wait();
            start.wait();
            stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
        })
    };
    for lines in [
        "m.busy_limit=1",
        "m.connection_pool_size=1\nm.connection_acquire_timeout=20",
    ] {
        let backend = Backend::start(vec![held(&start)]);
        let site = Site::new(&[backend.port], lines, first);
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(site.get().is_ok()));
            start.wait();
            assert!(site.get().is_err(), "{lines}");
            start.wait();
        });
        backend.done();
        let told = site.policy.told();
        assert_eq!(site.policy.ends(), [(0, Ended::Busy), (0, Ended::Ok)]);
        assert_eq!((told[0].status, told[0].token), (0, 101));
    }
}

#[test]
fn a_client_that_goes_or_sends_too_little_is_the_client() {
    let meeting = Arc::new(Barrier::new(1));
    let leaving = Client {
        leaves: Some(meeting),
        ..Client::default()
    };
    let short = Client {
        input: b"ab".to_vec(),
        breaks: true,
        ..Client::default()
    };
    let rows = [
        (b"GET".as_slice(), BodyLength::None, leaving, 200),
        (b"POST", BodyLength::Known(5), short, 0),
    ];
    for (method, body, mut client, status) in rows {
        let backend = Backend::start(vec![Box::new(|stream| {
            packet(stream);
            let _ = stream.write_all(&[HEAD, CHUNK, END].concat());
            let _ = stream.peek(&mut [0]);
        })]);
        let site = Site::new(&[backend.port], "", builtin);
        assert!(site.serve(method, body, &mut client).is_err());
        drop(site.dispatcher);
        backend.done();
        let told = site.policy.told();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].ended, told[0].status), (Ended::Client, status));
    }
}

/// A client whose first write is a defect of ours.
struct Defect;

impl Downstream for Defect {
    fn read_body(&mut self, _: &mut [u8]) -> Result<usize, BrokenBody> {
        Ok(0)
    }
    fn start(&mut self, _: &ResponseHead, _: Option<&[u8]>) -> Result<(), ClientError> {
        Ok(())
    }
    fn send(&mut self, _: &[&[u8]], _: Then) -> Result<(), ClientError> {
        std::panic::resume_unwind(Box::new("a defect"))
    }
}

#[test]
fn a_panic_is_told_as_the_hosts_and_only_once() {
    let backend = Backend::start(vec![whole(), whole()]);
    let site = Site::new(&[backend.port], "", first);
    let serve = || site.serve(b"GET", BodyLength::None, &mut Defect);
    assert!(catch_unwind(AssertUnwindSafe(serve)).is_err());
    assert!(site.get().is_ok());
    backend.done();
    let ends = [(0, Ended::Host), (0, Ended::Ok)];
    assert_eq!(site.policy.ends(), ends);
    assert_eq!(site.policy.told()[0].token, 101);
}

/// Nobody was chosen: there is no attempt.
#[test]
fn a_refused_request_is_no_attempt() {
    let site = Site::new(&[nobody()], "", |_| {
        Answer::Decided(Decision::Reject(429).into())
    });
    let result = site.get();
    assert!(result.is_ok_and(|served| served.status() == 429));
    assert_eq!(site.policy.told(), []);
}

/// With a policy that fails or only watches the built-in rules choose, and that is told.
#[test]
fn who_chose_is_told() {
    let shadow = |_: &Question<'_>| Answer::Shadow(Some(Decision::Worker(0).into()));
    let off = |_: &Question<'_>| Answer::Off { reject: None };
    for decide in [builtin, shadow, off] as [fn(&Question<'_>) -> Answer; 3] {
        let backend = Backend::start(vec![whole()]);
        let site = Site::new(&[backend.port], "", decide);
        assert!(site.get().is_ok());
        backend.done();
        let told = site.policy.told();
        assert_eq!(
            (told.len(), told[0].decided, told[0].ended),
            (1, false, Ended::Ok)
        );
    }
}

#[test]
fn a_rule_leads_to_its_worker_by_a_place_that_is_only_a_hint() {
    let site = Site::new(&[1], "", builtin);
    let mut builder = UriMapBuilder::new();
    for (pattern, worker) in [(&b"/a"[..], &b"lb"[..]), (b"/b", b"nobody")] {
        let added = builder.add_mount(pattern, worker, Source::JkMount, None, &mut Vec::new());
        assert!(added.is_ok());
    }
    let map = builder.build();
    let rule = |path| map.lookup(path, false).unwrap();
    let is_lb = |rule| matches!(site.dispatcher.worker_of(rule), Some(Worker::Lb(_)));
    assert!(is_lb(rule(b"/a")));
    assert_eq!(rule(b"/a").place.get(), Some(0));
    assert!(is_lb(rule(b"/a")));
    // The place of another configuration.
    for wrong in [0, 7] {
        rule(b"/b").place.set(wrong);
        assert!(site.dispatcher.worker_of(rule(b"/b")).is_none());
    }
    rule(b"/a").place.set(7);
    assert!(is_lb(rule(b"/a")));
}
