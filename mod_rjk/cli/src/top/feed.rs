//! Asks each web host in a thread of its own, again and again.

use super::rows::Farm;
use crate::farm::{Address, Answer, Client, Trouble};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a host said, and when.
pub struct Heard {
    /// Which host.
    pub host: usize,
    /// When the answer was there.
    pub at: Instant,
    /// The answer.
    pub said: Result<Answer, Trouble>,
}

/// The threads. They end with the process: one may be waiting for a host that hangs.
pub struct Feed {
    threads: Vec<JoinHandle<()>>,
    answers: Receiver<Heard>,
}

impl Feed {
    /// Starts them.
    pub fn start(client: &Arc<Client>, addresses: &[Address], interval: Duration) -> Feed {
        let (sender, answers) = channel();
        let start = |(host, address): (usize, &Address)| {
            let asker = Asker {
                host,
                client: Arc::clone(client),
                address: address.clone(),
                interval,
            };
            let sender = sender.clone();
            thread::spawn(move || asker.run(&sender))
        };
        Feed {
            threads: addresses.iter().enumerate().map(start).collect(),
            answers,
        }
    }

    /// Takes what came; whether anything did.
    ///
    /// # Errors
    /// A thread ended, which none does by itself.
    pub fn heard(&self, farm: &mut Farm) -> io::Result<bool> {
        let mut any = false;
        for heard in self.answers.try_iter() {
            farm.hear(heard);
            any = true;
        }
        match self.threads.iter().any(JoinHandle::is_finished) {
            true => Err(io::Error::other("a thread that asks a web host has ended")),
            false => Ok(any),
        }
    }
}

struct Asker {
    host: usize,
    client: Arc<Client>,
    address: Address,
    interval: Duration,
}

impl Asker {
    fn run(&self, sender: &Sender<Heard>) {
        loop {
            let began = Instant::now();
            let heard = ask(&self.client, self.host, &self.address);
            if sender.send(heard).is_err() {
                return;
            }
            thread::sleep(self.interval.saturating_sub(began.elapsed()));
        }
    }
}

/// Asks a host once.
pub fn ask(client: &Client, host: usize, address: &Address) -> Heard {
    let said = client.list(address).map(|(_, answer)| answer);
    Heard {
        host,
        at: Instant::now(),
        said,
    }
}
