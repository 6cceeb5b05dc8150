//! `JkRequestLogFormat` (D-13, R-01…R-12, J-04): what stands in the line of a request.

use rjk_testbed::client::{self, Client, Request};
use rjk_testbed::farm::{Plan, vhost};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Head, Script, Step};
use rjk_testbed::{Farm, Httpd, Result, Subject, Table, both, on_mpm, wait};
use std::fs;
use std::path::Path;

both! {
    r01_to_r11_values r05_r08_r10_where_the_worker_comes_from d13_vhosts d13_text_and_stamp
    r12_a_format_with_a_mistake j07_long_lines_are_cut j03_values_stay_on_their_line
}

on_mpm! { Worker worker: r01_to_r11_values }
on_mpm! { Prefork prefork: r01_to_r11_values d13_vhosts }

/// All conversions; the request line comes last, for it may have the separator in it.
const ALL: &str = "JkRequestLogFormat \"req|%b|%B|%H|%m|%p|%q|%s|%U|%v|%V|%w|%R|%T|%r\"";

/// The request lines of a log in order, without stamp and mark, once there are `count`.
pub fn lines_of(log: &Path, count: usize) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    wait::until("the request lines", wait::SOON, || {
        let text = fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let found = text.lines().filter_map(|line| line.split_once("req|"));
        lines = found.map(|(_, line)| line.to_owned()).collect();
        lines.len() >= count
    })?;
    Ok(lines)
}

pub fn lines(httpd: &Httpd, count: usize) -> Result<Vec<String>> {
    lines_of(&httpd.path("logs/jk.log"), count)
}

/// Workers that answer with a text, with nothing, with an error page; one whose Tomcat is gone, and a
/// balancer.
pub fn plan(subject: Subject, change: impl FnOnce(Builder) -> Builder) -> Plan {
    let empty = [Step::ReadBody, Step::Head(Head::ok()), Step::End(true)];
    Plan::workers(subject, &["ok", "empty", "bad", "gone", "m1"])
        .script("ok", Script::answer(Head::ok(), "hello world"))
        .script("empty", Script::new(empty))
        .script("bad", Script::answer(Head::new(404), "not here"))
        .script("m1", Script::answer(Head::ok(), "member"))
        .line("worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=m1\nworker.m1.route=r1")
        .line("worker.gone.retries=1")
        .directives("ServerName main.test\nJkMount /lb/* lb")
        .httpd(|site| change(site.log_level("emerg")))
}

/// Sends one request after the other: a line is written when its response has gone out, which the client
/// may see before.
fn send_all(farm: &mut Farm, requests: &[Request]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (sent, request) in requests.iter().enumerate() {
        farm.send(request)?;
        found = lines(&farm.httpd, sent + 1)?;
    }
    assert_eq!(found.len(), requests.len());
    Ok(found)
}

/// Method, target, Host, and the values up to the worker's time and the request line.
#[rustfmt::skip]
const REQUESTS: [(&str, &str, &str, &str); 9] = [
    ("GET", "/ok/a?x=1&y=2", "rjk.test", "11|11|HTTP/1.1|GET|80|?x=1&y=2|200|/ok/a|main.test|rjk.test|ok|-"),
    ("GET", "/ok/a?", "rjk.test", "11|11|HTTP/1.1|GET|80|?|200|/ok/a|main.test|rjk.test|ok|-"),
    // G-05: the path is the one that was mapped.
    ("POST", "/ok//x/../a%20b;c=d", "rjk.test", "11|11|HTTP/1.1|POST|80||200|/ok/a b|main.test|rjk.test|ok|-"),
    ("HEAD", "/ok/a", "rjk.test", "-|0|HTTP/1.1|HEAD|80||200|/ok/a|main.test|rjk.test|ok|-"),
    // A body of no bytes is one.
    ("GET", "/empty/a", "other.test", "0|0|HTTP/1.1|GET|80||200|/empty/a|main.test|other.test|empty|-"),
    ("GET", "/bad/a", "rjk.test", "8|8|HTTP/1.1|GET|80||404|/bad/a|main.test|rjk.test|bad|-"),
    ("GET", "/lb/a", "rjk.test", "6|6|HTTP/1.1|GET|80||200|/lb/a|main.test|rjk.test|lb|r1"),
    ("OPTIONS", "/ok/a", "rjk.test", "11|11|HTTP/1.1|OPTIONS|80||200|/ok/a|main.test|rjk.test|ok|-"),
    ("GET", "/jkstatus", "other.test:99", "SIZE|SIZE|HTTP/1.1|GET|80||200|/jkstatus|main.test|other.test|st|-"),
];

fn r01_to_r11_values(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| site.directives(ALL)).start()?;
    let requests = REQUESTS.map(|(method, target, host, _)| {
        let request = Request::new(method, target).header("Host", host);
        if method == "POST" {
            request.body("abc")
        } else {
            request
        }
    });
    let lines = send_all(&mut farm, &requests)?;
    let mut table = Table::default();
    for (line, (method, target, _, expected)) in lines.iter().zip(REQUESTS) {
        let [front, duration, request_line] = last_two(line);
        let size = front.split('|').next().unwrap_or_default();
        let expected = expected.replace("SIZE", size);
        table.check(target, front, expected.as_str());
        table.check("R-05", request_line, format!("{method} {target} HTTP/1.1"));
        table.check(&format!("R-07 {duration}"), is_duration(duration), true);
    }
    let size = lines[8].split('|').next().unwrap_or_default();
    table.check(&format!("R-01 {size}"), size.parse::<u32>()? > 300, true);
    table.finish()
}

/// A line with its last two values apart.
fn last_two(line: &str) -> [&str; 3] {
    let mut parts = line.rsplitn(3, '|');
    let [last, before, front] = [(); 3].map(|()| parts.next().unwrap_or_default());
    [front, before, last]
}

/// Seconds with six decimals; the request was not slow.
fn is_duration(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, micros)| {
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        number(whole) < 10 && number(micros) < 1_000_000 && micros.len() == 6
    })
}

/// By a mount, by JK_WORKER_NAME, with HTTP/1.0, and where there is no such worker; R-03: a virtual host
/// with a port of its own.
fn r05_r08_r10_where_the_worker_comes_from(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        let format = "JkRequestLogFormat \"req|%w|%s|%U|%T|%H|%p\"";
        let by_env =
            "<Location /env>\nSetHandler jakarta-servlet\nSetEnv JK_WORKER_NAME ok\n</Location>";
        let rules = format!("{format}\nJkMount /ok/* ok\nJkMount /nosuch/* nosuch\n{by_env}");
        site.module("env").vhosts(vhost("rjk.test:4711", &rules))
    })
    .start()?;
    send_all(&mut farm, &["/env/x", "/nosuch/x"].map(Request::get))?;
    let mut old = Client::connect(farm.httpd.port())?;
    old.raw(b"GET /ok/old HTTP/1.0\r\n\r\n")?;
    assert_eq!(old.response("GET")?.status, 200);
    let lines = lines(&farm.httpd, 3)?;
    let timed = |line: &str| -> Vec<String> {
        line.split('|')
            .map(|field| {
                if field.starts_with("0.") {
                    "T".into()
                } else {
                    field.into()
                }
            })
            .collect()
    };
    let expected = [
        "ok|200|/env/x|T|HTTP/1.1|4711",
        "nosuch|500|/nosuch/x|-|HTTP/1.1|4711",
        "ok|200|/ok/old|T|HTTP/1.0|4711",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert_eq!(timed(line).join("|"), expected);
    }
    Ok(())
}

/// J-09: a virtual host has its own format and file, or the main server's.
fn d13_vhosts(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.directives(format!(
            "{}\nJkMountCopy All",
            "JkRequestLogFormat \"req|main|%V\""
        ))
        .vhosts(vhost("inherits", ""))
        .vhosts(vhost("own", "JkRequestLogFormat \"req|own|%V\""))
        .vhosts(vhost("file", "JkLogFile logs/own.log"))
        .vhosts(vhost("broken", "JkRequestLogFormat \"req|%x\""))
    })
    .start()?;
    let hosts = ["inherits", "own", "file", "broken"];
    for host in hosts {
        let response = farm.send(&Request::get("/ok/a").header("Host", host))?;
        assert_eq!(response.text(), "hello world", "{host}");
    }
    let mut main = lines(&farm.httpd, 2)?;
    main.sort();
    assert_eq!(main, ["main|inherits", "own|own"]);
    let own = lines_of(&farm.httpd.path("logs/own.log"), 1)?;
    assert_eq!(own, ["main|file"]);
    Ok(())
}

/// Only the stamp stands in front; a backslash in front of a backslash, n or t is a sign, any other is
/// itself.
fn d13_text_and_stamp(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.directives(
            "JkLogStampFormat \"<%Y> \"\nJkRequestLogFormat 'req|\"%s\"\\t\\x|é\\nline'",
        )
    })
    .start()?;
    farm.send(&Request::get("/ok/a"))?;
    assert_eq!(lines(&farm.httpd, 1)?, ["\"200\"\t\\x|é"]);
    let text = farm.httpd.jk_log();
    let from = text.find("<20").unwrap_or(text.len());
    let year = text.get(from + 1..from + 5).unwrap_or_default();
    assert!(year.parse::<u32>().is_ok(), "{text}");
    assert_eq!(
        &text[from..],
        format!("<{year}> req|\"200\"\t\\x|é\nline\n")
    );
    Ok(())
}

/// The site starts, the error log says what is wrong, and no lines are written.
fn r12_a_format_with_a_mistake(subject: Subject) -> Result {
    for format in ["%x", "100%", "%%", "%{Foo}i", "%>s", "%200s", "%w %!200s"] {
        let plan = plan(subject, |site| {
            site.directives(format!("JkRequestLogFormat \"req|{format}\""))
        });
        let mut farm = plan.start()?;
        assert!(farm.httpd.configtest()?.0, "{format}");
        assert_eq!(farm.send(&Request::get("/ok/a"))?.status, 200, "{format}");
        let log = farm.httpd.error_log();
        let said = log
            .lines()
            .filter(|line| line.contains("JkRequestLogFormat"));
        assert!(said.count() >= 1, "J-11 {format}: {log}");
        if subject == Subject::Rjk {
            let place = log
                .lines()
                .any(|line| line.contains("httpd.conf:") && line.contains("is no conversion"));
            assert!(place, "{format}: {log}");
        }
        farm.httpd.access_lines(1)?;
        assert!(!farm.httpd.jk_log().contains("req|"), "{format}");
    }
    let empty = plan(subject, |site| site.directives("JkRequestLogFormat \"\""));
    let (_members, site) = empty.members()?;
    let (accepted, text) = site.configtest()?;
    assert!(
        !accepted && text.contains("JkRequestLogFormat takes one argument"),
        "{text}"
    );
    Ok(())
}

/// A line that is too long is cut, stamp included, and says so.
fn j07_long_lines_are_cut(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.directives("JkLogStampFormat \"<%Y> \"\nJkRequestLogFormat \"req|%s|%U|%r\"")
    })
    .start()?;
    // A path whose line just fits, and one that is two longer.
    let around = "<2026> req|200||GET  HTTP/1.1".len();
    let path = format!("/ok/{}", "x".repeat((1020 - around) / 2 - "/ok/".len()));
    let requests = [Request::get(&path), Request::get(&format!("{path}xx"))];
    let lines = send_all(&mut farm, &requests)?;
    assert_eq!(lines[0], format!("200|{path}|GET {path} HTTP/1.1"));
    let cut = format!("200|{path}xx|GET {path}xx HTTP/1.1");
    assert_eq!(
        lines[1],
        format!("{}...", &cut[..1021 - "<2026> req|...".len()])
    );
    Ok(())
}

/// Each client's text ends at its line's end. mod_jk writes it as it is.
fn j03_values_stay_on_their_line(subject: Subject) -> Result {
    let mut farm = plan(subject, |site| {
        site.directives("JkRequestLogFormat 'req|\"%U\" %s'")
    })
    .start()?;
    let target = "/ok/%0a[Sun]%20req|forged%22%20500%1b%5c%c3%a9%ff";
    assert_eq!(farm.send(&Request::get(target))?.status, 200);
    let lines = lines(&farm.httpd, if subject == Subject::Rjk { 1 } else { 2 })?;
    match subject {
        Subject::Rjk => assert_eq!(
            lines,
            ["\"/ok/\\n[Sun] req|forged\\\" 500\\x1b\\\\é\\xff\" 200"]
        ),
        Subject::ModJk => assert!(lines[1].starts_with("forged\" 500\x1b\\é"), "{lines:?}"),
    }
    Ok(())
}

#[test]
fn j01_j07_through_a_pipe() -> Result {
    let mut farm = plan(Subject::Rjk, |site| {
        site.directives(
            "JkRequestLogFormat \"req|%U|%r\"\nJkLogFile \"|/usr/bin/tee -a @ROOT@/logs/piped.log\"",
        )
    })
    .start()?;
    let piped = farm.httpd.path("logs/piped.log");
    farm.send(&Request::get("/ok/a"))?;
    assert_eq!(lines_of(&piped, 1)?, ["/ok/a|GET /ok/a HTTP/1.1"]);
    farm.send(&Request::get(&format!("/ok/{}", "x".repeat(3500))))?;
    let lines = lines_of(&piped, 2)?;
    assert!(
        lines[1].len() < 1021 && lines[1].ends_with("xx..."),
        "{lines:?}"
    );
    Ok(())
}

/// The lines of many clients at once, of two children, are whole.
#[test]
fn j03_lines_of_many_clients() -> Result {
    let farm = plan(Subject::Rjk, |site| {
        site.server_limit(2)
            .start_servers(2)
            .directives("JkRequestLogFormat \"req|%q|%U|%s\"")
    })
    .start()?;
    let path = format!("/ok/{}", "x".repeat(900));
    let port = farm.httpd.port();
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let path = path.clone();
            std::thread::spawn(move || -> Result {
                for turn in 0..20 {
                    client::get(port, &format!("{path}?{client}-{turn}"))?;
                }
                Ok(())
            })
        })
        .collect();
    for client in clients {
        client
            .join()
            .map_err(|_| rjk_testbed::Error::msg("a client failed"))??;
    }
    let mut lines = lines(&farm.httpd, 160)?;
    lines.sort();
    let mut expected: Vec<String> = (0..8)
        .flat_map(|client| (0..20).map(move |turn| (client, turn)))
        .map(|(client, turn)| format!("?{client}-{turn}|{path}|200"))
        .collect();
    expected.sort();
    assert_eq!(lines, expected);
    Ok(())
}
