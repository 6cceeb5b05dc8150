//! Plays a how-to: each of its commands on its host, with what the page says that it prints.

use crate::lab::Lab;
use crate::network::Host;
use crate::shell::{self, Said};
use anyhow::{Context, Result, bail, ensure};
use rjk_testbed::document::compare;
use rjk_testbed::how_to::{HowTo, Scene, Step};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What became of the commands of a page.
#[derive(Debug, Default)]
pub struct Played {
    /// Those that ran, once on each of their hosts.
    pub run: u64,
    /// Blocks that printed what the page says.
    pub compared: u64,
    /// How those begin that were not run.
    pub elsewhere: BTreeSet<&'static str>,
}

/// Plays all of a page; the first thing that is not as it says is an error.
pub fn play(lab: &mut Lab, page: &HowTo) -> Result<Played> {
    shell::provide()?;
    let mut played = Played::default();
    for scene in &page.scenes {
        for step in &scene.steps {
            if let Step::Elsewhere(why) = step {
                played.elsewhere.extend(why.iter().map(|why| why.begins));
            }
        }
        for name in &scene.hosts {
            let result = act(lab, host(name)?, scene, &mut played);
            result.with_context(|| format!("docs/{}:{} on {name}", page.name, scene.line))?;
        }
    }
    Ok(played)
}

fn host(name: &str) -> Result<Host> {
    let mut hosts = Host::ALL.into_iter();
    hosts
        .find(|host| host.name() == name)
        .with_context(|| format!("there is no host {name}"))
}

/// The commands of a scene on one host.
fn act(lab: &mut Lab, host: Host, scene: &Scene, played: &mut Played) -> Result<()> {
    let commands: Vec<&String> = scene
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Run(command) => Some(command),
            Step::Elsewhere(_) => None,
        })
        .collect();
    let mut printed = String::new();
    for (index, command) in commands.iter().enumerate() {
        let said = perform(lab, host, command)?;
        let code = if index + 1 == commands.len() {
            scene.exit
        } else {
            0
        };
        ensure!(
            said.code == Some(code),
            "{command}: {:?} and not {code}: {}",
            said.code,
            said.text
        );
        printed.push_str(&said.text);
        played.run += 1;
    }
    if let Some(prints) = &scene.prints {
        compare(prints, &printed)?;
        played.compared += 1;
    }
    Ok(())
}

/// A command in the host's own folder, which is that of the operator.
fn perform(lab: &mut Lab, host: Host, command: &str) -> Result<Said> {
    shell::perform(host, &home(host), command, |words| {
        service(lab, host, words)
    })
}

fn home(host: Host) -> PathBuf {
    Path::new("/run/lab").join(host.name()).join("root")
}

/// `systemctl`, with the verb and the names of services.
fn service(lab: &mut Lab, host: Host, words: &str) -> Result<()> {
    let mut words = words.split_whitespace().filter(|word| *word != "--now");
    let verb = words.next().context("what is to be done?")?;
    for name in words {
        match host {
            Host::Was01 | Host::Was02 if name == "nftables" => firewall(host, verb)?,
            Host::Was01 | Host::Was02 => tomcat(lab, host, verb, name)?,
            _ => httpd(lab, host, verb, name)?,
        }
    }
    Ok(())
}

/// What the unit of Debian's package does.
fn firewall(host: Host, verb: &str) -> Result<()> {
    ensure!(["enable", "restart", "reload"].contains(&verb), "{verb}");
    let said = shell::run(host, &home(host), "nft -f /etc/nftables.conf")?;
    ensure!(said.code == Some(0), "{}", said.text);
    Ok(())
}

fn tomcat(lab: &mut Lab, host: Host, verb: &str, name: &str) -> Result<()> {
    let mut tomcats = lab.tomcats.iter_mut();
    let tomcat = tomcats
        .find(|tomcat| tomcat.host == host && tomcat.site.instance() == name)
        .with_context(|| format!("there is no service {name}"))?;
    match (verb, tomcat.pid().is_some()) {
        ("start" | "enable", true) | ("stop", false) => Ok(()),
        ("start" | "enable" | "restart", false) => tomcat.start(),
        ("stop", true) => tomcat.stop(),
        ("restart", true) => tomcat.stop().and_then(|()| tomcat.start()),
        _ => bail!("the lab's services know no {verb}"),
    }
}

/// `systemctl`, with a verb and the name of httpd on a host.
pub fn httpd(lab: &mut Lab, host: Host, verb: &str, name: &str) -> Result<()> {
    let mut webs = lab.webs.iter_mut();
    let web = webs
        .find(|web| web.host == host && web.flavour.service == name)
        .with_context(|| format!("there is no service {name}"))?;
    match verb {
        "restart" => web.stop().and_then(|()| web.start()),
        "reload" => web.graceful(),
        _ => bail!("the lab's services know no {verb}"),
    }
}
