//! Every misbehaviour of a worker: the status for the client, how often the worker saw the request,
//! and that what reached the client is never added to (F-06…F-11, RO-06, RO-07, RS-05…RS-15, K-02,
//! K-08…K-10, BG-01, BG-02, BG-08, CV-01, CV-13, CP-09, CP-11…CP-17).

use rjk_testbed::client::{BodyEnd, Client, ClientError, Request, Response};
use rjk_testbed::peer::{Behaviour, Behaviour::*};
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, farm, process};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Clients at the same time: most of the time is spent waiting.
const MANY: usize = 14;

/// What the client of a standalone worker gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// A whole answer of the worker.
    Whole,
    /// The start of an answer, then a visible end of the connection.
    Cut,
    /// httpd's page of this status.
    Page(u16),
    /// Something that is not HTTP (mod_jk only).
    Garbage,
}

/// A misbehaviour, what comes of it, and how many requests the worker sees: of a GET, of a POST.
/// A GET that the second member of a balancer may answer is one with a page here.
type Row = (Behaviour, Answer, usize, usize);

use Answer::{Cut, Garbage, Page, Whole};

/// The contract's table, safe methods repeated (design §6).
const RJK: [Row; 42] = [
    (Echo, Whole, 1, 1),
    (ClosesAtAccept, Page(502), 0, 0),
    (ClosesBeforeAnswer, Page(502), 2, 1),
    (Stalls, Page(504), 2, 1),
    (NeverReads, Page(504), 0, 0),
    (NoCpong, Whole, 1, 1),
    (WrongCpong, Whole, 1, 1),
    (Resets, Page(504), 2, 1),
    (ResetsMidBody, Cut, 1, 1),
    // each byte is in time, the packet is not.
    (Slow, Page(504), 2, 1),
    (HalfHeader, Page(502), 2, 1),
    (HalfPacket, Page(502), 2, 1),
    (ClosesMidBody, Cut, 1, 1),
    (StallsMidBody, Cut, 1, 1),
    (NoEnd, Cut, 1, 1),
    (WrongMagic, Page(502), 2, 1),
    (SpeaksHttp, Page(502), 2, 1),
    (Oversized, Page(502), 2, 1),
    (EmptyPacket, Page(500), 2, 1),
    (UnknownPacket, Page(500), 2, 1),
    (CodeA000, Page(500), 2, 1),
    (CodeA00C, Page(500), 2, 1),
    (HugeHeaderCount, Page(500), 2, 1),
    (StringBeyondPacket, Page(500), 2, 1),
    (NullHeaderValue, Page(500), 2, 1),
    (BadChunkLength, Page(500), 2, 1),
    (HeadersTwice, Page(500), 2, 1),
    (HeadersAfterBody, Page(502), 1, 1),
    (BodyBeforeHeaders, Page(500), 2, 1),
    (EndWithoutHeaders, Page(500), 2, 1),
    (EndWithoutFlag, Page(500), 2, 1),
    (ReuseZero, Whole, 1, 1),
    (StatusZero, Page(500), 2, 1),
    (StatusContinue, Page(500), 2, 1),
    (StatusHuge, Page(500), 2, 1),
    (MoreThanLength, Whole, 1, 1),
    (SplitsHeader, Page(500), 2, 1),
    (SplitsReason, Page(500), 2, 1),
    (HopByHop, Whole, 1, 1),
    (AsksForever, Page(500), 2, 1),
    (TrailingBytes, Whole, 1, 1),
    (StrayCpong, Page(500), 2, 1),
];

/// mod_jk 1.2.48, where it differs: any method is repeated, also behind a part of the answer.
const MODJK: [Row; 27] = [
    (ClosesBeforeAnswer, Page(502), 2, 2),
    (Stalls, Page(504), 2, 2),
    (Resets, Page(504), 2, 2),
    (ResetsMidBody, Cut, 2, 2),
    (Slow, Whole, 1, 1),
    (HalfHeader, Page(502), 2, 2),
    (HalfPacket, Page(502), 2, 2),
    (ClosesMidBody, Cut, 2, 2),
    (StallsMidBody, Cut, 2, 2),
    (NoEnd, Page(502), 2, 2),
    (WrongMagic, Page(502), 2, 2),
    (SpeaksHttp, Page(502), 2, 2),
    (Oversized, Page(502), 2, 2),
    (EmptyPacket, Page(500), 2, 2),
    (UnknownPacket, Page(500), 2, 2),
    (CodeA00C, Page(500), 2, 2),
    (HugeHeaderCount, Page(500), 2, 2),
    (StringBeyondPacket, Page(500), 2, 2),
    (NullHeaderValue, Page(500), 2, 2),
    (BadChunkLength, Page(500), 2, 2),
    (HeadersTwice, Page(500), 2, 2),
    (BodyBeforeHeaders, Page(500), 2, 2),
    (StatusZero, Page(500), 2, 2),
    (StrayCpong, Page(500), 2, 2),
    // It waits for the next chunk of a body that is not chunked.
    (HopByHop, Cut, 1, 1),
    (StatusContinue, Garbage, 1, 1),
    (SplitsHeader, Page(500), 1, 1),
];

/// What mod_jk 1.2.48 is not asked: CodeA000 ends its child and AsksForever never ends; the bytes
/// behind an answer wait for its next request; and 1.2.48 lets pass what 1.2.51 or httpd refuse.
const NOT_FOR_MODJK: [Behaviour; 7] = [
    CodeA000,
    AsksForever,
    EndWithoutHeaders,
    EndWithoutFlag,
    StatusHuge,
    SplitsReason,
    TrailingBytes,
];

/// A misbehaving worker alone, and in front of a good one in two balancers (one for each method,
/// for a failure leaves the member in error).
struct Case {
    row: Row,
    bad: Peer,
    good: Peer,
}

/// What one request brought.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    answer: Answer,
    bad: usize,
    good: usize,
}

impl Case {
    fn new(row: Row) -> Result<Case> {
        Ok(Case {
            row,
            bad: Peer::named("bad", row.0)?,
            good: Peer::named("good", Echo)?,
        })
    }

    fn names(&self) -> [String; 3] {
        ["alone", "get", "post"].map(|kind| format!("{kind}-{:?}", self.row.0))
    }

    fn workers(&self) -> String {
        let mut text = String::new();
        for name in &self.names()[1..] {
            let (bad, good) = (format!("{name}-bad"), format!("{name}-good"));
            text += &self.bad.worker(&bad);
            text += &self.good.worker(&good);
            text += &format!(
                "worker.{bad}.reference=worker.template\nworker.{good}.reference=worker.template\n\
                 worker.{good}.distance=1\nworker.{name}.type=lb\nworker.{name}.retry_interval=10\n\
                 worker.{name}.balance_workers={bad},{good}\n"
            );
        }
        let alone = &self.names()[0];
        text + &self.bad.worker(alone) + &format!("worker.{alone}.reference=worker.template\n")
    }

    /// Sends a request that must leave the client's connection either closed or in step.
    fn ask(&self, httpd: &Httpd, keep_alive: bool, method: &str, worker: &str) -> Result<Seen> {
        let uri = format!("/{worker}/{method}");
        let mut request = Request::new(method, &uri);
        if method == "POST" {
            request = request.body("data");
        }
        if !keep_alive {
            request = request.header("Connection", "close");
        }
        let mut client = Client::connect(httpd.port())?;
        let answer = match client.send(&request) {
            Ok(response) => {
                let from_worker = ["body", "peer="]
                    .iter()
                    .any(|s| response.text().starts_with(s));
                let whole = response.end == BodyEnd::Complete;
                if keep_alive {
                    self.assert_nothing_follows(client, &response);
                    assert_eq!(response.header("X-Split"), None);
                    assert_eq!(response.header("X-Gone"), None, "RS-05");
                }
                match (from_worker, whole) {
                    (true, true) => Whole,
                    (true, false) if !keep_alive || response.body == b"body" => Cut,
                    // Whether the close is seen when sending (F-06) or when receiving is a race.
                    (false, true) if self.row.0 == ClosesAtAccept => {
                        assert!((502..=504).contains(&response.status));
                        Page(502)
                    }
                    (false, true) => Page(response.status),
                    (false, false) if response.body.is_empty() => Cut,
                    _ => Garbage,
                }
            }
            Err(ClientError::BadHead(_)) => Garbage,
            Err(error) => return Err(error).context(uri),
        };
        let count = |peer: &Peer| peer.requests().iter().filter(|r| r.uri == uri).count();
        Ok(Seen {
            answer,
            bad: count(&self.bad),
            good: count(&self.good),
        })
    }

    /// RO-06: neither a second answer nor a rest of the first is on the connection; and it ends only
    /// when the answer says so or breaks off.
    fn assert_nothing_follows(&self, mut client: Client, response: &Response) {
        let name = self.row.0;
        if !response.closes() {
            let next = client.send(&Request::get("/nothing-here"));
            let in_step = next.as_ref().is_ok_and(|next| next.status == 404);
            assert!(in_step, "{name:?}: {response:?}, then {next:?}");
            return;
        }
        let ended = match client.read_some(100) {
            Ok(rest) => rest.is_empty(),
            Err(ClientError::Io(error)) => error.kind() == ErrorKind::ConnectionReset,
            Err(_) => false,
        };
        assert!(ended, "{name:?}: something follows {response:?}");
    }

    fn expected(&self, method: &str, lb: bool, repeats_any: bool) -> Seen {
        let (_, answer, get, post) = self.row;
        let bad = if method == "GET" { get } else { post };
        // HeadersAfterBody is final (F-10), and so is a response whose split httpd itself found.
        let fails_over = (method == "GET" || repeats_any)
            && !(self.row.0 == HeadersAfterBody || (repeats_any && self.row.0 == SplitsHeader));
        let (answer, good) = match answer {
            Page(_) if lb && fails_over => (Whole, 1),
            // RO-06: mod_jk goes on to the other member and appends its answer.
            Cut if lb && bad == 2 => (Cut, 1),
            answer => (answer, 0),
        };
        Seen { answer, bad, good }
    }
}

fn start(subject: Subject, cases: &[Case]) -> Result<Httpd> {
    let mut workers = "worker.template.reply_timeout=400\nworker.template.retry_interval=20\n\
                       worker.template.connection_acquire_timeout=2000\n"
        .to_owned();
    let mut names = Vec::new();
    for case in cases {
        workers += &case.workers();
        names.extend(case.names());
    }
    farm::server(subject, &names, &workers).start()
}

/// Calls `ask` for every case, several at a time: most of the time is spent waiting.
fn for_all(cases: &[Case], ask: impl Fn(&Case) -> Result + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = ask(case);
                    assert!(result.is_ok(), "{:?}: {result:?}", case.row.0);
                }
            });
        }
    });
}

fn check(httpd: &Httpd, case: &Case, subject: Subject) -> Result {
    let rjk = subject == Subject::Rjk;
    let names = case.names();
    let requests = [
        ("GET", &names[0], false),
        ("POST", &names[0], false),
        ("GET", &names[1], true),
        ("POST", &names[2], true),
    ];
    for (method, worker, lb) in requests {
        // It may or may not have had a part of the POST: both ways to go on are right.
        if case.row.0 == ClosesAtAccept && lb && method == "POST" {
            continue;
        }
        let seen = case.ask(httpd, rjk, method, worker)?;
        assert_eq!(seen, case.expected(method, lb, !rjk), "{method} {worker}");
    }
    Ok(())
}

#[test]
fn rjk_every_misbehaviour() -> Result {
    assert_eq!(RJK.map(|row| row.0), Behaviour::ALL);
    let cases: Vec<Case> = RJK.into_iter().map(Case::new).collect::<Result<_>>()?;
    let httpd = start(Subject::Rjk, &cases)?;
    let child = httpd.only_child()?;
    let before = process::open_fds(child)?;
    for_all(&cases, |case| check(&httpd, case, Subject::Rjk));
    assert_eq!(httpd.only_child()?, child, "the child lives");
    farm::wait_idle(&httpd)?;
    // Idle connections are no leak: close them from the other side, and use none again.
    let idle: usize = cases
        .iter()
        .map(|case| case.bad.open_connections() + case.good.open_connections())
        .sum();
    let now = process::open_fds(child)?;
    assert!(
        now <= before + idle + 2,
        "{before} + {idle} descriptors became {now}"
    );
    httpd.assert_clean();
    Ok(())
}

#[test]
fn modjk_misbehaviours_that_it_survives() -> Result {
    let mut cases = Vec::new();
    for row in RJK
        .into_iter()
        .filter(|row| !NOT_FOR_MODJK.contains(&row.0))
    {
        let differs = MODJK.into_iter().find(|other| other.0 == row.0);
        cases.push(Case::new(differs.unwrap_or(row))?);
    }
    let httpd = start(Subject::ModJk, &cases)?;
    for_all(&cases, |case| check(&httpd, case, Subject::ModJk));
    Ok(())
}
