//! A worker whose port is that of another connector.

use rjk_testbed::client::{self, Request};
use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::{Httpd, Result, Subject, Version, ensure};

/// The clients get Tomcat's page, and the log says what is wrong.
fn a_port_for_tls(version: Version) -> Result {
    let authority = Authority::new("Port")?;
    let tomcat = Tomcat::builder(version)
        .doors(&[Door::Https])
        .tls(&authority)?
        .start()?;
    let httpd = at("http", tomcat.door_port(Door::Https)?, "")?;
    let answer = client::get(httpd.port(), "/testbed/plain.txt")?;
    ensure!(answer.status == 400, "{answer:?}");
    ensure!(answer.text().contains("requires TLS"), "{answer:?}");
    let log = httpd.jk_log();
    let line = "worker w answers 400: its port is for TLS and is asked in clear text; set tls";
    ensure!(log.contains(line), "{log}");
    Ok(())
}

#[test]
fn tomcat9_a_port_for_tls_is_told_of() -> Result {
    a_port_for_tls(Version::V9)
}

#[test]
fn tomcat10_a_port_for_tls_is_told_of() -> Result {
    a_port_for_tls(Version::V10)
}

/// A worker `w` of this protocol at a port.
fn at(protocol: &str, port: u16, probe: &str) -> Result<Httpd> {
    let lines = "worker.list=w\nworker.w.host=127.0.0.1\nworker.w.retries=1\n";
    let (properties, table) = match protocol {
        "ajp" => (format!("worker.w.port={port}\n"), String::new()),
        _ => (
            "worker.w.port=1\n".to_owned(),
            format!("[worker.w]\nprotocol = \"http\"\nport = {port}\n{probe}"),
        ),
    };
    let pings = if probe.is_empty() {
        ""
    } else {
        "worker.w.ping_mode=C\n"
    };
    Httpd::builder(Subject::Rjk)
        .workers(format!("{lines}{properties}{pings}"))
        .file("conf/rjk.toml", table)
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /testbed/* w")
        .start()
}

/// The one error line that each of some requests has.
fn lines(httpd: &Httpd) -> Result<Vec<String>> {
    let requests = [
        Request::get("/testbed/plain.txt"),
        Request::new("POST", "/testbed/echo.jsp").body("a=1"),
        Request::new("POST", "/testbed/echo.jsp").body(vec![b'x'; 1_000_000]),
    ];
    let count = requests.len();
    for request in requests {
        let status = client::send(httpd.port(), request)?.status;
        ensure!(status == 502 || status == 503, "{status}");
    }
    let log = httpd.jk_log();
    let lines = log.lines().filter(|line| line.contains("[error]"));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    ensure!(lines.len() == count, "{lines:#?}");
    Ok(lines)
}

/// Tomcat's AJP connector closes the connection without a word.
fn an_ajp_port(version: Version) -> Result {
    let tomcat = Tomcat::builder(version).start()?;
    for probe in ["", "probe = \"/testbed/plain.txt\"\n"] {
        let httpd = at("http", tomcat.port(), probe)?;
        for line in lines(&httpd)? {
            let remedy =
                "an AJP connector does so when it is asked in HTTP: check port in rjk.toml";
            ensure!(line.contains(remedy), "{line}");
        }
    }
    Ok(())
}

#[test]
fn tomcat9_an_ajp_port_is_told_of() -> Result {
    an_ajp_port(Version::V9)
}

#[test]
fn tomcat10_an_ajp_port_is_told_of() -> Result {
    an_ajp_port(Version::V10)
}

/// The other way round.
fn an_http_port(version: Version) -> Result {
    let tomcat = Tomcat::builder(version).doors(&[Door::Http]).start()?;
    let httpd = at("ajp", tomcat.door_port(Door::Http)?, "")?;
    for line in lines(&httpd)? {
        let told = "the worker answers in HTTP, not in AJP; set port of the worker to Tomcat's AJP connector";
        ensure!(line.contains(told), "{line}");
    }
    Ok(())
}

#[test]
fn tomcat9_an_http_port_is_told_of() -> Result {
    an_http_port(Version::V9)
}

#[test]
fn tomcat10_an_http_port_is_told_of() -> Result {
    an_http_port(Version::V10)
}
