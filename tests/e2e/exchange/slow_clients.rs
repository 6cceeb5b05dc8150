//! Clients that take their time: they hold nothing that others need, and no member is blamed for them
//! (BD-01, BD-02, PL-02, F-07).

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::farm::{Farm, Plan};
use rjk_testbed::gate::Gate;
use rjk_testbed::peer::{Head, Script, Step, get_body_chunk};
use rjk_testbed::{Result, Subject};
use std::time::Duration;

/// Longer than a client may stall before it may be the reason why a worker gives up.
const STALL: Duration = Duration::from_millis(700);

fn balancer(script: Script) -> Result<Farm> {
    let plan = Plan::new(Subject::Rjk, &["m1"]).script("m1", script);
    plan.member("m1", "connection_pool_size=1").start()
}

/// A POST whose client waits for 100 Continue; returns once the module waits for its body.
fn waited_for(farm: &Farm) -> Result<Client> {
    let mut client = Client::connect(farm.httpd.port())?;
    let head = Request::new("POST", "/slow")
        .header("Content-Length", "4")
        .header("Expect", "100-continue");
    client.raw(&head.head_bytes())?;
    let told = client.read_some(25)?;
    assert!(told.starts_with(b"HTTP/1.1 100"), "{told:?}");
    Ok(client)
}

/// The idle connection ends while the client is waited for, and the only place of the pool and all
/// counts are free.
#[test]
fn rjk_a_body_that_comes_late() -> Result {
    let mut farm = balancer(Script::new([Step::Echo]))?;
    assert_eq!(farm.get("/first")?, "m1");
    let mut slow = waited_for(&farm)?;
    assert_eq!(farm.status("m1")?.busy, 0);
    assert_eq!(farm.page()?.balancer_busy("lb")?, 0);
    assert_eq!(farm.get("/other")?, "m1", "the place is free");
    farm.peer("m1")?.close_connections();
    slow.raw(b"data")?;
    let answer = slow.response("POST")?;
    assert_eq!(
        (answer.status, answer.field("body")),
        (200, Some("4".into()))
    );
    let member = farm.status("m1")?;
    assert_eq!((member.errors, member.state.as_str()), (0, "OK"));
    Ok(())
}

/// The worker gives up while it waits for body data that it asked for.
#[test]
fn rjk_a_worker_that_gives_up_on_a_slow_upload() -> Result {
    let gate = Gate::new();
    let ask = Step::run(|connection| connection.send(&get_body_chunk(100)));
    let mut farm = balancer(Script::new([ask, gate.step(), Step::Close]).then_echo())?;
    let mut slow = Client::connect(farm.httpd.port())?;
    let head = Request::new("POST", "/slow").header("Transfer-Encoding", "chunked");
    slow.raw(&head.head_bytes())?;
    farm.peer("m1")?.wait_requests(1)?;
    gate.open();
    std::thread::sleep(STALL);
    slow.raw(b"4\r\ndata\r\n0\r\n\r\n")?;
    assert_eq!(slow.response("POST")?.status, 502);
    let member = farm.status("m1")?;
    assert_eq!(
        (member.errors, member.state.as_str()),
        (0, "OK/IDLE"),
        "as before"
    );
    assert!(farm.httpd.jk_log().contains("had kept it waiting"));
    Ok(())
}

/// The same while the client does not read.
#[test]
fn rjk_a_worker_that_gives_up_on_a_slow_download() -> Result {
    let body = Step::Chunk(vec![b'x'; 24 << 20]);
    let script = Script::new([Step::Head(Head::ok()), body, Step::Close]);
    let mut farm = balancer(script.then_echo())?;
    let mut slow = Client::connect(farm.httpd.port())?;
    slow.raw(&Request::get("/slow").head_bytes())?;
    std::thread::sleep(STALL);
    let answer = slow.response("GET")?;
    assert!(matches!(answer.end, BodyEnd::Broken(_)));
    let member = farm.status("m1")?;
    assert_eq!(
        (member.errors, member.state.as_str()),
        (0, "OK/IDLE"),
        "as before"
    );
    Ok(())
}
