//! Secrets show in no answer (CM-08, BG-21).

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::{Result, Subject};

const LINES: &str = "\
own_secret=from-variable
worker.m2.secret=plain-secret
worker.m3.secret=$(own_secret)-and-more
worker.m3.secretkey=old-key
worker.lb.secret=for-all
";

const SECRETS: [&str; 6] = [
    "plain-secret",
    "from-variable",
    "old-key",
    "hush-hush",
    "for-all",
    "by-directive",
];

#[test]
fn cm08_bg21_no_answer_has_a_secret() -> Result {
    let site = Site::of(Subject::Rjk, LINES, |builder| {
        builder.directives("JkWorkerProperty worker.alone.secret=by-directive")
    })?;
    let commands = [
        "cmd=list",
        "cmd=dump",
        "cmd=version",
        "cmd=show&w=lb",
        "cmd=show&w=alone",
        "cmd=edit&w=lb",
        "cmd=edit&w=lb&sw=m2",
        "cmd=edit&w=lb&att=vwn",
        "cmd=edit&w=alone",
        "cmd=update&w=lb&sw=m2&vwf=9",
    ];
    for command in commands {
        for mime in ["html", "xml", "txt", "prop", "json"] {
            let text = site.ask(&format!("{command}&mime={mime}"))?;
            let shown = SECRETS.iter().find(|secret| text.contains(*secret));
            assert_eq!(shown, None, "{command} {mime}: {text}");
        }
    }
    // The rest of the file is there, in definition order.
    let dump = site.ask("cmd=dump&mime=prop")?;
    let at = |text: &str| {
        dump.find(text)
            .unwrap_or_else(|| panic!("no {text} in {dump}"))
    };
    assert!(at("worker.extra.host=example.org\n") < at("worker.lb.type=lb\n"));
    assert!(at("worker.lb.type=lb\n") < at("worker.m1.reference=worker.template\n"));
    assert!(at("worker.m1.reference=") < at("worker.m1.reply_timeout=30000\n"));
    // Nor has a line of the log one.
    let log = site.httpd.jk_log() + &site.httpd.error_log();
    assert!(SECRETS.iter().all(|secret| !log.contains(secret)), "{log}");
    site.send(Request::get("/app/x"))?;
    let forwarded = site.peer("m1")?.only_request()?;
    assert!(
        format!("{forwarded:?}").contains("hush-hush"),
        "the secret is in use"
    );
    site.httpd.assert_clean();
    Ok(())
}
