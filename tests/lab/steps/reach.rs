//! Before any user comes: who reaches whom, and does the configuration say what is meant?

use super::{Seen, Step};
use crate::enclosure;
use crate::lab::Lab;
use crate::network::Host;
use crate::operator::{Said, rjk_on};
use crate::site::Site;
use anyhow::{Context, Result, ensure};
use rjk_testbed::Subject;
use rjk_testbed::rjk::rjk;
use serde_json::Value;
use std::fs;

pub(super) const STEPS: [Step; 5] = [
    Step {
        name: "reachability",
        asked: "CPING from both web hosts to all four Tomcats (rjk ping)",
        act: pings,
        leaves: false,
    },
    Step {
        name: "secret",
        asked: "one request to each over AJP, with its secret, and with another one (rjk get)",
        act: secrets,
        leaves: false,
    },
    Step {
        name: "firewall",
        asked: "may another host of the web servers' network, or a user's, reach AJP?",
        act: strangers,
        leaves: false,
    },
    Step {
        name: "configuration",
        asked: "rjk check over both web hosts and all server.xml; httpd -t",
        act: configuration,
        leaves: false,
    },
    Step {
        name: "status page",
        asked: "it answers the web hosts, and nobody else",
        act: status_page,
        leaves: false,
    },
];

/// Probes of each Tomcat from each web host.
const PROBES: u64 = 3;
/// How mod_jk stands to a step that asks with `rjk`.
const NO_TOOL: &str = "mod_jk brings no such tool";

/// Each web host with each Tomcat: `(web, site, was)`.
fn ways() -> impl Iterator<Item = (Host, Site, Host)> {
    let was = |web, site| Host::WAS.into_iter().map(move |was| (web, site, was));
    let sites = move |web| Site::BOTH.into_iter().flat_map(move |site| was(web, site));
    Host::WEB.into_iter().flat_map(sites)
}

fn target(site: Site, was: Host) -> String {
    format!("{}:{}", was.address(), site.port())
}

fn pings(lab: &mut Lab) -> Result<Seen> {
    if lab.subject == Subject::ModJk {
        return Ok(Seen::absent(NO_TOOL));
    }
    let mut slowest = 0.0_f64;
    let mut sent = 0;
    for (web, site, was) in ways() {
        let target = target(site, was);
        let count = PROBES.to_string();
        let said = rjk_on(web, &["ping", "--json", "-c", &count, "-i", "0.1", &target])?;
        ensure!(
            said.code == Some(0),
            "{}: {target}: {}",
            web.name(),
            said.json
        );
        let max = said.json["cpong_ms"]["max"].as_f64();
        slowest = slowest.max(max.context("no time")?);
        sent += PROBES;
    }
    Ok(Seen::new(format!(
        "{sent} CPONG on 8 ways, the slowest after {slowest:.1} ms"
    ))
    .sent(sent))
}

fn secrets(lab: &mut Lab) -> Result<Seen> {
    if lab.subject == Subject::ModJk {
        return Ok(Seen::absent(NO_TOOL));
    }
    let mut sent = 0;
    for (web, site, was) in ways() {
        let right = get(web, site, was, &site.secret())?;
        let status = right.json["status"].as_u64();
        ensure!(
            status == Some(200),
            "{}: {} {}",
            web.name(),
            right.json,
            right.stderr
        );
        let wrong = get(web, site, was, "another")?;
        let (status, hint) = (wrong.json["status"].as_u64(), &wrong.json["hint"]["kind"]);
        ensure!(
            status == Some(403) && hint == "secret_wrong",
            "{}",
            wrong.json
        );
        sent += 2;
    }
    Ok(
        Seen::new("8 times 200 with the secret, 8 times 403 (secret_wrong) with another")
            .sent(sent),
    )
}

fn get(web: Host, site: Site, was: Host, secret: &str) -> Result<Said> {
    let file = "/run/lab/secret";
    fs::write(file, secret)?;
    let url = format!("ajp://{}/", target(site, was));
    rjk_on(web, &["get", "--json", "--secret-file", file, &url])
}

fn strangers(lab: &mut Lab) -> Result<Seen> {
    if lab.subject == Subject::ModJk {
        return Ok(Seen::absent(NO_TOOL));
    }
    let mut kinds = Vec::new();
    for (site, was) in Site::BOTH.into_iter().zip(Host::WAS) {
        let target = target(site, was);
        let arguments = ["ping", "--json", "-c", "1", "--timeout", "3", &*target];
        let said = rjk_on(Host::Other, &arguments)?;
        ensure!(said.code == Some(1), "the other host reached {target}");
        kinds.push(kind(&said.json)?);
        let program = rjk()?;
        let user = enclosure::run(&program.to_string_lossy(), &arguments);
        let error = user.err().context("a user reached AJP")?;
        ensure!(error.to_string().contains("exit status: 1"), "{error:#}");
    }
    let kinds = kinds.join(", ");
    Ok(Seen::new(format!(
        "neither: {kinds} (icmp, administratively prohibited)"
    ))
    .sent(4))
}

fn kind(said: &Value) -> Result<String> {
    let kind = said["probes"][0]["problem"]["kind"].as_str();
    let kind = kind.context("no problem")?;
    ensure!(kind == "unreachable", "{said}");
    Ok(kind.to_owned())
}

fn configuration(lab: &mut Lab) -> Result<Seen> {
    let mut said = Vec::new();
    for web in &lab.webs {
        said.push(web.configtest()?);
    }
    if lab.subject == Subject::ModJk {
        return Ok(Seen::new(format!("httpd -t: {}", said.join(", "))));
    }
    for web in &lab.webs {
        let conf = web.conf().to_string_lossy().into_owned();
        let mut arguments = vec!["check".to_owned(), "--json".to_owned(), conf];
        for tomcat in &lab.tomcats {
            arguments.push("--tomcat".to_owned());
            arguments.push(tomcat.base().to_string_lossy().into_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = rjk_on(web.host, &arguments)?;
        let findings = said.json["findings"].as_array().map(Vec::len);
        ensure!(findings == Some(0), "{} {}", said.json, said.stderr);
    }
    Ok(Seen::new(format!(
        "nothing is found; httpd -t: {}",
        said.join(", ")
    )))
}

fn status_page(_lab: &mut Lab) -> Result<Seen> {
    let mut seen = Vec::new();
    for web in Host::WEB {
        let url = format!("http://{}/jk-status", web.address());
        let arguments = [
            "-s",
            "-m",
            "10",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &*url,
        ];
        let user = enclosure::run("curl", &arguments)?;
        let output = web.output("curl", &arguments)?;
        let own = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            own == "200" && user == "403",
            "{own} for {}, {user} for users",
            web.name()
        );
        seen.push(format!("{}: {own}, a user: {user}", web.name()));
    }
    Ok(Seen::new(seen.join("; ")).sent(4))
}
