//! Configurations that must not start: `-t` and a start refuse them and say where and what to do.

use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, Subject};

/// What mod_jk does with the same configuration.
#[derive(Clone, Copy, PartialEq)]
enum ModJk {
    /// Refuses it too, when directives are read: `-t` finds it.
    Refuses,
    /// Refuses to start; `-t` says "Syntax OK" (G-16).
    RefusesAtStart,
}

use ModJk::{Refuses, RefusesAtStart};

/// Where a configuration is broken.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In this line of workers.properties.
    Workers(u32),
    /// In the main server.
    Main,
    /// In the main server, which has no workers file.
    Alone,
    /// In a virtual host.
    Vhost,
}

use Place::{Alone, Main, Vhost, Workers};

/// Contract row, place, text (`@LONG@` stands for 64 bytes), what `-t` and a start say, mod_jk.
type Broken = (
    &'static str,
    Place,
    &'static str,
    &'static [&'static str],
    ModJk,
);

const LONG: &str = "a123456789-123456789-123456789-123456789-123456789-123456789-123";

/// What httpd puts in front of the message of a directive.
const SYNTAX: &str = "Syntax error on line ";

#[rustfmt::skip]
const NAMES: &[Broken] = &[
    ("P-04", Workers(2), "worker.list=w\nworker.w.hots=localhost",
        &["worker.w.hots", "\"host\""], RefusesAtStart),
    ("P-04", Workers(4), "worker.list=w\n\n# comment\nworker.w.colour=red",
        &["worker.w.colour", "unknown attribute", "remove the line"], RefusesAtStart),
    ("W-03", Workers(2), "worker.list=w\nworker.w.type=AJP13",
        &["worker.w.type", "AJP13", "type=ajp13"], RefusesAtStart),
    ("A-40 A-42", Workers(2), "worker.list=w\nworker.w.type=ajp14",
        &["ajp14", "not supported", "type=ajp13"], RefusesAtStart),
    ("P-14", Workers(2), "worker.list=w\nworker.w.reference=worker.none",
        &["worker.none", "has no property"], RefusesAtStart),
    ("P-14", Workers(3), "worker.list=w\nworker.w.reference=worker.x\nworker.x.reference=worker.w",
        &["worker.x.reference", "loop"], RefusesAtStart),
];

#[rustfmt::skip]
const VALUES: &[Broken] = &[
    ("P-13", Workers(2), "worker.list=w\nworker.w.host=@LONG@",
        &["host has 64 bytes", "at most 63"], RefusesAtStart),
    ("P-13", Workers(1), "worker.list=@LONG@",
        &["a worker name has 64 bytes", "at most 63"], RefusesAtStart),
    ("P-13 A-29", Workers(4),
        "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=m\nworker.m.route=@LONG@",
        &["route has 64 bytes"], RefusesAtStart),
    ("A-29", Workers(5),
        "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=a,b\nworker.a.route=r\nworker.b.route=r",
        &["b has the route r of a"], RefusesAtStart),
    ("A-29 L-01", Workers(3), "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=a,a",
        &["names a twice", "remove one"], RefusesAtStart),
    ("L-01", Workers(2), "worker.list=l\nworker.l.type=lb",
        &["the balancer l has no members", "worker.l.balance_workers="], RefusesAtStart),
    ("L-01", Workers(3),
        "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=l",
        &["names the balancer itself", "remove l"], RefusesAtStart),
    ("W-01", Workers(1), "worker.list=, ,", &["worker.list names no worker"], RefusesAtStart),
    ("W-05", Workers(2), "worker.list=w\nworker.w.mount=x/*",
        &["worker.w.mount", "does not start with \"/\"", "write /x/*"], RefusesAtStart),
];

#[rustfmt::skip]
const DIRECTIVES: &[Broken] = &[
    ("D-01", Main, "JkWorkersFile conf/workers.properties",
        &[SYNTAX, "JkWorkersFile", "only allowed once"], Refuses),
    ("D-01", Alone, "JkWorkersFile conf/none.properties",
        &[SYNTAX, "conf/none.properties does not exist"], Refuses),
    ("D-01", Alone, "JkWorkersFile logs/folder",
        &[SYNTAX, "logs/folder", "is no file"], Refuses),
    ("D-02", Main, "JkWorkerProperty worker.w.secrte=x",
        &["conf/httpd.conf:", "worker.w.secrte", "\"secret\""], Refuses),
    ("D-03", Main, "JkMountFile conf/none.map",
        &[SYNTAX, "JkMountFile", "conf/none.map"], Refuses),
    ("D-05", Main, "JkMount x w", &[SYNTAX, "JkMount", "write '/x'"], Refuses),
    ("D-05", Main, "JkMount /x", &[SYNTAX, "JkMount", "'/x'"], Refuses),
    ("D-05", Main, "<Location /x>\nJkMount /x w\n</Location>",
        &[SYNTAX, "JkMount", "write the worker alone"], Refuses),
    ("D-06", Main, "JkUnMount x w", &[SYNTAX, "JkUnMount", "write '/x'"], Refuses),
    ("D-07", Main, "JkMountCopy maybe",
        &[SYNTAX, "JkMountCopy", "'maybe'", "On, Off and All"], Refuses),
    ("D-07", Vhost, "JkMountCopy All", &[SYNTAX, "JkMountCopy", "write On"], Refuses),
    ("D-09", Main, "JkStripSession maybe", &[SYNTAX, "JkStripSession", "'maybe'"], Refuses),
    ("D-28", Main, "JkExtractSSL maybe", &[SYNTAX, "JkExtractSSL", "On"], Refuses),
    ("D-36", Main, "JkOptions +FlushPacket",
        &[SYNTAX, "JkOptions", "'FlushPacket'", "'FlushPackets'"], Refuses),
    ("D-36", Main, "JkOptions -ForwardURIProxy",
        &[SYNTAX, "JkOptions", "'-ForwardURIProxy'"], Refuses),
    ("httpd", Main, "JkMountt /x w", &[SYNTAX, "JkMountt"], Refuses),
];

const IN_VHOST: &str = "cannot occur within <VirtualHost>";

/// Context G of §1.1.
#[rustfmt::skip]
const GLOBAL: &[Broken] = &[
    ("D-01", Vhost, "JkWorkersFile conf/workers.properties", &[SYNTAX, "JkWorkersFile", IN_VHOST], Refuses),
    ("D-02", Vhost, "JkWorkerProperty worker.w.port=1", &[SYNTAX, "JkWorkerProperty", IN_VHOST], Refuses),
    ("D-14", Vhost, "JkShmFile run/x", &[SYNTAX, "JkShmFile", IN_VHOST], Refuses),
    ("D-15", Vhost, "JkShmSize 100", &[SYNTAX, "JkShmSize", IN_VHOST], Refuses),
    ("D-16", Vhost, "JkWatchdogInterval 1", &[SYNTAX, "JkWatchdogInterval", IN_VHOST], Refuses),
];

/// What post_config would find out is found before anything is opened, and the line is named. What
/// can still come before the start is a warning of `-t`, see stop.rs.
#[rustfmt::skip]
const FILES: &[Broken] = &[
    ("J-01", Main, "JkLogFile logs/folder",
        &["conf/httpd.conf:", "JkLogFile", "logs/folder is a folder"], RefusesAtStart),
    ("J-01 J-09", Vhost, "JkLogFile logs/folder",
        &["conf/httpd.conf:", "JkLogFile", "logs/folder is a folder"], RefusesAtStart),
];

fn site(subject: Subject, place: Place, text: &str) -> Builder {
    let text = text.replace("@LONG@", LONG);
    let site = Httpd::builder(subject)
        .file("logs/folder/file", "")
        .log_level("info");
    let workers = "worker.list=w\nworker.w.host=127.0.0.1\n";
    match place {
        Workers(_) => site.workers(text),
        Main => site.workers(workers).directives(text),
        Alone => site.directives(text),
        Vhost => site.workers(workers).vhosts(format!(
            "<VirtualHost 127.0.0.1:@PORT@>\n{text}\n</VirtualHost>"
        )),
    }
}

fn check(table: &[Broken]) -> Result {
    for (row, place, text, says, mod_jk) in table {
        let row = format!("{row} {text}");
        let ours = site(Subject::Rjk, *place, text);
        let (accepted, output) = ours.configtest()?;
        assert!(!accepted, "{row}: -t accepted it: {output}");
        let failed = ours.start_expect_failure()?.text();
        let line = match place {
            Workers(line) => format!("conf/workers.properties:{line}: "),
            _ => String::new(),
        };
        for said in says.iter().copied().chain([line.as_str()]) {
            assert!(output.contains(said), "{row}: -t lacks {said:?}: {output}");
            assert!(failed.contains(said), "{row}: no {said:?}: {failed}");
        }
        check_mod_jk(&row, &site(Subject::ModJk, *place, text), *mod_jk)?;
    }
    Ok(())
}

fn check_mod_jk(row: &str, site: &Builder, expected: ModJk) -> Result {
    match expected {
        Refuses => assert!(!site.configtest()?.0, "{row}: mod_jk accepts it"),
        RefusesAtStart => {
            assert!(site.configtest()?.0, "{row}: mod_jk finds it with -t");
            site.start_expect_failure()?;
        }
    }
    Ok(())
}

#[test]
fn p04_p14_w03_a42_unknown_names() -> Result {
    check(NAMES)
}

#[test]
fn p13_a02_a29_l01_w05_values() -> Result {
    check(VALUES)
}

#[test]
fn d01_to_d36_bad_arguments() -> Result {
    check(DIRECTIVES)
}

#[test]
fn global_directives_in_a_virtual_host() -> Result {
    check(GLOBAL)
}

#[test]
fn g16_j01_h13_files_that_cannot_be_made() -> Result {
    check(FILES)
}
