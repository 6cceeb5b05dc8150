//! The Tomcat on the web host itself, in the section on unix sockets, and its unit.

use super::TOMCATS;
use super::place::{LOCAL, Place, text_of};
use crate::enclosure::run;
use crate::lab::Lab;
use crate::network::Host;
use crate::shell;
use crate::site::Site;
use crate::tomcat::{Kind, Tomcat};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// What the page has under `systemctl edit a-was`.
const UNIT: &str = "a-was.service";
/// Stays behind from step 3.
const FACTS: &str = "webapps/ROOT/facts.jsp";

/// The Tomcat.
pub struct Local {
    tomcat: Tomcat,
    place: Place,
}

impl Local {
    /// Like the one of was-01, and not started.
    pub fn unpack(lab: &Lab) -> Result<Local> {
        let other = lab.tomcats.first().context("no Tomcat")?;
        let kind = Kind {
            version: other.version(),
            user: Some(TOMCATS),
        };
        let tomcat = Tomcat::unpack(Site::A, Host::Web01, kind)?;
        fs::copy(other.base().join(FACTS), tomcat.base().join(FACTS))?;
        let place = Place::of(LOCAL)?;
        Ok(Local { tomcat, place })
    }

    /// What systemd does with the unit.
    pub fn restart(&mut self) -> Result<()> {
        if self.tomcat.pid().is_some() {
            self.tomcat.stop()?;
        }
        let unit = text_of(&self.place.file(UNIT));
        let mut folder = None;
        for line in unit.lines() {
            match line.split_once('=') {
                Some(("RuntimeDirectory", name)) => folder = Some(Path::new("/run").join(name)),
                Some(("RuntimeDirectoryMode", mode)) => {
                    runtime(folder.as_deref().context("no RuntimeDirectory")?, mode)?;
                }
                Some(("ExecStartPre", command)) => self.before_start(command)?,
                None if line == "[Service]" || line.is_empty() => {}
                _ => bail!("the lab's units know no {line}"),
            }
        }
        self.tomcat.start()
    }

    /// A command of the unit, as its user; with a dash it may fail.
    fn before_start(&self, command: &str) -> Result<()> {
        let bare = command.trim_start_matches('-');
        let command = format!("runuser -u {TOMCATS} -- {bare}");
        let said = shell::run(self.place.host, &self.place.folder, &command)?;
        let is_good = said.code == Some(0) || bare != command;
        ensure!(is_good, "{command}: {}", said.text);
        Ok(())
    }

    /// Stops it, if it runs.
    pub fn stop(mut self) -> Result<()> {
        match self.tomcat.pid() {
            Some(_) => self.tomcat.stop(),
            None => Ok(()),
        }
    }
}

/// The folder below /run, anew.
fn runtime(folder: &Path, mode: &str) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    let path = folder.to_string_lossy();
    run("chown", &[&format!("{TOMCATS}:{TOMCATS}"), &path])?;
    run("chmod", &[mode, &path])?;
    Ok(())
}
