//! A restart by signal (logrotate, packages) that finds a mistake: the site goes on with what served
//! before, one line says so, and `-k graceful` refuses.

use rjk_testbed::client::{self, Request};
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, process, wait};
use rustix::process::Signal;
use std::fs;

const EXTRA: &str = "JkMount /a/* w\nJkMountFile conf/map\n";

/// A file of a running site, the text that breaks it (`None` removes it), what the line says, and
/// what the site goes on with.
type Breakage = (
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
);

const WORKERS: &str = "conf/workers.properties";
const MAP: &str = "conf/map";
const CONF: &str = "conf/extra.conf";
const THE_WORKERS: &str = "the workers that it had";
const THE_MAP: &str = "the map file that it had";
const THE_DIRECTIVES: &str = "the Jk directives that this server had";

macro_rules! many {
    ($text:literal) => {
        concat!(
            $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text
        )
    };
}

/// A map file with a value of more than 1 MiB.
const GROWING: &str = concat!(
    "a=",
    many!("0123456789012345678901234567890123456789012345678901"),
    "\nb=",
    many!("$(a)"),
    "\nc=",
    many!("$(b)"),
    "\nd=",
    many!("$(c)"),
    "\n",
);

#[rustfmt::skip]
const BREAKAGES: &[Breakage] = &[
    (WORKERS, Some("worker.list=w\nworker.w.hsot=1\n"), "workers.properties:2: worker.w.hsot", THE_WORKERS),
    (WORKERS, Some("worker.list=w\nworker.w.mount=x\n"), "workers.properties:2: ", THE_WORKERS),
    (WORKERS, Some("worker.list=l\nworker.l.type=lb\n"), "has no members", THE_WORKERS),
    (WORKERS, None, "conf/workers.properties", THE_WORKERS),
    (MAP, Some(GROWING), "map:4: ", THE_MAP),
    (MAP, None, "conf/map", THE_MAP),
    (CONF, Some("JkMount a w\n"), "extra.conf:1: JkMount", THE_DIRECTIVES),
    (CONF, Some("JkMount /a/* w x\n"), "extra.conf:1: JkMount takes one or two", THE_DIRECTIVES),
    (CONF, Some("JkMount /c/* w\nJkOptions +FlushPacket\n"), "extra.conf:2: JkOptions", THE_DIRECTIVES),
    (CONF, Some("JkMount /a/* w\nJkMountFile conf/none.map\n"), "none.map", THE_DIRECTIVES),
    (CONF, Some("JkMount /a/* w\nJkMountFile conf/map\nJkWorkerProperty worker.w.secrte=x\n"),
        "extra.conf:3: worker.w.secrte", THE_WORKERS),
];

fn site(peer: &Peer) -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers(peer.only_worker("w"))
        .file(MAP, "/b/*=w\n")
        .file(CONF, EXTRA)
        .directives(format!("Include {CONF}"))
        .expect_log("this restart goes on with")
}

/// Who answers; `-` for an answer of httpd itself.
fn answered(httpd: &Httpd, path: &str) -> Result<String> {
    let answer = client::get(httpd.port(), path)?;
    Ok(answer.field("peer").unwrap_or_else(|| "-".to_owned()))
}

fn apply(httpd: &Httpd, file: &str, text: Option<&str>) -> Result {
    match text {
        Some(text) => drop(httpd.write(file, text)?),
        None => fs::remove_file(httpd.path(file))?,
    }
    Ok(())
}

/// Restarts with something broken: both mounts go on, one more line says `parts`.
fn goes_on(httpd: &mut Httpd, signal: Signal, peer: &str, parts: &[&str]) -> Result {
    let before = httpd.emergencies().len();
    httpd.restart_by(signal)?;
    assert!(httpd.is_running());
    for path in ["/a/x", "/b/x"] {
        assert_eq!(answered(httpd, path)?, peer, "{parts:?} {path}");
    }
    let lines = httpd.emergencies();
    assert_eq!(lines.len(), before + 1, "{parts:?}: {lines:#?}");
    let line = lines.last().cloned().unwrap_or_default();
    assert!(
        parts.iter().all(|part| line.contains(part)),
        "{parts:?}: {line}"
    );
    Ok(())
}

/// Each mistake, twice in a row; then the repaired file with another worker is in force.
fn every_mistake(signal: Signal) -> Result {
    let peers = [
        Peer::named("p0", Behaviour::Echo)?,
        Peer::named("p1", Behaviour::Echo)?,
    ];
    let mut httpd = site(&peers[0]).start()?;
    for (turn, (file, text, said, with)) in BREAKAGES.iter().enumerate() {
        let names = ["p0", "p1"];
        let (old, new) = (names[turn % 2], &peers[(turn + 1) % 2]);
        let good = fs::read_to_string(httpd.path(file))?;
        apply(&httpd, file, *text)?;
        for _ in 0..2 {
            goes_on(
                &mut httpd,
                signal,
                old,
                &[said, with, "mend it and restart"],
            )?;
            assert!(!httpd.command(&["-k", "graceful"])?.0, "{said}");
        }
        httpd.write(file, good)?;
        httpd.write(WORKERS, new.only_worker("w"))?;
        httpd.restart_by(signal)?;
        for path in ["/a/x", "/b/x"] {
            assert_eq!(
                answered(&httpd, path)?,
                names[(turn + 1) % 2],
                "{said} {path}"
            );
        }
    }
    httpd.stop()
}

#[test]
fn usr1_goes_on_with_what_served_before() -> Result {
    every_mistake(Signal::USR1)
}

#[test]
fn hup_goes_on_with_what_served_before() -> Result {
    every_mistake(Signal::HUP)
}

/// httpd.conf is read again: what it says besides the mistake counts, with the workers of before.
/// Then workers come and go, and the shared memory has their measure.
#[test]
fn other_files_count_while_one_is_broken() -> Result {
    let peers = [
        Peer::named("p0", Behaviour::Echo)?,
        Peer::named("p1", Behaviour::Echo)?,
    ];
    let mut httpd = site(&peers[0]).start()?;
    httpd.write(WORKERS, "worker.list=w\nworker.w.hsot=1\n")?;
    httpd.write(CONF, format!("{EXTRA}JkMount /n/* w\nJkMount /v/* v\n"))?;
    goes_on(&mut httpd, Signal::USR1, "p0", &["worker.w.hsot"])?;
    assert_eq!(answered(&httpd, "/n/x")?, "p0");
    assert_eq!(
        client::get(httpd.port(), "/v/x")?.status,
        500,
        "there is no worker v yet"
    );
    let both = format!(
        "worker.list=w,v,l\nworker.w.host=127.0.0.1\nworker.w.port={}\nworker.v.host=127.0.0.1\n\
         worker.v.port={}\nworker.l.type=lb\nworker.l.balance_workers=w,v\n",
        peers[0].port(),
        peers[1].port()
    );
    httpd.write(WORKERS, &both)?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(answered(&httpd, "/v/x")?, "p1");
    httpd.write(WORKERS, both.replace("worker.v.port", "worker.v.prot"))?;
    httpd.write(MAP, "/b/*=w\n/l/*=l\n")?;
    goes_on(&mut httpd, Signal::HUP, "p0", &["worker.v.prot"])?;
    let mut served = [answered(&httpd, "/l/x")?, answered(&httpd, "/l/x")?];
    served.sort();
    assert_eq!(served, ["p0", "p1"], "the balancer of before");
    httpd.write(WORKERS, peers[1].only_worker("w"))?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(answered(&httpd, "/a/x")?, "p1");
    httpd.stop()
}

/// A virtual host keeps its own rules; a new one with a mistake hands out nothing at all.
#[test]
fn virtual_hosts_keep_what_they_had() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let vhost = |name: &str, rule: &str| {
        format!("<VirtualHost 127.0.0.1:@PORT@>\nServerName {name}\n{rule}\n</VirtualHost>\n")
    };
    let main = vhost("main.test", "JkMount /a/* w\nJkMount /b/* w");
    let httpd = site(&peer)
        .file("htdocs/secret.jsp", "source")
        .file(
            "conf/vhosts.conf",
            format!("{main}{}", vhost("old.test", "JkMount /*.jsp w")),
        )
        .vhosts("Include conf/vhosts.conf")
        .start()?;
    let broken = format!(
        "{}{main}{}",
        vhost("old.test", "JkMount *.jsp w"),
        vhost("new.test", "JkMount *.jsp w")
    );
    let get = |host: &str| {
        client::send(
            httpd.port(),
            Request::get("/secret.jsp").header("Host", host),
        )
    };
    assert_eq!(get("old.test")?.field("peer").as_deref(), Some("p0"));
    httpd.write("conf/vhosts.conf", broken)?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(get("old.test")?.field("peer").as_deref(), Some("p0"));
    assert_eq!(get("new.test")?.status, 503);
    let lines = httpd.emergencies();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    httpd.write(
        "conf/vhosts.conf",
        format!("{main}{}", vhost("new.test", "JkMount /*.jsp w")),
    )?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(get("new.test")?.field("peer").as_deref(), Some("p0"));
    Ok(())
}

/// A new virtual host with a mistake hands out nothing, whoever maps the request to a file.
#[test]
fn a_closed_virtual_host_hands_out_no_file() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let httpd = site(&peer)
        .module("alias")
        .module("rewrite")
        .module("dir")
        .file("htdocs/secret.jsp", "source")
        .file("htdocs/sorry.html", "sorry")
        .file("conf/vhosts.conf", "")
        .vhosts("Include conf/vhosts.conf")
        .start()?;
    let rules = "ErrorDocument 503 /sorry.html\nDirectoryIndex secret.jsp\n\
                 Alias /app @ROOT@/htdocs\nRewriteEngine On\n\
                 RewriteRule ^/re/(.*)$ @ROOT@/htdocs/$1 [L]\nRewriteRule ^/pt/(.*)$ /app/$1 [PT]";
    let vhost = "<VirtualHost 127.0.0.1:@PORT@>\nServerName new.test\nJkMount *.jsp w\n";
    httpd.write(
        "conf/vhosts.conf",
        format!("{vhost}{rules}\n</VirtualHost>\n"),
    )?;
    httpd.restart_by(Signal::USR1)?;
    for path in [
        "/secret.jsp",
        "/app/secret.jsp",
        "/re/secret.jsp",
        "/pt/secret.jsp",
        "/app/",
        "/",
    ] {
        let answer = client::get(httpd.port(), path)?;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert!(!answer.text().contains("source"), "{path}: {answer:?}");
    }
    Ok(())
}

/// The main server is told by nothing that its directives may change: who copies its mounts keeps
/// them when its name or port changes together with a mistake.
#[test]
fn the_main_server_is_known_under_another_name() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let vhost = |name: &str, rule: &str| {
        format!("<VirtualHost 127.0.0.1:@PORT@>\nServerName {name}\n{rule}\n</VirtualHost>\n")
    };
    let copies = "JkMountCopy All\nJkMount /*.jsp w\n";
    let vhosts = vhost("all.test", "") + &vhost("on.test", "JkMountCopy On");
    let httpd = site(&peer)
        .file("htdocs/secret.jsp", "source")
        .file(CONF, format!("{EXTRA}{copies}ServerName old.test\n"))
        .vhosts(vhosts)
        .start()?;
    let mistake = format!("ServerName new.test:81\n{copies}JkMount a w\n");
    httpd.write(CONF, mistake)?;
    for signal in [Signal::USR1, Signal::HUP] {
        httpd.restart_by(signal)?;
        for host in ["all.test", "on.test"] {
            let request = Request::get("/secret.jsp").header("Host", host);
            let answer = client::send(httpd.port(), request)?;
            assert_eq!(
                answer.field("peer").as_deref(),
                Some("p0"),
                "{host}: {answer:?}"
            );
        }
    }
    let lines = httpd.emergencies();
    assert!(
        lines.iter().all(|line| line.contains(THE_DIRECTIVES)),
        "{lines:#?}"
    );
    Ok(())
}

/// The folders of the log and of the shared memory are gone.
#[test]
fn missing_folders_do_not_end_a_site() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let mut httpd = site(&peer)
        .file("away/.keep", "")
        .directives("JkLogFile away/jk.log\nJkShmFile away/shm")
        .start()?;
    fs::rename(httpd.path("away"), httpd.path("moved"))?;
    for signal in [Signal::USR1, Signal::HUP] {
        let before = httpd.emergencies().len();
        httpd.restart_by(signal)?;
        assert_eq!(answered(&httpd, "/a/x")?, "p0");
        let said = httpd.emergencies().split_off(before).concat();
        assert!(
            said.contains("JkLogFile") && said.contains("JkShmFile"),
            "{said}"
        );
        assert!(!httpd.command(&["-k", "graceful"])?.0);
    }
    let log = fs::read_to_string(httpd.path("moved/jk.log"))?;
    assert!(
        log.matches("is ready").count() >= 3,
        "the open file goes on: {log}"
    );
    fs::rename(httpd.path("moved"), httpd.path("away"))?;
    httpd.graceful()?;
    assert_eq!(answered(&httpd, "/a/x")?, "p0");
    httpd.stop()
}

/// A name that does not resolve at that moment: its worker stays where it was.
#[test]
fn a_name_that_no_longer_resolves_keeps_its_addresses() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let workers = peer.only_worker("w").replace("127.0.0.1", "tomcat.invalid");
    assert!(workers.contains("tomcat.invalid"), "{workers}");
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(&workers)
        .directives("JkMount /a/* w")
        .hosts("127.0.0.1 tomcat.invalid\n")
        .start()?;
    httpd.write("conf/hosts", "127.0.0.1 localhost\n")?;
    for turn in 1..=2 {
        httpd.restart_by(Signal::USR1)?;
        assert_eq!(answered(&httpd, "/a/x")?, "p0");
        let said = httpd.jk_log();
        assert_eq!(
            said.matches("the addresses that it had").count(),
            turn,
            "{said}"
        );
    }
    httpd.write(WORKERS, workers.replace("tomcat", "other"))?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(client::get(httpd.port(), "/a/x")?.status, 503);
    Ok(())
}

/// httpd's error log stands in for a log that was never open, and at each restart the one of now.
#[test]
fn the_error_log_that_stands_in_is_the_one_of_now() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    let httpd = site(&peer).start()?;
    httpd.write(CONF, format!("{EXTRA}JkLogFile away/jk.log\n"))?;
    for turn in 1..=3 {
        httpd.restart_by(Signal::USR1)?;
        let lines = httpd.emergencies();
        assert_eq!(lines.len(), turn, "{lines:#?}");
        assert!(
            lines[turn - 1].contains("with httpd's error log"),
            "{lines:#?}"
        );
    }
    Ok(())
}

/// Restart after restart with mistakes, under each MPM: nothing piles up in the parent.
#[test]
fn broken_restarts_leave_no_descriptor_behind() -> Result {
    let peer = Peer::named("p0", Behaviour::Echo)?;
    for mpm in Mpm::ALL {
        let httpd = site(&peer)
            .mpm(mpm)
            .file("away/cat", "#!/bin/sh\nexec cat >/dev/null\n")
            .directives("JkLogFile \"|/bin/sh @ROOT@/away/cat\"\nJkShmFile away/shm")
            .vhosts("<VirtualHost *:1>\nJkLogFile away/jk.log\n</VirtualHost>")
            .start()?;
        httpd.write(WORKERS, "worker.list=w\nworker.w.hsot=1\n")?;
        fs::rename(httpd.path("away"), httpd.path("moved"))?;
        httpd.restart_by(Signal::USR1)?;
        let (open, threads) = (
            process::open_fds(httpd.pid())?,
            process::threads(httpd.pid())?,
        );
        for signal in [
            Signal::USR1,
            Signal::HUP,
            Signal::USR1,
            Signal::HUP,
            Signal::USR1,
        ] {
            httpd.restart_by(signal)?;
            assert_eq!(answered(&httpd, "/a/x")?, "p0", "{mpm:?}");
        }
        // Fewer is fine, and what belongs to a generation on its way out goes with it.
        let (mut now, mut running) = (0, 0);
        wait::until("as at first", wait::SOON, || {
            now = process::open_fds(httpd.pid()).unwrap_or(usize::MAX);
            running = process::threads(httpd.pid()).unwrap_or(u64::MAX);
            now <= open && running == threads
        })
        .with_context(|| format!("{mpm:?}: {open} became {now}, {threads} {running}"))?;
    }
    Ok(())
}
