//! The hosts and the network between them.
//!
//! ```text
//!  users 172.16.1.1 ---+
//!                      |
//!  web-01 172.16.3.1 --+
//!  web-02 172.16.3.2 --+-- router (.254 in each network)
//!  other  172.16.3.9 --+
//!                      |
//!  was-01 172.16.2.1 --+
//!  was-02 172.16.2.2 --+
//! ```
//!
//! The users are where this program is; the others are named namespaces. The router has a bridge for each
//! network, and the other end of each host's cable.

use crate::enclosure::run;
use crate::folders;
use anyhow::{Context, Result, ensure};
use rjk_testbed::module::repository;
use std::fs;
use std::net::Ipv4Addr;
use std::process::{Command, Output};

/// The namespace between the hosts.
const ROUTER: &str = "router";
/// The networks, by the third part of their addresses.
const NETWORKS: [u8; 3] = [1, 2, 3];
/// Each so many of a hundred packets get lost.
pub const LOSS: u8 = 30;

/// A host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A web server.
    Web01,
    /// The other one.
    Web02,
    /// A host with Tomcats.
    Was01,
    /// The other one.
    Was02,
    /// In the network of the web servers, but none of them.
    Other,
}

impl Host {
    /// All.
    pub const ALL: [Host; 5] = [
        Host::Web01,
        Host::Web02,
        Host::Was01,
        Host::Was02,
        Host::Other,
    ];
    /// The web servers.
    pub const WEB: [Host; 2] = [Host::Web01, Host::Web02];
    /// Those with Tomcats.
    pub const WAS: [Host; 2] = [Host::Was01, Host::Was02];

    /// Its name, which is also its namespace's.
    pub fn name(self) -> &'static str {
        match self {
            Host::Web01 => "web-01",
            Host::Web02 => "web-02",
            Host::Was01 => "was-01",
            Host::Was02 => "was-02",
            Host::Other => "other-01",
        }
    }

    /// Its address.
    pub fn address(self) -> Ipv4Addr {
        let last = match self {
            Host::Web01 | Host::Was01 => 1,
            Host::Web02 | Host::Was02 => 2,
            Host::Other => 9,
        };
        Ipv4Addr::new(172, 16, self.network(), last)
    }

    fn network(self) -> u8 {
        match self {
            Host::Was01 | Host::Was02 => 2,
            Host::Web01 | Host::Web02 | Host::Other => 3,
        }
    }

    /// A command on this host.
    pub fn command(self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name(), program]);
        command
    }

    /// Runs one; its output, however it ended.
    pub fn output(self, program: &str, arguments: &[&str]) -> Result<Output> {
        let output = self.command(program).args(arguments).output();
        output.with_context(|| format!("{program} on {}", self.name()))
    }

    /// Pulls its cable, or puts it in: no packet says so to anybody.
    pub fn plugged(self, is: bool) -> Result<()> {
        let state = if is { "up" } else { "down" };
        in_host(ROUTER, &["link", "set", self.name(), state])
    }

    /// Loses [`LOSS`] percent of the packets that come to it, or none.
    pub fn lossy(self, is: bool) -> Result<()> {
        // Always there before it goes: whoever asks for it twice gets the same.
        let mut rules = "table inet loss\ndelete table inet loss\n".to_owned();
        if is {
            rules.push_str(&format!(
                "table inet loss {{\n chain input {{\n  type filter hook input priority -10\n  \
                 iif != lo numgen random mod 100 < {LOSS} counter drop\n }}\n}}\n"
            ));
        }
        self.nft(&rules)
    }

    /// How many packets were lost since [`Host::lossy`].
    pub fn lost_packets(self) -> Result<u64> {
        let output = self.output("nft", &["list", "table", "inet", "loss"])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split_whitespace();
        words.find(|word| *word == "packets");
        let count = words.next().context("no counter")?;
        Ok(count.parse()?)
    }

    fn nft(self, rules: &str) -> Result<()> {
        let file = format!("/run/{}.nft", self.name());
        fs::write(&file, rules)?;
        let output = self.output("nft", &["-f", &file])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "nft on {}: {said}", self.name());
        Ok(())
    }
}

/// Builds all of it.
pub fn build() -> Result<()> {
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["netns", "add", ROUTER])?;
    in_host(ROUTER, &["link", "set", "lo", "up"])?;
    for network in NETWORKS {
        bridge(network)?;
    }
    let forward = [
        "netns",
        "exec",
        ROUTER,
        "sysctl",
        "-qw",
        "net.ipv4.ip_forward=1",
    ];
    run("ip", &forward)?;
    for host in Host::ALL {
        connect(host)?;
    }
    users()?;
    let firewall = repository().join("httpd-conf/on-premise/tomcat/nftables.conf");
    let firewall = fs::read_to_string(firewall)?;
    Host::WAS.iter().try_for_each(|host| {
        fs::write(folders::etc(*host, folders::NFTABLES), &firewall)?;
        host.nft(&firewall)
    })
}

/// `ip` for a namespace.
fn in_host(name: &str, arguments: &[&str]) -> Result<()> {
    run("ip", &[&["-n", name], arguments].concat())?;
    Ok(())
}

fn bridge(network: u8) -> Result<()> {
    let name = format!("net{network}");
    // All ports get multicast: nobody asks who listens.
    let kind = ["type", "bridge", "mcast_snooping", "0"];
    in_host(ROUTER, &[&["link", "add", &name], &kind[..]].concat())?;
    let address = format!("{}/24", gateway(network));
    in_host(ROUTER, &["addr", "add", &address, "dev", &name])?;
    in_host(ROUTER, &["link", "set", &name, "up"])
}

fn gateway(network: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 16, network, 254)
}

fn connect(host: Host) -> Result<()> {
    let name = host.name();
    run("ip", &["netns", "add", name])?;
    in_host(name, &["link", "set", "lo", "up"])?;
    cable(&["-n", name], name, host.network())?;
    let multicast = ["route", "add", "224.0.0.0/4", "dev", "eth0"];
    let address = format!("{}/24", host.address());
    in_host(name, &["addr", "add", &address, "dev", "eth0"])?;
    in_host(name, &["link", "set", "eth0", "up"])?;
    in_host(name, &multicast)?;
    let way = gateway(host.network()).to_string();
    in_host(name, &["route", "add", "default", "via", &way])
}

/// From eth0 of a host to a port of the router that has the host's name.
fn cable(of: &[&str], name: &str, network: u8) -> Result<()> {
    let ends = [
        "link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", ROUTER,
    ];
    run("ip", &[of, &ends[..]].concat())?;
    let bridge = format!("net{network}");
    in_host(ROUTER, &["link", "set", name, "master", &bridge, "up"])
}

fn users() -> Result<()> {
    cable(&[], "users", 1)?;
    run("ip", &["addr", "add", "172.16.1.1/24", "dev", "eth0"])?;
    run("ip", &["link", "set", "eth0", "up"])?;
    let way = gateway(1).to_string();
    run("ip", &["route", "add", "default", "via", &way])?;
    Ok(())
}
