//! What an answer is made from: the workers and rules of the running server.

use crate::wall_time::WallTime;
use bstr::{BStr, BString};
use rjk_balance::edit::Editor;
use rjk_balance::{AjpWorker, Balancer, Clock};
use rjk_config::uri_map::UriMap;
use std::sync::Arc;
use std::time::Duration;

/// The running server.
pub struct Site<'a> {
    /// Its name.
    pub name: &'a BStr,
    /// Its port.
    pub port: u16,
    /// Version of the web server.
    pub web_server: &'a BStr,
    /// The workers of `worker.list`, in its order.
    pub workers: Vec<(&'a BStr, Worker<'a>)>,
    /// The rules of all servers, the main server's first.
    pub maps: Vec<(BString, Arc<UriMap>)>,
    /// Properties in definition order, without secrets.
    pub properties: Vec<(&'a BStr, &'a BStr)>,
    /// `worker.maintain`.
    pub maintain: Duration,
    /// Now.
    pub clock: Clock,
    /// What people should know: certificates that end soon, what a restart went on in spite of.
    pub notices: Vec<String>,
    /// Changes what can be changed.
    pub editor: Editor<'a>,
    /// Local time of a moment in seconds since 1970.
    pub calendar: &'a dyn Fn(i64) -> WallTime,
}

/// A worker.
#[derive(Clone)]
pub enum Worker<'a> {
    /// A balancer.
    Balancer(&'a Balancer),
    /// One Tomcat.
    Ajp(Arc<AjpWorker>),
    /// A status worker, or one of a type that serves nobody.
    Other,
}

impl<'a> Site<'a> {
    /// The worker of a name.
    pub fn worker(&self, name: &BStr) -> Option<Worker<'a>> {
        let found = self.workers.iter().find(|(known, _)| *known == name);
        found.map(|(_, worker)| worker.clone())
    }
}
