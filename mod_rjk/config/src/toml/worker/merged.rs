//! The tables of one worker, key by key: its own, else the defaults.

use super::entry::{At, Entry, Spoken, Tls};
use super::reach::{NamedFile, Reached, Role};
use super::{DEFAULT_WEBSOCKET_IDLE, DEFAULT_WEBSOCKETS};
use crate::error::{ConfigError, Location, Warning};
use crate::model::{
    AjpSpec, Forward, HttpSpec, Protocol, TlsIdentity, TlsSpec, Way, WebSocketSpec,
};
use bstr::ByteSlice as _;
use std::net::IpAddr;
use std::path::PathBuf;

/// A worker with its tables.
pub(super) struct Merged<'a> {
    pub(super) worker: &'a AjpSpec,
    pub(super) own: Option<&'a Entry>,
    pub(super) defaults: Option<&'a Entry>,
    /// Where the first of them is.
    pub(super) table: &'a Location,
}

impl<'a> Merged<'a> {
    pub(super) fn reached(&self, warnings: &mut Vec<Warning>) -> Result<Reached, ConfigError> {
        let socket = self.own(|entry| &entry.socket);
        let is_http = self
            .get(|entry| &entry.protocol)
            .is_some_and(|protocol| protocol.value == Spoken::Http);
        let mut files: Vec<NamedFile> = Vec::new();
        files.extend(socket.map(|socket| named(Role::Socket, socket)));
        if let (Some(socket), Some(resolve)) = (socket, self.own(|entry| &entry.resolve)) {
            return Err(self.both("socket", socket, "resolve", resolve));
        }
        let protocol = match is_http {
            true => Protocol::Http(Box::new(self.http(&mut files, warnings)?)),
            false => {
                self.check_ajp()?;
                Protocol::Ajp
            }
        };
        let port = match (is_http, socket) {
            (true, None) => Some(self.port()?),
            _ => None,
        };
        self.warn_of_port_zero(warnings);
        self.warn_of_resolve(warnings);
        let resolve = self
            .get(|entry| &entry.resolve)
            .filter(|_| socket.is_none());
        Ok(Reached {
            worker: self.worker.name.clone(),
            way: Way {
                protocol,
                socket: socket.map(|socket| socket.value.clone()),
                resolve: resolve.map(|resolve| resolve.value),
            },
            port,
            files,
            place: self.table.clone(),
        })
    }

    /// Two of its keys that exclude each other.
    fn both<A, B>(&self, one: &str, first: &At<A>, other: &str, second: &At<B>) -> ConfigError {
        let place = match first.place.line > second.place.line {
            true => &first.place,
            false => &second.place,
        };
        let name = &self.worker.name;
        let message = format!(
            "[worker.{name}] has {one} and {other}; keep one: a socket stands instead of host and port"
        );
        ConfigError::new(Some(place.clone()), message)
    }

    fn port(&self) -> Result<u16, ConfigError> {
        if let Some(port) = self.get(|entry| &entry.port) {
            return Ok(port.value);
        }
        let name = &self.worker.name;
        let message = format!(
            "worker {name} speaks HTTP and has no port; write port = 8080 in [worker.{name}], as Tomcat's HTTP \
             connector has it, or socket = \"PATH\""
        );
        let protocol = self.get(|entry| &entry.protocol);
        Err(ConfigError::new(
            protocol.map(|one| one.place.clone()),
            message,
        ))
    }

    /// Keys of HTTP in the table of a worker that speaks AJP; in the defaults they are for others.
    fn check_ajp(&self) -> Result<(), ConfigError> {
        let Some((key, place)) = self.own.and_then(|own| own.of_http().next()) else {
            return Ok(());
        };
        let name = &self.worker.name;
        let message = match key {
            "port" => format!(
                "port is that of HTTP, and worker {name} speaks AJP; write worker.{name}.port in \
                 workers.properties, or protocol = \"http\" here"
            ),
            "tls" => format!(
                "tls, and worker {name} speaks AJP, which Tomcat has without TLS only; write protocol = \"http\" \
                 with the port of an HTTPS connector, or take tls away"
            ),
            "websocket" | "websocket_idle" | "websocket_max" => format!(
                "{key}, and worker {name} speaks AJP, which carries no WebSocket; write protocol = \"http\" with \
                 the port of an HTTP connector, or take {key} away"
            ),
            _ => format!(
                "{key}, and worker {name} speaks AJP; write protocol = \"http\" with the port of an HTTP \
                 connector, or take {key} away"
            ),
        };
        Err(ConfigError::new(Some(place.clone()), message))
    }

    fn http(
        &self,
        files: &mut Vec<NamedFile>,
        warnings: &mut Vec<Warning>,
    ) -> Result<HttpSpec, ConfigError> {
        if let (Some(socket), Some(port)) = (
            self.own(|entry| &entry.socket),
            self.own(|entry| &entry.port),
        ) {
            return Err(self.both("socket", socket, "port", port));
        }
        let tls = self.get(|entry| &entry.tls);
        let tls = tls.and_then(|tls| tls.value.as_ref());
        self.warn_of_idle_keys(warnings);
        Ok(HttpSpec {
            tls: tls.map(|tls| self.tls(tls, files, warnings)),
            forward: self
                .get(|entry| &entry.forward)
                .map_or_else(Forward::default, |forward| forward.value),
            secret_header: self.get(|entry| &entry.secret_header).map(value),
            probe: self.get(|entry| &entry.probe).map(value),
            websocket: self.websocket()?,
        })
    }

    fn tls(&self, tls: &Tls, files: &mut Vec<NamedFile>, warnings: &mut Vec<Warning>) -> TlsSpec {
        files.extend(tls.ca.as_ref().map(|ca| named(Role::Ca, ca)));
        if let Some((cert, key)) = &tls.identity {
            files.extend([named(Role::Cert, cert), named(Role::Key, key)]);
        }
        if !tls.verify.value {
            let message = "TLS is not verified: whoever answers is believed; take verify = false away, and name the CA of \
                           the worker's certificate with ca";
            let place = Some(tls.verify.place.clone());
            warnings.push(Warning::new(place, message).coded("tls-unverified"));
        }
        TlsSpec {
            ca: tls.ca.as_ref().map(value),
            server_name: tls.server_name.clone(),
            identity: tls.identity.as_ref().map(|(cert, key)| TlsIdentity {
                cert: value(cert),
                key: value(key),
            }),
            verify: tls.verify.value,
        }
    }

    fn websocket(&self) -> Result<Option<WebSocketSpec>, ConfigError> {
        let idle = self.get(|entry| &entry.websocket_idle);
        let most = self.get(|entry| &entry.websocket_max);
        let is_on = self
            .get(|entry| &entry.websocket)
            .is_some_and(|on| on.value);
        if !is_on {
            let idle = self.own(|entry| &entry.websocket_idle);
            let most = self.own(|entry| &entry.websocket_max);
            let alone = [
                ("websocket_idle", idle.map(|one| &one.place)),
                ("websocket_max", most.map(|one| &one.place)),
            ];
            return match alone
                .into_iter()
                .find_map(|(key, place)| Some((key, place?)))
            {
                None => Ok(None),
                Some((key, place)) => {
                    let message = format!("{key} without websocket; write websocket = true too");
                    Err(ConfigError::new(Some(place.clone()), message))
                }
            };
        }
        Ok(Some(WebSocketSpec {
            idle: idle.map_or(DEFAULT_WEBSOCKET_IDLE, |idle| idle.value),
            most: most.map_or(DEFAULT_WEBSOCKETS, |most| most.value),
        }))
    }

    /// Keys that do nothing without what workers.properties does not say.
    fn warn_of_idle_keys(&self, warnings: &mut Vec<Warning>) {
        let (name, ping) = (&self.worker.name, &self.worker.ping);
        let mut warn = |place: &Location, message: String| {
            warnings.push(Warning::new(Some(place.clone()), message).coded("no-effect"));
        };
        if let Some(header) = self.own(|entry| &entry.secret_header)
            && self.worker.secret.is_none()
        {
            let message = format!(
                "secret_header, and worker {name} has no secret, so nothing is sent; write worker.{name}.secret in \
                 workers.properties"
            );
            warn(&header.place, message);
        }
        if let Some(probe) = self.own(|entry| &entry.probe)
            && ping.connect.or(ping.prepost).or(ping.interval).is_none()
        {
            let message = format!(
                "probe, and nothing asks for a check of worker {name}; write worker.{name}.ping_mode=A in \
                 workers.properties"
            );
            warn(&probe.place, message);
        }
    }

    /// An address is looked up nowhere.
    fn warn_of_resolve(&self, warnings: &mut Vec<Warning>) {
        let (name, host) = (&self.worker.name, &self.worker.host);
        let is_address = host
            .to_str()
            .is_ok_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok());
        if let Some(resolve) = self.own(|entry| &entry.resolve)
            && is_address
        {
            let message = format!(
                "resolve, and the host of worker {name} is the address {host}, which is looked up nowhere; write a \
                 name as worker.{name}.host in workers.properties, or take resolve away"
            );
            warnings.push(Warning::new(Some(resolve.place.clone()), message).coded("no-effect"));
        }
    }

    fn warn_of_port_zero(&self, warnings: &mut Vec<Warning>) {
        let place = self.own.and_then(|own| {
            let protocol = own.protocol.as_ref().map(|one| &one.place);
            protocol.or(own.socket.as_ref().map(|one| &one.place))
        });
        if let (0, Some(place)) = (self.worker.port, place) {
            let name = &self.worker.name;
            let message = format!(
                "worker.{name}.port is 0 in workers.properties, so worker {name} takes no requests on any way; \
                 take that line away"
            );
            warnings.push(Warning::new(Some(place.clone()), message).coded("no-effect"));
        }
    }

    fn get<T>(&self, key: impl Fn(&'a Entry) -> &'a Option<At<T>>) -> Option<&'a At<T>> {
        let own = self.own.and_then(|own| key(own).as_ref());
        own.or_else(|| self.defaults.and_then(|defaults| key(defaults).as_ref()))
    }

    fn own<T>(&self, key: impl Fn(&'a Entry) -> &'a Option<At<T>>) -> Option<&'a At<T>> {
        self.own.and_then(|own| key(own).as_ref())
    }
}

fn value<T: Clone>(at: &At<T>) -> T {
    at.value.clone()
}

fn named(role: Role, path: &At<PathBuf>) -> NamedFile {
    NamedFile {
        role,
        path: path.value.clone(),
        location: path.place.clone(),
    }
}
