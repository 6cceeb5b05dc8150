//! Does what the page says, item by item.

use super::local::Local;
use super::look;
use super::place::{self, Place, text_of};
use super::tomcat;
use crate::enclosure;
use crate::lab::Lab;
use crate::network::Host;
use crate::player::httpd;
use crate::shell::{self, Said};
use anyhow::{Context, Result, ensure};
use rjk_testbed::document::compare;
use rjk_testbed::page::{Act, Copied, Edited, Page, Part, Spot};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the prose says, as orders have it.
const AGAIN: &str = "again on was-02: ";
const BACK: &str = "back, and there again";
const LOCAL: &str = "a Tomcat on web-01";
const WEBSOCKETS: &str = "WebSockets";

/// What was done in a part.
#[derive(Default)]
struct Counts {
    commands: u64,
    compared: u64,
    files: u64,
    services: BTreeMap<String, u64>,
}

/// Who goes through the page.
pub struct Player<'l> {
    pub(super) lab: &'l mut Lab,
    page: &'l Page,
    /// What files were at first.
    first: BTreeMap<PathBuf, String>,
    /// What the files of the last block were before it.
    before: Vec<(PathBuf, String)>,
    /// The page is read for the other was host.
    is_other: bool,
    /// The Tomcat on the web host.
    pub(super) local: Option<Local>,
    /// Errors in the logs.
    errors: usize,
    counts: Counts,
}

impl<'l> Player<'l> {
    /// Before the first step.
    pub fn new(lab: &'l mut Lab, page: &'l Page) -> Result<Player<'l>> {
        shell::provide()?;
        // "`a.secret` holds the secret of site A"
        let secret = Place::of("web-01")?.file("a.secret");
        fs::write(secret, crate::site::Site::A.secret())?;
        tomcat::add_websocket(lab)?;
        Ok(Player {
            lab,
            page,
            first: BTreeMap::new(),
            before: Vec::new(),
            is_other: false,
            local: None,
            errors: 0,
            counts: Counts::default(),
        })
    }

    /// Goes through a part, and looks at what users saw.
    pub fn part(&mut self, part: &Part) -> Result<()> {
        let began = Instant::now();
        self.counts = Counts::default();
        self.items(part, usize::MAX)?;
        let seen = look::around(self).with_context(|| format!("after \"{}\"", part.title))?;
        let errors = look::errors(self.lab);
        // A Tomcat that restarts takes requests along that were in flight.
        let is_quiet = !self.counts.services.contains_key("restart");
        ensure!(
            !is_quiet || errors.len() == self.errors,
            "in the log: {:?}",
            errors.last()
        );
        self.errors = errors.len();
        let Counts {
            commands,
            compared,
            files,
            services,
        } = &self.counts;
        println!(
            "{}\n    {commands} commands, {compared} compared, {files} files, {services:?}, {:.1} s; {seen}",
            part.title,
            began.elapsed().as_secs_f64()
        );
        Ok(())
    }

    /// Stops what the page started.
    pub fn end(&mut self) -> Result<()> {
        self.local.take().map_or(Ok(()), Local::stop)
    }

    /// Those of a part that stand above a line.
    fn items(&mut self, part: &Part, above: usize) -> Result<()> {
        for item in part.items.iter().filter(|item| item.line < above) {
            self.item(&item.act, item.line)
                .with_context(|| format!("docs/off-ajp.md:{}", item.line))?;
        }
        Ok(())
    }

    fn item(&mut self, act: &Act, line: usize) -> Result<()> {
        match act {
            Act::NotTried => Ok(()),
            Act::Order(order) => self.order(order, line),
            Act::Copy(copied) => self.copy(copied),
            Act::Run {
                hosts,
                commands,
                exit,
                prints,
            } => hosts.iter().try_for_each(|host| {
                let place = self.place(host)?;
                self.block(&place, commands, *exit, prints.as_deref())
                    .with_context(|| place.name.clone())
            }),
            Act::Put {
                hosts,
                file,
                spot,
                text,
            } => {
                self.before.clear();
                hosts
                    .iter()
                    .try_for_each(|host| self.put(host, file, spot, text))
            }
        }
    }

    fn order(&mut self, order: &str, line: usize) -> Result<()> {
        match order {
            BACK => self.back_and_there(),
            LOCAL => {
                self.lab.users = None;
                self.local = Some(Local::unpack(self.lab)?);
                Ok(())
            }
            WEBSOCKETS => look::websockets(self.lab),
            _ => {
                let parts = order.strip_prefix(AGAIN);
                let parts = parts.with_context(|| format!("what does {order:?} mean?"))?;
                self.is_other = true;
                for name in parts.split("; ") {
                    // Of the part with the order in it, what stands above.
                    self.items(self.page.part(name)?, line)?;
                }
                self.is_other = false;
                Ok(())
            }
        }
    }

    /// What the page says, for the host that it is read for.
    fn read(&self, text: &str) -> String {
        if self.is_other {
            place::for_other_was(text)
        } else {
            text.to_owned()
        }
    }

    fn place(&self, name: &str) -> Result<Place> {
        Place::of(&self.read(name))
    }

    /// Commands on one host, and what all of them printed.
    fn block(
        &mut self,
        place: &Place,
        commands: &[String],
        exit: i32,
        prints: Option<&str>,
    ) -> Result<()> {
        let mut printed = String::new();
        for (index, command) in commands.iter().enumerate() {
            let command = place.words(&self.read(command));
            let said = self.perform(place, &command)?;
            let is_last = index + 1 == commands.len();
            let code = if is_last { exit } else { 0 };
            ensure!(
                said.code == Some(code),
                "{command}\nended with {:?} and not with {code}:\n{}",
                said.code,
                said.text
            );
            printed.push_str(&said.text);
            self.counts.commands += 1;
        }
        if let Some(prints) = prints {
            compare(&place.words(&self.read(prints)), &printed)?;
            self.counts.compared += 1;
        }
        Ok(())
    }

    fn perform(&mut self, place: &Place, command: &str) -> Result<Said> {
        shell::perform(place.host, &place.folder, command, |words| {
            self.service(place, words)
        })
    }

    fn service(&mut self, place: &Place, words: &str) -> Result<()> {
        let (verb, name) = words.split_once(' ').context("a verb and a service")?;
        match (words, place.host, &mut self.local) {
            ("restart a-was", Host::Web01, Some(local)) => local.restart()?,
            ("restart a-was", host, _) => tomcat::restart(self.lab, host)?,
            (_, host, _) => httpd(self.lab, host, verb, name)?,
        }
        *self.counts.services.entry(verb.to_owned()).or_default() += 1;
        Ok(())
    }

    /// Text into a file.
    fn put(&mut self, host: &str, file: &str, spot: &Spot, text: &str) -> Result<()> {
        let place = self.place(host)?;
        let path = place.file(file);
        let (now, text) = (text_of(&path), self.read(text));
        let first = self
            .first
            .entry(path.clone())
            .or_insert_with(|| now.clone());
        let edited = Edited { first, now: &now };
        let text = spot.apply(&edited, &text);
        write(&path, &text.with_context(|| path.display().to_string())?)?;
        self.before.push((path, now));
        self.counts.files += 1;
        Ok(())
    }

    /// A file from the CA's host to others.
    fn copy(&mut self, copied: &Copied) -> Result<()> {
        let from = Place::of("ca-01")?.folder.join(&copied.file);
        for host in &copied.hosts {
            let to = Place::of(host)?.file(&copied.to);
            fs::copy(&from, &to).with_context(|| format!("{}", from.display()))?;
            let path = to.to_string_lossy();
            let owner = format!("{0}:{0}", copied.owner);
            enclosure::run("chown", &[&owner, &path])?;
            enclosure::run("chmod", &[&copied.mode, &path])?;
            self.counts.files += 1;
        }
        Ok(())
    }

    /// Takes the last block back, looks, and takes it up again.
    fn back_and_there(&mut self) -> Result<()> {
        let there: Vec<(PathBuf, String)> = self
            .before
            .iter()
            .map(|(path, _)| (path.clone(), text_of(path)))
            .collect();
        for files in [&self.before.clone(), &there] {
            for (path, text) in files {
                fs::write(path, text)?;
            }
            for host in Host::WEB {
                let place = Place::of(host.name())?;
                self.perform(&place, &place.words("httpd -t && systemctl reload httpd"))?;
            }
            look::around(self)?;
        }
        Ok(())
    }
}

/// Writes a file, which keeps its owner if it is there; who owns the folder owns a new one.
fn write(path: &Path, text: &str) -> Result<()> {
    let is_new = !path.exists();
    fs::write(path, text).with_context(|| path.display().to_string())?;
    if let (true, Some(folder)) = (is_new, path.parent()) {
        let folder = format!("--reference={}", folder.display());
        enclosure::run("chown", &[&folder, &path.to_string_lossy()])?;
    }
    Ok(())
}
