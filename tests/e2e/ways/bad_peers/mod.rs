//! Backends that speak HTTP wrongly, by what they do: what the client gets, the one line about it, and
//! that the next request is served as if nothing had been.

mod connection;
mod framing;
mod heads;
mod posthandshake;
mod tls;

use rjk_testbed::client::{BodyEnd, Client, ClientError, Request};
use rjk_testbed::http_peer::{Script, TlsSettings};
use rjk_testbed::tls::Authority;
use rjk_testbed::way::{self, Reach};
use rjk_testbed::{HttpPeer, Httpd, Result, ensure, wait};
use std::time::Duration;

/// The latest that a peer sends what nobody asked for.
const LATE: Duration = Duration::from_millis(100);

/// What the client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// This status, and an answer that is whole.
    Status(u16),
    /// An answer that breaks off.
    BrokenOff,
    /// A whole 200 with this body.
    Whole(String),
    /// 502 or 503: only expected.
    Failed,
}

impl Told {
    fn is(&self, expected: &Told) -> bool {
        self == expected || (*expected == Told::Failed && matches!(self, Status(502 | 503)))
    }
}

use Told::{BrokenOff, Status};

/// A peer that is wrong in one way; `says` are words of the line.
pub(crate) struct Bad {
    name: &'static str,
    script: Script,
    told: Told,
    says: &'static [&'static str],
    /// A property of the worker.
    property: &'static str,
}

impl Bad {
    /// Makes its mistake at every request.
    pub(crate) fn new(
        name: &'static str,
        script: impl Into<Script>,
        told: Told,
        says: &'static [&'static str],
    ) -> Bad {
        let script = script.into();
        Bad {
            name,
            script,
            told,
            says,
            property: "",
        }
    }

    /// Reads the request and answers with these bytes, which are an error: 502.
    pub(crate) fn answer(name: &'static str, text: &str, says: &'static [&'static str]) -> Bad {
        Bad::new(name, Script::answer(text), Status(502), says)
    }

    /// The same with bytes that are none: this is the body that the client gets.
    pub(crate) fn good(name: &'static str, text: &str, body: &str) -> Bad {
        Bad::new(
            name,
            Script::answer(text),
            Told::Whole(body.to_owned()),
            &[],
        )
    }

    pub(crate) fn with(mut self, property: &'static str) -> Bad {
        self.property = property;
        self
    }

    fn is_error(&self) -> bool {
        matches!(self.told, Status(400..) | BrokenOff | Told::Failed)
    }
}

/// What the peers are reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Tcp,
    Unix,
    Tls,
}

/// A web server in front of all peers of a table, each a worker of its own.
struct Row {
    bad: Bad,
    peer: HttpPeer,
}

fn start(rows: Vec<Bad>, over: Over) -> Result<(Vec<Row>, Httpd)> {
    let authority = Authority::new("Peers")?;
    let settings = TlsSettings::new(authority.server(&["peer.test"])?, "peer.test");
    let (mut all, mut reaches, mut properties) = (Vec::new(), Vec::new(), String::new());
    for bad in rows {
        let script = bad.script.clone();
        let peer = match over {
            Over::Tcp => HttpPeer::start(bad.name, script)?,
            Over::Unix => HttpPeer::unix(bad.name, script)?,
            Over::Tls => HttpPeer::tls(bad.name, script, &settings)?,
        };
        reaches.push(peer.reach(bad.name));
        if !bad.property.is_empty() {
            properties += &format!("worker.{}.{}\n", bad.name, bad.property);
        }
        all.push(Row { bad, peer });
    }
    let names: Vec<&str> = all.iter().map(|row| row.bad.name).collect();
    let httpd = in_front_of(&authority, &reaches, &names, &properties)?;
    Ok((all, httpd))
}

/// A web server with one child and these workers, each mounted at `/NAME/*`.
fn in_front_of(
    authority: &Authority,
    reaches: &[Reach],
    names: &[&str],
    properties: &str,
) -> Result<Httpd> {
    let list = format!("worker.list={}\n{properties}", names.join(","));
    let mounts = names
        .iter()
        .map(|name| format!("JkMount /{name}/* {name}\n"));
    way::site(authority, reaches, &list)?
        .directives(mounts.collect::<String>())
        .threads_per_child(32)
        .server_limit(1)
        .start()
}

/// What a client sees of the answer to a request.
pub(crate) fn told(httpd: &Httpd, request: &Request) -> Result<Told> {
    let mut client = Client::connect(httpd.port())?.timeout(Duration::from_secs(30))?;
    Ok(
        match client.send(&request.clone().header("Connection", "close")) {
            Ok(answer) if answer.end != BodyEnd::Complete => BrokenOff,
            Ok(answer) if answer.status == 200 => Told::Whole(answer.text()),
            Ok(answer) => Status(answer.status),
            Err(ClientError::ClosedBeforeAnswer) => BrokenOff,
            Err(error) => return Err(error.into()),
        },
    )
}

/// The error lines about a worker.
fn errors(httpd: &Httpd, name: &str) -> Vec<String> {
    let log = httpd.jk_log();
    let lines = log.lines().filter(|line| line.contains("[error]"));
    let about = lines.filter(|line| line.contains(&format!("worker {name} ")));
    about.map(str::to_owned).collect()
}

impl Row {
    /// What is not as it should be.
    fn wrong(&self, httpd: &Httpd) -> Result<Vec<String>> {
        let name = self.bad.name;
        let mut wrong = Vec::new();
        let post = Request::new("POST", &format!("/{name}/x")).body("hello");
        let seen = told(httpd, &post)?;
        if !seen.is(&self.bad.told) {
            wrong.push(format!("POST: {seen:?}, expected {:?}", self.bad.told));
        }
        let requests = self.peer.requests().len();
        if requests > 1 {
            wrong.push(format!("POST was sent {requests} times"));
        }
        wrong.extend(self.wrong_lines(httpd));
        self.peer.set(Script::default());
        // What it sends late was sent by then: later, nobody can tell it from an answer.
        std::thread::sleep(LATE);
        // Several, so that every connection that is left is used.
        for number in 0..3 {
            let target = format!("/{name}/next{number}");
            let seen = told(httpd, &Request::get(&target))?;
            let good = format!("peer={name}\nmethod=GET\ntarget={target}\nbody=0\n");
            if seen != Told::Whole(good) {
                wrong.push(format!("the next request: {seen:?}"));
            }
        }
        self.peer.set(self.bad.script.clone());
        self.peer.close_connections();
        let seen = told(httpd, &Request::get(&format!("/{name}/get")))?;
        if !seen.is(&self.bad.told) {
            wrong.push(format!("GET: {seen:?}, expected {:?}", self.bad.told));
        }
        wrong.extend(self.peer.faults());
        Ok(wrong)
    }

    /// The client's answer comes before the line is written.
    fn wrong_lines(&self, httpd: &Httpd) -> Vec<String> {
        let name = self.bad.name;
        if !self.bad.is_error() {
            let lines = errors(httpd, name);
            return lines
                .into_iter()
                .map(|line| format!("a line for nothing: {line}"))
                .collect();
        }
        wait::became(Duration::from_secs(5), || !errors(httpd, name).is_empty());
        let end = match self.bad.told {
            Status(status) => format!("; the client got {status}"),
            Told::Failed => "; the client got 50".to_owned(),
            _ => "; the response to the client broke off".to_owned(),
        };
        let lines = errors(httpd, name);
        let is_right = |line: &String| {
            let has_remedy = line.matches("; ").count() >= 2;
            line.contains("failed while")
                && line
                    .trim_end_matches(['2', '3'])
                    .ends_with(end.trim_end_matches(['2', '3']))
                && has_remedy
                && self.bad.says.iter().all(|said| line.contains(said))
        };
        match lines.len() == 1 && lines.iter().all(is_right) {
            true => Vec::new(),
            false => vec![format!("lines {lines:#?}, wanted {:?}{end}", self.bad.says)],
        }
    }
}

/// Plays a table; several rows at a time, for most of them wait.
fn play(rows: Vec<Bad>, over: Over) -> Result {
    let (rows, httpd) = start(rows, over)?;
    let wrong = std::thread::scope(|scope| {
        let quarter = rows.len().div_ceil(8);
        let threads: Vec<_> = rows
            .chunks(quarter)
            .map(|rows| scope.spawn(|| all_wrong(rows, &httpd)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .flat_map(|found| found.unwrap_or_else(|_| vec!["a thread failed".to_owned()]))
            .collect::<Vec<_>>()
    });
    httpd.assert_clean();
    ensure!(wrong.is_empty(), "over {over:?}:\n{}", wrong.join("\n"));
    Ok(())
}

fn all_wrong(rows: &[Row], httpd: &Httpd) -> Vec<String> {
    let one = |row: &Row| {
        let found = row
            .wrong(httpd)
            .unwrap_or_else(|error| vec![format!("{error:#}")]);
        found
            .into_iter()
            .map(|text| format!("{}: {text}", row.bad.name))
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(one).collect()
}

/// Makes the tests of a table, over what peers are reached by.
macro_rules! over_each {
    ($($table:ident)*) => {$(
        mod $table {
            #[test]
            fn rjk_tcp() -> rjk_testbed::Result {
                $crate::bad_peers::play(super::$table(), $crate::bad_peers::Over::Tcp)
            }

            #[test]
            fn rjk_unix() -> rjk_testbed::Result {
                $crate::bad_peers::play(super::$table(), $crate::bad_peers::Over::Unix)
            }

            #[test]
            fn rjk_tls() -> rjk_testbed::Result {
                $crate::bad_peers::play(super::$table(), $crate::bad_peers::Over::Tls)
            }
        }
    )*};
}
pub(crate) use over_each;
