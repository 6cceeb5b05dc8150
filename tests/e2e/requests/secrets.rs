//! A worker's secret goes to the worker and nowhere else: not into a log at any level, not on a page,
//! not into what a check of the configuration says (A-25, L-16). Nor do a client's credentials.

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Plan, Result, Subject};

/// Parts of what must be found nowhere.
const SECRETS: [&str; 5] = [
    "hunter-one",
    "hunter-two",
    "hunter-lb",
    "Z29tZTpjcmVk",
    "sesame-id",
];

fn assert_silent(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in {what}: {text}");
    }
}

fn plan() -> Plan {
    Plan::new(Subject::Rjk, &["m1", "m2"])
        .httpd(|builder| builder.log_level("trace"))
        .directives("LogLevel trace8")
        .member("m1", "secret=hunter-one")
        .lb("secret=hunter-lb")
        .lb("retry_interval=1")
}

/// Served, failed in every phase, refused: the log at its deepest tells no secret.
#[test]
fn a_trace_log_and_the_status_page_tell_no_secret() -> Result {
    let mut farm = plan().start()?;
    let asked = |target: &str| {
        Request::new("POST", target)
            .header("Authorization", "Basic Z29tZTpjcmVk")
            .header("Cookie", "JSESSIONID=sesame-id.m1")
            .body("data")
    };
    assert_eq!(farm.who(&asked("/x"))?, "m1");
    assert_eq!(
        farm.last_request("m1")?.attribute("secret"),
        Some("hunter-one")
    );
    for behaviour in [
        Behaviour::ClosesBeforeAnswer,
        Behaviour::WrongMagic,
        Behaviour::UnknownPacket,
        Behaviour::HalfPacket,
        Behaviour::SplitsHeader,
    ] {
        farm.peer("m1")?.set(behaviour);
        farm.peer("m2")?.set(behaviour);
        farm.who(&asked("/x"))?;
    }
    farm.stop("m1")?;
    farm.stop("m2")?;
    farm.who(&asked("/x"))?;
    assert_eq!(
        farm.who(&asked("/x").header("X-Long", &"x".repeat(8100)))?,
        "413"
    );
    let page = farm.page()?.text();
    assert!(page.contains("m1"), "{page}");
    assert_silent("the page", &page);
    let log = farm.httpd.jk_log();
    assert!(
        log.contains("[trace]") || log.contains("[debug]"),
        "no depth: {log}"
    );
    assert_silent("the Jk log", &log);
    Ok(())
}

/// What is wrong with a line that holds a secret is said without it.
#[test]
fn a_check_of_the_configuration_tells_no_secret() -> Result {
    let lines = [
        // Set twice: a warning.
        "worker.w.secret=hunter-one\nworker.w.secret=hunter-two",
        // A name that nobody knows.
        "worker.w.secrt=hunter-one",
        "worker.w.sercet=hunter-two",
        // The name of another worker type.
        "worker.w.secretkey=hunter-one",
        // No equals sign.
        "worker.w.secret hunter-one",
        // A variable that is not there.
        "worker.w.secret=$(nowhere)hunter-one",
    ];
    for line in lines {
        let site = Httpd::builder(Subject::Rjk)
            .workers(format!("worker.list=w\nworker.w.port=8009\n{line}\n"));
        let (_, output) = site.configtest()?;
        assert!(output.contains("workers.properties"), "{line}: {output}");
        assert_silent(line, &output);
    }
    Ok(())
}

/// An error page of a worker that refuses us, and httpd's own, name no secret.
#[test]
fn error_pages_tell_no_secret() -> Result {
    let mut farm = plan().start()?;
    farm.stop("m1")?;
    farm.stop("m2")?;
    let answer = client::get(farm.httpd.port(), "/x")?;
    assert_eq!(answer.status, 503);
    assert_silent("the error page", &answer.text());
    Ok(())
}
