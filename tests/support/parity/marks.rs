//! Where logs and counts stood when a step began.

use super::stage::Stage;
use crate::peer::Forwarded;
use std::collections::BTreeMap;

/// Lengths and counts of before.
#[derive(Debug, Default)]
pub struct Marks {
    requests: BTreeMap<String, usize>,
    connections: BTreeMap<String, usize>,
    pings: BTreeMap<String, usize>,
    jk_log: usize,
    error_log: usize,
}

impl Marks {
    /// As things stand now.
    pub fn now(stage: &Stage) -> Marks {
        let mut marks = Marks::default();
        for (name, peer) in stage.members.named() {
            marks
                .requests
                .insert(name.to_owned(), peer.requests().len());
            marks
                .connections
                .insert(name.to_owned(), peer.connections());
            marks.pings.insert(name.to_owned(), peer.pings());
        }
        if let Ok(httpd) = &stage.httpd {
            marks.jk_log = httpd.jk_log().len();
            marks.error_log = httpd.error_log().len();
        }
        marks
    }

    /// The requests that came to peers since, in order of arrival, each with its peer's name and whether
    /// its connection had carried another before.
    pub fn forwarded(&self, stage: &Stage) -> Vec<(String, Forwarded, bool)> {
        let mut all = Vec::new();
        for (name, peer) in stage.members.named() {
            let requests = peer.requests();
            let start = self.requests.get(name).copied().unwrap_or(0);
            for (index, request) in requests.iter().enumerate().skip(start) {
                let same = |other: &Forwarded| other.connection == request.connection;
                let reused = requests[..index].iter().any(same);
                all.push((name.to_owned(), request.clone(), reused));
            }
        }
        all.sort_by_key(|(_, request, _)| request.number);
        all
    }

    /// How many requests came to a peer since.
    pub fn requests_of(&self, stage: &Stage, name: &str) -> usize {
        let found = self.forwarded(stage);
        found.iter().filter(|(peer, ..)| peer == name).count()
    }

    /// Connections that came to a peer since.
    pub fn connections(&self, stage: &Stage, name: &str) -> Option<usize> {
        let before = self.connections.get(name).copied().unwrap_or(0);
        let peer = stage.members.peer(name).ok()?;
        Some(peer.connections().saturating_sub(before))
    }

    /// CPING packets that came to a peer since.
    pub fn pings(&self, stage: &Stage, name: &str) -> Option<usize> {
        let before = self.pings.get(name).copied().unwrap_or(0);
        let peer = stage.members.peer(name).ok()?;
        Some(peer.pings().saturating_sub(before))
    }

    /// What was written to JkLogFile since.
    pub fn jk_log(&self, stage: &Stage) -> String {
        let text = stage.httpd.as_ref().map(|httpd| httpd.jk_log());
        since(text.unwrap_or_default(), self.jk_log)
    }

    /// What was written to httpd's error log since.
    pub fn error_log(&self, stage: &Stage) -> String {
        let text = stage.httpd.as_ref().map(|httpd| httpd.error_log());
        since(text.unwrap_or_default(), self.error_log)
    }
}

fn since(text: String, mark: usize) -> String {
    let start = text.ceil_char_boundary(mark.min(text.len()));
    text[start..].to_owned()
}
