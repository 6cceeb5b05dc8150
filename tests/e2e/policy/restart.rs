//! Restarts that change a policy: the new one serves, nothing fails meanwhile, and a component that
//! cannot be loaded, or a broken file, leaves the site to the built-in rules.

use crate::site::{self, LB, fixture, header_route, header_route_file};
use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::{Members, Notes, STATUS};
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
    let (before, old) = (restarts(), httpd.children());
    process::signal(httpd.pid(), Signal::USR1)?;
    wait::until("httpd restarted", LIMIT, || restarts() > before)?;
    // An old child may still take requests while it ends.
    wait::until("the new child is alone", LIMIT, || {
        let now = httpd.children();
        now.len() == 1 && !old.contains(&now[0])
    })
}

/// A restart by signal in spite of something broken: one line in httpd's error log says what is wrong, with
/// its place, what serves instead and what to do, and so does the module's log.
fn restart_in_spite_of(httpd: &mut Httpd, broken: &str, place: &str, with: &str) -> Result {
    let lines = emergencies(httpd).len();
    let end = format!("; this restart goes on with {with}; mend it and restart");
    httpd.expect_log(&end);
    restart_by_signal(httpd)?;
    assert!(httpd.is_running(), "{broken}");
    let said = emergencies(httpd);
    assert_eq!(said.len(), lines + 1, "{broken}: {said:#?}");
    let last = said.last().context("no line")?;
    assert!(
        last.contains(place) && last.contains(&end),
        "{broken}: {last}"
    );
    let log = httpd.jk_log();
    let last = log.lines().rfind(|line| line.contains("[emerg]"));
    let last = last.with_context(|| format!("{broken}: {log}"))?;
    assert!(
        last.contains(place) && last.contains(&end),
        "{broken}: {last}"
    );
    Ok(())
}

/// The policy decides, as it did before something broke, and every format of the status page says why it is
/// not the one of the file.
fn assert_decides_with_problem(httpd: &Httpd, broken: &str, problem: &str) -> Result {
    wait::until("the policy decides", LIMIT, || {
        served(httpd).is_ok_and(|served| served == "bbbbbb")
    })
    .with_context(|| format!("{broken}: {}", httpd.error_log()))?;
    assert_eq!(decided_by(httpd)?, "policy p", "{broken}");
    assert_shown(httpd, broken, problem)
}

fn assert_shown(httpd: &Httpd, broken: &str, problem: &str) -> Result {
    for format in ["html", "xml", "txt", "prop", "json"] {
        let page = client::get(httpd.port(), &format!("{STATUS}?mime={format}"))?.text();
        assert!(page.contains(problem), "{broken}: {format}: {page}");
    }
    Ok(())
}

/// After a mend: the policy of the file decides.
fn assert_mended(httpd: &Httpd) -> Result {
    httpd.graceful()?;
    wait::until("the policy decides", LIMIT, || {
        let page = client::get(httpd.port(), &format!("{STATUS}?mime=json"));
        let problem = page.is_ok_and(|page| page.text().contains("\"problem\""));
        !problem && served(httpd).is_ok_and(|served| served == "bbbbbb")
    })
}

/// The member that a request asks for is that of the policy which says `reject`.
fn start_rejecting() -> Result<(Members, Httpd, String)> {
    let (peers, httpd) = start()?;
    let text = header_route("policies/p.wasm");
    let text = text.replacen(
        "\n[policy.p.config]",
        "\non_fault = \"reject\"\n[policy.p.config]",
        1,
    );
    httpd.write("conf/rjk.toml", &text)?;
    httpd.graceful()?;
    Ok((peers, httpd, text))
}

#[test]
fn a_broken_component_leaves_a_restart_the_policy_that_it_had() -> Result {
    let (_peers, mut httpd, _) = start_rejecting()?;
    let good = fs::read(header_route_file()?)?;
    let with = "the policy p that balancer lb had";
    let at = "conf/rjk.toml:2: policy p: ";
    for broken in ["configure-fails", "unknown-import", "configure-never-ends"] {
        replace(&httpd, &fs::read(fixture(broken)?)?)?;
        // Twice: what served is known after a restart that went on, too.
        for turn in ["once", "twice"] {
            let what = format!("{broken} {turn}");
            let at = at.replace(
                ":2:",
                if broken == "configure-fails" {
                    ":4:"
                } else {
                    ":2:"
                },
            );
            restart_in_spite_of(&mut httpd, &what, &at, with)?;
            assert_decides_with_problem(&httpd, &what, &at)?;
        }
        replace(&httpd, &good)?;
        assert_mended(&httpd)?;
    }
    fs::remove_file(httpd.path(COMPONENT))?;
    restart_in_spite_of(&mut httpd, "no component", at, with)?;
    assert_decides_with_problem(&httpd, "no component", "cannot be read")?;
    fs::create_dir(httpd.path(COMPONENT))?;
    restart_in_spite_of(&mut httpd, "a folder", at, with)?;
    assert_decides_with_problem(&httpd, "a folder", "cannot be read")?;
    fs::remove_dir(httpd.path(COMPONENT))?;
    replace(&httpd, &good)?;
    assert_mended(&httpd)
}

#[test]
fn a_broken_file_leaves_a_restart_the_policies_that_it_had() -> Result {
    let (_peers, mut httpd, good) = start_rejecting()?;
    let with = "the rjk.toml that it had";
    let of_no_balancer = good.replace("[balancer.lb]", "[balancer.ib]");
    let broken = [
        ("[polcy.p]\n", "conf/rjk.toml:1: unknown key"),
        ("[policy.p\n", "conf/rjk.toml:1: no valid TOML"),
        (
            of_no_balancer.as_str(),
            "conf/rjk.toml:9: there is no lb worker ib",
        ),
    ];
    for (broken, place) in broken {
        httpd.write("conf/rjk.toml", broken)?;
        for _ in ["once", "twice"] {
            restart_in_spite_of(&mut httpd, broken, place, with)?;
            assert_decides_with_problem(&httpd, broken, place)?;
        }
        httpd.write("conf/rjk.toml", &good)?;
        assert_mended(&httpd)?;
    }
    fs::write(httpd.path("conf/rjk.toml"), b"# \xff\n")?;
    restart_in_spite_of(&mut httpd, "no text", "RjkConfigFile: ", with)?;
    assert_decides_with_problem(&httpd, "no text", "is no text in UTF-8")?;
    fs::remove_file(httpd.path("conf/rjk.toml"))?;
    restart_in_spite_of(&mut httpd, "no file", "RjkConfigFile: ", with)?;
    assert_decides_with_problem(&httpd, "no file", "does not exist")?;
    fs::create_dir(httpd.path("conf/rjk.toml"))?;
    restart_in_spite_of(&mut httpd, "a folder", "RjkConfigFile: ", with)?;
    assert_decides_with_problem(&httpd, "a folder", "RjkConfigFile: cannot read")?;
    fs::remove_dir(httpd.path("conf/rjk.toml"))?;
    httpd.write("conf/rjk.toml", &good)?;
    assert_mended(&httpd)
}

/// The members change, and neither the policy of the file nor the one that was there accepts them: what
/// `on_fault` says holds until it is mended.
#[test]
fn a_restart_without_any_policy_that_serves_does_what_on_fault_says() -> Result {
    let (_peers, mut httpd, reject) = start_rejecting()?;
    let workers = fs::read_to_string(httpd.path("conf/workers.properties"))?;
    let renamed = workers.replace("lb-b", "lb-c");
    let place = "conf/rjk.toml:8: policy p: ";
    httpd.write("conf/workers.properties", &renamed)?;

    restart_in_spite_of(
        &mut httpd,
        "reject",
        place,
        "503 for all requests of balancer lb",
    )?;
    assert_eq!(client::get(httpd.port(), "/lb")?.status, 503);
    assert_eq!(decided_by(&httpd)?, "fault not-loaded");
    assert_shown(&httpd, "reject", "503 for all requests of balancer lb")?;
    let missed = "policy p is not loaded, the client gets 503: ";
    httpd.expect_log(missed);
    assert!(httpd.jk_log().contains(missed), "{}", httpd.jk_log());

    httpd.write("conf/rjk.toml", reject.replace("\"reject\"", "\"builtin\""))?;
    restart_in_spite_of(
        &mut httpd,
        "builtin",
        place,
        "the built-in rules for balancer lb",
    )?;
    wait::until("the built-in rules", LIMIT, || {
        served(&httpd).is_ok_and(|served| served == "ababab" || served == "bababa")
    })?;
    assert_eq!(decided_by(&httpd)?, "fault not-loaded");
    assert_shown(&httpd, "builtin", "the built-in rules for balancer lb")?;
    httpd.expect_log("policy p is not loaded, the built-in rules decide: ");

    httpd.write("conf/rjk.toml", &reject)?;
    httpd.write("conf/workers.properties", &workers)?;
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

/// The component as it would be if it were built against another text of the contract.
fn edited(component: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "lengths stand in the file");
    let mut edited = component.to_vec();
    for at in 0..edited.len() {
        if edited[at..].starts_with(from.as_bytes()) {
            edited[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    edited
}

/// A later contract of the same kind: what is asked of the host counts, not the number.
#[test]
fn a_component_of_a_later_contract_serves_when_the_host_knows_what_it_asks_for() -> Result {
    let (_peers, httpd) = start()?;
    let now = fs::read(header_route_file()?)?;
    let later = edited(&now, "@0.1.0", "@0.1.7");
    replace(&httpd, &later)?;
    httpd.graceful()?;
    assert_eq!(served(&httpd)?, "bbbbbb");
    assert_eq!(decided_by(&httpd)?, "policy p");

    // An interface that came later, and a contract that is another one.
    for (from, to, says) in [
        (
            "rjk:policy/members@",
            "rjk:policy/mempers@",
            "rjk:policy/mempers@0.1.7",
        ),
        (
            "rjk:policy/members@0.1.",
            "rjk:policy/members@0.2.",
            "rjk:policy/members@0.2.7",
        ),
    ] {
        replace(&httpd, &edited(&later, from, to))?;
        let (accepted, output) = httpd.try_graceful()?;
        assert!(!accepted, "{output}");
        let refused = output.contains(says) && output.contains("this module has rjk:policy@0.1");
        assert!(refused, "{output}");
        assert_eq!(decided_by(&httpd)?, "policy p");
    }
    replace(&httpd, &now)?;
    httpd.graceful()?;
    assert_eq!(served(&httpd)?, "bbbbbb");
    Ok(())
}

/// What a restart makes anew goes at the next, in the parent too, which has no thread to compile with.
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
