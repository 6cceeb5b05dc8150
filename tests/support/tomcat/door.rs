//! Connectors of a Tomcat beside the AJP one that each has.

use crate::tempdir::Dir;
use crate::tls::{Authority, Certificate};
use crate::{Result, ports};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// A connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// AJP on a unix socket.
    AjpSocket,
    /// HTTP on a port.
    Http,
    /// HTTP on a unix socket.
    HttpSocket,
    /// HTTP over TLS on a port, with the certificate of [`TLS_NAME`].
    Https,
    /// The same, for clients that show a certificate of the test's authority.
    HttpsForKnown,
}

impl Door {
    /// All of them.
    pub const ALL: [Door; 5] = [
        Door::AjpSocket,
        Door::Http,
        Door::HttpSocket,
        Door::Https,
        Door::HttpsForKnown,
    ];

    fn socket_name(self) -> Option<&'static str> {
        match self {
            Door::AjpSocket => Some("ajp.sock"),
            Door::HttpSocket => Some("http.sock"),
            _ => None,
        }
    }
}

/// The name in the certificate of a Tomcat that speaks TLS; `localhost` and `127.0.0.1` are in it too.
pub const TLS_NAME: &str = "tomcat.test";

/// What a test wants beside AJP.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) doors: Vec<Door>,
    /// Who signs, and what was signed.
    pub(super) tls: Option<(Authority, Certificate)>,
    /// More attributes of all of them.
    pub(super) attributes: String,
}

/// Where they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened {
    ports: BTreeMap<Door, u16>,
    sockets: BTreeMap<Door, PathBuf>,
}

impl Opened {
    /// Chooses ports and names, and writes what TLS needs.
    pub(super) fn choose(wanted: &Wanted, dir: &Dir) -> Result<Opened> {
        let mut opened = Opened::default();
        for door in &wanted.doors {
            match door.socket_name() {
                Some(name) => drop(opened.sockets.insert(*door, dir.join(name))),
                None => drop(opened.ports.insert(*door, ports::free()?)),
            }
        }
        if let Some((authority, own)) = &wanted.tls {
            dir.write("conf/cert.pem", &own.certificate)?;
            dir.write("conf/key.pem", &own.key)?;
            if wanted.doors.contains(&Door::HttpsForKnown) {
                trust(dir, authority)?;
            }
        }
        Ok(opened)
    }

    pub(super) fn port(&self, door: Door) -> Result<u16> {
        let port = self.ports.get(&door).copied();
        port.with_context(|| format!("no port was asked for: {door:?}"))
    }

    pub(super) fn socket(&self, door: Door) -> Result<PathBuf> {
        let path = self.sockets.get(&door).cloned();
        path.with_context(|| format!("no socket was asked for: {door:?}"))
    }

    /// Removes what a killed Tomcat left: it would go on without a connector whose socket is there.
    pub(super) fn remove_left_sockets(&self) {
        for path in self.sockets.values() {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Their lines of server.xml; `common` are attributes of every connector.
    pub(super) fn lines(&self, common: &str, ajp: &str) -> String {
        let ports = self.ports.iter().map(|(door, port)| {
            let place = format!("address=\"127.0.0.1\" port=\"{port}\"");
            line(*door, &place, common, ajp)
        });
        let sockets = self.sockets.iter().map(|(door, path)| {
            // Without the permissions it is as the umask says, and only Tomcat's own user gets in.
            let place = format!(
                "unixDomainSocketPath=\"{}\" unixDomainSocketPathPermissions=\"rw-rw-rw-\"",
                path.display()
            );
            line(*door, &place, common, ajp)
        });
        ports.chain(sockets).collect()
    }
}

fn line(door: Door, place: &str, common: &str, ajp: &str) -> String {
    const HTTP: &str = "org.apache.coyote.http11.Http11NioProtocol";
    const AJP: &str = "org.apache.coyote.ajp.AjpNioProtocol";
    const TLS: &str = "SSLEnabled=\"true\" scheme=\"https\" secure=\"true\"";
    let tls = |more: &str| {
        format!(
            "<SSLHostConfig {more}><Certificate certificateFile=\"conf/cert.pem\" \
             certificateKeyFile=\"conf/key.pem\" type=\"EC\"/></SSLHostConfig>"
        )
    };
    let known = "certificateVerification=\"required\" truststoreFile=\"conf/trust.p12\" \
                 truststorePassword=\"changeit\" truststoreType=\"PKCS12\"";
    let (protocol, own, inner) = match door {
        Door::AjpSocket => (AJP, ajp, String::new()),
        Door::Http | Door::HttpSocket => (HTTP, "", String::new()),
        Door::Https => (HTTP, TLS, tls("")),
        Door::HttpsForKnown => (HTTP, TLS, tls(known)),
    };
    format!("    <Connector protocol=\"{protocol}\" {place} {common} {own}>{inner}</Connector>\n")
}

/// Java's store of the authority's root.
fn trust(dir: &Dir, authority: &Authority) -> Result {
    dir.write("conf/ca.pem", authority.root()?)?;
    let output = Command::new("keytool")
        .args("-importcert -noprompt -alias ca -file conf/ca.pem".split(' '))
        .args("-keystore conf/trust.p12 -storetype PKCS12 -storepass changeit".split(' '))
        .current_dir(dir.path())
        .output()
        .context("keytool")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "keytool: {said}");
    Ok(())
}
