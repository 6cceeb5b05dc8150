//! The balancing methods: who is asked, and what is counted (§4.2, LB-10…LB-16).

use super::draw::Draw;
use rjk_testbed::client::Pending;
use rjk_testbed::client::Request;
use rjk_testbed::gate::{Gate, gated};
use rjk_testbed::peer::{Behaviour, Script, Step};
use rjk_testbed::{Farm, Plan, Result, Subject, both, wait};
use std::time::Duration;

both! {
    lb13_lb14_sessions lb11_traffic lb12_busyness lb12_busyness_of_what_fails lb11_lb13_lb15_decay
    lb14_next_takes_off_what_is_common tr16_recovery_by_method l04_l05_words
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Three members with the shares 2, 1 and 1.
fn plan(subject: Subject, method: &str) -> Plan {
    Plan::new(subject, &["m1", "m2", "m3"])
        .member("m1", "lbfactor=2")
        .lb(&format!("method={method}"))
        .lb("retries=1")
        .mounts("JkMount /* lb\nJkUnMount /jkstatus lb\nJkMount /s/* lb;stateless=1")
}

fn values(farm: &mut Farm) -> Result<[u64; 3]> {
    let page = farm.page()?;
    Ok([
        page.member("m1")?.value,
        page.member("m2")?.value,
        page.member("m3")?.value,
    ])
}

fn sessions(farm: &mut Farm) -> Result<[u64; 3]> {
    let page = farm.page()?;
    Ok([
        page.member("m1")?.sessions,
        page.member("m2")?.sessions,
        page.member("m3")?.sessions,
    ])
}

/// LB-13, LB-14, LB-16: only requests that bring no session and may make one count.
fn lb13_lb14_sessions(subject: Subject) -> Result {
    for method in ["Sessions", "Next", "s", "4"] {
        let mut farm = plan(subject, method).start()?;
        assert_eq!(farm.sequence("/x", 8)?, "12312311", "{method}");
        assert_eq!(values(&mut farm)?, [4, 4, 4], "{method}");
        for _ in 0..5 {
            assert_eq!(farm.with_cookie("JSESSIONID=a.m2")?, "m2", "{method}");
        }
        assert_eq!(farm.sequence("/s/x", 3)?, "231", "{method}: stateless");
        assert_eq!(values(&mut farm)?, [4, 4, 4], "{method}");
        // An id without a route is a session, too.
        assert_eq!(farm.with_cookie("JSESSIONID=a")?, "m2", "{method}");
        assert_eq!(farm.sequence("/x", 3)?, "312", "{method}");
        assert_eq!(values(&mut farm)?, [5, 6, 6], "{method}");
        assert_eq!(sessions(&mut farm)?, [5, 3, 3], "{method}");
    }
    Ok(())
}

/// LB-11: all bytes of all packets, both ways, of every request.
fn lb11_traffic(subject: Subject) -> Result {
    let mut farm = plan(subject, "Traffic").start()?;
    let big = Request::new("POST", "/big").body(vec![b'x'; 60_000]);
    assert_eq!(farm.who(&big)?, "m1");
    // As long as the others moved less than half of that.
    assert_eq!(farm.sequence("/x", 6)?, "232323");
    assert_eq!(sessions(&mut farm)?, [1, 3, 3], "LB-16");
    let large = format!("/x?{}", "y".repeat(5000));
    let mut order = String::new();
    for _ in 0..12 {
        order.extend(farm.who(&Request::get(&large))?.chars().last());
    }
    // Each of these moves about 10,000 bytes, there and back.
    assert_eq!(order, "232323123112");
    for (member, m) in [("m1", 1), ("m2", 2), ("m3", 2)] {
        // Stateless requests and sessions count as all others.
        farm.who(&Request::get("/s/x").header("Cookie", &format!("JSESSIONID=a.{member}")))?;
        let last = farm.notes()?.last;
        assert_eq!(last.name, member);
        let [value, read, sent] =
            [&last.value, &last.read, &last.transferred].map(|text| text.parse::<u64>());
        let moved = read? + sent?;
        assert_eq!(value?, moved * m, "{member}");
        let sizes = if member == "m1" { 60_000.. } else { 20_000.. };
        assert!(sizes.contains(&moved), "{member}: {moved}");
    }
    Ok(())
}

/// LB-12: what is in flight, times M; whoever has fewest for its share is asked.
fn lb12_busyness(subject: Subject) -> Result {
    let mut farm = plan(subject, "Busyness").start()?;
    let mut gates = Vec::new();
    for member in ["m1", "m2", "m3"] {
        let (gate, script) = gated();
        farm.peer(member)?.set(script);
        gates.push(gate);
    }
    assert_eq!(farm.sequence("/x", 6)?, "123123", "nothing is in flight");
    assert_eq!(values(&mut farm)?, [0, 0, 0]);
    let mut held = Vec::new();
    for (member, expected) in [
        ("m1", [1, 0, 0]),
        ("m2", [1, 2, 0]),
        ("m3", [1, 2, 2]),
        ("m1", [2, 2, 2]),
    ] {
        let before = farm.peer(member)?.requests().len();
        held.push(farm.pending(Request::get("/hold")));
        farm.peer(member)?.wait_requests(before + 1)?;
        assert_eq!(values(&mut farm)?, expected, "{member}");
    }
    // Sessions count as all others.
    let sticky = Request::get("/hold").header("Cookie", "JSESSIONID=a.m1");
    let before = farm.peer("m1")?.requests().len();
    held.push(farm.pending(sticky));
    farm.peer("m1")?.wait_requests(before + 1)?;
    assert_eq!(values(&mut farm)?, [3, 2, 2]);
    // Each of these is over before the next.
    assert_eq!(farm.sequence("/x", 4)?, "2323");
    gates.remove(0).open();
    farm.wait_status("m1", PATIENCE, |status| status.busy == 0)?;
    assert_eq!(values(&mut farm)?, [0, 2, 2]);
    assert_eq!(farm.sequence("/x", 4)?, "1111");
    drop(gates);
    for pending in held {
        assert_eq!(pending.response()?.status, 200);
    }
    farm.wait_not_busy(&["m1", "m2", "m3"])?;
    assert_eq!(values(&mut farm)?, [0, 0, 0]);
    assert_eq!(sessions(&mut farm)?, [8, 5, 5], "LB-16");
    Ok(())
}

/// LB-12: an attempt that fails is in flight no more.
fn lb12_busyness_of_what_fails(subject: Subject) -> Result {
    let mut farm = plan(subject, "Busyness")
        .member("m1", "retries=1")
        .start()?;
    farm.peer("m1")?.set(Behaviour::WrongMagic);
    assert_eq!(farm.get("/x")?, "m2");
    assert_eq!(farm.notes()?.first.name, "m1");
    farm.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m3");
    farm.stop("m3")?;
    assert_eq!(farm.sequence("/x", 3)?, "222");
    assert_eq!(values(&mut farm)?, [0, 0, 0]);
    let states = ["m1", "m2", "m3"].map(|member| farm.status(member).map(|status| status.state));
    let states = states.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(states, ["ERR", "OK", "ERR"]);
    Ok(())
}

/// LB-10, LB-11, LB-13, LB-15: maintenance halves the load.
fn lb11_lb13_lb15_decay(subject: Subject) -> Result {
    for method in ["Request", "Traffic", "Sessions"] {
        let mut farm = plan(subject, method).line("worker.maintain=3").start()?;
        farm.sequence("/x", 40)?;
        let before = values(&mut farm)?;
        assert!(before.iter().all(|value| *value >= 20), "{before:?}");
        farm.wait_status("m1", PATIENCE, |status| status.value < before[0])?;
        let after = values(&mut farm)?;
        assert_eq!(after, before.map(|value| value / 2), "{method}");
        assert_eq!(sessions(&mut farm)?, [20, 10, 10], "LB-16: {method}");
    }
    Ok(())
}

/// LB-14: maintenance takes off what the least loaded of the usable members has, of all.
fn lb14_next_takes_off_what_is_common(subject: Subject) -> Result {
    // V is that of the sessions that rules sent to each.
    let rules = "JkMount /* lb\nJkUnMount /jkstatus lb\nJkMount /1/* lb;active=m1;stopped=m2,m3\n\
                 JkMount /2/* lb;active=m2;stopped=m1,m3\nJkMount /3/* lb;active=m3;stopped=m1,m2";
    for (disabled, fails, expected) in [
        ("", "", [7, 0, 5]),
        ("m2", "", [2, 0, 0]),
        ("", "m2", [2, 0, 0]),
        ("m1,m2,m3", "", [10, 3, 8]),
    ] {
        let mut plan = Plan::new(subject, &["m1", "m2", "m3"])
            .lb("method=Next")
            .lb("retries=1")
            .line("worker.maintain=3")
            .mounts(rules);
        for member in disabled.split(',').filter(|name| !name.is_empty()) {
            plan = plan.member(member, "activation=disabled");
        }
        let mut farm = plan.start()?;
        for (target, count) in [("/1/x", 10), ("/2/x", 3), ("/3/x", 8)] {
            farm.sequence(target, count)?;
        }
        if !fails.is_empty() {
            farm.stop(fails)?;
            farm.with_cookie(&format!("JSESSIONID=a.{fails}"))?;
            assert_eq!(farm.status(fails)?.state, "ERR");
        }
        assert_eq!(values(&mut farm)?, [10, 3, 8], "{disabled} {fails}");
        let maintained = |value: u64, state: &str| value < 10 || state == "OK/IDLE";
        farm.wait_status("m1", PATIENCE, |status| {
            maintained(status.value, &status.state)
        })?;
        assert_eq!(values(&mut farm)?, expected, "{disabled} {fails}");
    }
    Ok(())
}

/// TR-16: a member that may be tried again starts with the highest load; busyness is no such load.
fn tr16_recovery_by_method(subject: Subject) -> Result {
    for method in ["Sessions", "Traffic", "Next", "Busyness"] {
        let mut farm = plan(subject, method)
            .lb("recover_time=1")
            .line("worker.maintain=3")
            .start()?;
        farm.stop("m3")?;
        let (gate, script) = gated();
        farm.peer("m1")?.set(script);
        farm.sequence("/x", 40)?;
        assert_eq!(farm.status("m3")?.state, "ERR", "{method}");
        let before = values(&mut farm)?;
        let held = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m1"));
        farm.wait_status("m3", PATIENCE, |status| status.state == "ERR/REC")?;
        let [m1, m2, m3] = values(&mut farm)?;
        match (method, subject) {
            ("Busyness", _) => assert_eq!([m1, m2, m3], [1, 0, 0]),
            // The highest before maintenance took off what is common: the member gets no session for
            // about as long as the others took to get there. See DEVIATIONS.
            ("Next", Subject::ModJk) => assert_eq!(m3, before[0].max(before[1])),
            _ => {
                assert_eq!(m3, m1.max(m2), "{method}");
                assert!(m3 > 1, "{method}: {m3}");
            }
        }
        gate.open();
        assert_eq!(held.response()?.status, 200);
    }
    Ok(())
}

/// L-04, L-05: the first letter or number names them; what names none is Request.
fn l04_l05_words(subject: Subject) -> Result {
    for (lines, sessions_alone) in [
        (["method=requests", "lock=Pessimistic"], false),
        (["method=sxyz", "lock=p"], true),
        (["method=4", "lock=1"], true),
        (["method=zzz", "lock=zzz"], false),
        (["method=0", "lock=O"], false),
    ] {
        let mut farm = Plan::new(subject, &["m1", "m2"])
            .lb(lines[0])
            .lb(lines[1])
            .start()?;
        assert_eq!(farm.get("/x")?, "m1");
        assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
        let expected = if sessions_alone { 1 } else { 2 };
        assert_eq!(farm.status("m1")?.value, expected, "{lines:?}");
    }
    Ok(())
}

/// Both modules serve one sequence of requests by the same members, with the same V and the same
/// sessions after each (LB-16).
fn both_count_alike(method: &str) -> Result {
    let [theirs, ours] = [Subject::ModJk, Subject::Rjk].map(|subject| play(subject, method));
    let (theirs, ours) = (theirs?, ours?);
    assert_eq!(theirs.len(), STEPS);
    for (step, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(theirs, ours, "step {step}");
    }
    for member in ["m1", "m2", "m3"] {
        let served = ours.iter().filter(|line| line.starts_with(member)).count();
        assert!(served > STEPS / 10, "{member}: {served}");
    }
    Ok(())
}

#[test]
fn lb10_both_modules_count_requests_alike() -> Result {
    both_count_alike("Request")
}

#[test]
fn lb11_both_modules_count_traffic_alike() -> Result {
    both_count_alike("Traffic")
}

#[test]
fn lb12_both_modules_count_busyness_alike() -> Result {
    both_count_alike("Busyness")
}

#[test]
fn lb13_both_modules_count_sessions_alike() -> Result {
    both_count_alike("Sessions")
}

#[test]
fn lb14_both_modules_count_alike_for_next() -> Result {
    both_count_alike("Next")
}

const STEPS: usize = 90;

/// Plays [`STEPS`] steps of one drawn sequence: who served, V and sessions of all after each.
fn play(subject: Subject, method: &str) -> Result<Vec<String>> {
    let mut plan = plan(subject, method)
        // A part takes less.
        .line("worker.maintain=5");
    for member in ["m1", "m2", "m3"] {
        plan = plan.member(member, "retries=1");
    }
    let mut farm = plan.start()?;
    let mut draw = Draw(0x5eed);
    let mut lines = Vec::new();
    for part in 0..3 {
        let held = hold(&mut farm)?;
        for _ in 0..STEPS / 3 {
            let served = farm.who(&request(&mut draw))?;
            let (v, sessions) = (values(&mut farm)?, sessions(&mut farm)?);
            lines.push(format!("{served} {v:?} {sessions:?}"));
        }
        held.release()?;
        farm.wait_not_busy(&["m1", "m2", "m3"])?;
        if part == 0 && method != "Busyness" {
            let before = farm.status("m1")?.value;
            farm.wait_status("m1", PATIENCE, |status| status.value < before)?;
        }
    }
    Ok(lines)
}

/// Requests that stay in flight.
struct Held(Gate, Vec<Pending>);

/// Four requests that wait at their members, whoever they are: by their shares, two at m1. At `/bad…` m2 breaks the protocol.
fn hold(farm: &mut Farm) -> Result<Held> {
    let gate = Gate::new();
    for member in ["m1", "m2", "m3"] {
        let bad = Step::run(move |connection| {
            if member == "m2" && connection.request().uri.starts_with("/bad") {
                connection.send(b"HTTP")?;
                return connection.step(&Step::Close);
            }
            Ok(())
        });
        let steps = [bad, Step::ReadBody, gate.step_for("/hold"), Step::Echo];
        farm.peer(member)?.set(Script::new(steps));
    }
    let mut pending = Vec::new();
    for _ in 0..4 {
        let before: usize = farm.counts().iter().sum();
        pending.push(farm.pending(Request::get("/hold")));
        wait::until("a request that waits", PATIENCE, || {
            farm.counts().iter().sum::<usize>() > before
        })?;
    }
    Ok(Held(gate, pending))
}

impl Held {
    fn release(self) -> Result {
        self.0.open();
        for pending in self.1 {
            assert_eq!(pending.response()?.status, 200);
        }
        Ok(())
    }
}

/// With a session or without, stateless, large or small, or one that m2 does not answer.
fn request(draw: &mut Draw) -> Request {
    let query = "q".repeat(draw.below(3000) as usize);
    let target = match draw.below(10) {
        0 => format!("/s/x?{query}"),
        1 => format!("/bad?{query}"),
        _ => format!("/x?{query}"),
    };
    let request = match draw.below(4) {
        0 if !target.starts_with("/bad") => {
            Request::new("POST", &target).body(vec![b'b'; draw.below(20_000) as usize])
        }
        _ => Request::get(&target),
    };
    match draw.below(3) {
        0 => request.header("Cookie", &format!("JSESSIONID=a.m{}", 1 + draw.below(3))),
        _ => request,
    }
}
