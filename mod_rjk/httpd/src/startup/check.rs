//! `check_config`: finds every error and makes nothing.

use super::generation::Generation;
use super::lasting::Lasting;
use super::policies::LoadedPolicies;
use super::sources::{Checked, Sources, Used};
use super::targets::{LOG_FILE, SHM_FILE, file_error, folder_of, found_at_start, in_log_folder};
use crate::ffi::apr::Pool;
use crate::ffi::error_log::{to_error_log, warn};
use crate::ffi::purpose::Purpose;
use crate::ffi::sys;
use crate::server::slot::{ServerSlot, servers};
use once_cell::sync::OnceCell;
use rjk_balance::Topology;
use rjk_config::directive::GlobalDirectives;
use rjk_config::error::{ConfigError, Mistakes, Warning};
use rjk_config::server::ServerVersion;
use rjk_config::workers::Workers;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

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
    let result = check_server_version().map_err(Mistakes::from);
    // SAFETY: as promised.
    let result = result.and_then(|()| unsafe { check_all(pool, main) });
    match result {
        Ok(texts) => {
            if purpose == Purpose::Test {
                texts.iter().for_each(|text| warn(main, text));
            }
            Ok(())
        }
        Err(mistakes) => {
            for error in mistakes.iter() {
                to_error_log(sys::APLOG_EMERG, Some(main), &format!("mod_rjk: {error}"));
            }
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
unsafe fn check_all(pool: Pool<'_>, main: *mut sys::server_rec) -> Result<Vec<String>, Mistakes> {
    // SAFETY: as promised; the references to slots end within each statement.
    unsafe {
        separate_servers(pool, main);
        let mut sources = Sources::new(pool, main);
        let mut workers = sources.workers()?;
        let config_file = sources.config_file(&mut workers)?;
        let lasting = &Lasting::of(main)?.policies;
        let policies = LoadedPolicies::load(&mut sources, config_file, &workers, lasting)?;
        let mut checked: Vec<Checked> = Vec::new();
        for server in servers(main) {
            let next = sources.server(server, checked.first(), &workers)?;
            checked.push(next);
        }
        let is_restart = sources.is_restart();
        let mut used = sources.into_used();
        if checked.iter().any(Checked::has_default_log) {
            let file = in_log_folder(pool, LOG_FILE);
            let text = format!("no JkLogFile is set, {file} is used; name a file");
            used.warnings.push(Warning::new(None, text));
        }
        let shm_base = shm_base(&used.good.global, pool, is_restart, &mut used.warnings)?;
        let generation = generation(main, used, workers, policies, shm_base);
        let generation = pool.keep(generation);
        let child = Arc::new(OnceCell::new());
        for server in checked {
            if let Some(slot) = ServerSlot::of_mut(server.server) {
                slot.ready = Some(server.ready(child.clone()));
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
            if own.is_some_and(|slot| std::ptr::eq(slot, main_slot)) {
                let slot: *mut ServerSlot = pool.own(ServerSlot::of_vhost(None));
                sys::rjk_set_server_config(server, slot.cast());
            }
        }
    }
}

fn shm_base(
    global: &GlobalDirectives,
    pool: Pool<'_>,
    is_restart: bool,
    warnings: &mut Vec<Warning>,
) -> Result<String, ConfigError> {
    let (base, at) = match global.shm_file.clone() {
        Some((base, at)) => (base, Some(at)),
        None => {
            let base = in_log_folder(pool, SHM_FILE);
            let text = format!("no JkShmFile is set, {base} is used; name a file");
            warnings.push(Warning::new(None, text));
            (base, None)
        }
    };
    // The parent's pid stands behind the name, which may be that of a folder.
    let found = folder_of(&format!("{base}.0"));
    let found = found.map_err(|text| file_error("JkShmFile", &base, &text, at));
    found_at_start(found, is_restart, warnings)?;
    Ok(base)
}

fn generation(
    main: *mut sys::server_rec,
    used: Used,
    workers: Workers,
    policies: LoadedPolicies,
    shm_base: String,
) -> Generation {
    let mut texts: Vec<String> = used.warnings.iter().map(Warning::to_string).collect();
    // Virtual hosts inherit directives and files: one warning is enough.
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    Generation {
        main,
        topology: Topology::new(&workers.list),
        workers,
        watchdog_seconds: used.good.global.watchdog_seconds,
        addresses: OnceCell::new(),
        tls: used.good.contexts.clone(),
        segment: OnceCell::new(),
        policies,
        shm_base,
        warnings: texts,
        emergencies: used.emergencies,
        source: Rc::new(used.good),
    }
}
