//! A server with one of the files.

use rjk_testbed::peer::Script;
use rjk_testbed::ports::Refusing;
use rjk_testbed::strangers::Entry;
use rjk_testbed::{Httpd, Peer, Result, Subject, client, ensure, ports};
use std::collections::BTreeMap;

/// Where the status worker is, for files that have one added.
const STATUS: &str = "/peek";

/// For map files: a worker for each peer.
const WORKERS: &str = "\
worker.list=a,b,c,d
worker.a.host=127.0.0.1
worker.a.port=@A@
worker.b.host=127.0.0.1
worker.b.port=@B@
worker.c.host=127.0.0.1
worker.c.port=@C@
worker.d.host=127.0.0.1
worker.d.port=@D@
";

/// The backends of all files: `@A@` to `@D@` in a file is the port of one, nobody listens at `@DEAD@`.
pub struct Peers {
    peers: Vec<(&'static str, Peer)>,
    dead: Refusing,
}

impl Peers {
    pub fn start() -> Result<Peers> {
        let mut peers = Vec::new();
        for name in ["a", "b", "c", "d"] {
            peers.push((name, Peer::named(name, Script::default())?));
        }
        Ok(Peers {
            peers,
            dead: ports::refusing()?,
        })
    }

    /// A file with its ports.
    fn fill(&self, text: &[u8]) -> Vec<u8> {
        let ports = self
            .peers
            .iter()
            .map(|(name, peer)| (name.to_ascii_uppercase(), peer.port()));
        let dead = std::iter::once(("DEAD".to_owned(), self.dead.port));
        ports.chain(dead).fold(text.to_vec(), |text, (name, port)| {
            replace(&text, format!("@{name}@").as_bytes(), &port.to_string())
        })
    }
}

fn replace(text: &[u8], from: &[u8], to: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(byte) = rest.first() {
        if let Some(after) = rest.strip_prefix(from) {
            result.extend_from_slice(to.as_bytes());
            rest = after;
        } else {
            result.push(*byte);
            rest = &rest[1..];
        }
    }
    result
}

/// What became of a start.
pub enum Found {
    Refused(String),
    /// It started.
    NotAsked,
    Started(Started),
}

/// A server that started.
pub struct Started {
    /// Who answered for each path.
    pub answers: BTreeMap<String, String>,
    /// Lines of `mime=prop` of the status worker, when there is one.
    pub settings: Vec<String>,
    /// What was said at the start.
    pub said: String,
}

/// A file with its ports, and the directives around it.
pub struct Site<'a> {
    entry: &'a Entry,
    content: Vec<u8>,
    workers: Vec<u8>,
}

impl<'a> Site<'a> {
    pub fn new(entry: &'a Entry, content: &[u8], peers: &Peers) -> Site<'a> {
        let content = peers.fill(content);
        let workers = if entry.is_map() {
            peers.fill(WORKERS.as_bytes())
        } else {
            content.clone()
        };
        Site {
            entry,
            content,
            workers,
        }
    }

    /// Starts `subject` with it and asks what the index asks.
    pub fn ask(&self, subject: Subject) -> Result<Found> {
        let mut builder = Httpd::builder(subject)
            .server_limit(1)
            .threads_per_child(4)
            .log_level("info")
            .file("conf/workers.properties", self.workers.as_slice())
            .directives("JkWorkersFile conf/workers.properties")
            .directives(self.entry.mounts())
            .directives(&self.entry.directives);
        if self.entry.status {
            builder = builder.directives(format!(
                "JkWorkerProperty worker.list=peek\nJkWorkerProperty worker.peek.type=status\n\
                 JkMount {STATUS} peek"
            ));
        }
        if self.entry.is_map() {
            builder = builder
                .file("conf/uriworkermap.properties", self.content.as_slice())
                .directives("JkMountFile conf/uriworkermap.properties");
        }
        match builder.try_start()? {
            Err(failed) => Ok(Found::Refused(failed.text())),
            Ok(_) if !self.entry.is_asked(subject) => Ok(Found::NotAsked),
            Ok(httpd) => Ok(Found::Started(self.started(subject, &httpd)?)),
        }
    }

    fn started(&self, subject: Subject, httpd: &Httpd) -> Result<Started> {
        let said = httpd.error_log() + &httpd.jk_log();
        let settings = if self.entry.status {
            settings(httpd)?
        } else {
            Vec::new()
        };
        let mut answers = BTreeMap::new();
        for (target, _, _) in self.entry.answers(subject) {
            let response = client::get(httpd.port(), &target)?;
            let peer = response.field("peer").filter(|_| response.status == 200);
            let who = peer.unwrap_or_else(|| response.status.to_string());
            answers.insert(target, who);
        }
        Ok(Started {
            answers,
            settings,
            said,
        })
    }
}

fn settings(httpd: &Httpd) -> Result<Vec<String>> {
    let response = client::get(httpd.port(), &format!("{STATUS}?mime=prop"))?;
    ensure!(response.status == 200, "status worker: {response:?}");
    Ok(response.text().lines().map(str::to_owned).collect())
}
