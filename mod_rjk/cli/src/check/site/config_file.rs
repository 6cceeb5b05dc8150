//! rjk.toml: policies, and how workers are reached.

use super::Site;
use crate::check::finding::{Finding, Severity};
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::toml::{Reached, RjkToml};
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
    match read(&file, &place) {
        Ok(file) => {
            policies(site, &file, &place);
            ways(site, &file, &place);
        }
        Err(error) => site.findings.push(Finding::error(&error, &site.start)),
    }
}

fn read(file: &str, place: &Location) -> Result<RjkToml, ConfigError> {
    let unreadable = |problem: &dyn std::fmt::Display| {
        let message = format!("RjkConfigFile: cannot read {file}: {problem}");
        ConfigError::new(Some(place.clone()), message).coded("file-unreadable")
    };
    let text = FileText::read(Path::new(file)).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(text.text).map_err(|_| unreadable(&"it is no UTF-8"))?;
    RjkToml::parse(&text, file)
}

fn policies(site: &mut Site, file: &RjkToml, place: &Location) {
    if let Some(workers) = &site.workers {
        let errors = file.bind(workers).filter_map(Result::err);
        let errors: Vec<Finding> = errors.map(|error| Finding::error(&error, place)).collect();
        site.findings.extend(errors);
    }
    let unused = file.unused();
    site.findings
        .extend(unused.map(|warning| Finding::warning(&warning, place)));
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
