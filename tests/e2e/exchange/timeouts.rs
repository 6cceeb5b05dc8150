//! Limits of time: connect, socket, reply, CPING, against peers and a frozen Tomcat (A-05, A-06,
//! E-03, X-01, F-06, F-11, CP-04).

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::{Behaviour, Head, Script, Step, worker_lines};
use rjk_testbed::{
    Httpd, Peer, Result, Subject, Tomcat, Version, both, farm, on_mpm, peer, ports, wait,
};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

both! { replies connects }
on_mpm! { Worker worker: replies connects }
on_mpm! { Prefork prefork: replies connects }

/// Far below what any wait without a limit takes.
const BOUNDED: Duration = Duration::from_secs(10);

fn status_within(port: u16, path: &str) -> Result<u16> {
    let begin = Instant::now();
    let status = client::get(port, path)?.status;
    assert!(begin.elapsed() < BOUNDED, "{path}: {:?}", begin.elapsed());
    Ok(status)
}

/// F-11: whoever limits the wait, and where the rule and the environment come in.
fn replies(subject: Subject) -> Result {
    let stalls = Peer::start(Behaviour::Stalls)?;
    // Longer than the limit in all, with packets in time.
    let steady = Peer::start(Script::new([
        Step::Sleep(Duration::from_millis(200)),
        Step::Head(Head::ok()),
        Step::Sleep(Duration::from_millis(200)),
        Step::text("body"),
        Step::Sleep(Duration::from_millis(200)),
        Step::End(true),
    ]))?;
    let names = ["reply", "socket", "steady", "long"];
    let mut workers = "worker.t.retries=1\nworker.socket.socket_timeout=1\n\
                       worker.reply.reply_timeout=300\nworker.steady.reply_timeout=450\n\
                       worker.long.reply_timeout=60000\n"
        .to_owned();
    for name in names {
        let peer = if name == "steady" { &steady } else { &stalls };
        workers += &peer.worker(name);
        workers += &format!("worker.{name}.reference=worker.t\n");
    }
    let httpd = farm::server(subject, &names, &workers)
        .module("setenvif")
        .directives("JkMount /rule/* long;reply_timeout=300")
        .directives("SetEnvIf X-Limit (.+) JK_REPLY_TIMEOUT=$1")
        .start()?;
    let port = httpd.port();
    assert_eq!(status_within(port, "/reply/")?, 504, "F-11");
    assert_eq!(status_within(port, "/socket/")?, 502, "A-05");
    assert_eq!(status_within(port, "/rule/")?, 504, "X-01");
    assert_eq!(
        status_within(port, "/steady/")?,
        200,
        "A-18: a gap, not the total"
    );
    let begin = Instant::now();
    let limited = Request::get("/long/").header("X-Limit", "300");
    assert_eq!(client::send(port, limited)?.status, 504, "E-03");
    assert!(begin.elapsed() < BOUNDED);
    Ok(())
}

/// A-06, F-06: a listener whose queue is full does not answer to a connect.
fn connects(subject: Subject) -> Result {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any.into())?;
    socket.listen(0)?;
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr()?;
    ports::claim(address.port());
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
    }
    let workers = worker_lines("full", address.port()) + "worker.full.socket_connect_timeout=200\n";
    let nobody = ports::refusing()?;
    let closed = worker_lines("closed", nobody.port);
    let names = ["full", "closed"];
    let httpd = farm::server(subject, &names, &(workers + &closed)).start()?;
    assert_eq!(status_within(httpd.port(), "/full/")?, 503);
    assert_eq!(status_within(httpd.port(), "/closed/")?, 503);
    Ok(())
}

/// A server whose requests go to the worker that their header X-Worker names: workers with one
/// limit each, and a balancer with a good second member.
fn limited(tomcat: &Tomcat, good: &Peer, names: [&str; 4]) -> Result<Httpd> {
    let mut workers = "worker.c.connect_timeout=700\nworker.p.prepost_timeout=700\n\
                       worker.reply.reply_timeout=700\nworker.m.ping_mode=A\n\
                       worker.m.ping_timeout=700\nworker.lb.type=lb\nworker.good.distance=1\n\
                       worker.lb.balance_workers=m,good\n"
        .to_owned();
    workers += &good.worker("good");
    for name in ["c", "p", "reply", "m"] {
        workers += &tomcat.worker(name);
    }
    let chosen = names.map(|name| format!("SetEnvIf X-Worker ^{name}$ JK_WORKER_NAME={name}\n"));
    farm::server(Subject::Rjk, &names, &workers)
        .module("setenvif")
        .directives(chosen.concat())
        .directives("<Location /testbed>\nSetHandler jakarta-servlet\n</Location>")
        .start()
}

/// A Tomcat that stops in place and goes on, as in a long garbage collection: the kernel still
/// accepts connections for it.
#[test]
fn rjk_frozen_tomcat() -> Result {
    let tomcat = Tomcat::builder(Version::V9).start()?;
    let good = Peer::named("good", Behaviour::Echo)?;
    let names = ["c", "p", "reply", "lb"];
    let httpd = limited(&tomcat, &good, names)?;
    let ask = |method: &str, worker: &str| {
        let request = Request::new(method, "/testbed/echo.jsp").header("X-Worker", worker);
        let begin = Instant::now();
        let answer = client::send(httpd.port(), request);
        assert!(
            begin.elapsed() < BOUNDED,
            "{method} {worker}: {:?} {answer:?} {}",
            begin.elapsed(),
            httpd.jk_log()
        );
        answer
    };
    for worker in names {
        assert_eq!(ask("GET", worker)?.status, 200, "{worker}");
    }
    tomcat.freeze()?;
    // Its threads stop one after the other.
    wait::until("frozen", wait::SOON, || {
        peer::ping(tomcat.port(), Duration::from_millis(200)).is_err()
    })?;
    // The pooled connection of c has no check before a request; its limit is that of a new one.
    assert_eq!(ask("GET", "p")?.status, 503, "A-12");
    assert_eq!(ask("GET", "reply")?.status, 504, "F-11");
    assert_eq!(ask("DELETE", "reply")?.status, 504, "F-11");
    assert_eq!(
        ask("DELETE", "lb")?.field("peer").as_deref(),
        Some("good"),
        "F-06"
    );
    tomcat.thaw()?;
    for worker in ["c", "p", "reply"] {
        assert_eq!(ask("GET", worker)?.status, 200, "{worker}");
    }
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}

/// CP-04, TR-13: a slow answer alone puts no member into error as long as max_reply_timeouts allows.
#[test]
fn rjk_one_slow_request_leaves_the_member_in_service() -> Result {
    let slow = Script::new([Step::ReadBody, Step::Stall]).then_echo();
    let (m1, m2) = (
        Peer::named("m1", slow)?,
        Peer::named("m2", Behaviour::Echo)?,
    );
    let workers = format!(
        "{}{}worker.m2.distance=1\nworker.m1.reply_timeout=200\nworker.lb.max_reply_timeouts=5\n\
         worker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n",
        m1.worker("m1"),
        m2.worker("m2"),
    );
    let httpd = farm::server(Subject::Rjk, &["lb"], &workers).start()?;
    let post = Request::new("POST", "/lb/").body("data");
    assert_eq!(client::send(httpd.port(), post)?.status, 504);
    let next = client::get(httpd.port(), "/lb/")?;
    assert_eq!(next.field("peer").as_deref(), Some("m1"));
    Ok(())
}
