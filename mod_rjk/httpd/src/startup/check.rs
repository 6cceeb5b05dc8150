//! `check_config`: finds every error and makes nothing.

use super::generation::Generation;
use super::policies::LoadedPolicies;
use crate::ffi::apr::{Pool, server_root_relative};
use crate::ffi::error_log::{to_error_log, warn};
use crate::ffi::purpose::Purpose;
use crate::ffi::sys;
use crate::server::env_names::EnvNames;
use crate::server::ready::Ready;
use crate::server::slot::{GlobalDirectives, ServerSlot, servers};
use once_cell::sync::OnceCell;
use rjk_balance::Topology;
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::properties::Properties;
use rjk_config::server::ServerConfig;
use rjk_config::server::ServerVersion;
use rjk_config::workers::Workers;
use std::collections::HashSet;
use std::ffi::{CStr, c_int};
use std::path::Path;
use std::sync::Arc;

/// Default of `JkShmFile` in the folder of httpd's logs (D-14, H-14).
const SHM_FILE: &str = "jk-runtime-status";
/// Default of `JkLogFile`, there too (D-10).
pub(super) const LOG_FILE: &str = "mod_jk.log";

/// The `check_config` hook: reads and checks everything, for `-t`, start and restart alike. Stopping
/// checks nothing.
///
/// # Safety
/// Called by httpd's only thread with live pool and main server.
pub(crate) unsafe fn check(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ()> {
    let purpose = Purpose::of_this_run();
    if purpose == Purpose::Stop {
        return Ok(());
    }
    // SAFETY: as promised.
    let result = unsafe { check_server_version().and_then(|()| check_all(pool, main)) };
    match result {
        Ok(texts) => {
            if purpose == Purpose::Test {
                texts.iter().for_each(|text| warn(main, text));
            }
            Ok(())
        }
        Err(error) => {
            to_error_log(sys::APLOG_EMERG, Some(main), &format!("mod_rjk: {error}"));
            if purpose.refuses() { Err(()) } else { Ok(()) }
        }
    }
}

/// httpd's functions may have been added since an older server was built.
fn check_server_version() -> Result<(), ConfigError> {
    const BUILT: ServerVersion = ServerVersion::new(
        sys::AP_SERVER_MAJORVERSION_NUMBER,
        sys::AP_SERVER_MINORVERSION_NUMBER,
        sys::AP_SERVER_PATCHLEVEL_NUMBER,
    );
    // SAFETY: the struct is plain data that httpd fills.
    let running = unsafe {
        let mut version: sys::ap_version_t = std::mem::zeroed();
        sys::ap_get_server_revision(&mut version);
        ServerVersion::new(
            version.major as u32,
            version.minor as u32,
            version.patch as u32,
        )
    };
    running.accepts(BUILT)
}

/// # Safety
/// As [`check`].
unsafe fn check_all(
    pool: Pool<'_>,
    main: *mut sys::server_rec,
) -> Result<Vec<String>, ConfigError> {
    // SAFETY: as promised; the references to slots end within each statement.
    unsafe {
        let Some(slot) = ServerSlot::of_mut(main) else {
            return Err(ConfigError::new(
                None,
                "the main server has no configuration",
            ));
        };
        let global = slot.global.clone();
        let mut warnings = slot.warnings.clone();
        let workers = read_workers(&global, pool, &mut warnings)?;
        let policies = load_policies(&global, &workers, main)?;
        separate_servers(pool, main);
        let mut configs = Vec::new();
        for server in servers(main) {
            let main_config = configs.first().map(|(_, config)| config);
            let config = resolve(server, main_config, &workers, pool, &mut warnings)?;
            configs.push((server, config));
        }
        let generation = generation(global, workers, policies, &mut warnings, &configs, pool)?;
        let generation = pool.keep(generation);
        let child = Arc::new(OnceCell::new());
        for (server, config) in configs {
            if let Some(slot) = ServerSlot::of_mut(server) {
                let env = EnvNames::new(&config);
                slot.ready = Some(Ready {
                    config,
                    env,
                    child: child.clone(),
                    log: None,
                });
            }
        }
        Ok(generation.warnings.clone())
    }
}

/// A virtual host without any directive of ours shares the main server's slot: it gets its own, so
/// that the main server's mounts do not leak into it (G-17).
///
/// # Safety
/// As [`check`].
unsafe fn separate_servers(pool: Pool<'_>, main: *mut sys::server_rec) {
    // SAFETY: as promised.
    unsafe {
        let Some(main_slot) = ServerSlot::of(main) else {
            return;
        };
        for server in servers(main).skip(1) {
            let own = ServerSlot::of(server);
            if own.is_none_or(|slot| std::ptr::eq(slot, main_slot)) {
                let slot: *mut ServerSlot = pool.own(ServerSlot::merged(main_slot, None));
                sys::rjk_set_server_config(server, slot.cast());
            }
        }
    }
}

/// # Safety
/// As [`check`].
unsafe fn resolve(
    server: *mut sys::server_rec,
    main: Option<&ServerConfig>,
    workers: &Workers,
    pool: Pool<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<ServerConfig, ConfigError> {
    // SAFETY: as promised.
    let Some(slot) = (unsafe { ServerSlot::of(server) }) else {
        return Err(ConfigError::new(None, "a server has no configuration"));
    };
    let root = server_root_relative(pool, "");
    let read = |path: &Path| std::fs::read(path);
    let config =
        slot.directives
            .resolve(main, &workers.mounts, &read, Path::new(&root), warnings)?;
    config.check_workers(workers, warnings);
    if main.is_some() {
        warnings.extend(slot.warnings.iter().cloned());
    }
    let not_yet = slot.directives.not_yet().into_iter();
    warnings.extend(not_yet.map(|text| Warning::new(None, text)));
    let log = config.log.file.clone();
    let log = log.unwrap_or_else(|| in_log_folder(pool, LOG_FILE));
    let at = slot.log_file_at.as_ref();
    if Path::new(&log).is_dir() {
        let text = "is a folder; name a file in it";
        return Err(file_error("JkLogFile", &log, text, at.cloned()));
    }
    found_at_start(check_log(&log, at), warnings)?;
    Ok(config)
}

/// A file in the folder for logs that this httpd was built with.
pub(super) fn in_log_folder(pool: Pool<'_>, file: &str) -> String {
    let folder = CStr::from_bytes_until_nul(sys::DEFAULT_REL_LOGFILEDIR);
    let folder = folder.map_or("logs".into(), CStr::to_string_lossy);
    server_root_relative(pool, &format!("{folder}/{file}"))
}

/// `-t` may run where folders and programs come later, in the build of an image: it warns of what
/// a start would refuse.
fn found_at_start(
    found: Result<(), ConfigError>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    match found {
        Err(error) if Purpose::of_this_run() == Purpose::Test => {
            let text = format!("{}; httpd does not start without it", error.message());
            warnings.push(Warning::new(error.location().cloned(), text));
            Ok(())
        }
        found => found,
    }
}

/// What `post_config` will make can be checked without making it.
fn check_log(target: &str, at: Option<&Location>) -> Result<(), ConfigError> {
    if let Some(program) = target.strip_prefix('|') {
        return check_program("JkLogFile", program, at);
    }
    folder_of(target).map_err(|text| file_error("JkLogFile", target, &text, at.cloned()))
}

/// The folder of a file that is to be made must be there.
fn folder_of(target: &str) -> Result<(), String> {
    let folder = Path::new(target).parent().unwrap_or(Path::new("/"));
    if folder.is_dir() {
        return Ok(());
    }
    let folder = folder.display();
    Err(format!(
        "cannot be made: the folder {folder} does not exist; make it, or name another file"
    ))
}

fn file_error(directive: &str, target: &str, text: &str, at: Option<Location>) -> ConfigError {
    ConfigError::new(at, format!("{directive} {target} {text}"))
}

/// httpd would not start, and a graceful restart would end it, without the program of a piped log.
fn check_program(directive: &str, line: &str, at: Option<&Location>) -> Result<(), ConfigError> {
    let mut words = line.split(['"', '\'', ' ', '\t']);
    let program = words.find(|word| !word.is_empty()).unwrap_or_default();
    if !program.is_empty() && (!program.starts_with('/') || Path::new(program).is_file()) {
        return Ok(());
    }
    let message =
        format!("{directive} |{line}: there is no program {program:?}; name one by its full path");
    Err(ConfigError::new(at.cloned(), message))
}

/// The workers, in the order of P-16.
fn read_workers(
    global: &GlobalDirectives,
    pool: Pool<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Workers, ConfigError> {
    let mut properties = Properties::workers();
    for (line, location) in &global.worker_properties {
        properties.add_line(line, location.clone(), warnings)?;
    }
    let root = server_root_relative(pool, "");
    properties.define("ServerRoot", root.trim_end_matches('/'));
    if let Some((file, location)) = &global.workers_file {
        let text = std::fs::read(file).map_err(|error| unreadable(file, &error, location))?;
        properties.add_text(&text, file, warnings)?;
    }
    Workers::build(properties, warnings)
}

fn unreadable(file: &str, error: &std::io::Error, location: &Location) -> ConfigError {
    ConfigError::new(
        Some(location.clone()),
        format!("JkWorkersFile: cannot read {file}: {error}"),
    )
}

fn generation(
    global: GlobalDirectives,
    workers: Workers,
    policies: LoadedPolicies,
    warnings: &mut Vec<Warning>,
    configs: &[(*mut sys::server_rec, ServerConfig)],
    pool: Pool<'_>,
) -> Result<Generation, ConfigError> {
    if configs.iter().any(|(_, config)| config.log.file.is_none()) {
        let file = in_log_folder(pool, LOG_FILE);
        let text = format!("no JkLogFile is set, {file} is used; name a file");
        warnings.push(Warning::new(None, text));
    }
    let (shm_base, at) = match global.shm_file {
        Some((base, at)) => (base, Some(at)),
        None => {
            let base = in_log_folder(pool, SHM_FILE);
            let text = format!("no JkShmFile is set, {base} is used; name a file");
            warnings.push(Warning::new(None, text));
            (base, None)
        }
    };
    // The parent's pid stands behind the name, which may be that of a folder.
    let shm_file = format!("{shm_base}.0");
    let found = folder_of(&shm_file).map_err(|text| file_error("JkShmFile", &shm_base, &text, at));
    found_at_start(found, warnings)?;
    let mut texts: Vec<String> = warnings.iter().map(Warning::to_string).collect();
    // Virtual hosts inherit directives and files: one warning is enough.
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    Ok(Generation {
        topology: Topology::new(&workers.list),
        workers,
        watchdog_seconds: global.watchdog_seconds,
        addresses: OnceCell::new(),
        segment: OnceCell::new(),
        policies,
        shm_base,
        warnings: texts,
    })
}

/// The policies of `RjkConfigFile`. When a running server restarts, a policy that cannot be loaded
/// leaves its balancer to the built-in rules instead of ending the site; a broken file leaves all.
fn load_policies(
    global: &GlobalDirectives,
    workers: &Workers,
    main: *mut sys::server_rec,
) -> Result<LoadedPolicies, ConfigError> {
    let Some((file, location)) = &global.config_file else {
        return Ok(LoadedPolicies::default());
    };
    let on_failure = |error: ConfigError| {
        if !is_restart() {
            return Err(error);
        }
        let text = format!("mod_rjk: {error}; the built-in rules decide until it is mended");
        to_error_log(sys::APLOG_EMERG, Some(main), &text);
        Ok(())
    };
    LoadedPolicies::load(file, location, workers, &on_failure)
        .or_else(|error| on_failure(error).map(|()| LoadedPolicies::default()))
}

/// Whether this server was serving before: it must go on.
fn is_restart() -> bool {
    let mut generation: c_int = 0;
    // SAFETY: httpd fills the number.
    unsafe { sys::ap_mpm_query(sys::AP_MPMQ_GENERATION as c_int, &mut generation) };
    generation > 0
}
