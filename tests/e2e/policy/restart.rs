//! Restarts that change a policy: the new one serves, nothing fails meanwhile, and a component that
//! cannot be loaded, or a broken file, leaves the site to the built-in rules.

use crate::site::{self, LB, fixture, header_route, header_route_file};
use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::{Members, Notes};
use rjk_testbed::{Context, Httpd, Result, process, wait};
use rustix::process::Signal;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);
/// Clients of the load.
const CLIENTS: usize = 8;
/// Growth of the parent over ten restarts, in KiB; a component takes about one MiB.
const GROWTH: u64 = 3 << 10;
/// The file that the tests replace.
const COMPONENT: &str = "conf/policies/p.wasm";

/// A site whose policy leads to b what asks for b.
fn start() -> Result<(Members, Httpd)> {
    let (peers, site) = site::site(&LB)?;
    let httpd = site
        .file("conf/rjk.toml", header_route("policies/p.wasm"))
        .file(COMPONENT, fs::read(header_route_file()?)?)
        // Slots for children that start while others end.
        .server_limit(8)
        .max_request_workers(16)
        .start()?;
    Ok((peers, httpd))
}

/// Who serves six requests that ask for b.
fn served(httpd: &Httpd) -> Result<String> {
    let ask = |_| -> Result<String> {
        let request = Request::get("/lb").header("X-Member", "b");
        site::who(&client::send(httpd.port(), request)?)
    };
    (0..6).map(ask).collect()
}

/// What the access log says of one more request that asks for b.
fn decided_by(httpd: &Httpd) -> Result<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let path = format!("/lb/{}", NEXT.fetch_add(1, Ordering::Relaxed));
    client::send(httpd.port(), Request::get(&path).header("X-Member", "b"))?;
    let lines = Notes::of(httpd, &path, 1)?;
    Ok(lines[0].decided_by.clone())
}

/// Replaces the component as a deployment does: under another name first.
fn replace(httpd: &Httpd, component: &[u8]) -> Result {
    let new = httpd.path("conf/policies/p.wasm.new");
    fs::write(&new, component)?;
    Ok(fs::rename(new, httpd.path(COMPONENT))?)
}

/// Sends requests, each on a connection of its own, while `action` goes on; how many were answered.
fn under_load(port: u16, action: impl FnOnce(&AtomicUsize) -> Result) -> Result<usize> {
    let (answers, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failures = Mutex::new(Vec::new());
    let result = std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let request = Request::get("/lb").header("X-Member", "b");
                    let answer = client::send(port, request).map_err(Into::into);
                    if let Err(error) = answer.and_then(|response| site::who(&response)) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{error:#}"));
                    }
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let result = action(&answers);
        stop.store(true, Ordering::Relaxed);
        result
    });
    result?;
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    assert!(
        failures.is_empty(),
        "{} failed: {failures:#?}",
        failures.len()
    );
    Ok(answers.into_inner())
}

fn wait_for_more(answers: &AtomicUsize, more: usize) -> Result {
    let wanted = answers.load(Ordering::Relaxed) + more;
    wait::until("answers", LIMIT, || {
        answers.load(Ordering::Relaxed) >= wanted
    })
}

#[test]
fn a_changed_component_takes_over_and_no_request_fails() -> Result {
    let (_peers, httpd) = start()?;
    let route = fs::read(header_route_file()?)?;
    let noop = fs::read(fixture("noop")?)?;
    assert_eq!(served(&httpd)?, "bbbbbb");
    let answered = under_load(httpd.port(), |answers| {
        for (component, both) in [(&noop, true), (&route, false), (&noop, true)] {
            wait_for_more(answers, 200)?;
            replace(&httpd, component)?;
            httpd.graceful()?;
            wait_for_more(answers, 200)?;
            wait::until("the old child is gone", LIMIT, || {
                httpd.children().len() == 1
            })?;
            let served = served(&httpd)?;
            assert_eq!(served.contains('a'), both, "{served}");
        }
        Ok(())
    })?;
    assert!(answered >= 1200, "{answered} answers are no load");
    assert_eq!(decided_by(&httpd)?, "builtin");
    httpd.assert_clean();
    Ok(())
}

/// SIGUSR1 to the parent, with no `-t` before as `-k graceful` has it; waits for the new children.
fn restart_by_signal(httpd: &Httpd) -> Result {
    let restarts = || {
        let log = httpd.error_log();
        log.matches("resuming normal operations").count()
    };
    let before = restarts();
    process::signal(httpd.pid(), Signal::USR1)?;
    wait::until("httpd restarted", LIMIT, || restarts() > before)
}

/// After a restart by signal with something broken: the site goes on, and one line says what is
/// wrong, with its place.
fn assert_goes_on(httpd: &mut Httpd, broken: &str, place: &str) -> Result {
    let lines = emergencies(httpd).len();
    restart_by_signal(httpd)?;
    assert!(httpd.is_running(), "{broken}");
    wait::until("the built-in rules", LIMIT, || {
        served(httpd).is_ok_and(|served| served == "ababab" || served == "bababa")
    })
    .with_context(|| httpd.error_log())?;
    assert_eq!(decided_by(httpd)?, "builtin");
    let said = emergencies(httpd);
    assert_eq!(said.len(), lines + 1, "{broken}: {said:#?}");
    let last = said.last().context("no line")?;
    let end = "; the built-in rules decide until it is mended";
    httpd.expect_log(end);
    assert!(last.contains(place) && last.contains(end), "{last}");
    Ok(())
}

/// After a mend: the policy is back.
fn assert_mended(httpd: &Httpd) -> Result {
    httpd.graceful()?;
    wait::until("the policy decides", LIMIT, || {
        served(httpd).is_ok_and(|served| served == "bbbbbb")
    })
}

#[test]
fn a_restart_by_signal_with_a_broken_component_goes_on_with_the_built_in_rules() -> Result {
    let (_peers, mut httpd) = start()?;
    assert_eq!(decided_by(&httpd)?, "policy p");
    let good = fs::read(header_route_file()?)?;
    for broken in ["configure-fails", "unknown-import", "configure-never-ends"] {
        replace(&httpd, &fs::read(fixture(broken)?)?)?;
        assert_goes_on(&mut httpd, broken, "conf/rjk.toml:2: policy p: ")?;
        replace(&httpd, &good)?;
        assert_mended(&httpd)?;
    }
    fs::remove_file(httpd.path(COMPONENT))?;
    assert_goes_on(&mut httpd, "none", "conf/rjk.toml:2: policy p: ")?;
    replace(&httpd, &good)?;
    assert_mended(&httpd)
}

#[test]
fn a_restart_by_signal_with_a_broken_file_goes_on_with_the_built_in_rules() -> Result {
    let (_peers, mut httpd) = start()?;
    let good = header_route("policies/p.wasm");
    for broken in ["[polcy.p]\n", "[policy.p\n"] {
        httpd.write("conf/rjk.toml", broken)?;
        assert_goes_on(&mut httpd, broken, "conf/rjk.toml:1: ")?;
        httpd.write("conf/rjk.toml", &good)?;
        assert_mended(&httpd)?;
    }
    fs::remove_file(httpd.path("conf/rjk.toml"))?;
    assert_goes_on(&mut httpd, "no file", "RjkConfigFile: ")?;
    httpd.write("conf/rjk.toml", &good)?;
    assert_mended(&httpd)
}

/// What is wrong with one balancer leaves the others their policies: one that the workers of before
/// do not know, and one that the policy's `configure` does not want.
#[test]
fn a_restart_by_signal_leaves_the_other_balancers_their_policies() -> Result {
    let (_peers, site) = site::site(&["lb", "two"])?;
    let good = header_route("policies/p.wasm");
    let httpd = site
        .file("conf/rjk.toml", good.as_str())
        .file(COMPONENT, fs::read(header_route_file()?)?)
        .start()?;
    let workers = fs::read_to_string(httpd.path("conf/workers.properties"))?;
    let typo =
        format!("{workers}worker.list=new\nworker.new.type=lb\nworker.new.balance_wrokers=a\n");
    httpd.expect_log("this restart goes on with");
    httpd.expect_log("; the built-in rules decide until it is mended");
    for (name, workers, said) in [("new", &typo, "new"), ("two", &workers, "balancer two")] {
        httpd.write("conf/workers.properties", workers)?;
        httpd.write(
            "conf/rjk.toml",
            format!("{good}[balancer.{name}]\npolicy = \"p\"\n"),
        )?;
        restart_by_signal(&httpd)?;
        assert_eq!(decided_by(&httpd)?, "policy p", "{name}");
        assert_eq!(served(&httpd)?, "bbbbbb", "{name}");
        let last = emergencies(&httpd).pop().unwrap_or_default();
        assert!(
            last.contains("conf/rjk.toml:") && last.contains(said),
            "{last}"
        );
    }
    Ok(())
}

/// Each restart compiles the components anew; the old ones go, in the parent too, which has no
/// thread to compile with.
#[test]
fn restarts_leave_no_memory_and_no_thread_behind() -> Result {
    let (_peers, httpd) = start()?;
    let mut warm = 0;
    for turn in 0..=12 {
        httpd.graceful()?;
        assert_eq!(process::threads(httpd.pid())?, 1);
        let now = process::rss_kib(httpd.pid())?;
        println!("{turn}: {now} KiB");
        if turn == 2 {
            warm = now;
        }
        assert!(turn <= 2 || now <= warm + GROWTH, "{warm} KiB, now {now}");
    }
    assert_eq!(served(&httpd)?, "bbbbbb");
    httpd.assert_clean();
    Ok(())
}

fn emergencies(httpd: &Httpd) -> Vec<String> {
    let log = httpd.error_log();
    let lines = log.lines().filter(|line| line.contains("emerg]"));
    lines.map(str::to_owned).collect()
}
