//! `rjk ping` and `rjk get`, against real Tomcats and scripted peers.

mod failures;
mod get;
mod http;
mod http_failures;
mod http_tomcat;
mod large;
mod ping;
mod secrets;
mod tomcat;
mod worker;

use crate::said::{Said, run, run_with};
use rjk_testbed::module::repository;
use rjk_testbed::rjk::rjk;
use rjk_testbed::{Context, Peer, Result};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// Where a peer listens.
fn address(peer: &Peer) -> String {
    local(peer.port())
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// The URL of a path on a port of this host.
fn url(port: u16, path: &str) -> String {
    format!("ajp://127.0.0.1:{port}{path}")
}

/// rjk, for a test that looks at its streams or at the process.
fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(rjk()?);
    command.args(arguments).env_remove("RJK_SECRET");
    Ok(command)
}

/// docs/rjk-json.md names each member that a verb writes, in the section of this verb.
fn assert_documented(verb: &str, json: &Value) -> Result {
    let text = fs::read_to_string(repository().join("docs/rjk-json.md"))?;
    let section = text.split(&format!("\n## `rjk {verb}`\n")).nth(1);
    let section = section.and_then(|rest| rest.split("\n## ").next());
    let section = section.with_context(|| format!("no section of rjk {verb}"))?;
    let members = json.as_object().context("no object")?;
    for name in members.keys() {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
    Ok(())
}

/// What one probe of a port says.
fn probe(port: u16) -> Result<Said> {
    run(&["ping", "-c", "1", "--timeout", "1s", &local(port)])
}

/// What a request to a port says, with little patience.
fn get(port: u16, path: &str) -> Result<Said> {
    let wait = ["--timeout", "1s", "--connect-timeout", "1s"];
    run(&[&["get"][..], &wait, &[&url(port, path)]].concat())
}
