//! rjk.toml: policies, and how workers are reached.

use super::Site;
use crate::check::finding::{Finding, Severity};
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::toml::{Broken, Reached, RjkToml};
use rjk_config::uri_map::FileText;
use rjk_proxy::way::tls::TlsContext;
use std::path::Path;
use std::time::SystemTime;

/// Reads it, if one is named; the workers of the site are then reached as it says.
pub(super) fn resolve(site: &mut Site) {
    let global = site.servers.first().map(|main| &main.written.global);
    let Some((file, place)) = global.and_then(|global| global.config_file.clone()) else {
        return;
    };
    let (file, mistakes) = match read(&file, &place) {
        Ok(Ok(file)) => (file, Vec::new()),
        // What is well of it shows what else is wrong.
        Ok(Err(broken)) => (broken.rest, broken.mistakes.into_errors()),
        Err(error) => (RjkToml::default(), vec![error]),
    };
    let found = mistakes
        .iter()
        .map(|error| Finding::error(error, &site.start));
    let found: Vec<Finding> = found.collect();
    let is_well = found.is_empty();
    site.findings.extend(found);
    not_compared(site, &file, &place);
    policies(site, &file, &place);
    if is_well {
        unused(site, &file, &place);
    }
    ways(site, &file, &place);
}

/// Its workers and balancers are those of another file.
fn not_compared(site: &mut Site, file: &RjkToml, place: &Location) {
    let global = site.servers.first().map(|main| &main.written.global);
    let is_described = global.is_some_and(|global| {
        global.workers_file.is_some() || !global.worker_properties.is_empty()
    });
    let names_some = !file.balancers.is_empty() || file.ways.names_workers();
    if site.workers.is_none() && !is_described && names_some {
        let message = "its workers and balancers were not compared with those of workers.properties; name that file, \
                       too, or httpd's configuration";
        let code = "not-compared";
        site.find(place, Severity::Hint, code, message);
    }
}

type Parsed = Result<RjkToml, Box<Broken>>;

fn read(file: &str, place: &Location) -> Result<Parsed, ConfigError> {
    let unreadable = |problem: &dyn std::fmt::Display| {
        let message = format!("RjkConfigFile: cannot read {file}: {problem}");
        ConfigError::new(Some(place.clone()), message).coded("file-unreadable")
    };
    let text = FileText::read(Path::new(file)).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(text.text).map_err(|_| unreadable(&"it is no UTF-8"))?;
    Ok(RjkToml::parse(&text, file))
}

fn policies(site: &mut Site, file: &RjkToml, place: &Location) {
    if let Some(workers) = &site.workers {
        let errors = file.bind(workers).filter_map(Result::err);
        let errors: Vec<Finding> = errors.map(|error| Finding::error(&error, place)).collect();
        site.findings.extend(errors);
    }
    for policy in &file.policies {
        if !policy.component.is_file() {
            let message = format!(
                "the component {} is not here; httpd does not start without it",
                policy.component.display()
            );
            site.find(
                &policy.location,
                Severity::Hint,
                "component-not-found",
                message,
            );
        }
    }
}

fn unused(site: &mut Site, file: &RjkToml, place: &Location) {
    let unused = file.unused();
    site.findings
        .extend(unused.map(|warning| Finding::warning(&warning, place)));
}

fn ways(site: &mut Site, file: &RjkToml, place: &Location) {
    let Some(workers) = &mut site.workers else {
        return;
    };
    let all = workers.ajp13().into_iter();
    site.ajp_ports = all
        .map(|worker| (worker.name.clone(), worker.port))
        .collect();
    let mut warnings: Vec<Warning> = Vec::new();
    for one in file.ways.reach(workers, &mut warnings) {
        match one {
            Ok(one) => {
                workers.set_way(&one.worker, &one.way, one.port);
                warnings.extend(one.socket_warning());
                match certificates(&one) {
                    Ok(ends) => warnings.extend(ends),
                    Err(finding) => site.findings.push(finding),
                }
                site.ways.push(one);
            }
            Err(error) => site.findings.push(Finding::error(&error, place)),
        }
    }
    let warnings = warnings.iter();
    site.findings
        .extend(warnings.map(|warning| Finding::warning(warning, place)));
}

/// Which certificates of a worker end soon, or what is wrong with its files.
fn certificates(one: &Reached) -> Result<Vec<Warning>, Finding> {
    let Some(spec) = one.way.tls() else {
        return Ok(Vec::new());
    };
    let now = SystemTime::now();
    match TlsContext::load(spec, None) {
        Ok(context) => {
            let ends = context.expiries().iter();
            Ok(ends.filter_map(|end| end.notice(one, now)).collect())
        }
        Err(error) => {
            let mut finding = Finding::error(&error.refusal(one), &one.place);
            // Who starts httpd may read it.
            if error.is_denied() {
                finding.severity = Severity::Hint;
            }
            Err(finding)
        }
    }
}

impl Site {
    /// How rjk.toml says that a worker is reached.
    pub fn way_to(&self, worker: &[u8]) -> Option<&Reached> {
        self.ways.iter().find(|way| way.worker == worker)
    }

    /// The port that workers.properties has for a worker, whatever rjk.toml says.
    pub fn ajp_port(&self, worker: &[u8]) -> Option<u16> {
        let mut all = self.ajp_ports.iter();
        all.find(|(name, _)| *name == worker).map(|(_, port)| *port)
    }
}
