//! What the operator does on a web host: `rjk`, and the status worker.

use crate::network::Host;
use crate::site::Site;
use crate::tomcat::Tomcat;
use crate::web::Web;
use anyhow::{Context, Result, bail, ensure};
use rjk_testbed::Subject;
use rjk_testbed::rjk::rjk;
use serde_json::Value;
use std::process::Output;

/// What `rjk` said.
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote as JSON.
    pub json: Value,
    /// What it wrote for people.
    pub stderr: String,
}

/// Runs `rjk` on a host; with `--json` its answer is read.
pub fn rjk_on(host: Host, arguments: &[&str]) -> Result<Said> {
    let program = rjk()?;
    let output = host.output(&program.to_string_lossy(), arguments)?;
    Ok(Said {
        code: output.status.code(),
        json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr: text(&output.stderr),
    })
}

/// A page of one Tomcat, asked for by `rjk get` on a web host, as its configuration says.
pub fn page_of(tomcat: &Tomcat, page: &str, web: &Web) -> Result<String> {
    let (worker, conf) = (tomcat.name(), web.conf());
    let url = format!("http://{}/{page}", tomcat.site.domain());
    let (program, conf) = (rjk()?, conf.to_string_lossy());
    let arguments = [
        "get",
        "--timeout",
        "5",
        "--worker",
        &worker,
        "--conf",
        &conf,
        &url,
    ];
    let output = web.host.output(&program.to_string_lossy(), &arguments)?;
    let said = text(&output.stderr);
    ensure!(output.status.success(), "{url}: {} {said}", output.status);
    Ok(text(&output.stdout))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// A member's activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Gets everything.
    Active,
    /// Gets requests of its sessions only.
    Drained,
    /// Gets nothing.
    Stopped,
}

impl Activation {
    fn verb(self) -> &'static str {
        match self {
            Activation::Active => "activate",
            Activation::Drained => "drain",
            Activation::Stopped => "stop",
        }
    }

    /// The letter of the status worker's parameter.
    fn letter(self) -> char {
        match self {
            Activation::Active => 'a',
            Activation::Drained => 'd',
            Activation::Stopped => 's',
        }
    }

    /// As the status worker writes it.
    fn word(self) -> &'static str {
        match self {
            Activation::Active => "ACT",
            Activation::Drained => "DIS",
            Activation::Stopped => "STP",
        }
    }
}

/// Sets a member's activation on both web hosts, and makes sure of it; what was said.
pub fn set(subject: Subject, site: Site, member: &str, to: Activation) -> Result<String> {
    let said = match subject {
        Subject::Rjk => with_rjk(site, member, to)?,
        Subject::ModJk => with_pages(site, member, to)?,
    };
    for web in Host::WEB {
        let is = property(web, member, "activation")?;
        ensure!(is == to.word(), "{member} is {is} on {}", web.name());
    }
    Ok(said)
}

fn with_rjk(site: Site, member: &str, to: Activation) -> Result<String> {
    let urls = Host::WEB.map(status_url);
    let balancer = site.balancer();
    let mut arguments = vec![to.verb(), "--json"];
    if to == Activation::Drained {
        arguments.extend(["--wait", "--timeout", "60"]);
    }
    arguments.extend([&*urls[0], &*urls[1], &*balancer, member]);
    let said = rjk_on(Host::Web01, &arguments)?;
    ensure!(
        said.code == Some(0),
        "rjk {}: {} {}",
        to.verb(),
        said.json,
        said.stderr
    );
    let end = &said.json["wait"]["end"];
    Ok(match end.as_str() {
        Some(end) => format!("rjk {} --wait: {end}", to.verb()),
        None => format!("rjk {}: done on both", to.verb()),
    })
}

fn with_pages(site: Site, member: &str, to: Activation) -> Result<String> {
    for web in Host::WEB {
        let query = format!(
            "cmd=update&from=list&w={}&sw={member}&vwa={}&mime=prop",
            site.balancer(),
            to.letter()
        );
        ask(web, &query)?;
    }
    Ok(format!("two status pages: {}", to.verb()))
}

fn status_url(web: Host) -> String {
    format!("http://{}/jk-status", web.address())
}

/// A property of a member, as a web host's status worker says it: `state` for instance.
pub fn property(web: Host, member: &str, name: &str) -> Result<String> {
    let answer = ask(web, "cmd=list&mime=prop")?;
    let start = format!("worker.{member}.{name}=");
    let value = answer.lines().find_map(|line| line.strip_prefix(&start));
    let value = value.with_context(|| format!("no {start} in {answer}"))?;
    Ok(value.trim().to_owned())
}

fn ask(web: Host, query: &str) -> Result<String> {
    let url = format!("{}?{query}", status_url(web));
    let Output { status, stdout, .. } = web.output("curl", &["-sS", "-m", "10", "-f", &url])?;
    if !status.success() {
        bail!("{url} on {}: {status}", web.name());
    }
    Ok(text(&stdout))
}
