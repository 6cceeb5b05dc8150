//! Under load nothing is lost: a Tomcat is killed and comes back, httpd restarts gracefully.
//!
//! Sixteen clients keep their connections and each its session, whose counter must never go back.
//! httpd itself closes some reused connections when it restarts, so a client repeats a request once
//! when a reused connection closes before any byte of the answer; clients of a static file are the
//! control. An answer of several packets may break when a part of it had reached the client.

use rjk_testbed::client::{BodyEnd, Client, ClientError, Request, Response};
use rjk_testbed::{
    Cluster, Context, Httpd, Result, StatusPage, Subject, Version, ensure, process, wait,
};
use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Clients with a session.
const CLIENTS: usize = 16;
/// Clients of the static file.
const CONTROLS: usize = 2;
/// Bytes of a longer answer: many packets.
const LONG: usize = 100_000;
/// Requests of one session.
const SESSION: usize = 60;
/// Pause of a client between two requests: the machine's cores are for the servers too.
const THINK: Duration = Duration::from_millis(4);

/// What all clients of a phase saw.
#[derive(Debug, Default)]
struct Tally {
    answers: AtomicU64,
    long_answers: AtomicU64,
    sessions: AtomicU64,
    by_node_a: AtomicU64,
    repeated: AtomicU64,
    control_answers: AtomicU64,
    control_repeated: AtomicU64,
    /// Longer answers that broke after a part of the body.
    broken: Mutex<Vec<String>>,
    failures: Mutex<Vec<String>>,
}

/// A keep-alive client that repeats once what a closed connection may have lost.
struct Patient<'a> {
    port: u16,
    client: Option<Client>,
    repeated: &'a AtomicU64,
}

impl Patient<'_> {
    fn get(&mut self, request: &Request) -> Result<Response, ClientError> {
        let reused = self.client.is_some();
        match self.once(request) {
            Err(error) if reused && closed_before_answer(&error) => {
                self.repeated.fetch_add(1, Ordering::Relaxed);
                self.once(request)
            }
            result => result,
        }
    }

    fn once(&mut self, request: &Request) -> Result<Response, ClientError> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(self.port)?,
        };
        let response = client.send(request)?;
        let closes = response.header("Connection") == Some("close");
        if !closes && response.end == BodyEnd::Complete {
            self.client = Some(client);
        }
        Ok(response)
    }
}

fn closed_before_answer(error: &ClientError) -> bool {
    match error {
        ClientError::ClosedBeforeAnswer => true,
        ClientError::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        ClientError::BadHead(_) => false,
    }
}

/// One session: small answers with a counter, and a longer one now and then.
fn session(client: &mut Patient<'_>, tally: &Tally, stop: &AtomicBool) -> Result {
    let (mut cookie, mut counter) = (None::<String>, 0_u64);
    for turn in 1..=SESSION {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let long = turn % 10 == 0;
        let target = match long {
            true => format!("/testbed/download.jsp?bytes={LONG}&seed=7&length=1&pause=3"),
            false => "/testbed/counter.jsp".to_owned(),
        };
        let request = Request::get(&target);
        let request = cookie
            .iter()
            .fold(request, |request, value| request.header("Cookie", value));
        let response = client
            .get(&request)
            .with_context(|| format!("{target}, {cookie:?}"))?;
        if long {
            take_long(&response, tally)?;
        } else {
            counter = take_counter(&response, counter, tally)?;
            cookie = response.cookie("JSESSIONID").map(str::to_owned).or(cookie);
        }
        std::thread::sleep(THINK);
    }
    tally.sessions.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn take_counter(response: &Response, before: u64, tally: &Tally) -> Result<u64> {
    ensure!(response.status == 200, "{response:?}");
    ensure!(response.end == BodyEnd::Complete, "{response:?}");
    let counter: u64 = response.field("counter").context("no counter")?.parse()?;
    ensure!(
        counter > before,
        "the counter went from {before} to {counter}: {response:?}"
    );
    tally.answers.fetch_add(1, Ordering::Relaxed);
    if response.field("node").as_deref() == Some("a") {
        tally.by_node_a.fetch_add(1, Ordering::Relaxed);
    }
    Ok(counter)
}

fn take_long(response: &Response, tally: &Tally) -> Result {
    ensure!(
        response.status == 200,
        "long: {} {}",
        response.status,
        response.text()
    );
    match &response.end {
        BodyEnd::Complete => {
            ensure!(
                response.body.len() == LONG,
                "long: {} bytes",
                response.body.len()
            );
            tally.long_answers.fetch_add(1, Ordering::Relaxed);
        }
        BodyEnd::Broken(why) => {
            ensure!(
                !response.body.is_empty(),
                "broke before any byte of the body: {why}"
            );
            lock(&tally.broken).push(why.clone());
        }
    }
    Ok(())
}

fn control(client: &mut Patient<'_>, tally: &Tally) -> Result {
    let response = client
        .get(&Request::get("/static.txt"))
        .context("control")?;
    ensure!(
        response.status == 200 && response.text() == "static",
        "control: {response:?}"
    );
    tally.control_answers.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(THINK);
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs all clients while `action` goes on; what they saw.
fn under_load(port: u16, action: impl FnOnce(&Tally) -> Result) -> Result<Tally> {
    let (tally, stop) = (Tally::default(), AtomicBool::new(false));
    let result = std::thread::scope(|scope| {
        for number in 0..CLIENTS + CONTROLS {
            let (tally, stop) = (&tally, &stop);
            scope.spawn(move || {
                let is_control = number >= CLIENTS;
                let repeated = match is_control {
                    true => &tally.control_repeated,
                    false => &tally.repeated,
                };
                let mut client = Patient {
                    port,
                    client: None,
                    repeated,
                };
                while !stop.load(Ordering::Relaxed) {
                    let result = match is_control {
                        true => control(&mut client, tally),
                        false => session(&mut client, tally, stop),
                    };
                    if let Err(error) = result {
                        lock(&tally.failures).push(format!("client {number}: {error:#}"));
                        client.client = None;
                    }
                }
            });
        }
        let result = action(&tally);
        stop.store(true, Ordering::Relaxed);
        result
    });
    result.map(|()| tally)
}

/// Busy counts of the balancer and its members, and open connections, by the status page.
fn status(httpd: &Httpd) -> Result<(Vec<u64>, u64)> {
    let page = StatusPage::read(Subject::Rjk, httpd.port(), "/jkstatus")?;
    let members = [page.member("a")?, page.member("b")?];
    let mut busy = vec![page.balancer_busy("lb")?];
    busy.extend(members.iter().map(|member| member.busy));
    Ok((busy, members.iter().map(|member| member.connected).sum()))
}

/// Waits until nothing is in flight and old children are gone; descriptors of the children that do
/// not belong to connections to Tomcats.
fn at_rest(httpd: &Httpd, children: usize) -> Result<usize> {
    let limit = Duration::from_secs(20);
    wait::until("only the new children", limit, || {
        httpd.children().len() == children
    })?;
    let mut last = Vec::new();
    wait::until("nothing is busy", limit, || {
        last = status(httpd).map(|(busy, _)| busy).unwrap_or_default();
        last.len() == 3 && last.iter().all(|count| *count == 0)
    })
    .with_context(|| format!("{last:?}"))?;
    // Closed client connections linger for a moment.
    let mut count = usize::MAX;
    let mut since = Instant::now();
    wait::until("descriptors settle", limit, || {
        let now = spare_descriptors(httpd).unwrap_or(usize::MAX);
        if now != count {
            (count, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_secs(1)
    })?;
    Ok(count)
}

fn spare_descriptors(httpd: &Httpd) -> Result<usize> {
    let mut open = 0;
    for child in httpd.children() {
        open += process::open_fds(child)?;
    }
    let connected = usize::try_from(status(httpd)?.1)?;
    Ok(open.saturating_sub(connected))
}

fn assert_nothing_failed(phase: &str, tally: &Tally) {
    println!("{phase}: {tally:?}");
    let failures = lock(&tally.failures);
    assert!(
        failures.is_empty(),
        "{phase}: {} failed: {failures:#?}",
        failures.len()
    );
    let answers = tally.answers.load(Ordering::Relaxed);
    assert!(answers > 200, "{phase}: only {answers} answers, no load");
    assert!(
        tally.long_answers.load(Ordering::Relaxed) > 20,
        "{phase}: {tally:?}"
    );
    assert!(
        tally.control_answers.load(Ordering::Relaxed) > 50,
        "{phase}: {tally:?}"
    );
}

/// A child was killed: at most what each client had in flight failed, and none by an HTTP status.
fn assert_only_in_flight_failed(tally: &Tally) {
    println!("a child killed: {tally:?}");
    let failures = lock(&tally.failures);
    let broken = lock(&tally.broken).len();
    assert!(
        failures.len() + broken <= CLIENTS + CONTROLS,
        "{failures:#?}, {broken} broken"
    );
    let by_status: Vec<&String> = failures
        .iter()
        .filter(|failure| failure.contains("status: ") || failure.contains("counter"))
        .collect();
    assert!(by_status.is_empty(), "{by_status:#?}");
}

#[test]
fn nothing_is_lost_under_load() -> Result {
    let mut cluster = Cluster::start(Version::V9, &["a", "b"])?;
    let workers = cluster
        .balancer("lb")
        .replace("worker.list=lb", "worker.list=lb,st")
        + "worker.st.type=status\nworker.maintain=1\nworker.lb.recover_time=1\n";
    let children = 2;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives("JkMount /testbed/* lb\nJkMount /jkstatus st")
        .file("htdocs/static.txt", "static")
        .start_servers(children)
        .threads_per_child(16)
        // Slots for children that start while others end.
        .server_limit(24)
        .max_request_workers(children * 16)
        .log_level("info")
        .start()?;
    let children = children as usize;

    // Tomcat compiles its pages at the first requests.
    let warm = under_load(httpd.port(), |tally| {
        wait::until("the pages are compiled", Duration::from_secs(30), || {
            tally.answers.load(Ordering::Relaxed) > 500
                && tally.long_answers.load(Ordering::Relaxed) > 50
        })
    })?;
    assert_nothing_failed("warm-up", &warm);
    assert!(lock(&warm.broken).is_empty(), "{warm:?}");
    let descriptors = at_rest(&httpd, children)?;

    let killed = under_load(httpd.port(), |tally| {
        wait::until("a is busy", Duration::from_secs(20), || {
            tally.by_node_a.load(Ordering::Relaxed) > 300
        })?;
        let node = cluster.node("a").context("no node a")?;
        node.kill9()?;
        std::thread::sleep(Duration::from_secs(1));
        node.start()?;
        let before = tally.by_node_a.load(Ordering::Relaxed);
        wait::until("a serves again", Duration::from_secs(20), || {
            tally.by_node_a.load(Ordering::Relaxed) > before + 50
        })
    })?;
    assert_nothing_failed("a Tomcat killed", &killed);
    let after = at_rest(&httpd, children)?;
    assert!(
        after <= descriptors + 2,
        "{descriptors} descriptors before, {after} after"
    );

    let lost = under_load(httpd.port(), |tally| {
        let answers = |count: u64| {
            let limit = Duration::from_secs(20);
            let before = tally.answers.load(Ordering::Relaxed);
            wait::until("answers", limit, || {
                tally.answers.load(Ordering::Relaxed) > before + count
            })
        };
        answers(200)?;
        httpd.kill_child(httpd.children()[0])?;
        answers(400)
    })?;
    assert_only_in_flight_failed(&lost);
    // httpd starts another child when it needs one.
    let after = at_rest(&httpd, httpd.children().len())?;
    assert!(
        after <= descriptors + 2,
        "{descriptors} descriptors before, {after} after"
    );

    let restarted = under_load(httpd.port(), |_| {
        for _ in 0..10 {
            httpd.graceful()?;
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    })?;
    assert_nothing_failed("ten graceful restarts", &restarted);
    assert!(lock(&restarted.broken).is_empty(), "{restarted:?}");
    let after = at_rest(&httpd, children)?;
    assert!(
        after <= descriptors + 2,
        "{descriptors} descriptors before, {after} after"
    );
    httpd.assert_clean();
    Ok(())
}
