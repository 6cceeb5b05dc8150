//! What happens on the stage, in order. Every step checks what it claims.

use crate::stage::Stage;
use crate::visitor::{Visit, Visitor};
use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

/// Longest time until a Tomcat that came back gets requests again.
const RETURN_LIMIT: Duration = Duration::from_secs(30);
/// Time between two new visitors.
const PAUSE: Duration = Duration::from_millis(300);
/// Visits before the first Tomcat dies.
const VISITS: u32 = 4;

/// Tells it; an error is the first thing that is not as it should be.
pub fn tell(stage: &mut Stage) -> Result<()> {
    let mut visitor = Visitor::default();
    let settled = session_sticks(stage, &mut visitor)?;
    let home = settled.node.clone();
    kill(stage, 2, &home)?;
    let moved = session_goes_on(stage, 3, &mut visitor, &settled)?;
    comes_back(stage, &home)?;
    serves_new_visitors(stage, &home)?;
    kill(stage, 6, &moved.node)?;
    // It asked its peer for the sessions when it started, so it can take this one back.
    let back = session_goes_on(stage, 7, &mut visitor, &moved)?;
    ensure!(back.node == home, "served by {}, not by {home}", back.node);
    println!("   the session remembers who served it: {}", back.trail);
    Ok(())
}

fn step(number: u32, title: &str) {
    println!("\n{number}. {title}");
}

fn proven(text: &str) {
    println!("   ok: {text}");
}

fn session_sticks(stage: &Stage, visitor: &mut Visitor) -> Result<Visit> {
    step(1, "A session sticks to its Tomcat");
    let first = visitor.visit(stage.httpd.port())?;
    let mut last = first.clone();
    for expected in 2..=VISITS {
        last = visitor.visit(stage.httpd.port())?;
        ensure!(last.node == first.node, "the session does not stick");
        ensure!(last.session == first.session, "the session id changed");
        ensure!(last.counter == expected, "the counter is not {expected}");
    }
    proven(&format!(
        "{VISITS} requests, all by Tomcat {}, as the id's ending .{} says",
        first.node, first.node
    ));
    Ok(last)
}

fn kill(stage: &mut Stage, number: u32, name: &str) -> Result<()> {
    step(number, &format!("Tomcat {name} is killed with SIGKILL"));
    let tomcat = stage.tomcat(name)?;
    let pid = tomcat.pid().context("it does not run")?;
    tomcat.kill9()?;
    proven(&format!(
        "process {pid} is gone, without a chance to say so"
    ));
    Ok(())
}

fn session_goes_on(
    stage: &Stage,
    number: u32,
    visitor: &mut Visitor,
    before: &Visit,
) -> Result<Visit> {
    step(
        number,
        "The session goes on at the other Tomcat, with its data",
    );
    let logged = stage.httpd.jk_log().len();
    let visit = visitor.visit(stage.httpd.port())?;
    ensure!(visit.node != before.node, "served by the dead Tomcat");
    ensure!(visit.id() == before.id(), "another session: {visit:?}");
    let expected = before.counter + 1;
    ensure!(visit.counter == expected, "the counter is not {expected}");
    for line in stage.jk_log_since(logged).lines().take(3) {
        println!("   jk.log: {line}");
    }
    let next = visitor.visit(stage.httpd.port())?;
    ensure!(next.node == visit.node, "the session does not stick");
    ensure!(next.counter == expected + 1, "the counter did not go on");
    proven(&format!(
        "no failed request, same session, the counter went on to {}; its id now ends in .{}",
        next.counter, next.node
    ));
    Ok(next)
}

fn comes_back(stage: &mut Stage, name: &str) -> Result<()> {
    step(4, &format!("Tomcat {name} comes back"));
    let tomcat = stage.tomcat(name)?;
    let began = Instant::now();
    tomcat.start()?;
    let pid = tomcat.pid().context("it does not run")?;
    proven(&format!(
        "process {pid} answers on AJP after {:.1} s",
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn serves_new_visitors(stage: &Stage, name: &str) -> Result<()> {
    step(5, &format!("New visitors reach Tomcat {name} again"));
    let began = Instant::now();
    while began.elapsed() < RETURN_LIMIT {
        if Visitor::default().visit(stage.httpd.port())?.node == name {
            proven(&format!(
                "{:.1} s after its start, nothing was restarted or edited",
                began.elapsed().as_secs_f64()
            ));
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    bail!("no request reached Tomcat {name} within {RETURN_LIMIT:?} of its return")
}
