//! The Jk log (contract §8): form of a line, levels, files, pipes, ids.

use rjk_testbed::client::{Pending, Request};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, client, ensure, ports, process, wait};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

/// What is logged at emerg of a request that leads above the root (N-05); a long line ends before its reason.
const ABOVE_ROOT: &str = "[/..;/";

const LIMIT: Duration = Duration::from_secs(10);

/// A line in the form of J-05.
#[derive(Debug)]
struct Line<'a> {
    stamp: &'a str,
    id: &'a str,
    pid: u32,
    thread: u64,
    level: &'a str,
    function: &'a str,
    file: &'a str,
    line: u32,
    message: &'a str,
}

/// Takes `<stamp>[<id>] [<pid>:<tid>] [<level>] <function>::<file> (<line>): <message>` apart.
fn parse(text: &str) -> Option<Line<'_>> {
    // The stamp may hold brackets too: the first `[number:number]` is the process.
    let (at, (pid, thread), rest) = text.match_indices("] [").find_map(|(at, _)| {
        let (process, rest) = text[at + 3..].split_once("] [")?;
        let (pid, thread) = process.split_once(':')?;
        Some((at, (pid.parse().ok()?, thread.parse().ok()?), rest))
    })?;
    let (stamp, id) = text[..at].rsplit_once('[')?;
    let (level, rest) = rest.split_once("] ")?;
    let (origin, message) = rest.split_once("): ")?;
    let (origin, line) = origin.split_once(" (")?;
    let (function, file) = origin.split_once("::")?;
    Some(Line {
        stamp,
        id,
        pid,
        thread,
        level,
        function,
        file,
        line: line.parse().ok()?,
        message,
    })
}

fn lines(text: &str) -> Result<Vec<Line<'_>>> {
    let parsed = text
        .lines()
        .map(|line| parse(line).context(line.to_owned()));
    parsed.collect()
}

/// A worker `w` that nobody serves.
fn dead_worker() -> Result<String> {
    let nobody = ports::refusing()?;
    let port = nobody.port;
    // Held until the process ends: no test of it may serve there.
    std::mem::forget(nobody);
    Ok(format!(
        "worker.list=w\nworker.w.host=127.0.0.1\nworker.w.port={port}\nworker.w.retries=1\n"
    ))
}

fn site(workers: &str) -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives("JkMount /* w")
}

/// The text with each digit as 9 and each letter as a.
fn shape(text: &str) -> String {
    let kind = |character: char| match character {
        '0'..='9' => '9',
        'a'..='z' | 'A'..='Z' => 'a',
        other => other,
    };
    text.chars().map(kind).collect()
}

#[test]
fn j05_j06_every_line_has_the_form() -> Result {
    let httpd = site(&dead_worker()?)
        .log_level("trace")
        .expect_log(ABOVE_ROOT)
        .start()?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 503);
    assert_eq!(client::get(httpd.port(), "/..;/x")?.status, 400);
    let text = httpd.jk_log();
    let lines = lines(&text)?;
    for line in &lines {
        // D-12's default: `[Sun Nov 22 10:21:51.636 2026] `.
        assert_eq!(
            shape(line.stamp),
            "[aaa aaa 99 99:99:99.999 9999] ",
            "{line:?}"
        );
        assert!(line.thread > 0 && line.line > 0, "{line:?}");
        assert!(
            line.file.ends_with(".rs") && !line.file.contains('/'),
            "{line:?}"
        );
        assert!(
            !line.function.is_empty() && !line.message.is_empty(),
            "{line:?}"
        );
        let levels = ["trace", "debug", "info", "warn", "error", "emerg"];
        assert!(levels.contains(&line.level), "{line:?}");
    }
    let start = lines.iter().find(|line| line.id == "JK_INIT");
    assert_eq!(start.map(|line| line.pid), Some(httpd.pid()));
    let failed = lines.iter().find(|line| line.level == "error");
    let failed = failed.context("no error line")?;
    assert_eq!(failed.id, "NO-ID");
    assert!(httpd.children().contains(&failed.pid));
    Ok(())
}

/// J-04, D-11: lines below the level are left out.
#[test]
fn j04_d11_levels() -> Result {
    let order = ["trace", "debug", "info", "warn", "error", "emerg"];
    for (configured, lowest) in [
        ("TRACE", 0),
        ("Info", 2),
        ("error", 4),
        ("emerg", 5),
        ("warning", 2),
    ] {
        let httpd = site(&dead_worker()?)
            .log_level(configured)
            .expect_log(ABOVE_ROOT)
            .start()?;
        assert_eq!(client::get(httpd.port(), "/x")?.status, 503);
        assert_eq!(client::get(httpd.port(), "/..;/x")?.status, 400);
        let text = httpd.jk_log();
        let levels: Vec<usize> = lines(&text)?
            .iter()
            .filter_map(|line| order.iter().position(|level| *level == line.level))
            .collect();
        assert!(
            levels.iter().all(|level| *level >= lowest),
            "{configured}: {text}"
        );
        assert!(levels.contains(&5), "J-12: {configured}: {text}");
        assert_eq!(levels.contains(&4), lowest <= 4, "{configured}: {text}");
        assert_eq!(levels.contains(&2), lowest <= 2, "{configured}: {text}");
    }
    Ok(())
}

/// J-08, J-09, D-10…D-12: each virtual host has its own file, level and stamp, or the main server's.
#[test]
fn j08_j09_files_levels_and_stamps_of_virtual_hosts() -> Result {
    let httpd = site(&dead_worker()?)
        .log_level("info")
        .directives("JkLogStampFormat \"%Y-%m-%d %H:%M:%S,%Q \"\nJkMountCopy All")
        .vhosts(
            "<VirtualHost 127.0.0.1:@PORT@>\nServerName a\nJkLogFile logs/own.log\n\
             JkLogStampFormat \"(%q %q) \"\n</VirtualHost>\n\
             <VirtualHost 127.0.0.1:@PORT@>\nServerName b\nJkLogFile logs/own.log\n\
             JkLogLevel emerg\n</VirtualHost>\n\
             <VirtualHost 127.0.0.1:@PORT@>\nServerName c\n</VirtualHost>",
        )
        .start()?;
    let send = |host: &str| client::send(httpd.port(), Request::get("/x").header("Host", host));
    for host in ["a", "b", "c"] {
        assert_eq!(send(host)?.status, 503);
    }
    let (main, own) = (
        httpd.jk_log(),
        fs::read_to_string(httpd.path("logs/own.log"))?,
    );
    let errors = |text: &str| -> Result<Vec<String>> {
        let lines = lines(text)?.into_iter();
        Ok(lines
            .filter(|line| line.level == "error")
            .map(|line| shape(line.stamp))
            .collect())
    };
    // Host a only: b is at emerg, c writes to the main server's.
    assert_eq!(errors(&own)?, ["(999999 %a) "], "{own}");
    assert_eq!(errors(&main)?, ["9999-99-99 99:99:99,999 "], "{main}");
    let child = httpd.children()[0];
    let open = fs::read_dir(format!("/proc/{child}/fd"))?
        .flatten()
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .filter(|target| target.ends_with("logs/own.log"));
    assert_eq!(open.count(), 1, "J-01: one descriptor for the same file");
    Ok(())
}

/// J-01: the program's path may hold spaces, kept together as httpd has it.
#[test]
fn j01_the_program_of_a_piped_log_in_quotes() -> Result {
    let dir = Dir::new("log")?;
    fs::create_dir(dir.join("log tools"))?;
    symlink("/usr/bin/tee", dir.join("log tools/rotate"))?;
    symlink("/usr/bin/tee", dir.join("rotate"))?;
    let path = dir.path().display();
    let (quoted, escaped) = (
        format!("\\\"{path}/log tools/rotate\\\""),
        format!("{path}/log\\ tools/rotate"),
    );
    let single = format!("'{path}/log tools/rotate'");
    for program in [
        &quoted,
        &single,
        &escaped,
        &format!("|{quoted}"),
        &format!("${path}/rotate"),
    ] {
        let target = format!("|{program} -a @ROOT@/logs/piped.log");
        let site = site(&dead_worker()?).directives(format!("JkLogFile \"{target}\""));
        assert!(site.configtest()?.0, "{target}");
        let httpd = site.start().with_context(|| target.clone())?;
        let piped = || fs::read_to_string(httpd.path("logs/piped.log")).unwrap_or_default();
        wait::until("a line", LIMIT, || piped().contains("is ready")).context(target)?;
        let (program, missing) = (program.replace("rotate", "none"), !program.starts_with('$'));
        let broken = format!("JkLogFile \"|{program}\"");
        let (_, output) = self::site(&dead_worker()?)
            .directives(broken)
            .configtest()?;
        assert_eq!(output.contains("there is no program"), missing, "{output}");
    }
    Ok(())
}

/// The name of a process.
fn name_of(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// J-01: a piped log, its program restarted by httpd when it dies, and by a graceful restart.
#[test]
fn j01_piped_logs() -> Result {
    let httpd = site(&dead_worker()?)
        .directives("JkMountCopy All\nJkLogFile \"|/usr/bin/tee -a @ROOT@/logs/piped.log\"")
        .vhosts("<VirtualHost 127.0.0.1:@PORT@>\nServerName a\n</VirtualHost>")
        .start()?;
    let piped = || fs::read_to_string(httpd.path("logs/piped.log")).unwrap_or_default();
    let programs = || -> Vec<u32> {
        let all = process::children(httpd.pid()).into_iter();
        all.filter(|pid| name_of(*pid) == "tee").collect()
    };
    let failures = || {
        piped()
            .lines()
            .filter(|line| line.contains("[error]"))
            .count()
    };
    let fails = |count: usize| -> Result {
        assert_eq!(client::get(httpd.port(), "/x")?.status, 503);
        wait::until("the piped line", LIMIT, || failures() == count)
            .with_context(|| format!("{count} of: {}", piped()))
    };
    fails(1)?;
    assert_eq!(programs().len(), 1, "one for all servers");
    let first = programs()[0];
    process::signal(first, Signal::KILL)?;
    wait::until("a new program", LIMIT, || {
        programs().first().is_some_and(|pid| *pid != first)
    })?;
    fails(2)?;
    httpd.graceful()?;
    fails(3)?;
    wait::until("one program is left", LIMIT, || programs().len() == 1)?;
    lines(&piped())?;
    Ok(())
}

/// J-02: a child's end is written down where all else is, although httpd's own end of the pipe may be
/// closed by then.
#[test]
fn j02_lines_of_a_clean_up_go_through_the_pipe() -> Result {
    let peer = Peer::start(Behaviour::Stalls)?;
    let httpd = site(&peer.only_worker("w"))
        .directives("JkLogFile \"|/usr/bin/tee -a @ROOT@/logs/piped.log\"")
        .start()?;
    let held = Pending::start(httpd.port(), Request::get("/x"));
    peer.wait_requests(1)?;
    let is_program = |pid: &u32| name_of(*pid) == "tee";
    let child = httpd.children().into_iter().find(|pid| !is_program(pid));
    httpd.kill_child(child.context("no child")?)?;
    let piped = || fs::read_to_string(httpd.path("logs/piped.log")).unwrap_or_default();
    wait::until("the line", LIMIT, || piped().contains("] [CLEANUP] ["))?;
    let text = piped();
    let line = text.lines().find(|line| line.contains("[CLEANUP]"));
    let line = parse(line.unwrap_or_default()).context("no line")?;
    assert_eq!((line.pid, line.level), (httpd.pid(), "warn"));
    assert!(line.message.contains("1 requests in flight"), "{line:?}");
    assert!(held.response().is_err());
    Ok(())
}

/// J-06, D-18, E-09: the id of mod_unique_id, or of the variable that the server names.
#[test]
fn j06_d18_request_ids() -> Result {
    let httpd = site(&dead_worker()?)
        .log_level("info")
        .module("unique_id")
        .module("setenvif")
        .access_log("%{UNIQUE_ID}e")
        .directives("SetEnvIf X-Id (.+) OWN_ID=$1\nJkRequestIdIndicator OWN_ID")
        .expect_log(ABOVE_ROOT)
        .start()?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 503);
    let unique = httpd.access_lines(1)?[0].clone();
    let own = Request::get("/x").header("X-Id", "4711");
    assert_eq!(client::send(httpd.port(), own)?.status, 503);
    // Refused while it is mapped (F-01): the id is known there too.
    let own = Request::get("/..;/x").header("X-Id", "4712");
    assert_eq!(client::send(httpd.port(), own)?.status, 400);
    ensure!(unique.len() > 10, "no id: {unique}");
    let text = httpd.jk_log();
    let ids: Vec<&str> = lines(&text)?
        .iter()
        .filter(|line| ["error", "emerg"].contains(&line.level))
        .map(|line| line.id)
        .collect();
    assert_eq!(ids, [unique.as_str(), "4711", "4712"], "{text}");
    Ok(())
}

/// J-03, J-07: a long line is cut, and data with a line end stays on its line.
#[test]
fn j03_j07_lines_are_whole_and_bounded() -> Result {
    let httpd = site(&dead_worker()?)
        .log_level("info")
        .expect_log(ABOVE_ROOT)
        .start()?;
    let long = format!("/..;/{}", "x".repeat(3000));
    assert_eq!(client::get(httpd.port(), &long)?.status, 400);
    let forged = "/..;/%0a[Sun]%20[NO-ID]%20[1:2]%20[emerg]%20forged%0d%1b[31m";
    assert_eq!(client::get(httpd.port(), forged)?.status, 400);
    let text = httpd.jk_log();
    let refused: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("[emerg]"))
        .collect();
    assert_eq!(refused.len(), 2, "{text}");
    assert_eq!(refused[0].len(), 1021);
    assert!(refused[0].ends_with("xxx..."), "{}", refused[0]);
    assert!(refused[1].contains("\\n[Sun] [NO-ID]"), "{}", refused[1]);
    lines(&text)?;
    assert!(!text.contains('\r') && !text.contains('\x1b'));
    Ok(())
}

/// mod_jk cuts at the same length.
#[test]
fn j07_mod_jk_cuts_too() -> Result {
    let httpd = Httpd::builder(Subject::ModJk)
        .workers(dead_worker()?)
        .directives("JkMount /* w")
        .start()?;
    let long = format!("/{}", "x".repeat(3000));
    assert_eq!(client::get(httpd.port(), &long)?.status, 503);
    let text = httpd.jk_log();
    let longest = text.lines().map(str::len).max();
    assert_eq!(longest, Some(1021), "{text}");
    Ok(())
}

/// §4.10: a request that fails because of its worker has one error line, which names the worker,
/// the phase and what to do.
#[test]
fn one_line_for_each_failure() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let alone = format!("{}worker.w.reply_timeout=300\n", peer.only_worker("w"));
    let httpd = site(&alone).log_level("info").start()?;
    for (behaviour, status, phase) in [
        (
            Behaviour::ClosesBeforeAnswer,
            502,
            "waiting for the response",
        ),
        (Behaviour::Stalls, 504, "waiting for the response"),
        (Behaviour::WrongMagic, 502, "waiting for the response"),
        (Behaviour::UnknownPacket, 500, "waiting for the response"),
        (Behaviour::HalfHeader, 502, "waiting for the response"),
    ] {
        peer.set(behaviour);
        peer.close_connections();
        let before = httpd.jk_log().len();
        let answer = client::get(httpd.port(), "/x")?;
        assert_eq!(answer.status, status, "{behaviour:?}");
        let text = httpd.jk_log().split_off(before);
        assert_one_error(&text, "worker w ", phase)?;
    }
    let httpd = site(&dead_worker()?).log_level("info").start()?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 503);
    let log = httpd.jk_log();
    assert_one_error(&log, "worker w ", "connecting")
}

fn assert_one_error(text: &str, worker: &str, phase: &str) -> Result {
    let lines = lines(text)?;
    let errors: Vec<&Line<'_>> = lines.iter().filter(|line| line.level == "error").collect();
    assert_eq!(errors.len(), 1, "{phase}: {text}");
    let message = errors[0].message;
    assert!(
        message.contains(worker) && message.contains(phase),
        "{message}"
    );
    let remedy = message.rsplit_once("; ").map(|(_, remedy)| remedy);
    assert!(remedy.is_some_and(|remedy| remedy.len() > 10), "{message}");
    Ok(())
}

/// a host that does not resolve stops only its worker, and the log says so at the start.
#[test]
fn a01_a_host_that_does_not_resolve() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers(format!(
                "worker.list=gone,w\nworker.gone.host=no-such-host.invalid\nworker.gone.retries=1\n{}",
                peer.worker("w")
            ))
            .directives("JkMount /gone gone\nJkMount /w w")
            .log_level("info")
            .start()?;
        assert_eq!(
            client::get(httpd.port(), "/gone")?.status,
            503,
            "{subject:?}"
        );
        assert_eq!(client::get(httpd.port(), "/w")?.status, 200, "{subject:?}");
        let log = httpd.jk_log();
        let named = log.lines().filter(|line| {
            line.contains("[error]")
                && line.contains("gone")
                && line.contains("no-such-host.invalid")
        });
        assert!(subject == Subject::ModJk || named.count() == 1, "{log}");
    }
    Ok(())
}
