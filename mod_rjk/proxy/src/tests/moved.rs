//! A worker whose settings change while children use it (V-20…V-30, PL-10, LB-05).

use super::support::*;
use crate::dispatcher::{Dispatcher, Worker};
use crate::job::report::Report;
use crate::worker::edit::EDITOR;
use crate::worker::setup::{Policies, Setup, Watches};
use bstr::BString;
use rjk_balance::edit::{EndpointSetting, MemberSetting};
use rjk_balance::{AjpWorker, Balancer, Layout, Segment, Slots, Topology};
use rjk_config::model::{Activation, RuleExtensions};
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use rjk_log::NoLog;
use rjk_message::BodyLength;
use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A worker `w` by itself and as the only member of the balancers `lb1` and `lb2`, in two children.
struct Site {
    children: [Dispatcher; 2],
    slots: Slots,
}

impl Site {
    /// `lines` are properties of `w`, in which `w.` stands for `worker.w.`.
    fn new(backend: &Backend, lines: &str) -> Site {
        let workers = workers(backend.port, lines);
        let topology = Topology::new(&workers.list);
        let segment = Segment::leaked(&Layout::new(&topology, 4));
        let child = |pid| child(&workers, backend.port, &topology, segment, pid);
        Site {
            children: [child(1), child(2)],
            slots: Slots { segment, row: None },
        }
    }

    /// The same with a child that starts now.
    fn with_new_child(self, backend: &Backend) -> Site {
        let workers = workers(backend.port, "");
        let topology = Topology::new(&workers.list);
        let segment = self.slots.segment;
        let new = child(&workers, backend.port, &topology, segment, 3);
        let [old, _] = self.children;
        Site {
            children: [old, new],
            ..self
        }
    }

    fn balancer(&self, child: usize, name: &str) -> &Balancer {
        match self.children[child].worker(name.as_bytes()) {
            Some(Worker::Lb(lb)) => &lb.balancer,
            _ => panic!("no such balancer"),
        }
    }

    /// The worker as one child has it by itself.
    fn worker(&self, child: usize) -> &AjpWorker {
        match self.children[child].worker(b"w") {
            Some(Worker::Ajp(standalone)) => standalone.endpoint.worker(),
            _ => panic!("no such worker"),
        }
    }

    fn change(&self, child: usize, setting: EndpointSetting) {
        assert!(
            EDITOR
                .endpoint(self.worker(child), &setting)
                .unwrap()
                .made()
        );
    }

    fn move_to(&self, child: usize, port: u16) {
        let host = "127.0.0.1".into();
        self.change(child, EndpointSetting::Address { host, port });
    }

    /// Status and text of the answer to a GET through a worker of a child.
    fn get(&self, child: usize, worker: &str) -> (u16, String) {
        let rule = RuleExtensions::default();
        let request = request(b"GET", BodyLength::None, &rule);
        let mut client = Client::default();
        let dispatcher = &self.children[child];
        let worker = dispatcher.worker(worker.as_bytes()).unwrap();
        let mut report = Report::default();
        dispatcher.serve(worker, &request, &mut client, &mut report, &NoLog);
        let status = match &report.result {
            Ok(served) => served.status(),
            Err(failure) => failure.status(),
        };
        (status, String::from_utf8(client.body).unwrap())
    }

    fn connected(&self) -> u64 {
        self.slots.segment.ajp[0].connected()
    }
}

fn workers(port: u16, lines: &str) -> Workers {
    let text = format!(
        "worker.list=w,lb1,lb2\nworker.w.host=127.0.0.1\nworker.w.port={port}\n\
         worker.w.socket_timeout=10\nworker.w.retry_interval=1\n\
         worker.lb1.type=lb\nworker.lb1.balance_workers=w\nworker.lb1.retries=1\n\
         worker.lb2.type=lb\nworker.lb2.balance_workers=w\nworker.lb2.retries=1\n{}",
        lines.replace("w.", "worker.w.")
    );
    let (mut properties, mut warnings) = (Properties::workers(), Vec::new());
    properties
        .add_text(text.as_bytes(), "f", &mut warnings)
        .unwrap();
    Workers::build(properties, &mut warnings).unwrap()
}

fn child(
    workers: &Workers,
    port: u16,
    topology: &Topology,
    segment: Segment,
    pid: u32,
) -> Dispatcher {
    let row = segment.ledger().claim_row(pid, &|_| true);
    let place = SocketAddr::from(([127, 0, 0, 1], port));
    let setup = Setup {
        tls: &HashMap::new(),
        workers,
        addresses: &HashMap::from([(BString::from("w"), vec![place])]),
        topology,
        slots: Slots { segment, row },
        policies: &Policies::default(),
        watches: &Watches::default(),
        threads: 4,
    };
    Dispatcher::new(&setup, &NoLog).unwrap()
}

/// Backends' connections that answer `count` requests with `text`, then wait for their end.
fn says(text: &'static str, count: usize) -> Serve {
    let chunk = [
        b"AB\x00",
        &[text.len() as u8 + 4, 3, 0, text.len() as u8][..],
        text.as_bytes(),
        b"\0",
    ]
    .concat();
    let whole = [HEAD, &chunk, END].concat();
    Box::new(move |stream| {
        for _ in 0..count {
            packet(stream);
            stream.write_all(&whole).unwrap();
        }
        let end = stream.peek(&mut [0]);
        assert!(matches!(end, Ok(0)), "the connection was closed: {end:?}");
    })
}

const WAYS: [&str; 3] = ["w", "lb1", "lb2"];

#[test]
fn pl10_v20_all_children_and_balancers_go_where_the_worker_moved() {
    // Each child has a pool for each of the three ways.
    let old = Backend::parallel((0..6).map(|_| says("old", 1)).collect());
    let new = Backend::parallel((0..6).map(|_| says("new", 2)).collect());
    let site = Site::new(&old, "");
    let all = || [0, 1].map(|child| WAYS.map(|way| site.get(child, way).1));
    assert_eq!(all(), [["old"; 3]; 2]);
    assert_eq!(site.connected(), 6);
    site.move_to(0, new.port);
    site.children[0].follow();
    assert_eq!(
        site.connected(),
        3,
        "idle ones of the child that was told, at once"
    );
    assert_eq!(site.get(1, "w").1, "new");
    assert_eq!(
        site.connected(),
        1,
        "of the other with its next request, whichever it is for"
    );
    old.done();
    assert_eq!(site.get(0, "w").1, "new");
    assert_eq!(site.get(0, "w").1, "new");
    for child in [0, 1] {
        assert_eq!(["lb1", "lb2"].map(|way| site.get(child, way).1), ["new"; 2]);
        assert_eq!(["lb1", "lb2"].map(|way| site.get(child, way).1), ["new"; 2]);
    }
    assert_eq!(site.get(1, "w").1, "new");
    assert_eq!(new.accepted(), 6);
    drop(site);
    new.done();
}

#[test]
fn pl10_maintenance_closes_what_is_idle_at_the_old_place() {
    let old = Backend::start(vec![says("old", 1)]);
    let site = Site::new(&old, "");
    assert_eq!(site.get(1, "lb1").1, "old");
    site.move_to(0, 9);
    site.children[1].maintain(&NoLog);
    assert_eq!(site.connected(), 0);
    old.done();
}

#[test]
fn pl10_a_connection_in_use_is_closed_when_its_request_ends() {
    let (ask, asked) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let old = Backend::start(vec![Box::new(move |stream| {
        packet(stream);
        ask.send(()).unwrap();
        gone.recv().unwrap();
        stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
        assert!(matches!(stream.peek(&mut [0]), Ok(0)), "closed");
    })]);
    let site = Site::new(&old, "");
    std::thread::scope(|scope| {
        let request = scope.spawn(|| site.get(1, "lb1"));
        asked.recv().unwrap();
        site.move_to(0, 9);
        assert_eq!(site.connected(), 1);
        go.send(()).unwrap();
        assert_eq!(request.join().unwrap(), (200, "hi".to_owned()));
    });
    assert_eq!(site.connected(), 0);
    old.done();
}

#[test]
fn pl10_a_connection_that_was_handed_out_before_the_move_is_not_used() {
    let old = Backend::start(vec![says("old", 1)]);
    let new = Backend::start(vec![says("new", 1)]);
    let site = Site::new(&old, "");
    assert_eq!(site.get(0, "w").1, "old");
    let Some(Worker::Ajp(standalone)) = site.children[0].worker(b"w") else {
        panic!("no such worker");
    };
    let endpoint = &standalone.endpoint;
    let mut checkout = endpoint.pool().checkout().unwrap();
    site.move_to(1, new.port);
    let contact = endpoint.contact();
    let rule = RuleExtensions::default();
    let request = request(b"GET", BodyLength::None, &rule);
    let mut client = Client::default();
    let mut job = crate::job::Forwarding::new(&request, &mut client);
    let target = crate::job::Target {
        route: None,
        activation: b"ACT",
        cookie: None,
    };
    contact
        .call(&mut checkout, &mut job, target, &NoLog)
        .unwrap();
    assert_eq!(client.body, b"new");
    drop(checkout);
    old.done();
    drop(site);
    new.done();
}

#[test]
fn v21_port_0_is_not_contacted_and_back() {
    let backend = Backend::start(vec![says("hi", 1), says("hi", 1)]);
    let site = Site::new(&backend, "");
    assert_eq!(site.get(1, "w"), (200, "hi".to_owned()));
    site.move_to(0, 0);
    assert_eq!(site.get(1, "w").0, 503);
    site.move_to(0, backend.port);
    assert_eq!(site.get(1, "w"), (200, "hi".to_owned()));
    drop(site);
    backend.done();
}

#[test]
fn v20_a_host_that_does_not_resolve_changes_nothing() {
    let backend = Backend::start(vec![says("hi", 2)]);
    let site = Site::new(&backend, "");
    assert_eq!(site.get(0, "w").1, "hi");
    let (host, port) = ("host.invalid".into(), 1);
    let setting = EndpointSetting::Address { host, port };
    let error = EDITOR.endpoint(site.worker(0), &setting).unwrap_err();
    assert!(error.to_string().contains("host.invalid"), "{error}");
    assert_eq!(site.get(0, "w").1, "hi");
    assert_eq!(backend.accepted(), 1, "the connection was kept");
    drop(site);
    backend.done();
}

#[test]
fn v24_a_reply_timeout_counts_from_the_next_request_on() {
    let silent = || -> Serve {
        Box::new(|stream| {
            packet(stream);
            let _ = stream.peek(&mut [0]);
        })
    };
    let backend = Backend::start(vec![silent(), silent(), silent()]);
    let site = Site::new(&backend, "w.socket_timeout=0");
    site.change(0, EndpointSetting::ReplyTimeout(Duration::from_millis(80)));
    site.change(0, EndpointSetting::Retries(1));
    for (child, way) in [(0, "w"), (1, "w"), (1, "lb2")] {
        let began = Instant::now();
        assert_eq!(site.get(child, way).0, 504, "{child} {way}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    backend.done();
}

#[test]
fn v29_v30_limits_change_for_all_ways() {
    let backend = Backend::start(vec![says("hi", 1)]);
    let site = Site::new(&backend, "");
    site.change(1, EndpointSetting::BusyLimit(1));
    let held = site.slots.enter_ajp(0);
    for child in [0, 1] {
        assert_eq!(WAYS.map(|way| site.get(child, way).0), [503; 3]);
    }
    drop(held);
    site.change(1, EndpointSetting::BusyLimit(0));
    site.change(0, EndpointSetting::MaxPacketSize(16384));
    assert_eq!(site.get(1, "w").1, "hi", "BG-03: by itself too");
    assert_eq!(site.worker(1).settings().spec.max_packet_size, 16384);
    drop(site);
    backend.done();
}

#[test]
fn v22_a_new_pool_timeout_closes_idle_connections_in_each_child() {
    let backend = Backend::start(vec![says("hi", 1)]);
    let site = Site::new(&backend, "w.connection_pool_minsize=0");
    assert_eq!(site.get(1, "w").1, "hi");
    site.change(0, EndpointSetting::PoolTimeout(Duration::from_secs(1)));
    std::thread::sleep(Duration::from_millis(1100));
    site.children[1].maintain(&NoLog);
    assert_eq!(site.connected(), 0);
    backend.done();
}

#[test]
fn v27_bg22_a_ping_interval_reaches_every_child() {
    let backend = Backend::start(vec![Box::new(|stream| {
        packet(stream);
        stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
        let mut cping = [0; 5];
        std::io::Read::read_exact(stream, &mut cping).unwrap();
        assert_eq!(cping[4], 10);
        stream.write_all(b"AB\x00\x01\x09").unwrap();
        let _ = stream.peek(&mut [0]);
    })]);
    let site = Site::new(&backend, "w.ping_timeout=5000");
    assert_eq!(site.get(1, "w").1, "hi");
    site.change(0, EndpointSetting::PingInterval(Duration::from_secs(1)));
    std::thread::sleep(Duration::from_millis(1100));
    site.children[1].maintain(&NoLog);
    site.children[1].check_idle(|| crate::way::pool::Budget::UNLIMITED, &NoLog);
    assert_eq!(site.connected(), 1, "it answered");
    drop(site);
    backend.done();
}

#[test]
fn v10_a_child_that_starts_later_knows_of_the_edits() {
    let old = Backend::start(vec![]);
    let new = Backend::start(vec![says("new", 1)]);
    let site = Site::new(&old, "");
    site.move_to(0, new.port);
    let stopped = MemberSetting::Activation(Activation::Stopped);
    let change = EDITOR.member(site.balancer(0, "lb1"), 0, &stopped);
    assert!(change.unwrap().made());
    let site = site.with_new_child(&old);
    assert_eq!(site.get(1, "lb1").0, 503);
    assert_eq!(site.get(1, "w").1, "new");
    drop(site);
    new.done();
}
