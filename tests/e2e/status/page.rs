//! The status worker's page: content, user list, escaping (S-01…S-04, C-12, CV-12).

use rjk_testbed::client::{Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, client};

fn site(peer: &Peer, status: &str) -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers(format!(
            "worker.list=lb,alone,s\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n{}{}\
             worker.m1.route=r1\nworker.m2.activation=disabled\n{}worker.s.type=status\n{status}",
            peer.worker("m1"),
            peer.worker("m2"),
            peer.worker("alone"),
        ))
        .directives("JkMount /app/* lb\nJkMount /alone/* alone\nJkMount /jk-status* s")
}

fn page(httpd: &Httpd, target: &str) -> Result<Response> {
    let answer = client::get(httpd.port(), target)?;
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    Ok(answer)
}

/// The cell of a member's row under a heading, without its mark-up.
fn cell(page: &Response, member: &str, heading: &str) -> String {
    let text = page.text();
    let start = format!("<tr><td data-label=\"Member\"><b>{member}</b>");
    let row = text.split_once(&start).map_or("", |(_, rest)| rest);
    let row = row.split("</tr>").next().unwrap_or_default();
    let cell = row.split_once(&format!("data-label=\"{heading}\""));
    let cell = cell.and_then(|(_, rest)| rest.split_once('>')?.1.split_once("</td>"));
    let parts = cell.map_or("", |(cell, _)| cell).split('<');
    parts
        .map(|part| part.rsplit('>').next().unwrap_or_default())
        .collect()
}

#[test]
fn s_the_page_shows_balancers_members_and_workers() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer, "worker.s.css=/own.css\n").start()?;
    for _ in 0..3 {
        assert_eq!(client::get(httpd.port(), "/app/x")?.status, 200);
    }
    assert_eq!(client::get(httpd.port(), "/alone/x")?.status, 200);
    let answer = page(&httpd, "/jk-status")?;
    for (name, value) in [
        ("Content-Type", "text/html;charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
    ] {
        assert_eq!(answer.header(name), Some(value), "C-12");
    }
    let text = answer.text();
    for expected in [
        "JK Status Manager",
        "mod_rjk/",
        "Balancer lb",
        "Worker alone",
        "href=\"/own.css\"",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let address = format!("127.0.0.1:{}", peer.port());
    assert!(text.contains(&address), "{address}: {text}");
    for (member, expected) in [
        ("m1", ["Active", "OK", "r1", "3"]),
        ("m2", ["Disabled", "OK/IDLE", "m2", "0"]),
    ] {
        let cells = ["Activation", "State", "Route", "Sessions"];
        let cells = cells.map(|heading| cell(&answer, member, heading));
        let number = cells[3].split(' ').next();
        assert_eq!(
            [&cells[0], &cells[1], &cells[2], number.unwrap_or_default()],
            expected,
            "{member}"
        );
    }
    httpd.assert_clean();
    Ok(())
}

/// S-03, S-04: a reader who is not named gets 200 and no data; mod_jk answers so too.
#[test]
fn s03_s04_only_listed_users_see_it() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for subject in Subject::BOTH {
        for (insensitive, users) in [
            (
                "false",
                [("", false), ("ann", true), ("Ann", false), ("eve", false)],
            ),
            (
                "true",
                [("", false), ("ann", true), ("Ann", true), ("eve", false)],
            ),
        ] {
            let httpd = Httpd::builder(subject)
                .workers(format!(
                    "worker.list=lb,s\nworker.lb.type=lb\nworker.lb.balance_workers=member\n{}\
                     worker.s.type=status\nworker.s.user=bob\nworker.s.user=ann\n\
                     worker.s.user_case_insensitive={insensitive}\n",
                    peer.worker("member")
                ))
                .module("setenvif")
                .directives("SetEnvIf X-User (.+) JK_REMOTE_USER=$1\nJkMount /jk-status s")
                .start()?;
            for (user, seen) in users {
                let request = Request::get("/jk-status").header("X-User", user);
                let answer = client::send(httpd.port(), request)?;
                let text = answer.text();
                assert_eq!(answer.status, 200, "{subject:?} {user}");
                assert_eq!(text.contains("member"), seen, "{subject:?} {user}: {text}");
                assert_eq!(text.contains("denied"), !seen, "{subject:?} {user}: {text}");
            }
            httpd.assert_clean();
        }
    }
    Ok(())
}

/// CV-12, CV-15: nothing that a file or a client says becomes markup.
#[test]
fn cv12_everything_is_escaped() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!(
            "worker.list=<i>lb,s\nworker.<i>lb.type=lb\nworker.<i>lb.balance_workers=<i>m\n{}\
             worker.<i>m.route=\"><script>\nworker.s.type=status\nworker.s.css=\"><script>\n",
            peer.worker("<i>m")
        ))
        .directives("ServerName \"evil<script>\"\nJkMount /jk-status* s")
        .start()?;
    for target in [
        "/jk-status",
        "/jk-status?w=%22%3E%3Cscript%3E&sw=<script>&re=<script>",
        "/jk-status;<script>?<script>",
    ] {
        let text = page(&httpd, target)?.text();
        assert!(!text.contains("<script>"), "{target}: {text}");
        assert!(!text.contains("<i>"), "{target}: {text}");
        assert!(text.contains("&lt;i&gt;lb"), "{target}: {text}");
    }
    httpd.assert_clean();
    Ok(())
}
