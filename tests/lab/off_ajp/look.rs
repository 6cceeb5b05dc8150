//! What the page says to look at, after each part of it.

use super::place::{Place, text_of};
use super::player::Player;
use super::tomcat;
use crate::lab::Lab;
use crate::network::Host;
use crate::operator::property;
use crate::site::Site;
use crate::users::Tally;
use crate::web::Web;
use anyhow::{Context, Result, ensure};
use rjk_testbed::client::Client;
use rjk_testbed::websocket::open_with;
use std::time::Duration;

/// Longest time until a member has a new visitor.
const LIMIT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// Each member has its share by the way that rjk.toml says, and no user saw anything of it; in words.
pub fn around(player: &Player) -> Result<String> {
    let lab = &*player.lab;
    let Some(users) = &lab.users else {
        return socket(player);
    };
    let mut ways = Vec::new();
    for name in Site::A.workers() {
        lab.reached_by_new_visitors(Site::A, &name, LIMIT)?;
        for web in Host::WEB {
            let address = property(web, &name, "address")?;
            let expected = expected(web, &name)?;
            ensure!(
                address == expected,
                "{name} is {address} for {} and not {expected}",
                web.name()
            );
            ways.push(address);
        }
    }
    users.settle()?;
    let tally = users.take();
    content(&tally)?;
    ways.dedup();
    Ok(format!(
        "{} clicks, none failed, no session lost, {} moved, the slowest {} ms; {}",
        tally.sent,
        tally.moved,
        tally.slowest.as_millis(),
        ways.join(", ")
    ))
}

/// Without users: the Tomcat on the web host is reached by its socket, if there is one.
fn socket(player: &Player) -> Result<String> {
    if player.local.is_none() {
        return Ok("no users any more".into());
    }
    let name = Site::A.worker(Host::Web01);
    let address = property(Host::Web01, &name, "address")?;
    ensure!(
        address == "http+unix:/run/tomcat/a.sock",
        "{name} is {address}"
    );
    player.lab.reached_by_new_visitors(Site::A, &name, LIMIT)?;
    Ok(format!("no users any more; {address} has visitors"))
}

/// What users want: each click a page, and their session in it.
fn content(tally: &Tally) -> Result<()> {
    let told = tally.told.join("; ");
    let (failed, sent) = (tally.failed, tally.sent);
    ensure!(failed == 0, "{failed} of {sent} clicks failed: {told}");
    ensure!(tally.lost == 0, "{} sessions were lost: {told}", tally.lost);
    ensure!(sent > 0, "nobody clicked");
    Ok(())
}

/// The address that a member has by the rjk.toml of a web host, as the status page writes it.
fn expected(web: Host, name: &str) -> Result<String> {
    let file = text_of(&Place::of(web.name())?.file("rjk.toml"));
    let file: toml::Table = toml::from_str(&file)?;
    let was = if name.ends_with('1') {
        Host::Was01
    } else {
        Host::Was02
    };
    let address = was.address();
    let entry = file.get("worker").and_then(|workers| workers.get(name));
    let Some(entry) = entry else {
        return Ok(format!("{address}:{}", Site::A.port()));
    };
    let scheme = match entry.get("tls") {
        Some(_) => "https",
        None => "http",
    };
    let port = entry.get("port").and_then(toml::Value::as_integer);
    Ok(format!("{scheme}://{address}:{}", port.context("no port")?))
}

/// `grep -F '[error]'` in the logs of both web hosts.
pub fn errors(lab: &Lab) -> Vec<String> {
    let logs: String = lab.webs.iter().map(Web::logs).collect();
    let lines = logs.lines().filter(|line| line.contains("[error]"));
    lines.map(str::to_owned).collect()
}

/// A WebSocket through each web host to each member.
pub fn websockets(lab: &Lab) -> Result<()> {
    tomcat::open_websockets(lab)?;
    for web in Host::WEB {
        for name in Site::A.workers() {
            let client = Client::within((web.address(), 80).into(), CONNECT)?;
            let cookie = format!("Cookie: JSESSIONID=none.{name}\r\n");
            let mut socket = open_with(client, "/echo", &cookie)?.opened()?;
            let said = socket.ask(&name)?;
            ensure!(said == name, "{said} came back from {name}");
        }
    }
    Ok(())
}
