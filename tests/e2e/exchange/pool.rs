//! Connections: reuse, staleness, size, waiting, shrinking and CPING (PL-01…PL-12, A-09…,
//! F-03, F-05, F-06, BG-09, BG-10, O-12).

use rjk_testbed::client::{self, Client, Request, Response};
use rjk_testbed::farm::STATUS;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Httpd, Peer, Result, Subject, both, farm, wait};
use std::time::{Duration, Instant};

both! { reuse no_reuse acquire no_wait busy_limit shrinks pings no_cpong a_silent_pooled_connection }

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

/// Answers after a pause.
fn slow(pause: u64) -> Script {
    Script::new([
        Step::ReadBody,
        Step::Sleep(Duration::from_millis(pause)),
        Step::Echo,
    ])
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
    let late = Script::new([
        Step::Echo,
        Step::Sleep(Duration::from_millis(30)),
        Step::Head(Head::new(418)),
        Step::text("late"),
        Step::End(true),
    ]);
    let peer = Peer::start(late.then_echo())?;
    let httpd = one_worker(Subject::Rjk, &peer, "")?;
    assert_eq!(get(&httpd)?.status, 200);
    std::thread::sleep(Duration::from_millis(150));
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
    let peer = Peer::start(slow(600))?;
    let names = ["patient", "hasty", "none"];
    let workers = names.map(|name| peer.worker(name)).concat()
        + "worker.patient.connection_pool_size=1\n\
           worker.patient.connection_acquire_timeout=5000\n\
           worker.hasty.connection_pool_size=1\nworker.hasty.connection_acquire_timeout=150\n\
           worker.none.connection_pool_size=0\n";
    let httpd = farm::server(subject, &names, &workers).start()?;
    let ask = |path: &str| client::get(httpd.port(), path).map(|answer| answer.status);
    let both = |path: &str| {
        wait::together(
            || Ok(ask(path)?),
            || {
                wait::until("the first is there", wait::SOON, || {
                    peer.requests().iter().any(|request| request.uri == path)
                })?;
                Ok(ask(path)?)
            },
        )
    };
    assert_eq!(both("/patient/")?, (200, 200));
    let begin = Instant::now();
    assert_eq!(both("/hasty/")?, (200, 503), "F-03");
    assert!(begin.elapsed() >= Duration::from_millis(150));
    assert_eq!(ask("/none/")?, 503, "A-14");
    assert_eq!(peer.connections(), 2);
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
    let peer = Peer::start(slow(400))?;
    let httpd = one_worker(subject, &peer, "worker.w.busy_limit=1")?;
    let second = || {
        peer.wait_requests(1)?;
        get(&httpd)
    };
    let (first, second) = wait::together(|| get(&httpd), second)?;
    assert_eq!((first.status, second.status), (200, 503), "F-05");
    assert_eq!(get(&httpd)?.status, 200);
    assert_eq!(peer.requests().len(), 2);
    Ok(())
}

/// F-03, F-05 in a balancer: the next member takes the request, also a POST.
#[test]
fn rjk_a_full_member_is_passed_over() -> Result {
    let (full, free) = (
        Peer::named("full", slow(500))?,
        Peer::named("free", Behaviour::Echo)?,
    );
    for setting in ["connection_pool_size=1", "busy_limit=1"] {
        let workers = format!(
            "{}{}worker.free.distance=1\nworker.full.{setting}\nworker.lb.type=lb\n\
             worker.full.connection_acquire_timeout=0\nworker.lb.balance_workers=full,free\n",
            full.worker("full"),
            free.worker("free"),
        );
        let httpd = farm::server(Subject::Rjk, &["lb"], &workers).start()?;
        let before = full.requests().len();
        let (first, second) = wait::together(
            || Ok(client::get(httpd.port(), "/lb/")?),
            || {
                full.wait_requests(before + 1)?;
                let post = Request::new("POST", "/lb/").body("data");
                Ok(client::send(httpd.port(), post)?)
            },
        )?;
        assert_eq!(first.field("peer").as_deref(), Some("full"), "{setting}");
        assert_eq!(second.field("peer").as_deref(), Some("free"), "{setting}");
        farm::wait_idle(&httpd)?;
    }
    Ok(())
}

/// Several requests at the same time, so that as many connections are open.
fn open_some(httpd: &Httpd, count: usize) {
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| assert!(get(httpd).is_ok_and(|answer| answer.status == 200)));
        }
    });
}

/// PL-12, A-15, A-16, MT-05: maintenance closes what is idle too long, down to the floor.
fn shrinks(subject: Subject) -> Result {
    let peer = Peer::start(slow(300))?;
    let settings = "worker.maintain=1\nworker.w.connection_pool_timeout=1\n\
                    worker.w.connection_pool_size=8\nworker.w.connection_pool_minsize=2";
    let httpd = one_worker(subject, &peer, settings)?;
    open_some(&httpd, 5);
    assert_eq!(peer.open_connections(), 5);
    if subject == Subject::Rjk {
        assert_eq!(farm::status_page(&httpd)?.column("Connected"), [5]);
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
        connection.send(&rjk_testbed::peer::CPONG)
    })]));
    assert_eq!(post(&httpd)?.status, 200);
    assert_eq!((peer.connections(), peer.requests().len()), (2, 2));
    Ok(())
}

/// A-13, BG-10: idle connections are checked by maintenance, and closed when they are silent.
#[test]
fn rjk_interval_pings() -> Result {
    let peer = Peer::start(slow(200))?;
    let settings = "worker.maintain=1\nworker.w.connection_ping_interval=1\n\
                    worker.w.ping_timeout=200\nworker.w.connection_pool_size=8";
    let httpd = one_worker(Subject::Rjk, &peer, settings)?;
    open_some(&httpd, 2);
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
