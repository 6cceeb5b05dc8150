//! The words of `cmd` and `mime`, and how they may be spelled (C-01, C-02, C-11).

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::Script;
use rjk_testbed::{Httpd, Peer, Result, Subject, both};

both! { c01_c02_words c12_headers }

fn site(subject: Subject, peer: &Peer) -> Result<Httpd> {
    Httpd::builder(subject)
        .workers(format!(
            "worker.list=lb,s\nworker.lb.type=lb\nworker.lb.balance_workers=m\n{}\
             worker.s.type=status\n",
            peer.worker("m")
        ))
        .directives("JkMount /jk-status* s\nJkMount /app/* lb")
        .log_level("info")
        .start()
}

/// What asks for the page, as it does of mod_jk.
const PAGES: [&str; 9] = [
    "",
    "cmd=list",
    "cmd=li%73t",
    "cmd=show&w=lb",
    "cmd=version",
    "mime=html",
    "mime=%68tml&cmd=list",
    "re=10&opt=2",
    // Without a value it is no parameter.
    "cmd&mime",
];

/// Formats of mod_jk.
const FORMATS: [&str; 5] = [
    "mime=xml",
    "mime=txt",
    "mime=prop&cmd=list",
    "mime=%78ml",
    "mime=html&mime=prop",
];

/// What is answered with an error, or not seen because of how it is spelled.
const UNKNOWN: [&str; 13] = [
    "cmd=Update&w=lb&sw=m&vwa=stopped",
    "cmd=UPDATE",
    "CMD=update&w=lb&sw=m&vwa=stopped",
    "%63md=update&w=lb&sw=m&vwa=stopped",
    "cmd=drain",
    "cmd=",
    "cmd=+list",
    "cmd=list%00",
    "cmd=upd%zzate",
    "cmd=update;w=lb",
    "mime=XML",
    "mime=",
    "Mime=xml",
];

/// What is a page here is one there, and of what is unknown nothing comes but an error.
fn c01_c02_words(subject: Subject) -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = site(subject, &peer)?;
    let ask = |query: &str| -> Result<String> {
        let answer = client::get(httpd.port(), &format!("/jk-status?{query}"))?;
        assert_eq!(answer.status, 200, "{query}");
        Ok(answer.text())
    };
    let is_html_page =
        |text: &str| text.contains("<title>JK Status Manager") && !text.contains("Result: ");
    for query in PAGES {
        assert!(is_html_page(&ask(query)?), "{query}");
    }
    for query in FORMATS {
        let text = ask(query)?;
        assert!(
            !text.contains("<html>") && text.contains("OK"),
            "{query}: {text}"
        );
    }
    // The spelling of a key that mod_jk does not see leaves the page.
    let unseen = |query: &&str| {
        ["CMD", "%63", "Mime"]
            .iter()
            .any(|key| query.starts_with(key))
    };
    for query in UNKNOWN.iter().filter(|query| !unseen(query)) {
        let text = ask(query)?;
        assert!(text.contains("ERROR"), "{query}: {text}");
    }
    Ok(())
}

fn c12_headers(subject: Subject) -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = site(subject, &peer)?;
    for (mime, kind) in [
        ("html", "text/html"),
        ("xml", "text/xml"),
        ("txt", "text/plain"),
        ("prop", "text/plain"),
        ("none", "text/plain"),
    ] {
        for (method, command) in [
            ("GET", "list"),
            ("HEAD", "list"),
            ("POST", "version"),
            ("GET", "none"),
        ] {
            let target = format!("/jk-status?mime={mime}&cmd={command}");
            let answer = client::send(httpd.port(), Request::new(method, &target))?;
            let headers = ["Cache-Control", "Pragma"].map(|name| answer.header(name));
            assert_eq!(answer.status, 200, "{method} {target}");
            assert_eq!(headers, [Some("no-cache"); 2], "{method} {target}");
            let own = answer.header("Content-Type").unwrap_or_default();
            assert_eq!(own.split(';').next(), Some(kind), "{method} {target}");
            assert_eq!(
                answer.body.is_empty(),
                method == "HEAD",
                "{method} {target}"
            );
        }
    }
    httpd.assert_clean();
    Ok(())
}
