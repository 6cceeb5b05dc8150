//! The form of a server's configuration that requests use.

use super::auto_alias::{Aliased, auto_alias, folder_problem};
use super::options::Options;
use super::request_log::RequestLogFormat;
use super::{EnvVar, Indicators, RequestLog, ServerDirectives, StripSession, Stripped};
use crate::error::{ConfigError, Location, Warning};
use crate::uri_map::{FileText, LiveMap, Source, UriMap, UriMapBuilder};
use crate::workers::{WorkerMount, Workers};
use rjk_log::Level;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How a file is read, with the state that it was in; a test passes its own.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<FileText>;

/// `JkMountFileReload` without the directive (D-04).
const RELOAD_INTERVAL: Duration = Duration::from_secs(60);

/// `JkLogStampFormat` without the directive (D-12).
const LOG_STAMP: &str = "[%a %b %d %H:%M:%S.%Q %Y] ";

/// Everything a request of one server needs to know.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The mounts; the same object as the main server's when [`shares_main_map`](Self::shares_main_map).
    pub uri_map: Arc<LiveMap>,
    /// The server copies the main server's mounts and has none of its own (D-07).
    pub shares_main_map: bool,
    /// There is a mount table, be it empty, as in each main server: what `JkStripSession` and `JkAutoAlias` ask for (D-09, §1.5).
    pub has_mount_table: bool,
    /// `JkOptions`; with a shared map `reject_unsafe_uri` is the main server's (D-07).
    pub options: Options,
    /// The environment variables to read.
    pub indicators: Indicators,
    /// Look at the TLS variables at all (D-28).
    pub extract_ssl: bool,
    /// `JkEnvVar` (D-37): own ones first, then inherited ones.
    pub env_vars: Vec<EnvVar>,
    /// The log.
    pub log: LogSettings,
    /// `JkStripSession` (D-09).
    pub strip_session: StripSession,
    /// `JkAutoAlias` (D-08).
    pub auto_alias: Option<String>,
    /// `JkRequestLogFormat` (D-13).
    pub request_log: Option<Arc<RequestLogFormat>>,
}

/// `JkLogFile`, `JkLogLevel` and `JkLogStampFormat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A path or `|program`; `None` stands for `logs/mod_jk.log` and a warning (D-10).
    pub file: Option<String>,
    /// Lines below this level are left out (D-11).
    pub level: Level,
    /// strftime format of the time stamp, with `%Q` and `%q` (D-12).
    pub stamp: String,
}

impl ServerDirectives {
    /// Reads the map file and makes the configuration of one server.
    ///
    /// For the main server `main` is `None` and `worker_mounts` are those of workers.properties
    /// (W-05). For a virtual host `self` is merged and `main` is the main server's configuration;
    /// `worker_mounts` are not its own.
    ///
    /// # Errors
    /// The map file cannot be read, or a worker's mount does not start with `/`.
    pub fn resolve(
        &self,
        main: Option<&ServerConfig>,
        worker_mounts: &[WorkerMount],
        read_file: ReadFile<'_>,
        server_root: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Result<ServerConfig, ConfigError> {
        let own_mounts = if main.is_none() { worker_mounts } else { &[] };
        let shared = main.filter(|_| self.shares_main_map);
        let mut options = self.options.resolve();
        let uri_map = match shared {
            Some(main) => {
                options.reject_unsafe_uri = main.options.reject_unsafe_uri;
                main.uri_map.clone()
            }
            None => Arc::new(self.live_map(own_mounts, read_file, server_root, warnings)?),
        };
        let has_mount_table = main.is_none() || self.has_mount_table() || shared.is_some();
        Ok(ServerConfig {
            uri_map,
            shares_main_map: shared.is_some(),
            has_mount_table,
            options,
            indicators: self.indicators.resolve(),
            extract_ssl: self.extract_ssl.unwrap_or(true),
            env_vars: self.env_vars.clone(),
            log: self.log_settings(),
            strip_session: self.strip_session.clone().unwrap_or_default(),
            auto_alias: self.auto_alias.clone(),
            request_log: self.request_log_format(),
        })
    }

    fn log_settings(&self) -> LogSettings {
        LogSettings {
            file: self.log_file.clone(),
            level: self.log_level.unwrap_or_default(),
            stamp: self
                .log_stamp
                .clone()
                .unwrap_or_else(|| LOG_STAMP.to_owned()),
        }
    }

    fn request_log_format(&self) -> Option<Arc<RequestLogFormat>> {
        match self.request_log.as_ref()? {
            RequestLog::Lines(format) => Some(format.clone()),
            RequestLog::Nothing => None,
        }
    }

    /// The map, which follows the file of `JkMountFile` if there is one.
    fn live_map(
        &self,
        worker_mounts: &[WorkerMount],
        read_file: ReadFile<'_>,
        server_root: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Result<LiveMap, ConfigError> {
        let mut builder = self.mounts_of_directives(worker_mounts, warnings)?;
        let Some(file) = &self.mount_file else {
            return Ok(LiveMap::fixed(builder.build()));
        };
        let path = server_root.join(&file.path);
        let FileText { text, stamp } =
            read_file(&path).map_err(|error| unreadable(&path, &error, file.location.clone()))?;
        builder.add_file(&text, &path.to_string_lossy(), warnings)?;
        let interval = self.mount_file_reload.unwrap_or(RELOAD_INTERVAL);
        Ok(LiveMap::following(builder.build(), &path, stamp, interval))
    }

    fn mounts_of_directives(
        &self,
        worker_mounts: &[WorkerMount],
        warnings: &mut Vec<Warning>,
    ) -> Result<UriMapBuilder, ConfigError> {
        let mut builder = UriMapBuilder::new();
        for WorkerMount {
            worker,
            pattern,
            location,
        } in worker_mounts
        {
            let place = Some(location.clone());
            builder.add_mount(pattern, worker, Source::WorkerDefinition, place, warnings)?;
        }
        for mount in &self.mounts {
            mount.add_to(&mut builder, warnings)?;
        }
        if !self.inherited_mounts.is_empty() {
            // What is wrong with the main server's mounts was said when they were built for it.
            let (mut main, mut said) = (UriMapBuilder::new(), Vec::new());
            for mount in &self.inherited_mounts {
                mount.add_to(&mut main, &mut said)?;
            }
            builder.inherit(&main);
        }
        Ok(builder)
    }
}

impl ServerConfig {
    /// What becomes of a normalised path that no mount takes (§1.5); see [`auto_alias`].
    pub fn alias(&self, normalised: &[u8], is_folder: impl FnOnce(&[u8]) -> bool) -> Aliased {
        match &self.auto_alias {
            Some(folder) if self.has_mount_table && folder_problem(folder).is_none() => {
                auto_alias(folder, normalised, is_folder)
            }
            _ => Aliased::Elsewhere,
        }
    }

    /// Whether httpd serves files of web applications: a folder without an index file that is a file here
    /// then stays here, and is not forwarded for one that is mounted (AA-04).
    pub fn has_auto_alias(&self) -> bool {
        self.has_mount_table && self.auto_alias.is_some()
    }

    /// URI and file of a request that is not forwarded, without the session id (D-09).
    pub fn without_session(&self, uri: &[u8], file: &[u8]) -> Stripped {
        if !self.has_mount_table {
            return (None, None);
        }
        self.strip_session.strip(uri, file)
    }

    /// Warns of mounts that name a worker or a member that does not exist (G-09, M-24, X-04).
    ///
    /// A shared map is checked with the main server.
    pub fn check_workers(&self, workers: &Workers, warnings: &mut Vec<Warning>) {
        if !self.shares_main_map {
            check_map(&self.uri_map.load(), workers, warnings);
        }
    }
}

/// The same for a map that was read again.
pub fn check_map(map: &UriMap, workers: &Workers, warnings: &mut Vec<Warning>) {
    map.check_workers(|name| workers.get(name), warnings);
}

fn unreadable(path: &Path, error: &io::Error, location: Location) -> ConfigError {
    let message = format!("JkMountFile: cannot read {}: {error}", path.display());
    ConfigError::new(Some(location), message).coded("file-unreadable")
}
