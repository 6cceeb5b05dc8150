//! Settings that change while several children serve: each sees a change with its next request
//! (LB-01, LB-04, LB-05, H-08, PL-10, V-20…V-29).

use anyhow::Context;
use rjk_testbed::client::{Client, Pending, Request};
use rjk_testbed::farm::who;
use rjk_testbed::gate::gated;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Peer, Plan, Result, Subject, both, client, ensure, wait};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

both! {
    lb01_a_new_factor_is_every_childs
    lb04_routes_domains_and_distances_are_every_childs
    lb05_a_worker_has_its_limits_in_every_balancer
    pl10_a_worker_moves_away_from_all_its_connections
    h08_a_child_that_starts_later_knows_of_the_changes
    tr21_tr22_recover_and_reset
}

type Clients = BTreeMap<u32, Client>;

/// Far longer than a child takes from the last byte of a response to the end of its request.
const SETTLES: Duration = Duration::from_millis(300);

/// Two children.
fn several(subject: Subject) -> Plan {
    Plan::new(subject, &["m1", "m2"]).httpd(|builder| {
        builder
            .start_servers(2)
            .server_limit(2)
            .threads_per_child(32)
    })
}

/// Has one of the children make a change.
fn change(clients: &mut Clients, query: &str) -> Result {
    command(clients, &format!("cmd=update&{query}"))
}

fn command(clients: &mut Clients, query: &str) -> Result {
    let target = format!("/jkstatus?mime=prop&{query}");
    let first = clients.values_mut().next();
    let answer = first.map(|client| client.send(&Request::get(&target)));
    let result = answer
        .transpose()?
        .and_then(|answer| answer.field("worker.result.type"));
    ensure!(result.as_deref() == Some("OK"), "{query}: {result:?}");
    Ok(())
}

/// Who serves this request, asked of each child.
fn served(clients: &mut Clients, request: &Request) -> Result<Vec<String>> {
    let asked = clients.values_mut().map(|client| client.send(request));
    asked.map(|answer| Ok(who(&answer?))).collect()
}

fn with_session(route: &str) -> Request {
    Request::get("/s").header("Cookie", &format!("JSESSIONID=x.{route}"))
}

fn lb01_a_new_factor_is_every_childs(subject: Subject) -> Result {
    let mut farm = several(subject).start()?;
    let mut clients = farm.one_per_child(2)?;
    change(&mut clients, "w=lb&sw=m1&vwf=3")?;
    change(&mut clients, "w=lb&sw=m1&vwa=d")?;
    change(&mut clients, "w=lb&sw=m1&vwa=a")?;
    let before = farm.counts();
    for _ in 0..20 {
        served(&mut clients, &Request::get("/x"))?;
    }
    let after = farm.counts();
    let shares = [after[0] - before[0], after[1] - before[1]];
    assert_eq!(
        shares,
        [30, 10],
        "from zero on, since the activation changed"
    );
    farm.httpd.assert_clean();
    Ok(())
}

fn lb04_routes_domains_and_distances_are_every_childs(subject: Subject) -> Result {
    let mut farm = several(subject).start()?;
    let mut clients = farm.one_per_child(2)?;
    change(&mut clients, "w=lb&sw=m2&vwn=new")?;
    assert_eq!(served(&mut clients, &with_session("new"))?, ["m2"; 2]);
    change(&mut clients, "w=lb&sw=m1&vwd=2")?;
    assert_eq!(served(&mut clients, &Request::get("/x"))?, ["m2"; 2]);
    change(&mut clients, "w=lb&sw=m1&vwc=group&vwd=0")?;
    change(&mut clients, "w=lb&sw=m2&vwd=1")?;
    assert_eq!(served(&mut clients, &with_session("group.x"))?, ["m1"; 2]);
    change(&mut clients, "w=lb&sw=m1&vwr=new")?;
    change(&mut clients, "w=lb&sw=m1&vwa=s")?;
    assert_eq!(served(&mut clients, &with_session("m1"))?, ["m2"; 2]);
    farm.httpd.assert_clean();
    Ok(())
}

fn lb05_a_worker_has_its_limits_in_every_balancer(subject: Subject) -> Result {
    let mut farm = several(subject)
        .line("worker.list=other")
        .line("worker.other.type=lb")
        .line("worker.other.balance_workers=m1")
        .line("worker.other.retries=1")
        .mounts("JkMount /* lb\nJkUnMount /jkstatus lb\nJkMount /other/* other\n")
        .start()?;
    let mut clients = farm.one_per_child(2)?;
    farm.peer("m1")?.set(Behaviour::Stalls);
    change(&mut clients, "w=lb&sw=m1&vart=100&var=1")?;
    for client in clients.values_mut() {
        assert_eq!(client.send(&Request::get("/other/x"))?.status, 504);
    }
    farm.httpd.assert_clean();
    Ok(())
}

fn pl10_a_worker_moves_away_from_all_its_connections(subject: Subject) -> Result {
    let mut farm = several(subject).start()?;
    let mut clients = farm.one_per_child(2)?;
    let new = Peer::named("new", Behaviour::Echo)?;
    assert_eq!(served(&mut clients, &with_session("m1"))?, ["m1"; 2]);
    // A response is with its client before its connection is back in the pool: a request that comes at once
    // could open a second one in its child, which nothing would close while the first is held.
    std::thread::sleep(SETTLES);
    let old = farm.peer("m1")?;
    let (gate, script) = gated();
    old.set(script);
    let seen = old.requests().len();
    let last = clients.values_mut().next_back();
    let held = last.map(|client| client.raw(&with_session("m1").head_bytes()));
    held.transpose()?;
    farm.peer("m1")?.wait_requests(seen + 1)?;
    let port = new.port();
    change(&mut clients, &format!("w=lb&sw=m1&vaprt={port}"))?;
    let open = || farm.peer("m1").map_or(0, Peer::open_connections);
    wait::until("idle ones are closed", wait::SOON, || open() == 1)?;
    gate.open();
    if let Some(client) = clients.values_mut().next_back() {
        assert_eq!(
            client.response("GET")?.status,
            200,
            "it is finished where it is"
        );
    }
    for _ in 0..2 {
        assert_eq!(served(&mut clients, &with_session("m1"))?, ["new"; 2]);
    }
    wait::until("the one in use is closed", wait::SOON, || open() == 0)?;
    assert_eq!(new.open_connections(), 2);
    farm.httpd.assert_clean();
    Ok(())
}

fn h08_a_child_that_starts_later_knows_of_the_changes(subject: Subject) -> Result {
    let mut farm = several(subject).start()?;
    let mut clients = farm.one_per_child(2)?;
    let new = Peer::named("new", Behaviour::Echo)?;
    let port = new.port();
    change(
        &mut clients,
        &format!("w=lb&sw=m1&vaprt={port}&vwn=elsewhere"),
    )?;
    for pid in clients.into_keys() {
        farm.httpd.kill_child(pid)?;
    }
    let mut clients = farm.one_per_child(2)?;
    assert_eq!(
        served(&mut clients, &with_session("elsewhere"))?,
        ["new"; 2]
    );
    Ok(())
}

fn tr21_tr22_recover_and_reset(subject: Subject) -> Result {
    let mut farm = several(subject).start()?;
    let mut clients = farm.one_per_child(2)?;
    farm.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(served(&mut clients, &with_session("m1"))?, ["m2"; 2]);
    assert_eq!(served(&mut clients, &with_session("m2"))?, ["m2"; 2]);
    let (failed, other) = (farm.status("m1")?, farm.status("m2")?);
    assert_eq!((failed.state.as_str(), failed.errors), ("ERR", 1));
    assert!(other.value > failed.value, "{other:?} {failed:?}");

    command(&mut clients, "cmd=recover&w=lb&sw=m1")?;
    let recovering = farm.status("m1")?;
    assert_eq!(
        (recovering.state.as_str(), recovering.errors),
        ("ERR/REC", 1)
    );
    assert_eq!(recovering.value, other.value, "it is not flooded");
    farm.peer("m1")?.set(Behaviour::Echo);
    assert_eq!(served(&mut clients, &with_session("m1"))?, ["m1"; 2]);

    command(&mut clients, "cmd=reset&w=lb&sw=m1")?;
    let reset = farm.status("m1")?;
    assert_eq!(reset.state, "OK/IDLE");
    assert_eq!(
        [reset.value, reset.accessed, reset.sessions, reset.errors],
        [0; 4]
    );
    let kept = farm.status("m2")?;
    assert_eq!((kept.state, kept.accessed), (other.state, other.accessed));
    farm.httpd.assert_clean();
    Ok(())
}

/// BG-22: mod_jk keeps this one to the process that was asked.
#[test]
fn bg22_v27_a_ping_interval_is_every_childs() -> Result {
    let mut farm = several(Subject::Rjk)
        .line("worker.maintain=1")
        .directives("JkWatchdogInterval 1")
        .start()?;
    let mut clients = farm.one_per_child(2)?;
    assert_eq!(served(&mut clients, &with_session("m1"))?, ["m1"; 2]);
    assert_eq!(farm.peer("m1")?.pings(), 0);
    change(&mut clients, "w=lb&sw=m1&vacpi=1")?;
    let peer = farm.peer("m1")?;
    wait::until("all are pinged", 2 * wait::SOON, || peer.pings() >= 4)?;
    assert_eq!(peer.open_connections(), 2);
    farm.httpd.assert_clean();
    Ok(())
}

/// Children are killed while they change settings: no change is lost half-way, none blocks the next.
#[test]
fn h08_a_child_that_is_killed_at_a_change_blocks_nobody() -> Result {
    let mut farm = several(Subject::Rjk).start()?;
    let port = farm.httpd.port();
    for round in 0..8 {
        let clients = farm.one_per_child(2)?;
        let pids: Vec<u32> = clients.keys().copied().collect();
        std::thread::scope(|scope| {
            for mut client in clients.into_values() {
                scope.spawn(move || {
                    // Until its child is gone.
                    let change = |route: &str| {
                        Request::get(&format!(
                            "/jkstatus?cmd=update&mime=prop&w=lb&sw=m1&vwn={route}"
                        ))
                    };
                    while client.send(&change("m1")).is_ok() && client.send(&change("r1")).is_ok() {
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(20 + round * 7));
            pids.iter().try_for_each(|pid| farm.httpd.kill_child(*pid))
        })?;
        let route = format!("round{round}");
        let target = format!("/jkstatus?cmd=update&mime=prop&w=lb&sw=m1&vwn={route}");
        let answer = client::get(port, &target)?;
        assert_eq!(
            answer.field("worker.result.type").as_deref(),
            Some("OK"),
            "{answer:?}"
        );
        let mut clients = farm.one_per_child(2)?;
        assert_eq!(served(&mut clients, &with_session(&route))?, ["m1"; 2]);
    }
    Ok(())
}

/// The second line of the shared file has the number of edits, and which process is at one.
const EDITS: u64 = 64;
const WRITER: u64 = 72;

/// A child that dies at a change leaves the lock to nobody: the parent takes it back.
#[test]
fn h08_the_parent_frees_the_lock_of_a_dead_child() -> Result {
    let mut farm = several(Subject::Rjk).start()?;
    let mut clients = farm.one_per_child(2)?;
    change(&mut clients, "w=lb&sw=m1&vwd=1")?;
    let file = format!("run/jk.shm.{}", farm.httpd.pid());
    let shared = File::options()
        .read(true)
        .write(true)
        .open(farm.httpd.path(&file))?;
    let number = |at: u64| {
        let mut bytes = [0; 8];
        let read = shared.read_exact_at(&mut bytes, at);
        read.map(|()| u64::from_ne_bytes(bytes))
    };
    assert_eq!((number(EDITS)?, number(WRITER)?), (1, 0));
    let (victim, _) = clients.pop_last().context("two children")?;
    shared.write_all_at(&u64::from(victim).to_ne_bytes(), WRITER)?;
    let refused = change(&mut clients, "w=lb&sw=m1&vwd=2");
    assert!(refused.is_err(), "a living child may be at work");
    let said = format!("process {victim} holds the lock of configuration changes");
    let log = farm.httpd.jk_log();
    assert!(log.contains(&said), "{log}");
    farm.httpd.kill_child(victim)?;
    wait::until("the parent frees it", wait::SOON, || {
        number(WRITER).is_ok_and(|pid| pid == 0)
    })?;
    change(&mut clients, "w=lb&sw=m1&vwd=2")?;
    assert_eq!(number(EDITS)?, 3, "what the dead child wrote is to be read");
    Ok(())
}

/// A process that stands still at a change costs one wait for each request for a change, however many settings
/// it has, and none for all other requests.
#[test]
fn h08_a_process_that_stands_still_at_a_change_holds_up_no_request() -> Result {
    let mut farm = several(Subject::Rjk).start()?;
    let mut clients = farm.one_per_child(2)?;
    let file = format!("run/jk.shm.{}", farm.httpd.pid());
    let shared = File::options().write(true).open(farm.httpd.path(&file))?;
    let this_process = u64::from(std::process::id());
    shared.write_all_at(&this_process.to_ne_bytes(), WRITER)?;
    let changes = [
        "w=lb&sw=*&vwf=2&vwd=3&vwn=r&vart=5&vabl=6&vapt=7",
        "w=lb&att=vwf&val0=2&val1=3",
        "w=lb&vlr=3&vlt=70&vlx=9&vlm=t",
    ];
    let port = farm.httpd.port();
    let start = Instant::now();
    let pending = changes.map(|change| {
        let target = format!("/jkstatus?cmd=update&mime=prop&{change}");
        Pending::start(port, Request::get(&target))
    });
    for _ in 0..10 {
        let began = Instant::now();
        served(&mut clients, &Request::get("/x"))?;
        assert!(began.elapsed() < Duration::from_secs(1), "requests wait");
    }
    for one in pending {
        let answer = one.response()?;
        let message = answer.field("worker.result.message").unwrap_or_default();
        assert!(message.contains("holds the lock"), "{answer:?}");
    }
    // Two seconds each; of those in one child one after the other.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(9), "{took:?}");
    Ok(())
}
