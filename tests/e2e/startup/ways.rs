//! `[worker.NAME]` and `[worker_defaults]` of rjk.toml: workers are reached as they say, mistakes are told
//! with their line before anything happens, and a restart by signal goes on with what served.

use rjk_testbed::client::{self, Response};
use rjk_testbed::farm::STATUS;
use rjk_testbed::http_peer::{HttpPeer, Script};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, wait};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

const TOML: &str = "conf/rjk.toml";
const CONF: &str = "conf/extra.conf";
const WORKERS: &str = "conf/workers.properties";

/// The same host and AJP ports for all: `a` speaks AJP, `h` HTTP, `u` HTTP over a socket.
struct Peers {
    a: Peer,
    h: HttpPeer,
    u: HttpPeer,
}

impl Peers {
    fn start() -> Result<Peers> {
        let answer = |name: &str| {
            let length = name.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nX-Peer: {name}\r\nContent-Length: {length}\r\n\r\n");
            Script::answer(&format!("{head}{name}"))
        };
        Ok(Peers {
            a: Peer::named("a", Behaviour::Echo)?,
            h: HttpPeer::start("h", answer("h"))?,
            u: HttpPeer::unix("u", answer("u"))?,
        })
    }

    /// The AJP port of all of them is that of `a`, where nobody but `a` should be asked.
    fn workers(&self) -> String {
        let port = self.a.port();
        let lines = ["a", "h", "u"].map(|name| rjk_testbed::peer::worker_lines(name, port));
        format!(
            "worker.list=a,h,u,lb,st\nworker.lb.type=lb\nworker.lb.balance_workers=a,h,u\n\
             worker.lb.sticky_session=0\nworker.st.type=status\n{}",
            lines.concat()
        )
    }

    fn toml(&self) -> String {
        [self.h.reach("h").toml, self.u.reach("u").toml].concat()
    }

    fn site(&self) -> Builder {
        Httpd::builder(Subject::Rjk)
            .workers(self.workers())
            .file(TOML, self.toml())
            .file(CONF, format!("RjkConfigFile {TOML}\n"))
            .directives(format!(
                "Include {CONF}\nJkMount /a/* a\nJkMount /h/* h\nJkMount /u/* u\nJkMount /lb/* lb\n\
                 JkMount {STATUS} st"
            ))
    }
}

/// Who answers; `-` for an answer of httpd itself.
fn by(answer: &Response) -> String {
    let name = answer.header("X-Peer").map(str::to_owned);
    let name = name.or_else(|| answer.field("peer"));
    name.unwrap_or_else(|| "-".to_owned())
}

/// Who answers for each of the three workers.
fn answered(httpd: &Httpd) -> Result<String> {
    let ask = |name| Ok(by(&client::get(httpd.port(), &format!("/{name}/x"))?));
    ["a", "h", "u"].into_iter().map(ask).collect()
}

/// Waits for the answers of the new children: one of before may still accept a connection.
fn answers_become(httpd: &Httpd, expected: &str) -> Result {
    let is_so = || answered(httpd).is_ok_and(|answers| answers == expected);
    wait::until(expected, wait::SOON, is_so).context("other answers")
}

/// A value of the status page.
fn status(httpd: &Httpd, key: &str) -> Result<String> {
    let page = client::get(httpd.port(), &format!("{STATUS}?mime=prop"))?;
    let text = String::from_utf8(page.body)?;
    let key = format!("worker.{key}=");
    let value = text.lines().find_map(|line| line.strip_prefix(&key));
    Ok(value.unwrap_or_default().to_owned())
}

#[test]
fn each_worker_is_reached_as_the_file_says() -> Result {
    let peers = Peers::start()?;
    let httpd = peers.site().start()?;
    assert_eq!(answered(&httpd)?, "ahu");
    let mut members = String::new();
    for _ in 0..3 {
        members += &by(&client::get(httpd.port(), "/lb/x")?);
    }
    let mut each: Vec<char> = members.chars().collect();
    each.sort_unstable();
    assert_eq!(each, ['a', 'h', 'u'], "{members}");

    let (a, h) = (peers.a.port(), peers.h.port());
    assert_eq!(status(&httpd, "a.address")?, format!("127.0.0.1:{a}"));
    assert_eq!(
        status(&httpd, "h.address")?,
        format!("http://127.0.0.1:{h}")
    );
    assert_eq!(status(&httpd, "h.port")?, h.to_string());
    let shown = status(&httpd, "u.address")?;
    assert!(
        shown.starts_with("http+unix:/") && shown.ends_with("/http.sock"),
        "{shown}"
    );

    let moved = client::get(
        httpd.port(),
        &format!("{STATUS}?cmd=update&w=u&vaprt=1&mime=txt"),
    )?;
    let said = String::from_utf8(moved.body)?;
    assert!(said.contains("it is reached by the socket /"), "{said}");
    assert_eq!(answered(&httpd)?, "ahu");
    Ok(())
}

/// Lines of rjk.toml, and what the check says of them.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str)] = &[
    ("[worker.zebra]\nprotocol = \"http\"", ":1: there is no worker zebra in workers.properties; there are: a, h, u"),
    ("[worker.lb]", ":1: worker lb is of type lb, a [worker.NAME] needs one of type ajp13; write the name of a member: a, h, u"),
    ("[worker.h]\nprotcol = \"http\"", ":2: unknown key protcol; write protocol"),
    ("[worker.h]\nhost = \"was1\"", ":2: host belongs into workers.properties; write worker.h.host there"),
    ("[worker.h]\nport = 8080", ":2: port is that of HTTP, and worker h speaks AJP"),
    ("[worker.h]\ntls = true", ":2: tls, and worker h speaks AJP"),
    ("[worker.h]\nprotocol = \"http\"", ":2: worker h speaks HTTP and has no port; write port = 8080 in [worker.h]"),
    ("[worker.h]\nsocket = \"run/a.sock\"", ":2: socket is \"run/a.sock\"; write a whole path"),
    ("[worker_defaults]\nsocket = \"/a\"", ":2: socket is in [worker_defaults]"),
    ("[worker.h]\nprotocol = \"http\"\nport = 1\nresolve = \"1s\"", ":4: resolve is \"1s\"; write a time such as \"60s\", from \"5s\" to \"24h\""),
    ("[worker.h]\nprotocol = \"http\"\nport = 1\nsecret_header = \"Cookie\"", ":4: secret_header is \"Cookie\", a header that has a meaning of its own"),
];

#[test]
fn mistakes_refuse_the_configuration() -> Result {
    let peers = Peers::start()?;
    let httpd = peers.site().start()?;
    for (text, said) in MISTAKES {
        httpd.write(TOML, text)?;
        let said = format!("mod_rjk: {}{said}", httpd.path(TOML).display());
        // httpd escapes quotes in its log.
        let plain = |output: String| output.replace("\\\"", "\"");
        for (accepted, output) in [httpd.configtest()?, httpd.try_graceful()?] {
            let output = plain(output);
            assert!(!accepted && output.contains(&said), "{said}: {output}");
        }
    }
    assert_eq!(answered(&httpd)?, "ahu");
    Ok(())
}

/// Of the text, of names, of files: what is wrong in one place hides nothing in another.
#[test]
fn all_mistakes_are_told_at_once_in_their_order() -> Result {
    let peers = Peers::start()?;
    let toml = "[worker.zebra]\nprotocol = \"https\"\n[worker.h]\nprotocol = \"http\"\nport = 1\n\
                tls = { ca = \"none.pem\" }\n[worker.a]\ntls = \"ca.pem\"\nprobe = \"health\"\n\
                [worker.u]\nport = 1\n";
    let site = peers.site().file(TOML, toml);
    let (accepted, output) = site.configtest()?;
    assert!(!accepted, "{output}");
    let lines: Vec<&str> = output
        .lines()
        .filter_map(|line| line.split_once("rjk.toml:")?.1.split_once(':'))
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, ["1", "2", "6", "8", "9", "11"], "{output}");
    Ok(())
}

/// Nobody reads the error log of a site that goes on well.
#[test]
fn what_a_restart_goes_on_without_is_on_the_status_page() -> Result {
    let peers = Peers::start()?;
    let httpd = peers
        .site()
        .expect_log("this restart goes on with")
        .expect_log("mend it and restart")
        .start()?;
    let told = |format: &str| -> Result<String> {
        Ok(client::get(httpd.port(), &format!("{STATUS}?mime={format}"))?.text())
    };
    let said = "rjk.toml:2: protocol is";
    let also = "rjk.toml:3: probe is";
    assert!(!told("html")?.contains("mend it"));
    httpd.write(TOML, "[worker.h]\nprotocol = \"https\"\nprobe = \"x\"\n")?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(answered(&httpd)?, "ahu");
    for format in ["html", "json"] {
        let page = told(format)?;
        assert!(page.contains(said) && page.contains(also), "{page}");
        assert!(page.contains("the rjk.toml that it had"), "{page}");
    }
    httpd.write(TOML, peers.toml())?;
    httpd.restart_by(Signal::USR1)?;
    assert_eq!(answered(&httpd)?, "ahu");
    assert!(!told("html")?.contains("mend it"));
    Ok(())
}

#[test]
fn a_socket_may_come_after_the_start() -> Result {
    let peers = Peers::start()?;
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let socket = folder.path().join("a.sock");
    let toml = format!("[worker.u]\nsocket = {socket:?}\n");
    let site = peers.site().file(TOML, toml);
    let said = format!("rjk.toml:2: the socket {} is not there", socket.display());
    let (accepted, output) = site.configtest()?;
    assert!(accepted && output.contains(&said), "{output}");
    let httpd = site.start()?;
    assert!(httpd.jk_log().contains(&said), "{}", httpd.jk_log());
    assert_eq!(client::get(httpd.port(), "/u/x")?.status, 503);
    assert_eq!(
        status(&httpd, "u.address")?,
        format!("unix:{}", socket.display())
    );
    let listener = UnixListener::bind(&socket)?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666))?;
    // It is reached without a restart; nobody speaks AJP there.
    let accepted = std::thread::spawn(move || listener.accept().map(drop));
    assert_ne!(client::get(httpd.port(), "/u/x")?.status, 200);
    let joined = accepted.join();
    assert!(joined.is_ok_and(|accepted| accepted.is_ok()));
    Ok(())
}

#[test]
fn a_restart_by_signal_goes_on_with_the_ways_it_had() -> Result {
    let peers = Peers::start()?;
    let httpd = peers
        .site()
        .expect_log("this restart goes on with")
        .start()?;
    let goes_on = |with: &str| -> Result {
        let before = httpd.emergencies().len();
        httpd.restart_by(Signal::USR1)?;
        let lines = httpd.emergencies().split_off(before);
        let is_said = |line: &String| line.contains(with) && line.contains("mend it and restart");
        assert!(lines.iter().any(is_said), "{with}: {lines:#?}");
        Ok(())
    };
    for (text, _) in MISTAKES.iter().chain(&[("[worker.h", "")]) {
        httpd.write(TOML, text)?;
        for _ in 0..2 {
            goes_on("this restart goes on with the rjk.toml that it had")?;
            assert_eq!(answered(&httpd)?, "ahu", "{text}");
        }
    }
    // What is there no more goes, and the rest stays.
    httpd.write(TOML, peers.toml())?;
    let without = peers
        .workers()
        .replace("list=a,h,u,", "list=a,h,")
        .replace("workers=a,h,u", "workers=a,h");
    httpd.write(WORKERS, without.replace("worker.u.", "worker.a."))?;
    goes_on("there is no worker u")?;
    answers_become(&httpd, "ah-")?;
    // Mended, with another way: back to AJP.
    httpd.write(WORKERS, peers.workers())?;
    httpd.write(TOML, peers.u.reach("u").toml)?;
    httpd.restart_by(Signal::USR1)?;
    answers_become(&httpd, "aau")?;
    Ok(())
}

/// Where no rjk.toml served before, each worker with a mistake stays as it was.
#[test]
fn a_restart_by_signal_with_a_first_file_leaves_out_what_is_wrong() -> Result {
    let peers = Peers::start()?;
    let site = peers
        .site()
        .file(CONF, "")
        .expect_log("this restart goes on with");
    let httpd = site.start()?;
    assert_eq!(answered(&httpd)?, "aaa");
    httpd.write(CONF, format!("RjkConfigFile {TOML}\n"))?;
    httpd.write(
        TOML,
        format!("[worker.h]\nport = 1\n{}", peers.u.reach("u").toml),
    )?;
    httpd.restart_by(Signal::USR1)?;
    answers_become(&httpd, "aau")?;
    let lines = httpd.emergencies();
    let said = "that worker as workers.properties has it";
    assert!(lines.iter().any(|line| line.contains(said)), "{lines:#?}");
    httpd.write(TOML, "[worker")?;
    httpd.restart_by(Signal::USR1)?;
    answers_become(&httpd, "aau")?;
    Ok(())
}
