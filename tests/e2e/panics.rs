//! A panic in each entry from httpd is survived: one line, 500 where a request waits, the child
//! lives. The module is built without policies, so this is also what tests that build.

use rjk_testbed::client::{self, BodyEnd, Request};
use rjk_testbed::http_peer::{HttpPeer, Script as HttpScript, Step};
use rjk_testbed::httpd::{Builder, Mpm, PANICS};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, wait, websocket};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

fn site(peer: &Peer, panics: &str) -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers(peer.only_worker("w"))
        .directives("JkMount /* w")
        .panics(panics)
}

fn caught(name: &str) -> String {
    format!("a defect was caught in {name}: injected at mod_rjk/httpd/src/ffi/guard.rs")
}

/// How often the line about a panic stands in the error log, which has no other line about it.
fn lines(httpd: &Httpd, name: &str) -> usize {
    let log = httpd.error_log();
    assert!(!log.contains("panicked"), "{log}");
    log.matches(&caught(name)).count()
}

/// The panic while `during` runs, then a request as ever, in the same children.
fn survived(httpd: &Httpd, name: &str, during: impl FnOnce() -> Result) -> Result {
    let children = httpd.children();
    httpd.expect_log(&caught(name));
    httpd.write(PANICS, name)?;
    during()?;
    httpd.write(PANICS, "")?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 200, "{name}");
    assert_eq!(httpd.children(), children, "{name}");
    Ok(())
}

#[test]
fn a_request_gets_500_and_the_child_lives() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for mpm in Mpm::ALL {
        let httpd = site(&peer, "").mpm(mpm).start()?;
        for name in [
            "translate_name",
            "map_to_storage",
            "fixups before mod_dir",
            "fixups after mod_dir",
            "handler",
            "the exchange",
        ] {
            survived(&httpd, name, || {
                assert_eq!(
                    client::get(httpd.port(), "/x")?.status,
                    500,
                    "{mpm:?} {name}"
                );
                assert_eq!(lines(&httpd, name), 1, "{mpm:?} {name}");
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// What is done behind the answer costs the client nothing.
#[test]
fn a_panic_behind_the_answer_is_one_line() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer, "").start()?;
    survived(&httpd, "log_transaction", || {
        assert_eq!(client::get(httpd.port(), "/x")?.status, 200);
        wait::until("the line", wait::SOON, || {
            lines(&httpd, "log_transaction") == 1
        })
    })
}

/// What the module has not noted yet is not missed.
#[test]
fn a_request_goes_on_when_it_was_not_noted() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer, "").start()?;
    survived(&httpd, "create_request", || {
        assert_eq!(client::get(httpd.port(), "/x")?.status, 200);
        assert_eq!(lines(&httpd, "create_request"), 1);
        Ok(())
    })
}

/// In the middle of an exchange: the connection is not used again, the place in the pool is free, and
/// a response that began ends broken.
#[test]
fn an_exchange_ends_and_gives_back_what_it_held() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer, "").threads_per_child(2).start()?;
    for _ in 0..3 {
        survived(&httpd, "the exchange", || {
            let upload = || Request::new("POST", "/x").body("body");
            httpd.write(PANICS, "the request body")?;
            assert_eq!(client::send(httpd.port(), upload())?.status, 500);
            httpd.write(PANICS, "the response")?;
            let response = client::get(httpd.port(), "/x");
            let is_whole =
                |answer: client::Response| answer.status == 200 && answer.end == BodyEnd::Complete;
            assert!(!response.is_ok_and(is_whole), "a whole response");
            Ok(())
        })?;
    }
    assert_eq!(lines(&httpd, "the exchange"), 6);
    wait::until("broken connections are closed", LIMIT, || {
        peer.open_connections() <= 1
    })
}

/// Behind the head nothing of httpd's can be said: the client sees the end, and its place is free.
#[test]
fn a_tunnel_ends_and_gives_back_what_it_held() -> Result {
    let accepts = Step::run(|connection| websocket::accept(connection).map(drop));
    let peer = HttpPeer::start("w", HttpScript::new([accepts]))?;
    let reach = peer.reach("w").more("websocket = true\nwebsocket_max = 1");
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!("{}worker.list=w\n", reach.properties))
        .file("conf/rjk.toml", reach.toml)
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /* w")
        .panics("the tunnel")
        .start()?;
    httpd.expect_log(&caught("the exchange"));
    let children = httpd.children();
    for count in 1..4 {
        let mut socket = websocket::open(httpd.port(), "/x")?.opened()?;
        assert_eq!(socket.receive()?, None, "the end");
        assert_eq!(lines(&httpd, "the exchange"), count);
    }
    wait::until("the connections are closed", LIMIT, || {
        peer.endings().len() == 3
    })?;
    assert_eq!(httpd.children(), children);
    Ok(())
}

#[test]
fn a_clean_up_and_the_watchdog_are_survived() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    // A rule of a file may be replaced while a request has it: the end of the request gives it back.
    let httpd = site(&peer, "")
        .file("conf/map", "/file/*=w\n")
        .directives("JkMountFile conf/map\nJkWatchdogInterval 1")
        .start()?;
    survived(&httpd, "a pool clean-up", || {
        assert_eq!(client::get(httpd.port(), "/file/x")?.status, 200);
        wait::until("a request's pool ended", LIMIT, || {
            lines(&httpd, "a pool clean-up") > 0
        })
    })?;
    // The second line: the first did not end the thread.
    survived(&httpd, "the watchdog", || {
        wait::until("two rounds", LIMIT, || lines(&httpd, "the watchdog") >= 2)
    })
}

#[test]
fn the_parent_and_a_child_that_cannot_start_live() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer, "").start()?;
    httpd.expect_log(&caught("child_status"));
    httpd.expect_log(&caught("child_init"));
    httpd.write(PANICS, "child_status\nchild_init\n")?;
    let first = httpd.children()[0];
    httpd.kill_child(first)?;
    wait::until("another child", LIMIT, || lines(&httpd, "child_init") == 1)?;
    // The end of one child and the start of the other, which may be ahead of the parent.
    wait::until("both told", LIMIT, || lines(&httpd, "child_status") == 2)?;
    for _ in 0..2 {
        assert_eq!(client::get(httpd.port(), "/x")?.status, 500);
    }
    assert_eq!(httpd.children().len(), 1);
    Ok(())
}

/// While httpd configures: no start, no restart, a reason, and no crash.
#[test]
fn a_panic_in_the_configuration_refuses_it() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let names = [
        "create_server_config",
        "merge_server_config",
        "a directive",
        "check_config",
        "post_config",
    ];
    for name in names {
        let vhost = "<VirtualHost *:1>\nJkMount /v w\n</VirtualHost>";
        let failed = site(&peer, name).vhosts(vhost).start_expect_failure()?;
        assert_eq!(failed.code, Some(1), "{name}: {}", failed.text());
        assert!(
            failed.text().contains(&caught(name)),
            "{name}: {}",
            failed.text()
        );
    }
    let httpd = site(&peer, "").start()?;
    httpd.write(PANICS, "check_config")?;
    assert!(!httpd.command(&["-k", "graceful"])?.0);
    httpd.write(PANICS, "")?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 200);
    Ok(())
}

#[rustfmt::skip]
const DIRECTIVES: [&str; 20] = [
    "JkWorkersFile conf/w", "JkWorkerProperty worker.w.port=1", "JkMountFile conf/w",
    "JkMountFileReload 1", "JkMount /x w", "JkUnMount /x w", "JkMountCopy On", "JkAutoAlias htdocs",
    "JkStripSession On", "JkLogFile logs/x", "JkLogLevel info", "JkLogStampFormat %Y",
    "JkRequestLogFormat %w", "JkShmFile run/x", "RjkConfigFile conf/w", "JkShmSize 1",
    "JkWatchdogInterval 1", "JkOptions +FlushPackets", "JkEnvVar A b", "JkExtractSSL On",
];

#[rustfmt::skip]
const INDICATORS: [&str; 18] = [
    "JkWorkerIndicator", "JkRequestIdIndicator", "JkRemoteAddrIndicator", "JkRemotePortIndicator",
    "JkRemoteHostIndicator", "JkRemoteUserIndicator", "JkAuthTypeIndicator", "JkLocalNameIndicator",
    "JkLocalAddrIndicator", "JkLocalPortIndicator", "JkIgnoreCLIndicator", "JkHTTPSIndicator",
    "JkSSLPROTOCOLIndicator", "JkCERTSIndicator", "JkCIPHERIndicator", "JkSESSIONIndicator",
    "JkKEYSIZEIndicator", "JkCERTCHAINPrefix",
];

#[test]
fn a_panic_in_a_directive_refuses_it() -> Result {
    let indicators = INDICATORS.iter().map(|name| format!("{name} NAME"));
    for line in DIRECTIVES
        .iter()
        .map(|line| (*line).to_owned())
        .chain(indicators)
    {
        let name = line.split(' ').next().unwrap_or_default();
        let site = Httpd::builder(Subject::Rjk).without_jk_defaults();
        let site = site.directives(&line).panics(name).file("conf/w", "");
        let (accepted, output) = site.configtest()?;
        let said = format!("{name}: a defect in mod_rjk, see the error log");
        assert!(!accepted && output.contains(&said), "{line}: {output}");
        assert!(output.contains(&caught("a directive")), "{line}: {output}");
    }
    Ok(())
}

/// A module without policies and TLS says so of what needs them, and does all the rest: it reads how workers are
/// reached.
#[test]
fn a_module_without_policies_refuses_their_tables() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let named = |toml: &str| {
        let site = site(&peer, "").directives("RjkConfigFile conf/rjk.toml");
        site.file("conf/rjk.toml", toml)
    };
    let httpd = named("[wasm]\nengine = \"auto\"\n[worker.w]\nprotocol = \"ajp\"\n").start()?;
    assert_eq!(client::get(httpd.port(), "/x")?.status, 200);
    for (toml, said) in [
        (
            "[policy.p]\ncomponent = \"p.wasm\"",
            ":1: this module was built without the feature policy",
        ),
        (
            "[worker.w]\n[balancer.lb]\nexplain = 1",
            ":2: this module was built without the feature policy",
        ),
        ("[worker.w]\ntls = true", ":2: tls, and worker w speaks AJP"),
        (
            "\n[worker.w]\nprotocol = \"http\"\nport = 1\ntls = true",
            ":2: tls of worker w: this build of mod_rjk has no TLS",
        ),
    ] {
        let (accepted, output) = named(toml).configtest()?;
        assert!(!accepted && output.contains(said), "{toml}: {output}");
    }
    Ok(())
}
