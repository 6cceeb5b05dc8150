//! Where a configuration comes from: directives and files as they are now, or, when a restart by
//! signal finds a mistake in one of them, as they served before.

use super::files::{Files, read_workers};
use super::targets::{LOG_FILE, check_log, in_log_folder};
use crate::ffi::apr::{Pool, server_root_relative};
use crate::ffi::error_log::to_error_log;
use crate::ffi::sys;
use crate::server::env_names::EnvNames;
use crate::server::last_good::{Good, LastGood, name_of};
use crate::server::ready::{Child, Ready};
use crate::server::slot::ServerSlot;
use once_cell::sync::OnceCell;
use rjk_config::directive::GlobalDirectives;
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::server::{ServerConfig, ServerDirectives};
use rjk_config::workers::Workers;
use rjk_proxy::worker::setup::TlsContexts;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// The main server among the servers of before: there is one, and its name may change.
const MAIN_SERVER: &str = "the main server";

/// Reads a configuration part by part, and remembers what it was read from.
pub(super) struct Sources<'p> {
    pool: Pool<'p>,
    main: *mut sys::server_rec,
    /// What served before, at a restart.
    last: Option<Rc<Good>>,
    used: Good,
    warnings: Vec<Warning>,
    /// What a restart goes on in spite of.
    emergencies: Vec<String>,
}

/// What a configuration was read from.
pub(super) struct Used {
    pub(super) good: Good,
    pub(super) warnings: Vec<Warning>,
    /// What this restart goes on in spite of; the error log has it.
    pub(super) emergencies: Vec<String>,
}

/// One server, checked.
pub(super) struct Checked {
    pub(super) server: *mut sys::server_rec,
    /// Its own directives.
    own: ServerDirectives,
    config: ServerConfig,
    /// Nothing good is known of it.
    is_closed: bool,
}

impl Checked {
    /// Whether no directive names its log.
    pub(super) fn has_default_log(&self) -> bool {
        self.config.log.file.is_none()
    }

    /// What its requests see; all servers serve with one `child`.
    pub(super) fn ready(self, child: Arc<OnceCell<Child>>) -> Ready {
        Ready {
            env: EnvNames::new(&self.config),
            config: self.config,
            is_closed: self.is_closed,
            child,
            log: None,
        }
    }
}

impl<'p> Sources<'p> {
    /// # Safety
    /// `main` is the main server of a configuration that outlives the sources, and httpd's only
    /// thread reads it.
    pub(super) unsafe fn new(pool: Pool<'p>, main: *mut sys::server_rec) -> Sources<'p> {
        // SAFETY: as promised.
        let (slot, last) = unsafe { (ServerSlot::of(main), LastGood::of(main)) };
        let mut sources = Sources {
            pool,
            main,
            last: last.map(LastGood::configuration),
            used: Good::default(),
            warnings: slot
                .map(|slot| slot.written.warnings.clone())
                .unwrap_or_default(),
            emergencies: Vec::new(),
        };
        let is_broken = slot.is_some_and(|slot| !slot.faults.is_empty());
        // What is wrong is said with the main server's own directives.
        sources.used.global = match &sources.last {
            Some(last) if is_broken => last.global.clone(),
            _ => slot
                .map(|slot| slot.written.global.clone())
                .unwrap_or_default(),
        };
        sources
    }

    /// The directives of the main server alone.
    pub(super) fn global(&self) -> &GlobalDirectives {
        &self.used.global
    }

    /// Whether this process served before: a mistake must not end it.
    pub(super) fn is_restart(&self) -> bool {
        self.last.is_some()
    }

    /// What served before, at a restart.
    pub(super) fn last(&self) -> Option<Rc<Good>> {
        self.last.clone()
    }

    /// The rjk.toml that serves is this one.
    pub(super) fn keep_config_file(&mut self, path: &str, location: &Location) {
        self.used.global.config_file = Some((path.to_owned(), location.clone()));
    }

    /// What serves workers in TLS.
    pub(super) fn keep_contexts(&mut self, contexts: TlsContexts) {
        self.used.contexts = contexts;
    }

    /// What everything was read from, with what the administrator should know of it.
    pub(super) fn into_used(self) -> Used {
        Used {
            good: self.used,
            warnings: self.warnings,
            emergencies: self.emergencies,
        }
    }

    /// The workers: of the files as they are, else as they were.
    pub(super) fn workers(&mut self) -> Result<Workers, ConfigError> {
        let mut warnings = Vec::new();
        let files = Files::fresh();
        let fresh = read_workers(&self.used.global, &files, self.pool, &mut warnings);
        let error = match fresh {
            Ok(workers) => {
                self.take(files, warnings);
                return Ok(workers);
            }
            Err(error) => error,
        };
        let Some(last) = self.last.clone() else {
            return Err(error);
        };
        let (files, mut warnings) = (Files::kept(&last.texts), Vec::new());
        let workers = read_workers(&last.global, &files, self.pool, &mut warnings)?;
        self.go_on(&error, "the workers that it had");
        self.used.global.workers_file = last.global.workers_file.clone();
        self.used.global.worker_properties = last.global.worker_properties.clone();
        self.take(files, warnings);
        Ok(workers)
    }

    /// One server; for a virtual host `main` is the main server.
    ///
    /// # Safety
    /// `server` is a server of the configuration.
    pub(super) unsafe fn server(
        &mut self,
        server: *mut sys::server_rec,
        main: Option<&Checked>,
        workers: &Workers,
    ) -> Result<Checked, ConfigError> {
        let name = match main {
            None => MAIN_SERVER.to_owned(),
            // SAFETY: as promised.
            Some(_) => unsafe { self.unused_name(server) },
        };
        // SAFETY: as promised.
        let Some(slot) = (unsafe { ServerSlot::of(server) }) else {
            return Err(ConfigError::new(None, "a server has no configuration"));
        };
        let fresh = match slot.faults.as_slice() {
            [] => self.resolve(&slot.written.directives, main, workers, Files::fresh()),
            faults => Err(ConfigError::new(None, faults.join("; "))),
        };
        let (own, config, is_closed) = match fresh {
            Ok(config) => (slot.written.directives.clone(), config, false),
            Err(error) => self.as_before(&error, slot, &name, main, workers)?,
        };
        config.check_workers(workers, &mut self.warnings);
        if main.is_some() {
            self.warnings.extend(slot.written.warnings.iter().cloned());
        }
        let log = config.log.file.clone();
        let log = log.unwrap_or_else(|| in_log_folder(self.pool, LOG_FILE));
        let (at, is_restart) = (slot.written.log_file_at.as_ref(), self.last.is_some());
        check_log(self.pool, &log, at, is_restart, &mut self.warnings)?;
        if !is_closed {
            self.used.servers.insert(name, own.clone());
        }
        let is_closed = is_closed || self.is_closed_by(main, &own);
        Ok(Checked {
            server,
            own,
            config,
            is_closed,
        })
    }

    /// Whether a virtual host would copy the mounts of a main server that has none left.
    fn is_closed_by(&mut self, main: Option<&Checked>, own: &ServerDirectives) -> bool {
        let is_closed =
            main.is_some_and(|main| main.is_closed && ServerDirectives::copies(&main.own, own));
        if is_closed {
            let error = "a virtual host copies the mounts of the main server, which is closed";
            self.go_on(&error, "this virtual host closed, 503 for all its requests");
        }
        is_closed
    }

    /// Servers that nothing tells apart are counted.
    ///
    /// # Safety
    /// `server` is alive.
    unsafe fn unused_name(&self, server: *const sys::server_rec) -> String {
        // SAFETY: as promised.
        let name = unsafe { name_of(server) };
        let mut numbered = (0..).map(|number: u32| format!("{name} {number}"));
        let unused = numbered.find(|name| !self.used.servers.contains_key(name));
        unused.unwrap_or(name)
    }

    /// What a restart makes of a server with a mistake: its directives with the map file as it was,
    /// else all of its directives as they were. A new server has no such past: it is closed, because
    /// without its rules httpd would hand out files that they keep from clients.
    fn as_before(
        &mut self,
        error: &ConfigError,
        slot: &ServerSlot,
        name: &str,
        main: Option<&Checked>,
        workers: &Workers,
    ) -> Result<(ServerDirectives, ServerConfig, bool), ConfigError> {
        let Some(last) = self.last.clone() else {
            return Err(error.clone());
        };
        let mut kept = |own: &ServerDirectives| {
            let config = self.resolve(own, main, workers, Files::kept(&last.texts));
            config.ok().map(|config| (own.clone(), config, false))
        };
        let fresh = slot.faults.is_empty().then_some(&slot.written.directives);
        if let Some(found) = fresh.and_then(&mut kept) {
            self.go_on(error, "the map file that it had");
            return Ok(found);
        }
        if let Some(found) = last.servers.get(name).and_then(kept) {
            self.go_on(error, "the Jk directives that this server had");
            return Ok(found);
        }
        self.go_on(error, "this server closed, 503 for all its requests");
        let none = match main {
            None => slot.written.directives.without_rules(),
            Some(_) => ServerDirectives::vhost(),
        };
        let config = self.resolve(&none, main, workers, Files::kept(&last.texts))?;
        Ok((none, config, true))
    }

    fn resolve(
        &mut self,
        own: &ServerDirectives,
        main: Option<&Checked>,
        workers: &Workers,
        files: Files<'_>,
    ) -> Result<ServerConfig, ConfigError> {
        let merged = main.map(|main| ServerDirectives::merge(&main.own, own));
        let directives = merged.as_ref().unwrap_or(own);
        let root = server_root_relative(self.pool, "");
        let mut warnings = Vec::new();
        let config = directives.resolve(
            main.map(|main| &main.config),
            &workers.mounts,
            &|path: &Path| files.read(path),
            Path::new(&root),
            &mut warnings,
        )?;
        self.take(files, warnings);
        Ok(config)
    }

    pub(super) fn take(&mut self, files: Files<'_>, warnings: Vec<Warning>) {
        self.used.texts.extend(files.into_texts());
        self.warnings.extend(warnings);
    }

    /// A warning that does not come from a file's text alone.
    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Says what this restart goes on with; what it said.
    pub(super) fn go_on(&mut self, error: &dyn fmt::Display, with: &str) -> String {
        let said = format!("{error}; this restart goes on with {with}");
        self.tell(format!("{said}; mend it and restart"));
        said
    }

    /// Something that a restart goes on in spite of.
    pub(super) fn tell(&mut self, text: String) {
        to_error_log(
            sys::APLOG_EMERG,
            Some(self.main),
            &format!("mod_rjk: {text}"),
        );
        self.emergencies.push(text);
    }
}
