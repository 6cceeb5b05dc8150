//! WebSockets of a child's workers, and what they hold while they last.

use super::support::*;
use crate::dispatcher::{Dispatcher, Worker};
use crate::job::Served;
use crate::job::downstream::{BrokenBody, ClientError, Downstream, Then};
use crate::job::failure::Failure;
use crate::job::report::Report;
use crate::tunnel::{TunnelEnd, TunnelEnding, TunnelLimits, Tunnelled};
use crate::worker::setup::{Policies, Setup, Watches};
use bstr::BString;
use rjk_balance::{Layout, Segment, Slots, Topology};
use rjk_config::model::*;
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use rjk_log::NoLog;
use rjk_message::{BodyLength, ResponseHead};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const AGREED: &[u8] =
    b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const WISH: [(&[u8], &[u8]); 4] = [
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
];

/// The workers `w1`, `w2` and so on by themselves, and the balancer `lb` over all of them.
struct Site {
    dispatcher: Dispatcher,
    segment: Segment,
}

impl Site {
    /// `most`: how many WebSockets each may have; `None` for a worker that has none. `lines` are properties
    /// in which `w.` stands for those of all workers.
    fn new(backends: &[(&Backend, Option<u32>)], lines: &str) -> Site {
        let names: Vec<String> = (1..=backends.len()).map(|n| format!("w{n}")).collect();
        let mut workers = workers(&names, backends, lines);
        for spec in &mut workers.list {
            match spec {
                WorkerSpec::Ajp(spec) => speak_http(spec, &names, backends),
                WorkerSpec::Lb(lb) => (lb.members.iter_mut())
                    .for_each(|member| speak_http(&mut member.ajp, &names, backends)),
                _ => {}
            }
        }
        let topology = Topology::new(&workers.list);
        let segment = Segment::leaked(&Layout::new(&topology, 1));
        let row = segment.ledger().claim_row(1, &|_| true);
        let place = |(name, (backend, _)): (&String, &(&Backend, _))| {
            let place = SocketAddr::from(([127, 0, 0, 1], backend.port));
            (BString::from(name.as_str()), vec![place])
        };
        let setup = Setup {
            tls: &HashMap::new(),
            workers: &workers,
            addresses: &names.iter().zip(backends).map(place).collect(),
            topology: &topology,
            slots: Slots { segment, row },
            policies: &Policies::default(),
            watches: &Watches::default(),
            threads: 4,
        };
        Site {
            dispatcher: Dispatcher::new(&setup, &NoLog).unwrap(),
            segment,
        }
    }

    /// A GET, which asks for a WebSocket if the client opens one.
    fn ask(&self, worker: &str, wish: bool, client: &mut dyn Downstream) -> Ended {
        self.ask_with(worker, wish, &[], client)
    }

    /// The same with these headers besides.
    fn ask_with(
        &self,
        worker: &str,
        wish: bool,
        more: &[(&[u8], &[u8])],
        client: &mut dyn Downstream,
    ) -> Ended {
        let rule = RuleExtensions::default();
        let mut request = request(b"GET", BodyLength::None, &rule);
        let wish = if wish { &WISH[..] } else { &[] };
        let headers = [wish, more].concat();
        request.forward.headers = &headers;
        let worker = self.dispatcher.worker(worker.as_bytes()).unwrap();
        let mut report = Report::default();
        self.dispatcher
            .serve(worker, &request, client, &mut report, &NoLog);
        Ended {
            started: report.started,
            result: report.result,
        }
    }

    fn get(&self, worker: &str) -> u16 {
        let report = self.ask(worker, false, &mut Client::default());
        status(&report)
    }

    fn member_load(&self) -> u64 {
        self.segment.loads[0].value()
    }
}

/// What became of a request.
struct Ended {
    started: bool,
    result: Result<Served, Failure>,
}

fn status(report: &Ended) -> u16 {
    match &report.result {
        Ok(served) => served.status(),
        Err(failure) => failure.status(),
    }
}

fn workers(names: &[String], backends: &[(&Backend, Option<u32>)], lines: &str) -> Workers {
    let all = names.join(",");
    let mut text = format!(
        "worker.list={all},lb\nworker.lb.type=lb\nworker.lb.balance_workers={all}\nworker.lb.retries=1\n"
    );
    for (name, (backend, _)) in names.iter().zip(backends) {
        let (port, own) = (
            backend.port,
            lines.replace("w.", &format!("worker.{name}.")),
        );
        text += &format!(
            "worker.{name}.host=127.0.0.1\nworker.{name}.port={port}\nworker.{name}.retries=1\n\
             worker.{name}.socket_timeout=10\nworker.{name}.connection_acquire_timeout=50\n{own}\n"
        );
    }
    let (mut properties, mut warnings) = (Properties::workers(), Vec::new());
    properties
        .add_text(text.as_bytes(), "f", &mut warnings)
        .unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

fn speak_http(spec: &mut AjpSpec, names: &[String], backends: &[(&Backend, Option<u32>)]) {
    let at = names.iter().position(|name| *spec.name == *name.as_bytes());
    let idle = Duration::from_secs(5);
    let websocket = at.and_then(|at| backends[at].1);
    spec.way.protocol = Protocol::Http(Box::new(HttpSpec {
        websocket: websocket.map(|most| WebSocketSpec { idle, most }),
        ..HttpSpec::default()
    }));
}

/// A worker's connection that agrees, says so much and sees the end of the tunnel.
fn agrees(says: usize) -> Serve {
    Box::new(move |stream| {
        assert!(head(stream).contains("Upgrade: websocket\r\n"));
        stream.write_all(AGREED).unwrap();
        stream.write_all(&vec![b'x'; says]).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    })
}

/// A worker's connection that answers one request.
fn answers_once() -> Serve {
    Box::new(|stream| {
        assert!(!head(stream).contains("Upgrade"));
        stream.write_all(OK).unwrap();
    })
}

/// A client that changes protocols, and does something meanwhile.
struct Opens<'a> {
    meanwhile: Box<dyn FnMut() + 'a>,
    /// What the worker says in the tunnel.
    hears: usize,
    /// The client's connection turns out not to change protocols.
    refuses: bool,
}

impl<'a> Opens<'a> {
    fn hearing(hears: usize, meanwhile: impl FnMut() + 'a) -> Opens<'a> {
        Opens {
            meanwhile: Box::new(meanwhile),
            hears,
            refuses: false,
        }
    }
}

impl Downstream for Opens<'_> {
    fn read_body(&mut self, _: &mut [u8]) -> Result<usize, BrokenBody> {
        Ok(0)
    }

    fn start(&mut self, _: &ResponseHead, _: Option<&[u8]>) -> Result<(), ClientError> {
        Ok(())
    }

    fn send(&mut self, _: &[&[u8]], _: Then) -> Result<(), ClientError> {
        Ok(())
    }

    fn can_tunnel(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn tunnel(
        &mut self,
        head: &ResponseHead,
        worker: &mut dyn TunnelEnd,
        _: TunnelLimits,
    ) -> Tunnelled {
        assert_eq!(head.status(), 101);
        if self.refuses {
            return Tunnelled::refused("it cannot");
        }
        let (mut heard, mut buffer) = (0, [0; 512]);
        while heard < self.hears {
            match worker.read(&mut buffer) {
                Ok(read) => heard += read,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        (self.meanwhile)();
        worker.end_writing().unwrap();
        Tunnelled {
            ending: TunnelEnding::ClientClosed,
            to_client: heard as u64,
            to_worker: 0,
            lasted: Duration::ZERO,
        }
    }
}

/// One place, and one request at a time: a WebSocket is none of them.
#[test]
fn a_websocket_keeps_no_request_waiting() {
    for worker in ["w1", "lb"] {
        let backend = Backend::parallel(vec![agrees(0), answers_once()]);
        let lines = "w.connection_pool_size=1\nw.busy_limit=1";
        let site = Site::new(&[(&backend, Some(4))], lines);
        let slot = &site.segment.ajp[0];
        let mut open = false;
        let mut client = Opens::hearing(0, || {
            assert_eq!((slot.busy(), slot.connected()), (0, 1), "{worker}");
            assert_eq!(site.get(worker), 200, "{worker}");
            open = true;
        });
        let report = site.ask(worker, true, &mut client);
        assert!(report.started && status(&report) == 101, "{worker}");
        drop(client);
        assert!(open, "{worker}");
        // The connection that was used up is closed, the other one is kept.
        assert_eq!((slot.busy(), slot.connected()), (0, 1), "{worker}");
        drop(site);
        backend.done();
    }
}

/// Its own cap holds for as long as it lasts, and no longer.
#[test]
fn a_websocket_has_its_place_until_it_ends() {
    for worker in ["w1", "lb"] {
        let backend = Backend::parallel(vec![agrees(0), agrees(0)]);
        let site = Site::new(&[(&backend, Some(1))], "w.connection_pool_size=8");
        let mut client = Opens::hearing(0, || {
            let mut another = Opens::hearing(0, || panic!("one too many"));
            let report = site.ask(worker, true, &mut another);
            assert_eq!(status(&report), 503, "{worker}");
        });
        assert_eq!(status(&site.ask(worker, true, &mut client)), 101);
        drop(client);
        let mut next = Opens::hearing(0, || {});
        assert_eq!(status(&site.ask(worker, true, &mut next)), 101, "{worker}");
        drop(next);
        drop(site);
        backend.done();
    }
}

/// What goes through it is the worker's traffic, and the member's load where bytes are the load.
#[test]
fn the_bytes_of_a_websocket_are_counted() {
    const SAYS: usize = 10_000;
    for worker in ["w1", "lb"] {
        let backend = Backend::parallel(vec![agrees(SAYS)]);
        let site = Site::new(&[(&backend, Some(1))], "worker.lb.method=Traffic");
        let mut client = Opens::hearing(SAYS, || {});
        assert_eq!(status(&site.ask(worker, true, &mut client)), 101);
        drop(client);
        let read = site.segment.ajp[0].read_bytes.load(Relaxed);
        let sent = site.segment.ajp[0].sent_bytes.load(Relaxed);
        assert_eq!(read, (AGREED.len() + SAYS) as u64, "{worker}");
        if worker == "lb" {
            assert_eq!(site.member_load(), read + sent);
        }
        drop(site);
        backend.done();
    }
}

/// The worker agreed, and httpd cannot tell the client: that is no fault of the worker.
#[test]
fn a_client_that_cannot_be_told_gets_501() {
    let backend = Backend::parallel(vec![agrees(0)]);
    let site = Site::new(&[(&backend, Some(1))], "");
    let mut client = Opens {
        refuses: true,
        ..Opens::hearing(0, || {})
    };
    let report = site.ask("lb", true, &mut client);
    assert_eq!(status(&report), 501);
    drop(client);
    let Some(Worker::Lb(lb)) = site.dispatcher.worker(b"lb") else {
        panic!("no balancer");
    };
    let slot = lb.balancer.member_slot(0).unwrap();
    assert_eq!(slot.errors.load(Relaxed), 0);
    assert_eq!(lb.endpoints[0].pool().counts(), (0, 0));
    drop(site);
    backend.done();
}

/// A balancer in which `w1` has WebSocket and `w2` has none.
fn mixed(first: Vec<Serve>, second: Vec<Serve>) -> (Site, Backend, Backend) {
    let (one, two) = (Backend::parallel(first), Backend::parallel(second));
    let site = Site::new(&[(&one, Some(8)), (&two, None)], "");
    (site, one, two)
}

#[test]
fn new_websockets_go_to_members_that_have_them() {
    let six = (0..6).map(|_| agrees(0)).collect();
    let (site, one, two) = mixed(six, vec![answers_once()]);
    for _ in 0..6 {
        let mut client = Opens::hearing(0, || {});
        assert_eq!(status(&site.ask("lb", true, &mut client)), 101);
    }
    assert_eq!((one.accepted(), two.accepted()), (6, 0));
    drop(site);
    one.done();
}

#[test]
fn requests_that_ask_for_none_go_to_all_members() {
    let (site, one, two) = mixed(vec![answers_once()], vec![answers_once()]);
    assert_eq!([site.get("lb"), site.get("lb")], [200, 200]);
    assert_eq!((one.accepted(), two.accepted()), (1, 1));
    drop(site);
    one.done();
    two.done();
}

/// Another member would not know the session, and this one cannot do what is asked.
#[test]
fn a_session_on_a_member_without_websocket_is_told_so() {
    let (site, one, two) = mixed(vec![agrees(0)], vec![answers_once()]);
    let cookie: [(&[u8], &[u8]); 1] = [(b"Cookie", b"JSESSIONID=abc.w2")];
    let mut client = Opens::hearing(0, || panic!("it was opened"));
    let report = site.ask_with("lb", true, &cookie, &mut client);
    assert_eq!(status(&report), 501);
    let line = report.result.unwrap_err().to_string();
    assert!(line.contains("member w2"), "{line}");
    assert!(line.contains("websocket = true"), "{line}");
    assert_eq!((one.accepted(), two.accepted()), (0, 0));
    assert_eq!(
        (
            site.segment.ajp[1].busy(),
            site.segment.ajp[1].errors.load(Relaxed)
        ),
        (0, 0)
    );
    // The member serves what else there is of the session.
    let mut plain = Client::default();
    assert_eq!(
        status(&site.ask_with("lb", false, &cookie, &mut plain)),
        200
    );
    drop(client);
    drop(site);
    two.done();
}

/// A session that has to move moves to where it is served.
#[test]
fn a_session_whose_member_is_gone_opens_its_websocket_elsewhere() {
    let (site, one, _two) = mixed(vec![agrees(0)], vec![answers_once()]);
    let Some(Worker::Lb(lb)) = site.dispatcher.worker(b"lb") else {
        panic!("no balancer");
    };
    let slot = lb.balancer.member_slot(1).unwrap();
    slot.set_state(rjk_balance::State::Error, crate::clock::now());
    let cookie: [(&[u8], &[u8]); 1] = [(b"Cookie", b"JSESSIONID=abc.w2")];
    let mut client = Opens::hearing(0, || {});
    assert_eq!(
        status(&site.ask_with("lb", true, &cookie, &mut client)),
        101
    );
    drop(client);
    drop(site);
    one.done();
}

/// No member with WebSocket can take it: the others are not asked, and the line does not call them bad.
#[test]
fn without_a_member_that_has_it_there_is_no_websocket() {
    let (site, one, two) = mixed(vec![agrees(0)], vec![answers_once()]);
    let Some(Worker::Lb(lb)) = site.dispatcher.worker(b"lb") else {
        panic!("no balancer");
    };
    lb.balancer
        .member_slot(0)
        .unwrap()
        .set_state(rjk_balance::State::Probe, crate::clock::now());
    let mut client = Opens::hearing(0, || panic!("it was opened"));
    let report = site.ask("lb", true, &mut client);
    assert_eq!(status(&report), 503);
    let line = report.result.unwrap_err().to_string();
    assert!(line.contains("members with websocket = true"), "{line}");
    assert_eq!((one.accepted(), two.accepted()), (0, 0));
}

/// As with mod_jk where nothing is said of WebSocket: a request like any other.
#[test]
fn a_balancer_without_websocket_passes_the_request_on() {
    let backend = Backend::parallel(vec![answers_once()]);
    let site = Site::new(&[(&backend, None)], "");
    let mut client = Opens::hearing(0, || panic!("it was opened"));
    assert_eq!(status(&site.ask("lb", true, &mut client)), 200);
    drop(client);
    drop(site);
    backend.done();
}
