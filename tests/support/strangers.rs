//! Files as strangers write them, in tests/parity/strangers, and what its index says of each. The test
//! `strangers` plays them; they count as cases of the rows that they name.

use crate::{Result, Subject, parity};
use anyhow::Context;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The file `index.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// All files.
    pub file: Vec<Entry>,
}

/// One file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Below tests/parity/strangers; what ends in `.map` is a uriworkermap file.
    pub name: String,
    /// The rows it is about.
    pub rows: Vec<String>,
    /// Whether a server starts with it.
    #[serde(default = "yes")]
    starts: bool,
    /// Who answers a request to each of these workers: a peer, or a status.
    #[serde(default)]
    workers: BTreeMap<String, String>,
    /// Who answers a request for each of these paths.
    #[serde(default)]
    paths: BTreeMap<String, String>,
    /// Where mod_jk does something else: only what differs.
    #[serde(default)]
    mod_jk: ModJk,
    /// Settings that the modules' status workers show differently, see `settings.rs`.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Why that is so.
    pub reason: Option<String>,
    /// The same, where mod_jk 1.2.48 differs from 1.2.51.
    pub older: Option<String>,
    /// Whether a status worker is added to `worker.list`, which must not be there for some files.
    #[serde(default = "yes")]
    pub status: bool,
    /// What mod_rjk says of it; nothing is said of a file without this.
    #[serde(default)]
    pub says: Vec<String>,
    /// Lines of httpd.conf.
    #[serde(default)]
    pub directives: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModJk {
    starts: Option<bool>,
    /// `false` when its child would crash.
    asked: Option<bool>,
    #[serde(default)]
    workers: BTreeMap<String, String>,
    #[serde(default)]
    paths: BTreeMap<String, String>,
}

impl Index {
    /// Reads it.
    pub fn read() -> Result<Index> {
        let path = folder().join("index.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(toml::from_str(&text)?)
    }
}

impl Entry {
    /// A file of which nothing is known but what it is asked for.
    pub fn generated(name: &str, workers: &[&str], paths: &[&str]) -> Entry {
        let asked = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            names.map(|name| (name, String::new())).collect()
        };
        Entry {
            name: name.to_owned(),
            starts: true,
            workers: asked(workers),
            paths: asked(paths),
            status: !name.ends_with(".map"),
            ..Entry::default()
        }
    }

    /// The bytes of the file.
    pub fn content(&self) -> Result<Vec<u8>> {
        let path = folder().join(&self.name);
        std::fs::read(&path).with_context(|| path.display().to_string())
    }

    /// Whether it is a uriworkermap file.
    pub fn is_map(&self) -> bool {
        self.name.ends_with(".map")
    }

    /// Whether a server starts with it.
    pub fn starts(&self, subject: Subject) -> bool {
        match subject {
            Subject::Rjk => self.starts,
            Subject::ModJk => self.mod_jk.starts.unwrap_or(self.starts),
        }
    }

    /// `JkMount` lines for the workers that are asked: the first one's path is `/w/0`.
    pub fn mounts(&self) -> String {
        let quoted = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
        let mounts = self.workers.keys().enumerate();
        mounts
            .map(|(number, name)| format!("JkMount /w/{number} \"{}\"\n", quoted(name)))
            .collect()
    }

    /// The paths to ask for, what each stands for, and who answers.
    pub fn answers(&self, subject: Subject) -> Vec<(String, &str, &str)> {
        let workers = self.workers.iter().enumerate();
        let workers = workers.map(|(number, (name, who))| {
            let who = self.who(subject, &self.mod_jk.workers, name, who);
            (format!("/w/{number}"), name.as_str(), who)
        });
        let paths = self.paths.iter().map(|(path, who)| {
            let who = self.who(subject, &self.mod_jk.paths, path, who);
            (path.clone(), path.as_str(), who)
        });
        workers.chain(paths).collect()
    }

    /// Whether a server that started is asked anything.
    pub fn is_asked(&self, subject: Subject) -> bool {
        subject == Subject::Rjk || self.mod_jk.asked.unwrap_or(true)
    }

    fn who<'a>(
        &'a self,
        subject: Subject,
        theirs: &'a BTreeMap<String, String>,
        asked: &str,
        ours: &'a str,
    ) -> &'a str {
        let theirs = theirs.get(asked).filter(|_| subject == Subject::ModJk);
        theirs.map_or(ours, String::as_str)
    }

    /// Whether mod_jk does something else.
    pub fn differs(&self) -> bool {
        let ModJk {
            starts,
            asked,
            workers,
            paths,
        } = &self.mod_jk;
        starts.is_some()
            || asked.is_some()
            || !workers.is_empty()
            || !paths.is_empty()
            || !self.settings.is_empty()
    }
}

/// The names of all files.
pub fn files() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(folder())? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".properties") || name.ends_with(".map") {
            names.insert(name);
        }
    }
    Ok(names)
}

fn folder() -> PathBuf {
    parity::folder().join("strangers")
}

fn yes() -> bool {
    true
}
