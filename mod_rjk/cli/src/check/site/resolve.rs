//! Makes of the directives what requests would see, in the order of the module.

use super::{Server, Site};
use crate::check::finding::{Finding, Severity};
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::server::{ServerConfig, ServerDirectives};
use rjk_config::toml::PolicyFile;
use rjk_config::uri_map::FileText;
use rjk_config::workers::{WorkerMount, Workers};
use std::path::Path;

/// Resolves workers, servers and policies; findings say what is wrong with them.
pub(super) fn resolve(site: &mut Site) {
    let mut warnings = Vec::new();
    for server in &mut site.servers {
        warnings.append(&mut server.written.warnings);
    }
    let root = site.conf.root.path();
    if let Some(result) = workers(site, &root, &mut warnings) {
        take(site, result, |site, workers| site.workers = Some(workers));
    }
    servers(site, &root, &mut warnings);
    site.findings.extend(
        warnings
            .iter()
            .map(|warning| Finding::warning(warning, &site.start)),
    );
    policies(site);
}

/// `None` when nothing describes any: this is a part of a configuration.
fn workers(
    site: &Site,
    root: &Path,
    warnings: &mut Vec<Warning>,
) -> Option<Result<Workers, ConfigError>> {
    let global = &site.servers.first()?.written.global;
    let is_described = global.workers_file.is_some() || !global.worker_properties.is_empty();
    is_described.then(|| global.workers(&FileText::read, root, warnings))
}

fn take<T>(site: &mut Site, result: Result<T, ConfigError>, with: impl FnOnce(&mut Site, T)) {
    match result {
        Ok(value) => with(site, value),
        Err(error) => site.findings.push(Finding::error(&error, &site.start)),
    }
}

fn servers(site: &mut Site, root: &Path, warnings: &mut Vec<Warning>) {
    let mounts = site.workers.as_ref().map(|workers| workers.mounts.clone());
    let mounts = mounts.unwrap_or_default();
    let (mut main, mut errors) = (None::<(ServerDirectives, Option<ServerConfig>)>, Vec::new());
    for server in &mut site.servers {
        match config(server, main.as_ref(), &mounts, root, warnings) {
            Ok(config) => server.config = config,
            Err(error) => errors.push(error),
        }
        if main.is_none() {
            main = Some((server.written.directives.clone(), server.config.clone()));
        }
    }
    let errors = errors.iter();
    site.findings
        .extend(errors.map(|error| Finding::error(error, &site.start)));
}

/// `None` for a virtual host of a main server with a mistake.
fn config(
    server: &Server,
    main: Option<&(ServerDirectives, Option<ServerConfig>)>,
    mounts: &[WorkerMount],
    root: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<Option<ServerConfig>, ConfigError> {
    let own = &server.written.directives;
    let Some((main_own, main)) = main else {
        return own
            .resolve(None, mounts, &FileText::read, root, warnings)
            .map(Some);
    };
    let Some(main) = main else {
        return Ok(None);
    };
    let merged = ServerDirectives::merge(main_own, own);
    merged
        .resolve(Some(main), &[], &FileText::read, root, warnings)
        .map(Some)
}

fn policies(site: &mut Site) {
    let global = site.servers.first().map(|main| &main.written.global);
    let Some((file, place)) = global.and_then(|global| global.config_file.clone()) else {
        return;
    };
    let result = read_policies(&file, &place);
    take(site, result, |site, policies| {
        if let Some(workers) = &site.workers {
            let errors = policies.bind(workers).filter_map(Result::err);
            let errors: Vec<Finding> = errors.map(|error| Finding::error(&error, &place)).collect();
            site.findings.extend(errors);
        }
        let unused = policies.unused();
        site.findings
            .extend(unused.map(|warning| Finding::warning(&warning, &place)));
        for policy in &policies.policies {
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
    });
}

fn read_policies(file: &str, place: &Location) -> Result<PolicyFile, ConfigError> {
    let unreadable = |problem: &dyn std::fmt::Display| {
        let message = format!("RjkConfigFile: cannot read {file}: {problem}");
        ConfigError::new(Some(place.clone()), message).coded("file-unreadable")
    };
    let text = FileText::read(Path::new(file)).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(text.text).map_err(|_| unreadable(&"it is no UTF-8"))?;
    PolicyFile::parse(&text, file)
}
