//! From directives to a running configuration: `check_config` finds every error and makes nothing,
//! `post_config` opens what is needed (design §4).

use crate::apr::Pool;
use crate::child::Child;
use crate::directives::server_root_relative;
use crate::forward::EnvNames;
use crate::log::{LogFile, LogSink, Stamp, to_error_log};
use crate::server::{GlobalDirectives, Ready, ServerSlot};
use crate::{shm, sys};
use bstr::BString;
use once_cell::sync::OnceCell;
use rjk_balance::{Layout, Segment, Topology};
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::jk_log;
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use std::collections::HashMap;
use std::ffi::c_int;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// Default of `JkShmFile` (D-14).
const SHM_FILE: &str = "logs/jk-runtime-status";
/// Default of `JkLogFile` (D-10).
const LOG_FILE: &str = "logs/mod_jk.log";

/// One loaded configuration. All servers share it; a restart makes a new one.
pub(crate) struct Generation {
    pub(crate) workers: Workers,
    pub(crate) topology: Topology,
    pub(crate) watchdog_seconds: u64,
    /// Where workers listen; filled by post_config.
    pub(crate) addresses: OnceCell<HashMap<BString, SocketAddr>>,
    /// The shared memory; filled by post_config of the pass that will serve.
    pub(crate) segment: OnceCell<Segment>,
    /// What a child runs with; filled by child_init.
    pub(crate) child: OnceCell<Child>,
    shm_base: String,
    warnings: Vec<Warning>,
    /// Texts for defaults that the administrator should know of.
    hints: Vec<String>,
}

/// All servers of a configuration, the main server first.
///
/// # Safety
/// `main` is the main server of a configuration that lives as long as the iterator is used.
unsafe fn servers(main: *mut sys::server_rec) -> impl Iterator<Item = *mut sys::server_rec> {
    std::iter::successors((!main.is_null()).then_some(main), |server| {
        // SAFETY: as promised; the list is linked by `next`.
        let next = unsafe { (**server).next };
        (!next.is_null()).then_some(next)
    })
}

/// The `check_config` hook: reads and checks everything, for `-t`, start and restart alike.
///
/// # Safety
/// Called by httpd's only thread with live pool and main server.
pub(crate) unsafe fn check(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ()> {
    // SAFETY: as promised.
    let result = unsafe { check_server_version().and_then(|()| check_all(pool, main)) };
    match result {
        Ok(warnings) => {
            if is_config_test() {
                for warning in warnings {
                    to_error_log(
                        sys::APLOG_WARNING,
                        Some(main),
                        &format!("mod_rjk: {warning}"),
                    );
                }
            }
            Ok(())
        }
        Err(error) => {
            to_error_log(sys::APLOG_EMERG, Some(main), &format!("mod_rjk: {error}"));
            Err(())
        }
    }
}

/// httpd's functions may have been added since an older server was built.
fn check_server_version() -> Result<(), ConfigError> {
    // SAFETY: the struct is plain data that httpd fills.
    let running = unsafe {
        let mut version: sys::ap_version_t = std::mem::zeroed();
        sys::ap_get_server_revision(&mut version);
        (
            version.major as u32,
            version.minor as u32,
            version.patch as u32,
        )
    };
    let built = (
        sys::AP_SERVER_MAJORVERSION_NUMBER,
        sys::AP_SERVER_MINORVERSION_NUMBER,
        sys::AP_SERVER_PATCHLEVEL_NUMBER,
    );
    let (older, message) = refusal(running, built);
    if older {
        Err(ConfigError::new(None, message))
    } else {
        Ok(())
    }
}

fn refusal(running: (u32, u32, u32), built: (u32, u32, u32)) -> (bool, String) {
    let text = |(major, minor, patch): (u32, u32, u32)| format!("{major}.{minor}.{patch}");
    let message = format!(
        "this server is httpd {}, the module was built with the headers of {}; \
         build it with this server's headers, or update the server",
        text(running),
        text(built)
    );
    (running < built, message)
}

/// # Safety
/// As [`check`].
unsafe fn check_all(
    pool: Pool<'_>,
    main: *mut sys::server_rec,
) -> Result<Vec<Warning>, ConfigError> {
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
        separate_servers(pool, main);
        let mut configs = Vec::new();
        for server in servers(main) {
            let main_config = configs.first().map(|(_, config)| config);
            let config = resolve(server, main_config, &workers, pool, &mut warnings)?;
            configs.push((server, config));
        }
        let generation = Arc::new(generation(global, workers, warnings.clone(), pool)?);
        for (server, config) in configs {
            if let Some(slot) = ServerSlot::of_mut(server) {
                let env = EnvNames::new(&config);
                slot.ready = Some(Ready {
                    config,
                    env,
                    generation: generation.clone(),
                    log: None,
                });
            }
        }
        Ok(warnings)
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
                sys::rjk_set_server_config(server, &raw const crate::jk_module, slot.cast());
            }
        }
    }
}

/// # Safety
/// As [`check`].
unsafe fn resolve(
    server: *mut sys::server_rec,
    main: Option<&rjk_config::server::ServerConfig>,
    workers: &Workers,
    pool: Pool<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<rjk_config::server::ServerConfig, ConfigError> {
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
    for text in slot.directives.not_yet() {
        // Virtual hosts inherit these directives: one warning is enough.
        let warning = Warning::new(None, text);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    if let Some(file) = &config.log.file {
        check_folder("JkLogFile", file)?;
    }
    Ok(config)
}

/// What `post_config` will make can be checked without making it: the folder must be there.
fn check_folder(directive: &str, target: &str) -> Result<(), ConfigError> {
    let folder = Path::new(target).parent().unwrap_or(Path::new("/"));
    if target.starts_with('|') || folder.is_dir() {
        return Ok(());
    }
    let message = format!(
        "{directive} {target}: the folder {} does not exist",
        folder.display()
    );
    Err(ConfigError::new(None, message))
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
    warnings: Vec<Warning>,
    pool: Pool<'_>,
) -> Result<Generation, ConfigError> {
    let mut hints = Vec::new();
    let shm_base = global.shm_file.unwrap_or_else(|| {
        hints.push(format!("no JkShmFile is set, {SHM_FILE} is used"));
        server_root_relative(pool, SHM_FILE)
    });
    check_folder("JkShmFile", &shm_base)?;
    Ok(Generation {
        topology: Topology::new(&workers.list),
        workers,
        watchdog_seconds: global.watchdog_seconds,
        addresses: OnceCell::new(),
        segment: OnceCell::new(),
        child: OnceCell::new(),
        shm_base,
        warnings,
        hints,
    })
}

fn is_config_test() -> bool {
    // SAFETY: the function has no preconditions.
    unsafe {
        sys::ap_state_query(sys::AP_SQ_RUN_MODE as c_int) == sys::AP_SQ_RM_CONFIG_TEST as c_int
    }
}

/// Whether this pass over the configuration is the one that will serve requests.
fn is_serving_pass() -> bool {
    // SAFETY: the function has no preconditions.
    unsafe {
        sys::ap_state_query(sys::AP_SQ_MAIN_STATE as c_int)
            != sys::AP_SQ_MS_CREATE_PRE_CONFIG as c_int
    }
}

/// The `post_config` hook: opens logs, resolves hosts, makes the shared memory.
///
/// # Safety
/// As [`check`].
pub(crate) unsafe fn open(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ()> {
    if !is_serving_pass() {
        return Ok(());
    }
    // SAFETY: as promised.
    let opened = unsafe { open_logs(pool, main).and_then(|()| open_generation(pool, main)) };
    opened.map_err(|error| {
        to_error_log(sys::APLOG_EMERG, Some(main), &format!("mod_rjk: {error}"));
    })
}

/// # Safety
/// As [`check`].
unsafe fn open_logs(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ConfigError> {
    let mut files: HashMap<String, Arc<LogFile>> = HashMap::new();
    // SAFETY: as promised.
    unsafe {
        for server in servers(main) {
            let Some(ready) = ServerSlot::of_mut(server).and_then(|slot| slot.ready.as_mut())
            else {
                continue;
            };
            let settings = &ready.config.log;
            let target = settings
                .file
                .clone()
                .unwrap_or_else(|| server_root_relative(pool, LOG_FILE));
            let file = match files.get(&target) {
                Some(file) => file.clone(),
                None => LogFile::open(&target, pool).map_err(|error| {
                    ConfigError::new(
                        None,
                        format!("JkLogFile {target} cannot be opened: {error}"),
                    )
                })?,
            };
            files.insert(target, file.clone());
            let stamp = Stamp::new(&settings.stamp);
            ready.log = Some(LogSink {
                file,
                level: settings.level,
                stamp,
            });
        }
    }
    Ok(())
}

/// # Safety
/// As [`check`].
unsafe fn open_generation(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ConfigError> {
    // SAFETY: as promised.
    let ready = unsafe { ServerSlot::of(main) }.and_then(|slot| slot.ready.as_ref());
    let Some((ready, sink)) = ready.and_then(|ready| Some((ready, ready.log.as_ref()?))) else {
        return Err(ConfigError::new(None, "the configuration was not checked"));
    };
    let generation = &ready.generation;
    let log = sink.with_id("JK_INIT");
    if ready.config.log.file.is_none() {
        say(main, &format!("no JkLogFile is set, {LOG_FILE} is used"));
    }
    for hint in &generation.hints {
        say(main, hint);
    }
    for warning in &generation.warnings {
        say(main, &warning.to_string());
        jk_log!(&log, Warn, "{warning}");
    }
    let layout = Layout::new(&generation.topology, rows());
    let segment = shm::create(&generation.shm_base, &layout, pool).map_err(|error| {
        let base = &generation.shm_base;
        ConfigError::new(None, format!(
            "shared memory {base}.<pid> cannot be made: {error}; name a file in an existing folder with JkShmFile"
        ))
    })?;
    let _ = generation.segment.set(segment);
    let _ = generation
        .addresses
        .set(resolve_all(&generation.workers, &log));
    add_version_token(pool);
    jk_log!(
        &log,
        Info,
        "mod_rjk {} ({}) is ready",
        env!("CARGO_PKG_VERSION"),
        build_id()
    );
    Ok(())
}

/// Which build is loaded: after a change of the file only stop and start load the new one.
fn build_id() -> &'static str {
    option_env!("RJK_BUILD_ID").unwrap_or("no build id")
}

fn say(main: *mut sys::server_rec, text: &str) {
    to_error_log(sys::APLOG_WARNING, Some(main), &format!("mod_rjk: {text}"));
}

/// Ledger rows: every child that can be alive at once, and as many that are on their way out.
fn rows() -> usize {
    let mut limit: c_int = 0;
    // SAFETY: httpd fills the number.
    unsafe { sys::ap_mpm_query(sys::AP_MPMQ_HARD_LIMIT_DAEMONS as c_int, &mut limit) };
    usize::try_from(limit).unwrap_or(0).clamp(8, 1024) * 2
}

/// resolved once; a host that does not resolve stops only its worker.
fn resolve_all(workers: &Workers, log: &dyn rjk_config::log::Log) -> HashMap<BString, SocketAddr> {
    let mut addresses = HashMap::new();
    for spec in workers.list.iter().flat_map(ajp_specs) {
        match rjk_proxy::address::resolve(spec) {
            Ok(Some(address)) => {
                addresses.insert(spec.name.clone(), address);
            }
            Ok(None) => {}
            Err(error) => jk_log!(
                log,
                Error,
                "worker {}: host {} does not resolve: {error}; the worker takes no requests until httpd is restarted",
                spec.name,
                spec.host
            ),
        }
    }
    addresses
}

fn ajp_specs(worker: &WorkerSpec) -> Vec<&AjpSpec> {
    match worker {
        WorkerSpec::Ajp(spec) => vec![spec],
        WorkerSpec::Lb(spec) => spec.members.iter().map(|member| &member.ajp).collect(),
        WorkerSpec::Status(_) => Vec::new(),
    }
}

/// G-03.
fn add_version_token(pool: Pool<'_>) {
    const TOKEN: &str = concat!("mod_rjk/", env!("CARGO_PKG_VERSION"));
    let token = pool.string(TOKEN.as_bytes());
    // SAFETY: pool and string are alive.
    unsafe { sys::ap_add_version_component(pool.as_ptr(), token) };
}
