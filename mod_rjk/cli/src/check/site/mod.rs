//! A site: the configuration as the module would have it, with all that it says of it.

mod apply;
mod config_file;
mod files;
mod resolve;

pub use files::{Given, Unusable, sites};

use super::finding::{Finding, Severity};
use super::httpd_conf::{Configuration, Section};
use bstr::BString;
use rjk_config::directive::Written;
use rjk_config::error::{Code, Location};
use rjk_config::server::ServerConfig;
use rjk_config::toml::Reached;
use rjk_config::uri_map::Mount;
use rjk_config::workers::Workers;
use std::rc::Rc;

/// What the files say together.
#[derive(Debug)]
pub struct Site {
    /// The httpd configuration; empty for files that stand alone.
    pub conf: Configuration,
    /// All that the configuration includes was read.
    pub is_whole: bool,
    /// The main server, then the virtual hosts in their order.
    pub servers: Vec<Server>,
    /// The workers; `None` when nothing describes any, or something is wrong with them.
    pub workers: Option<Workers>,
    /// How rjk.toml says that some of them are reached.
    pub ways: Vec<Reached>,
    /// The ports of all workers as workers.properties has them, by their names.
    pub ajp_ports: Vec<(BString, u16)>,
    /// What was found so far.
    pub findings: Vec<Finding>,
    /// Stands for the line of what no line is to blame for.
    pub start: Location,
}

/// One server.
#[derive(Debug)]
pub struct Server {
    /// Its `<VirtualHost>`; `None` for the main server.
    pub host: Option<Rc<Section>>,
    /// Its own directives.
    pub written: Written,
    /// Its `JkMount` and `JkUnMount` lines.
    pub mounts: Vec<WrittenMount>,
    /// Its own map file.
    pub map_file: Option<String>,
    /// What its requests see; `None` when something is wrong with it.
    pub config: Option<ServerConfig>,
}

/// A `JkMount` or `JkUnMount`, as written.
#[derive(Clone, Debug)]
pub struct WrittenMount {
    /// Name of the directive, path and worker, to tell equal ones.
    pub words: Vec<BString>,
    /// The line.
    pub place: Location,
}

impl Server {
    /// A server without directives.
    pub fn new(host: Option<Rc<Section>>) -> Server {
        Server {
            written: Written::nothing(host.is_none()),
            host,
            mounts: Vec::new(),
            map_file: None,
            config: None,
        }
    }

    /// Its rules by falling priority; none when it has the main server's.
    pub fn own_rules(&self) -> Vec<Mount> {
        match &self.config {
            Some(config) if !config.shares_main_map => {
                config.uri_map.load().rules().cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a rule was written for this server, and not inherited.
    pub fn wrote(&self, rule: &Mount) -> bool {
        let Some(place) = &rule.location else {
            return false;
        };
        self.host.is_none()
            || self.map_file.as_deref() == Some(&*place.file)
            || self.mounts.iter().any(|mount| mount.place == *place)
    }
}

impl Site {
    /// Adds a finding.
    pub fn find(
        &mut self,
        place: &Location,
        severity: Severity,
        code: Code,
        message: impl Into<String>,
    ) {
        self.findings
            .push(Finding::at(place, severity, code, message));
    }
}
