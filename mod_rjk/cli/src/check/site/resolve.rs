//! Makes of the directives what requests would see, in the order of the module.

use super::{Server, Site, config_file};
use crate::check::finding::Finding;
use bstr::ByteSlice;
use rjk_config::directive::GlobalDirectives;
use rjk_config::error::{ConfigError, Warning};
use rjk_config::server::{ServerConfig, ServerDirectives};
use rjk_config::uri_map::FileText;
use rjk_config::workers::{WorkerMount, Workers};
use std::path::Path;

/// Mistakes of one file of workers.
const MOST_ERRORS: usize = 50;

/// Resolves workers, servers and policies; findings say what is wrong with them.
pub(super) fn resolve(site: &mut Site) {
    let mut warnings = Vec::new();
    for server in &mut site.servers {
        warnings.append(&mut server.written.warnings);
    }
    let root = site.conf.root.path();
    if let Some(result) = workers(site, &root, &mut warnings) {
        match result {
            Ok(workers) => site.workers = Some(workers),
            Err(errors) => site.findings.extend(
                errors
                    .iter()
                    .map(|error| Finding::error(error, &site.start)),
            ),
        }
    }
    servers(site, &root, &mut warnings);
    site.findings.extend(
        warnings
            .iter()
            .map(|warning| Finding::warning(warning, &site.start)),
    );
    config_file::resolve(site);
}

/// `None` when nothing describes any and this is a part of a configuration; a whole one has the worker that the module
/// has then.
fn workers(
    site: &Site,
    root: &Path,
    warnings: &mut Vec<Warning>,
) -> Option<Result<Workers, Vec<ConfigError>>> {
    let global = &site.servers.first()?.written.global;
    let is_described = global.workers_file.is_some() || !global.worker_properties.is_empty();
    let conf = &site.conf;
    let names_none = !conf.lines.iter().any(|line| line.is("JkWorkersFile"));
    let is_whole = conf.is_httpds && conf.has_jk && site.is_whole && names_none;
    (is_described || is_whole).then(|| all_errors(global, root, warnings))
}

/// The module stops at the first mistake. Of those that concern one line only, the next ones are looked for without it.
fn all_errors(
    global: &GlobalDirectives,
    root: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<Workers, Vec<ConfigError>> {
    let mut errors: Vec<ConfigError> = Vec::new();
    loop {
        let read = |path: &Path| FileText::read(path).map(|file| without(file, path, &errors));
        let mut told = Vec::new();
        let result = global.workers(&read, root, &mut told);
        // Without its lines a worker looks otherwise than it is.
        if errors.is_empty() {
            warnings.append(&mut told);
        }
        let error = match result {
            Ok(workers) if errors.is_empty() => return Ok(workers),
            Ok(_) => return Err(errors),
            Err(error) => error,
        };
        let is_new = errors
            .iter()
            .all(|known| known.location() != error.location());
        let is_of_line = matches!(error.code(), "unknown-attribute" | "unknown-type");
        // What else there is may come from the line that is left out.
        if errors.is_empty() || (is_of_line && is_new) {
            errors.push(error);
        }
        if !is_of_line || !is_new || errors.len() >= MOST_ERRORS {
            return Err(errors);
        }
    }
}

/// The file with the lines of these mistakes empty.
fn without(mut file: FileText, path: &Path, errors: &[ConfigError]) -> FileText {
    let name = path.to_string_lossy();
    let places = errors.iter().filter_map(ConfigError::location);
    let bad: Vec<u32> = places
        .filter(|place| *place.file == *name)
        .map(|place| place.line)
        .collect();
    if !bad.is_empty() {
        let lines = (1_u32..).zip(file.text.lines_with_terminator());
        let left = lines.map(|(number, line)| match bad.contains(&number) {
            true => &b"\n"[..],
            false => line,
        });
        file.text = left.collect::<Vec<_>>().concat();
    }
    file
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
