//! The ways from httpd to a Tomcat, so that a case is written once and runs over each.

use crate::httpd::Builder;
use crate::tls::Authority;
use crate::tomcat::{Door, TLS_NAME, Tomcat};
use crate::{Httpd, Result, Subject, peer};
use std::fmt;

/// How a Tomcat is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// AJP over TCP, as mod_jk does.
    AjpTcp,
    /// AJP over a unix socket.
    AjpUnix,
    /// HTTP over TCP.
    HttpTcp,
    /// HTTP over a unix socket.
    HttpUnix,
    /// HTTP over TLS.
    Https,
}

/// The place of a root in a site of [`site`].
pub const CA_FILE: &str = "conf/ways-ca.pem";

impl Way {
    /// All of them.
    pub const ALL: [Way; 5] = [
        Way::AjpTcp,
        Way::AjpUnix,
        Way::HttpTcp,
        Way::HttpUnix,
        Way::Https,
    ];

    /// Whether HTTP is spoken.
    pub fn is_http(self) -> bool {
        !matches!(self, Way::AjpTcp | Way::AjpUnix)
    }

    /// Whether it leads through a unix socket.
    pub fn is_unix(self) -> bool {
        matches!(self, Way::AjpUnix | Way::HttpUnix)
    }

    /// Which of a Tomcat's connectors; `None` for the AJP one that each has.
    pub fn door(self) -> Option<Door> {
        match self {
            Way::AjpTcp => None,
            Way::AjpUnix => Some(Door::AjpSocket),
            Way::HttpTcp => Some(Door::Http),
            Way::HttpUnix => Some(Door::HttpSocket),
            Way::Https => Some(Door::Https),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::AjpTcp => "ajp",
            Way::AjpUnix => "ajp+unix",
            Way::HttpTcp => "http",
            Way::HttpUnix => "http+unix",
            Way::Https => "https",
        })
    }
}

/// What httpd has to know of a worker.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Lines of workers.properties.
    pub properties: String,
    /// Lines of rjk.toml.
    pub toml: String,
}

impl Reach {
    /// More lines of the worker's table in rjk.toml, if it has one.
    pub fn more(mut self, lines: &str) -> Reach {
        if !self.toml.is_empty() {
            self.toml.push_str(lines);
            self.toml.push('\n');
        }
        self
    }
}

impl Tomcat {
    /// The worker `name` that leads here by this way.
    pub fn reach(&self, way: Way, name: &str) -> Result<Reach> {
        let socket = |door| -> Result<String> {
            let path = self.door_socket(door)?;
            Ok(format!("socket = {path:?}\n"))
        };
        let port = |door| -> Result<String> { Ok(format!("port = {}\n", self.door_port(door)?)) };
        let lines = match way {
            Way::AjpTcp => String::new(),
            Way::AjpUnix => socket(Door::AjpSocket)?,
            Way::HttpTcp => port(Door::Http)?,
            Way::HttpUnix => socket(Door::HttpSocket)?,
            Way::Https => port(Door::Https)?,
        };
        let protocol = if way.is_http() {
            "protocol = \"http\"\n"
        } else {
            ""
        };
        let tls = match way {
            Way::Https => {
                format!("tls = {{ ca = \"@ROOT@/{CA_FILE}\", server_name = \"{TLS_NAME}\" }}\n")
            }
            _ => String::new(),
        };
        let table = match way {
            Way::AjpTcp => String::new(),
            _ => format!("[worker.{name}]\n{protocol}{lines}{tls}"),
        };
        Ok(Reach {
            properties: peer::worker_lines(name, self.port()),
            toml: table,
        })
    }

    /// The same as mod_proxy's modules name it.
    pub fn proxy_url(&self, way: Way) -> Result<String> {
        let unix = |door| -> Result<String> {
            let path = self.door_socket(door)?;
            Ok(format!("unix:{}", path.display()))
        };
        Ok(match way {
            Way::AjpTcp => format!("ajp://127.0.0.1:{}", self.port()),
            Way::AjpUnix => format!("{}|ajp://{TLS_NAME}", unix(Door::AjpSocket)?),
            Way::HttpTcp => format!("http://127.0.0.1:{}", self.door_port(Door::Http)?),
            Way::HttpUnix => format!("{}|http://{TLS_NAME}", unix(Door::HttpSocket)?),
            Way::Https => format!("https://localhost:{}", self.door_port(Door::Https)?),
        })
    }
}

/// A site with mod_rjk and these workers; `properties` are the further lines, `worker.list` among them.
pub fn site(authority: &Authority, reaches: &[Reach], properties: &str) -> Result<Builder> {
    let lines: String = reaches.iter().map(|r| r.properties.as_str()).collect();
    let toml: String = reaches.iter().map(|r| r.toml.as_str()).collect();
    let site = Httpd::builder(Subject::Rjk)
        .workers(format!("{lines}{properties}"))
        .log_level("info")
        .file(CA_FILE, authority.root()?);
    Ok(match toml.is_empty() {
        true => site,
        false => site
            .file("conf/rjk.toml", toml)
            .directives("RjkConfigFile conf/rjk.toml"),
    })
}

/// A site that reaches a Tomcat's context `/testbed` with mod_proxy: the control of these tests.
pub fn proxied(authority: &Authority, tomcat: &Tomcat, way: Way) -> Result<Builder> {
    let url = tomcat.proxy_url(way)?;
    let modules = ["proxy", "proxy_ajp", "proxy_http", "ssl"];
    let site = modules.into_iter().fold(Httpd::plain(), Builder::module);
    Ok(site.file(CA_FILE, authority.root()?).directives(format!(
        "SSLProxyEngine on\nSSLProxyVerify require\nSSLProxyCACertificateFile {CA_FILE}\n\
         ProxyPass /testbed \"{url}/testbed\""
    )))
}
