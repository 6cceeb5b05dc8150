//! A balancer over scripted peers, and what can be seen of it from outside.

use rjk_testbed::client::{Client, ClientError, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Forwarded, Script, Step};
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, client, ensure, wait};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The access log: status, process, URI, route, then the notes of the first and the last member.
const FORMAT: &str = "%>s|%P|%U|%{JK_WORKER_ROUTE}n|\
%{JK_LB_FIRST_NAME}n|%{JK_LB_FIRST_VALUE}n|%{JK_LB_FIRST_ACCESSED}n|%{JK_LB_FIRST_SESSIONS}n|\
%{JK_LB_FIRST_READ}n|%{JK_LB_FIRST_TRANSFERRED}n|%{JK_LB_FIRST_ERRORS}n|%{JK_LB_FIRST_BUSY}n|\
%{JK_LB_FIRST_ACTIVATION}n|%{JK_LB_FIRST_STATE}n|\
%{JK_LB_LAST_NAME}n|%{JK_LB_LAST_VALUE}n|%{JK_LB_LAST_ACCESSED}n|%{JK_LB_LAST_SESSIONS}n|\
%{JK_LB_LAST_READ}n|%{JK_LB_LAST_TRANSFERRED}n|%{JK_LB_LAST_ERRORS}n|%{JK_LB_LAST_BUSY}n|\
%{JK_LB_LAST_ACTIVATION}n|%{JK_LB_LAST_STATE}n";

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

/// The notes of one request; `-` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    pub status: u16,
    pub pid: u32,
    pub uri: String,
    pub route: String,
    pub first: MemberNotes,
    pub last: MemberNotes,
}

/// The ten notes of a member (T-05…T-24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberNotes {
    pub name: String,
    pub value: String,
    pub accessed: String,
    pub sessions: String,
    pub read: String,
    pub transferred: String,
    pub errors: String,
    pub busy: String,
    pub activation: String,
    pub state: String,
}

/// What the status worker says of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub state: String,
    pub activation: String,
    pub value: u64,
    pub accessed: u64,
    pub sessions: u64,
    pub errors: u64,
    pub busy: u64,
    pub connected: u64,
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

    /// What the status worker says of a member.
    pub fn status(&mut self, member: &str) -> Result<Status> {
        let target = match self.subject {
            Subject::Rjk => STATUS.to_owned(),
            Subject::ModJk => format!("{STATUS}?mime=prop"),
        };
        let response = client::get(self.httpd.port(), &target)?;
        self.logged += 1;
        ensure!(response.status == 200, "{response:?}");
        let find = |column: Column| match self.subject {
            Subject::Rjk => cell(&response.text(), member, column.ours),
            Subject::ModJk => response.field(&format!("worker.{member}.{}", column.theirs)),
        };
        Status::read(find).with_context(|| response.text())
    }

    /// Requests in flight of the balancer itself, by the status worker.
    pub fn balancer_busy(&mut self) -> Result<u64> {
        let target = match self.subject {
            Subject::Rjk => STATUS.to_owned(),
            Subject::ModJk => format!("{STATUS}?mime=prop"),
        };
        let response = client::get(self.httpd.port(), &target)?;
        self.logged += 1;
        let text = response.text();
        let found = match self.subject {
            Subject::Rjk => text
                .split_once(", busy: ")
                .and_then(|(_, rest)| Some(rest.split_once(',')?.0.to_owned())),
            Subject::ModJk => response.field("worker.lb.busy"),
        };
        Ok(found.context(text)?.parse()?)
    }

    /// Waits until nothing is in flight, neither at the members nor in the balancer.
    pub fn wait_not_busy(&mut self, members: &[&str]) -> Result {
        for member in members {
            self.wait_status(member, Duration::from_secs(10), |status| status.busy == 0)?;
        }
        let start = std::time::Instant::now();
        while self.balancer_busy()? != 0 {
            ensure!(
                start.elapsed() < Duration::from_secs(10),
                "the balancer stays busy"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until the status worker says of a member what `wanted` asks for.
    pub fn wait_status(
        &mut self,
        member: &str,
        limit: Duration,
        wanted: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
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

/// Holds requests back at a peer until it is opened or dropped.
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets all of them go.
    pub fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// A peer that holds requests for `/hold…` until the gate opens, closes the connection at `/fail…`,
/// and echoes everything else.
pub fn gated() -> (Gate, Script) {
    let gate = Gate(Arc::default());
    let open = Arc::clone(&gate.0);
    let wait = Step::run(move |connection| {
        let uri = connection.request().uri;
        if uri.starts_with("/fail") {
            return connection.step(&Step::Close);
        }
        while uri.starts_with("/hold") && !open.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    (gate, Script::new([wait, Step::Echo]))
}

/// A request that is under way in a thread of its own.
pub struct Pending(JoinHandle<Result<Response, ClientError>>);

impl Pending {
    /// Sends a request on a new connection.
    pub fn start(farm: &Farm, request: Request) -> Pending {
        let port = farm.httpd.port();
        Pending(std::thread::spawn(move || client::send(port, request)))
    }

    /// The answer.
    pub fn response(self) -> Result<Response> {
        let joined = self.0.join();
        Ok(joined.map_err(|_| rjk_testbed::Error::msg("the client panicked"))??)
    }
}

/// The name of a number on the two status pages.
struct Column {
    ours: &'static str,
    theirs: &'static str,
}

impl Status {
    fn read(find: impl Fn(Column) -> Option<String>) -> Result<Status> {
        let text = |ours, theirs| {
            find(Column { ours, theirs }).with_context(|| format!("no {ours} on the status page"))
        };
        let number = |ours, theirs| -> Result<u64> { Ok(text(ours, theirs)?.parse()?) };
        Ok(Status {
            state: text("State", "state")?,
            activation: text("Activation", "activation")?,
            value: number("Value", "lbvalue")?,
            accessed: number("Accessed", "elected")?,
            sessions: number("Sessions", "sessions")?,
            errors: number("Errors", "errors")?,
            busy: number("Busy", "busy")?,
            connected: number("Connected", "connected")?,
        })
    }
}

/// The cell of a member's row under a heading.
fn cell(page: &str, member: &str, heading: &str) -> Option<String> {
    let headings = page
        .split("<tr>")
        .find(|row| row.contains("<th>Member</th>"))?;
    let index = texts(headings, "th")
        .iter()
        .position(|text| text == heading)?;
    let row = page.split("<tr>").map(|row| texts(row, "td"));
    let row = row
        .into_iter()
        .find(|cells| cells.first().is_some_and(|name| name == member))?;
    row.get(index).cloned()
}

/// The texts of all elements of a name, which hold no others.
fn texts(html: &str, element: &str) -> Vec<String> {
    let (start, end) = (format!("<{element}"), format!("</{element}>"));
    let inner = |part: &str| {
        let text = part.split_once('>')?.1.split_once(&end)?.0;
        Some(text.to_owned())
    };
    html.split(&start).skip(1).filter_map(inner).collect()
}

impl Notes {
    fn parse(line: &str) -> Result<Notes> {
        let fields: Vec<&str> = line.split('|').collect();
        ensure!(fields.len() == 24, "{line:?}");
        Ok(Notes {
            status: fields[0].parse()?,
            pid: fields[1].parse()?,
            uri: fields[2].to_owned(),
            route: fields[3].to_owned(),
            first: MemberNotes::parse(&fields[4..14]),
            last: MemberNotes::parse(&fields[14..24]),
        })
    }
}

impl MemberNotes {
    fn parse(fields: &[&str]) -> MemberNotes {
        let text = |index: usize| fields.get(index).copied().unwrap_or_default().to_owned();
        MemberNotes {
            name: text(0),
            value: text(1),
            accessed: text(2),
            sessions: text(3),
            read: text(4),
            transferred: text(5),
            errors: text(6),
            busy: text(7),
            activation: text(8),
            state: text(9),
        }
    }
}
