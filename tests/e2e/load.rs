//! Under load nothing is lost: a Tomcat is killed and comes back, a child is killed, httpd restarts
//! gracefully.
//!
//! Sixteen clients keep their connections and each its session, whose counter must never go back.
//! A connection ends with the answer that says so. httpd itself also closes some reused connections
//! without a word when it restarts, so a client repeats a request once when a reused connection closes
//! before any byte of the answer. Outside of restarts nobody has to; in them, clients of a static file
//! are the control. An answer of several packets may break when a part of it had reached the client.

use rjk_testbed::client::{BodyEnd, ClientError, Kept, Request, Response};
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
const CONTROLS: usize = 8;
/// Bytes of a longer answer: many packets.
const LONG: usize = 100_000;
/// Requests of one session.
const SESSION: usize = 60;
/// Pause of a client between two requests: the machine's cores are for the servers too.
const THINK: Duration = Duration::from_millis(4);

/// Graceful restarts under load.
const RESTARTS: u64 = 10;

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
    /// Longer answers that broke after a part of the body, with the client.
    broken: Mutex<Vec<(usize, String)>>,
    failures: Mutex<Vec<Failure>>,
}

/// A request that went wrong.
#[derive(Debug)]
struct Failure {
    client: usize,
    /// The connection ended without an answer; anything else is a wrong answer.
    is_end: bool,
    text: String,
}

/// A keep-alive client that repeats once what a closed connection may have lost.
struct Patient<'a> {
    number: usize,
    client: Kept,
    repeated: &'a AtomicU64,
}

impl Patient<'_> {
    fn get(&mut self, request: &Request) -> Result<Response, ClientError> {
        let reused = self.client.is_connected();
        match self.client.send(request) {
            Err(error) if reused && closed_before_answer(&error) => {
                self.repeated.fetch_add(1, Ordering::Relaxed);
                self.client.send(request)
            }
            result => result,
        }
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
            take_long(client.number, &response, tally)?;
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

fn take_long(client: usize, response: &Response, tally: &Tally) -> Result {
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
            lock(&tally.broken).push((client, why.clone()));
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
                    number,
                    client: Kept::new(port),
                    repeated,
                };
                while !stop.load(Ordering::Relaxed) {
                    let result = match is_control {
                        true => control(&mut client, tally),
                        false => session(&mut client, tally, stop),
                    };
                    if let Err(error) = result {
                        lock(&tally.failures).push(Failure {
                            client: number,
                            is_end: error.downcast_ref().is_some_and(closed_before_answer),
                            text: format!("{error:#}"),
                        });
                        client.client.close();
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

/// Without a restart no connection ends unless its last answer said so.
fn assert_nothing_repeated(phase: &str, tally: &Tally) {
    let repeated = [&tally.repeated, &tally.control_repeated].map(|n| n.load(Ordering::Relaxed));
    assert_eq!(repeated, [0, 0], "{phase}: {tally:?}");
}

/// A Tomcat was killed: of each client, at most the one answer that was under way broke.
fn assert_broken_once_each(tally: &Tally) {
    let mut clients: Vec<usize> = lock(&tally.broken)
        .iter()
        .map(|(client, _)| *client)
        .collect();
    let all = clients.len();
    clients.sort_unstable();
    clients.dedup();
    assert_eq!(clients.len(), all, "{tally:?}");
}

/// A child was killed: at most what each client had in flight failed, and none with a wrong answer.
fn assert_only_in_flight_failed(tally: &Tally) {
    println!("a child killed: {tally:?}");
    let failures = lock(&tally.failures);
    let wrong = failures.iter().filter(|failure| !failure.is_end);
    let wrong: Vec<&str> = wrong.map(|failure| failure.text.as_str()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut hit: Vec<usize> = failures.iter().map(|failure| failure.client).collect();
    hit.extend(lock(&tally.broken).iter().map(|(client, _)| *client));
    hit.sort_unstable();
    assert!(
        hit.windows(2).all(|pair| pair[0] != pair[1]),
        "{hit:?} {failures:#?}"
    );
    let repeated = tally.repeated.load(Ordering::Relaxed);
    assert!(
        repeated <= CLIENTS as u64,
        "{repeated} repeated: more than once each"
    );
}

/// Graceful restarts closed reused connections no more often than those of a static file: a client
/// that has its answer from Tomcat meets a restart no more often than one that has it from a file, but
/// for one each that is chance.
fn assert_repeated_as_the_control(tally: &Tally) {
    let (own, control) = (
        tally.repeated.load(Ordering::Relaxed),
        tally.control_repeated.load(Ordering::Relaxed),
    );
    let most = CLIENTS as u64 * control / CONTROLS as u64 + CLIENTS as u64;
    assert!(own <= most, "{own} repeated, the control {control}");
}

/// Waits for so many more answers.
fn more_answers(tally: &Tally, count: u64) -> Result {
    let wanted = tally.answers.load(Ordering::Relaxed) + count;
    wait::until("answers", Duration::from_secs(20), || {
        tally.answers.load(Ordering::Relaxed) >= wanted
    })
}

fn assert_no_descriptor_lost(httpd: &Httpd, children: usize, before: usize) -> Result {
    let after = at_rest(httpd, children)?;
    assert!(
        after <= before + 2,
        "{before} descriptors before, {after} after"
    );
    Ok(())
}

fn start(cluster: &Cluster, children: u32) -> Result<Httpd> {
    let workers = cluster
        .balancer("lb")
        .replace("worker.list=lb", "worker.list=lb,st")
        + "worker.st.type=status\nworker.maintain=1\nworker.lb.recover_time=1\n";
    Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives("JkMount /testbed/* lb\nJkMount /jkstatus st")
        // One child alone never has enough: a killed one is replaced.
        .directives("MinSpareThreads 33")
        .file("htdocs/static.txt", "static")
        .start_servers(children)
        // Enough for all clients, or httpd closes idle connections of theirs to get a thread free.
        .threads_per_child(32)
        // Slots for children that start while others end.
        .server_limit(24)
        .max_request_workers(children * 32)
        .log_level("info")
        .start()
}

/// A Tomcat is killed, away while requests go on, and comes back.
fn kill_node_a(cluster: &mut Cluster, tally: &Tally) -> Result {
    let by_a = |count: u64| {
        let wanted = tally.by_node_a.load(Ordering::Relaxed) + count;
        wait::until("answers of a", Duration::from_secs(20), || {
            tally.by_node_a.load(Ordering::Relaxed) >= wanted
        })
    };
    by_a(300)?;
    let node = cluster.node("a").context("no node a")?;
    node.kill9()?;
    more_answers(tally, 500)?;
    node.start()?;
    by_a(50)
}

#[test]
fn nothing_is_lost_under_load() -> Result {
    let mut cluster = Cluster::start(Version::V9, &["a", "b"])?;
    let httpd = start(&cluster, 2)?;
    let children = 2;

    // Tomcat compiles its pages at the first requests.
    let warm = under_load(httpd.port(), |tally| {
        wait::until("the pages are compiled", Duration::from_secs(30), || {
            tally.answers.load(Ordering::Relaxed) > 500
                && tally.long_answers.load(Ordering::Relaxed) > 50
        })
    })?;
    assert_nothing_failed("warm-up", &warm);
    assert_nothing_repeated("warm-up", &warm);
    assert!(lock(&warm.broken).is_empty(), "{warm:?}");
    let descriptors = at_rest(&httpd, children)?;

    let killed = under_load(httpd.port(), |tally| kill_node_a(&mut cluster, tally))?;
    assert_nothing_failed("a Tomcat killed", &killed);
    assert_nothing_repeated("a Tomcat killed", &killed);
    assert_broken_once_each(&killed);
    assert_no_descriptor_lost(&httpd, children, descriptors)?;

    let before = httpd.children();
    let lost = under_load(httpd.port(), |tally| {
        more_answers(tally, 200)?;
        httpd.kill_child(before[0])?;
        more_answers(tally, 400)
    })?;
    assert_only_in_flight_failed(&lost);
    assert_no_descriptor_lost(&httpd, children, descriptors)?;
    assert!(
        httpd.children().contains(&before[1]),
        "another child died too"
    );

    let restarted = under_load(httpd.port(), |tally| {
        for _ in 0..RESTARTS {
            httpd.graceful()?;
            more_answers(tally, 100)?;
        }
        Ok(())
    })?;
    assert_nothing_failed("ten graceful restarts", &restarted);
    assert_repeated_as_the_control(&restarted);
    assert!(lock(&restarted.broken).is_empty(), "{restarted:?}");
    assert_no_descriptor_lost(&httpd, children, descriptors)
}
