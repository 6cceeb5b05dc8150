//! `post_config`: what the checked configuration needs is made.

use super::generation::Generation;
use super::lasting::Lasting;
use super::shm;
use super::targets::{LOG_FILE, in_log_folder};
use crate::ffi::apr::Pool;
use crate::ffi::error_log::{to_error_log, warn};
use crate::ffi::purpose::is_first_pass;
use crate::ffi::sys;
use crate::log::{LogFile, LogSink, Stamp};
use crate::server::last_good::{Addresses, Good, LastGood, Logs};
use crate::server::slot::{ServerSlot, servers};
use bstr::{BString, ByteSlice as _};
use rjk_balance::{Layout, Segment};
use rjk_config::error::ConfigError;
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::workers::Workers;
use rjk_log::{Log, jk_log};
use std::collections::HashMap;
use std::ffi::c_int;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// The `post_config` hook: opens logs, resolves hosts, makes the shared memory.
///
/// # Safety
/// As [`check`](super::check::check).
pub(crate) unsafe fn open(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<(), ()> {
    if is_first_pass() {
        return Ok(());
    }
    // SAFETY: as promised.
    let opened = unsafe {
        open_logs(pool, main).and_then(|logs| {
            let (source, addresses) = open_generation(pool, main)?;
            LastGood::remember(main, source, logs, addresses);
            Ok(())
        })
    };
    opened.map_err(|error| {
        to_error_log(sys::APLOG_EMERG, Some(main), &format!("mod_rjk: {error}"));
    })
}

/// Opens the logs of all servers; gives back those that a later restart may go on with.
///
/// # Safety
/// As [`check`](super::check::check).
unsafe fn open_logs(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<Logs, ConfigError> {
    let (mut files, mut own) = (Logs::new(), Logs::new());
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
                .unwrap_or_else(|| in_log_folder(pool, LOG_FILE));
            let file = match files.get(&target) {
                Some(file) => file.clone(),
                None => {
                    let (file, is_own) = open_log(&target, pool, main)?;
                    if is_own {
                        own.insert(target.clone(), file.clone());
                    }
                    file
                }
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
    // Who reads from a pipe ends with its configuration.
    own.retain(|target, _| !target.starts_with('|'));
    Ok(own)
}

/// Opens a log; a restart by signal goes on with the one that was open, else with httpd's, of which
/// the next restart has another. Says whether it is the log that the target names.
///
/// # Safety
/// As [`check`](super::check::check).
unsafe fn open_log(
    target: &str,
    pool: Pool<'_>,
    main: *mut sys::server_rec,
) -> Result<(Arc<LogFile>, bool), ConfigError> {
    let error = match LogFile::open(target, pool) {
        Ok(file) => return Ok((file, true)),
        Err(error) => format!("JkLogFile {target} cannot be opened: {error}"),
    };
    // SAFETY: as promised.
    let Some(last) = (unsafe { LastGood::of(main) }) else {
        return Err(ConfigError::new(None, error));
    };
    let known = last.log(target);
    let is_own = known.is_some();
    let (file, with) = match known {
        Some(file) => (Ok(file), "the file that is open"),
        None => (LogFile::error_log(), "httpd's error log"),
    };
    let text = format!("mod_rjk: {error}; this restart goes on with {with}; mend it and restart");
    to_error_log(sys::APLOG_EMERG, Some(main), &text);
    file.map(|file| (file, is_own))
        .map_err(|error| ConfigError::new(None, error.to_string()))
}

/// # Safety
/// As [`check`](super::check::check).
unsafe fn open_generation(
    pool: Pool<'_>,
    main: *mut sys::server_rec,
) -> Result<(Rc<Good>, Addresses), ConfigError> {
    // SAFETY: as promised.
    let ready = unsafe { ServerSlot::of(main) }.and_then(|slot| slot.ready.as_ref());
    // SAFETY: as promised.
    let generation = unsafe { Generation::of(main) };
    let sink = ready.and_then(|ready| ready.log.as_ref());
    let (Some(generation), Some(sink)) = (generation, sink) else {
        return Err(ConfigError::new(None, "the configuration was not checked"));
    };
    let log = sink.with_id("JK_INIT");
    for text in &generation.warnings {
        warn(main, text);
        jk_log!(&log, Warn, "{text}");
    }
    for text in &generation.emergencies {
        jk_log!(&log, Emerg, "{text}");
    }
    // SAFETY: as promised.
    let last = unsafe { LastGood::of(main) };
    let segment = make_segment(generation, pool).or_else(|error| {
        if last.is_none() {
            return Err(error);
        }
        let text = format!("mod_rjk: {error}; this restart goes on with memory without a file");
        to_error_log(sys::APLOG_EMERG, Some(main), &text);
        shm::create_unnamed(&layout(generation), pool).map_err(|_| error)
    })?;
    let _ = generation.segment.set(segment);
    // SAFETY: as promised.
    let lasting = unsafe { Lasting::of(main) }?;
    open_policies(generation, lasting, last.is_some(), &log)?;
    let (addresses, known) = resolve_all(&generation.workers, last, &log);
    let _ = generation.addresses.set(addresses);
    add_version_token(pool);
    jk_log!(
        &log,
        Info,
        "mod_rjk {} ({}) is ready",
        env!("CARGO_PKG_VERSION"),
        BUILD_ID
    );
    Ok((generation.source.clone(), known))
}

/// What policies share between children, of this configuration and the one before.
fn open_policies(
    generation: &Generation,
    lasting: &Lasting,
    is_restart: bool,
    log: &dyn Log,
) -> Result<(), ConfigError> {
    let mut errors = Vec::new();
    if let Err(error) = generation.policies.open(&lasting.policies) {
        let text = format!("the shared memory of policies cannot be made: {error}");
        errors.push((ConfigError::new(None, text), "those policies"));
    }
    let records = generation.policies.open_records(&lasting.policies);
    errors.extend(records.into_iter().map(|error| (error, "that record")));
    for (error, without) in errors {
        if !is_restart {
            return Err(error);
        }
        let text = format!("{error}; this restart goes on without {without}; mend it and restart");
        to_error_log(
            sys::APLOG_EMERG,
            Some(generation.main),
            &format!("mod_rjk: {text}"),
        );
        jk_log!(log, Emerg, "{text}");
    }
    generation.policies.sweep(&lasting.policies);
    for text in generation.policies.lines() {
        jk_log!(log, Info, "{text}");
    }
    Ok(())
}

fn make_segment(generation: &Generation, pool: Pool<'_>) -> Result<Segment, ConfigError> {
    let base = &generation.shm_base;
    shm::create(base, &layout(generation), pool).map_err(|error| {
        let message = format!(
            "JkShmFile: the shared memory {base}.<pid> cannot be made: {error}; \
             name a file in a folder that the server's user can write to"
        );
        ConfigError::new(None, message)
    })
}

fn layout(generation: &Generation) -> Layout {
    Layout::new(&generation.topology, rows())
}

/// Which build is loaded: after a change of the file only stop and start load the new one.
const BUILD_ID: &str = env!("RJK_BUILD_ID");

/// Ledger rows: every child that can be alive at once, and as many that are on their way out.
fn rows() -> usize {
    let mut limit: c_int = 0;
    // SAFETY: httpd fills the number.
    unsafe { sys::ap_mpm_query(sys::AP_MPMQ_HARD_LIMIT_DAEMONS as c_int, &mut limit) };
    usize::try_from(limit).unwrap_or(0).clamp(8, 1024) * 2
}

/// resolved once; a host that does not resolve stops only its worker, and at a restart not
/// even that, when it did before. The second map is for the next restart.
fn resolve_all(
    workers: &Workers,
    last: Option<&LastGood>,
    log: &dyn Log,
) -> (HashMap<BString, Vec<SocketAddr>>, Addresses) {
    let (mut addresses, mut known) = (HashMap::new(), Addresses::new());
    for spec in workers.list.iter().flat_map(WorkerSpec::ajp13) {
        let found = match rjk_proxy::way::address::resolve(spec) {
            Ok(found) => found,
            Err(error) => as_before(spec, last, &error, log),
        };
        if !found.is_empty() {
            known.insert((spec.host.clone(), spec.port), found.clone());
            addresses.insert(spec.name.clone(), found);
        }
    }
    (addresses, known)
}

/// Where the worker was before this restart; nothing when that is not known.
fn as_before(
    spec: &AjpSpec,
    last: Option<&LastGood>,
    error: &std::io::Error,
    log: &dyn Log,
) -> Vec<SocketAddr> {
    let (name, host) = (&spec.name, &spec.host);
    let Some(mut found) = last.and_then(|last| last.addresses(host.as_bstr(), spec.port)) else {
        let until = match spec.way.resolve {
            Some(_) => "it does",
            None => "httpd is restarted",
        };
        jk_log!(
            log,
            Error,
            "worker {name}: host {host} does not resolve: {error}; the worker takes no requests until {until}"
        );
        return Vec::new();
    };
    found.sort_by_key(|address| address.is_ipv6() != spec.prefer_ipv6);
    jk_log!(
        log,
        Warn,
        "worker {name}: host {host} does not resolve: {error}; this restart goes on with the addresses that it had, {found:?}; mend it and restart"
    );
    found
}

/// G-03.
fn add_version_token(pool: Pool<'_>) {
    const TOKEN: &str = concat!("mod_rjk/", env!("CARGO_PKG_VERSION"));
    let token = pool.string(TOKEN.as_bytes());
    // SAFETY: pool and string are alive.
    unsafe { sys::ap_add_version_component(pool.as_ptr(), token) };
}
