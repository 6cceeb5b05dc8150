//! A worker whose port is that of another connector.

use rjk_testbed::client;
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
    let port = tomcat.door_port(Door::Https)?;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers("worker.list=w\nworker.w.host=127.0.0.1\nworker.w.port=1\n")
        .file(
            "conf/rjk.toml",
            format!("[worker.w]\nprotocol = \"http\"\nport = {port}\n"),
        )
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /testbed/* w")
        .start()?;
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
