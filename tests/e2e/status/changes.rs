//! What a change does, for whom it is done, and what is written down of it (CM-04…CM-06, V-10…V-30, C-04).

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Peer, Plan, Result, Subject, both};

both! {
    v10_a_stopped_member_gets_nothing v21_a_worker_moves cm06_a_recovered_member_is_tried
    cm04_all_children_follow h10_a_restart_takes_changes_back c02_a_body_is_no_query
}

const OK: &str = "Result: type=OK message=\"Action finished\"\n";

fn served_by(site: &Site, target: &str) -> Result<String> {
    let answer = site.send(Request::get(target))?;
    Ok(answer
        .field("peer")
        .unwrap_or_else(|| answer.status.to_string()))
}

fn v10_a_stopped_member_gets_nothing(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    assert_eq!(served_by(&site, "/app/x")?, "m1", "the nearest");
    let stop = site.ask("cmd=update&mime=txt&w=lb&sw=m1&vwa=stopped")?;
    assert_eq!(stop, OK);
    for _ in 0..3 {
        assert_eq!(served_by(&site, "/app/x")?, "m3");
    }
    let start = site.ask("cmd=update&mime=txt&w=lb&sw=m*&vwa=0")?;
    assert_eq!(start, OK);
    assert_ne!(
        served_by(&site, "/app/x")?,
        "m3",
        "m2 was disabled and is nearer"
    );
    site.httpd.assert_clean();
    Ok(())
}

fn v21_a_worker_moves(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    let other = Peer::named("other", Behaviour::Echo)?;
    assert_eq!(served_by(&site, "/alone/x")?, "alone");
    let move_it = format!("cmd=update&mime=txt&w=alone&vaprt={}", other.port());
    assert_eq!(site.ask(&move_it)?, OK);
    assert_eq!(served_by(&site, "/alone/x")?, "other");
    assert_eq!(site.value("alone.port")?, other.port().to_string());
    let move_member = format!("cmd=update&mime=txt&w=lb&sw=m1&vaprt={}", other.port());
    assert_eq!(site.ask(&move_member)?, OK);
    assert_eq!(served_by(&site, "/app/x")?, "other");
    site.httpd.assert_clean();
    Ok(())
}

fn cm06_a_recovered_member_is_tried(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    site.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(served_by(&site, "/app/x")?, "m3");
    assert_eq!(site.value("m1.state")?, "ERR");
    site.peer("m1")?.set(Behaviour::Echo);
    assert_eq!(served_by(&site, "/app/x")?, "m3", "not before recover_time");
    assert_eq!(site.ask("cmd=recover&mime=txt&w=lb&sw=m1")?, OK);
    assert_eq!(site.value("m1.state")?, "ERR/REC");
    assert_eq!(served_by(&site, "/app/x")?, "m1");
    assert_eq!(site.value("m1.state")?, "OK");
    site.httpd.assert_clean();
    Ok(())
}

/// A change that one child is asked for counts for the next request of each.
fn cm04_all_children_follow(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .httpd(|builder| {
            // The event MPM may close an idle connection of a busy child.
            builder
                .mpm(Mpm::Worker)
                .start_servers(3)
                .server_limit(3)
                .threads_per_child(32)
        })
        .start()?;
    let mut clients = farm.one_per_child(3)?;
    for (name, other) in [("m1", "m2"), ("m2", "m1")] {
        let both = "/jkstatus?cmd=update&mime=prop&w=lb&att=vwa";
        let (first, second) = if name == "m1" { ("s", "a") } else { ("a", "s") };
        let target = format!("{both}&val0={first}&val1={second}");
        for client in clients.values_mut().take(1) {
            let answer = client.send(&Request::get(&target))?;
            assert_eq!(answer.field("worker.result.type").as_deref(), Some("OK"));
        }
        for client in clients.values_mut() {
            for _ in 0..3 {
                let answer = client.send(&Request::get("/x"))?;
                assert_eq!(
                    answer.field("peer").as_deref(),
                    Some(other),
                    "{name} stopped"
                );
            }
        }
    }
    farm.httpd.assert_clean();
    Ok(())
}

fn h10_a_restart_takes_changes_back(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    assert_eq!(
        site.ask("cmd=update&mime=txt&w=lb&sw=m1&vwa=s&vwn=elsewhere&vart=1")?,
        OK
    );
    assert_eq!(site.value("m1.route")?, "elsewhere");
    site.httpd.graceful()?;
    let value = |key: &str| site.value(key);
    let now = (
        value("m1.activation")?,
        value("m1.route")?,
        value("m1.reply_timeout")?,
    );
    assert_eq!(now, ("ACT".into(), "m1".into(), "30000".into()));
    site.httpd.assert_clean();
    Ok(())
}

/// Only the query string counts, whatever the method is.
fn c02_a_body_is_no_query(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    let form = "cmd=update&w=lb&sw=m1&vwa=stopped&mime=txt";
    let answer = site.send(Request::new("POST", "/st?cmd=version&mime=prop").body(form))?;
    assert_eq!(answer.field("worker.result.type").as_deref(), Some("OK"));
    assert_eq!(site.value("m1.activation")?, "ACT");
    let answer = site.send(Request::new("POST", &format!("/st?{form}")).body("x"))?;
    assert_eq!(answer.text(), OK);
    assert_eq!(site.value("m1.activation")?, "STP");
    site.httpd.assert_clean();
    Ok(())
}

/// What is written down: old and new value, who and from where; nothing of what did not change.
#[test]
fn cm04_each_change_has_a_line() -> Result {
    let site = Site::with(Subject::Rjk, |builder| {
        builder
            .module("setenvif")
            .directives("SetEnvIf X-User (.+) JK_REMOTE_USER=$1")
    })?;
    let asked = [
        ("cmd=update&w=lb&vlr=5&vls=1&vlm=B", "ann"),
        ("cmd=update&w=lb&sw=m1&vwn=new&vwf=3&vart=0", ""),
        ("cmd=update&w=lb&att=vwd&val1=4&val2=2", "bob"),
        ("cmd=update&w=alone&vahst=localhost", "ann"),
        ("cmd=reset&w=lb&sw=m2", "ann"),
        ("cmd=reset&w=alone", ""),
    ];
    for (query, user) in asked {
        let request = Request::get(&format!("/st?mime=prop&{query}")).header("X-User", user);
        let answer = site.send(request)?;
        assert_eq!(
            answer.field("worker.result.type").as_deref(),
            Some("OK"),
            "{query}"
        );
    }
    let said = |line: String| {
        line.split_once("status worker st: ")
            .map(|(_, text)| text.to_owned())
    };
    let lines: Vec<String> = site
        .log_lines(&["[info]", "status worker"])
        .into_iter()
        .filter_map(said)
        .collect();
    let (alone, from) = (site.peer("alone")?.port(), "from 127.0.0.1");
    let expected = [
        format!("balancer lb: retries '2' -> '5', by ann {from}"),
        format!("balancer lb: method 'Request' -> 'Busyness', by ann {from}"),
        format!("member m1 of balancer lb: route 'm1' -> 'new', by - {from}"),
        format!("member m1 of balancer lb: reply_timeout '30000' -> '0', by - {from}"),
        format!("member m2 of balancer lb: distance '0' -> '4', by bob {from}"),
        format!(
            "worker alone: host:port '127.0.0.1:{alone}' -> 'localhost:{alone}', by ann {from}"
        ),
        format!("member m2 of balancer lb: statistics begin anew, by ann {from}"),
        format!("worker alone: statistics begin anew, by - {from}"),
    ];
    assert_eq!(lines, expected);
    site.httpd.assert_clean();
    Ok(())
}

/// What cannot be is left as it is, and said in the log; mod_jk takes an unknown word for the first choice.
#[test]
fn v10_an_unknown_word_changes_nothing() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let all = "cmd=show&w=lb&mime=txt&opt=2&sw=m2";
    let before = site.ask(all)?;
    let queries = [
        ("w=lb&sw=m2&vwa=x", "vwa=x"),
        ("w=lb&sw=m2&vwa=", "vwa="),
        ("w=lb&vlm=zz", "vlm=zz"),
        ("w=lb&vll=q", "vll=q"),
        ("w=lb&sw=m2&vaprt=99999", "vaprt=99999"),
        ("w=lb&sw=m2&vaprt=x", "vaprt=x"),
        ("w=lb&sw=m2&vaprt=", "vaprt="),
        ("w=lb&sw=m2&vabl=99999999999", "vabl=99999999999"),
        ("w=lb&sw=m2&vwf=0", "vwf=0"),
        ("w=lb&att=vwa&val1=x", "vwa=x"),
    ];
    let steady = |text: String| -> String {
        text.lines()
            .filter(|line| !line.starts_with("Time:"))
            .map(steady_words)
            .collect()
    };
    let before = steady(before);
    for (query, said) in queries {
        assert_eq!(site.ask(&format!("cmd=update&mime=txt&{query}"))?, OK);
        assert_eq!(steady(site.ask(all)?), before, "{query}");
        let lines = site.log_lines(&["[warn]", &format!("{said} cannot be and is ignored")]);
        assert!(!lines.is_empty(), "{query}: {}", site.httpd.jk_log());
    }
    site.httpd.assert_clean();
    Ok(())
}

/// A line without what changes by itself.
fn steady_words(line: &str) -> String {
    let passes = |word: &&str| !word.starts_with("time_to") && !word.starts_with("last_reset");
    let words: Vec<&str> = line.split(' ').filter(passes).collect();
    words.join(" ") + "\n"
}

/// BG-22: a question mark stands for one byte; a field that is given twice counts as it comes last.
#[test]
fn bg22_what_does_not_work_with_mod_jk() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for (pattern, expected) in [("m?", ["DIS"; 3]), ("?1", ["ACT", "DIS", "DIS"])] {
        let word = if pattern == "m?" { "d" } else { "a" };
        let answer = site.ask(&format!("cmd=update&mime=txt&w=lb&sw={pattern}&vwa={word}"))?;
        assert_eq!(answer, OK);
        let now: Vec<String> = ["m1", "m2", "m3"]
            .iter()
            .map(|name| site.value(&format!("{name}.activation")))
            .collect::<Result<_>>()?;
        assert_eq!(now, expected, "{pattern}");
    }
    assert_eq!(site.ask("cmd=update&mime=txt&w=lb&vlf=0&vls=0&vls=1")?, OK);
    assert_eq!(site.value("lb.sticky_session")?, "True");
    assert_eq!(site.value("lb.sticky_session_force")?, "False");
    // An address that does not change is not looked up, and nothing is closed.
    let same = format!("vahst=127.0.0.1&vaprt={}", site.peer("alone")?.port());
    served_by(&site, "/alone/x")?;
    assert_eq!(
        site.ask(&format!("cmd=update&mime=txt&w=alone&{same}"))?,
        OK
    );
    served_by(&site, "/alone/x")?;
    assert_eq!(site.peer("alone")?.connections(), 1);
    site.httpd.assert_clean();
    Ok(())
}

/// BG-03: mod_jk's child crashes.
#[test]
fn bg03_v30_packets_of_a_worker_by_itself() -> Result {
    let site = Site::start(Subject::Rjk)?;
    assert_eq!(site.ask("cmd=update&mime=txt&w=alone&vamps=10000")?, OK);
    assert_eq!(site.value("alone.max_packet_size")?, "10240");
    let long = "x".repeat(4600);
    let request = Request::get("/alone/x").headers(&[("X-One", &long), ("X-Two", &long)]);
    assert_eq!(site.send(request)?.field("peer").as_deref(), Some("alone"));
    site.httpd.assert_clean();
    Ok(())
}

/// A failed bulk edit says so; mod_jk's result is OK.
#[test]
fn s64_a_bulk_edit_that_fails_in_part_says_so() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let long = "r".repeat(64);
    let query = format!("cmd=update&mime=txt&w=lb&att=vwn&val0={long}&val1=fits");
    let answer = site.ask(&query)?;
    let expected = format!(
        "Result: type=ERROR message=\"Update failed (at least partially): new route '{long}' too long \
         for sub worker 'm1', see log file for details.\"\n"
    );
    assert_eq!(answer, expected);
    assert_eq!(site.value("m2.route")?, "fits");
    assert_eq!(site.value("m1.route")?, "m1");
    site.httpd.assert_clean();
    Ok(())
}

/// C-11: a value cannot begin a line of its own, or an element.
#[test]
fn c11_bg20_values_stay_values() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let route = "a%0aworker.m3.state=OK%3Cb%3E%22%26%27";
    assert_eq!(
        site.ask(&format!("cmd=update&mime=txt&w=lb&sw=m1&vwn={route}"))?,
        OK
    );
    assert_eq!(site.value("m1.route")?, "a@worker.m3.state=OK@b@@&'");
    let xml = site.ask("cmd=show&w=lb&mime=xml&opt=2")?;
    assert!(
        xml.contains("\n        route=\"a@worker.m3.state=OK@b@@&amp;'\"\n"),
        "{xml}"
    );
    site.httpd.assert_clean();
    Ok(())
}
