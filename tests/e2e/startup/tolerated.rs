//! Values that mod_jk tolerates: httpd starts, and one warning says what is made of each.

use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, Subject};
use std::path::Path;
use std::process::Command;

/// Contract row, a line of workers.properties, and what its one warning names.
const WORKERS: &[(&str, &str, &str)] = &[
    ("P-03", "worker.w1.source=", "worker.w1.source has no name"),
    ("P-03", "no equals sign", "a line without \"=\" is ignored"),
    (
        "P-06",
        "worker.w1.domain=$(nowhere)",
        "$(nowhere) is not defined",
    ),
    (
        "P-07",
        "worker.w1.port=8019",
        "worker.w1.port is set again and replaces",
    ),
    ("P-10", "worker.w1.retries=many", "retries is \"many\""),
    (
        "P-10",
        "worker.w1.busy_limit=10 requests",
        "busy_limit is \"10 requests\" and is read as 10",
    ),
    (
        "P-11",
        "worker.w1.socket_keepalive=maybe",
        "socket_keepalive is \"maybe\"",
    ),
    (
        "P-15 A-33",
        "worker.w1.cachesize=5",
        "worker.w1.cachesize is deprecated",
    ),
    (
        "P-15 A-33",
        "worker.w1.recycle_timeout=5",
        "worker.w1.recycle_timeout is deprecated",
    ),
    (
        "P-15 A-33",
        "worker.w1.sysprops=x",
        "worker.w1.sysprops is deprecated",
    ),
    ("W-02", "worker.maintain=-5", "maintain is -5 and means 0"),
    ("A-01", "worker.w2.host=127.0.0.1:8009", "port=8009"),
    (
        "A-08",
        "worker.w2.socket_buffer=100",
        "socket_buffer is 100",
    ),
    ("A-09", "worker.w2.ping_mode=Z", "ping_mode has the unknown"),
    (
        "A-18",
        "worker.w2.reply_timeout=-1",
        "reply_timeout is -1 and means 0",
    ),
    ("A-19", "worker.w2.retries=0", "retries is 0"),
    (
        "A-21",
        "worker.w2.recovery_options=64",
        "recovery_options has bits above 16",
    ),
    (
        "A-22",
        "worker.w2.fail_on_status=5000",
        "fail_on_status has",
    ),
    (
        "A-24",
        "worker.w2.max_packet_size=70000",
        "max_packet_size is 70000; 65536",
    ),
    ("A-27", "worker.m1.lbfactor=0", "lbfactor is 0"),
    ("A-31", "worker.m1.redirect=m3", "redirect is \"m3\""),
    (
        "A-32",
        "worker.m1.activation=resting",
        "activation is \"resting\"",
    ),
    (
        "L-04",
        "worker.l.method=Leastconn",
        "method is \"Leastconn\"; Request is used",
    ),
    (
        "L-05",
        "worker.l.lock=mutex",
        "lock is \"mutex\"; Optimistic is used",
    ),
    ("L-09", "worker.l.recover_time=0", "recover_time is 0"),
    ("S-05", "worker.s.good=a.x,a.o", "good has \"a.x\""),
    ("S-06", "worker.s.bad=a", "good and bad cover the same"),
];

/// The same for directives of the main server.
const DIRECTIVES: &[(&str, &str, &str)] = &[
    (
        "D-04",
        "JkMountFileReload 5s",
        "JkMountFileReload is '5s' and means 5",
    ),
    ("D-05", "JkMount /twice w1", "'/twice' was mounted to 'w2'"),
    ("D-08", "JkAutoAlias htdocs", "JkAutoAlias: 'htdocs'"),
    ("D-11", "JkLogLevel warning", "'warning' is no level"),
    ("D-13", "JkRequestLogFormat %>s", "'%>' is no conversion"),
    ("D-15", "JkShmSize big", "JkShmSize is obsolete"),
    (
        "D-16",
        "JkWatchdogInterval -3",
        "JkWatchdogInterval is '-3' and means 0",
    ),
    ("O-14", "JkOptions +CollapseSlashesAll", "CollapseSlashes"),
    ("G-09", "JkMount /nobody nobody", "nobody"),
    ("X-11", "JkMount /ext w1;colour=red", "colour"),
    ("X-04", "JkMount /act l;stopped=m9", "m9"),
    ("M-04", "JkMountFile conf/a.map", "*.jsp"),
];

fn site(subject: Subject) -> Builder {
    let mut workers = "worker.list=w1,w2,l,s,w1\nworker.w1.port=8009\nworker.w2.port=8009\n\
                       worker.l.type=lb\nworker.l.balance_workers=m1,m2\nworker.m1.port=8009\n\
                       worker.m2.port=8009\nworker.s.type=status\n"
        .to_owned();
    for (_, line, _) in WORKERS {
        workers += &format!("{line}\n");
    }
    let mut directives = "JkMount /twice w2\n".to_owned();
    for (_, line, _) in DIRECTIVES {
        directives += &format!("{line}\n");
    }
    // Virtual hosts inherit all of it; nothing is said twice.
    Httpd::builder(subject)
        .workers(workers)
        .file("conf/a.map", "/from-file=w1\n*.jsp=w1\n")
        .directives(directives)
        .vhosts(
            "<VirtualHost 127.0.0.1:@PORT@>\nServerName a\nJkMountCopy On\n</VirtualHost>\n\
             <VirtualHost 127.0.0.1:@PORT@>\nServerName b\nJkMountCopy On\nJkMount /own w1\n\
             </VirtualHost>",
        )
        .log_level("info")
}

/// The lines that are warnings, and that they are exactly the expected ones.
fn assert_one_each(text: &str, is_warning: fn(&str) -> bool, more: &[&str], from: &str) {
    let warnings: Vec<&str> = text.lines().filter(|line| is_warning(line)).collect();
    let tables = WORKERS.iter().chain(DIRECTIVES);
    let wanted = tables
        .map(|(row, _, text)| (*row, *text))
        .chain(more.iter().map(|text| ("W-01 D-04", *text)));
    let mut count = 0;
    for (row, text) in wanted {
        let found = warnings.iter().filter(|line| line.contains(text)).count();
        assert_eq!(found, 1, "{from}: {row} {text:?} in {warnings:#?}");
        count += 1;
    }
    assert_eq!(warnings.len(), count, "{from}: {warnings:#?}");
}

fn in_error_log(line: &str) -> bool {
    line.contains(":warn]") && line.contains("mod_rjk: ")
}

fn in_jk_log(line: &str) -> bool {
    line.contains("[warn] ")
}

/// P-03…P-15, A, L, S, D, X, M rows: one warning each with `-t` on stderr, at start in the error
/// log and in the Jk log.
#[test]
fn each_tolerated_value_gives_one_warning() -> Result {
    let more = ["worker.list names w1 twice"];
    let (accepted, output) = site(Subject::Rjk).configtest()?;
    assert!(accepted, "{output}");
    assert_one_each(&output, in_error_log, &more, "-t");
    let mut httpd = site(Subject::Rjk).start()?;
    assert_one_each(&httpd.error_log(), in_error_log, &more, "error log");
    assert_one_each(&httpd.jk_log(), in_jk_log, &more, "Jk log");
    httpd.assert_clean();
    httpd.stop()
}

/// The same configuration starts with mod_jk: what we tolerate is what it tolerates.
#[test]
fn mod_jk_tolerates_the_same() -> Result {
    let mut httpd = site(Subject::ModJk).start()?;
    httpd.assert_clean();
    httpd.stop()
}

/// D-10, D-14, H-14, J-11: both have defaults, in the folder for logs that this httpd was built
/// with, and a warning tells them. That folder is outside of the test, so nothing is started.
#[test]
fn d10_d14_h14_missing_files_have_defaults() -> Result {
    let site = Httpd::builder(Subject::Rjk).without_jk_defaults();
    let folder = Command::new("apxs").args(["-q", "logfiledir"]).output()?;
    let folder = String::from_utf8(folder.stdout)?.trim().to_owned();
    let (accepted, output) = site.configtest()?;
    assert!(accepted, "{output}");
    if !Path::new(&folder).is_dir() {
        let message = format!("JkLogFile {folder}/mod_jk.log cannot be made: the folder {folder}");
        assert!(output.contains(&message), "{output}");
    }
    // The log is set, the shared memory is not, and the other way round.
    for (set, name, file) in [
        ("JkLogFile logs/x.log", "JkShmFile", "jk-runtime-status"),
        ("JkShmFile run/x.shm", "JkLogFile", "mod_jk.log"),
    ] {
        let (accepted, output) = site.clone().directives(set).configtest()?;
        let path = format!("{folder}/{file}");
        let warning = format!("no {name} is set, {path} is used");
        assert!(accepted && output.contains(&warning), "{set}: {output}");
        assert!(output.contains(&path), "{set}: {output}");
    }
    Ok(())
}

/// D-01, W-01: without any worker httpd starts, with ajp13 on localhost:8009.
#[test]
fn d01_w01_no_worker_is_needed() -> Result {
    for subject in Subject::BOTH {
        let mut httpd = Httpd::builder(subject).start()?;
        httpd.assert_clean();
        httpd.stop()?;
    }
    Ok(())
}
