//! Connections: reuse, staleness, size, waiting, shrinking and CPING (PL-01…PL-12, A-09…,
//! F-03, F-05, F-06, BG-09, BG-10, O-12).

use rjk_testbed::client::{self, Client, Pending, Request, Response};
use rjk_testbed::farm::STATUS;
use rjk_testbed::peer::{Behaviour, CPONG, Head, Script, Step};
use rjk_testbed::{Gate, Httpd, Peer, Plan, Result, Subject, both, ensure, farm, on_mpm, wait};
use std::time::{Duration, Instant};

both! { reuse no_reuse acquire no_wait busy_limit shrinks pings no_cpong a_silent_pooled_connection }
on_mpm! { Worker worker: reuse no_reuse acquire busy_limit shrinks pings no_cpong a_silent_pooled_connection }
on_mpm! { Prefork prefork: no_reuse no_cpong }

fn one_worker(subject: Subject, peer: &Peer, settings: &str) -> Result<Httpd> {
    let workers = format!("{}{settings}\n", peer.worker("w"));
    farm::server(subject, &["w"], &workers).start()
}

fn get(httpd: &Httpd) -> Result<Response> {
    Ok(client::get(httpd.port(), "/w/")?)
}

fn post(httpd: &Httpd) -> Result<Response> {
    let request = Request::new("POST", "/w/").body("data");
    Ok(client::send(httpd.port(), request)?)
}

/// PL-01, SV-06: requests one after the other share one connection, whoever the client is.
fn reuse(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = one_worker(subject, &peer, "")?;
    let mut kept = Client::connect(httpd.port())?;
    for _ in 0..10 {
        assert_eq!(get(&httpd)?.status, 200);
        assert_eq!(post(&httpd)?.status, 200);
        assert_eq!(kept.send(&Request::get("/w/"))?.status, 200);
    }
    assert_eq!((peer.connections(), peer.requests().len()), (1, 30));
    Ok(())
}

/// PL-09, O-12: the worker forbids reuse, or the server's options do.
fn no_reuse(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::ReuseZero)?;
    let httpd = one_worker(subject, &peer, "")?;
    for _ in 0..5 {
        assert_eq!(get(&httpd)?.status, 200);
    }
    assert_eq!(peer.connections(), 5, "PL-09");
    assert!(
        httpd.jk_log().contains("[warn]"),
        "PL-09: {}",
        httpd.jk_log()
    );

    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = farm::server(subject, &["w"], &peer.worker("w"))
        .directives("JkOptions +DisableReuse")
        .start()?;
    for _ in 0..5 {
        assert_eq!(get(&httpd)?.status, 200);
    }
    assert_eq!(peer.connections(), 5, "O-12");
    wait::until("no connection is open", wait::SOON, || {
        peer.open_connections() == 0
    })
}

/// PL-02, PL-04: what the worker closed while it was idle costs nobody a request, GET nor POST, and
/// no attempt; nor does a restart of the worker.
#[test]
fn rjk_stale_connections() -> Result {
    for settings in [
        "worker.w.retries=1",
        "worker.w.retries=1\nworker.w.reply_timeout=5000",
    ] {
        let mut peer = Peer::start(Behaviour::Echo)?;
        let httpd = one_worker(Subject::Rjk, &peer, settings)?;
        type Ask = fn(&Httpd) -> Result<Response>;
        for ask in [get as Ask, post, get, get, post] {
            assert_eq!(ask(&httpd)?.status, 200);
            peer.close_connections();
            wait::until("closed", wait::SOON, || peer.open_connections() == 0)?;
            assert_eq!(ask(&httpd)?.status, 200, "{settings}");
        }
        assert_eq!(peer.requests().len(), 10, "none was seen twice");
        let port = peer.port();
        drop(peer);
        assert_eq!(get(&httpd)?.status, 503, "F-06: nobody listens");
        peer = Peer::on_port(port, "again", Behaviour::Echo)?;
        assert_eq!(post(&httpd)?.status, 200);
        let port = peer.port();
        drop(peer);
        peer = Peer::on_port(port, "again", Behaviour::Echo)?;
        assert_eq!(post(&httpd)?.status, 200);
        assert_eq!(get(&httpd)?.status, 200);
        assert_eq!(peer.requests().len(), 2);
    }
    Ok(())
}

/// PL-02, CP-01: bytes that nobody asked for retire a pooled connection before a POST.
#[test]
fn rjk_late_bytes_are_nobodys_answer() -> Result {
    let (go, sent) = (Gate::new(), Gate::new());
    let late = Script::new([
        Step::Echo,
        go.step(),
        Step::Head(Head::new(418)),
        Step::text("late"),
        Step::End(true),
        sent.opening_step(),
    ]);
    let peer = Peer::start(late.then_echo())?;
    let httpd = one_worker(Subject::Rjk, &peer, "")?;
    assert_eq!(get(&httpd)?.status, 200);
    go.open();
    sent.wait()?;
    let answer = post(&httpd)?;
    assert_eq!(
        (answer.status, answer.field("body").as_deref()),
        (200, Some("4"))
    );
    assert_eq!(peer.connections(), 2);
    Ok(())
}

/// F-03: one place; the second request waits for it, or not long enough.
fn acquire(subject: Subject) -> Result {
    let gate = Gate::new();
    let mut farm = Plan::workers(subject, &["patient", "hasty", "none"])
        .script("patient", gate.script())
        .script("hasty", gate.script())
        .line("worker.patient.connection_pool_size=1\nworker.hasty.connection_pool_size=1")
        .line("worker.patient.connection_acquire_timeout=20000")
        .line("worker.hasty.connection_acquire_timeout=700\nworker.none.connection_pool_size=0")
        .start()?;
    let mut first = Vec::new();
    for name in ["patient", "hasty"] {
        first.push(farm.pending(Request::get(&format!("/{name}/"))));
        farm.peer(name)?.wait_requests(1)?;
    }
    let begin = Instant::now();
    assert_eq!(farm.get("/hasty/")?, "503", "F-03");
    // Neither at once nor when the first is done: that one is held back still.
    let waited = begin.elapsed();
    assert!(
        (700..10_000).contains(&waited.as_millis()),
        "A-17: {waited:?}"
    );
    let mut second = Client::connect(farm.httpd.port())?.timeout(Duration::from_millis(300))?;
    second.raw(&Request::get("/patient/").head_bytes())?;
    assert!(second.head().is_err(), "A-17: it waits");
    gate.open();
    assert_eq!(second.timeout(wait::SOON)?.response("GET")?.status, 200);
    for first in first {
        assert_eq!(first.response()?.status, 200);
    }
    assert_eq!(farm.get("/none/")?, "503", "A-14");
    for (name, expected) in [("patient", 1), ("hasty", 1), ("none", 0)] {
        assert_eq!(farm.peer(name)?.connections(), expected, "{name}");
    }
    Ok(())
}

/// BG-09: no wait means one immediate try; mod_jk answers 503 to everything.
fn no_wait(subject: Subject) -> Result {
    let status = if subject == Subject::Rjk { 200 } else { 503 };
    let peer = Peer::start(Behaviour::Echo)?;
    for settings in [
        "worker.w.connection_acquire_timeout=0",
        "worker.w.retry_interval=0",
    ] {
        let httpd = one_worker(subject, &peer, settings)?;
        assert_eq!(get(&httpd)?.status, status, "{settings}");
    }
    Ok(())
}

/// SV-02, F-05, A-23.
fn busy_limit(subject: Subject) -> Result {
    let gate = Gate::new();
    let mut farm = Plan::workers(subject, &["w"])
        .script("w", gate.script())
        .member("w", "busy_limit=1")
        .start()?;
    let first = farm.pending(Request::get("/w/"));
    farm.peer("w")?.wait_requests(1)?;
    assert_eq!(farm.get("/w/")?, "503", "F-05");
    gate.open();
    assert_eq!(first.response()?.status, 200);
    // The answer leaves before the count does.
    wait::until("the worker is free", wait::SOON, || {
        farm.get("/w/").is_ok_and(|who| who == "w")
    })?;
    assert_eq!(farm.counts(), [2]);
    Ok(())
}

/// F-03, F-05 in a balancer: the next member takes the request, also a POST.
#[test]
fn rjk_a_full_member_is_passed_over() -> Result {
    for setting in ["connection_pool_size=1", "busy_limit=1"] {
        let gate = Gate::new();
        let mut farm = Plan::new(Subject::Rjk, &["full", "free"])
            .script("full", gate.script())
            .member("full", setting)
            .member("full", "connection_acquire_timeout=0")
            .member("free", "distance=1")
            .start()?;
        let first = farm.pending(Request::get("/x"));
        farm.peer("full")?.wait_requests(1)?;
        let post = Request::new("POST", "/x").body("data");
        assert_eq!(farm.who(&post)?, "free", "{setting}");
        gate.open();
        assert_eq!(farm::who(&first.response()?), "full", "{setting}");
        farm.wait_not_busy(&["full", "free"])?;
    }
    Ok(())
}

/// Several requests at the same time, so that as many connections are open.
fn open_some(httpd: &Httpd, peer: &Peer, count: usize) -> Result {
    let gate = Gate::new();
    peer.set(gate.script());
    let start = |_| Pending::start(httpd.port(), Request::get("/w/"));
    let pending: Vec<Pending> = (0..count).map(start).collect();
    peer.wait_requests(count)?;
    gate.open();
    for pending in pending {
        ensure!(pending.response()?.status == 200, "a request failed");
    }
    Ok(())
}

/// PL-12, A-15, A-16, MT-05: maintenance closes what is idle too long, down to the floor.
fn shrinks(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let settings = "worker.maintain=1\nworker.w.connection_pool_timeout=1\n\
                    worker.w.connection_pool_size=8\nworker.w.connection_pool_minsize=2";
    let httpd = one_worker(subject, &peer, settings)?;
    open_some(&httpd, &peer, 5)?;
    assert_eq!(peer.open_connections(), 5);
    if subject == Subject::Rjk {
        assert_eq!(farm::status_page(&httpd)?.numbers("connected"), [5]);
    }
    let mut least = 5;
    wait::until("the pool shrinks", wait::SOON, || {
        // MT-01: requests drive maintenance.
        let _ = client::get(httpd.port(), STATUS);
        least = peer.open_connections();
        least <= 2
    })?;
    assert_eq!(least, 2, "A-15");
    Ok(())
}

/// how many CPINGs three requests over one connection bring.
fn pings(subject: Subject) -> Result {
    let rows = [
        ("", 0),
        ("worker.w.ping_mode=C", 1),
        // without a check at connect, the first request checks as well.
        ("worker.w.ping_mode=P", 3),
        ("worker.w.ping_mode=cp", 3),
        ("worker.w.ping_mode=A", 3),
        ("worker.w.connect_timeout=1000", 1),
        ("worker.w.prepost_timeout=1000", 3),
    ];
    for (settings, expected) in rows {
        let peer = Peer::start(Behaviour::Echo)?;
        let httpd = one_worker(subject, &peer, settings)?;
        for _ in 0..3 {
            assert_eq!(get(&httpd)?.status, 200, "{settings}");
        }
        assert_eq!(
            (peer.pings(), peer.connections()),
            (expected, 1),
            "{settings}"
        );
    }
    Ok(())
}

/// F-06, PL-06: no CPONG, or something else: 503, nothing of the request was sent, so that even a
/// POST goes to the other member.
fn no_cpong(subject: Subject) -> Result {
    for behaviour in [Behaviour::NoCpong, Behaviour::WrongCpong] {
        let (bad, good) = (
            Peer::named("bad", behaviour)?,
            Peer::named("good", Behaviour::Echo)?,
        );
        let workers = format!(
            "{}{}{}worker.t.ping_mode=C\nworker.t.ping_timeout=150\nworker.alone.reference=worker.t\n\
             worker.m.reference=worker.t\nworker.good.distance=1\nworker.lb.type=lb\n\
             worker.lb.balance_workers=m,good\n",
            bad.worker("alone"),
            bad.worker("m"),
            good.worker("good"),
        );
        let httpd = farm::server(subject, &["alone", "lb"], &workers).start()?;
        let ask = |path: &str| client::send(httpd.port(), Request::new("POST", path).body("data"));
        assert_eq!(ask("/alone/")?.status, 503, "{behaviour:?}");
        assert_eq!(
            ask("/lb/")?.field("peer").as_deref(),
            Some("good"),
            "{behaviour:?}"
        );
        assert_eq!((bad.requests().len(), bad.connections()), (0, 4), "SV-03");
    }
    Ok(())
}

/// PL-03: a pooled connection without CPONG is replaced by one that has it.
fn a_silent_pooled_connection(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let settings = "worker.w.prepost_timeout=150\nworker.w.connect_timeout=0\nworker.w.retries=1";
    let httpd = one_worker(subject, &peer, settings)?;
    assert_eq!(post(&httpd)?.status, 200);
    // From now on the first CPING of all is not answered.
    let silent = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    peer.set(Script::default().on_ping([Step::run(move |connection| {
        if silent.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Ok(());
        }
        connection.send(&CPONG)
    })]));
    assert_eq!(post(&httpd)?.status, 200);
    assert_eq!((peer.connections(), peer.requests().len()), (2, 2));
    Ok(())
}

/// A-13, BG-10: idle connections are checked by maintenance, and closed when they are silent.
#[test]
fn rjk_interval_pings() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let settings = "worker.maintain=1\nworker.w.connection_ping_interval=1\n\
                    worker.w.ping_timeout=200\nworker.w.connection_pool_size=8";
    let httpd = one_worker(Subject::Rjk, &peer, settings)?;
    open_some(&httpd, &peer, 2)?;
    let maintain = || {
        let _ = client::get(httpd.port(), STATUS);
    };
    wait::until("both are checked", wait::SOON, || {
        maintain();
        peer.pings() >= 2
    })?;
    assert_eq!(peer.open_connections(), 2);
    peer.set(Script::default().on_ping([]));
    wait::until("both are closed", wait::SOON, || {
        maintain();
        peer.open_connections() == 0
    })?;
    assert_eq!(get(&httpd)?.status, 200);
    Ok(())
}
