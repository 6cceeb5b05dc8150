//! The peers of a farm, by name: some run, some are down.

use crate::peer::{Forwarded, Peer, Script};
use crate::{Result, ports};
use anyhow::Context;
use std::collections::BTreeMap;

/// Peers by name.
#[derive(Debug, Default)]
pub struct Members {
    running: BTreeMap<String, Peer>,
    ports: BTreeMap<String, u16>,
    /// Sockets that keep the ports of stopped peers: bound, so nobody else gets them, and not
    /// listening, so connections are refused.
    held: BTreeMap<String, socket2::Socket>,
}

impl Members {
    /// Starts a peer; its lines of workers.properties.
    pub fn start(&mut self, name: &str, script: Script) -> Result<String> {
        let peer = Peer::named(name, script)?;
        let lines = peer.worker(name);
        self.ports.insert(name.to_owned(), peer.port());
        self.running.insert(name.to_owned(), peer);
        Ok(lines)
    }

    /// A peer that runs.
    pub fn peer(&self, name: &str) -> Result<&Peer> {
        let peer = self.running.get(name);
        peer.with_context(|| format!("peer {name} does not run"))
    }

    /// Those that run, with their names.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Peer)> {
        self.running
            .iter()
            .map(|(name, peer)| (name.as_str(), peer))
    }

    /// Those that are down.
    pub fn stopped(&self) -> Vec<String> {
        self.held.keys().cloned().collect()
    }

    /// Those that run, in the order of names.
    pub fn all(&self) -> impl Iterator<Item = &Peer> {
        self.running.values()
    }

    /// The last request that a peer got.
    pub fn last_request(&self, name: &str) -> Result<Forwarded> {
        let requests = self.peer(name)?.requests();
        requests.last().cloned().context("no request came")
    }

    /// How many requests each running peer got so far, in the order of names.
    pub fn counts(&self) -> Vec<usize> {
        self.all().map(|peer| peer.requests().len()).collect()
    }

    /// Stops a peer: its connections close, new ones are refused.
    pub fn stop(&mut self, name: &str) -> Result {
        let peer = self.running.remove(name);
        drop(peer.with_context(|| format!("peer {name} does not run"))?);
        let socket = ports::hold(self.port(name)?)?;
        self.held.insert(name.to_owned(), socket);
        Ok(())
    }

    /// Starts a stopped peer again, echoing.
    pub fn revive(&mut self, name: &str) -> Result {
        self.held.remove(name);
        let peer = Peer::on_port(self.port(name)?, name, Script::default())?;
        self.running.insert(name.to_owned(), peer);
        Ok(())
    }

    fn port(&self, name: &str) -> Result<u16> {
        let port = self.ports.get(name).copied();
        port.with_context(|| format!("no peer {name}"))
    }
}
