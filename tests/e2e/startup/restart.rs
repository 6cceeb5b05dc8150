//! `-t` makes nothing; a graceful restart with a broken file changes nothing; with a repaired one
//! it takes over (design §4, G-16, H-10, H-11, P-17).

use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, client, ensure, process, wait};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(10);

/// All files below `folder`.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

/// A site whose directives are in a file of their own, so that a test can change them.
fn site(peer: &Peer) -> rjk_testbed::httpd::Builder {
    Httpd::builder(Subject::Rjk)
        .workers(peer.only_worker("w"))
        .file("conf/extra.conf", "JkMount /a/* w\n")
        .directives("Include conf/extra.conf")
}

#[test]
fn configtest_makes_nothing() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer).start()?;
    assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200);
    httpd.write(
        "conf/extra.conf",
        "JkMount /a/* w\nJkShmFile run/other\nJkLogFile logs/other.log\nJkWatchdogInterval 1\n\
         <VirtualHost 127.0.0.1:@PORT@>\nJkLogFile \"|/bin/touch @ROOT@/run/started\"\n</VirtualHost>\n",
    )?;
    let before = files(httpd.root());
    let log = httpd.jk_log();
    let (accepted, output) = httpd.configtest()?;
    assert!(accepted && output.trim() == "Syntax OK", "{output}");
    assert_eq!(files(httpd.root()), before);
    assert_eq!(httpd.jk_log(), log, "-t wrote to the log that is in use");
    httpd.assert_clean();
    Ok(())
}

#[test]
fn a_broken_file_leaves_the_running_site_alone() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let mut httpd = site(&peer).start()?;
    assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200);
    let (children, before) = (httpd.children(), files(httpd.root()));
    let broken = [
        (
            "conf/workers.properties",
            "worker.list=w\nworker.w.prot=1\n",
            "\"port\"",
        ),
        (
            "conf/workers.properties",
            "worker.list=l\nworker.l.type=lb\n",
            "no members",
        ),
        ("conf/extra.conf", "JkMount a w\n", "JkMount"),
        ("conf/extra.conf", "JkLogFile logs\n", "JkLogFile"),
    ];
    for (file, text, said) in broken {
        let good = fs::read_to_string(httpd.path(file))?;
        httpd.write(file, text)?;
        let (accepted, output) = httpd.configtest()?;
        assert!(!accepted && output.contains(said), "{text}: {output}");
        let (accepted, output) = httpd.try_graceful()?;
        assert!(!accepted && output.contains(said), "{text}: {output}");
        assert!(httpd.is_running());
        assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200, "{text}");
        assert_eq!(httpd.children(), children, "{text}");
        httpd.write(file, good)?;
    }
    assert_eq!(files(httpd.root()), before);
    httpd.assert_clean();
    Ok(())
}

/// P-17, H-10: what was changed counts from the restart on; mod_jk does the same.
#[test]
fn p17_a_repaired_file_is_taken_over() -> Result {
    let (old, new) = (
        Peer::named("old", Behaviour::Echo)?,
        Peer::named("new", Behaviour::Echo)?,
    );
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers(old.only_worker("w"))
            .directives("JkMount /a/* w")
            .start()?;
        let answered = |name: &str| -> Result<bool> {
            let answer = client::get(httpd.port(), "/a/x")?;
            Ok(answer.field("peer").as_deref() == Some(name))
        };
        assert!(answered("old")?);
        httpd.write("conf/workers.properties", new.only_worker("w"))?;
        assert!(answered("old")?, "{subject:?}: not before the restart");
        httpd.graceful()?;
        assert!(answered("new")?, "{subject:?}: after the restart");
        httpd.assert_clean();
    }
    Ok(())
}

fn shm_files(httpd: &Httpd) -> Vec<PathBuf> {
    let in_run = files(&httpd.path("run")).into_iter();
    in_run
        .filter(|path| path.to_string_lossy().contains("jk.shm"))
        .collect()
}

/// H-01, H-02, H-10, H-11, CV-11: one file, named by the parent, for its owner only, gone at the end.
#[test]
fn h01_h02_h10_h11_the_shared_memory_file() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let mut httpd = site(&peer).start()?;
    let path = httpd.path(&format!("run/jk.shm.{}", httpd.pid()));
    for _ in 0..2 {
        assert_eq!(shm_files(&httpd), std::slice::from_ref(&path));
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o7777, 0o600);
        httpd.graceful()?;
    }
    assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200);
    httpd.assert_clean();
    httpd.stop()?;
    assert_eq!(shm_files(&httpd), Vec::<PathBuf>::new());
    Ok(())
}

fn thread_names(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let names = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        Some(name.trim().to_owned())
    });
    names.collect()
}

/// D-16, design §4: one maintenance thread per child, none in the parent.
#[test]
fn d16_the_watchdog_is_a_thread_of_each_child() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for (interval, threads) in [("1", 1), ("0", 0)] {
        let httpd = site(&peer)
            .start_servers(2)
            .directives(format!("JkWatchdogInterval {interval}"))
            .start()?;
        assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200);
        let in_children = || -> Vec<usize> {
            let names = httpd.children().into_iter().map(thread_names);
            names
                .map(|names| names.iter().filter(|name| *name == "rjk-watchdog").count())
                .collect()
        };
        wait::until("the children are up", LIMIT, || {
            in_children() == [threads, threads]
        })?;
        assert_eq!(process::threads(httpd.pid())?, 1);
        httpd.assert_clean();
    }
    Ok(())
}

/// How long the child lives on after a graceful restart was asked for; it has nothing to do.
fn time_to_end(httpd: &Httpd) -> Result<Duration> {
    assert_eq!(client::get(httpd.port(), "/a/x")?.status, 200);
    let child = httpd.only_child()?;
    let asked = Instant::now();
    process::signal(httpd.pid(), Signal::USR1)?;
    while process::is_alive(child) {
        ensure!(asked.elapsed() < LIMIT, "{child} goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(asked.elapsed())
}

/// Between the old children and the first new one nobody takes connections, and httpd starts that one
/// when an old one has ended, or a second later.
#[test]
fn a_thread_of_ours_does_not_hold_up_the_end_of_a_child() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let median = |interval: &str| -> Result<Duration> {
        let httpd = site(&peer)
            .directives(format!("JkWatchdogInterval {interval}"))
            .start()?;
        let times: Result<Vec<_>> = (0..9).map(|_| time_to_end(&httpd)).collect();
        let mut times = times?;
        times.sort_unstable();
        httpd.assert_clean();
        Ok(times[4])
    };
    let (without, with) = (median("0")?, median("60")?);
    assert!(
        with < without + Duration::from_millis(25),
        "{with:?}, and {without:?} without the thread"
    );
    Ok(())
}
