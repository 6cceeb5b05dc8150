//! What the module takes without a word, and somebody should look at.

mod attributes;
mod lines;
mod mounts;
mod names;
mod patterns;
mod pool;
mod protection;
mod reach;
mod status;
mod unused;
mod values;
mod ways;

pub use protection::is_loopback;

use super::finding::{Finding, Severity};
use super::site::Site;
use super::tomcat::{self, Tomcat};
use bstr::{BStr, ByteSlice};
use rjk_config::error::{Code, Location};
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::workers::Workers;
use std::collections::HashSet;

/// All of them.
pub fn all(site: &Site, tomcats: &[Tomcat]) -> Vec<Finding> {
    let mut found = Found {
        site,
        list: Vec::new(),
    };
    names::find(&mut found);
    lines::find(&mut found);
    mounts::find(&mut found);
    patterns::find(&mut found);
    reach::find(&mut found);
    status::find(&mut found);
    if let Some(workers) = &site.workers {
        unused::find(workers, &mut found);
        attributes::find(workers, &mut found);
        protection::find(workers, &mut found);
        values::find(workers, &mut found);
        ways::find(workers, &mut found);
        pool::find(workers, tomcats, &mut found);
        tomcat::find(workers, tomcats, &mut found);
    }
    found.list
}

/// Findings about a site.
pub struct Found<'s> {
    /// The site.
    pub site: &'s Site,
    list: Vec<Finding>,
}

impl Found<'_> {
    /// A finding at a line; without one it belongs to the site as a whole.
    pub fn add(
        &mut self,
        place: Option<&Location>,
        severity: Severity,
        code: Code,
        message: impl Into<String>,
    ) {
        let place = place.unwrap_or(&self.site.start);
        self.list.push(Finding::at(place, severity, code, message));
    }
}

/// All AJP workers that take requests: listed ones, and members of listed balancers, each once.
pub fn ajp_workers(workers: &Workers) -> Vec<&AjpSpec> {
    let all = workers.list.iter().flat_map(WorkerSpec::ajp13);
    let mut seen = HashSet::new();
    all.filter(|ajp| seen.insert(ajp.name.as_bstr())).collect()
}

/// Where an attribute of a worker is written.
pub fn place_of<'w>(workers: &'w Workers, worker: &BStr, attribute: &str) -> Option<&'w Location> {
    let name = [b"worker.", worker.as_bytes(), b".", attribute.as_bytes()].concat();
    workers.location(name)
}

/// The line that a worker is best known by.
pub fn place_of_worker<'w>(workers: &'w Workers, worker: &BStr) -> Option<&'w Location> {
    ["host", "port", "type", "reference"]
        .iter()
        .find_map(|attribute| place_of(workers, worker, attribute))
        .or_else(|| workers.location("worker.list"))
}
