//! Settings that change all the time while requests run and the server restarts: every request is served once,
//! whole, by a peer where its worker was (design §1.1, H-08, PL-10, L-17).

use rjk_testbed::client::{self, Client, Request};
use rjk_testbed::digest::bytes;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Peer, Plan, Result, Subject, ensure};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

const CLIENTS: usize = 6;
const EACH: usize = 50;
/// More than one packet of 8 KiB and less than one of 64 KiB.
const BODY: usize = 20_000;
const RESTARTS: usize = 3;

/// Sends bodies, each on a connection of its own.
fn send_all(port: u16, client: usize, sent: &[u8]) -> Result {
    for number in 0..EACH {
        let request = Request::new("POST", &format!("/{client}-{number}"));
        let answer = Client::connect(port)?
            .timeout(Duration::from_secs(20))?
            .send(&request.header("Connection", "close").body(sent))?;
        ensure!(answer.status == 200, "{client}-{number}: {answer:?}");
    }
    Ok(())
}

/// Edits as long as there are requests; answers that a restart broke are no edits.
fn edit_all(port: u16, ports: [u16; 2], done: &AtomicBool) -> usize {
    let changes = [
        format!("sw=m1&vaprt={}", ports[1]),
        "sw=m*&vamps=65536".to_owned(),
        "att=vwn&val0=m2&val1=m1".to_owned(),
        "sw=m2&vwa=d&vwf=2147483647".to_owned(),
        "vlm=Busyness&vls=0".to_owned(),
        format!("sw=m1&vaprt={}", ports[0]),
        "sw=m*&vamps=8192".to_owned(),
        "att=vwf&val0=3&val1=2147483629".to_owned(),
        "sw=m2&vwa=a".to_owned(),
        "vlm=Traffic&vls=1".to_owned(),
    ];
    let mut made = 0;
    for change in changes.iter().cycle() {
        if done.load(Relaxed) {
            break;
        }
        let target = format!("/jkstatus?cmd=update&mime=prop&w=lb&{change}");
        let answer = client::get(port, &target).ok();
        let result = answer.and_then(|answer| answer.field("worker.result.type"));
        made += usize::from(result.as_deref() == Some("OK"));
        thread::sleep(Duration::from_millis(2));
    }
    made
}

#[test]
fn h08_no_request_is_lost_while_settings_change_and_httpd_restarts() -> Result {
    let other = Peer::named("other", Behaviour::Echo)?;
    let mut farm = Plan::new(Subject::Rjk, &["m1", "m2"])
        .httpd(|builder| {
            builder
                .start_servers(2)
                .server_limit(8)
                .threads_per_child(16)
                .max_request_workers(32)
        })
        .start()?;
    let (port, sent, done) = (farm.httpd.port(), bytes(5, BODY), AtomicBool::new(false));
    let ports = [farm.peer("m1")?.port(), other.port()];
    let made = thread::scope(|scope| -> Result<usize> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let sent = &sent;
                    move || send_all(port, client, sent)
                })
            })
            .collect();
        let editor = scope.spawn(|| edit_all(port, ports, &done));
        let restarts = (0..RESTARTS).try_for_each(|_| {
            thread::sleep(Duration::from_millis(150));
            farm.graceful()
        });
        let all: Vec<Result> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        done.store(true, Relaxed);
        all.into_iter().collect::<Result>()?;
        restarts?;
        Ok(editor.join().unwrap())
    })?;
    assert!(made > 20, "{made} edits");
    let mut seen = BTreeMap::new();
    for peer in [farm.peer("m1")?, farm.peer("m2")?, &other] {
        assert!(!peer.requests().is_empty());
        for request in peer.requests() {
            assert!(request.body() == sent, "{}", request.uri);
            *seen.entry(request.uri.clone()).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), CLIENTS * EACH);
    assert!(seen.values().all(|count| *count == 1), "{seen:?}");
    farm.wait_not_busy(&["m1", "m2"])?;
    farm.httpd.assert_clean();
    Ok(())
}
