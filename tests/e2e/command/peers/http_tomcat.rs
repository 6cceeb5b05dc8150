//! The verbs over each way to a real Tomcat.

use super::{Said, local, run};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::Door;
use rjk_testbed::{Result, Tomcat, Version, Way};
use std::path::Path;

const FACTS: &str = "remoteIpHeader=\"X-Forwarded-For\" protocolHeader=\"X-Forwarded-Proto\" \
                     portHeader=\"X-Forwarded-Port\"";

/// A Tomcat with every door, and who signed its certificate.
struct Stage {
    tomcat: Tomcat,
    authority: Authority,
    dir: Dir,
}

impl Stage {
    fn new() -> Result<Stage> {
        let (authority, dir) = (Authority::new("Internal")?, Dir::new("stage")?);
        dir.write("ca.pem", authority.root()?)?;
        let tomcat = Tomcat::builder(Version::V10)
            .doors(&Door::ALL)
            .tls(&authority)?
            .valve("RemoteIpValve", FACTS)
            .start()?;
        Ok(Stage {
            tomcat,
            authority,
            dir,
        })
    }

    fn ca(&self) -> String {
        text(&self.dir.join("ca.pem"))
    }

    /// Options and URL that lead there.
    fn arguments(&self, way: Way, path: &str) -> Result<Vec<String>> {
        let port = match way.door() {
            Some(door) if !way.is_unix() => self.tomcat.door_port(door)?,
            _ => self.tomcat.port(),
        };
        let mut arguments = Vec::new();
        if let Some(door) = way.door().filter(|_| way.is_unix()) {
            arguments.extend([
                "--unix-socket".to_owned(),
                text(&self.tomcat.door_socket(door)?),
            ]);
        }
        if way == Way::Https {
            arguments.extend(["--ca".to_owned(), self.ca()]);
        }
        let scheme = match way {
            Way::AjpTcp | Way::AjpUnix => "ajp",
            Way::HttpTcp | Way::HttpUnix => "http",
            Way::Https => "https",
        };
        arguments.push(format!("{scheme}://{}{path}", local(port)));
        Ok(arguments)
    }

    fn run(&self, verb: &[&str], way: Way, path: &str) -> Result<Said> {
        let arguments = self.arguments(way, path)?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&[verb, &arguments].concat())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The same request over each way, told of the same client: Tomcat sees the same.
#[test]
fn each_way_answers_alike() -> Result {
    let stage = Stage::new()?;
    let client = ["--client", "192.0.2.7", "--client-scheme", "https"];
    let verb = [
        &["get", "-H", "Host: shop.test", "-H", "X-A: 1"],
        &client[..],
    ]
    .concat();
    for way in Way::ALL {
        let said = stage.run(&verb, way, "/testbed/echo.jsp?a=%20b")?;
        assert_eq!(
            (said.code, said.err.as_str()),
            (Some(0), ""),
            "{way}: {said:?}"
        );
        for line in [
            "method=GET",
            "queryString=a=%20b",
            "scheme=https",
            "secure=true",
            "serverName=shop.test",
            "serverPort=443",
            "remoteAddr=192.0.2.7",
        ] {
            assert!(
                said.out.lines().any(|one| one == line),
                "{way} {line}: {said:?}"
            );
        }
        let said = stage.run(&["get", "-d", "a=1"], way, "/testbed/echo.jsp")?;
        assert!(said.out.contains("method=POST\n"), "{way}: {said:?}");
        assert!(said.out.contains("\ncontentLength=3\n"), "{way}: {said:?}");
        let said = stage.run(&["get"], way, "/testbed/status.jsp?code=403&body=x")?;
        let expected = (Some(1), "x", "");
        assert_eq!(
            (said.code, said.out.as_str(), said.err.as_str()),
            expected,
            "{way}"
        );
    }
    probes_are_answered(&stage)?;
    connectors_that_refuse(&stage)?;
    clients_are_known(&stage)
}

fn probes_are_answered(stage: &Stage) -> Result {
    for way in Way::ALL {
        let path = if way.is_http() {
            "/testbed/plain.txt"
        } else {
            ""
        };
        for count in [
            &["ping", "-c", "3", "-i", "10ms"][..],
            &["ping", "-k", "-c", "20", "-i", "1ms"],
        ] {
            let said = stage.run(count, way, path)?;
            assert_eq!(said.code, Some(0), "{way}: {said:?}");
            let is_told = said.out.contains(", status 200\n");
            assert_eq!(is_told, way.is_http(), "{way}: {said:?}");
        }
    }
    // What is not there is an answer, too.
    let said = stage.run(&["ping", "-c", "1"], Way::HttpTcp, "/nothing")?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(", status 404\n"), "{said:?}");
    Ok(())
}

fn connectors_that_refuse(stage: &Stage) -> Result {
    let port = stage.tomcat.door_port(Door::Https)?;
    let said = run(&["get", &format!("http://{}/", local(port))])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let expected = "the connector refused this, not the application: it speaks TLS; write https://";
    assert!(said.err.contains(expected), "{said:?}");
    let said = run(&["ping", "-c", "1", &format!("http://{}/", local(port))])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let expected = "it speaks TLS, not HTTP; that is a TLS port: write https://";
    assert!(said.out.contains(expected), "{said:?}");
    let long = format!("X-Long: {}", "x".repeat(20_000));
    let said = stage.run(&["get", "-H", &long], Way::HttpTcp, "/testbed/echo.jsp")?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("larger than maxHttpRequestHeaderSize"),
        "{said:?}"
    );
    // Tomcat's AJP connector closes without a word at whatever is no AJP.
    let said = run(&["get", &format!("http://{}/", local(stage.tomcat.port()))])?;
    assert!(
        said.err
            .contains("it speaks AJP, not HTTP; that is an AJP port"),
        "{said:?}"
    );
    let said = run(&["get", &format!("https://{}/", local(stage.tomcat.port()))])?;
    assert!(
        said.err
            .contains("it speaks AJP, not HTTPS; that is an AJP port"),
        "{said:?}"
    );
    let port = stage.tomcat.door_port(Door::Http)?;
    let said = run(&["get", &format!("https://{}/", local(port))])?;
    assert!(said.err.contains("plain HTTP, not in TLS; "), "{said:?}");
    let said = run(&["ping", "-c", "1", &local(port)])?;
    assert!(said.out.contains("it speaks HTTP, not AJP"), "{said:?}");
    Ok(())
}

fn clients_are_known(stage: &Stage) -> Result {
    let port = stage.tomcat.door_port(Door::HttpsForKnown)?;
    let (ca, to) = (
        stage.ca(),
        format!("https://{}/testbed/echo.jsp", local(port)),
    );
    let said = run(&["get", "--ca", &ca, &to])?;
    assert!(
        said.err.contains("the worker wants a client certificate; "),
        "{said:?}"
    );
    let own = stage.authority.client("web1")?;
    let cert = stage.dir.write("web1.pem", &own.certificate)?;
    let key = stage.dir.write("web1.key", &own.key)?;
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let shown = ["--cert", &text(&cert), "--key", &text(&key)];
    let said = run(&[&["get", "--ca", &ca], &shown[..], &[&to]].concat())?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    Ok(())
}
