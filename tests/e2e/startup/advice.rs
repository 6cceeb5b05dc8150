//! Advice that harms nobody: what is proposed is taken, and what cannot be meant gets no proposal.

use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Peer, Result, Subject, client, peer::Script};

/// A byte order mark, as editors on Windows put it in front.
const MARK: &str = "\u{feff}";

/// P-01, M-01: a byte order mark is skipped in every file.
#[test]
fn p01_m01_a_byte_order_mark_is_skipped() -> Result {
    let peer = Peer::named("w", Script::default())?;
    for comment in ["", "# a comment\r\n"] {
        let httpd = Httpd::builder(Subject::Rjk)
            .workers(format!("{MARK}{comment}{}", peer.only_worker("w")))
            .file("conf/a.map", format!("{MARK}{comment}/map/*=w\n"))
            .file("conf/rjk.toml", format!("{MARK}{}", comment.replace('\r', "")))
            .directives(format!(
                "JkMountFile conf/a.map\nJkMount /app/* w\nJkWorkerProperty {MARK}worker.w.retries=1\n\
                 <IfDirective RjkConfigFile>\nRjkConfigFile conf/rjk.toml\n</IfDirective>"
            ))
            .log_level("info")
            .start()?;
        for path in ["/app/x", "/map/x"] {
            assert_eq!(client::get(httpd.port(), path)?.status, 200, "{path}");
        }
        let (_, said) = httpd.configtest()?;
        assert!(!said.contains("mod_rjk: "), "{said}");
        assert!(!httpd.jk_log().contains("[warn]"), "{}", httpd.jk_log());
    }
    Ok(())
}

/// A path that is none: what the message has, and what it must not have.
type Refused = (&'static str, &'static [&'static str], &'static str);

#[rustfmt::skip]
const REFUSED: &[Refused] = &[
    ("<LocationMatch \"^/app(/.*)?$\">\nJkMount w\n</LocationMatch>", &["regular expression"], "write '"),
    ("<Location ~ \"^/app\">\nJkMount w\n</Location>", &["regular expression"], "write '"),
    ("<Location \"http://h/app/*\">\nJkMount w\n</Location>", &["write '/app/*'"], "write '/http"),
    ("<Files x>\nJkMount w\n</Files>", &["cannot stand in <Files>"], "write '"),
    ("<If \"true\">\nJkMount w\n</If>", &["cannot stand in <If>"], "*If"),
    ("<If \"true\">\nJkMount /app w\n</If>", &["cannot stand in <If>"], "*If"),
    ("<DirectoryMatch ^/app>\nJkUnMount w\n</DirectoryMatch>", &["regular expression"], "write '"),
    ("JkMount http://h/app/* w", &["write '/app/*'"], "write '/http"),
    ("JkMount h:80/app w", &["without scheme, host and port"], "write '"),
    ("JkMount ^/app/ w", &["no regular expression"], "write '"),
    ("JkMount \u{feff}/app/* w", &["write '/app/*'"], "write '/\u{feff}"),
    ("JkMount \u{a0}/app/* w", &["write '/app/*'"], "write '/\u{a0}"),
    ("JkMount '\"/app/*\"' w", &["write '/app/*'"], "write '/\""),
    ("JkMount !/app/* w", &["write JkUnMount /app/*"], "write '/!"),
    ("JkUnMount !/app/* w", &["write '/app/*'"], "write '/!"),
    ("JkMount w /app/*", &["the path comes first", "write '/app/* w'"], "write '/w'"),
    ("JkMount w '/app/.*'", &["the path comes first"], "write '"),
    ("JkMount w /app/$", &["the path comes first"], "write '"),
    ("JkMount www.shop.test w", &["does not start with '/'"], "write '"),
    ("<Location /app>\nJkMount /app/* w\n</Location>", &["write '/app/* w' outside of the section"], "alone"),
    ("<Location /app>\nJkMount /app w\n</Location>", &["write the worker alone"], "outside"),
    ("JkMount /app/*=w", &["write '/app/* w'"], "write a path"),
    ("JkMount \\\\app\\\\* w", &["the separator of a path is '/'"], "write '"),
];

fn site(subject: Subject, directives: &str) -> Builder {
    Httpd::builder(subject)
        .workers("worker.list=w\nworker.w.host=127.0.0.1\n")
        .directives(directives)
        .log_level("info")
}

/// D-05, D-06: mod_jk refuses all of it too.
#[test]
fn d05_d06_what_is_proposed_can_be_taken() -> Result {
    for (directives, says, never) in REFUSED {
        let (accepted, said) = site(Subject::Rjk, directives).configtest()?;
        assert!(!accepted, "{directives}");
        // httpd escapes what is not ASCII.
        for text in *says {
            assert!(said.contains(text), "{directives}: no {text:?} in {said}");
        }
        assert!(!said.contains(never), "{directives}: {never:?} in {said}");
        assert!(
            !site(Subject::ModJk, directives).configtest()?.0,
            "{directives}: mod_jk"
        );
    }
    Ok(())
}

/// Lines that mod_jk starts with: what the one warning says, and what it must not say.
#[rustfmt::skip]
const WARNED: &[Refused] = &[
    ("<LocationMatch \"/app/.*\">\nJkMount w\n</LocationMatch>", &["not as a regular expression"], "; write"),
    ("<Location ~ \"/app/.*\">\nJkMount w\n</Location>", &["not as a regular expression"], "; write"),
    ("<Directory /app/x>\nJkMount w\n</Directory>", &["belongs into <Location>"], "; write"),
    ("JkStripSession On sid", &["write ';sid'"], "\u{0}"),
    ("JkAutoAlias htdocs", &["is no full path and has no effect"], "; write"),
    ("JkRequestLogFormat %x", &["'%x' is no conversion"], "; write"),
    ("JkMountFileReload 5s", &["write a number of seconds"], "\u{0}"),
    ("JkOptions +CollapseSlashesAll", &["has no effect"], "; write"),
    ("JkShmSize 100", &["has no effect"], "; write"),
    ("JkLogLevel warning", &["write trace, debug, info, warn"], "\u{0}"),
    ("JkWatchdogInterval 5s", &["write a number of seconds"], "\u{0}"),
    ("JkMount /app/* nobody", &["'nobody' is not in worker.list"], "; write"),
    ("JkMount /app/* w;stopped=m", &["is no balancer"], "; write"),
    ("JkMount /app/* w;stateless", &["'stateless' has no value"], "did you mean"),
    ("JkMount /app/* w\nJkMount /app/* w;stateless=1", &["was mounted to"], "; write"),
];

/// Each warning about a directive names its file and line, and mod_jk starts with all of them.
#[test]
fn warnings_about_directives_name_file_and_line() -> Result {
    for (directives, says, never) in WARNED {
        let (accepted, said) = site(Subject::Rjk, directives).configtest()?;
        assert!(accepted, "{directives}: {said}");
        let warnings: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("mod_rjk: "))
            .collect();
        assert_eq!(warnings.len(), 1, "{directives}: {said}");
        for text in *says {
            assert!(warnings[0].contains(text), "{directives}: {said}");
        }
        assert!(!warnings[0].contains(never), "{directives}: {said}");
        let place = warnings[0]
            .split_once("conf/httpd.conf:")
            .map(|(_, rest)| rest);
        let number = place.and_then(|rest| rest.split_once(": ")?.0.parse::<usize>().ok());
        let config = site(Subject::Rjk, directives).config_text()?;
        let line = number.and_then(|number| config.lines().nth(number - 1));
        assert!(
            line.is_some_and(|line| line.starts_with("Jk")),
            "{directives}: {said}"
        );
        assert!(
            site(Subject::ModJk, directives).configtest()?.0,
            "{directives}: mod_jk"
        );
    }
    Ok(())
}

/// Hosts that no resolver knows, and the remedy; mod_jk starts with all of them.
#[rustfmt::skip]
const HOSTS: &[(&str, &str)] = &[
    ("\"127.0.0.1\"", "write host=127.0.0.1"),
    ("http://127.0.0.1", "write host=127.0.0.1"),
    ("ajp://127.0.0.1:8010/", "write host=127.0.0.1 and port=8010"),
    ("127.0.0.1\u{a0}", "U+00A0 in it; write host=127.0.0.1"),
    ("\u{200b}127.0.0.1", "U+200B in it; write host=127.0.0.1"),
    ("127.0.0.1:", "write host=127.0.0.1"),
    ("127.0.0.1:8009", "write host=127.0.0.1 and port=8009"),
    ("[::1]:8009", "write host=::1 and port=8009"),
    ("127.0.0.1/", "write host=127.0.0.1"),
    ("127.0.0.1,127.0.0.2", "write one name or address"),
    ("tom cat", "write one name or address"),
];

#[test]
fn a01_hosts_that_nobody_resolves_are_named() -> Result {
    for (host, remedy) in HOSTS {
        let workers = format!("worker.list=w\nworker.w.host={host}\n");
        for subject in Subject::BOTH {
            let site = Httpd::builder(subject).workers(&workers).log_level("info");
            let (accepted, said) = site.configtest()?;
            assert!(accepted, "{subject:?} {host}: {said}");
            if subject == Subject::Rjk {
                let line = said
                    .lines()
                    .find(|line| line.contains("workers.properties:2: host is "));
                assert!(
                    line.is_some_and(|line| line.ends_with(remedy)),
                    "{host}: {said}"
                );
            }
        }
    }
    Ok(())
}
