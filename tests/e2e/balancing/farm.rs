//! A balancer over scripted peers, and what can be seen of it from outside.

use crate::gate::Pending;
use crate::notes::{FORMAT, Notes};
use rjk_testbed::client::{Client, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Forwarded, Script};
use rjk_testbed::status_page::{MemberStatus, StatusPage};
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, ensure, wait};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where the status worker is mounted.
const STATUS: &str = "/jkstatus";

/// What a test wants: a balancer `lb` with these members, mounted on everything but [`STATUS`].
pub struct Plan {
    subject: Subject,
    names: Vec<String>,
    properties: String,
    builder: Builder,
    mounted: bool,
}

/// A running web server in front of peers named as the members.
pub struct Farm {
    pub subject: Subject,
    pub httpd: Httpd,
    peers: BTreeMap<String, Option<Peer>>,
    ports: BTreeMap<String, u16>,
    /// Sockets that keep the ports of stopped peers: bound, so nobody else gets them, and not
    /// listening, so connections are refused.
    held: BTreeMap<String, socket2::Socket>,
    client: Client,
    logged: usize,
}

impl Plan {
    /// Members of these names, on one child (its scan offset belongs to it alone, LB-06).
    pub fn new(subject: Subject, names: &[&str]) -> Plan {
        Plan {
            subject,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            properties: String::new(),
            builder: Httpd::builder(subject)
                .server_limit(1)
                .log_level("info")
                .access_log(FORMAT),
            mounted: true,
        }
    }

    /// A property of the balancer: `sticky_session=0`.
    pub fn lb(self, property: &str) -> Plan {
        self.line(&format!("worker.lb.{property}"))
    }

    /// A property of a member: `m1`, `lbfactor=3`.
    pub fn member(self, name: &str, property: &str) -> Plan {
        self.line(&format!("worker.{name}.{property}"))
    }

    /// A line of workers.properties.
    pub fn line(mut self, line: &str) -> Plan {
        self.properties.push_str(line);
        self.properties.push('\n');
        self
    }

    /// Lines of httpd.conf instead of `JkMount /* lb`.
    pub fn mounts(mut self, directives: &str) -> Plan {
        self.mounted = false;
        self.directives(directives)
    }

    /// Lines of httpd.conf.
    pub fn directives(self, directives: &str) -> Plan {
        self.httpd(|builder| builder.directives(directives))
    }

    /// Anything else of the web server.
    pub fn httpd(mut self, change: impl FnOnce(Builder) -> Builder) -> Plan {
        self.builder = change(self.builder);
        self
    }

    /// Starts the peers, all echoing, and the server.
    pub fn start(self) -> Result<Farm> {
        let mut workers = format!(
            "worker.list=lb,st\nworker.st.type=status\nworker.lb.type=lb\nworker.lb.balance_workers={}\n",
            self.names.join(",")
        );
        let (mut peers, mut ports) = (BTreeMap::new(), BTreeMap::new());
        for name in &self.names {
            let peer = Peer::named(name, Script::default())?;
            workers.push_str(&peer.worker(name));
            ports.insert(name.clone(), peer.port());
            peers.insert(name.clone(), Some(peer));
        }
        let mut builder = self.builder.workers(workers + &self.properties);
        builder = builder.directives(format!("JkMount {STATUS} st"));
        if self.mounted {
            builder = builder.directives(format!("JkMount /* lb\nJkUnMount {STATUS} lb"));
        }
        let httpd = builder.start()?;
        Ok(Farm {
            subject: self.subject,
            client: Client::connect(httpd.port())?,
            httpd,
            peers,
            ports,
            held: BTreeMap::new(),
            logged: 0,
        })
    }
}

impl Farm {
    /// The peer of a member that runs.
    pub fn peer(&self, name: &str) -> Result<&Peer> {
        let peer = self.peers.get(name).and_then(Option::as_ref);
        peer.with_context(|| format!("peer {name} does not run"))
    }

    /// Stops a peer: its connections close, new ones are refused.
    pub fn stop(&mut self, name: &str) -> Result {
        let peer = self.peers.get_mut(name).and_then(Option::take);
        drop(peer.with_context(|| format!("peer {name} does not run"))?);
        let port = self.ports.get(name).copied().unwrap_or_default();
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
        // A process that another test is just starting may still hold a copy of the listener.
        wait::until("the port is free", Duration::from_secs(5), || {
            socket.bind(&address).is_ok()
        })?;
        self.held.insert(name.to_owned(), socket);
        Ok(())
    }

    /// Starts a stopped peer again.
    pub fn revive(&mut self, name: &str) -> Result {
        self.held.remove(name);
        let port = self.ports.get(name).copied().unwrap_or_default();
        let peer = Peer::on_port(port, name, Script::default())?;
        self.peers.insert(name.to_owned(), Some(peer));
        Ok(())
    }

    /// Sends a request on the one connection of this farm, opened again when the server closed it.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        let response = match self.client.send(request) {
            Ok(response) => response,
            Err(_) => {
                self.client = Client::connect(self.httpd.port())?;
                self.client.send(request)?
            }
        };
        self.logged += 1;
        Ok(response)
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
        let response = self.send(request)?;
        Ok(match response.field("peer") {
            Some(peer) if response.status == 200 => peer,
            _ => response.status.to_string(),
        })
    }

    /// Who served so many GETs, one letter each: the last of the name.
    pub fn sequence(&mut self, target: &str, count: usize) -> Result<String> {
        let mut letters = String::new();
        for _ in 0..count {
            letters.extend(self.get(target)?.chars().last());
        }
        Ok(letters)
    }

    /// The last request that a member got.
    pub fn last_request(&self, name: &str) -> Result<Forwarded> {
        let requests = self.peer(name)?.requests();
        requests.last().cloned().context("no request came")
    }

    /// Sends a request in the background; its access log line is expected like any other's.
    pub fn pending(&mut self, request: Request) -> Pending {
        self.logged += 1;
        Pending::start(self, request)
    }

    /// A new keep-alive connection, and the child that has it.
    pub fn connect(&mut self) -> Result<(u32, Client)> {
        let target = format!("/who{}", self.logged);
        let mut client = Client::connect(self.httpd.port())?;
        let response = client.send(&Request::get(&target))?;
        ensure!(response.status == 200, "{response:?}");
        self.logged += 1;
        let mut pid = None;
        wait::until("the line of the request", Duration::from_secs(5), || {
            let log = self.httpd.access_log();
            let mut notes = log.lines().filter_map(|line| Notes::parse(line).ok());
            pid = notes
                .find(|notes| notes.uri == target)
                .map(|notes| notes.pid);
            pid.is_some()
        })?;
        Ok((pid.unwrap_or_default(), client))
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
        rjk_testbed::bail!(
            "no connection reached {count} children: {:?}",
            clients.keys()
        )
    }

    /// How many requests each running member got so far, in the order of names.
    pub fn counts(&self) -> Vec<usize> {
        let running = self.peers.values().flatten();
        running.map(|peer| peer.requests().len()).collect()
    }

    /// The notes of the last request sent by [`Farm::send`].
    pub fn notes(&self) -> Result<Notes> {
        let lines = self.httpd.access_lines(self.logged)?;
        Notes::parse(lines.last().context("no line in the access log")?)
    }

    /// The notes of the latest request that ended, while others are still under way.
    pub fn last_line(&self) -> Result<Notes> {
        let lines = self.httpd.access_lines(self.logged - 1)?;
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

    /// Waits until nothing is in flight, neither at the members nor in the balancer.
    pub fn wait_not_busy(&mut self, members: &[&str]) -> Result {
        for member in members {
            self.wait_status(member, Duration::from_secs(10), |status| status.busy == 0)?;
        }
        let mut busy = 0;
        for _ in 0..500 {
            busy = self.page()?.balancer_busy("lb")?;
            if busy == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        rjk_testbed::bail!("the balancer stays busy: {busy}")
    }

    /// Waits until the status worker says of a member what `wanted` asks for.
    pub fn wait_status(
        &mut self,
        member: &str,
        limit: Duration,
        wanted: impl Fn(&MemberStatus) -> bool,
    ) -> Result<MemberStatus> {
        let start = std::time::Instant::now();
        loop {
            let status = self.status(member)?;
            if wanted(&status) {
                return Ok(status);
            }
            ensure!(start.elapsed() < limit, "{member} stays {status:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
