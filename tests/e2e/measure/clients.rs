//! Clients that keep their connections, and how long their requests took.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::{Result, bail, ensure, farm};
use std::fmt;
use std::time::{Duration, Instant};

/// Clients that send requests at the same time.
pub struct Clients(Vec<Client>);

/// Answered requests.
#[derive(Default)]
pub struct Batch {
    times: Vec<Duration>,
    served_by: Vec<String>,
}

impl Clients {
    /// Connects so many to a port.
    pub fn connect(port: u16, count: usize) -> Result<Clients> {
        let clients = (0..count).map(|_| Ok(Client::connect(port)?));
        Ok(Clients(clients.collect::<Result<_>>()?))
    }

    /// Sends `count` requests to a balancer, shared out to all clients; an error when one fails.
    pub fn run(&mut self, balancer: &str, count: usize) -> Result<Batch> {
        let request = Request::get(&format!("/{balancer}"));
        let each = count / self.0.len();
        let mut all = Batch::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .0
                .iter_mut()
                .map(|client| scope.spawn(|| send(client, &request, each)))
                .collect();
            for thread in threads {
                match thread.join() {
                    Ok(batch) => all.add(batch?),
                    Err(_) => bail!("a client panicked"),
                }
            }
            Ok(())
        })?;
        Ok(all)
    }
}

fn send(client: &mut Client, request: &Request, count: usize) -> Result<Batch> {
    let mut batch = Batch::default();
    for _ in 0..count {
        let start = Instant::now();
        let response = client.send(request)?;
        batch.times.push(start.elapsed());
        ensure!(response.status == 200, "{response:?}");
        batch.served_by.push(farm::who(&response));
    }
    Ok(batch)
}

impl Batch {
    /// Adds another's requests.
    pub fn add(&mut self, other: Batch) {
        self.times.extend(other.times);
        self.served_by.extend(other.served_by);
    }

    /// Requests.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// How many a peer answered.
    pub fn served_by(&self, peer: &str) -> usize {
        self.served_by.iter().filter(|name| *name == peer).count()
    }

    /// The time that 99 of 100 requests did not take longer than.
    pub fn p99(&self) -> Duration {
        self.quantile(99)
    }

    fn quantile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(index).copied().unwrap_or_default()
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, p99) = (self.quantile(50), self.p99());
        write!(f, "median {median:.1?}, p99 {p99:.1?}")
    }
}
