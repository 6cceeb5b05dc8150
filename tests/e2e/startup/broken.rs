//! Configurations that must not start: `-t` and a start refuse them and say where and what to do.

use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, Subject};

const WORKERS: &str = "conf/workers.properties";

/// What mod_jk does with the same configuration.
#[derive(Clone, Copy, PartialEq)]
enum ModJk {
    /// Refuses it too, when directives are read: `-t` finds it.
    Refuses,
    /// Refuses to start; `-t` says "Syntax OK" (G-16).
    RefusesAtStart,
    /// Starts: a deviation.
    Starts,
    /// Not asked.
    Unknown,
}

use ModJk::{Refuses, RefusesAtStart, Starts, Unknown};

struct Broken {
    row: &'static str,
    workers: String,
    directives: String,
    vhosts: String,
    /// All of them are in what `-t` and a start say.
    says: Vec<String>,
    mod_jk: ModJk,
}

impl Broken {
    fn site(&self, subject: Subject) -> Builder {
        let site = Httpd::builder(subject)
            .directives(&self.directives)
            .vhosts(&self.vhosts)
            .file("conf/a.map", "/x=w\n")
            .file("logs/folder/file", "")
            .log_level("info");
        if self.workers.is_empty() {
            return site;
        }
        site.workers(self.workers.as_str())
    }
}

/// A workers.properties that is refused because of its line `line`.
fn workers(row: &'static str, text: &str, line: u32, says: &[&str], mod_jk: ModJk) -> Broken {
    let place = format!("{WORKERS}:{line}: ");
    Broken {
        row,
        workers: text.to_owned(),
        directives: String::new(),
        vhosts: String::new(),
        says: says
            .iter()
            .map(|text| (*text).to_owned())
            .chain([place])
            .collect(),
        mod_jk,
    }
}

/// A directive of the main server that is refused.
fn directive(row: &'static str, text: &str, says: &[&str], mod_jk: ModJk) -> Broken {
    Broken {
        row,
        workers: "worker.list=w\nworker.w.host=127.0.0.1\n".to_owned(),
        directives: text.to_owned(),
        vhosts: String::new(),
        says: says.iter().map(|text| (*text).to_owned()).collect(),
        mod_jk,
    }
}

/// A directive of a virtual host that is refused.
fn in_vhost(row: &'static str, text: &str, says: &[&str]) -> Broken {
    Broken {
        vhosts: format!("<VirtualHost 127.0.0.1:@PORT@>\n{text}\n</VirtualHost>"),
        ..directive(row, "", says, Refuses)
    }
}

fn check(broken: &Broken) -> Result {
    let row = broken.row;
    let site = broken.site(Subject::Rjk);
    let (accepted, output) = site.configtest()?;
    assert!(!accepted, "{row}: -t accepted it: {output}");
    let failed = site.start_expect_failure()?;
    for text in &broken.says {
        assert!(output.contains(text), "{row}: -t lacks {text:?}: {output}");
        let said = failed.text();
        assert!(said.contains(text), "{row}: start lacks {text:?}: {said}");
    }
    let site = broken.site(Subject::ModJk);
    match broken.mod_jk {
        Refuses => assert!(!site.configtest()?.0, "{row}: mod_jk accepts it"),
        RefusesAtStart => {
            assert!(site.configtest()?.0, "{row}: mod_jk finds it with -t");
            site.start_expect_failure()?;
        }
        Starts => drop(site.start()?),
        Unknown => {}
    }
    Ok(())
}

const LONG: &str = "a123456789b123456789c123456789d123456789e123456789f123456789.com";

#[test]
fn unknown_names_in_the_workers_file() -> Result {
    let listed = "worker.list=w\n";
    for broken in [
        workers(
            "P-04",
            &format!("{listed}worker.w.hots=localhost"),
            2,
            &["worker.w.hots", "\"host\""],
            RefusesAtStart,
        ),
        workers(
            "P-04",
            &format!("{listed}\n# comment\nworker.w.colour=red"),
            4,
            &["worker.w.colour", "unknown attribute", "remove the line"],
            RefusesAtStart,
        ),
        workers(
            "W-03",
            &format!("{listed}worker.w.type=AJP13"),
            2,
            &["worker.w.type", "AJP13", "type=ajp13"],
            RefusesAtStart,
        ),
        workers(
            "A-40 A-42",
            &format!("{listed}worker.w.type=ajp14"),
            2,
            &["ajp14", "not supported", "type=ajp13"],
            RefusesAtStart,
        ),
        // mod_jk runs ajp12, announced for removal.
        workers(
            "A-41 A-42",
            &format!("{listed}worker.w.type=ajp12"),
            2,
            &["ajp12", "not supported", "type=ajp13"],
            Starts,
        ),
        workers(
            "P-14",
            &format!("{listed}worker.w.reference=worker.none"),
            2,
            &["worker.none", "has no property"],
            RefusesAtStart,
        ),
        workers(
            "P-14",
            "worker.list=w\nworker.w.reference=worker.x\nworker.x.reference=worker.w",
            2,
            &["worker.w.reference", "loop"],
            RefusesAtStart,
        ),
    ] {
        check(&broken)?;
    }
    Ok(())
}

#[test]
fn values_in_the_workers_file() -> Result {
    let lb = "worker.list=l\nworker.l.type=lb\n";
    for broken in [
        workers(
            "P-13",
            &format!("worker.list=w\nworker.w.host={LONG}"),
            2,
            &["host has 64 bytes", "at most 63"],
            RefusesAtStart,
        ),
        workers(
            "P-13",
            &format!("worker.list={}", &LONG[..64].replace('.', "-")),
            1,
            &["a worker name has 64 bytes", "at most 63"],
            RefusesAtStart,
        ),
        workers(
            "P-13 A-29",
            &format!("{lb}worker.l.balance_workers=m\nworker.m.route={LONG}"),
            4,
            &["route has 64 bytes"],
            RefusesAtStart,
        ),
        // mod_jk takes the number over, and the worker fails at its first request.
        workers(
            "A-02",
            "worker.list=w\nworker.w.port=70000",
            2,
            &["port is 70000", "0 to 65535"],
            Starts,
        ),
        workers(
            "A-29",
            &format!("{lb}worker.l.balance_workers=a,b\nworker.a.route=r\nworker.b.route=r"),
            5,
            &["b has the route r of a"],
            RefusesAtStart,
        ),
        workers(
            "L-01",
            lb,
            2,
            &["the balancer l has no members", "worker.l.balance_workers="],
            RefusesAtStart,
        ),
        workers(
            "L-01",
            &format!("{lb}worker.l.balance_workers=s\nworker.s.type=status"),
            3,
            &["names s, whose type is not ajp13"],
            Unknown,
        ),
        workers(
            "W-05",
            "worker.list=w\nworker.w.mount=x/*",
            2,
            &["worker.w.mount", "does not start with \"/\"", "write /x/*"],
            RefusesAtStart,
        ),
    ] {
        check(&broken)?;
    }
    Ok(())
}

#[test]
fn directives_with_bad_arguments() -> Result {
    let syntax = "Syntax error on line ";
    for broken in [
        directive(
            "D-01",
            "JkWorkersFile conf/workers.properties",
            &[syntax, "JkWorkersFile", "only allowed once"],
            Refuses,
        ),
        Broken {
            workers: String::new(),
            ..directive(
                "D-01",
                "JkWorkersFile conf/none.properties",
                &[syntax, "conf/none.properties does not exist"],
                Refuses,
            )
        },
        directive(
            "D-02",
            "JkWorkerProperty worker.w.secrte=x",
            &["conf/httpd.conf:", "worker.w.secrte", "\"secret\""],
            Refuses,
        ),
        directive(
            "D-03",
            "JkMountFile conf/none.map",
            &[syntax, "JkMountFile", "conf/none.map"],
            Refuses,
        ),
        directive("D-05", "JkMount x w", &[syntax, "JkMount", "'/'"], Refuses),
        directive("D-05", "JkMount /x", &[syntax, "JkMount", "'/x'"], Refuses),
        directive(
            "D-05",
            "<Location /x>\nJkMount /x w\n</Location>",
            &[syntax, "JkMount", "write the worker alone"],
            Refuses,
        ),
        directive("D-06", "JkUnMount x w", &[syntax, "JkUnMount"], Refuses),
        directive(
            "D-07",
            "JkMountCopy maybe",
            &[syntax, "JkMountCopy", "'maybe'", "On, Off and All"],
            Refuses,
        ),
        in_vhost(
            "D-07",
            "JkMountCopy All",
            &[syntax, "JkMountCopy", "write On"],
        ),
        directive(
            "D-09",
            "JkStripSession maybe",
            &[syntax, "JkStripSession", "'maybe'"],
            Refuses,
        ),
        directive(
            "D-28",
            "JkExtractSSL maybe",
            &[syntax, "JkExtractSSL", "On"],
            Refuses,
        ),
        directive(
            "D-36",
            "JkOptions +FlushPacket",
            &[syntax, "JkOptions", "'FlushPacket'", "'FlushPackets'"],
            Refuses,
        ),
        directive(
            "D-36",
            "JkOptions -ForwardURIProxy",
            &[syntax, "JkOptions", "'-ForwardURIProxy'"],
            Refuses,
        ),
        directive(
            "unknown directive",
            "JkMountt /x w",
            &[syntax, "JkMountt"],
            Refuses,
        ),
    ] {
        check(&broken)?;
    }
    Ok(())
}

/// Context G of §1.1.
#[test]
fn global_directives_in_a_virtual_host() -> Result {
    for (row, line) in [
        ("D-01", "JkWorkersFile conf/workers.properties"),
        ("D-02", "JkWorkerProperty worker.w.port=1"),
        ("D-14", "JkShmFile run/x"),
        ("D-15", "JkShmSize 100"),
        ("D-16", "JkWatchdogInterval 1"),
    ] {
        let name = line.split(' ').next().unwrap_or_default();
        let says = [
            "Syntax error on line ",
            name,
            "cannot occur within <VirtualHost>",
        ];
        check(&in_vhost(row, line, &says))?;
    }
    Ok(())
}

/// G-16, J-01, H-13: found before anything is opened, and the line is named.
#[test]
fn files_that_cannot_be_made() -> Result {
    for broken in [
        directive(
            "J-01",
            "JkLogFile none/jk.log",
            &[
                "conf/httpd.conf:",
                "JkLogFile",
                "/none does not exist",
                "make it",
            ],
            RefusesAtStart,
        ),
        directive(
            "J-01",
            "JkLogFile logs/folder",
            &["conf/httpd.conf:", "JkLogFile", "logs/folder is a folder"],
            RefusesAtStart,
        ),
        directive(
            "H-13",
            "JkShmFile none/jk.shm",
            &["conf/httpd.conf:", "JkShmFile", "/none does not exist"],
            RefusesAtStart,
        ),
        Broken {
            mod_jk: RefusesAtStart,
            ..in_vhost(
                "J-01 J-09",
                "JkLogFile none/jk.log",
                &["conf/httpd.conf:", "JkLogFile", "/none does not exist"],
            )
        },
    ] {
        check(&broken)?;
    }
    Ok(())
}
