//! Stopping is never refused, nor is a look into the configuration; `-t` warns of what a start can
//! still find.

use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, Subject};
use std::fs;

/// A file of a running site, and the text that breaks it; `None` removes the file or folder.
type Breakage = (&'static str, Option<&'static str>);

const EXTRA: &str = "JkMount /a/* w\nJkMountFile conf/map\n";

#[rustfmt::skip]
const BREAKAGES: &[Breakage] = &[
    ("conf/workers.properties", Some("worker.list=w\nworker.w.hsot=1\n")),
    ("conf/workers.properties", None),
    ("conf/map", None),
    ("conf/rjk.toml", Some("[policy\n")),
    ("conf/rjk.toml", Some("[worker.x]\n")),
    ("logs/jk", None),
    ("conf/extra.conf", Some("JkMount a w\n")),
    ("conf/extra.conf", Some("JkMount /a w x\n")),
    ("conf/extra.conf", Some("JkOptions +FlushPacket\n")),
    ("conf/extra.conf", Some("JkWorkerProperty worker.w.secrte=x\n")),
    ("conf/extra.conf", Some("JkWorkersFile conf/workers.properties\n")),
    ("conf/extra.conf", Some("JkMountFile conf/none.map\n")),
    ("conf/extra.conf", Some("<VirtualHost *:1>\nJkShmFile run/x\n</VirtualHost>\n")),
];

fn site() -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers("worker.list=w\nworker.w.host=127.0.0.1\n")
        .file("conf/map", "/b/*=w\n")
        .file("conf/rjk.toml", "")
        .file("logs/jk/.keep", "")
        .file("conf/extra.conf", EXTRA)
        .directives(
            "RjkConfigFile conf/rjk.toml\nJkLogFile logs/jk/jk.log\nInclude conf/extra.conf",
        )
}

fn apply(httpd: &Httpd, (file, text): &Breakage) -> Result {
    let path = httpd.path(file);
    match text {
        Some(text) => drop(httpd.write(file, text)?),
        None if path.is_dir() => fs::remove_dir_all(path)?,
        None => fs::remove_file(path)?,
    }
    Ok(())
}

/// Breaks a running site, which then refuses a restart, and stops it with `command`.
fn stops(breakage: &Breakage, command: &[&str]) -> Result {
    let mut httpd = site().start()?;
    apply(&httpd, breakage)?;
    let (accepted, output) = httpd.command(&["-k", "graceful"])?;
    assert!(!accepted, "{breakage:?}: a restart takes place: {output}");
    let (accepted, output) = httpd.command(command)?;
    assert!(accepted, "{breakage:?} {command:?}: {output}");
    assert_eq!(output.trim(), "", "{breakage:?} {command:?}");
    httpd.wait_for_end()
}

#[test]
fn no_mistake_keeps_a_server_from_stopping() -> Result {
    for breakage in BREAKAGES {
        stops(breakage, &["-k", "stop"])?;
    }
    Ok(())
}

#[test]
fn every_form_of_the_command_stops() -> Result {
    for breakage in [&BREAKAGES[0], &BREAKAGES[6]] {
        stops(breakage, &["-k", "graceful-stop"])?;
        stops(breakage, &["-kstop"])?;
        stops(breakage, &["-DX", "-Tk", "stop"])?;
        stops(breakage, &["-D", "-k", "-kgraceful-stop", "-e", "notice"])?;
    }
    Ok(())
}

/// The words of a stop as the value of another option are none: the start is refused.
#[test]
fn a_start_that_only_looks_like_a_stop_is_checked() -> Result {
    let httpd = site().start()?;
    apply(&httpd, &BREAKAGES[0])?;
    for command in [&["-D", "-kstop"][..], &["-k", "graceful", "-D", "stop"]] {
        let (accepted, output) = httpd.command(command)?;
        assert!(!accepted && output.contains("worker.w.hsot"), "{output}");
    }
    Ok(())
}

/// `-S`, `-M` and `-L` answer what they were asked; `-t` refuses.
#[test]
fn a_look_into_a_broken_configuration_is_not_refused() -> Result {
    for breakage in BREAKAGES {
        let httpd = site().start()?;
        apply(&httpd, breakage)?;
        for (look, said) in [("-S", "ServerRoot"), ("-M", "jk_module"), ("-L", "JkMount")] {
            let (accepted, output) = httpd.command(&[look])?;
            assert!(accepted, "{breakage:?} {look}: {output}");
            assert!(output.contains(said), "{breakage:?} {look}: {output}");
        }
    }
    Ok(())
}

/// What a later layer of an image, or the machine, brings: `-t` warns, a start needs it.
#[test]
fn configtest_warns_of_what_comes_later() -> Result {
    #[rustfmt::skip]
    let rows = [
        ("JkLogFile later/jk.log", "/later does not exist"),
        ("JkShmFile later/jk.shm", "/later does not exist"),
        ("JkLogFile \"|/later/rotatelogs logs/jk.log 86400\"", "no program \"/later/rotatelogs\""),
        ("<VirtualHost *:1>\nJkLogFile later/jk.log\n</VirtualHost>", "/later does not exist"),
    ];
    for (text, said) in rows {
        let site = site().directives(text);
        let (accepted, output) = site.configtest()?;
        assert!(accepted, "{text}: {output}");
        let warned = |line: &str| line.contains("warn]") && line.contains(said);
        assert_eq!(
            output.lines().filter(|line| warned(line)).count(),
            1,
            "{output}"
        );
        assert!(output.contains("conf/httpd.conf:"), "{text}: {output}");
        let failed = site.start_expect_failure()?.text();
        assert!(failed.contains(said), "{text}: {failed}");
    }
    let workers = "worker.list=w\nworker.w.host=later.invalid\n";
    let (accepted, output) = site().workers(workers).configtest()?;
    assert!(accepted, "{output}");
    Ok(())
}

/// D-14: the pid stands behind the name, so the name may also be that of a folder.
#[test]
fn d14_a_shared_memory_file_named_as_a_folder() -> Result {
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers("worker.list=w\nworker.w.host=127.0.0.1\n")
            .file("run/folder/.keep", "")
            .directives("JkShmFile run/folder")
            .start()?;
        let file = httpd.path(&format!("run/folder.{}", httpd.pid()));
        assert!(file.is_file(), "{subject:?}");
        assert!(httpd.configtest()?.0, "{subject:?}");
        httpd.graceful()?;
        httpd.assert_clean();
    }
    Ok(())
}
