//! A web server in front of scripted peers, and what can be seen of them from outside.
//!
//! [`Plan`] describes balancers or workers with a peer each, [`Plan::start`] runs them; [`Farm::alone`]
//! is the one worker `w`. A farm sends its requests on one connection, and never one of them twice: a
//! connection that httpd breaks without having said so fails the test. A graceful restart may break
//! one (httpd itself does, with a static file too), so [`Farm::graceful`] gives the connection up; what
//! clients see of restarts under load is judged against clients of a static file, in `load.rs`.

mod members;
mod notes;
mod plan;
mod seen;

pub use members::Members;
pub use notes::{MemberNotes, Notes};
pub use plan::Plan;
pub use seen::{Seen, vhost};

use crate::client::{Client, Kept, Pending, Request, Response};
use crate::httpd::Builder;
use crate::peer::Forwarded;
use crate::status_page::{MemberStatus, StatusPage};
use crate::{Httpd, Peer, Result, Subject, wait};
use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where the status worker is mounted.
pub const STATUS: &str = "/jkstatus";

/// A running web server in front of its peers.
#[derive(Debug)]
pub struct Farm {
    /// The module that it runs.
    pub subject: Subject,
    /// The web server.
    pub httpd: Httpd,
    /// The peers.
    pub members: Members,
    client: Kept,
    /// Lines that the access log will have.
    logged: usize,
}

/// A server with one child and the workers of `names`, each mounted at `/NAME/*`, and [`STATUS`];
/// `workers` describes them, for peers that the test starts itself.
pub fn server(subject: Subject, names: &[impl AsRef<str>], workers: &str) -> Builder {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let mounts: String = names
        .iter()
        .map(|name| format!("JkMount /{name}/* {name}\n"))
        .collect();
    Httpd::builder(subject)
        .workers(format!(
            "worker.list=st,{}\nworker.st.type=status\n{workers}",
            names.join(",")
        ))
        .directives(format!("JkMount {STATUS} st\n{mounts}"))
        .threads_per_child(32)
        .server_limit(1)
        .log_level("info")
}

/// The page at [`STATUS`] of a server with mod_rjk.
pub fn status_page(httpd: &Httpd) -> Result<StatusPage> {
    StatusPage::read(Subject::Rjk, httpd.port(), STATUS)
}

/// Waits until no worker and no balancer of a server's status page has a request in flight.
pub fn wait_idle(httpd: &Httpd) -> Result {
    let mut text = String::new();
    wait::until("busy counts at 0", wait::SOON, || {
        let page = status_page(httpd);
        text = page
            .as_ref()
            .map_or_else(|e| format!("{e:#}"), StatusPage::text);
        page.is_ok_and(|page| {
            let busy = page.numbers("busy");
            !busy.is_empty() && busy.iter().all(|count| *count == 0)
        })
    })
    .context(text)
}

impl Farm {
    /// A server that was started, and its peers; nothing was sent yet.
    fn over(subject: Subject, members: Members, httpd: Httpd) -> Farm {
        Farm {
            subject,
            client: Kept::new(httpd.port()),
            httpd,
            members,
            logged: 0,
        }
    }

    /// The peer of a member that runs.
    pub fn peer(&self, name: &str) -> Result<&Peer> {
        self.members.peer(name)
    }

    /// Stops a peer: its connections close, new ones are refused.
    pub fn stop(&mut self, name: &str) -> Result {
        self.members.stop(name)
    }

    /// Starts a stopped peer again, echoing.
    pub fn revive(&mut self, name: &str) -> Result {
        self.members.revive(name)
    }

    /// The last request that a member got.
    pub fn last_request(&self, name: &str) -> Result<Forwarded> {
        self.members.last_request(name)
    }

    /// How many requests each running member got so far, in the order of names.
    pub fn counts(&self) -> Vec<usize> {
        self.members.counts()
    }

    /// Restarts gracefully; the next request goes out on a new connection.
    pub fn graceful(&mut self) -> Result {
        self.client.close();
        self.httpd.graceful()
    }

    /// Sends a request on the one connection of this farm, or on a new one after an answer that ended
    /// it; an error when it ended without an answer.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        self.logged += 1;
        let response = self.client.send(request);
        response.with_context(|| format!("{request:?}"))
    }

    /// GET of a path: who served, or the status of a failure.
    pub fn get(&mut self, target: &str) -> Result<String> {
        self.who(&Request::get(target))
    }

    /// GET with a Cookie header: who served, or the status of a failure.
    pub fn with_cookie(&mut self, cookie: &str) -> Result<String> {
        self.who(&Request::get("/x").header("Cookie", cookie))
    }

    /// Who served a request, or the status of a failure.
    pub fn who(&mut self, request: &Request) -> Result<String> {
        Ok(who(&self.send(request)?))
    }

    /// Who served a GET with these headers, and who decided.
    pub fn who_and_why(&mut self, headers: &[(&str, &str)]) -> Result<(String, String)> {
        let request = Request::get("/x").headers(headers);
        Ok((self.who(&request)?, self.notes()?.decided_by))
    }

    /// Who served so many GETs, one letter each: the last of the name.
    pub fn sequence(&mut self, target: &str, count: usize) -> Result<String> {
        let mut letters = String::new();
        for _ in 0..count {
            letters.extend(self.get(target)?.chars().last());
        }
        Ok(letters)
    }

    /// Sends a request in the background; its access log line is expected like any other's.
    pub fn pending(&mut self, request: Request) -> Pending {
        self.logged += 1;
        Pending::start(self.httpd.port(), request)
    }

    /// A new keep-alive connection, and the child that has it.
    pub fn connect(&mut self) -> Result<(u32, Client)> {
        let target = format!("/who{}", self.logged);
        let mut client = Client::connect(self.httpd.port())?;
        let response = client.send(&Request::get(&target))?;
        ensure!(response.status == 200, "{response:?}");
        self.logged += 1;
        let notes = Notes::of(&self.httpd, &target, 1)?;
        Ok((notes[0].pid, client))
    }

    /// New keep-alive connections, one to each of `count` children.
    pub fn one_per_child(&mut self, count: usize) -> Result<BTreeMap<u32, Client>> {
        let mut clients = BTreeMap::new();
        // Those that went to a child that has one already stay open, so that it gets busier.
        let mut spare = Vec::new();
        for _ in 0..200 {
            let (pid, client) = self.connect()?;
            spare.extend(clients.insert(pid, client));
            if clients.len() == count {
                return Ok(clients);
            }
        }
        bail!(
            "no connection reached {count} children: {:?}",
            clients.keys()
        )
    }

    /// The notes of the last request sent by [`Farm::send`].
    pub fn notes(&self) -> Result<Notes> {
        self.line(self.logged)
    }

    /// The notes of the latest request that ended, while another is still under way.
    pub fn last_line(&self) -> Result<Notes> {
        self.line(self.logged - 1)
    }

    fn line(&self, count: usize) -> Result<Notes> {
        let lines = self.httpd.access_lines(count)?;
        Notes::parse(lines.last().context("no line in the access log")?)
    }

    /// What the status worker says of a member.
    pub fn status(&mut self, member: &str) -> Result<MemberStatus> {
        self.page()?.member(member)
    }

    /// The status worker's page.
    pub fn page(&mut self) -> Result<StatusPage> {
        self.logged += 1;
        StatusPage::read(self.subject, self.httpd.port(), STATUS)
    }

    /// The counters of a policy under these headings.
    pub fn counters<const N: usize>(
        &mut self,
        policy: &str,
        headings: [&str; N],
    ) -> Result<[u64; N]> {
        let page = self.page()?;
        let mut counters = [0; N];
        for (counter, heading) in counters.iter_mut().zip(headings) {
            let key = heading.to_lowercase().replace([' ', '-'], "_");
            *counter = page.policy(policy, &key)?;
        }
        Ok(counters)
    }

    /// Waits until nothing is in flight, neither at the members nor in the balancer.
    pub fn wait_not_busy(&mut self, members: &[&str]) -> Result {
        for member in members {
            self.wait_status(member, wait::SOON, |status| status.busy == 0)?;
        }
        self.wait_page("the balancer is not busy", wait::SOON, |page| {
            page.balancer_busy("lb").is_ok_and(|busy| busy == 0)
        })
    }

    /// Waits until the status worker says of a member what `wanted` asks for.
    pub fn wait_status(
        &mut self,
        member: &str,
        limit: Duration,
        wanted: impl Fn(&MemberStatus) -> bool,
    ) -> Result<MemberStatus> {
        let mut last = None;
        self.wait_page(member, limit, |page| {
            last = page.member(member).ok();
            last.as_ref().is_some_and(&wanted)
        })
        .with_context(|| format!("{member} stays {last:?}"))?;
        last.context("no status")
    }

    /// Reads the status worker's page until it is as `wanted` asks for; MT-01: that also drives
    /// maintenance.
    pub fn wait_page(
        &mut self,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&StatusPage) -> bool,
    ) -> Result {
        wait::until(what, limit, || self.page().is_ok_and(|page| wanted(&page)))
    }
}

/// Who served, or the status of a failure.
pub fn who(response: &Response) -> String {
    match response.field("peer") {
        Some(peer) if response.status == 200 => peer,
        _ => response.status.to_string(),
    }
}
