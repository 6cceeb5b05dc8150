//! One table as it is written: what it leaves open, another may say.

use super::super::node::{Section, Switch};
use super::form;
use crate::error::Location;
use crate::model::Forward;
use bstr::BString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `websocket_idle` when the file has none.
pub const DEFAULT_WEBSOCKET_IDLE: Duration = Duration::from_secs(600);
/// `websocket_max` when the file has none: each holds a thread, of which httpd gives a child 25.
pub const DEFAULT_WEBSOCKETS: u32 = 16;

pub(in super::super) const IDLE: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);
pub(in super::super) const RESOLVE: RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(86_400);
pub(in super::super) const WEBSOCKETS: RangeInclusive<u64> = 1..=10_000;
const PORTS: RangeInclusive<u64> = 1..=65_535;

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Location,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Ajp,
    Http,
}

/// A `[worker.NAME]` or `[worker_defaults]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) table: Location,
    /// Something is wrong with it, so that what is missing may be meant.
    pub(super) is_broken: bool,
    pub(super) protocol: Option<At<Spoken>>,
    pub(super) socket: Option<At<PathBuf>>,
    pub(super) resolve: Option<At<Duration>>,
    pub(super) port: Option<At<u16>>,
    pub(super) tls: Option<At<Option<Tls>>>,
    pub(super) forward: Option<At<Forward>>,
    pub(super) secret_header: Option<At<BString>>,
    pub(super) probe: Option<At<BString>>,
    pub(super) websocket: Option<At<bool>>,
    pub(super) websocket_idle: Option<At<Duration>>,
    pub(super) websocket_max: Option<At<u32>>,
}

/// `tls`, as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) ca: Option<At<PathBuf>>,
    pub(super) server_name: Option<String>,
    /// Certificate and key.
    pub(super) identity: Option<(At<PathBuf>, At<PathBuf>)>,
    pub(super) verify: At<bool>,
}

impl Entry {
    /// Reads a table; `check_keys` refuses unknown keys.
    pub(super) fn read(section: &Section<'_>, folder: &Path, check_keys: impl FnOnce()) -> Entry {
        let read = || {
            check_keys();
            Entry::of(section, folder)
        };
        let (mut entry, is_well) = section.source().is_well(read);
        entry.is_broken = !is_well;
        entry
    }

    fn of(section: &Section<'_>, folder: &Path) -> Entry {
        let forward = [
            ("x-forwarded", Forward::XForwarded),
            ("forwarded", Forward::Forwarded),
            ("both", Forward::Both),
            ("none", Forward::None),
        ];
        let most = section.number("websocket_max", WEBSOCKETS);
        let most = most.and_then(|most| u32::try_from(most).ok());
        let port = section.number("port", PORTS);
        let port = port.and_then(|port| u16::try_from(port).ok());
        Entry {
            table: section.location().clone(),
            is_broken: false,
            protocol: at(section, "protocol", form::protocol(section)),
            socket: at(section, "socket", form::socket(section)),
            resolve: at(section, "resolve", section.time("resolve", RESOLVE)),
            port: at(section, "port", port),
            tls: at(section, "tls", read_tls(section, folder)),
            forward: at(section, "forward", section.word("forward", &forward)),
            secret_header: at(section, "secret_header", form::secret_header(section)),
            probe: at(section, "probe", form::probe(section)),
            websocket: at(section, "websocket", section.flag("websocket")),
            websocket_idle: at(
                section,
                "websocket_idle",
                section.time("websocket_idle", IDLE),
            ),
            websocket_max: at(section, "websocket_max", most),
        }
    }

    /// The keys that only HTTP knows, with their places. One that is switched off asks for nothing.
    pub(super) fn of_http(&self) -> impl Iterator<Item = (&'static str, &Location)> {
        let tls = self.tls.as_ref().filter(|tls| tls.value.is_some());
        let websocket = self.websocket.as_ref().filter(|on| on.value);
        let keys = [
            ("port", place(&self.port)),
            ("tls", tls.map(|tls| &tls.place)),
            ("forward", place(&self.forward)),
            ("secret_header", place(&self.secret_header)),
            ("probe", place(&self.probe)),
            ("websocket", websocket.map(|on| &on.place)),
            ("websocket_idle", place(&self.websocket_idle)),
            ("websocket_max", place(&self.websocket_max)),
        ];
        keys.into_iter()
            .filter_map(|(key, place)| Some((key, place?)))
    }
}

fn place<T>(value: &Option<At<T>>) -> Option<&Location> {
    value.as_ref().map(|value| &value.place)
}

fn at<T>(section: &Section<'_>, key: &str, value: Option<T>) -> Option<At<T>> {
    value.map(|value| At {
        value,
        place: section.place(key),
    })
}

fn read_tls(section: &Section<'_>, folder: &Path) -> Option<Option<Tls>> {
    let verify = |value: bool, place: Location| At { value, place };
    let wanted = || form::tls_wanted(section);
    let section = match section.switch("tls", wanted)? {
        Switch::Flag(false) => return Some(None),
        Switch::Flag(true) => {
            return Some(Some(Tls {
                ca: None,
                server_name: None,
                identity: None,
                verify: verify(true, section.place("tls")),
            }));
        }
        Switch::Table(section) => section,
    };
    form::check_tls_keys(&section);
    let file = |key: &str| {
        let path = section.text(key).map(|(path, _)| folder.join(path));
        at(&section, key, path)
    };
    for (key, other) in [("cert", "key"), ("key", "cert")] {
        if section.has(key) && !section.has(other) {
            let text = format!("{key} without {other}; write {other} = \"FILE\" too");
            section.refuse_at(key, text);
        }
    }
    Some(Some(Tls {
        ca: file("ca"),
        server_name: form::server_name(&section),
        identity: file("cert").zip(file("key")),
        verify: verify(
            section.flag("verify").unwrap_or(true),
            section.place("verify"),
        ),
    }))
}
