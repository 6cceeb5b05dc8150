//! What is in flight is counted, and never stays counted (BG-24, H-09, design: the ledger).

use rjk_testbed::client::{Client, Request};
use rjk_testbed::gate::gated;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::{Farm, Peer, Plan, Result, Subject, client, ensure, wait};
use std::collections::BTreeSet;
use std::time::Duration;

const MEMBERS: [&str; 2] = ["m1", "m2"];

fn several(mpm: Mpm) -> Plan {
    Plan::new(Subject::Rjk, &MEMBERS).httpd(|builder| {
        let builder = builder.mpm(mpm).start_servers(2).threads_per_child(8);
        // Spare slots, for children that start while others end.
        match mpm {
            Mpm::Prefork => builder.server_limit(16),
            _ => builder.server_limit(8).max_request_workers(16),
        }
    })
}

/// Clients that go away while Tomcat thinks, and while it answers.
#[test]
fn f15_aborted_clients_leave_nothing_busy() -> Result {
    for mpm in Mpm::ALL {
        let mut farm = several(mpm).start()?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        let endless = [
            Step::Head(Head::ok()),
            Step::Chunk(vec![b'x'; 8_000_000]),
            Step::End(true),
        ];
        farm.peer("m2")?.set(Script::new(endless));
        let mut clients = Vec::new();
        for member in ["m1", "m1", "m2", "m2"] {
            let mut client = Client::connect(farm.httpd.port())?;
            let cookie = format!("JSESSIONID=a.{member}");
            client.raw(&Request::get("/hold").header("Cookie", &cookie).head_bytes())?;
            if member == "m2" {
                client.read_some(1000)?;
            }
            clients.push(client);
        }
        farm.peer("m1")?.wait_requests(2)?;
        assert_eq!(farm.status("m1")?.busy, 2, "{mpm:?}");
        assert_eq!(farm.status("m2")?.busy, 2, "{mpm:?}");
        assert_eq!(farm.page()?.balancer_busy("lb")?, 4, "{mpm:?}");
        for client in clients {
            client.abort()?;
        }
        farm.wait_status("m2", Duration::from_secs(10), |status| status.busy == 0)?;
        gate.open();
        farm.wait_not_busy(&MEMBERS)?;
        for member in MEMBERS {
            let status = farm.status(member)?;
            assert_eq!(
                (status.errors, status.state.as_str()),
                (0, "OK"),
                "TR-06 {mpm:?} {member}"
            );
        }
        farm.httpd.assert_clean();
    }
    Ok(())
}

/// A connection with a request in flight, and the child that has it.
struct Held {
    client: Client,
    pid: ProcessId,
}

/// Puts at least `count` requests in flight on m1, some in each of two children.
fn hold(farm: &mut Farm, count: usize) -> Result<Vec<Held>> {
    let request = Request::get("/hold").header("Cookie", "JSESSIONID=a.m1");
    let mut held: Vec<Held> = Vec::new();
    let mut children = BTreeSet::new();
    while held.len() < count || children.len() < 2 {
        let (pid, mut client) = farm.connect()?;
        // Before the next connection is made, so that a child with all threads busy gets none.
        client.raw(&request.head_bytes())?;
        held.push(Held { client, pid });
        children.insert(pid);
        let count = held.len();
        let holding = || {
            let requests = farm.peer("m1").map(Peer::requests).unwrap_or_default();
            requests
                .iter()
                .filter(|request| request.uri == "/hold")
                .count()
                >= count
        };
        wait::until("the request is held", Duration::from_secs(10), holding)?;
    }
    Ok(held)
}

/// PL-13: the connections that peers see are those that are counted.
fn as_many_open_as_counted(farm: &mut Farm) -> Result {
    for member in MEMBERS {
        let counted = farm.status(member)?.connected as usize;
        let peer = farm.peer(member)?;
        let same = || peer.open_connections() == counted;
        let open = peer.open_connections();
        ensure!(
            wait::became(Duration::from_secs(10), same),
            "{member}: {counted} counted, {open} open"
        );
    }
    Ok(())
}

/// A child killed with SIGKILL: what it had in flight fails, the others go on, and its counts go; LB-12:
/// the load that is compared, too.
#[test]
fn bg24_h09_a_killed_child_takes_its_counts_along() -> Result {
    for mpm in Mpm::ALL {
        let mut farm = several(mpm).lb("method=Busyness").start()?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        let mut held = hold(&mut farm, if mpm == Mpm::Prefork { 4 } else { 12 })?;
        let count = held.len();
        let status = farm.status("m1")?;
        assert_eq!((status.busy, status.value), (count as u64, count as u64));
        let victim = held[0].pid;
        let lost = held.iter().filter(|held| held.pid == victim).count();
        ensure!(lost < count, "all requests are in one child");
        farm.httpd.kill_child(victim)?;
        // Before anything of the others ends: exactly the dead child's share is gone.
        let left = (count - lost) as u64;
        farm.wait_status("m1", Duration::from_secs(10), |status| status.busy == left)?;
        assert_eq!(farm.page()?.balancer_busy("lb")?, left);
        assert_eq!(farm.status("m1")?.value, left, "{mpm:?}");
        gate.open();
        for held in &mut held {
            let result = held.client.response("GET");
            if held.pid == victim {
                assert!(result.is_err(), "{mpm:?} {result:?}");
            } else {
                assert_eq!(result?.status, 200, "{mpm:?}");
            }
        }
        farm.wait_not_busy(&MEMBERS)?;
        assert_eq!(farm.status("m1")?.value, 0, "{mpm:?}");
        as_many_open_as_counted(&mut farm)?;
        let log = farm.httpd.jk_log();
        assert!(
            log.contains(&format!(
                "child {victim} died with {lost} requests in flight"
            )),
            "{log}"
        );
        assert_eq!(client::get(farm.httpd.port(), "/after")?.status, 200);
        farm.httpd.assert_clean();
    }
    Ok(())
}

/// SIGTERM while requests run, and the watchdog: no child hangs, the file goes.
#[test]
fn h11_a_stop_while_requests_run() -> Result {
    for mpm in Mpm::ALL {
        let mut farm = several(mpm).directives("JkWatchdogInterval 1").start()?;
        let (_gate, script) = gated();
        farm.peer("m1")?.set(script);
        let held = hold(&mut farm, 2)?;
        let run = farm.httpd.root().join("run");
        let name = run.join(format!("jk.shm.{}", farm.httpd.pid()));
        assert!(name.exists());
        // An error when SIGKILL was needed.
        farm.httpd.stop()?;
        assert!(!name.exists(), "{mpm:?}");
        farm.httpd.assert_clean();
        drop(held);
    }
    Ok(())
}

/// A graceful restart while requests run: they end well, and the new generation counts from 0.
#[test]
fn h10_a_graceful_restart_lets_requests_end() -> Result {
    for mpm in Mpm::ALL {
        let mut farm = several(mpm).directives("JkWatchdogInterval 1").start()?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        let mut held = hold(&mut farm, 2)?;
        farm.graceful()?;
        let status = farm.status("m1")?;
        assert_eq!((status.busy, status.connected), (0, 0), "{mpm:?}");
        assert_eq!(farm.with_cookie("JSESSIONID=a.m2")?, "m2");
        gate.open();
        for held in &mut held {
            assert_eq!(held.client.response("GET")?.status, 200, "{mpm:?}");
        }
        let old: Vec<ProcessId> = held.iter().map(|held| held.pid).collect();
        drop(held);
        wait::until("the old children end", Duration::from_secs(20), || {
            !old.iter().any(|pid| process::is_alive(*pid))
        })?;
        // Their end says nothing about the new generation. MT-07: their connections are closed.
        farm.wait_not_busy(&MEMBERS)?;
        as_many_open_as_counted(&mut farm)?;
        farm.httpd.assert_clean();
    }
    Ok(())
}

/// Children that end in order, one after the other: no row of the ledger, no count stays behind.
#[test]
fn bg24_many_generations_of_children() -> Result {
    // 16 rows for a server limit of 8.
    let mut farm = Plan::new(Subject::Rjk, &MEMBERS)
        .httpd(|builder| builder.mpm(Mpm::Prefork).start_servers(8))
        .directives("MaxConnectionsPerChild 1\nMinSpareServers 8")
        .start()?;
    let mut pids = BTreeSet::from_iter(farm.httpd.children());
    while pids.len() <= 20 {
        let response = client::get(farm.httpd.port(), "/x")?;
        ensure!(response.status == 200, "{response:?}");
        pids.extend(farm.httpd.children());
    }
    farm.wait_not_busy(&MEMBERS)?;
    let log = farm.httpd.jk_log();
    assert!(!log.contains("ledger rows are taken"), "{log}");
    as_many_open_as_counted(&mut farm)?;
    farm.httpd.assert_clean();
    Ok(())
}

/// No descriptor stays open, neither in a child by failures nor in the parent by restarts.
#[test]
fn no_descriptors_are_left() -> Result {
    let mut farm = Plan::new(Subject::Rjk, &MEMBERS)
        .lb("retry_interval=1")
        .member("m1", "retry_interval=1")
        .member("m1", "connection_acquire_timeout=200")
        .start()?;
    let misbehave = |farm: &mut Farm| -> Result {
        for behaviour in [
            Behaviour::Echo,
            Behaviour::ClosesBeforeAnswer,
            Behaviour::Resets,
            Behaviour::WrongMagic,
            Behaviour::HalfPacket,
            Behaviour::ReuseZero,
        ] {
            farm.peer("m1")?.set(behaviour);
            for _ in 0..5 {
                farm.with_cookie("JSESSIONID=a.m1")?;
            }
        }
        farm.peer("m1")?.set(Behaviour::Echo);
        farm.with_cookie("JSESSIONID=a.m1").map(drop)
    };
    misbehave(&mut farm)?;
    let child = farm.httpd.children()[0];
    let before = process::open_fds(child)?;
    for _ in 0..3 {
        misbehave(&mut farm)?;
    }
    assert_eq!(farm.httpd.children(), [child]);
    let after = process::open_fds(child)?;
    assert!(
        after <= before + 1,
        "child: {before} descriptors before, {after} after"
    );

    farm.graceful()?;
    let parent = farm.httpd.pid();
    let before = process::open_fds(parent)?;
    for _ in 0..4 {
        farm.graceful()?;
    }
    let after = process::open_fds(parent)?;
    assert!(
        after <= before,
        "parent: {before} descriptors before, {after} after"
    );
    Ok(())
}
