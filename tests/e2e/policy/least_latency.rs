//! The faster of two members: `least-latency` on the real parts.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::peer::{Head, Step};
use rjk_testbed::{Context, Error, Farm, Plan, Result, Subject, ensure};
use std::time::{Duration, Instant};

const MEMBERS: [&str; 3] = ["m1", "m2", "m3"];

/// Far longer than a busy machine keeps an answer waiting: the fast members shall not look as slow as this.
const SLOW: Duration = Duration::from_secs(1);

/// Two members answer after 20 ms, m3 after [`SLOW`].
fn one_is_slow() -> Plan {
    let after = |time| [Step::Sleep(time), Step::Echo];
    let fast = after(Duration::from_millis(20));
    let plan = Plan::new(Subject::Rjk, &MEMBERS).httpd(|httpd| httpd.threads_per_child(16));
    plan.script("m1", fast.clone())
        .script("m2", fast)
        .script("m3", after(SLOW))
}

/// How long requests take that four clients send one after the other, sorted.
fn times(site: &Farm, each: usize) -> Result<Vec<Duration>> {
    let port = site.httpd.port();
    let client = move || -> Result<Vec<Duration>> {
        let mut client = Client::connect(port)?;
        let mut times = Vec::new();
        for _ in 0..each {
            let start = Instant::now();
            let response = client.send(&Request::get("/x"))?;
            ensure!(response.status == 200, "{response:?}");
            times.push(start.elapsed());
        }
        Ok(times)
    };
    let clients: Vec<_> = (0..4).map(|_| std::thread::spawn(client)).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(
            client
                .join()
                .map_err(|_| Error::msg("a client panicked"))??,
        );
    }
    times.sort();
    Ok(times)
}

fn p99(times: &[Duration]) -> Result<Duration> {
    let at = times.len() * 99 / 100;
    times.get(at).copied().context("no times")
}

/// With the method Request a third of the requests meets the slow member.
#[test]
fn one_slow_member_of_three_does_not_make_the_site_slow() -> Result {
    let by_request = one_is_slow().start()?;
    let plain = p99(&times(&by_request, 9)?)?;
    assert!(plain >= SLOW, "{plain:?}");

    let site = one_is_slow().policy("least-latency", "", "")?.start()?;
    // Nobody knows anything yet: each member is tried.
    times(&site, 8)?;
    let before = site.counts();
    let times = times(&site, 150)?;
    let with_policy = p99(&times)?;
    let slow = site.counts()[2] - before[2];
    println!("p99 {plain:?} by requests, {with_policy:?} with the policy, {slow} of 600 were slow");
    assert!(
        with_policy < plain * 3 / 4,
        "{with_policy:?}, and {plain:?} by requests"
    );
    assert!(slow <= 5, "{slow} of 600");
    let [m1, m2, _] = site.counts()[..] else {
        return Err(Error::msg("three members"));
    };
    assert!(m1.abs_diff(m2) < 250, "the fast ones share: {m1} {m2}");
    Ok(())
}

/// It answers 503 at once, the others need 20 ms.
#[test]
fn a_member_that_fails_at_once_is_not_the_fast_one() -> Result {
    let late = [Step::Sleep(Duration::from_millis(20)), Step::Echo];
    let fails = [Step::ReadBody, Step::Head(Head::new(503)), Step::End(true)];
    let mut plan = Plan::new(Subject::Rjk, &MEMBERS).policy("least-latency", "", "")?;
    for (name, script) in [("m1", &late[..]), ("m2", &late[..]), ("m3", &fails[..])] {
        plan = plan.script(name, rjk_testbed::peer::Script::new(script));
    }
    let mut site = plan.start()?;
    for _ in 0..100 {
        site.send(&Request::get("/x"))?;
    }
    let counts = site.counts();
    assert!((1..=5).contains(&counts[2]), "{counts:?}");
    Ok(())
}
