//! The verbs against real Tomcats.

use super::{Said, get, local, probe, run, run_with, url};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Result, Tomcat, Version, peer, wait};
use std::time::Duration;

const ECHO: &str = "/testbed/echo.jsp";

fn has(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    for part in parts {
        assert!(
            said.out.contains(part) || said.err.contains(part),
            "{part} {said:?}"
        );
    }
}

#[test]
fn it_answers() -> Result {
    for version in Version::BOTH {
        let tomcat = Tomcat::shared(version)?;
        let said = run(&["ping", "-c", "3", "-i", "10ms", &local(tomcat.port())])?;
        has(&said, 0, &["3 probes, 3 answered, 0% lost"]);
        let said = run(&["ping", "-k", "-c", "20", "-i", "1ms", &local(tomcat.port())])?;
        has(&said, 0, &["20 probes, 20 answered, 0% lost"]);
        let to = url(tomcat.port(), &format!("{ECHO}?a=%20b"));
        let said = run(&[
            "get",
            "-i",
            "-w",
            "-H",
            "X-A: 1",
            "--attribute",
            "TEAM=blue",
            &to,
        ])?;
        let expected = [
            "AJP/1.3 200\n",
            "Content-Type: text/plain;charset=UTF-8\n",
            "\nmethod=GET\n",
            "\nqueryString=a=%20b\n",
            "\nheader.X-A=1\n",
            "\nremoteAddr=127.0.0.1\n",
            ", head ",
        ];
        has(&said, 0, &expected);
        let port = format!("\nserverPort={}\n", tomcat.port());
        has(&said, 0, &["\nserverName=127.0.0.1\n", &port]);
        let said = run(&["get", "-d", "a=1", &url(tomcat.port(), ECHO)])?;
        has(&said, 0, &["method=POST\n", "\ncontentLength=3\n"]);
        let said = run(&["get", "-I", &url(tomcat.port(), ECHO)])?;
        has(&said, 0, &["AJP/1.3 200\n", "Content-Type: text/plain"]);
        let status = |code| {
            url(
                tomcat.port(),
                &format!("/testbed/status.jsp?code={code}&body=x"),
            )
        };
        let said = run(&["get", &status(403)])?;
        // An application's 403 says nothing of a secret.
        assert_eq!(
            (said.code, said.out.as_str(), said.err.as_str()),
            (Some(1), "x", "")
        );
        has(&run(&["get", &status(302)])?, 0, &["x"]);
    }
    Ok(())
}

#[test]
fn a_connector_with_a_secret() -> Result {
    for version in Version::BOTH {
        let tomcat = Tomcat::builder(version).secret("right word").start()?;
        let to = url(tomcat.port(), ECHO);
        let said = run(&["ping", "-c", "1", &local(tomcat.port())])?;
        has(&said, 0, &["1 answered"]);
        has(
            &run(&["get", &to])?,
            1,
            &["rjk: the connector refused this", "no secret was given"],
        );
        let wrong = run_with(&["get", &to], &[("RJK_SECRET", "wrong word")])?;
        has(&wrong, 1, &["the secret that was given is not its own"]);
        let json = run_with(&["--json", "get", &to], &[("RJK_SECRET", "wrong word")])?;
        assert_eq!(json.json()?["hint"]["kind"], "secret_wrong", "{json:?}");
        assert_eq!(
            (json.json()?["status"].as_i64(), json.code),
            (Some(403), Some(1))
        );
        let right = run_with(&["get", &to], &[("RJK_SECRET", "right word")])?;
        has(&right, 0, &["method=GET\n"]);
        assert_eq!(right.err, "");
        let dir = Dir::new("secret")?;
        let file = dir.write("ajp.secret", "right word\n")?;
        let said = run(&["get", "--secret-file", &file.to_string_lossy(), &to])?;
        has(&said, 0, &["method=GET\n"]);
        for said in [wrong, right, said] {
            assert!(
                !said.err.contains("word") && !said.out.contains("word"),
                "{said:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_connector_that_takes_no_attributes() -> Result {
    for version in Version::BOTH {
        let webapps = Dir::new("webapps")?;
        webapps.write("app/team.jsp", "<%= request.getAttribute(\"TEAM\") %>")?;
        let tomcat = Tomcat::builder(version)
            .allowed_attributes(Some("TEAM"))
            .webapps(webapps.path())
            .start()?;
        let to = url(tomcat.port(), "/app/team.jsp");
        let said = run(&["get", "--attribute", "TEAM=blue", &to])?;
        has(&said, 0, &["blue"]);
        let said = run(&["get", "--attribute", "OTHER=1", &to])?;
        has(
            &said,
            1,
            &["allowedRequestAttributesPattern", "none was given"],
        );
        let said = run_with(
            &["get", "--attribute", "OTHER=1", &to],
            &[("RJK_SECRET", "x")],
        )?;
        has(
            &said,
            1,
            &[
                "allowedRequestAttributesPattern",
                "the secret that was given",
            ],
        );
    }
    Ok(())
}

#[test]
fn packets_larger_than_usual() -> Result {
    let long = format!("X-Long: {}", "x".repeat(20_000));
    let large = ["get", "--packet-size", "65536", "-H", &long];
    for version in Version::BOTH {
        let usual = Tomcat::shared(version)?;
        let said = run(&[&large[..], &[&url(usual.port(), ECHO)]].concat())?;
        has(&said, 1, &["may be larger than its packetSize"]);
        let tomcat = Tomcat::builder(version).packet_size(65536).start()?;
        let to = url(tomcat.port(), ECHO);
        has(
            &run(&[&large[..], &[&to]].concat())?,
            0,
            &["\nheader.X-Long=xxx"],
        );
        // Its chunks are larger than our packets, too.
        let path = "/testbed/download.jsp?bytes=100000&chunk=65536";
        let said = run(&["get", &url(tomcat.port(), path)])?;
        has(
            &said,
            1,
            &["and the limit is 8192; packetSize of Tomcat's connector is larger"],
        );
        let to = url(tomcat.port(), path);
        let said = run(&["--json", "get", "--packet-size", "65536", &to])?;
        assert_eq!(
            (said.code, &said.json()?["body_bytes"]),
            (Some(0), &100_000.into())
        );
    }
    Ok(())
}

#[test]
fn a_tomcat_that_hangs_and_one_that_is_gone() -> Result {
    for version in Version::BOTH {
        let mut tomcat = Tomcat::builder(version).start()?;
        tomcat.freeze()?;
        // A signal takes its time to reach all threads.
        let port = tomcat.port();
        let silent = || peer::ping(port, Duration::from_millis(200)).is_err();
        wait::until("it is silent", wait::SOON, silent)?;
        has(&probe(tomcat.port())?, 1, &["no CPONG within 1s", "jstack"]);
        has(
            &get(tomcat.port(), ECHO)?,
            1,
            &["no CPONG within 1s", "jstack"],
        );
        tomcat.thaw()?;
        let slow = get(tomcat.port(), "/testbed/sleepy.jsp?ms=3000")?;
        has(
            &slow,
            1,
            &["it answers CPING, and not the request within 1s"],
        );
        tomcat.kill9()?;
        has(&probe(tomcat.port())?, 1, &["the connection was refused"]);
        has(
            &get(tomcat.port(), ECHO)?,
            1,
            &["the connection was refused"],
        );
    }
    Ok(())
}

/// What an operator pauses over JMX: who waits in accept() gets one more connection and closes it, the
/// others stay in the listener's queue.
const PAUSE: &str = r#"<%@ page session="false" import="java.lang.management.*,javax.management.*" %><%
  MBeanServer server = ManagementFactory.getPlatformMBeanServer();
  for (ObjectName name : server.queryNames(new ObjectName("Catalina:type=Connector,*"), null)) {
    server.invoke(name, "pause", null, null);
  }
%>paused"#;

#[test]
fn a_connector_that_is_paused() -> Result {
    for version in Version::BOTH {
        let webapps = Dir::new("webapps")?;
        webapps.write("jmx/pause.jsp", PAUSE)?;
        let tomcat = Tomcat::builder(version).webapps(webapps.path()).start()?;
        let said = run(&["get", &url(tomcat.port(), "/jmx/pause.jsp")])?;
        has(&said, 0, &["paused"]);
        let said = run(&[
            "ping",
            "-c",
            "3",
            "-i",
            "0",
            "--timeout",
            "1s",
            &local(tomcat.port()),
        ])?;
        has(&said, 1, &["3 probes, 0 answered", "Tomcat is paused"]);
        assert!(said.out.contains("no CPONG within 1s"), "{said:?}");
        has(
            &get(tomcat.port(), "/jmx/pause.jsp")?,
            1,
            &["Tomcat is paused"],
        );
    }
    Ok(())
}
