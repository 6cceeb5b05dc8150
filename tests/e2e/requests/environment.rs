//! What environment variables change of a request: indicators, JK_… and JkEnvVar
//! (D-18…D-26, D-37, E-03…E-10).

use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::vhost;
use rjk_testbed::peer::{Behaviour, Forwarded, Script};
use rjk_testbed::{Farm, Httpd, Peer, Result, Subject, Table, both, on_mpm};
use std::fmt::Write;
use std::time::{Duration, Instant};

both! {
    d19_to_d26_overrides d37_env_vars
    e03_reply_timeout e04_e05_sticky_and_stateless e06_route d18_request_id
}
on_mpm! { Worker worker: e03_reply_timeout e06_route d18_request_id }
on_mpm! { Prefork prefork: e03_reply_timeout d18_request_id }

/// Lets a request set a variable: `X-Set-NAME: =value` does, and `=` alone makes it empty.
pub fn settable(names: &[&str]) -> String {
    names.iter().fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "SetEnvIf X-Set-{name} \"^=(.*)$\" \"{name}=$1\"");
        text
    })
}

pub fn setting(host: &str, name: &str, value: &str) -> Request {
    Request::get("/app/x")
        .header("Host", host)
        .header(&format!("X-Set-{name}"), &format!("={value}"))
}

/// How a value shows itself in what the peer saw.
pub type Show = fn(&Forwarded) -> String;

pub fn or_null(value: Option<&str>) -> String {
    value.unwrap_or("null").to_owned()
}

pub fn attribute(request: &Forwarded, name: &str) -> String {
    if request.has_attribute(name) {
        or_null(request.attribute(name))
    } else {
        "absent".to_owned()
    }
}

/// Row, directive, default variable, what it changes, a value, and what an empty one makes of it.
const OVERRIDES: [(&str, &str, &str, Show, &str, &str); 8] = [
    (
        "D-19",
        "JkRemoteAddrIndicator",
        "JK_REMOTE_ADDR",
        |r| or_null(r.remote_addr.as_deref()),
        "192.0.2.7",
        "null",
    ),
    (
        "D-20",
        "JkRemotePortIndicator",
        "JK_REMOTE_PORT",
        |r| attribute(r, "AJP_REMOTE_PORT"),
        "777",
        "null",
    ),
    (
        "D-21",
        "JkRemoteHostIndicator",
        "JK_REMOTE_HOST",
        |r| or_null(r.remote_host.as_deref()),
        "client.test",
        "null",
    ),
    (
        "D-22",
        "JkRemoteUserIndicator",
        "JK_REMOTE_USER",
        |r| attribute(r, "remote_user"),
        "ann",
        "absent",
    ),
    (
        "D-23",
        "JkAuthTypeIndicator",
        "JK_AUTH_TYPE",
        |r| attribute(r, "auth_type"),
        "Own",
        "absent",
    ),
    (
        "D-24",
        "JkLocalNameIndicator",
        "JK_LOCAL_NAME",
        |r| or_null(r.server_name.as_deref()),
        "front.test",
        "",
    ),
    (
        "D-25",
        "JkLocalAddrIndicator",
        "JK_LOCAL_ADDR",
        |r| attribute(r, "AJP_LOCAL_ADDR"),
        "192.0.2.8",
        "",
    ),
    (
        "D-26",
        "JkLocalPortIndicator",
        "JK_LOCAL_PORT",
        |r| r.server_port.to_string(),
        "4711",
        "0",
    ),
];

fn d19_to_d26_overrides(subject: Subject) -> Result {
    let defaults: Vec<&str> = OVERRIDES.iter().map(|row| row.2).collect();
    let mut own = settable(&["MY_VAR"]);
    let mut renamed = settable(&defaults);
    for (_, directive, name, ..) in OVERRIDES {
        own.push_str(&settable(&[&format!("MY_{name}")]));
        let _ = writeln!(renamed, "{directive} MY_{name}");
    }
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .directives(&renamed)
            .vhosts(vhost(
                "renamed.test",
                &format!("{own}{renamed}JkMount /app/* w"),
            ))
            .vhosts(vhost("inherits.test", &format!("{own}JkMount /app/* w")))
    })?;
    let plain = Farm::alone(subject, |site| {
        site.module("setenvif")
            .directives(settable(&defaults))
            .directives("JkMount /app/* w")
    })?;
    let mut table = Table::default();
    for (row, _, name, show, value, empty) in OVERRIDES {
        let my_name = format!("MY_{name}");
        let unset = show(&plain.forwarded(setting("rjk.test", "NONE", ""))?);
        for (site, host, name) in [
            (&plain, "rjk.test", name),
            (&site, "renamed.test", my_name.as_str()),
            (&site, "inherits.test", my_name.as_str()),
        ] {
            // BG-13: mod_jk does not inherit JkLocalAddrIndicator.
            if (subject, row, host) == (Subject::ModJk, "D-25", "inherits.test") {
                continue;
            }
            let got = show(&site.forwarded(setting(host, name, value))?);
            table.check(&format!("{row} {host}"), got.as_str(), value);
            table.check(&format!("{row} {host} differs"), got == unset, false);
            let got = show(&site.forwarded(setting(host, name, ""))?);
            table.check(&format!("{row} {host} empty"), got.as_str(), empty);
        }
        // The default name means nothing once another one is set.
        let got = show(&site.forwarded(setting("renamed.test", name, value))?);
        table.check(&format!("{row} renamed"), got == value, false);
    }
    table.finish()?;
    site.httpd.assert_clean();
    plain.httpd.assert_clean();
    Ok(())
}

fn d37_env_vars(subject: Subject) -> Result {
    let names = ["PLAIN", "DEFAULTED", "MAIN", "Mixed"];
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .directives("JkEnvVar MAIN main\nJkEnvVar DEFAULTED of-main\nJkEnvVar SERVER_ADDR")
            .vhosts(vhost(
                "own.test",
                &format!(
                    "{}JkEnvVar PLAIN\nJkEnvVar DEFAULTED dflt\nJkEnvVar EMPTY \"\"\n\
                     JkEnvVar Mixed m\nJkMount /app/* w",
                    settable(&names)
                ),
            ))
            .vhosts(vhost("none.test", "JkMount /app/* w"))
    })?;
    let sent = |request: Request| -> Result<Vec<String>> {
        let forwarded = site.forwarded(request)?;
        let of_server = |name: &str| name.starts_with("AJP_") || name.starts_with("JK_LB");
        Ok(forwarded
            .attributes
            .iter()
            .filter(|attribute| attribute.code == 0x0A && !of_server(&attribute.name))
            .map(|a| format!("{}={}", a.name, or_null(a.value.as_deref())))
            .collect())
    };
    let defaults = [
        "DEFAULTED=dflt",
        "Mixed=m",
        "MAIN=main",
        "SERVER_ADDR=127.0.0.1",
    ];
    let mut table = Table::default();
    let own = |name: &str, value: &str| sent(setting("own.test", name, value));
    // Own ones first, then inherited ones; an empty default is none; a CGI variable is there.
    table.check("D-37 defaults", own("NONE", "")?, defaults.to_vec());
    table.check(
        "D-37 value",
        own("PLAIN", "1")?,
        [&["PLAIN=1"][..], &defaults].concat(),
    );
    table.check(
        "D-37 empty value wins",
        own("DEFAULTED", "")?,
        vec![
            "DEFAULTED=",
            "Mixed=m",
            "MAIN=main",
            "SERVER_ADDR=127.0.0.1",
        ],
    );
    table.check(
        "D-37 inherited",
        sent(Request::get("/app/x").header("Host", "none.test"))?,
        vec!["MAIN=main", "DEFAULTED=of-main", "SERVER_ADDR=127.0.0.1"],
    );
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// E-03: the variable beats rule and worker; a negative value is ignored.
fn e03_reply_timeout(subject: Subject) -> Result {
    let site = Farm::with_workers(subject, "worker.w.retries=1\n", |site| {
        site.module("setenvif").directives(format!(
            "{}JkMount /app/* w\nJkMount /rule/* w;reply_timeout=150",
            settable(&["JK_REPLY_TIMEOUT"])
        ))
    })?;
    site.w().set(Behaviour::Stalls);
    for (target, value) in [("/app/x", "150"), ("/rule/x", "-1")] {
        let began = Instant::now();
        let request = Request::get(target).header("X-Set-JK_REPLY_TIMEOUT", &format!("={value}"));
        let seen = site.ask(request)?;
        assert_eq!(seen.response.status, 504, "E-03 X-01 {target} {value}");
        assert!(began.elapsed() < Duration::from_secs(10), "E-03 {value}");
    }
    let slow = Script::new([
        rjk_testbed::peer::Step::Sleep(Duration::from_millis(400)),
        rjk_testbed::peer::Step::Echo,
    ]);
    site.w().set(slow);
    // `x` counts as 0, which is no limit.
    for value in ["0", "x", "20000"] {
        let request =
            Request::get("/rule/x").header("X-Set-JK_REPLY_TIMEOUT", &format!("={value}"));
        let seen = site.ask(request)?;
        assert_eq!(seen.response.status, 200, "E-03 {value}");
    }
    Ok(())
}

/// Empty and every number but 0 are true; what is no number counts as 0.
fn e04_e05_sticky_and_stateless(subject: Subject) -> Result {
    let (first, second) = (
        Peer::named("m1", Script::default())?,
        Peer::named("m2", Script::default())?,
    );
    let httpd = Httpd::builder(subject)
        .workers(format!(
            "worker.list=lb\n{}{}worker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n\
             worker.lb.method=S\n",
            first.worker("m1"),
            second.worker("m2")
        ))
        .module("setenvif")
        .access_log("%{JK_LB_LAST_SESSIONS}n")
        .directives(format!(
            "{}JkMount /app/* lb\nJkMount /ignore/* lb;sticky_ignore=1",
            settable(&["JK_STICKY_IGNORE", "JK_STATELESS"])
        ))
        .start()?;
    let mut table = Table::default();
    for (target, value, sticks) in [
        ("/app/x", None, true),
        ("/app/x", Some("0"), true),
        ("/app/x", Some("true"), true),
        ("/app/x", Some(""), false),
        ("/app/x", Some("1"), false),
        ("/app/x", Some("-1"), false),
        ("/ignore/x", None, false),
        ("/ignore/x", Some("0"), true),
    ] {
        let mut seen = Vec::new();
        for _ in 0..4 {
            let request = Request::get(target).header("Cookie", "JSESSIONID=x.m2");
            let request = match value {
                Some(value) => request.header("X-Set-JK_STICKY_IGNORE", &format!("={value}")),
                None => request,
            };
            let response = client::send(httpd.port(), request)?;
            seen.push(response.field("peer").unwrap_or_default());
        }
        let stuck = seen.iter().all(|member| member == "m2");
        table.check(&format!("E-04 {target} {value:?} {seen:?}"), stuck, sticks);
    }
    // E-05: the same truth; a stateless request is no new session. One connection, so that the log
    // lines come in order.
    let before = httpd.access_lines(32)?.len();
    let mut client = client::Client::connect(httpd.port())?;
    let values = ["=1", "=", "=0", "=x"];
    for value in values {
        for _ in 0..2 {
            let request = Request::get("/app/x").header("X-Set-JK_STATELESS", value);
            client.send(&request)?;
        }
    }
    drop(client);
    let lines = httpd.access_lines(before + 8)?;
    let sessions: Vec<u64> = lines[before..]
        .iter()
        .map(|line| line.parse().unwrap_or(0))
        .collect();
    let (stateless, counted) = sessions.split_at(4);
    table.check("E-05 true", stateless[..2] == stateless[2..], true);
    let grew = counted.iter().sum::<u64>() > stateless.iter().sum::<u64>();
    table.check(&format!("E-05 false {sessions:?}"), grew, true);
    table.finish()?;
    httpd.assert_clean();
    Ok(())
}

fn e06_route(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .access_log("%{JK_WORKER_ROUTE}n")
            .directives(format!("{}JkMount /app/* w", settable(&["JK_ROUTE"])))
    })?;
    for (value, expected) in [("r1", "r1"), ("", "absent")] {
        let forwarded = site.forwarded(setting("rjk.test", "JK_ROUTE", value))?;
        assert_eq!(attribute(&forwarded, "route"), expected, "E-06 AT-05");
    }
    assert_eq!(site.sorted_log(2)?, ["-", "r1"], "T-04");
    site.httpd.assert_clean();
    Ok(())
}

/// D-18, E-09, J-06: the id in log lines. mod_jk 1.2.48 has none, nor the directive.
fn d18_request_id(subject: Subject) -> Result {
    if subject == Subject::ModJk {
        let (accepted, text) = rjk_testbed::Httpd::builder(subject)
            .directives("JkRequestIdIndicator MY_ID")
            .configtest()?;
        assert!(!accepted, "the oracle learnt it: {text}");
        return Ok(());
    }
    let rules = format!("{}JkMount /app/* nosuch", settable(&["UNIQUE_ID", "MY_ID"]));
    let site = Farm::alone(subject, |site| {
        site.module("setenvif")
            .vhosts(vhost("plain.test", &rules))
            .vhosts(vhost(
                "own.test",
                &format!("JkRequestIdIndicator MY_ID\n{rules}"),
            ))
    })?;
    for (host, name, value, id) in [
        ("plain.test", "UNIQUE_ID", "id-one", "[id-one]"),
        ("plain.test", "MY_ID", "id-none", "[NO-ID]"),
        ("own.test", "MY_ID", "id-two", "[id-two]"),
        ("own.test", "UNIQUE_ID", "id-three", "[id-three]"),
        ("own.test", "MY_ID", "", "[NO-ID]"),
    ] {
        let before = site.httpd.jk_log().len();
        assert_eq!(site.ask(setting(host, name, value))?.outcome(), "500");
        let log = site.httpd.jk_log();
        let line = &log[before..];
        assert!(line.contains(id), "D-18 {host} {name}={value}: {line}");
    }
    Ok(())
}
