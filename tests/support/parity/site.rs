//! A file of cases.

use super::expect::Expect;
use super::request::Ask;
use super::script::Does;
use crate::Result;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A server and what it is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The path below `tests/parity/sites`, without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// What all its cases share.
    #[serde(default)]
    pub server: Server,
    /// The cases, in order.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// A configuration. In a case it is added to the site's, and the case gets servers of its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// In a case: nothing of the site's is taken.
    #[serde(default)]
    pub alone: bool,
    /// Names of peers; each is an ajp13 worker whose host and port are added to the properties.
    pub peers: Option<Vec<String>>,
    /// Those of them that are down: their ports refuse connections.
    #[serde(default)]
    pub down: Vec<String>,
    /// What a peer does where a case does not say; it echoes by default.
    #[serde(default)]
    pub peer: BTreeMap<String, Does>,
    /// Lines of workers.properties.
    #[serde(default)]
    pub properties: String,
    /// Leaves out JkWorkersFile.
    #[serde(default)]
    pub no_workers_file: bool,
    /// Lines of the main server.
    #[serde(default)]
    pub directives: String,
    /// `<VirtualHost 127.0.0.1:@PORT@>` sections.
    #[serde(default)]
    pub vhosts: String,
    /// More files below the server root.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// httpd's modules: `rewrite`.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Loads them behind `jk_module`, not in front of it.
    #[serde(default)]
    pub modules_behind: bool,
    /// Plays the site a second time, as `SITE@behind`, with `modules_behind`.
    #[serde(default)]
    pub both_orders: bool,
    /// Mounts a status worker `jkstatus` there, for `page`.
    pub status: Option<String>,
    /// JkLogLevel; info by default.
    pub log_level: Option<String>,
    /// `event`, `worker` or `prefork`.
    pub mpm: Option<String>,
    /// ThreadsPerChild; 8 by default.
    pub threads: Option<u32>,
    /// Children; 1 by default.
    pub children: Option<u32>,
    /// The server's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The hosts file that the server sees.
    pub hosts: Option<String>,
    /// The server's umask, in octal digits.
    pub umask: Option<String>,
    /// Leaves out JkLogFile, JkLogLevel and JkShmFile.
    #[serde(default)]
    pub no_jk_defaults: bool,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, unique in the file: `u01_a_blank_is_encoded`.
    pub name: String,
    /// The rows of the contract that it proves.
    pub rows: Vec<String>,
    /// More than the name says, for whoever reads the file.
    #[serde(default)]
    pub about: String,
    /// Makes the case run on servers of its own.
    pub server: Option<Server>,
    /// Why mod_jk is not asked at all.
    pub oracle: Option<String>,
    /// Several requests, one after the other.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// As in [`Step`]: a case without `step` is one step.
    #[serde(default)]
    pub peer: BTreeMap<String, Does>,
    /// As in [`Step`].
    pub request: Option<Ask>,
    /// As in [`Step`].
    pub expect: Option<Expect>,
    /// As in [`Step`].
    pub mod_jk: Option<Expect>,
    /// As in [`Step`].
    pub older: Option<Older>,
    /// As in [`Step`].
    #[serde(default)]
    pub vary: Vec<String>,
}

/// What Debian's 1.2.48 does where 1.2.51 does what we do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Older {
    /// It cannot be asked.
    Unasked(String),
    /// It does this.
    Differs(Box<Expect>),
}

/// One step: first the peers, then what happens, then the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What peers do from now on in this case.
    #[serde(default)]
    pub peer: BTreeMap<String, Does>,
    /// Files below the server root that are written.
    #[serde(default)]
    pub write: BTreeMap<String, String>,
    /// Files that are removed.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Peers that go down.
    #[serde(default)]
    pub stop: Vec<String>,
    /// Peers that come back.
    #[serde(default)]
    pub revive: Vec<String>,
    /// Peers that close their connections.
    #[serde(default)]
    pub close: Vec<String>,
    /// Lets all go that `hold`.
    #[serde(default)]
    pub release: bool,
    /// A graceful restart.
    #[serde(default)]
    pub graceful: bool,
    /// A pause, where the passing of time is what the case is about.
    pub sleep_ms: Option<u64>,
    /// Waits until a peer has got so many requests in this case.
    #[serde(default)]
    pub wait: BTreeMap<String, usize>,
    /// The request.
    pub request: Option<Ask>,
    /// Texts of the answer's body by name, each between two others: `@name@` stands for it in later steps.
    #[serde(default)]
    pub take: BTreeMap<String, [String; 2]>,
    /// Looks at the answer of a request in the background.
    pub finish: Option<String>,
    /// What must come back, on both modules unless it says otherwise.
    pub expect: Option<Expect>,
    /// What mod_jk does instead, with the reason.
    pub mod_jk: Option<Expect>,
    /// What mod_jk 1.2.48 does instead, where 1.2.51 does what is expected.
    pub older: Option<Older>,
    /// What may differ between the modules without being looked at: `body`, `header X-Time`.
    #[serde(default)]
    pub vary: Vec<String>,
}

/// All sites, by name.
pub fn load() -> Result<Vec<Site>> {
    let root = super::folder().join("sites");
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    files.sort();
    let mut sites = Vec::new();
    for file in files {
        let site = read(&root, &file)?;
        let behind = site.behind();
        sites.push(site);
        sites.extend(behind);
    }
    Ok(sites)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(root: &Path, file: &Path) -> Result<Site> {
    let text = std::fs::read_to_string(file)?;
    let name = file.strip_prefix(root)?.with_extension("");
    parse(&name.to_string_lossy(), &text).with_context(|| file.display().to_string())
}

/// Reads the text of a file.
pub(super) fn parse(name: &str, text: &str) -> Result<Site> {
    let mut site: Site = toml::from_str(text)?;
    site.name = name.to_owned();
    let mut names = BTreeSet::new();
    for case in &mut site.cases {
        ensure!(
            names.insert(case.name.clone()),
            "two cases are called {}",
            case.name
        );
        case.complete()
            .with_context(|| format!("case {}", case.name))?;
    }
    Ok(site)
}

impl Site {
    /// The same with httpd's modules behind ours, where the file asks for it.
    fn behind(&self) -> Option<Site> {
        let mut behind = self.clone();
        behind.name.push_str("@behind");
        behind.server.modules_behind = true;
        self.server.both_orders.then_some(behind)
    }
}

impl Case {
    /// Makes a step of what stands in the case itself, and looks for mistakes.
    fn complete(&mut self) -> Result {
        let own = Step {
            peer: std::mem::take(&mut self.peer),
            request: self.request.take(),
            expect: self.expect.take(),
            mod_jk: self.mod_jk.take(),
            older: self.older.take(),
            vary: std::mem::take(&mut self.vary),
            ..Step::default()
        };
        ensure!(!self.rows.is_empty(), "`rows` is empty");
        if self.steps.is_empty() || own.request.is_some() || own.expect.is_some() {
            ensure!(
                self.steps.is_empty() || own.request.is_none(),
                "`request` stands beside `step`"
            );
            self.steps.insert(0, own);
        } else if !own.peer.is_empty() {
            let first = &mut self.steps[0];
            first.peer = own
                .peer
                .into_iter()
                .chain(std::mem::take(&mut first.peer))
                .collect();
        }
        self.steps.iter().try_for_each(Step::check)
    }

    /// Whether mod_jk proves it: it is asked, and nothing is said to be different.
    pub fn is_compared(&self) -> bool {
        let plain = |step: &Step| step.mod_jk.is_none() && step.older.is_none();
        self.oracle.is_none() && self.steps.iter().all(plain)
    }

    /// Whether mod_jk is asked at all.
    pub fn asks_mod_jk(&self) -> bool {
        let unasked = |step: &Step| matches!(step.older, Some(Older::Unasked(_)));
        self.oracle.is_none() && !self.steps.iter().any(unasked)
    }
}

impl Step {
    fn check(&self) -> Result {
        let expect = self.expect.as_ref().context("a step expects nothing");
        let acts = self.request.is_none() && self.finish.is_none();
        if let Ok(expect) = &expect {
            ensure!(
                expect.reason.is_none() && expect.ignore.is_empty(),
                "`reason` and `ignore` belong to `mod_jk` and `older`"
            );
        } else if !acts
            && self
                .request
                .as_ref()
                .is_none_or(|ask| ask.background.is_none())
        {
            bail!("a request without `expect`");
        }
        let older = match &self.older {
            Some(Older::Differs(other)) => Some(&**other),
            _ => None,
        };
        for other in [self.mod_jk.as_ref(), older].into_iter().flatten() {
            ensure!(
                other
                    .reason
                    .as_ref()
                    .is_some_and(|reason| !reason.is_empty()),
                "`mod_jk` or `older` has no `reason`"
            );
            for field in &other.ignore {
                ensure!(
                    Expect::FIELDS.contains(&field.as_str()),
                    "`ignore`: {field:?} is no field"
                );
            }
        }
        Ok(())
    }

    /// What is different on mod_jk.
    pub fn difference(&self) -> Option<&Expect> {
        match (&self.mod_jk, &self.older) {
            (Some(other), _) => Some(other),
            (None, Some(Older::Differs(other))) => Some(other),
            _ => None,
        }
    }
}

impl Server {
    /// The server of a case: the site's with the case's own lines added.
    pub fn with(&self, own: &Server) -> Server {
        if own.alone {
            return own.clone();
        }
        let mut all = self.clone();
        for (text, more) in [
            (&mut all.properties, &own.properties),
            (&mut all.directives, &own.directives),
            (&mut all.vhosts, &own.vhosts),
        ] {
            text.push('\n');
            text.push_str(more);
        }
        all.files.extend(own.files.clone());
        all.modules.extend(own.modules.clone());
        all.peer.extend(own.peer.clone());
        all.down.extend(own.down.clone());
        all.env.extend(own.env.clone());
        all.no_workers_file |= own.no_workers_file;
        all.no_jk_defaults |= own.no_jk_defaults;
        all.modules_behind |= own.modules_behind;
        all.peers = own.peers.clone().or(all.peers);
        all.status = own.status.clone().or(all.status);
        all.log_level = own.log_level.clone().or(all.log_level);
        all.mpm = own.mpm.clone().or(all.mpm);
        all.hosts = own.hosts.clone().or(all.hosts);
        all.umask = own.umask.clone().or(all.umask);
        all.threads = own.threads.or(all.threads);
        all.children = own.children.or(all.children);
        all
    }

    /// Its peers: `w` unless it names others.
    pub fn peers(&self) -> Vec<String> {
        self.peers.clone().unwrap_or_else(|| vec!["w".to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        format!("{:#}", parse("s", text).unwrap_err())
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            (
                "[[case]]\nname='a'\nrows=['G-01']\nrequest={target='/'}\n",
                "without `expect`",
            ),
            (
                "[[case]]\nname='a'\nrows=[]\nexpect={status=200}\n",
                "`rows` is empty",
            ),
            (
                "[[case]]\nname='a'\nrows=['G-01']\nexpect={statuss=200}\n",
                "statuss",
            ),
            (
                "[[case]]\nname='a'\nrows=['G-01']\nexpect={status=200}\nmod_jk={status=1}\n",
                "no `reason`",
            ),
            (
                "[[case]]\nname='a'\nrows=['G-01']\nexpect={status=200,reason='x'}\n",
                "belong to `mod_jk`",
            ),
            (
                "[[case]]\nname='a'\nrows=['G-01']\nexpect={}\n[[case]]\nname='a'\nrows=['G-01']\nexpect={}\n",
                "two cases are called a",
            ),
        ];
        for (text, expected) in cases {
            let problem = problem(text);
            assert!(problem.contains(expected), "{expected}: {problem}");
        }
    }

    #[test]
    fn a_case_is_one_step_or_several() {
        let one = "[[case]]\nname='a'\nrows=['G-01']\nrequest={target='/'}\nexpect={status=200}\n";
        let site = parse("s", one).unwrap();
        assert_eq!(site.cases[0].steps.len(), 1);
        let two = "[[case]]\nname='a'\nrows=['G-01']\n[[case.step]]\nsleep_ms=1\n\
            [[case.step]]\nrequest={target='/'}\nexpect={status=200}\nmod_jk={status=404,reason='r'}\n";
        let site = parse("s", two).unwrap();
        assert_eq!(site.cases[0].steps.len(), 2);
        assert!(!site.cases[0].is_compared() && site.cases[0].asks_mod_jk());
    }

    #[test]
    fn every_site_can_be_read() {
        let sites = load().unwrap();
        assert!(sites.iter().any(|site| !site.cases.is_empty()));
    }
}
