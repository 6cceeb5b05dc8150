//! The Tomcats of the page: how they are restarted, and what they have for it.

use crate::lab::Lab;
use crate::network::Host;
use crate::operator::{Activation, page_of, property, set};
use crate::site::Site;
use anyhow::{Context, Result, ensure};
use rjk_testbed::{Version, wait};
use std::fs;
use std::time::Duration;

/// Has a Tomcat take WebSockets at /echo.
const WEBSOCKET: &str = "websocket.jsp";
/// Longest wait for the other Tomcat of the site.
const JOIN_LIMIT: Duration = Duration::from_secs(30);
/// Longest time until one that is back has new visitors.
const BACK_LIMIT: Duration = Duration::from_secs(60);

/// `systemctl restart a-was` on a was host: the page says once how it is taken out of service before and taken back
/// behind, and that this is so each time. Who has done the one does the other, too.
pub fn restart(lab: &mut Lab, host: Host) -> Result<()> {
    let name = Site::A.worker(host);
    // What the other one does not have is not there while this one is away.
    lab.wait_replicated()?;
    let is_out = property(Host::Web01, &name, "activation")? != "ACT";
    if !is_out {
        set(lab.subject, Site::A, &name, Activation::Drained)?;
        set(lab.subject, Site::A, &name, Activation::Stopped)?;
    }
    let tomcat = lab.tomcat(&name)?;
    tomcat.stop()?;
    let before = joined(&tomcat.log());
    tomcat.start()?;
    let has_joined = wait::became(JOIN_LIMIT, || joined(&tomcat.log()) > before);
    ensure!(has_joined, "{name} sees nobody: {}", tomcat.log());
    if !is_out {
        set(lab.subject, Site::A, &name, Activation::Active)?;
        lab.reached_by_new_visitors(Site::A, &name, BACK_LIMIT)?;
    }
    Ok(())
}

fn joined(log: &str) -> usize {
    log.matches("memberAdded").count()
}

/// A page that opens [`WEBSOCKET`] to each Tomcat of the page.
pub fn add_websocket(lab: &Lab) -> Result<()> {
    for tomcat in &lab.tomcats {
        let page = include_str!("websocket.jsp");
        let page = match tomcat.version() {
            Version::V9 => page.to_owned(),
            Version::V10 => page.replace("javax.", "jakarta."),
        };
        fs::write(tomcat.base().join("webapps/ROOT").join(WEBSOCKET), page)?;
    }
    Ok(())
}

/// From now on they take WebSockets.
pub fn open_websockets(lab: &Lab) -> Result<()> {
    for tomcat in &lab.tomcats {
        let said = page_of(tomcat, WEBSOCKET, &lab.webs[0]);
        let said = said.with_context(|| tomcat.name())?;
        ensure!(said == "open", "{said}");
    }
    Ok(())
}
