//! A web server with policies over scripted peers, and what can be seen of it from outside.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::peer::Script;
use rjk_testbed::{Context, Httpd, Peer, Result, StatusPage, Subject, ensure, policies};

/// The access log: path, then who decided.
const FORMAT: &str = "%U|%{RJK_DECIDED_BY}n";

/// What a test wants: peers of these names, and a balancer `lb` of them on everything but the
/// status page.
pub struct Plan {
    names: Vec<String>,
    properties: String,
    toml: String,
    builder: Builder,
}

/// It runs.
pub struct Site {
    pub httpd: Httpd,
    peers: Vec<(String, Peer)>,
    client: Client,
    sent: usize,
}

impl Plan {
    pub fn new(names: &[&str]) -> Plan {
        Plan {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            properties: format!(
                "worker.list=lb,st\nworker.st.type=status\nworker.lb.type=lb\n\
                 worker.lb.balance_workers={}\n",
                names.join(",")
            ),
            toml: String::new(),
            builder: Httpd::builder(Subject::Rjk)
                .server_limit(1)
                .log_level("info")
                .access_log(FORMAT)
                .directives("RjkConfigFile conf/rjk.toml")
                .directives("JkMount /jkstatus st\nJkMount /* lb\nJkUnMount /jkstatus lb"),
        }
    }

    /// The policy of that component for the balancer `lb`; `settings` are lines of its table,
    /// `config` those of its own.
    pub fn policy(self, name: &str, settings: &str, config: &str) -> Result<Plan> {
        let component = match name {
            "header-route" | "canary" | "hello" => policies::built(name)?,
            _ => policies::fixture(name)?,
        };
        let table = format!(
            "[policy.{name}]\ncomponent = {component:?}\n{settings}\n\
             [policy.{name}.config]\n{config}\n"
        );
        let balancer = format!("[balancer.lb]\npolicy = \"{name}\"\n");
        Ok(self.toml(&table).toml(&balancer))
    }

    /// Lines of rjk.toml.
    pub fn toml(mut self, lines: &str) -> Plan {
        self.toml.push_str(lines);
        self
    }

    /// A line of workers.properties.
    pub fn line(mut self, line: &str) -> Plan {
        self.properties.push_str(line);
        self.properties.push('\n');
        self
    }

    pub fn directives(mut self, directives: &str) -> Plan {
        self.builder = self.builder.directives(directives);
        self
    }

    pub fn mpm(mut self, mpm: Mpm) -> Plan {
        self.builder = self.builder.mpm(mpm).start_servers(2);
        self
    }

    pub fn start(mut self) -> Result<Site> {
        let mut peers = Vec::new();
        for name in std::mem::take(&mut self.names) {
            let peer = Peer::named(&name, Script::default())?;
            self = self.line(&peer.worker(&name));
            peers.push((name, peer));
        }
        let builder = self.builder.file("conf/rjk.toml", self.toml);
        let httpd = builder.workers(self.properties).start()?;
        Ok(Site {
            client: Client::connect(httpd.port())?,
            httpd,
            peers,
            sent: 0,
        })
    }
}

impl Site {
    pub fn peer(&self, name: &str) -> Result<&Peer> {
        let found = self.peers.iter().find(|(known, _)| known == name);
        Ok(&found.with_context(|| format!("no peer {name}"))?.1)
    }

    /// Who served a request, or the status of a failure.
    pub fn who(&mut self, request: &Request) -> Result<String> {
        if let Ok(response) = self.client.send(request) {
            self.sent += 1;
            return Ok(match response.field("peer") {
                Some(peer) if response.status == 200 => peer,
                _ => response.status.to_string(),
            });
        }
        // The server closes connections after some failures.
        self.client = Client::connect(self.httpd.port())?;
        let response = self.client.send(request)?;
        self.sent += 1;
        ensure!(response.status != 400, "{response:?}");
        Ok(response
            .field("peer")
            .unwrap_or(response.status.to_string()))
    }

    /// Who served a request with these headers, and who decided.
    pub fn ask(&mut self, headers: &[(&str, &str)]) -> Result<(String, String)> {
        let served = self.who(&request("/x", headers))?;
        Ok((served, self.decided()?))
    }

    /// Who decided about the last request.
    pub fn decided(&mut self) -> Result<String> {
        let lines = self.httpd.access_lines(self.sent)?;
        let line = lines.last().context("no line in the access log")?;
        Ok(line.split_once('|').context("a note")?.1.to_owned())
    }

    /// How many requests each peer got so far.
    pub fn counts(&self) -> Vec<usize> {
        let counts = self.peers.iter().map(|(_, peer)| peer.requests().len());
        counts.collect()
    }

    pub fn page(&mut self) -> Result<StatusPage> {
        self.sent += 1;
        StatusPage::read(Subject::Rjk, self.httpd.port(), "/jkstatus")
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
            *counter = page.policy(policy, heading)?;
        }
        Ok(counters)
    }
}

/// GET with headers.
pub fn request(target: &str, headers: &[(&str, &str)]) -> Request {
    headers
        .iter()
        .fold(Request::get(target), |request, (name, value)| {
            request.header(name, value)
        })
}
