//! A map file that changes while httpd runs (contract §3.4, D-03, D-04).

use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::vhost;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Error, Farm, Httpd, Result, Subject, Table, both, wait};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

both! {
    m20_m21_m24_new_rules_without_a_restart m22_a_missing_file_leaves_the_rules
    m23_bg17_an_unreadable_file d04_zero_never_looks d07_one_file_for_several_servers
    m25_the_status_worker_looks_at_once m26_every_child_reads_the_file m27_a_file_without_rules
}

const MAP: &str = "conf/map.properties";
const LIMIT: Duration = Duration::from_secs(15);

/// A farm whose main server has this map file, is looked at every second, and more lines.
fn site(subject: Subject, map: &str, more: &str) -> Result<Farm> {
    Farm::with_workers(subject, "worker.w.mount=/def/*\n", |site| {
        site.server_limit(1).file(MAP, map).directives(format!(
            "JkMountFile {MAP}\nJkMountFileReload 1\nJkMount /own/* w\n{more}"
        ))
    })
}

/// Makes a file older than any that was written before, so that it is left alone for long and has
/// another time stamp.
fn age(path: &Path) -> Result {
    static AGE: AtomicU64 = AtomicU64::new(100);
    let age = Duration::from_secs(AGE.fetch_add(10, Ordering::Relaxed));
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_modified(SystemTime::now() - age)?;
    Ok(())
}

/// Puts another file in the map's place.
fn replace(httpd: &Httpd, map: &str) -> Result {
    let new = httpd.write("conf/map.new", map)?;
    age(&new)?;
    fs::rename(new, httpd.path(MAP))?;
    Ok(())
}

fn outcome(site: &Farm, target: &str) -> Result<String> {
    Ok(site.ask(Request::get(target))?.outcome())
}

/// Asks until the outcome is this.
fn wait_for(site: &Farm, target: &str, expected: &str) -> Result {
    let mut last = String::new();
    let what = format!("{target} -> {expected}");
    let is = || {
        last = outcome(site, target).unwrap_or_else(|error| error.to_string());
        last == expected
    };
    wait::until(&what, LIMIT, is)
}

fn outcomes(site: &Farm, rows: &[(&str, &str, &str)]) -> Result {
    let mut table = Table::default();
    for (row, target, expected) in rows {
        table.check(
            &format!("{row} {target}"),
            outcome(site, target)?,
            *expected,
        );
    }
    table.finish()
}

fn m20_m21_m24_new_rules_without_a_restart(subject: Subject) -> Result {
    let site = site(subject, "/old/*=w\n/both/*=w\n!/both/no/*=w\n", "")?;
    outcomes(
        &site,
        &[
            ("before", "/old/x", "/old/x"),
            ("before", "/both/no/x", "404"),
            ("before", "/new/x", "404"),
        ],
    )?;
    let children = site.httpd.children();
    replace(&site.httpd, "/new/*=w\n/both/*=w\n/none/*=nosuch\n")?;
    wait_for(&site, "/new/x", "/new/x")?;
    outcomes(
        &site,
        &[
            ("M-21 gone", "/old/x", "404"),
            ("M-21 stays", "/both/x", "/both/x"),
            ("M-21 exclusion gone", "/both/no/x", "/both/no/x"),
            ("M-24", "/none/x", "500"),
            ("M-21 JkMount", "/own/x", "/own/x"),
            ("M-21 worker mount", "/def/x", "/def/x"),
        ],
    )?;
    assert_eq!(site.httpd.children(), children, "nothing was restarted");
    let log = site.httpd.jk_log();
    let told = log.lines().filter(|line| line.contains("map.properties"));
    assert!(
        told.clone().any(|line| line.contains("[info]")),
        "M-21: {log}"
    );
    replace(&site.httpd, "")?;
    wait_for(&site, "/new/x", "404")?;
    assert_eq!(outcome(&site, "/own/x")?, "/own/x", "an emptied file");
    site.httpd.assert_clean();
    Ok(())
}

fn m22_a_missing_file_leaves_the_rules(subject: Subject) -> Result {
    let site = site(subject, "/old/*=w\n", "")?;
    let (map, away) = (site.httpd.path(MAP), site.httpd.path("conf/away"));
    fs::rename(&map, &away)?;
    wait::until("an error line", LIMIT, || {
        outcome(&site, "/old/x").is_ok_and(|outcome| outcome == "/old/x") && errors(&site) > 0
    })?;
    replace(&site.httpd, "/new/*=w\n")?;
    wait_for(&site, "/new/x", "/new/x")?;
    site.httpd.assert_clean();
    Ok(())
}

fn errors(site: &Farm) -> usize {
    let log = site.httpd.jk_log();
    let lines = log.lines().filter(|line| line.contains("[error]"));
    lines.filter(|line| line.contains("map.properties")).count()
}

/// mod_jk says it at each look.
#[test]
fn m22_a_missing_file_is_told_once() -> Result {
    let site = site(Subject::Rjk, "/old/*=w\n", "")?;
    fs::rename(site.httpd.path(MAP), site.httpd.path("conf/away"))?;
    let until = Instant::now() + Duration::from_millis(3500);
    while Instant::now() < until {
        assert_eq!(outcome(&site, "/old/x")?, "/old/x");
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(errors(&site), 1, "{}", site.httpd.jk_log());
    site.httpd.assert_clean();
    Ok(())
}

/// mod_jk goes back to the rules before the last reload.
fn m23_bg17_an_unreadable_file(subject: Subject) -> Result {
    let site = site(subject, "/first/*=w\n", "")?;
    replace(&site.httpd, "/second/*=w\n")?;
    wait_for(&site, "/second/x", "/second/x")?;
    let new = site.httpd.write("conf/map.new", "/third/*=w\n")?;
    age(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(new, site.httpd.path(MAP))?;
    wait::until("an error line", LIMIT, || {
        outcome(&site, "/second/x").is_ok() && errors(&site) > 0
    })?;
    let (first, second) = match subject {
        Subject::Rjk => ("404", "/second/x"),
        Subject::ModJk => ("/first/x", "404"),
    };
    outcomes(
        &site,
        &[
            ("M-23", "/first/x", first),
            ("M-23", "/second/x", second),
            ("M-23", "/third/x", "404"),
            ("M-23", "/own/x", "/own/x"),
        ],
    )?;
    if subject == Subject::Rjk {
        let readable = Permissions::from_mode(0o644);
        fs::set_permissions(site.httpd.path(MAP), readable)?;
        wait_for(&site, "/third/x", "/third/x")?;
    }
    site.httpd.assert_clean();
    Ok(())
}

fn d04_zero_never_looks(subject: Subject) -> Result {
    let site = site(subject, "/old/*=w\n", "JkMountFileReload 0")?;
    replace(&site.httpd, "/new/*=w\n")?;
    let until = Instant::now() + Duration::from_millis(3500);
    while Instant::now() < until {
        assert_eq!(outcome(&site, "/old/x")?, "/old/x");
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(outcome(&site, "/new/x")?, "404");
    site.httpd.assert_clean();
    Ok(())
}

fn d07_one_file_for_several_servers(subject: Subject) -> Result {
    let more = "JkMount /main/* w";
    let site = Farm::alone(subject, |site| {
        site.file(MAP, "/old/*=w\n")
            .directives(format!("JkMountFile {MAP}\nJkMountFileReload 1\n{more}"))
            .vhosts(vhost("shared.test", "JkMountCopy On\nJkMountFileReload 0"))
            .vhosts(vhost("copied.test", "JkMountCopy On\nJkMount /own/* w"))
            .vhosts(vhost("none.test", "JkMount /own/* w"))
    })?;
    replace(&site.httpd, "/new/*=w\n")?;
    let mut table = Table::default();
    for (host, new, main) in [
        ("shared.test", "/new/x", "/main/x"),
        ("copied.test", "/new/x", "/main/x"),
        ("none.test", "404", "404"),
    ] {
        wait::until(host, LIMIT, || {
            let seen = site.on_host(host, "/new/x");
            seen.is_ok_and(|seen| seen.outcome() == new)
        })?;
        for (target, expected) in [("/old/x", "404"), ("/main/x", main)] {
            let seen = site.on_host(host, target)?;
            table.check(&format!("{host}{target}"), seen.outcome(), expected);
        }
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

fn m27_a_file_without_rules(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.file(MAP, "# nothing\n")
            .directives(format!("JkMountFile {MAP}\nJkMountFileReload 1"))
    })?;
    assert_eq!(outcome(&site, "/new/x")?, "404");
    let log = site.httpd.jk_log();
    let mut lines = log.lines().filter(|line| line.contains("[info]"));
    assert!(
        lines.any(|line| line.contains("map.properties")),
        "M-27: {log}"
    );
    replace(&site.httpd, "/new/*=w\n")?;
    wait_for(&site, "/new/x", "/new/x")?;
    site.httpd.assert_clean();
    Ok(())
}

/// Each child looks after the file itself, as the user that it runs as.
fn m26_every_child_reads_the_file(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.mpm(Mpm::Prefork)
            .start_servers(3)
            .access_log("%P %U")
            .file(MAP, "/old/*=w\n")
            .directives(format!("JkMountFile {MAP}\nJkMountFileReload 1"))
    })?;
    replace(&site.httpd, "/new/*=w\n")?;
    let mut in_a_row = 0;
    wait::until("the new rules in every child", LIMIT, || {
        let is_new = outcome(&site, "/new/x").is_ok_and(|outcome| outcome == "/new/x");
        in_a_row = if is_new { in_a_row + 1 } else { 0 };
        in_a_row == 20
    })?;
    let log = site.httpd.access_log();
    let last = log.lines().rev().take(20);
    let children: BTreeSet<&str> = last.filter_map(|line| line.split(' ').next()).collect();
    assert!(children.len() > 1, "{children:?}");
    site.httpd.assert_clean();
    Ok(())
}

/// The status worker looks at the files whatever the interval.
fn m25_the_status_worker_looks_at_once(subject: Subject) -> Result {
    let status = "worker.list=st\nworker.st.type=status\n";
    let site = Farm::with_workers(subject, status, |site| {
        site.file(MAP, "/old/*=w\n").directives(format!(
            "JkMountFile {MAP}\nJkMountFileReload 0\nJkMount /status st"
        ))
    })?;
    replace(&site.httpd, "/new/*=w\n")?;
    assert_eq!(outcome(&site, "/new/x")?, "404");
    let page = site.ask(Request::get("/status"))?.response;
    assert_eq!(page.status, 200);
    outcomes(
        &site,
        &[("M-25", "/new/x", "/new/x"), ("M-25", "/old/x", "404")],
    )?;
    site.httpd.assert_clean();
    Ok(())
}

/// An editor empties the file and writes it a moment later. mod_jk takes what is there and does not
/// look again for a whole interval, or for good when the rest comes within the same second.
#[test]
fn a_half_written_file_costs_no_request() -> Result {
    let site = site(Subject::Rjk, "/old/*=w\n/both/*=w\n", "")?;
    let status = |target: &str| client::get(site.httpd.port(), target).map(|got| got.status);
    let stop = AtomicBool::new(false);
    let ask = || -> Result {
        while !stop.load(Ordering::Relaxed) {
            assert_eq!(status("/both/x")?, 200);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    };
    thread::scope(|scope| -> Result {
        let asking = scope.spawn(ask);
        // Longer than a file that has something in it must be left alone.
        let mut file = fs::File::create(site.httpd.path(MAP))?;
        thread::sleep(Duration::from_millis(3500));
        file.write_all(b"/new/*=w\n")?;
        thread::sleep(Duration::from_millis(1200));
        file.write_all(b"/both/*=w\n")?;
        wait::until("the new rules", LIMIT, || {
            status("/new/x").is_ok_and(|status| status == 200)
        })?;
        stop.store(true, Ordering::Relaxed);
        asking.join().map_err(|_| Error::msg("not 200"))??;
        Ok(())
    })?;
    assert_eq!(status("/old/x")?, 404);
    site.httpd.assert_clean();
    Ok(())
}

/// Requests on all threads of two children while the file changes: each goes by one of the two files.
#[test]
fn m20_requests_go_on_while_the_file_is_read() -> Result {
    let rules = |name: &str| -> String {
        let many = (0..3000).map(|number| format!("/{name}/{number}/*=w\n"));
        many.collect::<String>() + &format!("/{name}/*=w\n/both/*=w\n")
    };
    let site = Farm::alone(Subject::Rjk, |site| {
        site.start_servers(2)
            .file(MAP, rules("even"))
            .directives(format!("JkMountFile {MAP}\nJkMountFileReload 1"))
    })?;
    let stop = AtomicBool::new(false);
    let ask = || -> Result<u32> {
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            let response = client::get(site.httpd.port(), "/both/x")?;
            assert_eq!(response.status, 200);
            count += 1;
        }
        Ok(count)
    };
    thread::scope(|scope| -> Result {
        let asking: Vec<_> = (0..6).map(|_| scope.spawn(ask)).collect();
        for round in 0..4 {
            replace(&site.httpd, &rules(["odd", "even"][round % 2]))?;
            thread::sleep(Duration::from_millis(1500));
        }
        stop.store(true, Ordering::Relaxed);
        for thread in asking {
            let count = thread.join().map_err(|_| Error::msg("not 200"))??;
            assert!(count > 50, "{count} requests");
        }
        Ok(())
    })?;
    let log = site.httpd.jk_log();
    let reads = log
        .lines()
        .filter(|line| line.contains("was read again"))
        .count();
    assert!(
        (2..=8).contains(&reads),
        "each child reads each file once: {reads}\n{log}"
    );
    site.httpd.assert_clean();
    Ok(())
}
