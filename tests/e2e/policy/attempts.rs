//! What a policy is told of attempts, over a real server: one word for each member that was chosen, whoever
//! chose it and however it went.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::gate::gated;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Farm, Plan, Result, Subject, wait};
use std::time::Duration;

/// How an attempt ends, by its number (plugins/wit, `outcome.ended`).
const ENDS: [&str; 9] = [
    "ok", "connect", "timeout", "protocol", "status", "busy", "client", "broken", "host",
];

/// The fixture's counters: attempts by their ends, and what must be alike.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    ends: [u64; 9],
    /// Of the numbers of the attempts.
    attempts: u64,
    decided: u64,
    /// Sums of the tokens that were left and that came back.
    tokens: [u64; 2],
    wrong: u64,
}

fn told(site: &mut Farm) -> Result<Told> {
    let counters = site.page()?.own_counters();
    let get = |key: usize| counters.get(&key.to_string()).copied().unwrap_or(0);
    Ok(Told {
        ends: std::array::from_fn(get),
        attempts: get(12),
        decided: get(13),
        tokens: [get(10), get(11)],
        wrong: get(14),
    })
}

/// Waits until so many attempts were told of; what was told.
fn await_told(site: &mut Farm, attempts: u64) -> Result<Told> {
    let mut last = Told::default();
    wait::until("the attempts", wait::SOON, || {
        last = told(site).unwrap_or_default();
        last.ends.iter().sum::<u64>() >= attempts
    })
    .map_err(|error| error.context(format!("{last:?}")))?;
    assert_eq!(last.wrong, 0, "{last:?}");
    Ok(last)
}

fn ends(pairs: &[(&str, u64)]) -> [u64; 9] {
    ENDS.map(|end| {
        let counts = pairs.iter().filter(|(name, _)| *name == end);
        counts.map(|(_, count)| count).sum()
    })
}

/// `settings` are those of the policy.
fn plan(members: &[&str], settings: &str) -> Result<Plan> {
    Ok(Plan::new(Subject::Rjk, members)
        .policy("attempts", settings, "")?
        .line("worker.lb.retries=1\nworker.lb.retry_interval=10"))
}

fn answers(status: u16) -> Script {
    Script::new([
        Step::ReadBody,
        Step::Head(Head::new(status)),
        Step::End(true),
    ])
}

/// One member, one try for each request.
#[test]
fn each_end_is_told_once() -> Result {
    let lines = "worker.m1.retries=1\nworker.m1.ping_mode=A\nworker.m1.ping_timeout=300\n\
                 worker.m1.reply_timeout=300\nworker.m1.fail_on_status=501,-502";
    let mut site = plan(&["m1"], "")?.line(lines).start()?;
    let rows: &[(&str, Script, u16, &str)] = &[
        ("echo", Behaviour::Echo.into(), 200, "ok"),
        ("an error page", answers(404), 404, "ok"),
        ("a hard status", answers(501), 503, "status"),
        ("a soft status", answers(502), 503, "status"),
        (
            "closes",
            Behaviour::ClosesBeforeAnswer.into(),
            502,
            "broken",
        ),
        ("resets", Behaviour::Resets.into(), 504, "broken"),
        ("half a head", Behaviour::HalfHeader.into(), 502, "broken"),
        ("speaks HTTP", Behaviour::SpeaksHttp.into(), 502, "protocol"),
        (
            "an unknown packet",
            Behaviour::UnknownPacket.into(),
            500,
            "protocol",
        ),
        ("never answers", Behaviour::Stalls.into(), 504, "timeout"),
        ("no CPONG", Behaviour::NoCpong.into(), 503, "connect"),
        (
            "closes at once",
            Behaviour::ClosesAtAccept.into(),
            503,
            "connect",
        ),
    ];
    let mut expected = [0; 9];
    for ((name, script, status, end), number) in rows.iter().zip(1..) {
        site.peer("m1")?.set(script.clone());
        let response = site.send(&Request::get("/x"))?;
        assert_eq!(response.status, *status, "{name}");
        let told = await_told(&mut site, number)?;
        expected = std::array::from_fn(|index| expected[index] + u64::from(ENDS[index] == *end));
        assert_eq!(told.ends, expected, "{name}");
        assert_eq!(told.tokens[0], told.tokens[1], "{name}");
        assert_eq!((told.attempts, told.decided), (number, 0), "{name}");
    }
    site.stop("m1")?;
    assert_eq!(site.send(&Request::get("/x"))?.status, 503);
    let told = await_told(&mut site, rows.len() as u64 + 1)?;
    assert_eq!(told.ends[1], expected[1] + 1, "nobody listens");
    Ok(())
}

/// The first member is down and the second fails: each attempt is told, and the next one is asked with what
/// was tried.
#[test]
fn a_failover_is_told_attempt_by_attempt() -> Result {
    let mut site = plan(&["m1", "m2", "m3"], "")?
        .line("worker.lb.lb_retries=3\nworker.m2.retries=1")
        .start()?;
    site.stop("m1")?;
    site.peer("m2")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(site.get("/x")?, "m3");
    let told = await_told(&mut site, 3)?;
    assert_eq!(told.ends, ends(&[("connect", 1), ("broken", 1), ("ok", 1)]));
    assert_eq!((told.attempts, told.tokens), (1 + 2 + 3, [1 + 2 + 3; 2]));
    let log = site.httpd.jk_log();
    for line in [
        "attempt=1 tried= builtin=Some(0)",
        "attempt=2 tried=0:1 builtin=Some(1)",
        "attempt=3 tried=0:1,1:7 builtin=Some(2)",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
    Ok(())
}

/// Two rounds over the only member that works for nobody.
#[test]
fn each_round_is_told() -> Result {
    let mut site = plan(&["m1"], "")?
        .line("worker.lb.retries=3\nworker.m1.retries=2\nworker.m1.retry_interval=10\nworker.m1.fail_on_status=-500")
        .start()?;
    site.peer("m1")?.set(answers(500));
    assert_eq!(site.send(&Request::get("/x"))?.status, 503);
    let attempts = site.counts()[0] as u64;
    let told = await_told(&mut site, 3)?;
    assert_eq!(told.ends, ends(&[("status", 3)]), "{attempts} tries");
    assert_eq!((told.attempts, told.tokens), (1 + 2 + 3, [1 + 2 + 3; 2]));
    Ok(())
}

/// A member that is not asked, for its limit or for its pool.
#[test]
fn who_is_not_asked_was_busy() -> Result {
    let limit = "worker.m1.busy_limit=1";
    let pool = "worker.m1.connection_pool_size=1\nworker.m1.connection_acquire_timeout=50";
    for lines in [limit, pool] {
        let (gate, script) = gated();
        let mut site = plan(&["m1"], "")?
            .line(lines)
            .script("m1", script)
            .start()?;
        let held = site.pending(Request::get("/hold"));
        site.peer("m1")?.wait_requests(1)?;
        assert_eq!(site.send(&Request::get("/x"))?.status, 503, "{lines}");
        let told = await_told(&mut site, 1)?;
        assert_eq!(told.ends, ends(&[("busy", 1)]), "{lines}");
        gate.open();
        assert_eq!(held.response()?.status, 200);
        let told = await_told(&mut site, 2)?;
        assert_eq!(told.ends, ends(&[("busy", 1), ("ok", 1)]), "{lines}");
        assert_eq!(told.tokens, [3, 3], "{lines}");
    }
    Ok(())
}

/// A client that goes in the middle of the response, and one that sends less than it said.
#[test]
fn a_client_that_leaves_is_told_as_the_client() -> Result {
    let mut site = plan(&["m1"], "")?.start()?;
    let mut long = vec![Step::Head(Head::ok())];
    for _ in 0..200 {
        long.push(Step::Chunk(vec![b'x'; 8000]));
        long.push(Step::Sleep(Duration::from_millis(20)));
    }
    long.push(Step::End(true));
    site.peer("m1")?.set(Script::new(long));
    let mut client = Client::connect(site.httpd.port())?;
    client.raw(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    client.read_some(1000)?;
    drop(client);
    let told = await_told(&mut site, 1)?;
    assert_eq!(told.ends, ends(&[("client", 1)]));
    site.peer("m1")?.set(Behaviour::Echo);
    let mut client = Client::connect(site.httpd.port())?;
    client.raw(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc")?;
    site.peer("m1")?.wait_requests(1)?;
    drop(client);
    let told = await_told(&mut site, 2)?;
    assert_eq!(told.ends, ends(&[("client", 2)]));
    assert_eq!(told.tokens, [3, 3]);
    Ok(())
}

/// The request's headers, its status, and who decided.
type Asked<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

/// Who chose is told; a refused request is no attempt, a fault leaves no token.
#[test]
fn who_decided_is_told() -> Result {
    let mut site = plan(&["m1", "m2"], "max_faults = 0")?.start()?;
    let rows: &[Asked<'_>] = &[
        (&[("X-Do", "1")], 200, "policy attempts"),
        (&[], 200, "builtin"),
        (&[("Cookie", "JSESSIONID=x.m2")], 200, "sticky"),
        (&[("X-Do", "trap")], 200, "fault trap"),
        (&[("X-Do", "reject")], 429, "policy attempts"),
    ];
    for (headers, status, why) in rows {
        let response = site.send(&Request::get("/x").headers(headers))?;
        assert_eq!(response.status, *status, "{headers:?}");
        assert_eq!(site.notes()?.decided_by, *why, "{headers:?}");
    }
    let told = await_told(&mut site, 4)?;
    assert_eq!(told.ends, ends(&[("ok", 4)]));
    assert_eq!((told.decided, told.tokens), (1, [6, 6]));
    for line in [
        "refused the request",
        "panicked at fixtures/examples/attempts.rs",
    ] {
        site.httpd.expect_log(line);
    }
    Ok(())
}

/// A policy in the shadow hears of all attempts, none of which it decided, with its tokens.
#[test]
fn a_shadow_is_told_of_what_others_chose() -> Result {
    let mut site = plan(&["m1", "m2"], "mode = \"shadow\"")?.start()?;
    for (what, who) in [("1", "m1"), ("0", "m2"), ("reject", "m1")] {
        let request = Request::get("/x").header("X-Do", what);
        assert_eq!(site.who(&request)?, who, "{what}");
    }
    let told = await_told(&mut site, 3)?;
    assert_eq!(told.ends, ends(&[("ok", 3)]));
    assert_eq!((told.decided, told.tokens), (0, [3, 3]));
    Ok(())
}
