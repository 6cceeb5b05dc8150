//! The verbs that change members.

use super::losing::Losing;
use super::site::{Site, host, mod_jk, peers, same, url};
use crate::said::{Said, run};
use rjk_testbed::client::Request;
use rjk_testbed::{Context, Result};
use serde_json::Value;

/// A verb at the status workers `st` of both hosts.
fn verb(site: &Site, verb: &str, rest: &[&str]) -> Result<Said> {
    let urls = site.urls("/st");
    let words = [verb, &urls[0], &urls[1]];
    run(&[&words[..], rest].concat())
}

/// What each host says of its members: `ACT`, `DIS` or `STP`.
fn activations(site: &Site) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for index in 0..site.hosts.len() {
        let text = site.send(index, Request::get("/st?mime=json"))?.text();
        let json: Value = serde_json::from_str(&text)?;
        let members = json["balancers"][0]["members"]
            .as_array()
            .context("no members")?;
        let words = members
            .iter()
            .map(|member| member["activation"].as_str().unwrap_or_default());
        all.push(words.collect::<Vec<_>>().join(" "));
    }
    Ok(all)
}

#[test]
fn each_verb_changes_all_hosts() -> Result {
    let site = Site::start()?;
    let (one, two) = (site.label(0), site.label(1));
    for (word, was, now) in [
        ("drain", "ACT", "DIS"),
        ("stop", "DIS", "STP"),
        ("activate", "STP", "ACT"),
        ("disable", "ACT", "DIS"),
    ] {
        let said = verb(&site, word, &["lb", "m1"])?;
        let expected = [
            "HOST BALANCER MEMBER WAS NOW RESULT".to_owned(),
            format!("{one} lb m1 {was} {now} changed"),
            format!("{two} lb m1 {was} {now} changed"),
        ];
        assert_eq!(said.lines(), expected, "{word}: {said:?}");
        assert_eq!(said.code, Some(0), "{word}");
        let expected = format!("{now} ACT");
        assert_eq!(activations(&site)?, [expected.clone(), expected], "{word}");
    }
    // What is so already is left.
    let said = verb(&site, "disable", &["lb", "m1"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.lines()[1].ends_with("DIS DIS nothing to change"),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn drain_leaves_stopped_what_is() -> Result {
    let site = Site::start()?;
    verb(&site, "stop", &["lb", "m1"])?;
    let said = verb(&site, "drain", &["lb", "m1", "--wait"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.lines()[1].ends_with("STP STP nothing to change"),
        "{said:?}"
    );
    assert!(
        said.lines()[3].starts_with("busy 0 on all web hosts"),
        "{said:?}"
    );
    assert_eq!(activations(&site)?, ["STP ACT", "STP ACT"]);
    Ok(())
}

#[test]
fn reset_has_counts_begin_at_zero() -> Result {
    let site = Site::start()?;
    site.send(
        0,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m1"),
    )?;
    site.send(
        0,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m2"),
    )?;
    let said = verb(&site, "reset", &["lb", "m1"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.lines()[1],
        format!("{} lb m1 changed", site.label(0)),
        "{said:?}"
    );
    let status = verb(&site, "status", &[])?;
    assert!(
        status.lines()[1].contains("m1 m1 ACT OK/IDLE 0 0 0"),
        "{status:?}"
    );
    assert!(
        status.lines()[2].contains("m2 m2 ACT OK 0 1 0"),
        "{status:?}"
    );
    Ok(())
}

#[test]
fn a_dry_run_changes_nothing() -> Result {
    let site = Site::start()?;
    let said = verb(&site, "stop", &["lb", "m1", "--dry-run"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.lines()[1].ends_with("m1 ACT STP would change"),
        "{said:?}"
    );
    assert_eq!(activations(&site)?, ["ACT ACT", "ACT ACT"]);
    Ok(())
}

#[test]
fn the_last_usable_member_stays() -> Result {
    let site = Site::start()?;
    // On one host only: that is enough.
    run(&["disable", &site.urls("/st")[1], "lb", "m2"])?;
    for word in ["drain", "disable", "stop"] {
        let said = verb(&site, word, &["lb", "m1"])?;
        assert_eq!(said.code, Some(1), "{word}: {said:?}");
        let words = format!(
            "{}: nobody of lb would be left for new sessions: m2 (DIS, ",
            site.label(1)
        );
        assert!(said.err.contains("nothing was changed"), "{said:?}");
        assert!(said.err.contains(&words), "{said:?}");
        assert!(
            !said.err.contains(&format!("{}: ", site.label(0))),
            "{said:?}"
        );
        assert_eq!(said.out, "");
    }
    assert_eq!(activations(&site)?, ["ACT ACT", "ACT DIS"]);
    let said = verb(&site, "stop", &["lb", "m1", "--force"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(activations(&site)?, ["STP ACT", "STP DIS"]);
    Ok(())
}

#[test]
fn nothing_is_changed_unless_all_hosts_can_be() -> Result {
    let site = Site::start()?;
    let urls = site.urls("/st");
    let read_only = &site.urls("/ro")[1];
    let nobody = rjk_testbed::ports::refusing()?;
    let gone = format!("http://127.0.0.1:{}/st", nobody.port);
    let rows: [(&[&str], &str); 5] = [
        (&[&urls[0], read_only, "lb", "m1"], "read_only"),
        (&[&urls[0], &gone, "lb", "m1"], "nobody listens there"),
        (
            &[&urls[0], "lb", "m9"],
            "the balancer lb has no member m9; those that it has: m1 and m2",
        ),
        (
            &[&urls[0], "lb9", "m1"],
            "there is no balancer lb9; those that there are: lb",
        ),
        (
            &[&urls[0], &site.urls("/us")[1], "lb", "m1"],
            "list of users",
        ),
    ];
    for (words, text) in rows {
        let said = run(&[&["stop"], words].concat())?;
        assert_eq!(said.code, Some(1), "{words:?}: {said:?}");
        assert!(
            said.err.contains("nothing was changed") && said.err.contains(text),
            "{said:?}"
        );
    }
    assert_eq!(activations(&site)?, ["ACT ACT", "ACT ACT"]);
    Ok(())
}

/// The second host lets itself be looked at, and refuses the change.
#[test]
fn who_was_changed_and_who_was_not_is_said() -> Result {
    let peers = peers()?;
    let refusing = |builder: rjk_testbed::httpd::Builder| {
        builder.module("rewrite").directives(
            "RewriteEngine On\nRewriteCond %{QUERY_STRING} cmd=update\nRewriteRule ^/st - [F]",
        )
    };
    let hosts = vec![host(&peers, same)?, host(&peers, refusing)?];
    let site = Site { hosts, peers };
    let said = verb(&site, "stop", &["lb", "m1"])?;
    let (one, two) = (site.label(0), site.label(1));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(
        said.lines()[1],
        format!("{one} lb m1 ACT STP changed"),
        "{said:?}"
    );
    assert!(
        said.lines()[2].starts_with(&format!("{two} lb m1 ACT ACT not changed: 403")),
        "{said:?}"
    );
    assert_eq!(
        said.err,
        format!("rjk: as it should be: {one}; not: {two}\n")
    );
    assert_eq!(activations(&site)?, ["STP ACT", "ACT ACT"]);
    let said = verb(&site, "disable", &["lb", "m1", "--json"])?;
    let changes = &said.json()?["changes"];
    assert_eq!(changes[0]["result"], "changed");
    assert_eq!(changes[0]["was"], "STP");
    assert_eq!(changes[0]["now"], "DIS");
    assert_eq!(changes[1]["result"], "not_changed");
    assert_eq!(changes[1]["url"], url(&site.hosts[1], "/st"));
    assert!(
        changes[1]["problem"]
            .as_str()
            .is_some_and(|why| why.contains("403"))
    );
    Ok(())
}

/// A proxy in between that has its own idea of what was asked.
#[test]
fn what_was_not_carried_out_reads_so() -> Result {
    let peers = peers()?;
    let deaf = |builder: rjk_testbed::httpd::Builder| {
        builder.module("rewrite").directives(
            "RewriteEngine On\nRewriteCond %{QUERY_STRING} cmd=update\n\
             RewriteRule ^/st /st?cmd=version&mime=json [PT]",
        )
    };
    let web = host(&peers, deaf)?;
    let said = run(&["stop", &url(&web, "/st"), "lb", "m1"])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let words = "ACT ACT not changed: the status worker said OK, and it reads as before";
    assert!(said.lines()[1].ends_with(words), "{said:?}");
    assert!(said.err.contains("not as it should be: "), "{said:?}");
    Ok(())
}

/// The answer got lost, the change did not.
#[test]
fn what_was_carried_out_counts_though_its_answer_got_lost() -> Result {
    let site = Site::start()?;
    let through = Losing::start(site.hosts[0].port())?;
    let said = run(&[
        "stop",
        &through.url("/st"),
        "lb",
        "m1",
        "--answer-within",
        "1s",
    ])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.lines()[1].ends_with("ACT STP changed"), "{said:?}");
    assert_eq!(activations(&site)?[0], "STP ACT");
    Ok(())
}

#[test]
fn a_status_worker_of_mod_jk_is_left_alone() -> Result {
    let web = mod_jk()?;
    for verb in ["drain", "stop", "activate", "disable", "reset"] {
        let said = run(&[verb, &url(&web, "/st"), "lb", "m1"])?;
        assert_eq!(said.code, Some(1), "{verb}: {said:?}");
        assert!(
            said.err
                .contains("a status worker of mod_jk, which knows no mime=json"),
            "{said:?}"
        );
    }
    Ok(())
}

#[test]
fn each_verb_has_an_example() -> Result {
    for verb in [
        "status", "top", "drain", "disable", "stop", "activate", "reset",
    ] {
        let said = run(&[verb, "--help"])?;
        assert_eq!(said.code, Some(0), "{verb}");
        let example = format!("Example:\n  rjk {verb} ");
        assert!(said.out.contains(&example), "{verb}: {}", said.out);
    }
    Ok(())
}

#[test]
fn words_that_cannot_be() -> Result {
    let rows: [(&[&str], &str); 6] = [
        (&["stop", "lb", "m1", "m2"], "no web host"),
        (
            &["stop", "http://h/s", "http://i/s", "http://j/s"],
            "no balancer",
        ),
        (
            &["stop", "http://h/s", "http://i/s", "lb"],
            "no member of lb",
        ),
        (
            &["stop", "http://h/s", "lb", "m1", "m1"],
            "m1 is named twice",
        ),
        (
            &["drain", "http://h/s", "lb", "m1", "--idle", "5m"],
            "--wait",
        ),
        (
            &[
                "drain",
                "http://h/s",
                "lb",
                "m1",
                "--wait",
                "--idle",
                "5m",
                "--timeout",
                "5m",
            ],
            "longer --timeout",
        ),
    ];
    for (arguments, words) in rows {
        let said = run(arguments)?;
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
    Ok(())
}
