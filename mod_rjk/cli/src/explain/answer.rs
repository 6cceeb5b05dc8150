//! Where a request goes, and why.

use super::balance::choose;
use super::hosts::{label, server_of};
use super::kept::{handlers, kept, kept_too_late};
use super::target::{Slashes, Target};
use super::why::{why_member, why_none};
use crate::check::site::{Server, Site};
use bstr::ByteSlice;
use rjk_balance::Missing;
use rjk_config::model::{AjpSpec, LbSpec, WorkerSpec};
use rjk_config::server::ServerConfig;
use rjk_config::uri_map::{Mount, normalize};
use serde::Serialize;

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A Tomcat gets it.
    Forwarded,
    /// The status page answers.
    Status,
    /// httpd serves it.
    Here,
    /// It ends with an error.
    Error,
}

/// All that is said of a request.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// What becomes of it.
    pub outcome: Outcome,
    /// The status of an error.
    pub status: Option<u16>,
    /// The path that rules are matched with.
    pub path: Option<String>,
    /// `null` for the main server.
    pub virtual_host: Option<Named>,
    /// The rule that matches.
    pub rule: Option<Rule>,
    /// Its worker.
    pub worker: Option<Worker>,
    /// What the request says of its session.
    pub session: Option<Session>,
    /// Who gets it, of a balancer.
    pub member: Option<Member>,
    /// Why it is so.
    pub why: Vec<String>,
}

/// A name and where it is written.
#[derive(Debug, Serialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
}

/// A rule.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// As it is written.
    pub pattern: String,
    /// Its worker.
    pub worker: String,
    /// The file.
    pub file: Option<String>,
    /// The line.
    pub line: Option<u32>,
}

/// A worker.
#[derive(Debug, Serialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// Its type, if it is listed.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// Host and port of an AJP worker.
    pub address: Option<String>,
}

/// The session of a request.
#[derive(Debug, Serialize)]
pub struct Session {
    /// Its ids, as they are tried.
    pub ids: Vec<String>,
    /// The routes in them.
    pub routes: Vec<String>,
}

/// A member of a balancer.
#[derive(Debug, Serialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// Its route.
    pub route: String,
    /// The session is on it.
    pub sticky: bool,
}

impl Answer {
    /// Follows a request through the site.
    pub fn of(site: &Site, target: &Target, cookies: &[String]) -> Answer {
        let mut answer = Answer::new();
        let Some(server) = server_of(site, target) else {
            return answer;
        };
        answer.virtual_host = server.host.as_ref().map(|host| Named {
            name: label(site, server).unwrap_or_default(),
            file: host.place.file.to_string(),
            line: host.place.line,
        });
        let Some(config) = &server.config else {
            return answer;
        };
        answer.follow(site, server, config, target, cookies);
        answer
    }

    fn new() -> Answer {
        Answer {
            outcome: Outcome::Here,
            status: None,
            path: None,
            virtual_host: None,
            rule: None,
            worker: None,
            session: None,
            member: None,
            why: Vec::new(),
        }
    }

    fn follow(
        &mut self,
        site: &Site,
        server: &Server,
        config: &ServerConfig,
        target: &Target,
        cookies: &[String],
    ) {
        let decoded = match target.decoded(slashes(site, server)) {
            Ok(decoded) => decoded,
            Err(400) => {
                return self.error(
                    400,
                    "httpd refuses the path: a % without two digits behind it",
                );
            }
            Err(status) => {
                return self.error(
                    status,
                    "httpd refuses the path: it has an encoded slash or a NUL byte in it",
                );
            }
        };
        let kept = kept(site, server, target);
        if let Some(place) = kept.by {
            return self.here(format!("{place} sets no-jk, so no rule is asked"));
        }
        let normal = match normalize(&decoded) {
            Ok(normal) => normal.into_owned(),
            Err(error) => return self.error(400, error.to_string()),
        };
        self.path = Some(normal.to_str_lossy().into_owned());
        let map = config.uri_map.load();
        let rejects = config.options.reject_unsafe_uri;
        let Some(mount) = map.lookup(&normal, rejects).cloned() else {
            let rules: Vec<Mount> = map.rules().cloned().collect();
            self.here(why_none(&normal, rejects, &rules));
            return self.but_for(site, server, &normal, rejects);
        };
        self.rule = Some(Rule::of(&mount));
        let late = kept_too_late(site, server, target, &normal);
        if let Some(place) = late.by {
            let why = format!(
                "{place} sets no-jk when the rule has taken the request already: no Tomcat gets it, and httpd has no file for it; set it with SetEnvIf outside of sections"
            );
            return self.error(404, why);
        }
        let raw = target.raw.as_bytes();
        let forwarded = config.options.forward_uri.apply(&decoded, raw);
        self.ask_worker(site, &mount, &forwarded, cookies);
        let here = kept.perhaps.into_iter();
        let here = here.map(|place| format!("unless {place} sets no-jk: then httpd serves it"));
        let late = late.perhaps.into_iter();
        let late = late
            .map(|place| format!("unless {place} sets no-jk: that is too late, then it is 404"));
        self.why.extend(here.chain(late));
    }

    /// What else could have been meant to take a path that no rule takes.
    fn but_for(&mut self, site: &Site, server: &Server, path: &[u8], rejects: bool) {
        let main = site.servers.first().and_then(|main| main.config.as_ref());
        let main = main.filter(|_| server.host.is_some());
        let unseen = main.map(|main| main.uri_map.load());
        if let Some(rule) = unseen.as_ref().and_then(|map| map.lookup(path, rejects)) {
            let why = format!(
                "the rule {} of the main server does not count in this virtual host: it has no JkMountCopy On",
                rule.pattern
            );
            self.why.push(why);
        }
        let handlers = handlers(site, server, path).into_iter();
        let given =
            handlers.map(|place| format!("unless {place} gives it to a worker by SetHandler"));
        self.why.extend(given);
    }

    fn error(&mut self, status: u16, why: impl Into<String>) {
        self.outcome = Outcome::Error;
        self.status = Some(status);
        self.why.push(why.into());
    }

    fn here(&mut self, why: impl Into<String>) {
        self.outcome = Outcome::Here;
        self.why.push(why.into());
    }

    fn ask_worker(&mut self, site: &Site, mount: &Mount, path: &[u8], cookies: &[String]) {
        let worker = site
            .workers
            .as_ref()
            .map(|workers| workers.get(&mount.worker));
        self.worker = Some(Worker {
            name: mount.worker.to_string(),
            kind: worker.flatten().map(WorkerSpec::type_name),
            address: match worker.flatten() {
                Some(WorkerSpec::Ajp(ajp)) => Some(address(ajp)),
                _ => None,
            },
        });
        self.outcome = Outcome::Forwarded;
        match worker {
            None => self
                .why
                .push("no file of workers was named, so nothing is known of it".to_owned()),
            Some(None) => self.error(
                500,
                format!("worker {} is not in worker.list", mount.worker),
            ),
            Some(Some(WorkerSpec::Status(_))) => self.outcome = Outcome::Status,
            Some(Some(WorkerSpec::Legacy(spec))) => {
                self.error(500, format!("type={} is not served", spec.kind.as_str()));
            }
            Some(Some(WorkerSpec::Ajp(ajp))) if ajp.port == 0 => {
                self.error(
                    503,
                    format!("{} has port 0 and takes no requests", ajp.name),
                );
            }
            Some(Some(WorkerSpec::Ajp(_))) => {}
            Some(Some(WorkerSpec::Lb(lb))) => self.balance(lb, mount, path, cookies),
        }
    }

    fn balance(&mut self, lb: &LbSpec, mount: &Mount, path: &[u8], cookies: &[String]) {
        let Some(chosen) = choose(lb, &mount.extensions, path, cookies) else {
            return;
        };
        match chosen.member {
            Ok((index, sticky)) => {
                self.member = lb.members.get(index).map(|member| Member {
                    name: member.ajp.name.to_string(),
                    address: address(&member.ajp),
                    route: member.route.to_string(),
                    sticky,
                });
                self.why.push(why_member(lb, mount, &chosen, index, sticky));
            }
            Err(Missing::StickyForce) => self.error(
                503,
                "the member of the session takes no requests, and sticky_session_force forbids another",
            ),
            Err(Missing::Unusable) => self.error(503, format!("no member of {} takes requests", lb.name)),
        }
        self.session = Some(Session {
            ids: chosen.ids,
            routes: chosen.routes,
        });
    }
}

impl Rule {
    fn of(mount: &Mount) -> Rule {
        Rule {
            pattern: mount.pattern.to_string(),
            worker: mount.worker.to_string(),
            file: mount.location.as_ref().map(|place| place.file.to_string()),
            line: mount.location.as_ref().map(|place| place.line),
        }
    }
}

fn address(ajp: &AjpSpec) -> String {
    ajp.way.shown(match ajp.host.contains(&b':') {
        true => format!("[{}]:{}", ajp.host, ajp.port),
        false => format!("{}:{}", ajp.host, ajp.port),
    })
}

/// `AllowEncodedSlashes` of the server, else of the main server.
fn slashes(site: &Site, server: &Server) -> Slashes {
    let said = |own: bool| {
        let lines = site
            .conf
            .lines
            .iter()
            .filter(|line| line.is("AllowEncodedSlashes"));
        let host = server.host.as_ref().map(std::rc::Rc::as_ptr);
        let mut lines = lines.filter(|line| {
            let of = line.virtual_host().map(std::rc::Rc::as_ptr);
            if own { of == host } else { of.is_none() }
        });
        lines
            .next_back()
            .map(|line| line.arguments.to_ascii_lowercase())
    };
    let word = said(true).or_else(|| said(false)).unwrap_or_default();
    match word.as_slice() {
        b"on" => Slashes::Decoded,
        b"nodecode" => Slashes::Kept,
        _ => Slashes::Refused,
    }
}
