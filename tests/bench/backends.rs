//! Where a point's answers come from.

use crate::plan::{Backend, Point};
use crate::stub::Stub;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tomcat::Door;
use rjk_testbed::{Result, Tomcat, Version};
use std::path::PathBuf;

/// What is asked for. The stub does not look at it.
pub const PATH: &str = "/app/page";

/// Running backends, and the addresses of their connectors.
pub struct Backends {
    /// Port of the AJP one.
    pub ajp: u16,
    /// Socket of the AJP one.
    pub ajp_socket: PathBuf,
    /// Port of the HTTP one.
    pub http: u16,
    /// Socket of the HTTP one.
    pub http_socket: PathBuf,
    _running: Running,
}

/// They end when this is dropped.
enum Running {
    Stub { _stub: Stub },
    Tomcat { _tomcat: Box<Tomcat>, _webapps: Dir },
}

impl Backends {
    /// Starts those of a point.
    pub fn start(point: &Point) -> Result<Backends> {
        match point.backend {
            Backend::Stub => {
                let stub = Stub::start(point.work.upload(), point.work.answer())?;
                Ok(Backends {
                    ajp: stub.ajp,
                    ajp_socket: stub.ajp_socket.clone(),
                    http: stub.http,
                    http_socket: stub.http_socket.clone(),
                    _running: Running::Stub { _stub: stub },
                })
            }
            Backend::Tomcat => tomcat(point),
        }
    }
}

/// A Tomcat with the file that the point asks for.
fn tomcat(point: &Point) -> Result<Backends> {
    let webapps = Dir::new("bench")?;
    let length = usize::try_from(point.work.answer())?;
    webapps.write(PATH.trim_start_matches('/'), vec![b'x'; length])?;
    let tomcat = Tomcat::builder(Version::V10)
        .webapps(webapps.path())
        .doors(&[Door::AjpSocket, Door::Http, Door::HttpSocket])
        // A connection that Tomcat ends after a hundred requests would be noise.
        .door_attributes("maxKeepAliveRequests=\"-1\" keepAliveTimeout=\"600000\"")
        .max_threads(200)
        .start()?;
    Ok(Backends {
        ajp: tomcat.port(),
        ajp_socket: tomcat.door_socket(Door::AjpSocket)?,
        http: tomcat.door_port(Door::Http)?,
        http_socket: tomcat.door_socket(Door::HttpSocket)?,
        _running: Running::Tomcat {
            _tomcat: Box::new(tomcat),
            _webapps: webapps,
        },
    })
}
